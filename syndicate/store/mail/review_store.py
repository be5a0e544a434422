"""Editions between the cut and sending: changes by editors, and the record of these changes.

An open edition (``waiting`` until its deadline, or ``held`` without one) has no deliveries. The release
sets it to ``cut`` and adds them in the same commit. From then on it is frozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, literal_column, or_, select, update

from syndicate.model import EVERY_EDITION, ISSUE, MAIN_KEYS, Edition, EditionStory, LeaveReason, SegmentClause
from syndicate.store import schema
from syndicate.store.mail import edition_store, take_back
from syndicate.store.mail.corrections import replace_deliveries
from syndicate.store.mail.edition_articles import leave_out_items, replace_stories
from syndicate.store.mail.edition_store import (
    CUT,
    EMPTY,
    HELD,
    OPEN,
    VARIANT,
    WAITING,
    WITHDRAWN,
    SendingTimes,
)
from syndicate.store.schema import editions as table
from syndicate.store.subscribers import segment_store

_OUT = (CUT, VARIANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEdition:
    """Edition under review. ``content`` is ``None`` if the edition is older than stored contents."""

    edition: Edition
    state: str
    content: dict[str, Any] | None
    approve_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionChange:
    """Change made by an editor; ``story_id`` is the changed story, if any."""

    edition_id: int
    changed_by: str
    action: str
    detail: str
    changed: datetime
    story_id: int | None = None


def review_edition(connection: Connection, edition_id: int) -> ReviewEdition | None:
    """Return any edition by id, whatever its state."""
    row = connection.execute(select(table).where(table.c.id == edition_id)).first()
    return None if row is None else _review_edition(row)


def open_editions(connection: Connection, newsletter: str) -> list[int]:
    """Return the ids of open editions, and of variants that wait alone, the latest first."""
    query = select(table.c.id).where(
        table.c.newsletter == newsletter,
        table.c.state.in_(OPEN),
        or_(table.c.variant_key == EVERY_EDITION, edition_store.waits_alone()),
    )
    return list(connection.scalars(query.order_by(table.c.period_end.desc(), table.c.revision.desc())))


def waiting_editions(connection: Connection) -> list[Row[Any]]:
    """Return the ids, names and times of all open editions, the first due first."""
    columns = (table.c.id, table.c.newsletter, table.c.subject, table.c.cut_at, table.c.approve_by)
    # With literals, as in the index.
    is_open = table.c.state.in_([literal_column(f"'{state}'") for state in OPEN])
    is_main = or_(table.c.variant_key == EVERY_EDITION, edition_store.waits_alone())
    query = select(*columns).where(is_open, is_main)
    return list(connection.execute(query.order_by(table.c.approve_by.is_(None), table.c.approve_by)))


def overdue_editions(connection: Connection, now: datetime) -> list[ReviewEdition]:
    """Return editions whose deadline for approval has passed, oldest first."""
    query = select(table).where(table.c.state == WAITING, table.c.approve_by <= now).order_by(table.c.id)
    return [_review_edition(row) for row in connection.execute(query)]


def periods_under_way(
    connection: Connection, newsletter: str, cadence: str, since: datetime
) -> list[tuple[datetime, datetime]]:
    """Return the periods, oldest first, with an open edition or an edition cut or found empty since a time.

    A cadence that readers chose includes its variants with a selection.
    """
    recent = or_(table.c.state.in_((CUT, EMPTY)), and_(table.c.state == VARIANT, table.c.stories > 0))
    of_cadence = table.c.variant_key == cadence
    if cadence != EVERY_EDITION:
        of_cadence = or_(of_cadence, table.c.variant_key.startswith(f"{cadence}\n", autoescape=True))
    query = (
        select(table.c.period_start, table.c.period_end)
        .where(table.c.newsletter == newsletter, of_cadence, table.c.revision == 0)
        .where(or_(table.c.state.in_(OPEN), and_(recent, table.c.cut_at >= since)))
        .distinct()
    )
    rows = connection.execute(query.order_by(table.c.period_end))
    return [(row.period_start, row.period_end) for row in rows]


def editions_to_correct(connection: Connection, newsletter: str, *, limit: int) -> list[ReviewEdition]:
    """Return the latest main editions that were sent and have no correction, sent or open."""
    query = (
        select(table)
        .where(table.c.newsletter == newsletter, table.c.state == CUT, ~_corrected().exists())
        .where(table.c.variant_key.in_(MAIN_KEYS), table.c.content_json.is_not(None))
        .where(or_(table.c.stories > 0, table.c.variant_key == ISSUE))
        .order_by(table.c.period_end.desc())
    )
    return [_review_edition(row) for row in connection.execute(query.limit(limit))]


def _corrected() -> Select[tuple[int]]:
    """Return the query for later revisions of an edition that were not withdrawn."""
    later = table.alias("later")
    return (
        select(later.c.id)
        .where(
            edition_store.edition_of_period(
                table.c.newsletter, table.c.variant_key, table.c.period_end, later
            ),
            later.c.revision > table.c.revision,
            later.c.state != WITHDRAWN,
        )
        .correlate(table)
    )


def main_edition(connection: Connection, newsletter: str, period_end: datetime) -> ReviewEdition | None:
    """Return the latest revision of the main edition of a period, in any state."""
    query = (
        select(table)
        .where(edition_store.edition_of_period(newsletter, EVERY_EDITION, period_end))
        .order_by(table.c.revision.desc())
    )
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _review_edition(row)


def variants_of(connection: Connection, edition: Edition) -> list[ReviewEdition]:
    """Return the variants of a revision of an edition, in any state."""
    query = select(table).where(
        table.c.newsletter == edition.newsletter,
        table.c.period_end == edition.period_end,
        table.c.revision == edition.revision,
        table.c.variant_key.not_in(MAIN_KEYS),
        table.c.state.in_((*OPEN, *_OUT, WITHDRAWN)),
        table.c.stories > 0,
    )
    return [_review_edition(row) for row in connection.execute(query.order_by(table.c.id))]


def variants_after(connection: Connection, newsletter: str, edition_id: int, now: datetime) -> list[int]:
    """Return the ids of sent variants with content, above an id, in order.

    Variants after a variant that can still be taken back are left out, too.
    """
    query = select(table.c.id).where(
        table.c.newsletter == newsletter,
        table.c.state == VARIANT,
        table.c.content_json.is_not(None),
        table.c.id > edition_id,
    )
    rows = connection.execute(query.add_columns(table.c.approve_by).order_by(table.c.id))
    return [row.id for row in takewhile(lambda row: row.approve_by is None or row.approve_by <= now, rows)]


def first_cuts(connection: Connection, newsletter: str, variant_key: str) -> dict[datetime, datetime]:
    """Return when the first revision of each edition was cut, by the end of its period."""
    query = select(table.c.period_end, func.min(table.c.cut_at, type_=table.c.cut_at.type)).where(
        table.c.newsletter == newsletter, table.c.variant_key == variant_key, table.c.state.in_(_OUT)
    )
    rows = connection.execute(query.group_by(table.c.period_end))
    return {row.period_end: row[1] for row in rows}


def change_edition(
    connection: Connection,
    before: ReviewEdition,
    *,
    content: dict[str, Any],
    rendered: tuple[str, str, str],
    kept: Sequence[int],
    reasons: Mapping[int, LeaveReason] = MappingProxyType({}),
    stories: Sequence[EditionStory] | None = None,
) -> bool:
    """Replace the content of an open edition; false when another editor changed or closed it.

    ``rendered`` is (subject, html, text). ``kept`` are the ids of the articles that lead its items.
    ``reasons`` explains items that were removed by the program. An issue may get other ``stories``; then it
    waits for approval again.
    """
    subject, html, text = rendered
    changed = connection.execute(
        update(table)
        .where(table.c.id == before.edition.id, table.c.state.in_(OPEN))
        .where(table.c.content_json == before.content)
        .values(content_json=content, subject=subject, html=html, text=text, stories=len(kept))
        .values({} if stories is None else {"state": HELD})
    )
    if changed.rowcount != 1:
        return False
    if stories is not None:
        replace_stories(connection, before.edition.id, stories)
    leave_out_items(connection, before.edition.id, kept=kept, reasons=reasons)
    return True


def add_issue(connection: Connection, draft: ReviewEdition) -> ReviewEdition | None:
    """Add a held one-off issue; ``None`` when its period is taken."""
    values = {name: getattr(draft.edition, name) for name in Edition.__dataclass_fields__ if name != "id"}
    values |= {"state": draft.state, "content_json": draft.content, "approve_by": draft.approve_by}
    edition_id = edition_store.insert_row(connection, values)
    return None if edition_id is None else review_edition(connection, edition_id)


def issue_time(connection: Connection, newsletter: str, at: datetime, edition_id: int = 0) -> datetime:
    """Return a time for the period of an issue, in a minute without another issue of the newsletter.

    It is a second after a whole minute, so that no regular edition has this period.
    """
    end = at.replace(second=1, microsecond=0)
    same = select(table.c.period_end).where(table.c.newsletter == newsletter, table.c.variant_key == ISSUE)
    taken = set(connection.scalars(same.where(table.c.period_end >= end, table.c.id != edition_id)))
    while end in taken:
        end += timedelta(minutes=1)
    return end


def plan_edition(connection: Connection, before: ReviewEdition) -> bool:
    """Approve a held issue for its planned time; false when it has changed since."""
    same = and_(table.c.id == before.edition.id, table.c.content_json == before.content)
    held = and_(table.c.state == HELD, table.c.approve_by == before.approve_by)
    return connection.execute(update(table).where(same, held).values(state=WAITING)).rowcount == 1


def move_edition(connection: Connection, edition_id: int, *, to: str) -> bool:
    """Hold an open edition without a deadline, or withdraw it; false when it is not open."""
    statement = update(table).where(table.c.id == edition_id, table.c.state.in_(OPEN))
    return connection.execute(statement.values(state=to, approve_by=None)).rowcount == 1


def release_edition(
    connection: Connection,
    before: ReviewEdition,
    now: datetime,
    times: SendingTimes,
    segment: Sequence[SegmentClause] = (),
    until: datetime | None = None,
) -> bool:
    """Freeze an open edition as read, and add its deliveries; false when it has changed since.

    A correction goes to the readers of earlier revisions, an issue to the members of its ``segment``.
    Lateness counts from now, or from a reader's own hour. Before ``until``, which stays in ``approve_by``,
    nothing is sent or published, so that the release can be taken back.
    """
    edition = before.edition
    state = VARIANT if edition.is_variant else CUT
    # The period of an issue ends when it is sent.
    dated = {name: getattr(edition, name) for name in ("period_start", "period_end", "web_url")}
    released = connection.execute(
        update(table)
        .where(table.c.id == edition.id, table.c.state.in_(OPEN), table.c.content_json == before.content)
        .values(state=state, cut_at=now, approve_by=until, **dated)
    )
    if released.rowcount != 1:
        return False
    if edition.revision:
        replace_deliveries(connection, edition, now, times)
    elif edition.variant_key == ISSUE:
        members = segment_store.matching(segment, now)
        edition_store.add_issue_deliveries(connection, edition, now, times, members)
    else:
        edition_store.add_deliveries(connection, edition.id, edition.newsletter, now, times)
    if until is not None:
        take_back.delay_deliveries(connection, edition.id, until)
    return True


def add_correction(
    connection: Connection,
    before: ReviewEdition,
    *,
    content: dict[str, Any],
    rendered: tuple[str, str, str],
    now: datetime,
) -> int | None:
    """Add a held revision of a sent edition; ``None`` when a later revision is open or was sent."""
    edition = before.edition
    revision = _next_revision(connection, edition)
    if revision is None:
        return None
    subject, html, text = rendered
    period = edition.period_start, edition.period_end
    values = edition_store.edition_values(edition.newsletter, edition.variant_key, period, now)
    values |= {"revision": revision, "state": HELD, "subject": subject, "html": html, "text": text}
    values |= {"stories": edition.stories, "content_json": content, "web_url": edition.web_url}
    values |= {"segment": edition.segment, "unlisted": edition.unlisted}
    return edition_store.insert_row(connection, values)


def _next_revision(connection: Connection, edition: Edition) -> int | None:
    """Return the number of the next correction; ``None`` when a later revision is not withdrawn."""
    line = edition_store.edition_of_period(edition.newsletter, edition.variant_key, edition.period_end)
    query = select(table.c.revision, table.c.state).where(line, table.c.revision > edition.revision)
    later = connection.execute(query).all()
    if any(row.state != WITHDRAWN for row in later):
        return None
    return max((row.revision for row in later), default=edition.revision) + 1


def record_change(
    connection: Connection,
    edition_id: int,
    action: str,
    detail: str,
    by: str,
    now: datetime,
    story_id: int | None = None,
) -> None:
    """Record an editor's change of an edition."""
    values = {"edition_id": edition_id, "action": action, "detail": detail, "changed_by": by, "changed": now}
    connection.execute(insert(schema.edition_changes).values(**values, story_id=story_id))


def edition_changes(connection: Connection, edition_id: int) -> list[EditionChange]:
    """Return the changes of an edition, oldest first."""
    changes = schema.edition_changes
    query = select(changes).where(changes.c.edition_id == edition_id).order_by(changes.c.id)
    names = EditionChange.__dataclass_fields__
    return [
        EditionChange(**{name: getattr(row, name) for name in names}) for row in connection.execute(query)
    ]


def _review_edition(row: Row[Any]) -> ReviewEdition:
    return ReviewEdition(
        edition=edition_store.edition_of(row._asdict()),
        state=row.state,
        content=row.content_json,
        approve_by=row.approve_by,
    )

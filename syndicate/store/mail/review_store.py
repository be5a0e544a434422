"""Editions between the cut and the send: what an editor may change, and who changed what, when.

An edition that waits (``waiting`` until its deadline, ``held`` without one) has no deliveries. Releasing it
makes it ``cut`` and adds them, in one commit; from then on it is frozen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, func, insert, or_, select, update

from syndicate.model import EVERY_EDITION, Edition, LeaveReason
from syndicate.store import schema
from syndicate.store.mail.corrections import replace_deliveries
from syndicate.store.mail.edition_articles import leave_out_items
from syndicate.store.mail.edition_store import (
    CUT,
    EMPTY,
    HELD,
    OPEN,
    VARIANT,
    WAITING,
    WITHDRAWN,
    SendingTimes,
    add_deliveries,
    edition_of,
    edition_values,
    insert_row,
    waits_alone,
)

_OUT = (CUT, VARIANT)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewEdition:
    """An edition as the desk sees it. ``content`` is ``None`` for one cut before contents were kept."""

    edition: Edition
    state: str
    content: dict[str, Any] | None
    approve_by: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionChange:
    """One thing an editor did; ``story_id`` is the story it was done to, if it was one."""

    edition_id: int
    changed_by: str
    action: str
    detail: str
    changed: datetime
    story_id: int | None = None


def review_edition(connection: Connection, edition_id: int) -> ReviewEdition | None:
    """Any edition by id, whatever its state."""
    table = schema.editions
    row = connection.execute(select(table).where(table.c.id == edition_id)).first()
    return None if row is None else _review_edition(row)


def open_editions(connection: Connection, newsletter: str) -> list[int]:
    """The ids of a newsletter's editions that wait, and of forms that wait alone, the latest first."""
    table = schema.editions
    query = select(table.c.id).where(
        table.c.newsletter == newsletter,
        table.c.state.in_(OPEN),
        or_(table.c.variant_key == EVERY_EDITION, waits_alone()),
    )
    return list(connection.scalars(query.order_by(table.c.period_end.desc(), table.c.revision.desc())))


def overdue_editions(connection: Connection, now: datetime) -> list[ReviewEdition]:
    """Editions whose deadline for approval has passed, oldest first."""
    table = schema.editions
    query = select(table).where(table.c.state == WAITING, table.c.approve_by <= now).order_by(table.c.id)
    return [_review_edition(row) for row in connection.execute(query)]


def periods_under_way(
    connection: Connection, newsletter: str, variant_key: str, since: datetime
) -> list[tuple[datetime, datetime]]:
    """The periods, oldest first, whose edition waits, or went out or was found empty since a moment.

    For a cadence that readers chose, those of any of its forms.
    """
    table = schema.editions
    recent = or_(table.c.state.in_((CUT, EMPTY)), and_(table.c.state == VARIANT, table.c.stories > 0))
    of_cadence = table.c.variant_key == variant_key
    if variant_key != EVERY_EDITION:
        of_cadence = or_(of_cadence, table.c.variant_key.startswith(f"{variant_key}\n", autoescape=True))
    query = (
        select(table.c.period_start, table.c.period_end)
        .where(table.c.newsletter == newsletter, of_cadence, table.c.revision == 0)
        .where(or_(table.c.state.in_(OPEN), and_(recent, table.c.cut_at >= since)))
        .distinct()
    )
    rows = connection.execute(query.order_by(table.c.period_end))
    return [(row.period_start, row.period_end) for row in rows]


def published_editions(connection: Connection, newsletter: str, variant_key: str) -> list[ReviewEdition]:
    """The latest revision of every edition that went out and whose content was kept, newest first."""
    table = schema.editions
    query = (
        select(table)
        .where(table.c.newsletter == newsletter, table.c.variant_key == variant_key, table.c.state == CUT)
        .where(table.c.content_json.is_not(None))
        .order_by(table.c.period_end.desc(), table.c.revision.desc())
    )
    latest: dict[datetime, ReviewEdition] = {}
    for row in connection.execute(query):
        latest.setdefault(row.period_end, _review_edition(row))
    return list(latest.values())


def editions_to_correct(connection: Connection, newsletter: str, *, limit: int) -> list[ReviewEdition]:
    """The latest editions that went out to everybody and of which no correction went out or waits."""
    table = schema.editions
    query = (
        select(table)
        .where(table.c.newsletter == newsletter, table.c.variant_key == EVERY_EDITION, table.c.state == CUT)
        .where(table.c.content_json.is_not(None), table.c.stories > 0, ~_corrected().exists())
        .order_by(table.c.period_end.desc())
    )
    return [_review_edition(row) for row in connection.execute(query.limit(limit))]


def _corrected() -> Select[tuple[int]]:
    """The later revisions of an edition that were not withdrawn."""
    table, later = schema.editions, schema.editions.alias("later")
    return (
        select(later.c.id)
        .where(
            later.c.newsletter == table.c.newsletter,
            later.c.variant_key == table.c.variant_key,
            later.c.period_end == table.c.period_end,
            later.c.revision > table.c.revision,
            later.c.state != WITHDRAWN,
        )
        .correlate(table)
    )


def main_edition(connection: Connection, newsletter: str, period_end: datetime) -> ReviewEdition | None:
    """Return the latest revision of the main edition of a period, in any state."""
    table = schema.editions
    query = (
        select(table)
        .where(table.c.newsletter == newsletter, table.c.period_end == period_end)
        .where(table.c.variant_key == EVERY_EDITION)
        .order_by(table.c.revision.desc())
    )
    row = connection.execute(query.limit(1)).first()
    return None if row is None else _review_edition(row)


def variants_of(connection: Connection, edition: Edition) -> list[ReviewEdition]:
    """The forms of one revision of an edition that readers chose, whatever became of them."""
    table = schema.editions
    query = select(table).where(
        table.c.newsletter == edition.newsletter,
        table.c.period_end == edition.period_end,
        table.c.revision == edition.revision,
        table.c.variant_key != EVERY_EDITION,
        table.c.state.in_((*OPEN, *_OUT, WITHDRAWN)),
        table.c.stories > 0,
    )
    return [_review_edition(row) for row in connection.execute(query.order_by(table.c.id))]


def variants_after(connection: Connection, newsletter: str, edition_id: int) -> list[int]:
    """The ids of the forms that went out with contents, from after an id on, in order."""
    table = schema.editions
    query = select(table.c.id).where(
        table.c.newsletter == newsletter,
        table.c.state == VARIANT,
        table.c.content_json.is_not(None),
        table.c.id > edition_id,
    )
    return list(connection.scalars(query.order_by(table.c.id)))


def first_cuts(connection: Connection, newsletter: str, variant_key: str) -> dict[datetime, datetime]:
    """Return when the first revision of each edition went out, by the end of its period."""
    table = schema.editions
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
    reasons: Mapping[int, LeaveReason],
) -> bool:
    """Give an open edition other content; false when it is no longer open, or another editor was faster.

    ``rendered`` is (subject, html, text); ``kept`` are the ids of the articles that lead its
    items; ``reasons`` says why others went, if no editor took them out.
    """
    table = schema.editions
    subject, html, text = rendered
    changed = connection.execute(
        update(table)
        .where(table.c.id == before.edition.id, table.c.state.in_(OPEN))
        .where(table.c.content_json == before.content)
        .values(content_json=content, subject=subject, html=html, text=text, stories=len(kept))
    )
    if changed.rowcount != 1:
        return False
    leave_out_items(connection, before.edition.id, kept=kept, reasons=reasons)
    return True


def move_edition(connection: Connection, edition_id: int, *, to: str) -> bool:
    """Hold an open edition (no deadline any more) or withdraw it; false when it is not open."""
    table = schema.editions
    statement = update(table).where(table.c.id == edition_id, table.c.state.in_(OPEN))
    return connection.execute(statement.values(state=to, approve_by=None)).rowcount == 1


def release_edition(
    connection: Connection, before: ReviewEdition, now: datetime, times: SendingTimes
) -> bool:
    """Freeze an open edition as it was read, and add its deliveries; false when it has changed since.

    A correction goes to the readers of earlier revisions. Lateness counts from now, or from a reader's own
    hour.
    """
    table, edition = schema.editions, before.edition
    released = connection.execute(
        update(table)
        .where(table.c.id == edition.id, table.c.state.in_(OPEN), table.c.content_json == before.content)
        .values(state=VARIANT if edition.is_variant else CUT, cut_at=now, approve_by=None)
    )
    if released.rowcount != 1:
        return False
    if edition.revision:
        replace_deliveries(connection, edition, now, times)
    else:
        add_deliveries(connection, edition.id, edition.newsletter, now, times)
    return True


def add_correction(
    connection: Connection,
    before: ReviewEdition,
    *,
    content: dict[str, Any],
    rendered: tuple[str, str, str],
    now: datetime,
) -> int | None:
    """A held revision of an edition that went out; ``None`` when a later one waits or went out."""
    edition = before.edition
    revision = _next_revision(connection, edition)
    if revision is None:
        return None
    subject, html, text = rendered
    period = edition.period_start, edition.period_end
    values = edition_values(edition.newsletter, edition.variant_key, period, now)
    values |= {"revision": revision, "state": HELD, "subject": subject, "html": html, "text": text}
    values |= {"stories": edition.stories, "content_json": content, "web_url": edition.web_url}
    return insert_row(connection, values)


def _next_revision(connection: Connection, edition: Edition) -> int | None:
    """The number of the next correction; a later revision is in its way unless it was withdrawn."""
    table = schema.editions
    query = select(table.c.revision, table.c.state).where(
        table.c.newsletter == edition.newsletter,
        table.c.variant_key == edition.variant_key,
        table.c.period_end == edition.period_end,
        table.c.revision > edition.revision,
    )
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
    """Record who did what to an edition, and when."""
    values = {"edition_id": edition_id, "action": action, "detail": detail, "changed_by": by, "changed": now}
    connection.execute(insert(schema.edition_changes).values(**values, story_id=story_id))


def edition_changes(connection: Connection, edition_id: int) -> list[EditionChange]:
    """Return what was done to an edition, oldest first."""
    table = schema.edition_changes
    query = select(table).where(table.c.edition_id == edition_id).order_by(table.c.id)
    names = EditionChange.__dataclass_fields__
    return [
        EditionChange(**{name: getattr(row, name) for name in names}) for row in connection.execute(query)
    ]


def _review_edition(row: Row[Any]) -> ReviewEdition:
    return ReviewEdition(
        edition=edition_of(row._asdict()),
        state=row.state,
        content=row.content_json,
        approve_by=row.approve_by,
    )

"""Editions: stored whole and frozen, once per period."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    and_,
    case,
    insert,
    literal,
    or_,
    select,
)

from syndicate.model import (
    EVERY_EDITION,
    MAIN_KEYS,
    DeliveryState,
    Edition,
    EditionContent,
    EditionStory,
    SubscriptionState,
)
from syndicate.store import schema
from syndicate.store.core.column_types import UtcTime
from syndicate.store.core.upsert import insert_for
from syndicate.store.events.event_log import add_event
from syndicate.store.leases.row_leases import NO_LEASE
from syndicate.store.mail.delivery_counts import Counts, count_by_edition
from syndicate.store.mail.edition_articles import save_articles
from syndicate.store.mail.newsletter_store import sender_of
from syndicate.store.schema import deliveries, subscribers, subscriptions
from syndicate.store.schema import editions as table
from syndicate.store.subscribers.preference_store import delay_to_own_hours, not_paused

CUT = "cut"
WAITING = "waiting"
HELD = "held"
WITHDRAWN = "withdrawn"
OPEN = (WAITING, HELD)
EMPTY = "empty"
MISSED = "missed"
VARIANT = "variant"
"""State of an edition for one cadence and selection: frozen like the others, but no main edition."""
CONFIRMATION = "confirmation"
"""State of the mail that asks for confirmation, stored as an edition without stories."""
MESSAGE = "message"
"""State of a welcome mail or of a mail of a series: sent to few readers at a time, without a page."""
IMPORTED = "imported"
"""State of an old issue from another product: a page of the archive without deliveries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingTimes:
    """Times at which the mails of an edition may be sent.

    ``own_hour`` returns the next time of an hour in a time zone. A mail is too late ``max_lateness`` after
    its planned time.
    """

    own_hour: Callable[[int, str], datetime]
    max_lateness: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionReport:
    """Edition with the number of its deliveries by state."""

    edition: Edition
    state: str
    deliveries: dict[str, int]


def has_edition(connection: Connection, newsletter: str, variant_key: str, period_end: datetime) -> bool:
    """Return whether the period has a record (cut, empty or missed)."""
    query = select(table.c.id).where(edition_of_period(newsletter, variant_key, period_end))
    return connection.execute(query.limit(1)).first() is not None


def edition_of_period(
    newsletter: str | ColumnElement[str],
    variant_key: str | ColumnElement[str],
    period_end: datetime | ColumnElement[datetime],
    of: FromClause = table,
) -> ColumnElement[bool]:
    """Return the condition for the revisions of an edition, in the table or its alias ``of``."""
    named = and_(of.c.newsletter == newsletter, of.c.variant_key == variant_key)
    return and_(named, of.c.period_end == period_end)


def record_no_edition(
    connection: Connection,
    newsletter: str,
    variant_key: str,
    period: tuple[datetime, datetime],
    state: str,
    now: datetime,
) -> int | None:
    """Record that a period has no edition (``empty`` or ``missed``).

    Returns the record's id, or ``None`` when the period has a record.
    """
    return insert_row(connection, edition_values(newsletter, variant_key, period, now) | {"state": state})


def cut_edition(
    connection: Connection,
    *,
    newsletter: str,
    variant_key: str,
    period: tuple[datetime, datetime],
    rendered: tuple[str, str, str],
    stories: Sequence[EditionStory],
    now: datetime,
    times: SendingTimes,
    state: str = CUT,
    content: dict[str, Any] | None = None,
    web_url: str = "",
    approve_by: datetime | None = None,
) -> int | None:
    """Store an edition with its stories and a pending delivery for every confirmed subscription.

    ``rendered`` is (subject, html, text), ``content`` their source. In the states ``WAITING`` (until
    ``approve_by``) and ``HELD`` the release adds the deliveries. Returns the edition's id, or ``None``
    without a change when the period has a record already.
    """
    subject, html, text = rendered
    values = edition_values(newsletter, variant_key, period, now)
    values |= {"state": state if approve_by is None else WAITING, "stories": len(stories)}
    values |= {"subject": subject, "html": html, "text": text}
    values |= {"content_json": content, "web_url": web_url, "approve_by": approve_by}
    edition_id = insert_row(connection, values)
    if edition_id is None:
        return None
    save_articles(connection, edition_id, stories=stories)
    if state not in OPEN:
        add_deliveries(connection, edition_id, newsletter, now, times)
    elif variant_key == EVERY_EDITION:
        data = {"edition": str(edition_id), "newsletter": newsletter, "subject": subject}
        add_event(connection, "edition.waiting", f"edition/{edition_id}", data, now)
    return edition_id


def add_deliveries(
    connection: Connection, edition_id: int, newsletter: str, now: datetime, times: SendingTimes
) -> None:
    """Add a pending delivery for every confirmed subscription whose reader chose this edition."""
    chosen = (not_paused(now), *_chose(edition_id))
    insert_deliveries(connection, edition_id, newsletter, now, from_now(now, times.max_lateness), chosen)
    delay_to_own_hours(connection, edition_id, times.own_hour)


def add_issue_deliveries(
    connection: Connection,
    edition: Edition,
    now: datetime,
    times: SendingTimes,
    members: Sequence[ColumnElement[bool]],
) -> None:
    """Add a pending delivery of an issue for every confirmed subscription of the ``members`` of its segment.

    Cadence, chosen sections and the own hour do not matter: the editor chooses the time.
    """
    chosen = (not_paused(now), *members)
    when = from_now(now, times.max_lateness)
    insert_deliveries(connection, edition.id, edition.newsletter, now, when, chosen)


def from_now(now: datetime, max_lateness: timedelta) -> dict[str, ColumnElement[Any]]:
    """Return the time columns of deliveries that may be sent from now on."""
    until = literal(now + max_lateness, UtcTime)
    return {"not_before": literal(now, UtcTime), "not_after": until, "despite_pause": literal(value=False)}


def insert_deliveries(
    connection: Connection,
    edition_id: int,
    newsletter: str,
    now: datetime,
    when: Mapping[str, ColumnElement[Any]],
    chosen: Sequence[ColumnElement[bool]],
) -> None:
    """Insert deliveries for confirmed subscriptions that match ``chosen``, except suppressed mailboxes.

    ``when`` maps the names of the time columns to their values.
    """
    facts = {"edition_id": edition_id, **new_delivery(now)}
    values: dict[str, ColumnElement[Any]] = {
        **{name: literal(value, deliveries.c[name].type) for name, value in facts.items()},
        "subscription_id": subscriptions.c.id,
        "address": subscribers.c.address,
        "shard": subscribers.c.shard,
        "sender": sender_of(newsletter),
        **when,
    }
    rows = (
        select(*values.values())
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.state == SubscriptionState.CONFIRMED.value,
            subscribers.c.address_key.not_in(select(schema.suppressions.c.address_key)),
            *chosen,
        )
        .order_by(subscriptions.c.id)
    )
    connection.execute(insert(deliveries).from_select(list(values), rows))


def new_delivery(now: datetime) -> dict[str, Any]:
    """Return the columns that all new deliveries share."""
    state = {"state": DeliveryState.PENDING.value, "attempts": 0, "error": ""}
    return state | NO_LEASE | {"created": now, "changed": now}


def _chose(edition_id: int) -> list[ColumnElement[bool]]:
    """Return conditions for readers of an edition's cadence and selection without another variant of it."""
    this, other = table.alias("this"), table.alias("other")
    selection = case((subscriptions.c.selection == "", ""), else_=literal("\n") + subscriptions.c.selection)
    matching = select(this.c.id).where(
        this.c.id == edition_id, this.c.variant_key == subscriptions.c.cadence + selection
    )
    had = (
        select(deliveries.c.id)
        .join(other, other.c.id == deliveries.c.edition_id)
        .join(
            this,
            and_(
                this.c.newsletter == other.c.newsletter,
                this.c.period_end == other.c.period_end,
                this.c.variant_key != other.c.variant_key,
            ),
        )
        .where(
            this.c.id == edition_id,
            other.c.state != CONFIRMATION,
            deliveries.c.subscription_id == subscriptions.c.id,
        )
    )
    return [matching.exists(), ~had.exists()]


def edition_values(
    newsletter: str, variant_key: str, period: tuple[datetime, datetime], now: datetime
) -> dict[str, object]:
    """Return the columns of an edition without content."""
    values = {
        "newsletter": newsletter,
        "variant_key": variant_key,
        "cut_at": now,
        "revision": 0,
        "stories": 0,
    }
    values |= {"period_start": period[0], "period_end": period[1]}
    return values | dict.fromkeys(("subject", "html", "text", "web_url"), "")


def insert_row(connection: Connection, values: dict[str, object]) -> int | None:
    """Insert an edition; return its id, or ``None`` when its period and revision exist."""
    statement = insert_for(connection, table).values(**values).on_conflict_do_nothing().returning(table.c.id)
    edition_id: int | None = connection.scalars(statement).first()
    return edition_id


def get_edition(connection: Connection, edition_id: int) -> Edition | None:
    """Return a cut edition or a message by id, but no edition that waits for its editor."""
    whole = table.c.state.in_((CUT, VARIANT, CONFIRMATION, MESSAGE))
    row = connection.execute(select(table).where(table.c.id == edition_id, whole)).first()
    return None if row is None else edition_of(row._asdict())


def latest_content(connection: Connection, newsletter: str) -> EditionContent:
    """Return the content of the latest regular edition that was sent; empty without an edition."""
    sent = table.c.newsletter == newsletter, table.c.variant_key == EVERY_EDITION, table.c.state == CUT
    query = (
        select(table.c.content_json).where(*sent).order_by(table.c.period_end.desc(), table.c.revision.desc())
    )
    return EditionContent.from_json(connection.scalars(query.limit(1)).first())


def report_editions(
    connection: Connection,
    *,
    limit: int = 20,
    newsletter: str | None = None,
    known: Counts | None = None,
    counted: bool = True,
) -> list[EditionReport]:
    """Return the latest editions, empty and missed periods included, newest first.

    Counts in ``known`` are not counted again; those of sent editions are added to it. Without ``counted``,
    the reports have no counts.
    Their deliveries include deliveries of the variants that readers chose. A variant has a line of its
    own only while it alone waits for an editor.
    """
    query = select(table).order_by(table.c.period_end.desc(), table.c.id.desc()).limit(limit)
    is_main = table.c.variant_key.in_(MAIN_KEYS)
    query = query.where(or_(is_main, table.c.state == IMPORTED, waits_alone()), table.c.state != CONFIRMATION)
    if newsletter is not None:
        query = query.where(table.c.newsletter == newsletter)
    rows, counts = connection.execute(query).all(), {} if known is None else known
    if counted:
        new = count_by_edition(connection, [row.id for row in rows if row.id not in counts])
        counts |= {number: states for number, states in new.items() if states.keys() <= {"sent", "failed"}}
        return _reports(rows, counts | new)
    return _reports(rows, {})


def reports_of(connection: Connection, counts: Counts) -> list[EditionReport]:
    """Return editions with these numbers of their deliveries, newest first."""
    query = select(table).where(table.c.id.in_(counts)).order_by(table.c.id.desc())
    return _reports(connection.execute(query), counts)


def _reports(rows: Iterable[Row[Any]], counts: Counts) -> list[EditionReport]:
    return [
        EditionReport(edition=edition_of(row._asdict()), state=row.state, deliveries=counts.get(row.id, {}))
        for row in rows
    ]


def latest_states(connection: Connection, newsletter: str) -> list[tuple[int, str]]:
    """Return id and state of the ten latest main editions, the latest first."""
    query = select(table.c.id, table.c.state)
    query = query.where(table.c.newsletter == newsletter, table.c.variant_key == EVERY_EDITION)
    query = query.order_by(table.c.period_end.desc(), table.c.revision.desc()).limit(10)
    return [tuple(row) for row in connection.execute(query)]


def editions_between(connection: Connection, start: datetime, end: datetime) -> list[Row[Any]]:
    """Return the main editions and one-off issues whose periods end in a time, in order.

    An edition is in ``trouble`` with failed or uncertain deliveries.
    """
    ill = deliveries.c.state.in_((DeliveryState.FAILED.value, DeliveryState.UNCERTAIN.value))
    trouble = select(deliveries.c.id).where(deliveries.c.edition_id == table.c.id, ill).exists()
    names = ("id", "newsletter", "period_end", "state", "subject")
    query = select(*(table.c[name] for name in names), trouble.label("trouble"))
    query = query.where(table.c.period_end >= start, table.c.period_end < end, table.c.revision == 0)
    query = query.where(table.c.variant_key.in_(MAIN_KEYS))
    query = query.where(table.c.state.not_in((CONFIRMATION, MESSAGE)))
    return list(connection.execute(query.order_by(table.c.period_end, table.c.newsletter)))


def waits_alone() -> ColumnElement[bool]:
    """Return the condition for variants that wait for an editor when their main edition does not."""
    main = table.alias("main")
    same = and_(
        main.c.newsletter == table.c.newsletter,
        main.c.period_end == table.c.period_end,
        main.c.revision == table.c.revision,
        main.c.variant_key == EVERY_EDITION,
        main.c.state.in_(OPEN),
    )
    main_waits = select(main.c.id).where(same).correlate(table)
    return and_(table.c.variant_key != EVERY_EDITION, table.c.state.in_(OPEN), ~main_waits.exists())


def new_edition(newsletter: str, variant_key: str, period: tuple[datetime, datetime], **more: Any) -> Edition:
    """Return an edition that is not stored, cut at the end of its period."""
    values = edition_values(newsletter, variant_key, period, period[1])
    return edition_of({"id": 0, "segment": "", "unlisted": False, **values, **more})


def edition_of(row: dict[str, object]) -> Edition:
    """Return a row of ``editions`` as an ``Edition``."""
    return Edition(**{name: row[name] for name in Edition.__dataclass_fields__})  # type: ignore[arg-type]

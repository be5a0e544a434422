"""Newsletters and their editions: cut whole, frozen, once per period."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, literal, select, update

from syndicate.model import DeliveryState, Edition, EditionStory, Newsletter, Origin, SubscriptionState
from syndicate.store import schema
from syndicate.store.story_moves import current_stories
from syndicate.store.types import EPOCH
from syndicate.store.upsert import insert_for

CUT = "cut"
EMPTY = "empty"
MISSED = "missed"


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedStory:
    """What earlier editions of a newsletter said about a story: the largest coverage, and when last.

    ``cut_at`` is when the last of them was cut: what was first seen later is new to its readers.
    """

    story_id: int
    coverage: int
    period_end: datetime
    cut_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionReport:
    """An edition with the number of its deliveries by state."""

    edition: Edition
    state: str
    deliveries: dict[str, int]


def sync_newsletters(connection: Connection, declared: Sequence[Newsletter], now: datetime) -> None:
    """Make the newsletters of origin ``config`` those of the file; one no longer declared is paused."""
    table = schema.newsletters
    for newsletter in declared:
        statement = insert_for(connection, table).values(
            name=newsletter.name,
            title=newsletter.title,
            origin=Origin.CONFIG.value,
            paused=False,
            known_since=now,
        )
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"title": newsletter.title, "paused": False}
            )
        )
    names = [newsletter.name for newsletter in declared]
    gone = (table.c.origin == Origin.CONFIG.value) & table.c.name.not_in(names)
    connection.execute(update(table).where(gone).values(paused=True))


def newsletter_titles(connection: Connection) -> dict[str, str]:
    """Title by name of every newsletter ever declared."""
    table = schema.newsletters
    return {row.name: row.title for row in connection.execute(select(table.c.name, table.c.title))}


def known_since(connection: Connection, newsletter: str) -> datetime | None:
    """When a newsletter was first declared, or ``None``."""
    table = schema.newsletters
    return connection.scalars(select(table.c.known_since).where(table.c.name == newsletter)).first()


def has_edition(connection: Connection, newsletter: str, cadence: str, period_end: datetime) -> bool:
    """Whether the period was already dealt with (cut, empty or missed)."""
    table = schema.editions
    query = select(table.c.id).where(
        table.c.newsletter == newsletter, table.c.cadence == cadence, table.c.period_end == period_end
    )
    return connection.execute(query.limit(1)).first() is not None


def carried_stories(connection: Connection, newsletter: str, *, before: datetime) -> dict[int, CarriedStory]:
    """Stories that editions of this newsletter carried for periods ending before a moment.

    What readers saw is the article that led, so a story that has merged or split since is the one which
    holds that article now; when the article is gone, the one to which the story's id leads.
    """
    table, stories, articles = schema.editions, schema.edition_stories, schema.articles
    query = (
        select(
            stories.c.story_id,
            articles.c.story_id.label("now_in"),
            func.max(stories.c.coverage).label("coverage"),
            func.max(table.c.period_end, type_=table.c.period_end.type).label("period_end"),
            func.max(table.c.cut_at, type_=table.c.cut_at.type).label("cut_at"),
        )
        .join(table, table.c.id == stories.c.edition_id)
        .join(articles, articles.c.id == stories.c.article_id, isouter=True)
        .where(table.c.newsletter == newsletter, table.c.period_end < before)
        .group_by(stories.c.story_id, articles.c.story_id)
    )
    rows = connection.execute(query).all()
    leads = current_stories(connection, [row.story_id for row in rows if row.now_in is None])
    found: dict[int, CarriedStory] = {}
    for row in rows:
        story_id = leads[row.story_id] if row.now_in is None else row.now_in
        known = found.get(story_id)
        found[story_id] = CarriedStory(
            story_id=story_id,
            coverage=max(row.coverage, known.coverage if known else 0),
            period_end=max(row.period_end, known.period_end if known else row.period_end),
            cut_at=max(row.cut_at, known.cut_at if known else row.cut_at),
        )
    return found


def record_no_edition(
    connection: Connection,
    newsletter: str,
    cadence: str,
    period: tuple[datetime, datetime],
    state: str,
    now: datetime,
) -> bool:
    """Remember that a period has no edition (``empty`` or ``missed``); false when it was dealt with."""
    values = _edition_values(newsletter, cadence, period, now) | {"state": state}
    return _insert_edition(connection, values) is not None


def cut_edition(
    connection: Connection,
    *,
    newsletter: str,
    cadence: str,
    period: tuple[datetime, datetime],
    rendered: tuple[str, str, str],
    stories: Sequence[EditionStory],
    now: datetime,
) -> int | None:
    """Store an edition with its stories and one pending delivery for every confirmed subscription.

    ``rendered`` is (subject, html, text). Returns the edition's id, or ``None`` when the period has
    been dealt with already: then nothing is changed.
    """
    subject, html, text = rendered
    values = _edition_values(newsletter, cadence, period, now)
    values |= {"state": CUT, "subject": subject, "html": html, "text": text, "stories": len(stories)}
    edition_id = _insert_edition(connection, values)
    if edition_id is None:
        return None
    connection.execute(
        insert(schema.edition_stories),
        [
            {
                "edition_id": edition_id,
                "position": story.position,
                "story_id": story.story_id,
                "article_id": story.lead.article.id,
                "kind": story.kind,
                "follow_up": story.follow_up,
                "coverage": story.coverage,
                "score": story.score,
                "parts_json": dict(story.parts),
            }
            for story in stories
        ],
    )
    _add_deliveries(connection, edition_id, newsletter, now)
    return edition_id


def _add_deliveries(connection: Connection, edition_id: int, newsletter: str, now: datetime) -> None:
    subscriptions, subscribers = schema.subscriptions, schema.subscribers
    suppressed = select(schema.suppressions.c.address_key)
    recipients = (
        select(
            literal(edition_id),
            subscriptions.c.id,
            subscribers.c.address,
            literal(DeliveryState.PENDING.value),
            literal(0),
            literal(now, schema.deliveries.c.created.type),
            literal(now, schema.deliveries.c.not_before.type),
            literal(""),
            literal(EPOCH, schema.deliveries.c.lease_until.type),
            literal(""),
            literal(now, schema.deliveries.c.changed.type),
        )
        .join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        .where(
            subscriptions.c.newsletter == newsletter,
            subscriptions.c.state == SubscriptionState.CONFIRMED.value,
            subscribers.c.address_key.not_in(suppressed),
        )
        .order_by(subscriptions.c.id)
    )
    columns = ["edition_id", "subscription_id", "address", "state", "attempts", "created", "not_before"]
    columns += ["lease_owner", "lease_until", "error", "changed"]
    connection.execute(insert(schema.deliveries).from_select(columns, recipients))


def _edition_values(
    newsletter: str, cadence: str, period: tuple[datetime, datetime], now: datetime
) -> dict[str, object]:
    return {
        "newsletter": newsletter,
        "cadence": cadence,
        "period_start": period[0],
        "period_end": period[1],
        "revision": 0,
        "cut_at": now,
        "subject": "",
        "html": "",
        "text": "",
        "stories": 0,
    }


def _insert_edition(connection: Connection, values: dict[str, object]) -> int | None:
    table = schema.editions
    statement = insert_for(connection, table).values(**values).on_conflict_do_nothing().returning(table.c.id)
    edition_id: int | None = connection.scalars(statement).first()
    return edition_id


def get_edition(connection: Connection, edition_id: int) -> Edition | None:
    """A cut edition by id."""
    table = schema.editions
    row = connection.execute(select(table).where(table.c.id == edition_id, table.c.state == CUT)).first()
    return None if row is None else _edition(row._asdict())


def report_editions(
    connection: Connection, *, limit: int = 20, newsletter: str | None = None
) -> list[EditionReport]:
    """The latest editions, empty and missed periods included, newest first."""
    table, deliveries = schema.editions, schema.deliveries
    query = select(table).order_by(table.c.period_end.desc(), table.c.id.desc()).limit(limit)
    if newsletter is not None:
        query = query.where(table.c.newsletter == newsletter)
    rows = [row._asdict() for row in connection.execute(query)]
    counts: dict[int, dict[str, int]] = {}
    grouped = (
        select(deliveries.c.edition_id, deliveries.c.state, func.count())
        .where(deliveries.c.edition_id.in_([row["id"] for row in rows]))
        .group_by(deliveries.c.edition_id, deliveries.c.state)
    )
    for edition_id, state, count in connection.execute(grouped):
        counts.setdefault(edition_id, {})[state] = count
    return [
        EditionReport(edition=_edition(row), state=row["state"], deliveries=counts.get(row["id"], {}))
        for row in rows
    ]


def _edition(row: dict[str, object]) -> Edition:
    return Edition(**{name: row[name] for name in Edition.__dataclass_fields__})  # type: ignore[arg-type]

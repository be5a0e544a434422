"""Lists of the API: their rows, order and conditions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal, select, union

from syndicate.model import Absence
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.listing import Listing

_articles, _stories, _sources, _log = schema.articles, schema.stories, schema.sources, schema.editor_log
_editions, _deliveries, _bounces = schema.editions, schema.deliveries, schema.bounces
_people, _subscriptions, _audit = schema.subscribers, schema.subscriptions, schema.audit


def _changed_since(at: object) -> Any:
    """Return the condition for articles seen or revised after a time; an index serves each part."""
    columns = (_articles.c.first_seen, _articles.c.revised)
    return _articles.c.id.in_(union(*(select(_articles.c.id).where(column > at) for column in columns)))


def _of_source(name: object) -> Any:
    return _articles.c.source_id.in_(select(_sources.c.id).where(_sources.c.name == name))


ARTICLES = Listing(
    query=select(_articles.c.id.label("row_id")),
    # The time of publication may still come: an article would move while a program reads the list.
    key=_articles.c.first_seen,
    id=_articles.c.id,
    filters={
        "uid": lambda uid: _articles.c.uid == uid,
        "source": _of_source,
        "section": lambda name: _articles.c.section == name,
        "language": lambda tag: _articles.c.language == tag,
        "story": lambda number: _articles.c.story_id == number,
        "updated_after": _changed_since,
        "public": lambda _: and_(
            _articles.c.story_id.is_not(None),
            _articles.c.source_id.not_in(select(_sources.c.id).where(_sources.c.private)),
        ),
    },
)


def _stories_in(*, by_change: bool) -> Listing:
    lead = _articles
    columns = ("id", "created", "updated", "articles", "coverage", "path")
    title = func.coalesce(func.nullif(lead.c.headline, ""), lead.c.title).label("title")
    of_lead = (lead.c.uid.label("lead_uid"), lead.c.language, lead.c.section, title)
    query: Select[Any] = select(*(_stories.c[name] for name in columns), *of_lead)
    return Listing(
        query=query.join(lead, lead.c.id == _stories.c.lead_id),
        key=_stories.c.updated if by_change else _stories.c.id,
        id=_stories.c.id,
        descending=not by_change,
        filters={
            "updated_after": lambda at: _stories.c.updated > at,
            "sources": lambda number: _stories.c.coverage >= number,
            "id": lambda number: _stories.c.id == number,
            "any": lambda numbers: _stories.c.id.in_([*numbers]),
            "public": lambda _: lead.c.source_id.not_in(select(_sources.c.id).where(_sources.c.private)),
        },
    )


STORIES = _stories_in(by_change=False)
STORIES_BY_CHANGE = _stories_in(by_change=True)
"""Stories in the order of their last change: a story that changes moves to the end, and is not missed."""

DECISIONS = Listing(
    query=select(_log),
    key=_log.c.id,
    id=_log.c.id,
    filters={
        "article": lambda uid: _log.c.article_uid == uid,
        "action": lambda name: _log.c.action == name,
        "who": lambda name: _log.c.who == name,
        "id": lambda number: _log.c.id == number,
    },
)

SOURCES = Listing(
    query=select(_sources).where(_sources.c.absent != Absence.REMOVED.value),
    key=_sources.c.id,
    id=_sources.c.id,
    descending=False,
    filters={
        "id": lambda number: _sources.c.id == number,
        "name": lambda name: _sources.c.name == name,
        "section": lambda name: _sources.c.section == name,
        "origin": lambda name: _sources.c.origin == name,
        "paused": lambda value: _sources.c.paused == value,
        "failing": lambda value: (_sources.c.failures > 0) == value,
    },
)

POLLS = Listing(
    query=select(schema.polls),
    key=schema.polls.c.at,
    id=schema.polls.c.id,
    filters={
        "id": lambda number: schema.polls.c.id == number,
        "source": lambda number: schema.polls.c.source_id == number,
        "outcome": lambda name: schema.polls.c.outcome == name,
    },
)

_HEAVY = ("html", "text", "content_json")
EDITIONS = Listing(
    query=select(*(column for column in _editions.c if column.name not in _HEAVY)),
    key=_editions.c.id,
    id=_editions.c.id,
    filters={
        "id": lambda number: _editions.c.id == number,
        "newsletter": lambda name: _editions.c.newsletter == name,
        "state": lambda name: _editions.c.state == name,
        "public": lambda _: and_(
            _editions.c.state == "cut",
            _editions.c.variant_key.in_(("edition", "issue")),
            _editions.c.content_json.is_not(None),
            ~_editions.c.unlisted,
        ),
    },
)

DELIVERIES = Listing(
    query=select(_deliveries, _editions.c.newsletter, _editions.c.subject).join(
        _editions, _editions.c.id == _deliveries.c.edition_id
    ),
    key=_deliveries.c.id,
    id=_deliveries.c.id,
    filters={
        "id": lambda number: _deliveries.c.id == number,
        "edition": lambda number: _deliveries.c.edition_id == number,
        "state": lambda name: _deliveries.c.state == name,
    },
)

BOUNCES = Listing(
    query=select(_bounces, _people.c.address)
    .join(_subscriptions, _subscriptions.c.id == _bounces.c.subscription_id)
    .join(_people, _people.c.id == _subscriptions.c.subscriber_id),
    key=_bounces.c.id,
    id=_bounces.c.id,
    filters={
        "kind": lambda name: _bounces.c.kind == name,
        "edition": lambda number: _bounces.c.edition_id == number,
    },
)


def _subscribed(wanted: tuple[str, str]) -> Any:
    """Return the condition for subscribers with one subscription of a newsletter and a state; "" is any."""
    columns = (_subscriptions.c.newsletter, _subscriptions.c.state)
    values = [column == value for column, value in zip(columns, wanted, strict=True) if value]
    return _people.c.id.in_(select(_subscriptions.c.subscriber_id).where(*values))


SUBSCRIBERS = Listing(
    query=select(
        *(_people.c[name] for name in ("id", "address", "name", "language", "created", "paused_until"))
    ),
    key=_people.c.id,
    id=_people.c.id,
    filters={
        "id": lambda number: _people.c.id == number,
        "address": lambda text: and_(
            _people.c.address_key >= text, _people.c.address_key < f"{text}\U0010ffff"
        ),
        "subscription": _subscribed,
    },
)


def subscriptions_of(
    connection: Connection, subscriber_ids: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """Return the subscriptions of subscribers, by subscriber's id."""
    query = rows_with(connection, select(_subscriptions), _subscriptions.c.subscriber_id, subscriber_ids)
    found: dict[int, list[dict[str, Any]]] = {}
    for row in sorted(query, key=lambda row: row.newsletter):
        found.setdefault(row.subscriber_id, []).append(row._asdict())
    return found


SUPPRESSIONS = Listing(
    query=select(schema.suppressions),
    key=schema.suppressions.c.address_key,
    id=literal(0),
    descending=False,
    filters={"reason": lambda name: schema.suppressions.c.reason == name},
)

_calls, _events = schema.webhook_deliveries, schema.events
WEBHOOK_DELIVERIES = Listing(
    query=select(_calls, _events.c.uid.label("event"), _events.c.type).join(
        _events, _events.c.id == _calls.c.event_id
    ),
    key=_calls.c.id,
    id=_calls.c.id,
    filters={
        "webhook": lambda number: _calls.c.webhook_id == number,
        "state": lambda name: _calls.c.state == name,
    },
)

AUDIT = Listing(
    query=select(_audit),
    key=_audit.c.id,
    id=_audit.c.id,
    filters={
        "actor": lambda name: _audit.c.actor_name == name,
        "action": lambda name: _audit.c.action == name,
        "kind": lambda name: _audit.c.object_kind == name,
        "object": lambda name: _audit.c.object_id == name,
        "updated_after": lambda at: _audit.c.at > at,
    },
)

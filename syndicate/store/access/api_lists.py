"""Lists of the API: their rows, order and conditions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, and_, func, literal, select, true, union

from syndicate.model import Absence
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.listing import Listing
from syndicate.store.mail.delivery_statements import TROUBLE

_articles, _stories, _sources, _log = schema.articles, schema.stories, schema.sources, schema.editor_log
_source_ids = select(_sources.c.id)
_INDEXED: dict[Any, Any] = dict.fromkeys(("failed", "uncertain"), TROUBLE)
_editions, _deliveries, _bounces = schema.editions, schema.deliveries, schema.bounces
_people, _subscriptions, _audit = schema.subscribers, schema.subscriptions, schema.audit


def _changed_since(at: object) -> Any:
    """Return the condition for articles seen or revised after a time; an index serves each part."""
    columns = (_articles.c.first_seen, _articles.c.revised)
    return _articles.c.id.in_(union(*(select(_articles.c.id).where(column > at) for column in columns)))


ARTICLES = Listing(
    query=select(_articles.c.id.label("row_id")),
    # The time of publication may still come: an article would move while a program reads the list.
    key=_articles.c.first_seen,
    id=_articles.c.id,
    filters={
        "uid": _articles.c.uid,
        "source": lambda name: _articles.c.source_id.in_(_source_ids.where(_sources.c.name == name)),
        "section": _articles.c.section,
        "language": _articles.c.language,
        "story": _articles.c.story_id,
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
            "id": _stories.c.id,
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
    filters={"article": _log.c.article_uid, "action": _log.c.action, "who": _log.c.who, "id": _log.c.id},
)

SOURCES = Listing(
    query=select(_sources).where(_sources.c.absent != Absence.REMOVED.value),
    key=_sources.c.id,
    id=_sources.c.id,
    descending=False,
    filters={
        "id": _sources.c.id,
        "name": _sources.c.name,
        "section": _sources.c.section,
        "origin": _sources.c.origin,
        "paused": _sources.c.paused,
        "failing": lambda value: (_sources.c.failures > 0) == value,
    },
)

POLLS = Listing(
    query=select(schema.polls),
    key=schema.polls.c.at,
    id=schema.polls.c.id,
    filters={"id": schema.polls.c.id, "source": schema.polls.c.source_id, "outcome": schema.polls.c.outcome},
)

_HEAVY = ("html", "text", "content_json")
EDITIONS = Listing(
    query=select(*(column for column in _editions.c if column.name not in _HEAVY)),
    key=_editions.c.id,
    id=_editions.c.id,
    filters={
        "id": _editions.c.id,
        "newsletter": _editions.c.newsletter,
        "state": _editions.c.state,
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
        "id": _deliveries.c.id,
        "edition": _deliveries.c.edition_id,
        "state": lambda state: and_(_deliveries.c.state == state, _INDEXED.get(state, true())),
    },
)

BOUNCES = Listing(
    query=select(_bounces, _people.c.address)
    .join(_subscriptions, _subscriptions.c.id == _bounces.c.subscription_id)
    .join(_people, _people.c.id == _subscriptions.c.subscriber_id),
    key=_bounces.c.id,
    id=_bounces.c.id,
    filters={"kind": _bounces.c.kind, "edition": _bounces.c.edition_id},
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
        "id": _people.c.id,
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
    filters={"reason": schema.suppressions.c.reason, "address": schema.suppressions.c.address_key},
)

_calls, _events = schema.webhook_deliveries, schema.events
WEBHOOK_DELIVERIES = Listing(
    query=select(_calls, _events.c.uid.label("event"), _events.c.type).join(
        _events, _events.c.id == _calls.c.event_id
    ),
    key=_calls.c.id,
    id=_calls.c.id,
    filters={"id": _calls.c.id, "webhook": _calls.c.webhook_id, "state": _calls.c.state},
)

AUDIT = Listing(
    query=select(_audit),
    key=_audit.c.id,
    id=_audit.c.id,
    filters={
        "actor": _audit.c.actor_name,
        "action": _audit.c.action,
        "kind": _audit.c.object_kind,
        "object": _audit.c.object_id,
        "updated_after": lambda at: _audit.c.at > at,
    },
)

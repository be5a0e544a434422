"""Lists of the API: their rows, order and conditions."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, literal, select, true, union

from syndicate.groups import grouped
from syndicate.model import Absence
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.listing import Condition, Listing
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


def _list_of(
    table: Table,
    *columns: str,
    query: Select[Any] | None = None,
    key: ColumnElement[Any] | None = None,
    descending: bool = True,
    **filters: Condition | ColumnElement[Any],
) -> Listing:
    """Return the list of a table, by id: each of its ``columns`` is a filter, as are ``id`` and others."""
    return Listing(
        query=select(table) if query is None else query,
        key=table.c.id if key is None else key,
        id=table.c.id,
        descending=descending,
        filters={name: table.c[name] for name in ("id", *columns)} | filters,
    )


_is_of_private_source = _articles.c.source_id.in_(select(_sources.c.id).where(_sources.c.private))
ARTICLES = _list_of(
    _articles,
    *("uid", "section", "language"),
    query=select(_articles.c.id.label("row_id")),
    # The time of publication may still come: an article would move while a program reads the list.
    key=_articles.c.first_seen,
    source=lambda name: _articles.c.source_id.in_(_source_ids.where(_sources.c.name == name)),
    story=_articles.c.story_id,
    updated_after=_changed_since,
    public=lambda _: and_(_articles.c.story_id.is_not(None), ~_is_of_private_source),
)


def _stories_in(*, by_change: bool) -> Listing:
    lead = _articles
    columns = ("id", "created", "updated", "articles", "coverage", "path")
    title = func.coalesce(func.nullif(lead.c.headline, ""), lead.c.title).label("title")
    of_lead = (lead.c.uid.label("lead_uid"), lead.c.language, lead.c.section, title)
    query: Select[Any] = select(*(_stories.c[name] for name in columns), *of_lead)
    return _list_of(
        _stories,
        query=query.join(lead, lead.c.id == _stories.c.lead_id),
        key=_stories.c.updated if by_change else None,
        descending=not by_change,
        updated_after=lambda at: _stories.c.updated > at,
        sources=lambda number: _stories.c.coverage >= number,
        any=lambda numbers: _stories.c.id.in_([*numbers]),
        public=lambda _: ~_is_of_private_source,
    )


STORIES = _stories_in(by_change=False)
STORIES_BY_CHANGE = _stories_in(by_change=True)
"""Stories in the order of their last change: a story that changes moves to the end, and is not missed."""

DECISIONS = _list_of(_log, "action", "who", article=_log.c.article_uid)
SOURCES = _list_of(
    _sources,
    *("name", "section", "origin", "paused"),
    query=select(_sources).where(_sources.c.absent != Absence.REMOVED.value),
    descending=False,
    failing=lambda value: (_sources.c.failures > 0) == value,
)
POLLS = _list_of(schema.polls, "outcome", key=schema.polls.c.at, source=schema.polls.c.source_id)

_HEAVY = ("html", "text", "content_json")
EDITIONS = _list_of(
    _editions,
    *("newsletter", "state"),
    query=select(*(column for column in _editions.c if column.name not in _HEAVY)),
    public=lambda _: and_(
        _editions.c.state == "cut",
        _editions.c.variant_key.in_(("edition", "issue")),
        _editions.c.content_json.is_not(None),
        ~_editions.c.unlisted,
    ),
)
DELIVERIES = _list_of(
    _deliveries,
    query=select(_deliveries, _editions.c.newsletter, _editions.c.subject).join(
        _editions, _editions.c.id == _deliveries.c.edition_id
    ),
    edition=_deliveries.c.edition_id,
    state=lambda state: and_(_deliveries.c.state == state, _INDEXED.get(state, true())),
)
BOUNCES = _list_of(
    _bounces,
    "kind",
    query=select(_bounces, _people.c.address)
    .join(_subscriptions, _subscriptions.c.id == _bounces.c.subscription_id)
    .join(_people, _people.c.id == _subscriptions.c.subscriber_id),
    edition=_bounces.c.edition_id,
)


def _subscribed(wanted: tuple[str, str]) -> Any:
    """Return the condition for subscribers with one subscription of a newsletter and a state; "" is any."""
    columns = (_subscriptions.c.newsletter, _subscriptions.c.state)
    values = [column == value for column, value in zip(columns, wanted, strict=True) if value]
    return _people.c.id.in_(select(_subscriptions.c.subscriber_id).where(*values))


_OF_PEOPLE = ("id", "address", "name", "language", "created", "paused_until")
SUBSCRIBERS = _list_of(
    _people,
    query=select(*(_people.c[name] for name in _OF_PEOPLE)),
    address=lambda text: and_(_people.c.address_key >= text, _people.c.address_key < f"{text}\U0010ffff"),
    subscription=_subscribed,
)


def subscriptions_of(
    connection: Connection, subscriber_ids: Sequence[int]
) -> dict[int, list[dict[str, Any]]]:
    """Return the subscriptions of subscribers, by subscriber's id."""
    query = rows_with(connection, select(_subscriptions), _subscriptions.c.subscriber_id, subscriber_ids)
    rows = sorted(query, key=lambda row: row.newsletter)
    return grouped((row.subscriber_id, row._asdict()) for row in rows)


SUPPRESSIONS = Listing(
    query=select(schema.suppressions),
    key=schema.suppressions.c.address_key,
    id=literal(0),
    descending=False,
    filters={"reason": schema.suppressions.c.reason, "address": schema.suppressions.c.address_key},
)

_calls, _events = schema.webhook_deliveries, schema.events
WEBHOOK_DELIVERIES = _list_of(
    _calls,
    "state",
    query=select(_calls, _events.c.uid.label("event"), _events.c.type).join(
        _events, _events.c.id == _calls.c.event_id
    ),
    webhook=_calls.c.webhook_id,
)
AUDIT = _list_of(
    _audit,
    "action",
    actor=_audit.c.actor_name,
    kind=_audit.c.object_kind,
    object=_audit.c.object_id,
    updated_after=lambda at: _audit.c.at > at,
)

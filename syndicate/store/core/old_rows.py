"""Retention: removal of old rows. Pages already written stay on disk as the archive."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, case, delete, select, update

from syndicate.model import DeliveryState
from syndicate.store import schema
from syndicate.store.core.counts import count_rows
from syndicate.store.core.upsert import insert_for
from syndicate.store.mail.edition_store import CUT, VARIANT
from syndicate.store.output.paged_lists import NAMED, pruned_name
from syndicate.store.output.stale import mark_lists_with
from syndicate.store.stories.same_text import Unindexed
from syndicate.text.names import title_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """Counts of removed rows."""

    articles: int
    stories: int
    deliveries: int
    tombstones: int

    def summary(self) -> dict[str, int | str]:
        """Return the counts by name."""
        return asdict(self)


def prune_articles(connection: Connection, *, before: datetime, now: datetime, limit: int) -> list[int]:
    """Remove at most ``limit`` articles published and first seen before a time; return their story ids.

    Each article leaves a tombstone, so that a source that still lists it does not bring it back. Story id 0
    means no story.
    """
    table, tombstones = schema.articles, schema.tombstones
    query = select(
        *(table.c[name] for name in ("id", "source_id", "entry_key", "item_hash", "story_id")),
        case((table.c.declared_title != "", table.c.declared_title), else_=table.c.title).label("title"),
    )
    # In the order of an index, so that a run without old articles reads none.
    query = query.where(_old(before)).order_by(table.c.first_seen, table.c.id)
    old = connection.execute(query.limit(limit)).all()
    if not old:
        return []
    ids = [row.id for row in old]
    new_tombstones = [
        {name: getattr(row, name) for name in ("source_id", "entry_key", "item_hash")}
        | {"pruned": now, "rule": "", "title_hash": title_hash(row.title)}
        for row in old
    ]
    connection.execute(insert_for(connection, tombstones).on_conflict_do_nothing(), new_tombstones)
    mark_lists_with(connection, ids)
    gone, shown = schema.pruned_tags, [row.id for row in old if row.story_id is not None]
    for kind, key in NAMED.items():
        keys = select(key).where(key.table.c.article_id.in_(shown)).distinct()
        if names := [{"tag": pruned_name(kind, name)} for name in connection.scalars(keys)]:
            connection.execute(insert_for(connection, gone).on_conflict_do_nothing(), names)
    records = schema.edition_articles
    connection.execute(delete(records).where(records.c.article_id.in_(ids)))
    connection.execute(delete(table).where(table.c.id.in_(ids)))
    return [row.story_id or 0 for row in old]


def prune_stories(connection: Connection, ids: Collection[int]) -> int:
    """Remove the stories among these ids that have no article left; return their number."""
    table, articles = schema.stories, schema.articles
    members = select(articles.c.story_id).where(articles.c.story_id == table.c.id)
    return connection.execute(delete(table).where(table.c.id.in_(ids), ~members.exists())).rowcount


def prune_deliveries(connection: Connection, *, before: datetime) -> int:
    """Remove deliveries that ended before a time; open and uncertain deliveries stay."""
    return connection.execute(delete(schema.deliveries).where(_ended(before))).rowcount


def prune_edition_bodies(connection: Connection, *, before: datetime) -> int:
    """Clear HTML and text of editions cut before a time and delivered; the content stays for the archive."""
    table, deliveries = schema.editions, schema.deliveries
    needed = select(deliveries.c.id).where(deliveries.c.edition_id == table.c.id)
    old = (table.c.cut_at < before) & table.c.state.in_((CUT, VARIANT)) & (table.c.html != "")
    return connection.execute(update(table).where(old, ~needed.exists()).values(html="", text="")).rowcount


def prune_tombstones(connection: Connection, *, before: datetime) -> int:
    """Remove tombstones of articles pruned before a time."""
    table = schema.tombstones
    return connection.execute(delete(table).where(table.c.pruned < before)).rowcount


def prune_failures(connection: Connection, *, before: datetime) -> int:
    """Remove failures that have not recurred since a time; a lasting failure is recorded anew."""
    table = schema.quarantine
    return connection.execute(delete(table).where(table.c.last_failed < before)).rowcount


def count_prunable(
    connection: Connection,
    *,
    articles_before: datetime,
    deliveries_before: datetime,
    tombstones_before: datetime,
) -> Pruned:
    """Count the rows that pruning with these limits would remove."""
    articles, stories, tombstones = schema.articles, schema.stories, schema.tombstones
    stays = select(articles.c.id).where(articles.c.story_id == stories.c.id, ~_old(articles_before))
    return Pruned(
        articles=count_rows(connection, articles, _old(articles_before)),
        stories=count_rows(connection, stories, ~stays.exists()),
        deliveries=count_rows(connection, schema.deliveries, _ended(deliveries_before)),
        tombstones=count_rows(connection, tombstones, tombstones.c.pruned < tombstones_before),
    )


def _old(before: datetime) -> ColumnElement[bool]:
    """Return the condition for articles published and first seen before a time."""
    # Not by the index of publication times: imported archives are old there, and never end.
    return and_(Unindexed(schema.articles).c.published < before, schema.articles.c.first_seen < before)


def _ended(before: datetime) -> ColumnElement[bool]:
    """Return the condition for deliveries that ended before a time, neither open nor uncertain."""
    table = schema.deliveries
    ended = [DeliveryState.SENT.value, DeliveryState.FAILED.value, DeliveryState.CANCELLED.value]
    return and_(table.c.state.in_(ended), table.c.changed < before)

"""Channels as their pages and programs see them: state, readers, and the articles that a query holds now."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from syndicate.errors import WrongFields, existing
from syndicate.model import Article, Channel, Clause, ClauseField
from syndicate.publish.channel_absence import clause_text
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.ingest import source_store
from syndicate.store.output import added_channels, channel_store, feed_read_store, stale

WEEK = timedelta(days=7)
_POSITION = re.compile(r"position (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLine:
    """Channel, or a former name of a channel.

    ``origin`` is ``config``, ``added`` or ``removed from config``; ``state`` is ``well``, ``failing``,
    ``moved`` or ``gone``. ``leads_to`` is the channel of a former name, ``since`` the time of its move.
    ``daily`` is the mean number of articles a day of the last week, copies included; ``readers`` is a lower
    bound.
    """

    name: str
    title: str
    origin: str
    state: str
    channel: Channel | None = None
    leads_to: str = ""
    since: datetime | None = None
    daily: float = 0.0
    readers: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewItem:
    """Article that a query holds; ``clauses`` are the positive clauses, with the values that match."""

    article: Article
    source: str
    clauses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelPreview:
    """Articles that a channel would hold now, and those of the saved channel that it would lose.

    ``matches`` is the number of articles of the last week, copies included. A wrong query has a ``problem``
    and its ``position``, counted from 0, and no articles.
    """

    limit: int
    items: tuple[PreviewItem, ...] = ()
    lost: tuple[PreviewItem, ...] = ()
    matches: int = 0
    problem: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelViews:
    """Reader of channels. ``declared`` and ``read`` are as in ``ChannelActions``.

    ``_counts`` keeps the articles of a week by query, counted once in ten minutes.
    """

    store: Store
    channels: Sequence[Channel]
    declared: Mapping[str, str]
    read: Callable[[Mapping[str, Any]], Channel]
    _counts: dict[tuple[Clause, ...], tuple[int, int]] = field(default_factory=dict, repr=False)

    def lines(self, now: datetime, name: str = "") -> tuple[ChannelLine, ...]:
        """Return the channels, then the former names; or only a channel, without ``daily``, and the names."""
        present = tuple(self.channels)
        with self.store.snapshot() as connection:
            known = feed_read_store.readers(connection, now - WEEK)
            failing = {
                failure.subject: failure for failure in quarantine.failures(connection, kind="channel")
            }
            found = [
                ChannelLine(
                    name=channel.name,
                    title=channel.title,
                    origin="config" if channel.name in self.declared else "added",
                    state="failing" if channel.name in failing else "well",
                    channel=channel,
                    daily=0 if name else self._of_week(connection, channel.clauses, now) / WEEK.days,
                    readers=sum(known.get(channel.name, {}).values()),
                    problem=failing[channel.name].reason if channel.name in failing else "",
                )
                for channel in present
                if name in ("", channel.name)
            ]
            former = self._former(connection, {channel.name for channel in present}, known)
        return (*found, *former)

    def _of_week(self, connection: Connection, clauses: tuple[Clause, ...], now: datetime) -> int:
        period, (counted, count) = int(now.timestamp()) // 600, self._counts.get(clauses, (0, 0))
        if counted != period:
            count = channel_store.count_since(connection, clauses, now - WEEK)
            self._counts[clauses] = period, count
        return count

    def line(self, name: str, now: datetime) -> ChannelLine:
        """Return a channel or a former name. Raises ``NotFound``."""
        lines = (line for line in self.lines(now, name) if line.name == name)
        return existing(next(lines, None), f"channel {name}")

    def readers(self, name: str, now: datetime) -> tuple[dict[str, int], dict[datetime, int]]:
        """Return the readers by program in the last week, and of all programs by day in 30 days."""
        with self.store.snapshot() as connection:
            programs = feed_read_store.readers(connection, now - WEEK).get(name, {})
            return programs, feed_read_store.days(connection, name, now - timedelta(days=30))

    def preview(self, values: Mapping[str, Any], now: datetime, saved: str = "") -> ChannelPreview:
        """Return what a channel of these values would hold, compared with the saved channel of a name."""
        limit = int(values.get("limit") or 50) if str(values.get("limit") or 50).isdigit() else 50
        try:
            channel = self.read({"name": "preview", **values})
        except WrongFields as error:
            problem = error.fields.get("query") or str(error)
            position = _POSITION.search(error.fields.get("query", ""))
            place = int(position[1]) - 1 if position else None
            return ChannelPreview(limit=limit, problem=problem, position=place)
        before = next((known for known in self.channels if known.name == saved), None)
        with self.store.snapshot() as connection:
            items = channel_store.channel_articles(connection, channel.clauses, limit=channel.limit)
            lost: list[Article] = []
            if before and (before.clauses, before.limit) != (channel.clauses, channel.limit):
                ids = {article.id for article in items}
                old = channel_store.channel_articles(connection, before.clauses, limit=before.limit)
                lost = [article for article in old if article.id not in ids]
            matched = _matched(connection, channel.clauses, [article.id for article in items])
            names = source_store.source_names(connection, {article.source_id for article in (*items, *lost)})
            matches = channel_store.count_since(connection, channel.clauses, now - WEEK)
        return ChannelPreview(
            limit=channel.limit,
            items=tuple(
                PreviewItem(article=each, source=names[each.source_id], clauses=tuple(matched[each.id]))
                for each in items
            ),
            lost=tuple(PreviewItem(article=each, source=names[each.source_id]) for each in lost),
            matches=matches,
        )

    def _former(
        self, connection: Connection, present: set[str], readers: Mapping[str, Mapping[str, int]]
    ) -> list[ChannelLine]:
        moves, rows = added_channels.channel_moves(connection), added_channels.added_channels(connection)
        names = {*moves, *stale.published_channels(connection)} - present - self.declared.keys()
        found = []
        for name in sorted(names):
            move, row = moves.get(name), rows.get(name)
            leads_to = move.channel if move else ""
            found.append(
                ChannelLine(
                    name=name,
                    title=str(row.declaration.get("title", "")) if row else "",
                    origin="added" if row or leads_to else "removed from config",
                    state="moved" if leads_to in present else "gone",
                    leads_to=leads_to,
                    since=move.at if move else None,
                    readers=sum(readers.get(name, {}).values()),
                )
            )
        return found


def _matched(
    connection: Connection, clauses: Sequence[Clause], article_ids: Sequence[int]
) -> dict[int, list[str]]:
    """Return the positive clauses of each article, with only the values that match it."""
    found: dict[int, list[str]] = {article_id: [] for article_id in article_ids}
    for clause in clauses:
        if clause.negated:
            continue
        values: dict[int, list[str]] = {}
        several = len(clause.values) > 1 and clause.field is not ClauseField.LIST
        for value in clause.values if several else ():
            part = (replace(clause, values=(value,)),)
            for article_id in channel_store.matching_articles(connection, part, article_ids):
                values.setdefault(article_id, []).append(value)
        for article_id in article_ids:
            shown = replace(clause, values=tuple(values.get(article_id, clause.values)))
            found[article_id].append(clause_text(shown))
    return found

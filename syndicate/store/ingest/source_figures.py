"""Figures about many sources at once, for the list of sources."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Row,
    Text,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
)

from syndicate.model import Absence, Origin
from syndicate.store import schema
from syndicate.store.core.batches import rows_with
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.core.compiled_sql import CompiledStatement

sources, articles = schema.sources, schema.articles


class SourceName(NamedTuple):
    """Source in a list."""

    id: int
    name: str


class SourceFigures(NamedTuple):
    """Facts that decide the condition of a source; times are in microseconds."""

    id: int
    name: str
    kind: str
    absent: str
    paused: bool
    gone: bool
    failures: int
    permanent_seen: int
    last_success: int | None
    websub_lease_until: int | None


_RECENT = CompiledStatement(
    select(articles.c.id, articles.c.source_id).where(articles.c.first_seen >= bindparam("since"))
)
_is_here = sources.c.absent != Absence.REMOVED.value
_is_plain = and_(
    sources.c.absent == "",
    ~or_(sources.c.paused, sources.c.gone),
    sources.c.failures == 0,
    sources.c.permanent_seen == 0,
    sources.c.last_success.is_not(None),
    sources.c.websub_lease_until.is_(None),
)
_PLAIN = CompiledStatement(select(sources.c.id, sources.c.name).where(_is_plain))
_figures = select(*(sources.c[name] for name in SourceFigures._fields)).where(_is_here)
_OTHERS = CompiledStatement(_figures.where(~_is_plain))
_FIGURES_OF = CompiledStatement(_figures.where(sources.c.id == bindparam("source")))
_SHOWN = "id name url kind section origin listed_in private paused gone failures check_reason next_check"
_LISTED = select(*(sources.c[name] for name in _SHOWN.split()))
_is_listed, _is_declared = sources.c.listed_in != "", sources.c.origin == Origin.CONFIG.value
_origin: ColumnElement[str] = case((_is_declared, "config"), (_is_listed, "list"), else_="added")
_CARRIED = (
    "name url home_url language section kind weight republish full_text paywall own paused private absent"
)
_EXPORTED = select(
    *(sources.c[name] for name in _CARRIED.split()),
    sources.c.poll_interval.label("interval"),
    sources.c.select_json.label("select"),
    sources.c.outline_json.label("outline"),
).order_by(sources.c.name)
_shown_url = case((sources.c.private, ""), else_=sources.c.url)
_ADDRESSES = CompiledStatement(select(sources.c.id, sources.c.section, _shown_url))


def plain_sources(connection: Connection) -> list[tuple[int, str]]:
    """Return id and name of each source, as most, whose own row tells no trouble, no pause and no push."""
    return _PLAIN.rows(connection, {})


def source_figures(connection: Connection, source_id: int | None = None) -> list[SourceFigures]:
    """Return the facts about every source that is not plain, or about the source with this id."""
    query, values = (_OTHERS, {}) if source_id is None else (_FIGURES_OF, {"source": source_id})
    return list(map(SourceFigures._make, query.rows(connection, values)))


def sources_of(connection: Connection, *, section: str = "", origin: str = "") -> set[int]:
    """Return the sources of a section and an origin: ``config``, ``list`` or ``added``; ``""`` is any."""
    found = select(sources.c.id)
    found = found.where(_origin == origin) if origin else found
    found = found.where(sources.c.section == section) if section else found
    return set(connection.scalars(found))


def sources_at(connection: Connection, words: str) -> set[int]:
    """Return the sources with a text in their address, unless that is private; cases do not matter."""
    has_words = sources.c.url.icontains(words[:4_000], autoescape=True)  # SQLite's limit is 50 000 bytes
    return set(connection.scalars(select(sources.c.id).where(~sources.c.private, has_words)))


def addresses(connection: Connection) -> dict[int, tuple[str, str]]:
    """Return section and address of every source by id; a private address is ``""``."""
    return {row[0]: row[1:] for row in _ADDRESSES.rows(connection, {})}


def listed_sources(connection: Connection, ids: Sequence[int]) -> dict[int, Row[Any]]:
    """Return what a list shows of these sources, by id."""
    return {row.id: row for row in connection.execute(_LISTED.where(sources.c.id.in_(ids)))}


def recent_articles(connection: Connection, *, since: int) -> dict[int, int]:
    """Return the articles first seen from a time on, in microseconds, each with its source."""
    return dict(_RECENT.rows(connection, {"since": since}))


def exported_sources(connection: Connection) -> Sequence[Any]:
    """Return the fields of sources that a list of sources carries, by name."""
    return connection.execute(_EXPORTED).all()


def source_sections(connection: Connection) -> list[str]:
    """Return the sections of all sources, sorted."""
    return sorted(connection.scalars(select(sources.c.section).where(sources.c.section != "").distinct()))


# 31 articles have 30 pauses. Core cannot correlate a subquery of FROM with the outer statement.
_LATEST = """(SELECT {join}(CAST(published AS TEXT), ' ') FROM (
    SELECT published FROM articles WHERE source_id = sources.id
    ORDER BY published DESC, id DESC LIMIT 31) AS latest)"""


def newest_and_pauses(connection: Connection, source_ids: Sequence[int]) -> dict[int, tuple[int, int]]:
    """Return the time of each source's newest article and the longest of the last 30 pauses, in microseconds.

    A source without articles has neither, a source with one has the pause 0. The database joins the times to
    a text, since its window functions take several times as long.
    """
    join = "group_concat" if connection.dialect.name == "sqlite" else "string_agg"
    query = select(sources.c.id, literal_column(_LATEST.format(join=join), Text).label("times"))
    rows = rows_with(connection, query, sources.c.id, source_ids)
    latest = {row.id: sorted(map(int, row.times.split())) for row in rows if row.times}
    return {
        source_id: (times[-1], max((later - at for at, later in pairwise(times)), default=0))
        for source_id, times in latest.items()
    }


def article_days(
    connection: Connection, source_ids: Collection[int], *, since: datetime
) -> Mapping[int, Mapping[int, int]]:
    """Return numbers of articles by source and by number of whole days after ``since``."""
    length = to_microseconds(since + timedelta(days=1)) - to_microseconds(since)
    day = ((cast(articles.c.published, BigInteger) - to_microseconds(since)) // length).label("day")
    query = select(articles.c.source_id, day, func.count().label("articles"))
    query = query.where(and_(articles.c.source_id.in_(source_ids), articles.c.published >= since))
    days: dict[int, dict[int, int]] = {}
    for row in connection.execute(query.group_by(articles.c.source_id, day)):
        days.setdefault(row.source_id, {})[row.day] = row.articles
    return days


def count_articles(connection: Connection, *, since: datetime) -> int:
    """Return the number of articles first seen from a time on."""
    return connection.scalars(select(func.count()).where(articles.c.first_seen >= since)).one()


def newest_articles(connection: Connection, source_id: int, *, limit: int) -> list[int]:
    """Return the ids of the newest articles of a source."""
    query = select(articles.c.id).where(articles.c.source_id == source_id)
    query = query.order_by(articles.c.published.desc(), articles.c.id.desc()).limit(limit)
    return list(connection.scalars(query))


def article_span(connection: Connection, source_id: int) -> tuple[int, datetime | None]:
    """Return the number of articles of a source, and the time at which the first was seen."""
    first = func.min(articles.c.first_seen, type_=articles.c.first_seen.type)
    row = connection.execute(select(func.count(), first).where(articles.c.source_id == source_id)).one()
    return row[0], row[1]

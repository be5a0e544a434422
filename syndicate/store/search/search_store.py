"""Searches of readers: matching articles, newest first, with the facts that group and filter them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select, text
from sqlalchemy.exc import DBAPIError

from syndicate.errors import StoreBusy
from syndicate.model import SearchHit
from syndicate.store import schema
from syndicate.store.search.word_index import WORDS, Scope, latest_ids, matches
from syndicate.store.stories.same_text import Unindexed
from syndicate.text.search_words import SearchTerm

# Steps of SQLite's virtual machine between two checks of the clock.
_STEPS = 10_000
_CANCELLED = "57014"


@dataclass(frozen=True, slots=True, kw_only=True)
class HitFilter:
    """Conditions beside the words; empty values match everything. ``section`` is a key.

    The time of publication is in ``since`` <= time < ``before``.
    """

    section: str = ""
    source_ids: tuple[int, ...] = ()
    language: str = ""
    since: datetime | None = None
    before: datetime | None = None


@contextmanager
def time_limit(connection: Connection, seconds: float) -> Iterator[None]:
    """Interrupt the statements inside that take longer in all. Raises ``StoreBusy``."""
    driver: Any = connection.connection.driver_connection
    is_sqlite = connection.dialect.name == "sqlite"
    if is_sqlite:
        end = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS)
    else:
        connection.execute(text(f"SET LOCAL statement_timeout = {int(seconds * 1000)}"))
    try:
        yield
    except DBAPIError as error:
        if str(error.orig) == "interrupted" or getattr(error.orig, "sqlstate", "") == _CANCELLED:
            raise StoreBusy(
                f"the search took longer than {seconds:g} s; search for more words, or a shorter time"
            ) from error
        raise
    finally:
        if is_sqlite:
            driver.set_progress_handler(None, 0)


def search_hits(
    connection: Connection,
    terms: Sequence[SearchTerm],
    hit_filter: HitFilter,
    *,
    limit: int,
    scope: Scope = Scope.ALL,
) -> list[SearchHit]:
    """Return the articles of stories that match all terms and the filter, the latest stored first."""
    # The index of words leads: without statistics SQLite might scan a section and look up each article.
    table = Unindexed(schema.articles)
    names = ("id", "story_id", "source_id", "section_key", "language", "published")
    columns = [schema.articles.c[name] for name in names]
    query = select(*columns).select_from(WORDS).join(schema.articles, schema.articles.c.id == WORDS.c.rowid)
    query = query.where(matches(connection, terms, scope), schema.articles.c.story_id.is_not(None))
    if hit_filter.section:
        query = query.where(table.c.section_key == hit_filter.section)
    if hit_filter.source_ids:
        query = query.where(table.c.source_id.in_(hit_filter.source_ids))
    if hit_filter.language:
        language = table.c.language
        query = query.where(or_(language == hit_filter.language, language.like(f"{hit_filter.language}-%")))
    if hit_filter.since is not None:
        query = query.where(schema.articles.c.published >= hit_filter.since)
    if hit_filter.before is not None:
        query = query.where(schema.articles.c.published < hit_filter.before)
    query = query.order_by(WORDS.c.rowid.desc()).limit(limit)
    return [SearchHit(*row) for row in connection.execute(query)]


def ids_with(
    connection: Connection, terms: Sequence[SearchTerm], scope: Scope = Scope.ALL, *, limit: int
) -> set[int]:
    """Return the articles with all terms in a scope, the latest stored."""
    found = select(WORDS.c.rowid).where(matches(connection, terms, scope))
    return set(latest_ids(connection, found, limit=limit))


def tags_beginning(connection: Connection, beginning: str, *, limit: int) -> list[tuple[str, int]]:
    """Return the tags (keys) of two or more articles with this beginning, and their numbers of articles.

    The most frequent tag comes first.
    """
    table = schema.article_tags
    count = func.count()
    begins = table.c.tag.startswith(beginning, autoescape=True)
    if connection.dialect.name == "sqlite":
        # Its LIKE uses no index.
        begins = and_(table.c.tag >= beginning, table.c.tag < beginning + "\U0010ffff")
    query = select(table.c.tag, count).where(begins)
    query = query.group_by(table.c.tag).having(count > 1).order_by(count.desc(), table.c.tag).limit(limit)
    return [(tag, number) for tag, number in connection.execute(query)]

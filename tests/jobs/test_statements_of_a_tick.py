"""No statement of a tick reads a whole table that grows with the archive."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, text

from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store import schema
from syndicate.store.ingest import known_articles, source_store
from syndicate.store.stories import story_store
from tests import factories
from tests.factories import add_unplaced, new_article

pytestmark = pytest.mark.all

NOW = factories.NOW + timedelta(days=30)
ARTICLES = 2_000
GROWING = (
    "articles",
    "stories",
    "article_words",
    "tombstones",
    "related",
    "neighbours",
    "story_moves",
    "page_reads",
)
# The index has only the rows that are asked for: waiting, unnamed, or retitled.
PARTIAL = ("articles_to_place", "stories_without_path", "articles_headlines")
# Newest first, until enough rows are found.
ORDERED = "articles_published"
CONFIG = (
    '[[sources]]\nname = "Harbour"\nurl = "https://harbour.example/"\n[mail]\naddress = "1 Main Street"\n'
)


@pytest.fixture
def services(tmp_path):
    """Services of a store with an archive that was published before."""
    (tmp_path / "config.toml").write_text(CONFIG)
    with open_services(load_settings(tmp_path / "config.toml", {}), now=NOW) as opened:
        opened.publish.run(NOW)
        with opened.store.write() as connection:
            source = source_store.list_sources(connection)[0].id
            ids = add_unplaced(connection, source, [new_article(number) for number in range(ARTICLES)])
            stories = story_store.add_stories(connection, ids, factories.NOW)
            story_store.place_articles(
                connection,
                [
                    story_store.ArticlePlacement(article_id=n, story_id=story, same_text=n, terms=b"")
                    for n, story in zip(ids, stories, strict=True)
                ],
            )
            for table in (schema.stale_pages, schema.stale_lists):
                connection.execute(delete(table))
        yield opened


@pytest.mark.parametrize("analysed", [True, False])
def test_a_tick_looks_up_what_it_needs(services, analysed):
    if analysed:
        with services.store.write() as connection:
            connection.execute(text("ANALYZE"))
    statements = _statements_from_now(services)
    with services.store.write() as connection:
        recent = replace(new_article(ARTICLES), published=NOW, updated=NOW, first_seen=NOW)
        add_unplaced(connection, source_store.list_sources(connection)[0].id, [recent])
    assert services.stories.run(NOW).placed == 1
    services.publish.run(NOW)
    services.publish.run(NOW)
    services.prune.run(NOW)
    with services.store.read() as connection:
        assert known_articles.known_item_hashes(connection, {1: ["digest-1", "new"]}) == {1: {"digest-1"}}
        scans = [
            f"{step} in {sql}"
            for sql in statements.values()
            if re.match(r"\s*(SELECT|WITH|INSERT|UPDATE|DELETE)", sql)
            for step in _plan(connection, sql)
            if (scanned := re.match(r"SCAN (\w+)(?: USING(?: COVERING)? INDEX (\w+))?", step))
            and scanned[1] in GROWING
            and scanned[2] not in PARTIAL
            and not (scanned[2] == ORDERED and "LIMIT" in sql)
            # A list of ids is a large part of this small table.
            and "articles.id IN (" not in sql
        ]
    assert len(statements) > 100
    assert scans == []


def test_a_late_article_counts_its_section_in_the_counted_hours_only(services):
    for hours, number in enumerate((ARTICLES, ARTICLES + 1)):
        at = NOW - timedelta(hours=9 * hours)
        with services.store.write() as connection:
            add_unplaced(connection, 1, [replace(new_article(number), published=at, first_seen=NOW)])
        statements = _statements_from_now(services)
        assert services.stories.run(NOW).placed == 1
    counting = [sql for sql in statements.values() if "count(DISTINCT articles.story_id)" in sql]
    assert len(counting) == 2
    with services.store.read() as connection:
        steps = [step for sql in counting for step in _plan(connection, sql) if " articles " in step]
    assert steps
    assert [step for step in steps if "published>? AND published<?" not in step] == []


def _statements_from_now(services: Services) -> dict[str, str]:
    """Return a mapping that collects a statement of each form."""
    services.store.dispose()
    statements: dict[str, str] = {}

    def listen(driver_connection, _record):
        driver_connection.set_trace_callback(lambda sql: statements.setdefault(re.sub(r"\d+", "0", sql), sql))

    event.listen(services.store._engine, "connect", listen)
    return statements


def _plan(connection: Connection, sql: str) -> list[str]:
    driver: Any = connection.connection.driver_connection
    return [row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")]

"""Rows that the sitemap and the directory of feeds are built from."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from syndicate.store import schema
from syndicate.store.output import site_rows, stale
from tests import factories
from tests.factories import NOW, declared, new_article


@pytest.fixture
def room(store):
    """A connection, and the ids of articles of another publisher (two) and of our own desk (two)."""
    with store.write() as connection:
        harbour, own = factories.add_sources(connection, declared(), declared("Our Desk", own=True))
        theirs = factories.add_articles(connection, harbour.id, new_article(1), new_article(2))
        ours = factories.add_articles(connection, own.id, new_article(3), new_article(4, section="Sea"))
        yield connection, own, theirs, ours


def test_a_block_has_the_own_placed_articles_with_their_last_change(room):
    connection, own, _, _ = room
    factories.add_unplaced(connection, own.id, [new_article(5)])
    pages = site_rows.own_article_pages(connection, [own.id], 0)
    assert pages == [(new_article(number).path, NOW - timedelta(minutes=number)) for number in (3, 4)]
    assert site_rows.own_article_pages(connection, [own.id], 1) == []
    assert site_rows.sitemap_blocks(connection) == {"articles": 1, "stories": 1}


def test_a_story_is_in_the_sitemap_if_it_has_a_page_and_several_sources(room):
    connection, _, theirs, ours = room
    story = factories.place(connection, theirs[0])
    factories.place(connection, ours[0], story)
    assert site_rows.story_pages(connection, 0) == []
    table = schema.stories
    connection.execute(update(table).values(path="site/stories/other.html"))
    connection.execute(
        update(table).where(table.c.id == story).values(path="site/stories/a.html", coverage=2)
    )
    assert site_rows.story_pages(connection, 0) == [("site/stories/a.html", NOW)]


def test_articles_of_a_week_are_counted_by_section(room):
    connection, *_ = room
    assert site_rows.count_since(connection, ["world", "sea", "sky"], NOW - timedelta(minutes=3)) == {
        "": 3, "world": 3, "sea": 0, "sky": 0,
    }  # fmt: skip


def test_an_edit_marks_the_part_of_the_sitemap_with_the_article(room):
    connection, *_ = room
    stale.mark_lists(connection, ["edit:7", "edit:8", "story:2500", "source:1"])
    names = {name for name in stale.stale_lists(connection) if name.startswith(stale.SITEMAP)}
    assert names == {"sitemap:articles-0", "sitemap:stories-2"}

"""Channels that come and go: the pages that name them are few, however large the archive is."""

import pytest

from syndicate.store.output import stale
from tests.factories import NOW
from tests.jobs.publish.test_list_pages import report
from tests.jobs.room import Room, source

SOURCES = source("harbour", "https://harbour.example/feed")
FIRST, SECOND = '[[channels]]\nname = "first"\n', '[[channels]]\nname = "sport"\nquery = "section:Sport"\n'


@pytest.fixture
def newsroom(room: Room) -> Room:
    room.declare(FIRST + SECOND + SOURCES)
    room.add(report(1), *(report(number, hours=30 * 24 + number) for number in range(2, 12)))
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    return room


@pytest.mark.parametrize("kept", [SECOND, FIRST])
def test_removing_a_channel_rewrites_only_the_pages_of_new_articles(newsroom: Room, kept: str) -> None:
    newsroom.declare(kept + SOURCES)
    pages = newsroom.services.publish.run(NOW).pages
    assert [path for path in pages if path.startswith("site/articles/")] == [report(1).path]
    assert "site/index.html" in pages
    assert "site/sections/sport/index.html" in pages


def test_a_mark_of_new_surroundings_leaves_the_lists_of_an_article_alone(newsroom: Room) -> None:
    with newsroom.store.write() as connection:
        stale.mark_published_since(connection, report(1).published)
        stale.mark_published_since(connection, report(1).published)
        ((number, version),) = stale.stale_pages(connection, 9)
        assert version == -2
        stale.mark_stale(connection, [number])
        stale.mark_published_since(connection, report(1).published)
        assert stale.stale_pages(connection, 9) == [(number, 4)]

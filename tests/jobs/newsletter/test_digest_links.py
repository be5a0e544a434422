"""Links of a digest to pages of the site: coverage of a story, the day, the newsletters, and the logo."""

import pytest
from sqlalchemy import update

from syndicate.model import EditionContent
from syndicate.newsletter.periods import period_at
from syndicate.store import schema
from tests.jobs.newsletter.test_editions import DAILY, DECLARED, HOUR, SEVEN, STRIKE, news
from tests.jobs.room import Room, source

PAPERS = "".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills", "dales"))


@pytest.fixture
def room(rooms: Room) -> Room:
    """Return a newsroom with a strike of three sources, on each engine."""
    rooms.declare(PAPERS + DAILY, now=DECLARED)
    title = "Ferry strike closes the northern harbour"
    for number, (name, hours) in enumerate((("harbour", 5), ("hills", 4), ("dales", 2)), 1):
        rooms.add(news(number, SEVEN - hours * HOUR, title, STRIKE + f" From {name}."), source=name)
    rooms.services.stories.run(SEVEN)
    return rooms


def draft(room: Room) -> tuple[EditionContent, str]:
    """Return the content of the edition of seven o'clock and its text; lint finds no error."""
    newsletter = room.services.newsletters[0]
    checked = room.services.editions.draft(newsletter, period_at(newsletter, SEVEN - HOUR), SEVEN).checked
    assert checked is not None
    assert checked.errors == ()
    return checked.content, checked.rendered.text


def test_a_story_with_a_page_links_to_it_before_the_page_is_written(room: Room) -> None:
    with room.store.write() as connection:
        connection.execute(update(schema.stories).values(path="site/stories/strike-1.html"))
    content, text = draft(room)
    (story,) = content.stories
    assert (story.coverage_articles, story.new_sources, story.new_hours) == (3, 3, 3)
    assert story.coverage_url.endswith("/site/stories/strike-1.html")
    assert f"Full coverage: 3 articles · 3 sources\n{story.coverage_url}\n" in text


def test_a_story_without_a_page_has_no_link_to_its_coverage(room: Room) -> None:
    with room.store.write() as connection:
        connection.execute(update(schema.stories).values(path=""))
    content, text = draft(room)
    assert [story.coverage_url for story in content.stories] == [""]
    assert "Full coverage" not in text


def test_the_day_is_linked_if_a_story_is_of_that_day(room: Room) -> None:
    day = "/site/days/2026/11/24.html"
    assert day in draft(room)[1]
    with room.store.write() as connection:
        connection.execute(update(schema.articles).values(published=SEVEN - 10 * HOUR))
    assert day not in draft(room)[1]


def test_the_newsletters_are_linked_once_their_page_is_published(room: Room) -> None:
    page = room.services.output / "site" / "newsletters" / "index.html"
    page.unlink(missing_ok=True)
    assert "Get your own" not in draft(room)[1]
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("x")
    assert "Get your own:\n" in draft(room)[1]

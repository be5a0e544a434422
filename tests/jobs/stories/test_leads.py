"""Leads in the store: after placing, pruning and damage."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from syndicate.jobs.stories.leads import refresh_stories
from syndicate.store import schema
from syndicate.store.stories import story_store
from tests.factories import new_article
from tests.jobs.room import Room, source
from tests.stories.newsroom import FLOOD

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOURCES = "".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills", "dales"))


def add(room: Room, number: int, hours: float, paper: str, *, ending: str = "") -> str:
    """Add a report on the flood that is so many hours old, place it, and return its title."""
    title, text = FLOOD[number][0] + ending, FLOOD[number][1]
    at = SEVEN - hours * HOUR
    room.add(
        new_article(number, title=title, text=text, published=at, updated=at, first_seen=at), source=paper
    )
    room.services.stories.run(SEVEN)
    return title


def lead(room: Room) -> str:
    articles = room.articles()
    (story_id,) = {one.story_id for one in articles.values()}
    with room.store.read() as connection:
        found = story_store.get_stories(connection, [story_id or 0])[story_id or 0]
    return next(one.title for one in articles.values() if one.id == found.lead_id)


def test_a_fresh_report_takes_the_lead_from_one_of_yesterday(rooms: Room) -> None:
    rooms.declare(SOURCES, now=SEVEN - 48 * HOUR)
    yesterday = add(rooms, 0, 30, "harbour")
    assert lead(rooms) == yesterday
    fresh = add(rooms, 1, 2, "hills")
    assert lead(rooms) == fresh
    # One more of the same hours changes nothing: readers have seen this lead.
    add(rooms, 2, 1, "dales")
    assert lead(rooms) == fresh


def test_the_beginning_of_a_text_does_not_take_the_lead_from_a_report_of_the_morning(rooms: Room) -> None:
    rooms.declare(SOURCES, now=SEVEN - 48 * HOUR)
    report = add(rooms, 0, 9, "harbour")
    add(rooms, 1, 1, "hills", ending="…")
    assert lead(rooms) == report


def test_articles_with_damaged_terms_are_led_by_the_other_rules(room: Room) -> None:
    room.declare(SOURCES, now=SEVEN - 48 * HOUR)
    first = add(room, 0, 3, "harbour")
    add(room, 1, 2, "hills")
    with room.store.write() as connection:
        connection.execute(update(schema.article_terms).values(terms=b"?"))
        stories = {one.story_id or 0 for one in room.articles().values()}
        refresh_stories(connection, stories, SEVEN)
    assert lead(room) == first

"""Ranks from rows: what is learned, the editor's hand in lists, feeds, pages and editions, openings."""

import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from syndicate.jobs.stories.leads import refresh_stories
from syndicate.model import EditorAction, NewArticle, RankedStory
from syndicate.store import Connection
from syndicate.store.leases import leases
from syndicate.store.mail import edition_store
from syndicate.store.stories import decision_store, ranked_lists
from tests import factories
from tests.factories import new_article
from tests.jobs.room import Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SOURCES = "".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills", "dales"))
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\nstories = 3\ntrending = 0\n'
TITLES = ("Lighthouse becomes library", "Snow closes mountain railway", "Student wins chess title")


def news(number: int, title: str, moment: datetime) -> NewArticle:
    """An article whose words no other has."""
    words = title.lower().split()
    return new_article(
        number,
        title=title,
        text=" ".join(one + other for one in words for other in words),
        published=moment,
        updated=moment,
        first_seen=moment,
    )


@pytest.fixture
def desk(room: Room) -> Room:
    """Three stories, one source and one hour after the other; the first is the freshest."""
    room.declare(SOURCES + DAILY, now=SEVEN - 2 * DAY)
    for number, (title, paper) in enumerate(zip(TITLES, ("harbour", "hills", "dales"), strict=True), 1):
        room.add(news(number, title, SEVEN - number * HOUR), source=paper)
    room.services.stories.run(SEVEN)
    return room


def decide(room: Room, action: EditorAction, number: int, value: str = "", **more: datetime) -> int:
    with room.store.write() as connection:
        return decision_store.add_decision(
            connection,
            who="kim",
            action=action,
            article_uid=new_article(number).uid,
            value=value,
            now=more.get("now", SEVEN),
            expires=more.get("expires"),
        )


def top(room: Room, now: datetime = SEVEN) -> list[str]:
    room.services.stories.run(now)
    titles = {one.id: one.title for one in room.articles().values()}
    return [titles[one.article_id] for one in stored(room)]


def stored(room: Room, name: str = "top") -> Sequence[RankedStory]:
    with room.store.read() as connection:
        return ranked_lists.ranked_stories(connection, name)


def edition(room: Room) -> list[str]:
    (outcome,) = room.services.editions.run(SEVEN)
    assert outcome.outcome == "cut"
    with room.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    lines = report.edition.text.splitlines()
    return [title for title in (*TITLES, "Ours") if title in lines]


def test_a_pin_stands_in_the_list_until_it_ends_and_the_daemon_notices_both(desk: Room) -> None:
    assert top(desk) == list(TITLES)
    decide(desk, EditorAction.PIN, 3, "1", expires=SEVEN + 10 * HOUR / 60)
    assert top(desk) == [TITLES[2], TITLES[0], TITLES[1]]
    assert stored(desk)[0].parts["pin"] == 1.0
    # Ten minutes later, within the same step of the clock and without any news.
    assert top(desk, SEVEN + 10 * HOUR / 60) == list(TITLES)


def test_a_pinned_story_stays_when_it_is_too_old_to_be_ranked(desk: Room) -> None:
    decide(desk, EditorAction.PIN, 3, "1")
    assert top(desk, SEVEN + 9 * DAY) == [TITLES[2]]


def test_a_drop_leaves_lists_and_editions_and_not_the_feeds(desk: Room) -> None:
    decide(desk, EditorAction.DROP, 1)
    assert top(desk) == list(TITLES[1:])
    assert edition(desk) == list(TITLES[1:])
    desk.services.publish.run(SEVEN)
    assert TITLES[0] in (desk.folder / "feeds" / "news.rss").read_text("utf-8")


def test_a_boost_moves_a_story_and_is_stored_with_its_score(desk: Room) -> None:
    decide(desk, EditorAction.BOOST, 2, "3")
    assert top(desk)[0] == TITLES[1]
    first = stored(desk)[0]
    assert first.parts["boost"] == 3.0
    (part,) = (value for name, value in first.parts.items() if name.startswith("source:"))
    assert first.score == pytest.approx(3 * part)


def test_a_pinned_story_leads_the_edition_though_it_is_no_news_of_the_day(desk: Room) -> None:
    desk.add(news(9, "Archive opens medieval charters", SEVEN - 5 * DAY), source="hills")
    decide(desk, EditorAction.PIN, 9, "1")
    desk.services.stories.run(SEVEN)
    (outcome,) = desk.services.editions.run(SEVEN)
    assert "Archive opens medieval charters" in outcome.subject


def test_the_pinned_or_retitled_article_leads_its_story_until_the_decision_ends(desk: Room) -> None:
    title = "Lighthouse opens as library"
    desk.add(news(7, title, SEVEN - HOUR / 2), source="hills")
    story = desk.articles()[TITLES[0]].story_id
    with desk.store.write() as connection:
        factories.place(connection, desk.articles()[title].id, story)
        refresh_stories(connection, [story or 0], SEVEN)
    assert top(desk)[0] == TITLES[0]
    decide(desk, EditorAction.RETITLE, 7, "Ours", now=SEVEN, expires=SEVEN + HOUR)
    assert top(desk)[0] == "Ours"
    decide(desk, EditorAction.PIN, 1, "1", now=SEVEN, expires=SEVEN + HOUR / 2)
    assert top(desk)[0] == TITLES[0], "the latest decision counts"
    assert top(desk, SEVEN + 3 * HOUR / 4)[0] == "Ours"
    assert top(desk, SEVEN + 2 * HOUR)[0] == TITLES[0]


def test_an_edition_is_cut_with_what_held_at_its_end(desk: Room) -> None:
    # Decided before seven and ended before seven: it is no business of this edition.
    decide(desk, EditorAction.DROP, 1, now=SEVEN - 3 * HOUR, expires=SEVEN - HOUR)
    # Decided after seven: the edition of seven o'clock was as it was.
    decide(desk, EditorAction.DROP, 2, now=SEVEN + HOUR)
    assert edition(desk) == list(TITLES)


def test_a_decision_goes_with_its_story_through_a_merge(desk: Room) -> None:
    decide(desk, EditorAction.DROP, 1)
    first, second = (desk.articles()[title] for title in TITLES[:2])
    with desk.store.write() as connection:
        factories.place(connection, first.id, second.story_id)
        factories.save_story(connection, second.story_id or 0, lead_id=second.id, articles=2, coverage=2)
        leases.increment_counter(connection, leases.PLACEMENTS)
    desk.services.stories.ranking.run(SEVEN)
    assert [one.story_id for one in stored(desk)] == [desk.articles()[TITLES[2]].story_id]


@pytest.mark.all
def test_a_headline_of_ours_is_on_pages_in_feeds_and_mail_and_each_tells_the_publishers(desk: Room) -> None:
    desk.services.publish.run(SEVEN)
    decide(desk, EditorAction.RETITLE, 1, "Ours <b>& theirs")
    top(desk)
    desk.services.publish.run(SEVEN)
    folder = desk.folder / "feeds"
    page = (folder / new_article(1).path).read_text("utf-8")
    assert "<h1>Ours &lt;b&gt;&amp; theirs</h1>" in page
    assert f">{TITLES[0]}</q>" in page
    front = (folder / "site" / "index.html").read_text("utf-8")
    assert "Ours &lt;b&gt;&amp; theirs</a>" in front
    assert f">{TITLES[0]}</q>" in front
    items = json.loads((folder / "news.json").read_bytes())["items"]
    (item,) = (one for one in items if one["title"].startswith("Ours"))
    assert item["_syndicate"]["original_title"] == TITLES[0]
    assert f"Original headline: {TITLES[0]}" in item["content_html"]
    for name in ("news.rss", "news.atom"):
        assert f"Original headline: {TITLES[0]}" in (folder / name).read_text("utf-8")
    desk.services.editions.run(SEVEN)
    with desk.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    assert f"Original headline: {TITLES[0]}" in report.edition.text
    assert f">{TITLES[0]}</span>" in report.edition.html


def test_an_own_article_under_another_headline_hides_nobodys(room: Room) -> None:
    room.declare(source("harbour", "https://harbour.example/feed", own="true"), now=SEVEN - DAY)
    room.add(news(1, TITLES[0], SEVEN - HOUR))
    decide(room, EditorAction.RETITLE, 1, "Ours")
    top(room)
    room.services.publish.run(SEVEN)
    for file in Path(room.folder / "feeds").rglob("*.*"):
        if file.suffix in (".html", ".rss", ".atom", ".json"):
            assert "Original headline" not in file.read_text("utf-8"), file


def test_the_front_page_shows_no_scores_and_no_reasons(desk: Room) -> None:
    decide(desk, EditorAction.PIN, 3, "1")
    top(desk)
    desk.services.publish.run(SEVEN)
    front = (desk.folder / "feeds" / "site" / "index.html").read_text("utf-8")
    assert "Chosen by our editor" not in front
    assert not re.search(r"<details.*?\d\.\d.*?</details>", front), "no scores for readers"


def test_sources_whose_stories_others_take_up_are_worth_more_from_the_next_day_on(room: Room) -> None:
    room.declare(SOURCES, now=SEVEN - 9 * DAY)
    with room.store.write() as connection:
        for number in range(1, 21):
            taken_up_by_one(connection, number)
    room.services.stories.ranking.run(SEVEN)
    with room.store.read() as connection:
        known = ranked_lists.source_weights(connection)
    harbour, hills, dales = (known[number] for number in (1, 2, 3))
    assert harbour.weight > 1 > hills.weight == dales.weight
    assert harbour.articles == 20
    assert harbour.prominence == pytest.approx(20 / 3)
    assert harbour.learned == datetime(2026, 11, 24, tzinfo=UTC)


def taken_up_by_one(connection: Connection, number: int) -> None:
    """Harbour tells a story, then hills does; dales tells one that nobody else has."""
    begun = SEVEN - 3 * DAY
    ids = [
        factories.add_articles(
            connection, paper, news(10 * number + paper, f"T{number} {paper}", begun + paper * HOUR)
        )[0]
        for paper in (1, 2, 3)
    ]
    story = factories.place(connection, ids[0])
    factories.place(connection, ids[1], story)
    factories.save_story(connection, story, lead_id=ids[0], articles=2, coverage=2)


def test_nothing_is_learned_when_the_operator_says_so(room: Room) -> None:
    room.declare(SOURCES + '[ranking]\nlearn = "0s"\n', now=SEVEN - 9 * DAY)
    with room.store.write() as connection:
        taken_up_by_one(connection, 1)
    room.services.stories.ranking.run(SEVEN)
    with room.store.read() as connection:
        assert ranked_lists.source_weights(connection) == {}


def test_openings_count_only_where_they_are_asked_for(desk: Room) -> None:
    for _ in range(40):
        desk.services.reader_counter.add_page(new_article(3).path)
    desk.services.reader_counter.add_page("site/nowhere.html")
    desk.services.reader_counter.flush(SEVEN)
    desk.services.reader_counter.flush(SEVEN)
    assert top(desk, SEVEN + HOUR) == list(TITLES)
    desk.declare(SOURCES + DAILY + "[ranking]\nclicks = true\n", now=SEVEN - 2 * DAY)
    assert top(desk, SEVEN + HOUR)[0] == TITLES[2]
    assert stored(desk)[0].parts["reads"] == 1.0


def test_both_engines_rank_alike(rooms: Room) -> None:
    rooms.declare(SOURCES, now=SEVEN - 9 * DAY)
    rooms.add(*(news(number, f"{TITLES[1]} {number}", SEVEN - 3 * DAY) for number in range(1, 6)))
    rooms.add(news(900, TITLES[0], SEVEN - HOUR))
    decide(rooms, EditorAction.BOOST, 900, "2")
    rooms.services.stories.run(SEVEN)
    (first, *_) = stored(rooms)
    assert first.parts["boost"] == 2.0
    assert first.score == pytest.approx(2 * first.parts["source:1"])

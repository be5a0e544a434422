"""Contents of editions: every article once, or a rule that says why not."""

from datetime import timedelta

import pytest

from syndicate.jobs.newsletter.outcome_lookup import article_outcomes
from syndicate.model import LeaveReason, NewArticle, ScoredLink
from syndicate.store.ingest import article_store
from syndicate.store.mail import edition_articles
from syndicate.store.stories import story_store
from tests.jobs.newsletter.test_editions import DAY, HOUR, SEVEN, carried, news, run
from tests.jobs.reviewing import editor
from tests.jobs.room import Room, source

BLOG = source("harbour", "https://harbour.example/feed")
PAPERS = "".join(
    source(name, f"https://{name}.example/feed") for name in ("harbour", "hills", "dales", "moor", "coast")
)
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
WEEKLY = '[[newsletters]]\nname = "daily"\nschedule = "weekly monday 07:00"\n'
MONDAY = SEVEN - DAY
DECLARED = SEVEN - 40 * DAY
RELEASE = """Foo {0} is released. The server starts faster, uses less memory and reads old files. As always
thanks to everybody who sent patches, tested the candidates and wrote the manual of Foo {0}."""
# Titles that differ in their numbers alone would be numbers of a series, and no story.
RELEASES = {
    "1.2": "Foo 1.2 released: Ash",
    "1.3": "Foo 1.3 released: Birch",
    "1.4": "Foo 1.4 released: Cedar",
}
STRIKE = """Crews of the northern ferry line stayed on shore for a second day as talks about night shifts
broke down. The harbour authority closed three piers and sent freight to the southern port."""


@pytest.fixture
def room(rooms: Room) -> Room:
    """The newsroom of every test here, on each engine."""
    return rooms


def release(number: int, version: str, days: int):
    return news(number, SEVEN + days * DAY - 3 * HOUR, RELEASES[version], RELEASE.format(version))


def strike(number: int, hours: float, more: str = "", title: str = ""):
    heading = title or "Ferry strike closes the northern harbour"
    return news(number, SEVEN + hours * HOUR, heading, f"{STRIKE} {more}")


def told_in(room: Room, article_id: int) -> list[tuple[int, str]]:
    with room.store.read() as connection:
        found = edition_articles.article_editions(connection, article_id)
    return [(one.edition_id, one.reason) for one in reversed(found)]


def test_every_release_of_one_blog_is_mailed_though_all_are_one_story(rooms: Room) -> None:
    rooms.declare(BLOG + DAILY, now=DECLARED)
    for day, version in enumerate(("1.2", "1.3", "1.4")):
        rooms.add(release(day + 1, version, day))
        assert run(rooms, SEVEN + day * DAY) == [("daily", "cut")]
        assert RELEASES[version] in carried(rooms)[day]
    assert len({one.story_id for one in rooms.articles().values()}) == 1
    assert run(rooms, SEVEN + 3 * DAY) == [("daily", "empty")]


def test_all_posts_of_a_week_of_one_blog_are_mailed_once_whatever_the_limits(rooms: Room) -> None:
    rooms.declare(BLOG + WEEKLY + "stories = 3\ntrending = 0\n", now=DECLARED)
    titles = [
        f"Post {word}"
        for word in ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    ]
    titles += [f"Release {number}.0" for number in range(1, 6)]
    for number, title in enumerate(titles, 1):
        rooms.add(news(number, MONDAY - number * 10 * HOUR, title))
    assert run(rooms, MONDAY) == [("daily", "cut")]
    (text,) = carried(rooms)
    assert [title for title in titles if text.count(f"\n{title}\n") != 1] == []
    assert text.index("Post one") < text.index("Release 5.0")
    assert run(rooms, MONDAY + 7 * DAY) == [("daily", "empty")]


def test_two_posts_with_one_text_are_one_item(room: Room) -> None:
    room.declare(BLOG + DAILY, now=DECLARED)
    first, again = room.add(strike(1, -5), strike(2, -4))
    assert run(room, SEVEN) == [("daily", "cut")]
    assert carried(room)[0].count("Ferry strike closes") == 1
    assert (told_in(room, first), told_in(room, again)) == ([(1, "")], [(1, "")])


def test_a_copy_of_what_was_told_repeats_and_an_edited_article_is_not_told_again(room: Room) -> None:
    room.declare(BLOG + DAILY, now=DECLARED)
    room.add(strike(1, -5))
    run(room, SEVEN)
    (copy,) = room.add(strike(2, 2))
    assert run(room, SEVEN + DAY) == [("daily", "empty")]
    assert told_in(room, copy) == [(2, LeaveReason.REPEATS)]


def test_a_blog_that_publishes_one_text_each_day_has_each_post_mailed(room: Room) -> None:
    room.declare(BLOG + DAILY, now=DECLARED)
    for day in range(3):
        room.add(strike(1 + day, 24 * day - 5))
        assert run(room, SEVEN + day * DAY) == [("daily", "cut")]
    assert run(room, SEVEN + 3 * DAY) == [("daily", "empty")]


def test_a_story_of_several_sources_comes_back_for_a_new_event_led_by_the_news(room: Room) -> None:
    room.declare(PAPERS + DAILY, now=DECLARED)
    for number, name in enumerate(("harbour", "hills", "dales"), 1):
        room.add(strike(number, -5 + number, f"So says {name}."), source=name)
    assert run(room, SEVEN) == [("daily", "cut")]
    more = "Mediator Anna Berg met Line Director Karl Holm and Minister Eva Lund in Varnholm on Tuesday."
    room.add(strike(4, 3, f"{more} {more}", "Anna Berg mediates in the ferry strike"), source="moor")
    assert run(room, SEVEN + DAY) == [("daily", "cut")]
    assert "Anna Berg mediates" in carried(room)[1]
    assert "Ferry strike closes the northern" not in carried(room)[1]
    assert "Also covered by" not in carried(room)[1]


def test_reports_that_say_the_same_are_news_when_two_more_sources_bring_them(room: Room) -> None:
    room.declare(PAPERS + DAILY, now=DECLARED)
    for number, name in enumerate(("harbour", "hills", "dales"), 1):
        room.add(strike(number, -5 + number, f"So says {name}."), source=name)
    run(room, SEVEN)
    (fourth,) = room.add(strike(4, 1, "So says moor."), source="moor")
    assert run(room, SEVEN + DAY) == [("daily", "empty")]
    assert told_in(room, fourth) == [(2, LeaveReason.REPEATS)]
    for number, name in enumerate(("moor", "coast"), 5):
        room.add(strike(number, 25 + number, f"Again the words of {name}."), source=name)
    outcome = run(room, SEVEN + 2 * DAY)
    assert outcome == [("daily", "empty")]


def test_two_more_sources_in_one_period_bring_a_story_back(room: Room) -> None:
    room.declare(PAPERS + DAILY, now=DECLARED)
    for number, name in enumerate(("harbour", "hills", "dales"), 1):
        room.add(strike(number, -5 + number, f"So says {name}."), source=name)
    run(room, SEVEN)
    longer = " ".join(
        f"The paper {word} in detail what its readers think of it." for word in ("tells", "shows")
    )
    for number, name in enumerate(("moor", "coast"), 4):
        room.add(strike(number, number, longer * (number - 3), f"Ferry strike, says {name}"), source=name)
    assert run(room, SEVEN + DAY) == [("daily", "cut")]
    (story,) = _stories(room, 2)
    assert not story["follow_up"]
    assert story["title"] in ("Ferry strike, says moor", "Ferry strike, says coast")
    assert {story["source"], *(link["source"] for link in story["covered_by"])} == {"moor", "coast"}
    assert story["other_sources"] == 1


def _stories(room: Room, edition_id: int):
    _, content = room.services.review.edition(edition_id)
    return content.to_json()["stories"]


def test_a_newsletter_of_one_source_shows_that_source_though_others_tell_the_story(room: Room) -> None:
    room.declare(PAPERS + DAILY + 'query = "source:moor"\n', now=DECLARED)
    room.add(strike(1, -6), source="harbour")
    room.add(strike(2, -5, "Moor was there.", "Ferries stay on shore"), source="moor")
    room.add(strike(3, -4, "And the moor remains.", "Ferries stay in port"), source="moor")
    assert run(room, SEVEN) == [("daily", "cut")]
    assert [story["title"] for story in _stories(room, 1)] == [
        "Ferries stay in port",
        "Ferries stay on shore",
    ]


@pytest.mark.all
def test_posts_beyond_what_fits_into_a_mail_come_in_the_next_edition(room: Room) -> None:
    room.declare(BLOG + DAILY, now=DECLARED)
    words = [f"{first}{second}" for first in "abcdefghijklmno" for second in "pqrstuvwxyz"]
    for number, word in enumerate(words, 1):
        article = news(number, SEVEN - timedelta(minutes=number), f"All about {word * 4}")
        room.add(article)
    assert run(room, SEVEN) == [("daily", "cut")]
    first = {story["article_id"] for story in _stories(room, 1)}
    assert 20 < len(first) < len(words)
    told = set(first)
    day = 1
    while len(told) < len(words):
        assert run(room, SEVEN + day * DAY) == [("daily", "cut")]
        new = {story["article_id"] for story in _stories(room, day + 1)}
        assert not new & told
        told |= new
        day += 1
    assert run(room, SEVEN + day * DAY) == [("daily", "empty")]


def test_posts_of_a_source_that_was_down_for_days_are_mailed_and_no_older_ones(rooms: Room) -> None:
    rooms.declare(BLOG + DAILY, now=DECLARED)
    rooms.add(news(1, SEVEN - 5 * HOUR, "Lighthouse library"))
    assert run(rooms, SEVEN) == [("daily", "cut")]
    back = SEVEN + 4 * DAY - HOUR
    rooms.add(
        news(2, SEVEN + DAY, "Snowy pass", seen=back),
        news(3, SEVEN + 2 * DAY, "Chess champion", seen=back),
        news(4, SEVEN - 9 * DAY, "Old bridge", seen=back),
    )
    assert run(rooms, SEVEN + 4 * DAY) == [("daily", "cut"), *[("daily", "missed")] * 3]
    assert [story["title"] for story in _stories(rooms, 5)] == ["Chess champion", "Snowy pass"]


def test_an_article_placed_after_its_edition_was_cut_comes_in_the_next_one(rooms: Room) -> None:
    rooms.declare(BLOG + DAILY, now=DECLARED)
    rooms.add(news(1, SEVEN - 5 * HOUR, "Lighthouse library"))
    assert run(rooms, SEVEN) == [("daily", "cut")]
    rooms.add(news(2, SEVEN - 4 * HOUR, "Snowy pass", seen=SEVEN - HOUR))
    assert run(rooms, SEVEN + DAY) == [("daily", "cut")]
    assert [story["title"] for story in _stories(rooms, 2)] == ["Snowy pass"]
    assert run(rooms, SEVEN + 2 * DAY) == [("daily", "empty")]


def test_what_was_withdrawn_was_told_to_nobody(room: Room) -> None:
    room.declare(BLOG + DAILY + 'approval = "2h"\n', now=DECLARED)
    room.add(release(1, "1.2", 0))
    assert run(room, SEVEN) == [("daily", "waiting")]
    editor(room.services).withdraw(1, by="ann", now=SEVEN)
    room.add(news(2, SEVEN + HOUR, RELEASES["1.2"], RELEASE.format("1.2")))
    assert run(room, SEVEN + DAY) == [("daily", "waiting")]
    assert _stories(room, 2)[0]["title"] == RELEASES["1.2"]


def test_what_an_editor_dropped_is_not_told_and_says_so(room: Room) -> None:
    room.declare(PAPERS + DAILY + 'approval = "2h"\n', now=DECLARED)
    kept, dropped = room.add(strike(1, -5), news(2, SEVEN - 2 * HOUR, "Snow on the pass"))
    run(room, SEVEN)
    place = [story["article_id"] for story in _stories(room, 1)].index(dropped) + 1
    editor(room.services).drop(1, place, by="ann", now=SEVEN)
    assert (told_in(room, kept), told_in(room, dropped)) == ([(1, "")], [(1, LeaveReason.EDITOR)])


def test_explain_answers_for_every_article_of_a_newsroom(room: Room) -> None:
    sport = DAILY.replace('"daily"', '"sport"', 1) + 'query = "section:sport"\n'
    room.declare(PAPERS + DAILY + "stories = 4\ntrending = 0\n" + sport, now=DECLARED)
    titles = ("Lighthouse library", "Snowy pass", "Chess champion", "Garden show", "Old bridge", "New tram")
    ids = []
    for number, title in enumerate(titles, 1):
        paper = ("harbour", "hills", "dales")[number % 3]
        ids += room.add(news(number, SEVEN - number * HOUR, title), source=paper)
    (old,) = room.add(news(20, SEVEN - 3 * DAY, "Older than the period"))
    (young,) = room.add(news(21, SEVEN + HOUR, "Not yet in an edition"))
    assert run(room, SEVEN) == [("daily", "cut"), ("sport", "empty")]
    newsletters = room.services.newsletters
    with room.store.read() as connection:
        answers = {
            article.id: {
                one.newsletter: one for one in article_outcomes(connection, newsletters, article, SEVEN)
            }
            for article in room.articles().values()
        }
    outcomes = [answers[article_id]["daily"].outcome for article_id in ids]
    assert (outcomes.count("told"), outcomes.count("left out")) == (4, 2)
    assert answers[old]["daily"].outcome == "missed"
    assert answers[young]["daily"].text == "waits for the edition of Wed 25 Nov 07:00 UTC"
    assert {one["sport"].outcome for one in answers.values()} == {"no match"}


def _related(room: Room, *articles: NewArticle, score: float) -> list[int]:
    """Add articles of two sources, the second of which links to the first as related with a score."""
    ids = [*room.add(articles[0]), *room.add(articles[1], source="hills")]
    room.services.stories.run(SEVEN - HOUR)
    with room.store.write() as connection:
        link = ScoredLink(article_id=ids[0], score=score, parts={})
        story_store.save_related(connection, {ids[1]: [link]})
    return ids


def test_the_same_event_is_one_item_though_it_is_two_stories(rooms: Room) -> None:
    rooms.declare(PAPERS + DAILY, now=DECLARED)
    ids = _related(rooms, strike(1, -5), news(2, SEVEN - 4 * HOUR, "Snow on the pass"), score=0.8)
    assert run(rooms, SEVEN) == [("daily", "cut")]
    (story,) = _stories(rooms, 1)
    assert {story["source"], *(link["source"] for link in story["covered_by"])} == {"harbour", "hills"}
    assert [told_in(rooms, article_id) for article_id in ids] == [[(1, "")], [(1, "")]]
    assert run(rooms, SEVEN + DAY) == [("daily", "empty")]


def test_a_round_up_is_no_item_beside_a_story_to_which_it_links(rooms: Room) -> None:
    rooms.declare(PAPERS + DAILY, now=DECLARED)
    round_up = news(2, SEVEN - HOUR, "Morning briefing: snow on the pass")
    report, briefing = _related(rooms, strike(1, -5), round_up, score=0.3)
    assert run(rooms, SEVEN) == [("daily", "cut")]
    (story,) = _stories(rooms, 1)
    assert (story["article_id"], story["other_sources"]) == (report, 1)
    assert told_in(rooms, briefing) == [(1, "")]
    with rooms.store.read() as connection:
        article = article_store.get_articles(connection, [briefing])[briefing]
        (answer,) = article_outcomes(connection, rooms.services.newsletters, article, SEVEN)
    assert answer.text.endswith('as part of the story "Ferry strike closes the northern harbour"')


def test_the_posts_of_a_source_about_one_story_stand_in_one_item(rooms: Room) -> None:
    rooms.declare(PAPERS + DAILY, now=DECLARED)
    posts = rooms.add(release(1, "1.2", 0), release(2, "1.3", 0))
    rooms.add(news(3, SEVEN - 2 * HOUR, "Snow on the pass"), source="hills")
    assert run(rooms, SEVEN) == [("daily", "cut")]
    (story,) = (one for one in _stories(rooms, 1) if one["source"] == "harbour")
    titles = {story["title"], *(link["title"] for link in story["also_from"])}
    assert (titles, story["other_sources"]) == ({RELEASES["1.2"], RELEASES["1.3"]}, 0)
    assert [told_in(rooms, article_id) for article_id in posts] == [[(1, "")], [(1, "")]]
    assert "Also from harbour:" in carried(rooms)[0]


def test_only_news_of_the_event_that_was_told_is_an_update(rooms: Room) -> None:
    rooms.declare(PAPERS + DAILY, now=DECLARED)
    rooms.add(release(1, "1.2", 0))
    rooms.add(strike(2, -5), source="hills")
    assert run(rooms, SEVEN) == [("daily", "cut")]
    rooms.add(release(3, "1.3", 1))
    more = "Mediator Anna Berg met Line Director Karl Holm and Minister Eva Lund in Varnholm on Tuesday."
    rooms.add(strike(4, 3, f"{more} {more}", "Anna Berg mediates in the ferry strike"), source="moor")
    assert run(rooms, SEVEN + DAY) == [("daily", "cut")]
    marks = {story["title"]: story["follow_up"] for story in _stories(rooms, 2)}
    assert marks[RELEASES["1.3"]]
    assert f"Update: {RELEASES['1.3']}" in carried(rooms)[1]


def test_a_story_that_an_editor_dropped_does_not_come_back_by_another_of_its_articles(room: Room) -> None:
    room.declare(PAPERS + DAILY + 'approval = "2h"\n', now=DECLARED)
    first, second = room.add(release(1, "1.2", 0), release(2, "1.3", 0))
    room.add(news(3, SEVEN - 2 * HOUR, "Snow on the pass"), source="hills")
    run(room, SEVEN)
    place = [story["source"] for story in _stories(room, 1)].index("harbour") + 1
    editor(room.services).drop(1, place, by="ann", now=SEVEN)
    assert [told_in(room, one) for one in (first, second)] == [[(1, LeaveReason.EDITOR)]] * 2
    assert ("daily", "empty") in run(room, SEVEN + DAY)

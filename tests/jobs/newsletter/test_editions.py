"""The edition job: one whole edition for each period in the newsletter's time zone, or a record of why."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from syndicate.jobs.newsletter.edition_job import EditionOutcome
from syndicate.model import NewArticle
from syndicate.newsletter.periods import period_at
from syndicate.store.core import quarantine
from syndicate.store.leases.held_lease import held_lease
from syndicate.store.mail import delivery_store, edition_store, newsletter_store
from tests.factories import new_article
from tests.jobs.room import Room, newsroom_articles, source

# Tuesday. The newsletter comes at 07:00.
SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
# When the newsletter was declared: the edition of this morning is its first.
DECLARED = SEVEN - DAY + HOUR
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
SOURCES = "".join(
    source(name, f"https://{name}.example/feed") for name in ("harbour", "hills", "dales", "moor")
)
STRIKE = """Crews of the northern ferry line stayed on shore for a second day as talks about night shifts
broke down. The harbour authority closed three piers and sent freight to the southern port."""


def news(
    number: int, published: datetime, title: str, text: str = "", seen: datetime | None = None
) -> NewArticle:
    """An article; without a text of its own one whose words no other article has."""
    words = title.lower().split()
    return new_article(
        number,
        title=title,
        text=text or " ".join(one + other for one in words for other in words),
        published=published,
        updated=published,
        first_seen=seen or published,
    )


def run(room: Room, now: datetime, **facts) -> list[tuple[str, str]]:
    """Place what came in, cut what is due: (newsletter, outcome)."""
    room.services.stories.run(now)
    return [(one.newsletter, one.outcome) for one in room.services.editions.run(now, **facts)]


def carried(room: Room) -> list[str]:
    """Subject and text of every cut edition, oldest first."""
    with room.store.read() as connection:
        reports = edition_store.report_editions(connection)
    return [one.edition.text for one in reversed(reports) if one.state == "cut"]


def states(room: Room) -> list[str]:
    with room.store.read() as connection:
        return [one.state for one in reversed(edition_store.report_editions(connection, limit=100))]


def waiting(room: Room) -> int:
    with room.store.read() as connection:
        return delivery_store.count_deliveries(connection).get("pending", 0)


@pytest.fixture
def desk(rooms: Room) -> Room:
    """One newsletter known for a month, two subscribers, and a story of yesterday."""
    rooms.declare(SOURCES + DAILY, now=DECLARED)
    rooms.subscribe("ann@example.org", "bob@example.org")
    rooms.add(news(1, SEVEN - 3 * HOUR, "Lighthouse becomes a library"))
    return rooms


def test_an_edition_is_cut_once_with_a_delivery_for_everybody(desk: Room) -> None:
    assert run(desk, SEVEN - timedelta(seconds=1)) == []
    assert run(desk, SEVEN) == [("daily", "cut")]
    assert (len(carried(desk)), waiting(desk)) == (1, 2)
    assert "Lighthouse becomes a library" in carried(desk)[0]
    assert run(desk, SEVEN + timedelta(minutes=1)) == []
    assert run(desk, SEVEN + 20 * HOUR) == []
    assert (states(desk), waiting(desk)) == (["cut"], 2)


def test_who_subscribes_after_the_cut_gets_the_next_one(desk: Room) -> None:
    run(desk, SEVEN)
    desk.subscribe("late@example.org")
    desk.add(news(2, SEVEN + HOUR, "Snow on the pass"))
    assert run(desk, SEVEN + DAY) == [("daily", "cut")]
    assert waiting(desk) == 2 + 3


def test_T8_nothing_new_is_recorded_as_empty_and_nobody_gets_mail(desk: Room) -> None:
    run(desk, SEVEN)
    assert run(desk, SEVEN + DAY) == [("daily", "empty")]
    assert run(desk, SEVEN + DAY + HOUR) == []
    assert (states(desk), waiting(desk)) == (["cut", "empty"], 2)


def test_a_period_that_nobody_cut_in_time_is_recorded_as_missed(desk: Room) -> None:
    late = SEVEN + timedelta(hours=6, seconds=1)
    assert run(desk, late) == [("daily", "missed")]
    assert run(desk, late + timedelta(minutes=1)) == []
    assert (states(desk), waiting(desk)) == (["missed"], 0)


def test_a_late_start_still_cuts_the_edition_as_of_the_end_of_its_period(desk: Room) -> None:
    desk.add(news(2, SEVEN + HOUR, "Too young for this edition"))
    assert run(desk, SEVEN + 6 * HOUR) == [("daily", "cut")]
    assert "Too young" not in carried(desk)[0]
    with desk.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    assert (report.edition.period_start, report.edition.period_end) == (SEVEN - DAY, SEVEN)


def test_a_week_of_silence_makes_one_edition_not_seven_and_lists_six_as_missed(desk: Room) -> None:
    run(desk, SEVEN)
    desk.add(news(2, SEVEN + 6 * DAY + HOUR, "Snow on the pass"))
    assert run(desk, SEVEN + 7 * DAY) == [("daily", "cut"), *[("daily", "missed")] * 6]
    assert run(desk, SEVEN + 7 * DAY + HOUR) == []
    assert states(desk) == ["cut", *["missed"] * 6, "cut"]


def test_the_first_edition_is_the_next_one_unless_the_latest_is_asked_for(room: Room) -> None:
    room.declare(SOURCES + DAILY, now=SEVEN + HOUR)
    room.add(
        news(1, SEVEN - 3 * HOUR, "Lighthouse becomes a library", seen=SEVEN + HOUR),
        news(2, SEVEN - 40 * HOUR, "Older than one period", seen=SEVEN + HOUR),
    )
    assert run(room, SEVEN + 2 * HOUR) == []
    room.declare(SOURCES + DAILY + 'first_edition = "latest"\n', now=SEVEN + 2 * HOUR)
    assert run(room, SEVEN + 2 * HOUR) == [("daily", "cut")]
    assert "Lighthouse" in carried(room)[0]
    assert "Older than one period" not in carried(room)[0]
    assert run(room, SEVEN + 3 * HOUR) == []


@pytest.mark.all
def test_a_further_post_of_its_source_and_what_others_add_bring_a_story_back(room: Room) -> None:
    room.declare(SOURCES + DAILY, now=DECLARED)
    room.add(news(1, SEVEN - 5 * HOUR, "Ferry strike closes the northern harbour", STRIKE))
    assert run(room, SEVEN) == [("daily", "cut")]
    same = f"{STRIKE} On Tuesday nothing changed."
    room.add(news(2, SEVEN + HOUR, "Ferry strike closes the harbour again", same), source="harbour")
    room.add(news(9, SEVEN + HOUR, "Snow on the pass"))
    assert run(room, SEVEN + DAY) == [("daily", "cut")]
    assert "Ferry strike closes the harbour again" in carried(room)[1]
    for number, name in enumerate(("hills", "dales", "moor"), start=3):
        text = f"{STRIKE} The mediator arrives in {name} tonight, says {name}."
        title = f"Mediator called in the northern ferry strike, {name}"
        room.add(news(number, SEVEN + DAY + number * HOUR, title, text), source=name)
    assert run(room, SEVEN + 2 * DAY) == [("daily", "cut")]
    assert "ferry strike" in carried(room)[2].lower()


def test_a_query_chooses_and_a_dry_run_stores_nothing(desk: Room) -> None:
    more = DAILY + '[[newsletters]]\nname = "sport"\nschedule = "daily 07:00"\nquery = "section:sport"\n'
    desk.declare(SOURCES + more, now=DECLARED)
    assert run(desk, SEVEN, dry_run=True) == [("daily", "cut"), ("sport", "empty")]
    assert (states(desk), waiting(desk)) == ([], 0)
    assert run(desk, SEVEN, names=["sport"]) == [("sport", "empty")]
    assert run(desk, SEVEN) == [("daily", "cut")]


@pytest.mark.all
@pytest.mark.parametrize(
    ("first", "runs"),
    [
        # Berlin's clocks go from 02:00 to 03:00 on 29 March 2026, and from 03:00 to 02:00 on 25 October.
        (datetime(2026, 3, 27, 12, tzinfo=UTC), ["28T01:30", "29T01:00", "30T00:30"]),
        pytest.param(
            datetime(2026, 10, 23, 12, tzinfo=UTC),
            ["24T00:30", "25T00:30", "26T01:30"],
            marks=pytest.mark.all,
        ),
    ],
)
def test_daylight_saving_neither_drops_nor_repeats_an_edition(
    room: Room, first: datetime, runs: list[str]
) -> None:
    nightly = '[[newsletters]]\nname = "daily"\nschedule = "daily 02:30"\ntime_zone = "Europe/Berlin"\n'
    room.declare(SOURCES + nightly, now=first)
    outcomes: list[EditionOutcome] = []
    for day, title in enumerate(("Lighthouse library", "Snowy pass", "Chess champion")):
        for quarter in range(4 * 24):
            now = first + day * DAY + timedelta(minutes=15 * quarter)
            if quarter == 0:
                room.add(news(day + 1, now, title))
                room.services.stories.run(now)
            outcomes += room.services.editions.run(now)
    assert [f"{one.period_end:%dT%H:%M}" for one in outcomes if one.period_end] == runs
    assert {one.outcome for one in outcomes} == {"cut"}


def broken_template(room: Room, text: str) -> Path:
    file = room.folder / "mine" / "mail" / "digest.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    room.declare(SOURCES + DAILY + '[templates]\nfolder = "mine"\n', now=DECLARED)
    return file


@pytest.mark.all
@pytest.mark.parametrize(
    ("text", "said"),
    [("{{ nobody_knows }}", "nobody_knows"), ("<p>No way out</p>", "unsubscribe")],
)
def test_OF5_a_broken_template_cuts_nothing_and_is_tried_again_when_it_is_mended(
    desk: Room, text: str, said: str
) -> None:
    file = broken_template(desk, text)
    assert run(desk, SEVEN) == [("daily", "failed")]
    with desk.store.read() as connection:
        (failure,) = quarantine.failures(connection)
    assert (failure.kind, failure.subject) == ("newsletter", "daily")
    assert said in failure.reason
    assert (states(desk), waiting(desk)) == ([], 0)
    file.unlink()
    desk.declare(SOURCES + DAILY, now=DECLARED)
    assert run(desk, SEVEN + HOUR) == [("daily", "cut")]
    with desk.store.read() as connection:
        assert quarantine.failures(connection) == ()


def test_a_removed_newsletter_is_not_cut_any_more(desk: Room) -> None:
    desk.declare(SOURCES, now=SEVEN - HOUR)
    assert run(desk, SEVEN) == []


@pytest.mark.all
def test_the_bundled_newsroom_makes_a_balanced_edition(room: Room) -> None:
    articles = newsroom_articles()
    papers = sorted({paper for paper, _ in articles})
    room.declare(
        "".join(source(paper, f"https://{paper}.example/feed") for paper in papers) + DAILY, now=DECLARED
    )
    for paper, article in articles:
        room.add(article, source=paper)
    run(room, SEVEN + 3 * HOUR)
    services = room.services
    period = period_at(services.newsletters[0], SEVEN + 2 * HOUR)
    draft = services.editions.draft(services.newsletters[0], period, SEVEN + 2 * HOUR)
    led = Counter(story.lead.source.name for story in draft.stories if story.kind == "top")
    assert draft.problems == ()
    assert len({story.story_id for story in draft.stories}) == len(draft.stories)
    assert not led or max(led.values()) <= 3


def pause(room: Room, name: str = "daily") -> None:
    with room.store.write() as connection:
        assert newsletter_store.pause_newsletter(connection, name)


def resume(room: Room, now: datetime, name: str = "daily") -> None:
    with room.store.write() as connection:
        assert newsletter_store.resume_newsletter(connection, name, now)


def test_a_paused_newsletter_has_no_editions_and_misses_none(desk: Room) -> None:
    pause(desk)
    assert run(desk, SEVEN) == []
    assert run(desk, SEVEN + 20 * HOUR) == []
    assert run(desk, SEVEN + 20 * HOUR, names=["daily"]) == [("daily", "paused")]
    assert (states(desk), waiting(desk)) == ([], 0)


def test_what_was_not_sent_during_a_pause_is_not_made_up_for(desk: Room) -> None:
    pause(desk)
    run(desk, SEVEN)
    resume(desk, SEVEN + HOUR)
    assert run(desk, SEVEN + HOUR) == []
    desk.add(news(2, SEVEN + 2 * HOUR, "Snow on the pass"))
    assert run(desk, SEVEN + DAY) == [("daily", "cut")]


def test_named_newsletters_leave_the_missed_periods_of_others_alone(desk: Room) -> None:
    desk.declare(SOURCES + DAILY + DAILY.replace("daily", "other", 1), now=DECLARED)
    late = SEVEN + 7 * HOUR
    assert run(desk, late, names=["daily"]) == [("daily", "missed")]
    assert run(desk, late) == [("other", "missed")]


def test_a_newsletter_that_cannot_be_cut_stops_no_other(room: Room) -> None:
    """A damaged row stands for anything that nobody foresaw."""
    second = DAILY.replace("daily", "second", 1)
    room.declare(f'{SOURCES}{DAILY}query = "source:harbour"\n{second}query = "source:hills"\n', now=DECLARED)
    (damaged,) = room.add(news(1, SEVEN - HOUR, "Lighthouse library"), source="harbour")
    room.add(news(2, SEVEN - HOUR, "Snowy pass"), source="hills")
    room.services.stories.run(SEVEN)
    with room.store.write() as connection:
        connection.execute(text("UPDATE articles SET authors_json = '{' WHERE id = :id"), {"id": damaged})
    outcomes = room.services.editions.run(SEVEN)
    assert [(one.newsletter, one.outcome) for one in outcomes] == [("daily", "failed"), ("second", "cut")]
    with room.store.read() as connection:
        assert [one.subject for one in quarantine.failures(connection)] == ["daily"]


def test_two_processes_that_tick_at_once_cut_each_newsletter_once(rooms: Room) -> None:
    rooms.declare(SOURCES + DAILY + DAILY.replace('"daily"', '"evening"', 1), now=DECLARED)
    rooms.add(news(1, SEVEN - 3 * HOUR, "Lighthouse becomes a library"))
    assert run(rooms, SEVEN - HOUR) == []
    start = threading.Barrier(2)

    def tick(owner: str) -> list[tuple[str, str]]:
        start.wait(timeout=60)
        outcomes = replace(rooms.services.editions, owner=owner).run(SEVEN)
        return [(outcome.newsletter, outcome.outcome) for outcome in outcomes]

    with ThreadPoolExecutor(2) as pool:
        outcomes = [outcome for outcomes in pool.map(tick, ("us", "them")) for outcome in outcomes]
    outcomes += run(rooms, SEVEN)
    assert sorted(outcomes) == [("daily", "cut"), ("evening", "cut")]


def test_a_newsletter_in_the_hands_of_another_process_waits_and_others_do_not(room: Room) -> None:
    room.declare(SOURCES + DAILY + DAILY.replace('"daily"', '"evening"', 1), now=DECLARED)
    room.add(news(1, SEVEN - 3 * HOUR, "Lighthouse becomes a library"))
    with held_lease(room.store, "edition:daily", owner="them", now=SEVEN):
        assert run(room, SEVEN) == [("evening", "cut")]
    assert run(room, SEVEN) == [("daily", "cut")]

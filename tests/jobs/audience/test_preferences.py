"""What readers choose really happens: their hour, their sections, their pause, and only for them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from syndicate.audience.link_tokens import make_token
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.newsletter.variants import at_cadence, cadences
from syndicate.model import SubscriptionState
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store
from tests.factories import NOW, consents, new_article, place
from tests.factories import newsletter as a_newsletter
from tests.jobs.choosing import EVENING, JO, KEEP, KIM, choose, job, sent, token, two_readers
from tests.jobs.room import Room


@pytest.fixture
def room(rooms: Room) -> Room:
    return two_readers(rooms)


def waiting(room: Room) -> dict[str, tuple[datetime, str]]:
    """When each reader's mail may go, to the hour, and its subject."""
    found: dict[str, tuple[datetime, str]] = {}
    with room.store.read() as connection:
        for moment in (EVENING + timedelta(hours=hours) for hours in range(30)):
            for row in delivery_store.list_deliveries(connection, due=moment):
                found.setdefault(row.delivery.address, (moment, row.subject))
    return found


def test_the_page_hints_at_the_mailbox_and_offers_what_there_is(room):
    page = job(room).view(token(room))
    assert page is not None
    assert (page.address, page.newsletter) == ("j••••@example.org", "The digest")
    assert page.offer.sections == ("Politics", "Sport")
    assert page.offer.languages == ("de", "en")
    assert page.offer.cadences == ("edition", "daily", "weekly")
    assert page.choices.newsletters == ("daily",)


def test_without_choices_everybody_gets_one_edition_at_once(room):
    room.services.editions.run(EVENING)
    got = waiting(room)
    assert {address: moment for address, (moment, _) in got.items()} == {JO: EVENING, KIM: EVENING}


def test_an_own_hour_lets_only_that_mail_wait(room):
    choose(room, hour=["20"], time_zone=["Europe/Lisbon"])
    room.services.editions.run(EVENING)
    assert {address: moment for address, (moment, _) in waiting(room).items()} == {
        JO: datetime(2026, 11, 24, 20, 0, tzinfo=UTC),
        KIM: EVENING,
    }


def test_an_own_hour_without_a_zone_is_the_newsletter_s(room):
    choose(room, hour=["20"])
    room.services.editions.run(EVENING)
    assert waiting(room)[JO][0] == datetime(2026, 11, 24, 19, 0, tzinfo=UTC)


def test_sections_make_a_selection_of_their_own_and_nobody_gets_two(room):
    choose(room, section=["Politics"])
    room.services.editions.run(EVENING)
    room.services.editions.run(EVENING)
    got = waiting(room)
    assert "Council" in got[JO][1]
    assert "Ferry" not in got[JO][1]
    assert set(got) == {JO, KIM}
    with room.store.read() as connection:
        assert len(delivery_store.list_deliveries(connection)) == 2


def test_equal_selections_are_rendered_once(room):
    room.subscribe(*(f"reader{number}@example.org" for number in range(5)))
    for number in range(5):
        choose(room, f"reader{number}@example.org", section=["Politics"], language=["en"])
    job, rendered = room.services.editions, []

    def message(*facts):
        rendered.append(facts)
        return job.review.renderer.message(*facts)

    review = replace(job.review, renderer=replace(job.review.renderer, message=message))
    replace(job, review=review).run(EVENING)
    assert len(rendered) == 2
    assert len(waiting(room)) == 7


def test_languages_are_a_selection_too_whatever_the_region(room):
    choose(room, section=["Politics", "Sport"], language=["de"])
    room.services.editions.run(EVENING)
    assert "Hafen" in waiting(room)[JO][1]


def test_a_selection_without_news_sends_nothing_and_says_so_once(room):
    choose(room, section=["Politics"], language=["de"])
    room.services.editions.run(EVENING)
    room.services.editions.run(EVENING)
    assert set(waiting(room)) == {KIM}


def test_all_sections_mean_those_to_come_as_well(room):
    page = choose(room, section=["Politics", "Sport"], language=["de", "en"])
    assert page.choices.selection.text() == ""


def test_a_choice_made_after_the_edition_went_out_sends_no_second_one(room):
    room.services.editions.run(EVENING)
    choose(room, section=["Politics"], now=EVENING)
    room.services.editions.run(EVENING + timedelta(minutes=1))
    choose(room, section=["Sport"], now=EVENING)
    room.services.editions.run(EVENING + timedelta(minutes=2))
    with room.store.read() as connection:
        assert len(delivery_store.list_deliveries(connection)) == 2


def test_once_a_day_means_the_last_time_of_the_day(room):
    choose(room, cadence=["daily"])
    morning = datetime(2026, 11, 25, 6, 0, tzinfo=UTC)  # 07:00 in Berlin
    (later,) = room.add(
        new_article(9, section="Sport", published=EVENING + timedelta(hours=2), title="A storm comes")
    )
    with room.store.write() as connection:
        place(connection, later)
    room.services.editions.run(EVENING)
    assert set(waiting(room)) == {JO, KIM}
    room.services.editions.run(morning)
    with room.store.read() as connection:
        counts = [report.delivery.address for report in delivery_store.list_deliveries(connection)]
    assert sorted(counts) == [JO, KIM, KIM]


def test_who_pauses_gets_nothing_until_the_pause_is_over(room):
    page = choose(room, pause=["7"])
    assert page.choices.paused_until == NOW + timedelta(days=7)
    assert str(page.zone) == "Europe/Berlin"
    room.services.editions.run(EVENING)
    assert set(waiting(room)) == {KIM}
    kept = choose(room, pause=["keep"], time_zone=["Asia/Tokyo"])
    assert (kept.choices.paused_until, str(kept.zone)) == (NOW + timedelta(days=7), "Asia/Tokyo")
    after = job(room, NOW + timedelta(days=8)).view(token(room))
    assert after is not None
    assert after.choices.paused_until is None
    assert choose(room, pause=[""]).choices.paused_until is None


def test_another_newsletter_is_a_tick_away_and_leaves_a_record(room):
    page = choose(room, newsletter=["daily", "weekly"])
    assert page.choices.newsletters == ("daily", "weekly")
    with room.store.read() as connection:
        assert consents(connection, JO)[-1][2] == page.offer.consents["weekly"]
    agreed = "The Newsroom: weekly: I want to get this newsletter by mail."
    assert page.offer.consents["weekly"].startswith(agreed)
    assert choose(room, newsletter=["weekly"]).choices.newsletters == ("weekly",)
    with room.store.read() as connection:
        (jo,) = [
            subscriber
            for subscriber in audience_store.list_subscribers(connection)
            if subscriber.address == JO
        ]
    assert jo.subscriptions == {
        "daily": SubscriptionState.UNSUBSCRIBED,
        "weekly": SubscriptionState.CONFIRMED,
    }


@pytest.mark.parametrize("name", ["section", "language"])
def test_a_list_of_which_nothing_is_ticked_is_refused_and_changes_nothing(room, name):
    choose(room, section=["Politics"], language=["de"])
    before = job(room).view(token(room))
    ticked = {"section": ["Sport"], "language": ["en"]} | {name: []}
    page = job(room).save(token(room), KEEP | {"shown": ["section", "language"]} | ticked)
    assert page is not None
    assert page.problem == name
    assert job(room).view(token(room)) == before


def test_a_list_that_the_page_did_not_show_stays_as_it_is(room):
    choose(room, section=["Politics"], shown=["section"])
    assert choose(room, hour=["7"]).choices.selection.sections == ("Politics",)


def test_a_suppressed_mailbox_gets_no_newsletter_by_a_tick(room):
    with room.store.write() as connection:
        audience_store.suppress(connection, JO, reason="complained", now=NOW)
    assert choose(room, newsletter=["daily", "weekly"]).choices.newsletters == ("daily",)


def test_looking_changes_nothing_and_a_wrong_token_shows_nothing(room):
    before = job(room).view(token(room))
    assert job(room).view(token(room)) == before
    with room.store.read() as connection:
        confirm = make_token(leases.read_secret(connection), 1, "confirm")
    for wrong in (confirm, "x" * 32, "", token(room)[:-1] + "!", "é"):
        assert job(room).view(wrong) is None
        assert job(room).save(wrong, KEEP) is None


@pytest.mark.parametrize(
    "hostile",
    [
        {"hour": ["24"]},
        {"hour": ["-1"]},
        {"hour": ["٣"]},
        {"time_zone": ["../../etc/passwd"]},
        {"cadence": ["hourly"]},
        {"section": ["'; DROP TABLE subscribers; --"]},
        {"language": ["<script>"]},
        {"pause": ["99999999999"]},
        {"newsletter": ["daily", "nobody's"]},
    ],
    ids=str,
)
@pytest.mark.sampled(4)
def test_what_was_never_offered_is_not_stored(room, hostile):
    before = choose(room)
    assert choose(room, **hostile) == before


@pytest.mark.parametrize(
    ("schedule", "offered", "weekly"),
    [
        ("daily 07:00,18:00", ("edition", "daily", "weekly"), "weekly monday 18:00"),
        ("weekdays 07:00", ("edition", "weekly"), "weekly monday 07:00"),
        ("weekly friday 07:00", ("edition",), "weekly friday 07:00"),
        ("monthly 1 07:00", ("edition",), "monthly 1 07:00"),
    ],
)
def test_only_what_is_rarer_than_the_schedule_is_offered(schedule, offered, weekly):
    one = replace(a_newsletter(), schedule=schedule)
    assert cadences(one) == offered
    assert at_cadence(one, "weekly").schedule == weekly


def test_a_pause_stops_what_waits_for_an_own_hour(room):
    choose(room, hour=["20"], time_zone=["UTC"])
    room.services.editions.run(EVENING)
    choose(room, now=EVENING, hour=["20"], time_zone=["UTC"], pause=["7"])
    result, readers = sent(room, EVENING + timedelta(hours=3))
    assert (result.cancelled, readers) == (1, ["kim"])


def test_a_pause_that_was_taken_back_stops_nothing(room):
    choose(room, hour=["20"], time_zone=["UTC"])
    room.services.editions.run(EVENING)
    choose(room, now=EVENING, hour=["20"], time_zone=["UTC"], pause=["7"])
    choose(room, now=EVENING, hour=["20"], time_zone=["UTC"], pause=[""])
    assert sent(room, EVENING + timedelta(hours=3))[1] == ["jo", "kim"]


@pytest.mark.parametrize(
    ("hour", "when"),
    [("22", EVENING + timedelta(hours=5)), ("18", EVENING + timedelta(hours=1)), ("", EVENING)],
)
def test_what_waits_for_an_own_hour_moves_with_it(room, hour, when):
    choose(room, hour=["20"], time_zone=["UTC"])
    room.services.editions.run(EVENING)
    choose(room, now=EVENING, hour=[hour], time_zone=["UTC"])
    assert waiting(room)[JO][0] == when


def test_an_hour_that_came_while_it_waited_lets_it_go_at_once_and_not_too_late(room):
    choose(room, hour=["23"], time_zone=["UTC"])
    room.services.editions.run(EVENING)
    after = EVENING + timedelta(hours=4)
    choose(room, now=after, hour=["18"], time_zone=["UTC"])
    assert waiting(room)[JO][0] == after
    assert sent(room, after + timedelta(hours=5))[1] == ["jo"]


def test_a_forged_link_waits_for_no_writer(room):
    forged = make_token(b"t" * 32, 1, "unsubscribe")
    with room.store.write():
        assert job(room).save(forged, {"save": ["yes"]}) is None
        assert job(room).renew_feed(forged) is False
        assert UnsubscribeJob(store=room.store).unsubscribe(forged) is False

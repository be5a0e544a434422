"""Editions: cut whole or not at all, once for each period, with a delivery for everyone who should get it."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from syndicate.model import DeliveryState, LeaveReason, LeftOut
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.mail import delivery_store, edition_articles, edition_store, newsletter_store
from syndicate.store.mail.edition_store import EMPTY, MISSED
from syndicate.store.subscribers import audience_store
from tests import factories
from tests.factories import NOW, PERIOD, cut, declared, edition_story, new_article, newsletter, subscribe

LONG_AGO = NOW - timedelta(days=30)


@pytest.fixture
def room(store):
    """The store and three placed articles, ready to be cut into an edition of ``daily``."""
    with store.write() as connection:
        (source,) = factories.add_sources(connection, declared())
        ids = factories.add_articles(connection, source.id, *map(new_article, (1, 2, 3)))
        newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], LONG_AGO)
        found = article_store.get_articles(connection, ids)
    return store, [found[article_id] for article_id in ids]


def rows(connection, table) -> int:
    count: int = connection.scalars(select(func.count()).select_from(table)).one()
    return count


def addresses(connection) -> list[str]:
    return sorted(one.delivery.address for one in delivery_store.list_deliveries(connection))


def test_an_edition_comes_with_its_stories_and_one_delivery_for_each_subscriber(room):
    store, found = room
    with store.write() as connection:
        subscribe(connection, "jo@example.org", "kim@example.org")
        subscribe(connection, "weekly@example.org", name="weekly")
        edition_id = cut(connection, [edition_story(found[0]), edition_story(found[1], 2)])
        assert edition_id is not None
        edition = edition_store.get_edition(connection, edition_id)
        assert edition is not None
        assert (edition.period_start, edition.period_end) == PERIOD
        assert (edition.subject, edition.html, edition.text) == ("The subject", "<p>HTML</p>", "Text")
        assert (edition.newsletter, edition.stories, edition.revision) == ("daily", 2, 0)
        assert rows(connection, schema.edition_articles) == 2
        assert addresses(connection) == ["jo@example.org", "kim@example.org"]
        assert delivery_store.count_deliveries(connection) == {"pending": 2}


def test_the_second_cut_of_a_period_changes_nothing(room):
    store, found = room
    with store.write() as connection:
        subscribe(connection, "jo@example.org")
        first = cut(connection, [edition_story(found[0])])
        subscribe(connection, "late@example.org")
        assert cut(connection, [edition_story(found[1])], rendered=("Other", "x", "x")) is None
        assert addresses(connection) == ["jo@example.org"]
        assert rows(connection, schema.editions) == rows(connection, schema.edition_articles) == 1
        assert first is not None
        assert edition_store.has_edition(connection, "daily", "edition", PERIOD[1])
        assert not edition_store.has_edition(connection, "daily", "edition", PERIOD[0])
        assert not edition_store.has_edition(connection, "weekly", "edition", PERIOD[1])


def test_an_edition_that_cannot_be_stored_whole_is_not_stored_at_all(room):
    store, found = room
    with store.write() as connection:
        subscribe(connection, "jo@example.org")
    twice = [edition_story(found[0], 1), edition_story(found[0], 2)]
    with pytest.raises(IntegrityError, match=r"(?i)unique"), store.write() as connection:
        cut(connection, twice)
    with store.write() as connection:
        assert rows(connection, schema.editions) == rows(connection, schema.deliveries) == 0
        assert cut(connection, [edition_story(found[0])]) is not None


def test_two_processes_cut_one_edition(room):
    store, found = room
    with store.write() as connection:
        subscribe(connection, *(f"reader{n}@example.org" for n in range(5)))

    def attempt(_: int) -> int | None:
        with store.write() as connection:
            return cut(connection, [edition_story(found[0])])

    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(attempt, range(4)))
    assert sum(one is not None for one in outcomes) == 1
    with store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"pending": 5}


def test_only_confirmed_and_not_suppressed_mailboxes_get_it(room):
    store, found = room
    with store.write() as connection:
        subscribe(
            connection, "jo@example.org", "left@example.org", "bounced@example.org", "Erased@example.org"
        )
        left = audience_store.subscription_of(connection, "left@example.org", "daily")
        assert left is not None
        audience_store.end_subscription(connection, left, detail="by link", now=NOW)
        audience_store.suppress(connection, "bounced@example.org", reason="bounced", now=NOW)
        audience_store.erase_subscriber(connection, "erased@example.org", NOW)
        cut(connection, [edition_story(found[0])])
        assert addresses(connection) == ["jo@example.org"]


@pytest.mark.parametrize("state", [EMPTY, MISSED])
def test_T8_a_period_without_an_edition_is_remembered_and_never_cut_later(room, state: str):
    store, found = room
    with store.write() as connection:
        assert edition_store.record_no_edition(connection, "daily", "edition", PERIOD, state, NOW)
        assert not edition_store.record_no_edition(connection, "daily", "edition", PERIOD, MISSED, NOW)
        assert cut(connection, [edition_story(found[0])]) is None
        (report,) = edition_store.report_editions(connection)
        assert (report.state, report.deliveries, report.edition.stories) == (state, {}, 0)
        assert edition_store.get_edition(connection, report.edition.id) is None


def test_what_earlier_editions_told_names_the_latest_of_each_newsletter_and_line(room):
    store, found = room
    day = timedelta(days=1)
    first, second, third = (article.id for article in found)
    with store.write() as connection:
        for days in (3, 2):
            period = (PERIOD[0] - days * day, PERIOD[1] - days * day)
            story = replace(edition_story(found[0]), tells=(first, third))
            latest = cut(connection, [story], period=period)
        cut(connection, [edition_story(found[1])], newsletter="weekly")
        told = edition_articles.carried_articles(connection, "daily", before=PERIOD[1])
        assert {one.article_id: (one.edition_id, one.lead_id) for one in told.values()} == {
            first: (latest, first),
            third: (latest, first),
        }
        some = edition_articles.carried_articles(
            connection, "daily", before=PERIOD[1], article_ids=[third, second]
        )
        assert set(some) == {third}
        assert edition_articles.carried_articles(connection, "daily", before=PERIOD[1] - 3 * day) == {}
        assert (
            edition_articles.carried_articles(
                connection,
                "daily",
                before=PERIOD[1],
                variant_key="weekly",
            )
            == {}
        )


def test_an_article_left_out_for_size_waits_for_the_next_edition_and_for_no_other_reason(room):
    store, found = room
    first, second, third = (article.id for article in found)
    with store.write() as connection:
        assert edition_articles.waiting_articles(connection, "daily", before=PERIOD[1]) is None
        period = (PERIOD[0] - timedelta(days=1), PERIOD[0])
        edition_id = cut(connection, [edition_story(found[0])], period=period) or 0
        left_out = [
            LeftOut(article_id=second, reason=LeaveReason.SIZE),
            LeftOut(article_id=third, reason=LeaveReason.NO_ROOM, detail="14/10"),
        ]
        edition_articles.save_articles(connection, edition_id, left_out=left_out)
        assert edition_articles.waiting_articles(connection, "daily", before=PERIOD[1]) == [second]
        (one,) = edition_articles.article_editions(connection, third)
        assert (one.edition_id, one.reason, one.detail) == (edition_id, "no room", "14/10")
        assert set(edition_articles.carried_articles(connection, "daily", before=PERIOD[1])) == {first}


def test_the_report_shows_the_latest_first_with_what_became_of_their_deliveries(room):
    store, found = room
    with store.write() as connection:
        subscribe(connection, "jo@example.org", "kim@example.org")
        edition_id = cut(connection, [edition_story(found[0])])
        earlier = (PERIOD[0] - timedelta(days=1), PERIOD[0])
        edition_store.record_no_edition(connection, "daily", "edition", earlier, EMPTY, NOW)
        edition_store.record_no_edition(connection, "weekly", "edition", earlier, EMPTY, NOW)
        (one, _) = delivery_store.claim_deliveries(
            connection, now=NOW, owner="us", until=NOW + timedelta(hours=1), limit=9
        )
        delivery_store.finish_delivery(connection, one.id, DeliveryState.FAILED, owner="us", now=NOW)
        reports = edition_store.report_editions(connection, newsletter="daily")
        assert [(report.state, report.deliveries) for report in reports] == [
            ("cut", {"failed": 1, "pending": 1}),
            ("empty", {}),
        ]
        assert reports[0].edition.id == edition_id
        assert len(edition_store.report_editions(connection, limit=2)) == 2
        assert edition_store.get_edition(connection, 999) is None


def test_a_cut_without_a_newsletter_is_refused_by_the_store(store):
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"), store.write() as connection:
        edition_store.record_no_edition(connection, "nobody", "edition", PERIOD, EMPTY, NOW)

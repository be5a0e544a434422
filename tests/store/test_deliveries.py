"""Deliveries: every change of state that is allowed, none that is not, and who may make it."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import Connection, Row, insert, select, update

from syndicate.model import Delivery, DeliveryCause, DeliveryState
from syndicate.store import schema
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.mail import delivery_store, sending_pauses
from syndicate.store.subscribers import audience_store
from tests import factories
from tests.factories import NOW

UNTIL = NOW + timedelta(minutes=15)
LATER = UNTIL + timedelta(seconds=1)
PENDING, SENDING, SENT = DeliveryState.PENDING, DeliveryState.SENDING, DeliveryState.SENT
DEFERRED, FAILED = DeliveryState.DEFERRED, DeliveryState.FAILED
UNCERTAIN, CANCELLED = DeliveryState.UNCERTAIN, DeliveryState.CANCELLED
ENDED = (SENT, FAILED, UNCERTAIN, CANCELLED)


@pytest.fixture
def connection(store):
    """One edition on its way to one mailbox."""
    with store.write() as connection:
        factories.newsroom(connection, "jo@example.org")
        yield connection


def claim(connection, *, now=NOW, owner="us", until=UNTIL, limit=50, **which) -> list[Delivery]:
    return delivery_store.claim_deliveries(
        connection, now=now, owner=owner, until=until, limit=limit, **which
    )


def begin(connection, delivery: Delivery, *, owner="us", now=NOW) -> bool:
    return delivery.id in delivery_store.begin_sending(
        connection, [delivery.id], owner=owner, now=now, until=UNTIL
    )


def finish(connection, delivery: Delivery, state: DeliveryState, *, owner="us", **facts) -> bool:
    return delivery_store.finish_delivery(connection, delivery.id, state, owner=owner, now=NOW, **facts)


def look(connection) -> delivery_store.DeliveryReport:
    (report,) = delivery_store.list_deliveries(connection)
    return report


def state(connection) -> DeliveryState:
    return look(connection).delivery.state


def row(connection: Connection) -> Row[Any]:
    return connection.execute(select(schema.deliveries)).one()


def put(connection, to: DeliveryState, *, owner: str = "us") -> Delivery:
    """The delivery in a state, leased."""
    values = {"state": to.value, "lease_owner": owner, "lease_until": UNTIL}
    connection.execute(update(schema.deliveries).values(**values))
    return look(connection).delivery


def test_a_delivery_goes_from_pending_by_way_of_sending_to_sent(connection):
    (delivery,) = claim(connection)
    assert (delivery.address, delivery.state, delivery.attempts) == ("jo@example.org", PENDING, 0)
    assert begin(connection, delivery)
    assert (state(connection), look(connection).delivery.attempts) == (SENDING, 1)
    assert finish(connection, delivery, SENT, code=250)
    report = look(connection)
    assert (report.delivery.state, report.delivery.attempts, report.code) == (SENT, 1, 250)
    assert (report.newsletter, report.subject) == ("daily", "The subject")
    assert (row(connection).lease_owner, claim(connection, now=LATER)) == ("", [])


@pytest.mark.parametrize("end", [SENT, FAILED, UNCERTAIN, DEFERRED])
def test_an_attempt_ends_in_what_the_server_said(connection, end: DeliveryState):
    (delivery,) = claim(connection)
    begin(connection, delivery)
    assert finish(connection, delivery, end, code=451, error="later", not_before=LATER)
    report = look(connection)
    assert (report.delivery.state, report.code, report.error) == (end, 451, "later")
    assert report.delivery.attempts == 1


def test_DF1_an_attempt_that_was_refused_before_the_body_counts_as_one(connection):
    (delivery,) = claim(connection)
    finish(connection, delivery, DEFERRED, code=450, not_before=LATER)
    assert (state(connection), look(connection).delivery.attempts) == (DEFERRED, 1)


def test_DF4_a_deferred_delivery_is_due_again_at_its_time(connection):
    (delivery,) = claim(connection)
    finish(connection, delivery, DEFERRED, not_before=LATER)
    assert (claim(connection, now=UNTIL), delivery_store.count_due(connection, UNTIL)) == ([], 0)
    assert delivery_store.next_delivery(connection) == LATER
    assert delivery_store.count_due(connection, LATER) == 1
    (again,) = claim(connection, now=LATER, until=LATER + timedelta(minutes=15))
    assert (again.id, again.state, again.attempts) == (delivery.id, DEFERRED, 1)
    assert begin(connection, again)
    assert look(connection).delivery.attempts == 2


@pytest.mark.parametrize("before", [SENDING, *ENDED])
def test_what_is_under_way_or_has_ended_is_never_claimed_or_begun(connection, before: DeliveryState):
    delivery = put(connection, before)
    assert claim(connection, now=LATER) == []
    assert not begin(connection, delivery)
    assert state(connection) is before


def test_what_has_ended_cannot_end_otherwise(connection):
    for before, after in product(ENDED, (SENT, FAILED, DEFERRED, PENDING)):
        delivery = put(connection, before)
        assert not finish(connection, delivery, after, error="too late")
        assert (state(connection), row(connection).error) == (before, "")


@pytest.mark.parametrize("before", [PENDING, SENDING, DEFERRED])
def test_only_the_holder_of_the_lease_changes_a_delivery(connection, before: DeliveryState):
    delivery = put(connection, before, owner="them")
    assert not begin(connection, delivery, owner="us")
    assert not finish(connection, delivery, SENT, owner="us")
    delivery_store.release_deliveries(connection, [delivery.id], owner="us")
    delivery_store.postpone_delivery(connection, delivery.id, owner="us", not_before=LATER)
    assert (state(connection), row(connection).lease_owner) == (before, "them")
    assert row(connection).not_before == NOW


def test_SF6_an_expired_lease_is_claimable_again_because_nothing_was_sent(connection):
    claim(connection, owner="dead")
    assert claim(connection, owner="us", now=UNTIL) == []
    (delivery,) = claim(connection, owner="us", now=LATER, until=LATER + timedelta(minutes=15))
    assert not begin(connection, delivery, owner="dead")
    assert state(connection) is PENDING
    assert begin(connection, delivery, owner="us")


def test_a_row_left_in_sending_becomes_uncertain_and_stays_so(connection):
    (delivery,) = claim(connection, owner="dead")
    begin(connection, delivery, owner="dead")
    assert delivery_store.mark_stuck_uncertain(connection, now=UNTIL) == 0
    assert delivery_store.mark_stuck_uncertain(connection, now=LATER) == 1
    report = look(connection)
    assert (report.delivery.state, report.cause) == (UNCERTAIN, DeliveryCause.INTERRUPTED)
    assert delivery_store.mark_stuck_uncertain(connection, now=LATER) == 0
    assert claim(connection, now=LATER + timedelta(days=3)) == []
    assert not finish(connection, delivery, SENT, owner="dead")


@pytest.mark.parametrize("before", [PENDING, DEFERRED, *ENDED])
def test_only_sending_can_become_uncertain_by_the_clock(connection, before: DeliveryState):
    put(connection, before)
    assert delivery_store.mark_stuck_uncertain(connection, now=LATER) == 0
    assert state(connection) is before


def test_somebody_who_left_in_the_meantime_is_cancelled_at_the_last_moment(connection):
    (delivery,) = claim(connection)
    audience_store.end_subscription(connection, delivery.subscription_id, detail="by link", now=NOW)
    assert not begin(connection, delivery)
    report = look(connection)
    assert (report.delivery.state, report.cause) == (CANCELLED, DeliveryCause.LEFT)
    assert (report.delivery.attempts, row(connection).lease_owner) == (0, "")


def test_a_refused_delivery_needs_a_person_until_its_subscription_ends(connection):
    (delivery,) = claim(connection)
    assert delivery_store.count_refused(connection) == 0
    finish(connection, delivery, FAILED, code=550, error="no such mailbox")
    assert delivery_store.count_refused(connection) == 1
    audience_store.end_subscription(connection, delivery.subscription_id, detail="by the operator", now=NOW)
    assert delivery_store.count_refused(connection) == 0


def test_somebody_erased_in_the_meantime_gets_nothing(connection):
    (delivery,) = claim(connection)
    audience_store.erase_subscriber(connection, "jo@example.org", NOW)
    assert not begin(connection, delivery)
    assert delivery_store.list_deliveries(connection) == []


def test_many_begin_and_end_in_one_statement_each(store):
    with store.write() as connection:
        factories.newsroom(connection, *(f"reader{number}@example.org" for number in range(5)))
        ids = [one.id for one in claim(connection)]
        audience_store.end_all_subscriptions(connection, "reader1@example.org", detail="by link", now=NOW)
        begun = delivery_store.begin_sending(connection, ids, owner="us", now=NOW, until=UNTIL)
        assert begun == set(ids) - {ids[1]}
        assert delivery_store.begin_sending(connection, ids, owner="us", now=NOW, until=UNTIL) == set()
        assert delivery_store.mark_sent(connection, ids, owner="them", now=NOW) == 0
        assert delivery_store.mark_sent(connection, ids, owner="us", now=NOW) == 4
        assert delivery_store.mark_sent(connection, ids, owner="us", now=NOW) == 0
        assert delivery_store.count_deliveries(connection) == {"cancelled": 1, "sent": 4}


def test_a_batch_and_the_look_for_confirmations_read_no_other_mail_of_a_long_queue(sqlite_store):
    statements: list[str] = []
    with sqlite_store.write() as connection:
        factories.newsroom(connection, *(f"reader{number}@example.org" for number in range(9)))
        driver: Any = connection.connection.driver_connection
        driver.set_trace_callback(statements.append)
        ids = [delivery.id for delivery in claim(connection)]
        delivery_store.extend_claims(connection, ids, owner="us", until=LATER)
        delivery_store.put_off(connection, ids, owner="us", not_before=NOW)
        ids = [delivery.id for delivery in claim(connection)]
        audience_store.end_all_subscriptions(connection, "reader1@example.org", detail="by link", now=NOW)
        delivery_store.begin_sending(connection, ids, owner="us", now=NOW, until=UNTIL)
        delivery_store.release_deliveries(connection, ids, owner="us")
        changing = [sql for sql in statements if sql.startswith("UPDATE deliveries")]
        statements.clear()
        claim(connection, confirmations=True)
        delivery_store.is_any_due(connection, now=NOW, confirmations=True)
        driver.set_trace_callback(None)
        looking = [sql for sql in statements if "deliveries" in sql]

        def steps(sql: str) -> list[str]:
            return [str(row[3]) for row in driver.execute(f"EXPLAIN QUERY PLAN {sql}")]

        assert len(changing) >= 6
        for sql in changing:
            assert steps(sql)[0] == "SEARCH deliveries USING INTEGER PRIMARY KEY (rowid=?)", sql
        assert len(looking) == 2
        for sql in looking:
            assert any("INDEX deliveries_confirmations (sender=? AND not" in step for step in steps(sql)), sql


@pytest.mark.parametrize("before", [PENDING, DEFERRED, *ENDED])
def test_only_what_was_begun_can_have_been_sent(connection, before: DeliveryState):
    delivery = put(connection, before)
    assert delivery_store.mark_sent(connection, [delivery.id], owner="us", now=NOW) == 0
    assert state(connection) is before


def test_a_pause_ends_at_its_time_or_when_somebody_says_so(connection):
    assert sending_pauses.sending_pause(connection, NOW) is None
    pause = sending_pauses.SendingPause(until=LATER, reason="bad login", refusals=3)
    sending_pauses.pause_sending(connection, pause)
    assert sending_pauses.sending_pause(connection, NOW) == pause
    assert sending_pauses.sending_pause(connection, LATER) is None
    assert sending_pauses.latest_pause(connection) == pause
    sending_pauses.resume_sending(connection)
    assert sending_pauses.latest_pause(connection) is None


def test_a_pause_that_an_older_version_wrote_counts_no_refusals(connection):
    value = json.dumps([to_microseconds(LATER), "bad login"])
    connection.execute(insert(schema.meta).values(key="sending paused", value=value))
    expected = sending_pauses.SendingPause(until=LATER, reason="bad login", refusals=0)
    assert sending_pauses.sending_pause(connection, NOW) == expected


@pytest.mark.parametrize("before", [UNCERTAIN, FAILED])
def test_a_person_may_ask_for_one_more_attempt(connection, before: DeliveryState):
    delivery = put(connection, before)
    connection.execute(update(schema.deliveries).values(lease_owner="", lease_until=NOW, attempts=1))
    assert delivery_store.resend(connection, delivery.id, now=LATER)
    assert not delivery_store.resend(connection, delivery.id, now=LATER)
    (again,) = claim(connection, now=LATER, until=LATER + timedelta(minutes=15))
    assert (again.id, again.state, again.attempts) == (delivery.id, PENDING, 1)


@pytest.mark.parametrize("before", [PENDING, SENDING, SENT, DEFERRED, CANCELLED])
def test_nothing_else_can_be_sent_again(connection, before: DeliveryState):
    delivery = put(connection, before)
    assert not delivery_store.resend(connection, delivery.id, now=LATER)
    assert not delivery_store.resend(connection, 999, now=LATER)
    assert state(connection) is before


def test_deliveries_that_were_not_begun_are_given_back_or_postponed(connection):
    (delivery,) = claim(connection)
    delivery_store.release_deliveries(connection, [delivery.id], owner="us")
    (delivery,) = claim(connection, owner="them")
    delivery_store.postpone_delivery(connection, delivery.id, owner="them", not_before=LATER)
    report = look(connection)
    assert (report.delivery.state, report.delivery.attempts, report.error) == (PENDING, 0, "")
    assert (row(connection).lease_owner, row(connection).not_before) == ("", LATER)


@pytest.mark.parametrize("before", [SENDING, *ENDED])
def test_what_was_begun_is_neither_given_back_nor_postponed(connection, before: DeliveryState):
    delivery = put(connection, before)
    delivery_store.release_deliveries(connection, [delivery.id], owner="us")
    delivery_store.postpone_delivery(connection, delivery.id, owner="us", not_before=LATER)
    assert (state(connection), row(connection).lease_owner, row(connection).error) == (before, "us", "")


def test_DF17_two_senders_at_once_get_different_deliveries(store):
    addresses = [f"reader{number:02}@example.org" for number in range(60)]
    with store.write() as connection:
        factories.newsroom(connection, *addresses)

    def take(owner: str) -> list[str]:
        with store.write() as connection:
            return [one.address for one in claim(connection, owner=owner, limit=25)]

    with ThreadPoolExecutor(4) as pool:
        taken = [address for found in pool.map(take, "abcd") for address in found]
    assert sorted(taken) == addresses


def test_the_list_shows_what_was_asked_for_latest_change_first(store):
    with store.write() as connection:
        factories.newsroom(connection, *(f"reader{number}@example.org" for number in range(4)))
        first, second, *_ = claim(connection)
        delivery_store.finish_delivery(
            connection, second.id, FAILED, owner="us", now=NOW + timedelta(minutes=1)
        )
        delivery_store.finish_delivery(
            connection, first.id, DEFERRED, owner="us", now=NOW + timedelta(minutes=2), not_before=LATER
        )

        def found(**facts) -> list[int]:
            return [one.delivery.id for one in delivery_store.list_deliveries(connection, **facts)]

        assert found(limit=2) == [first.id, second.id]
        assert found(states=[FAILED]) == [second.id]
        assert found(states=[PENDING, DEFERRED], due=NOW) == sorted(
            set(found()) - {first.id, second.id}, reverse=True
        )
        assert delivery_store.count_deliveries(connection) == {"deferred": 1, "failed": 1, "pending": 2}

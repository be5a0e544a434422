"""Imported subscribers: who left, bounced or complained elsewhere stays away here, on both engines."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from syndicate.model import ImportedSubscriber, Standing, SubscriptionState
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store
from syndicate.store.subscribers import audience_store, field_store, import_store, subscriber_export
from syndicate.store.subscribers.suppression_list import lift_suppression, reason_not_liftable
from tests.factories import NOW, newsletter, subscribe

JO = "jo@example.org"
LONG_AGO = datetime(2019, 3, 4, 5, 6, tzinfo=UTC)


@pytest.fixture
def connection(store):
    with store.write() as connection:
        leases.ensure_secret(connection)
        newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
        yield connection


def row(standing: Standing = Standing.SUBSCRIBED, address: str = JO, **more: Any) -> ImportedSubscriber:
    facts: dict[str, Any] = {"file": "list.csv", "line": 2, "text": address, "newsletter": "daily"} | more
    return ImportedSubscriber(address=address, address_key=address, standing=standing, **facts)


def imported(connection, *rows: ImportedSubscriber, now: datetime = NOW) -> list[str]:
    found = import_store.import_rows(connection, rows, agreed="I agree", now=now)
    return [outcome for _, outcome in found]


def states(connection, address: str = JO) -> dict[str, str]:
    listed = audience_store.list_subscribers(connection)
    return {
        name: state.value
        for subscriber in listed
        if subscriber.address == address
        for name, state in subscriber.subscriptions.items()
    }


def consents(connection, address: str = JO) -> list[dict[str, Any]]:
    data = subscriber_export.export_subscriber_data(connection, address)
    return data["consents"] if data else []


ENDS = (Standing.UNSUBSCRIBED, Standing.BLOCKED, Standing.BOUNCED, Standing.COMPLAINED)


def test_a_subscriber_comes_with_name_date_tags_fields_and_proof(connection):
    facts: dict[str, Any] = {"name": "Jo", "language": "en", "tags": ("vip",), "fields": {"city": "Bath"}}
    assert imported(connection, row(since=LONG_AGO, proof="OPTIN_IP: 198.51.100.7", **facts)) == ["added"]
    (jo,) = audience_store.list_subscribers(connection)
    assert (jo.name, jo.language, jo.created, jo.tags, jo.fields) == (
        "Jo",
        "en",
        LONG_AGO,
        ["vip"],
        {"city": "Bath"},
    )
    (consent,) = consents(connection)
    assert (consent["event"], consent["agreed"]) == ("subscribed by operator", "I agree")
    assert consent["detail"] == "imported from list.csv, line 2; OPTIN_IP: 198.51.100.7"
    assert imported(connection, row(tags=("new",), fields={"city": "Leeds", "age": "41"})) == ["already"]
    assert field_store.tags_of(connection, jo.id) == ("new", "vip")
    assert field_store.fields_of(connection, jo.id) == {"age": "41", "city": "Bath"}


def test_a_date_in_the_future_is_not_believed(connection):
    imported(connection, row(since=NOW + timedelta(days=1)))
    assert audience_store.list_subscribers(connection)[0].created == NOW


@pytest.mark.parametrize("standing", ENDS)
def test_who_left_elsewhere_is_subscribed_by_no_later_import_or_command(connection, standing):
    assert imported(connection, row(standing, ended=LONG_AGO, name="Jo")) == [standing.value]
    assert states(connection) == {"daily": "unsubscribed"}
    gone = "left" if standing is Standing.UNSUBSCRIBED else "suppressed"
    assert imported(connection, row()) == [gone]
    assert subscribe(connection, JO) == [gone]
    facts = subscriber_export.subscription_facts(connection)
    ((_, fact),) = facts.items()
    reason = "" if standing is Standing.UNSUBSCRIBED else standing.value
    assert (fact["ended"], fact["reason"]) == (LONG_AGO.isoformat(), reason)


@pytest.mark.parametrize("standing", ENDS)
def test_who_left_elsewhere_leaves_here_too(connection, standing):
    subscribe(connection, JO)
    subscribe(connection, JO, name="weekly")
    assert imported(connection, row(standing)) == [standing.value]
    everywhere = "confirmed" if standing is Standing.UNSUBSCRIBED else "unsubscribed"
    assert states(connection) == {"daily": "unsubscribed", "weekly": everywhere}
    assert "imported from list.csv" in consents(connection)[-1]["detail"]


def test_a_reader_who_confirmed_here_after_leaving_there_is_kept(connection):
    subscribe(connection, JO)
    audience_store.confirm_subscription(connection, JO, "daily", detail="", agreed="", now=NOW)
    assert imported(connection, row(Standing.UNSUBSCRIBED, ended=LONG_AGO)) == ["kept"]
    assert imported(connection, row(Standing.UNSUBSCRIBED)) == ["kept"]
    assert states(connection) == {"daily": "confirmed"}
    later = NOW + timedelta(days=2)
    assert imported(
        connection,
        row(Standing.UNSUBSCRIBED, ended=NOW + timedelta(days=1)),
        now=later,
    ) == ["unsubscribed"]
    assert states(connection) == {"daily": "unsubscribed"}


def test_a_mailbox_that_bounced_before_its_owner_confirmed_another_newsletter_here_is_kept(connection):
    subscribe(connection, JO, name="weekly")
    audience_store.confirm_subscription(connection, JO, "weekly", detail="", agreed="", now=NOW)
    assert imported(connection, row(Standing.BOUNCED, ended=LONG_AGO)) == ["kept"]
    assert states(connection) == {"weekly": "confirmed"}
    assert imported(connection, row(Standing.BOUNCED)) == ["bounced"]
    assert states(connection) == {"daily": "unsubscribed", "weekly": "unsubscribed"}


@pytest.mark.parametrize(
    "standing",
    [Standing.UNCONFIRMED, Standing.UNKNOWN, Standing.DUPLICATE, Standing.INVALID],
)
def test_other_rows_write_nothing(connection, standing):
    assert imported(connection, row(standing)) == [standing.value]
    assert audience_store.list_subscribers(connection) == []
    assert consents(connection) == []


def test_a_request_without_confirmation_becomes_a_subscription(connection):
    audience_store.request_subscription(connection, JO, JO, "daily", NOW)
    assert imported(connection, row()) == ["added"]
    assert states(connection) == {"daily": SubscriptionState.CONFIRMED}


def test_an_erased_mailbox_stays_erased(connection):
    subscribe(connection, JO)
    audience_store.end_all_subscriptions(connection, JO, detail="", now=NOW)
    audience_store.erase_subscriber(connection, JO, NOW)
    for standing in (Standing.SUBSCRIBED, *ENDS):
        assert imported(connection, row(standing)) == ["suppressed"]
    assert audience_store.list_subscribers(connection) == []


def test_a_later_row_of_a_mailbox_may_end_what_an_earlier_one_began(connection):
    rows = [row(), row(Standing.UNSUBSCRIBED, line=3), row(address="mo@example.org")]
    assert imported(connection, *rows) == ["added", "unsubscribed", "added"]
    assert states(connection) == {"daily": "unsubscribed"}


def test_a_mailbox_that_bounced_elsewhere_can_be_released_and_a_blocked_one_cannot(connection):
    imported(connection, row(Standing.BOUNCED), row(Standing.BLOCKED, "mo@example.org"))
    assert reason_not_liftable(connection, JO) == ""
    assert lift_suppression(connection, JO, why="works again", now=NOW) == ["daily"]
    assert "blocked" in reason_not_liftable(connection, "mo@example.org")


def test_many_rows_are_many_subscribers(connection):
    rows: Sequence[ImportedSubscriber] = [row(address=f"reader{n}@example.org") for n in range(1201)]
    assert imported(connection, *rows) == ["added"] * 1201
    assert imported(connection, *rows) == ["already"] * 1201
    assert audience_store.count_readers(connection) == 1201


@pytest.mark.parametrize("first", [Standing.UNSUBSCRIBED, Standing.BLOCKED, Standing.COMPLAINED])
@pytest.mark.parametrize("swapped", [False, True])
def test_a_mailbox_that_also_bounced_never_comes_back_in_whatever_order_the_lists_come(
    connection, first, swapped
):
    for standing in (Standing.BOUNCED, first) if swapped else (first, Standing.BOUNCED):
        imported(connection, row(standing))
    if not reason_not_liftable(connection, JO):
        lift_suppression(connection, JO, why="works again", now=NOW)
    assert imported(connection, row()) in (["left"], ["suppressed"])
    assert states(connection) == {"daily": "unsubscribed"}


def test_a_mailbox_that_bounced_and_was_erased_stays_erased(connection):
    imported(connection, row(Standing.BOUNCED))
    audience_store.erase_subscriber(connection, JO, NOW)
    for standing in (Standing.SUBSCRIBED, *ENDS):
        assert imported(connection, row(standing)) == ["suppressed"]
    assert audience_store.list_subscribers(connection) == []

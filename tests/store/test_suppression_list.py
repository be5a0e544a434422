"""Who is gone stays gone: in another store too, and against the operator's wish unless only mail bounced."""

from datetime import timedelta

import pytest

from syndicate.model import SubscriptionState
from syndicate.store.mail import bounce_store, newsletter_store
from syndicate.store.subscribers import audience_store, suppression_list
from tests.factories import NOW, consents, newsletter, subscribe

JO = "jo@example.org"
LATER = NOW + timedelta(days=1)


@pytest.fixture
def connection(store):
    with store.write() as connection:
        newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
        subscribe(connection, JO)
        subscribe(connection, JO, name="weekly")
        yield connection


def give_up(connection, reason: str) -> None:
    audience_store.suppress(connection, JO, reason=reason, now=NOW)
    audience_store.end_all_subscriptions(
        connection, JO, detail=f"{reason}: 5.1.1", now=NOW, end_reason=reason
    )


def the_id(connection, newsletter: str) -> int:
    found = audience_store.subscription_of(connection, JO, newsletter)
    assert found is not None
    return found


def states(connection) -> dict[str, SubscriptionState]:
    return audience_store.list_subscribers(connection)[0].subscriptions


def test_C8_a_mailbox_that_bounced_is_let_back_in_with_a_reason(connection):
    audience_store.end_subscription(connection, the_id(connection, "weekly"), detail="by the link", now=NOW)
    give_up(connection, "bounced too often")
    assert suppression_list.reason_not_liftable(connection, JO) == ""
    assert suppression_list.lift_suppression(connection, JO, why="the provider mended it", now=LATER) == [
        "daily"
    ]
    assert audience_store.suppression(connection, JO) is None
    assert states(connection) == {
        "daily": SubscriptionState.CONFIRMED,
        "weekly": SubscriptionState.UNSUBSCRIBED,
    }
    assert consents(connection, JO)[-1][:2] == ("allowed by operator", "the provider mended it")
    assert suppression_list.last_lifted_at(connection, JO) == LATER


def test_C8_who_leaves_after_their_mailbox_bounced_is_not_let_back_in(connection):
    give_up(connection, "bounced")
    for detail in ("by the link", "once more"):
        audience_store.end_subscription(connection, the_id(connection, "daily"), detail=detail, now=LATER)
    assert [one[1] for one in consents(connection, JO)][-1] == "by the link"
    assert suppression_list.lift_suppression(connection, JO, why="the provider mended it", now=LATER) == [
        "weekly"
    ]
    assert states(connection)["daily"] is SubscriptionState.UNSUBSCRIBED


def test_C8_who_complained_left_or_was_erased_is_not_let_back_in(connection):
    assert suppression_list.reason_not_liftable(connection, JO) != ""
    give_up(connection, "bounced")
    bounce_store.record_bounce(
        connection,
        subscription_id=the_id(connection, "daily"),
        delivery_id=1,
        kind="complaint",
        status="",
        detail="abuse",
        now=NOW,
    )
    assert "complained" in suppression_list.reason_not_liftable(connection, JO)
    audience_store.erase_subscriber(connection, JO, NOW)
    assert "erased" in suppression_list.reason_not_liftable(connection, JO)


def test_who_is_gone_from_one_store_is_gone_from_another(connection):
    gone = [
        suppression_list.SuppressionEntry(address_key=JO, newsletter="daily", reason="unsubscribed"),
        suppression_list.SuppressionEntry(address_key="kim@example.org", newsletter="", reason="complained"),
        suppression_list.SuppressionEntry(
            address_key="nobody@example.org", newsletter="daily", reason="unsubscribed"
        ),
    ]
    assert suppression_list.import_suppressions(connection, gone, detail="from a file", now=NOW) == 2
    assert suppression_list.import_suppressions(connection, gone, detail="from a file", now=NOW) == 0
    assert states(connection)["daily"] is SubscriptionState.UNSUBSCRIBED
    assert states(connection)["weekly"] is SubscriptionState.CONFIRMED
    assert suppression_list.list_suppressions(connection) == gone[:2]

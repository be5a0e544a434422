"""Who reads: nobody who left comes back by import, and every consent leaves a record."""

import ast
import inspect
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from syndicate import store as store_room
from syndicate.model import SubscriptionState
from syndicate.store.mail import delivery_store, newsletter_store
from syndicate.store.subscribers import audience_store, subscriber_export
from tests import factories
from tests.factories import NOW, newsletter, subscribe

JO = "jo@example.org"


@pytest.fixture
def connection(store):
    with store.write() as connection:
        newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
        yield connection


def the_subscription(connection, name: str = "daily") -> int:
    found = audience_store.subscription_of(connection, JO, name)
    assert found is not None
    return found


def test_an_operator_subscribes_a_mailbox_once_for_each_newsletter(connection):
    assert subscribe(connection, JO, JO) == ["added", "already"]
    assert subscribe(connection, JO, name="weekly") == ["added"]
    (jo,) = audience_store.list_subscribers(connection)
    assert jo.subscriptions == {
        "daily": SubscriptionState.CONFIRMED,
        "weekly": SubscriptionState.CONFIRMED,
    }
    assert audience_store.count_subscriptions_by_state(connection) == {
        "daily": {"confirmed": 1},
        "weekly": {"confirmed": 1},
    }


def test_DF16_two_spellings_of_one_mailbox_are_one_subscriber_as_first_written(connection):
    assert subscribe(connection, "Jo@example.org", JO) == ["added", "already"]
    assert [one.address for one in audience_store.list_subscribers(connection)] == ["Jo@example.org"]


def test_who_unsubscribed_is_not_subscribed_again_by_the_operator(connection):
    subscribe(connection, JO)
    assert audience_store.end_subscription(connection, the_subscription(connection), detail="link", now=NOW)
    assert subscribe(connection, JO) == ["left"]
    assert subscribe(connection, JO, name="weekly") == ["added"]
    assert (
        audience_store.list_subscribers(connection)[0].subscriptions["daily"]
        is SubscriptionState.UNSUBSCRIBED
    )


def test_a_suppressed_mailbox_is_never_subscribed_whatever_is_imported(connection):
    audience_store.suppress(connection, JO, reason="bounced", now=NOW)
    audience_store.suppress(connection, JO, reason="again", now=NOW)
    assert subscribe(connection, JO) == ["suppressed"]
    assert audience_store.list_subscribers(connection) == []


def test_a_suppression_says_whether_it_is_new(connection):
    reasons = ("bounced", "bounced", "blocked", "blocked")
    said = [audience_store.suppress(connection, JO, reason=reason, now=NOW) for reason in reasons]
    assert said == [True, False, True, False], "what a person asks for replaces what a mailbox did"


def test_erasing_removes_the_person_and_keeps_the_suppression_and_the_record(connection):
    factories.newsroom(connection, JO)
    assert audience_store.erase_subscriber(connection, JO, NOW)
    assert not audience_store.erase_subscriber(connection, JO, NOW)
    assert not audience_store.list_subscribers(connection)
    assert not delivery_store.list_deliveries(connection)
    assert audience_store.subscription_of(connection, JO, "daily") is None
    assert subscribe(connection, JO) == ["suppressed"]
    assert factories.consents(connection, JO) == []
    hashed = audience_store.suppression_hash(connection, JO)
    assert [detail for _, detail, _ in factories.consents(connection, hashed)] == [""]
    assert JO not in hashed


def test_every_consent_and_its_end_is_recorded_with_its_evidence(connection):
    subscribe(connection, JO)
    subscription = the_subscription(connection)
    later = NOW + timedelta(days=1)
    audience_store.end_subscription(connection, subscription, detail="by the link in a mail", now=later)
    person = subscriber_export.export_subscriber_data(connection, JO)
    assert person is not None
    facts = ("recorded", "newsletter", "event", "detail")
    assert [tuple(one[fact] for fact in facts) for one in person["consents"]] == [
        (NOW.isoformat(), "daily", "subscribed by operator", "a signed form"),
        (later.isoformat(), "daily", "unsubscribed", "by the link in a mail"),
    ]
    assert subscriber_export.export_subscriber_data(connection, "kim@example.org") is None


def test_WF2_unsubscribing_twice_is_harmless_and_recorded_once(connection):
    subscribe(connection, JO)
    subscription = the_subscription(connection)
    ended = [
        audience_store.end_subscription(connection, subscription, detail="link", now=NOW) for _ in range(2)
    ]
    assert ended == [True, False]
    assert len(factories.consents(connection, JO)) == 2
    assert audience_store.end_subscription(connection, 999, detail="link", now=NOW) is None


def test_a_mailbox_can_leave_everything_at_once(connection):
    subscribe(connection, JO)
    subscribe(connection, JO, name="weekly")
    ended = [audience_store.end_all_subscriptions(connection, JO, detail="asked", now=NOW) for _ in range(2)]
    assert ended == [2, 0]
    assert audience_store.count_subscriptions_by_state(connection) == {
        "daily": {"unsubscribed": 1},
        "weekly": {"unsubscribed": 1},
    }
    assert (
        audience_store.end_all_subscriptions(connection, "kim@example.org", detail="asked", now=NOW) is None
    )


def test_subscribers_are_listed_by_address_all_or_those_of_one_newsletter(connection):
    subscribe(connection, "zoe@example.org", "Adam@example.org")
    subscribe(connection, JO, name="weekly")
    assert [one.address for one in audience_store.list_subscribers(connection)] == [
        "Adam@example.org",
        JO,
        "zoe@example.org",
    ]
    (jo,) = audience_store.list_subscribers(connection, newsletter="weekly")
    assert (jo.address, jo.created, jo.subscriptions) == (JO, NOW, {"weekly": SubscriptionState.CONFIRMED})


def test_a_subscription_knows_its_newsletter(connection):
    subscribe(connection, JO, name="weekly")
    assert (
        audience_store.subscription_newsletter(connection, the_subscription(connection, "weekly")) == "weekly"
    )
    assert audience_store.subscription_newsletter(connection, 999) is None


def changes_of_consents(module: ast.Module) -> Iterator[str]:
    """The functions of a module that update or delete rows of the record of consents."""
    imports = (node for node in ast.walk(module) if isinstance(node, ast.ImportFrom))
    imported = {
        alias.asname or alias.name for node in imports for alias in node.names if alias.name == "consents"
    }
    for function in (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef)):
        names = {"schema.consents"} | imported
        for one in (node for node in ast.walk(function) if isinstance(node, ast.Assign)):
            targets = one.targets[0].elts if isinstance(one.targets[0], ast.Tuple) else one.targets
            values = one.value.elts if isinstance(one.value, ast.Tuple) else [one.value]
            pairs = zip(targets, values, strict=False)
            names |= {ast.unparse(to) for to, value in pairs if ast.unparse(value) == "schema.consents"}
        for call in (node for node in ast.walk(function) if isinstance(node, ast.Call) and node.args):
            if ast.unparse(call.func) in ("update", "delete") and ast.unparse(call.args[0]) in names:
                yield function.name


def test_the_record_of_consents_only_grows_but_for_an_erasure():
    folder = Path(inspect.getfile(store_room)).parent
    found = {
        f"{file.stem}.{name}"
        for file in folder.rglob("*.py")
        for name in changes_of_consents(ast.parse(file.read_text("utf-8")))
    }
    assert found == {"audience_store.erase_subscriber"}
    written = "".join(file.read_text("utf-8") for file in [*folder.rglob("*.sql"), *folder.rglob("*.py")])
    assert not re.search(r"(?i)(update|delete\s+from|drop\s+table)\s+consents", written)

"""WebSub subscriptions: requests to hubs, verification, leases and their end."""

import pytest

from syndicate.model import HubState
from tests.factories import NOW
from tests.jobs.hub import Hub
from tests.jobs.ingest.websub_hub import (
    DAY,
    HOUR,
    PUBLIC,
    clock,
    declare,
    feed,
    keep,
    read,
    state,
    subscribe,
    subscription,
)
from tests.jobs.room import BASE, SITE, Room, item, source


def test_W5_W7_a_feed_that_names_a_hub_is_subscribed_to_and_verified(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    (form,) = hub.asked
    assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", hub.url("/topic"))
    assert form["hub.callback"].startswith(hub.site + "/websub/")
    assert len(form["hub.callback"].rpartition("/")[2]) >= 32
    assert 32 <= len(form["hub.secret"]) < 200
    hub_subscription = subscription(hub)
    assert (hub_subscription.state, hub_subscription.expires, hub_subscription.next_try) == (
        HubState.ACTIVE,
        NOW + 10 * DAY,
        NOW + 8 * DAY,
    )


def test_W7_a_question_about_what_we_did_not_ask_for_is_a_404(hub: Hub) -> None:
    hub.room.ingest()
    keep(hub)
    (form,) = hub.asked
    assert hub.ask_back(form, topic="https://other.example/")[0] == 404
    assert hub.ask_back(form, mode="unsubscribe")[0] == 404
    assert hub.ask_back(form, mode="publish")[0] == 404
    assert hub.ask_back(form, challenge="")[0] == 404
    assert hub.ask_back(form | {"hub.callback": hub.site + "/websub/unknown"})[0] == 404
    assert hub.call("GET", hub.site + "/websub/" + "x" * 500)[0] == 404
    assert subscription(hub).state is HubState.ASKED


def test_who_guesses_a_callback_does_not_wait_for_the_store(hub: Hub) -> None:
    hub.room.ingest()
    keep(hub)
    (form,) = hub.asked
    # A single writer at a time: a verification that wrote would wait for this transaction.
    with hub.room.store.write():
        assert hub.ask_back(form | {"hub.callback": hub.site + "/websub/guessed"})[0] == 404
        assert hub.ask_back(form | {"hub.callback": hub.site + "/websub/guessed"}, mode="denied")[0] == 404


def test_W12_bytes_no_store_can_hold_are_a_404_on_both_engines(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    form = hub.asked[-1]
    assert hub.call("GET", hub.site + "/websub/%00")[0] == 404
    assert hub.call("POST", hub.site + "/websub/%00", b"x")[0] == 404
    assert hub.ask_back(form, topic="\0")[0] == 404
    assert hub.ask_back(form, mode="denied", reason="a\0b\n\x1b[1mc")[0] == 200
    assert subscription(hub).error == "the hub refused: ab [1mc"


def test_W12_nobody_unknown_makes_us_read_a_long_body(hub: Hub) -> None:
    too_long = b" " * (hub.limit + 1)
    assert hub.call("POST", hub.site + "/websub/unknown", too_long)[0] == 404


def test_W7_the_answer_may_be_asked_for_twice_and_is_plain_text(hub: Hub) -> None:
    subscribe(hub)
    assert hub.ask_back(hub.asked[-1], challenge="<script>") == (200, b"<script>")


def test_W8_a_hub_may_refuse_and_the_polls_go_on_as_usual(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    hub.push(feed(hub, item(1)))
    read(hub)
    assert hub.ask_back(hub.asked[-1], mode="denied", reason="no more", challenge="")[0] == 200
    hub_subscription, after = subscription(hub), state(hub)
    assert (hub_subscription.state, hub_subscription.error, hub_subscription.expires) == (
        HubState.DENIED,
        "the hub refused: no more",
        None,
    )
    assert after.websub_lease_until is None
    assert after.next_check
    assert after.next_check < NOW + HOUR
    assert keep(hub, NOW + 6 * DAY) == {"asked": 0, "failed": 0}
    assert keep(hub, NOW + 7 * DAY)["asked"] == 1


def test_W11_a_lease_is_renewed_before_its_end(hub: Hub) -> None:
    subscribe(hub)
    assert keep(hub, NOW + 8 * DAY - HOUR)["asked"] == 0
    assert keep(hub, NOW + 8 * DAY)["asked"] == 1
    assert subscription(hub).state is HubState.ACTIVE
    clock(hub, NOW + 8 * DAY)
    hub.ask_back(hub.asked[-1], lease_seconds="3600")
    assert subscription(hub).expires == NOW + 8 * DAY + HOUR


def test_W11_a_lease_that_ran_out_gives_the_polls_back(hub: Hub) -> None:
    subscribe(hub)
    hub.push(feed(hub, item(1)))
    read(hub)
    hub.status = 500
    for hours in range(8 * 24, 11 * 24):
        keep(hub, NOW + hours * HOUR)
    assert state(hub).websub_lease_until is None
    hub_subscription = subscription(hub)
    assert hub_subscription.state is HubState.ASKED
    assert "answered 500" in hub_subscription.error
    assert 5 <= len(hub.asked) <= 20
    assert hub.push(feed(hub, item(2))) == 404


def test_W6_a_hub_may_have_moved_and_says_why_it_refuses(hub: Hub) -> None:
    hub.feed = feed(hub, item(5), where="/moved")
    hub.status, hub.said = 422, b"topic not known here\n"
    hub.room.ingest()
    assert keep(hub) == {"asked": 0, "failed": 1}
    assert len(hub.asked) == 1
    assert subscription(hub).error.endswith("answered 422 to the form: topic not known here")


def test_W11_a_paused_source_leaves_its_hub_and_answers_410(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    declare(hub, paused="true")
    clock(hub)
    assert keep(hub)["asked"] == 1
    form = hub.asked[-1]
    assert (form["hub.mode"], form["hub.topic"]) == ("unsubscribe", hub.url("/topic"))
    assert "hub.secret" not in form
    assert hub.push(feed(hub, item(1))) == 410
    assert hub.ask_back(form) == (200, b"a-challenge")
    assert hub.push(feed(hub, item(1))) == 410
    assert keep(hub, NOW + DAY) == {"asked": 0, "failed": 0}


def test_a_hub_that_never_confirms_a_farewell_is_left_all_the_same(hub: Hub) -> None:
    subscribe(hub)
    declare(hub, paused="true")
    for hours in range(48):
        keep(hub, NOW + hours * HOUR)
    assert [form["hub.mode"] for form in hub.asked] == ["subscribe"] + ["unsubscribe"] * 3


def test_a_feed_that_changes_its_hub_leaves_the_old_one_and_asks_the_new_one(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    first = subscription(hub)
    hub.feed = feed(hub, item(4), item(5), where="/other")
    hub.room.ingest(NOW + HOUR)
    keep(hub, NOW + HOUR)
    hub.ask_back(hub.asked[-1])
    hub.feed = feed(hub, item(3), item(4), where="/other")
    hub.room.ingest(NOW + 2 * HOUR)
    keep(hub, NOW + 2 * HOUR)
    second = subscription(hub)
    assert (second.hub, second.state) == (hub.url("/other"), HubState.ASKED)
    assert second.callback != first.callback
    assert second.secret != first.secret


def test_everything_survives_a_restart(hub: Hub) -> None:
    hub.room.ingest()
    declare(hub)
    clock(hub)
    keep(hub)
    declare(hub)
    clock(hub)
    assert hub.ask_back(hub.asked[-1])[0] == 200
    hub.push(feed(hub, item(1)))
    declare(hub)
    assert read(hub)["new"] == 1


@pytest.mark.parametrize(
    ("base", "wanted"),
    [
        (BASE, True),
        (BASE.replace("allow_private = true", "").replace(SITE, PUBLIC), True),
        (BASE.replace("allow_private = true", "").replace(SITE, "http://10.1.2.3:8000"), False),
        (BASE.replace("allow_private = true", "").replace(SITE, "http://localhost:8000"), False),
        (BASE + '[web]\nlisten = ""\n', False),
        (BASE.replace("host_gap", "websub = false\nhost_gap"), False),
    ],
    ids=["allowed", "public", "private", "loopback", "no-web-server", "turned-off"],
)
def test_hubs_are_used_only_where_they_can_reach_us(room: Room, base: str, wanted: bool) -> None:
    room.declare("", base=base)
    assert room.services.reached_by_hubs is wanted


def test_W18_a_hub_in_a_private_network_is_not_asked(hub: Hub) -> None:
    hub.room.ingest()
    hub.room.declare(
        source("harbour", hub.url("/feed")),
        base=BASE.replace("allow_private = true", "").replace(SITE, PUBLIC),
    )
    assert keep(hub) == {"asked": 0, "failed": 1}
    assert hub.asked == []
    assert "private or reserved address" in subscription(hub).error

"""WebSub from discovery to articles: a hub on loopback, our real web server, a real store."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.model import HubState, HubSubscription, ParsedSource, SourceState
from syndicate.store.ingest import hub_store, source_store
from tests.factories import NOW
from tests.jobs.hub import Hub
from tests.jobs.room import BASE, SITE, Room, item, rss, source

PUBLIC = "https://news.org"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def feed(hub: Hub, *items: dict[str, str], where: str = "/hub") -> bytes:
    links = (
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="hub" href="{hub.url(where)}"/>'
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="self" href="{hub.url("/topic")}"/>'
    )
    return rss(*items).replace(b"</title>", b"</title>" + links.encode(), 1)


def declare(hub: Hub, more: str = "", **fields: str) -> None:
    base = BASE.replace(SITE, hub.site)
    hub.room.declare(source("harbour", hub.url("/feed"), **fields) + more, base=base)


@pytest.fixture
def hub(room: Room) -> Iterator[Hub]:
    """A hub whose topic has one article."""
    with opened(room) as hub:
        yield hub


@pytest.fixture
def each_hub(rooms: Room) -> Iterator[Hub]:
    """The same on both engines."""
    with opened(rooms) as hub:
        yield hub


@contextmanager
def opened(room: Room) -> Iterator[Hub]:
    with Hub(room) as hub:
        hub.feed = feed(hub, item(5))
        declare(hub)
        clock(hub)
        yield hub


def clock(hub: Hub, now: datetime = NOW) -> None:
    """What the web server takes for the present."""
    services = hub.room.services
    services.__dict__["websub"] = replace(services.websub, clock=lambda: now)


def subscription(hub: Hub) -> HubSubscription:
    with hub.room.store.read() as connection:
        (found,) = hub_store.list_hub_subscriptions(connection).values()
    return found


def state(hub: Hub) -> SourceState:
    with hub.room.store.read() as connection:
        (report,) = source_store.report_sources(connection, week_ago=NOW)
    return report.state


def keep(hub: Hub, now=NOW) -> dict[str, int]:
    return hub.room.services.websub.keep_subscriptions(now)


def read(hub: Hub, now=NOW) -> dict[str, int]:
    return hub.room.services.websub.read_pushes(now)


def subscribe(hub: Hub) -> None:
    hub.room.ingest()
    keep(hub)
    assert hub.ask_back(hub.asked[-1]) == (200, b"a-challenge")


def test_W5_W7_a_feed_that_names_a_hub_is_subscribed_to_and_verified(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    (form,) = hub.asked
    assert (form["hub.mode"], form["hub.topic"]) == ("subscribe", hub.url("/topic"))
    assert form["hub.callback"].startswith(hub.site + "/websub/")
    assert len(form["hub.callback"].rpartition("/")[2]) >= 32
    assert 32 <= len(form["hub.secret"]) < 200
    one = subscription(hub)
    assert (one.state, one.expires, one.next_try) == (HubState.ACTIVE, NOW + 10 * DAY, NOW + 8 * DAY)


def test_what_a_hub_sends_becomes_articles_and_the_polls_validators_stay(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    before = state(hub)
    assert hub.push(feed(hub, item(1), item(5))) == 202
    assert read(hub) == {"pushes": 1, "new": 1, "changed": 0}
    after = state(hub)
    assert set(hub.room.articles()) == {"Title 1", "Title 5"}
    assert (after.etag, after.body_hash, after.last_attempt) == ('"1"', before.body_hash, before.last_attempt)
    assert read(hub) == {}


def test_F17_a_source_whose_hub_has_sent_is_polled_once_a_day(hub: Hub) -> None:
    subscribe(hub)
    usual = state(hub).next_check
    hub.push(feed(hub, item(1), item(5)))
    read(hub)
    after = state(hub)
    assert usual
    assert after.next_check
    assert usual < NOW + HOUR < NOW + DAY <= after.next_check
    assert "WebSub" in after.check_reason
    assert after.websub_lease_until == NOW + 10 * DAY


def test_a_hub_that_never_sent_does_not_slow_the_polls(hub: Hub) -> None:
    subscribe(hub)
    hub.feed = feed(hub, item(1), item(5))
    hub.room.ingest(NOW + HOUR)
    after = state(hub).next_check
    assert after
    assert after < NOW + 2 * HOUR


def test_a_hub_that_stops_sending_is_found_out_by_the_polls(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    hub.push(feed(hub, item(1), item(5)))
    read(hub)
    hub.feed = feed(hub, item(0, "Missed by the hub"), item(1), item(5))
    hub.room.ingest(NOW + 2 * DAY)
    after = state(hub)
    assert after.websub_lease_until is None
    assert after.next_check
    assert after.next_check < NOW + 3 * DAY
    hub.push(feed(hub, item(-1, "Sent again"), item(1)))
    read(hub, NOW + 2 * DAY)
    assert state(hub).websub_lease_until == NOW + 10 * DAY


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_W9_every_method_of_signing_is_understood(hub: Hub, method: str) -> None:
    subscribe(hub)
    assert hub.push(feed(hub, item(1)), method) == 202
    assert read(hub)["new"] == 1


@pytest.mark.parametrize(
    "signature", ["", "sha256=", "sha256=00", "md5=d41d8cd98f00b204e9800998ecf8427e", "sha256", "é=é"]
)
def test_W9_a_wrong_signature_is_answered_well_and_ignored(hub: Hub, signature: str) -> None:
    subscribe(hub)
    assert hub.push(feed(hub, item(1)), X_Hub_Signature=signature) == 202
    assert hub.push(feed(hub, item(1)), secret="guessed") == 202
    assert read(hub) == {}
    assert set(hub.room.articles()) == {"Title 5"}


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
    # One writer at a time: a question that wrote would get its answer when this one is done, or none.
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
    one, after = subscription(hub), state(hub)
    assert (one.state, one.error, one.expires) == (HubState.DENIED, "the hub refused: no more", None)
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
    one = subscription(hub)
    assert one.state is HubState.ASKED
    assert "answered 500" in one.error
    assert 5 <= len(hub.asked) <= 20
    assert hub.push(feed(hub, item(2))) == 404


def test_W6_a_hub_may_have_moved_and_says_why_it_refuses(hub: Hub) -> None:
    hub.feed = feed(hub, item(5), where="/moved")
    hub.status, hub.said = 422, b"topic not known here\n"
    hub.room.ingest()
    assert keep(hub) == {"asked": 0, "failed": 1}
    assert len(hub.asked) == 1
    assert subscription(hub).error.endswith("answered 422 to our form: topic not known here")


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


def test_W4_link_fields_come_before_the_document(hub: Hub) -> None:
    hub.links = (f'<{hub.url("/first")}>; rel="hub", </t>; rel=self', '<https://second.example/>; rel="hub"')
    hub.room.ingest()
    one = subscription(hub)
    assert (one.hub, one.topic) == (hub.url("/first"), hub.url("/t"))


def test_a_ping_without_content_makes_us_look_soon(hub: Hub) -> None:
    subscribe(hub)
    hub.feed = feed(hub, item(1), item(5))
    assert hub.push(b"something happened") == 202
    read(hub)
    assert "could not be read" in state(hub).check_reason
    assert hub.room.ingest(NOW + timedelta(minutes=2))["harbour"].new == 1


def test_a_push_beyond_the_limit_is_refused_unread(hub: Hub) -> None:
    subscribe(hub)
    assert hub.push(b" " * (hub.limit + 1)) == 413
    assert read(hub) == {}


def test_a_hub_that_sends_without_end_is_not_kept_up_with(hub: Hub) -> None:
    subscribe(hub)
    for number in range(hub_store.MAX_WAITING_PUSHES + 3):
        assert hub.push(feed(hub, item(number))) == 202
    with hub.room.store.read() as connection:
        assert len(hub_store.waiting_pushes(connection, limit=100)) == hub_store.MAX_WAITING_PUSHES


def test_a_push_that_a_poll_is_in_the_way_of_waits(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    hub.push(feed(hub, item(1)))
    with hub.room.store.write() as connection:
        source_store.claim_due_sources(
            connection, now=NOW, owner="poll", until=NOW + HOUR, limit=9, names=["harbour"]
        )
    assert read(hub)["new"] == 0
    assert read(hub, NOW + 2 * HOUR)["new"] == 1


def test_a_push_that_brings_out_a_bug_is_set_aside_and_stops_no_other(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    parsers = hub.room.services.parsers

    class Strange(ParserPool):
        def parse(self, body: bytes, **facts: Any) -> ParsedSource:
            if b"Title 1" in body:
                raise RuntimeError("a bug")
            return parsers.parse(body, **facts)

    for number in (2, 1):
        assert hub.push(feed(hub, item(number), item(5))) == 202
    websub = hub.room.services.websub
    with Strange(1) as pool:
        strange = replace(websub, intake=replace(websub.intake, parser=lambda: pool))
        assert strange.read_pushes(NOW) == {"pushes": 2, "new": 1, "changed": 0}
        assert strange.read_pushes(NOW) == {}
    assert set(hub.room.articles()) == {"Title 2", "Title 5"}
    assert "could not be read (WebSub)" in state(hub).check_reason


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


def test_without_tls_a_hub_is_told_no_secret_and_believed_only_that_something_is_new(hub: Hub) -> None:
    hub.room.declare(
        source("harbour", hub.url("/feed")),
        base=BASE.replace("allow_private = true", 'allow_private = ["127.0.0.0/8"]').replace(SITE, PUBLIC),
    )
    clock(hub)
    hub.room.ingest()
    keep(hub)
    form = hub.asked[-1] | {"hub.callback": hub.asked[-1]["hub.callback"].replace(PUBLIC, hub.site)}
    assert hub.ask_back(form)[0] == 200
    assert "hub.secret" not in form
    assert hub.call("POST", form["hub.callback"], feed(hub, item(1)))[0] == 202
    assert read(hub) == {}
    assert state(hub).next_check == NOW + timedelta(minutes=1)


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

"""WebSub pushes: deliveries of hubs become articles."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import ParsedSource
from syndicate.store.ingest import hub_store, source_store
from tests.factories import NOW
from tests.jobs.hub import Hub
from tests.jobs.ingest.websub_hub import (
    DAY,
    HOUR,
    NOTHING,
    PUBLIC,
    clock,
    feed,
    keep,
    read,
    state,
    subscribe,
    subscription,
)
from tests.jobs.room import BASE, SITE, item, source


def test_what_a_hub_sends_becomes_articles_and_the_polls_validators_stay(each_hub: Hub) -> None:
    hub = each_hub
    subscribe(hub)
    before = state(hub)
    assert hub.push(feed(hub, item(1), item(5))) == 202
    assert read(hub) == {"pushes": 1, "new": 1, "changed": 0}
    after = state(hub)
    assert set(hub.room.articles()) == {"Title 1", "Title 5"}
    assert (after.etag, after.body_hash, after.last_attempt) == ('"1"', before.body_hash, before.last_attempt)
    assert read(hub) == NOTHING


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
    assert read(hub) == NOTHING
    assert set(hub.room.articles()) == {"Title 5"}


def test_W4_link_fields_come_before_the_document(hub: Hub) -> None:
    hub.links = (f'<{hub.url("/first")}>; rel="hub", </t>; rel=self', '<https://second.example/>; rel="hub"')
    hub.room.ingest()
    hub_subscription = subscription(hub)
    assert (hub_subscription.hub, hub_subscription.topic) == (hub.url("/first"), hub.url("/t"))


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
    assert read(hub) == NOTHING


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
        def parse(self, request: ParseRequest) -> ParsedSource:
            if b"Title 1" in request.body:
                raise RuntimeError("a bug")
            return parsers.parse(request)

    for number in (2, 1):
        assert hub.push(feed(hub, item(number), item(5))) == 202
    websub = hub.room.services.websub
    with Strange(1) as pool:
        strange = replace(websub, importer=replace(websub.importer, parser=lambda: pool))
        assert strange.read_pushes(NOW) == NOTHING | {"pushes": 2, "new": 1}
        assert strange.read_pushes(NOW) == NOTHING
    assert set(hub.room.articles()) == {"Title 2", "Title 5"}
    assert "could not be read (WebSub)" in state(hub).check_reason


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
    assert read(hub) == NOTHING
    assert state(hub).next_check == NOW + timedelta(minutes=1)

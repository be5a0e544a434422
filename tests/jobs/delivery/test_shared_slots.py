"""Rate limits that hold over processes, by slots in the store."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from syndicate.delivery.rate_limit import RateLimits
from syndicate.jobs.delivery.shared_slots import MAX_WAIT, SharedSlots
from syndicate.store.mail import delivery_store
from tests import factories
from tests.factories import NOW

READERS = [f"reader{number}@{domain}" for number in range(20) for domain in ("example.org", "example.net")]


@pytest.fixture
def store(store):
    with store.write() as connection:
        factories.newsroom(connection, *READERS)
    return store


def send(
    store, owner: str, now: datetime, limits: RateLimits, limit: int = 500
) -> list[tuple[str, datetime]]:
    """Claim what is due, send what gets a slot within a minute, and return addresses with their slots."""
    slots, sent = SharedSlots(limits, owner), []
    with store.write() as connection:
        until = now + timedelta(minutes=1)
        claimed = delivery_store.claim_deliveries(connection, now=now, owner=owner, until=until, limit=limit)
        for delivery in claimed:
            wait = slots.reserve(connection, [delivery], now)[delivery.id]
            if wait is not None:
                sent.append((delivery.address, now + timedelta(seconds=wait)))
                delivery_store.begin_sending(connection, [delivery.id], owner=owner, now=now, until=until)
    return sent


def gaps(times: list[datetime]) -> set[float]:
    ordered = sorted(times)
    return {round((later - before).total_seconds(), 3) for before, later in pairwise(ordered)}


def test_two_processes_share_the_slots_of_all_mails(store):
    limits = RateLimits(rate=60)
    sent = [*send(store, "us", NOW, limits, limit=15), *send(store, "them", NOW, limits, limit=15)]
    assert len(sent) == 30
    assert gaps([at for _, at in sent]) == {1.0}


def test_two_processes_share_the_slots_of_a_domain(store):
    limits = RateLimits(domain_rate=60)
    sent = [*send(store, "us", NOW, limits, limit=15), *send(store, "them", NOW, limits, limit=15)]
    for domain in ("example.org", "example.net"):
        times = [at for address, at in sent if address.endswith(domain)]
        assert (len(times), gaps(times)) == (15, {1.0})


def test_a_process_that_follows_another_keeps_the_distance(store):
    limits = RateLimits(rate=6)
    (before,) = send(store, "dead", NOW, limits, limit=1)
    (after,) = send(store, "us", NOW + timedelta(seconds=2), limits, limit=1)
    assert after[1] - before[1] == timedelta(seconds=10)


@pytest.mark.all
def test_what_is_put_off_is_sent_at_the_rate_and_nothing_waits_for_ever(store):
    limits, sent, now = RateLimits(domain_rate=6), list[tuple[str, datetime]](), NOW
    while len(sent) < len(READERS):
        sent += send(store, "us", now, limits)
        now += timedelta(seconds=5)
        assert now < NOW + timedelta(minutes=4)
    assert Counter(address for address, _ in sent) == Counter(READERS)
    for domain in ("example.org", "example.net"):
        assert gaps([at for address, at in sent if address.endswith(domain)]) == {10.0}


def test_only_mails_of_the_next_minute_reserve_their_slots(store):
    limits = RateLimits(rate=1)
    assert len(send(store, "us", NOW, limits)) == 2
    late = NOW + timedelta(seconds=MAX_WAIT + 60)
    with store.read() as connection:
        assert delivery_store.count_due(connection, late) == 1
        assert delivery_store.count_due(connection, NOW + timedelta(minutes=39)) == len(READERS) - 2

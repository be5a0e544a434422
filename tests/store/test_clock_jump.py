"""A machine that starts with a wrong clock, reads its sources, and is then set right."""

from dataclasses import replace
from datetime import datetime, timedelta

from syndicate.model import SourceState
from syndicate.store.ingest import declared_sources, source_store
from tests.factories import NOW, declared


def claimed(store, now: datetime) -> list[int]:
    with store.write() as connection:
        found = source_store.claim_due_sources(
            connection, now=now, owner="us", until=now + timedelta(minutes=10), limit=100
        )
        return [source.id for source, _ in found]


def test_a_poll_from_the_future_does_not_silence_a_source(store):
    wrong = NOW + timedelta(days=1500)
    with store.write() as connection:
        declared_sources.sync_sources(connection, [declared()], wrong)
    (source,) = claimed(store, wrong)
    polled = SourceState(last_attempt=wrong, last_success=wrong, next_check=wrong + timedelta(hours=1))
    with store.write() as connection:
        source_store.save_poll(connection, source, polled, owner="us")

    assert claimed(store, NOW) == [source]

    right = replace(polled, last_attempt=NOW, last_success=NOW, next_check=NOW + timedelta(hours=1))
    with store.write() as connection:
        source_store.save_poll(connection, source, right, owner="us")
    assert claimed(store, NOW) == []


def test_a_small_step_back_asks_nobody_early(store):
    with store.write() as connection:
        declared_sources.sync_sources(connection, [declared()], NOW)
    (source,) = claimed(store, NOW)
    polled = SourceState(last_attempt=NOW, last_success=NOW, next_check=NOW + timedelta(hours=1))
    with store.write() as connection:
        source_store.save_poll(connection, source, polled, owner="us")

    assert claimed(store, NOW - timedelta(minutes=5)) == []

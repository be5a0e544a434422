"""Deliveries by the shard of their recipient's domain."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from syndicate.model.shards import SHARDS, shard_of, shard_of_address
from syndicate.store import schema
from syndicate.store.core.migration import shard_subscribers
from syndicate.store.mail import delivery_store
from tests import factories
from tests.factories import NOW

READERS = ("jo@example.org", "kim@example.net", "lee@EXAMPLE.org")
UNTIL = NOW + timedelta(minutes=1)


@pytest.fixture
def store(store):
    with store.write() as connection:
        factories.newsroom(connection, *READERS)
    return store


def shards(connection, table) -> dict[str, int]:
    rows = connection.execute(select(table.c.address, table.c.shard))
    return {row.address.lower(): row.shard for row in rows}


def test_a_subscriber_and_its_deliveries_have_the_shard_of_the_domain(store):
    expected = {reader.lower(): shard_of(reader.lower().partition("@")[2]) for reader in READERS}
    assert expected["jo@example.org"] == shard_of_address("jo@example.org") != expected["kim@example.net"]
    with store.read() as connection:
        assert shards(connection, schema.subscribers) == shards(connection, schema.deliveries) == expected


def test_a_claim_of_a_shard_takes_only_its_deliveries(store):
    with store.write() as connection:
        found = {
            shard: delivery_store.claim_deliveries(
                connection, now=NOW, owner="us", until=UNTIL, limit=9, shard=shard
            )
            for shard in range(SHARDS)
            if delivery_store.is_any_due(connection, now=NOW, shard=shard)
        }
    assert {shard: len(claimed) for shard, claimed in found.items()} == {
        shard_of("example.org"): 2,
        shard_of("example.net"): 1,
    }


def test_counts_and_ends_of_a_shard_leave_other_shards_alone(store):
    late = NOW + timedelta(days=400)
    shard = shard_of("example.net")
    with store.write() as connection:
        assert delivery_store.count_due(connection, NOW, shard=shard) == 1
        assert delivery_store.fail_late(connection, now=late, shard=shard) == 1
        assert delivery_store.count_due(connection, late) == 2


def test_a_renewed_claim_stays_with_its_owner_and_what_is_being_sent_keeps_its_end(store):
    later = UNTIL + timedelta(seconds=1)
    with store.write() as connection:
        claimed = delivery_store.claim_deliveries(connection, now=NOW, owner="us", until=UNTIL, limit=9)
        ids = [delivery.id for delivery in claimed]
        delivery_store.begin_sending(connection, ids[:1], owner="us", now=NOW, until=UNTIL)
        delivery_store.extend_claims(connection, ids, owner="us", until=UNTIL + timedelta(minutes=1))
        delivery_store.extend_claims(connection, ids, owner="them", until=NOW)
        again = delivery_store.claim_deliveries(connection, now=later, owner="us", until=UNTIL, limit=9)
        assert again == []
        assert delivery_store.mark_stuck_uncertain(connection, now=later) == 1


def test_rows_of_an_older_store_get_their_shards(store):
    with store.write() as connection:
        before = shards(connection, schema.deliveries)
        for table in (schema.subscribers, schema.deliveries):
            connection.execute(update(table).values(shard=0))
        shard_subscribers(connection)
        assert shards(connection, schema.deliveries) == shards(connection, schema.subscribers) == before

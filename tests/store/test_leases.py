"""Leases, the store's secret, its counters, and the daemon's advisory lock."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import StoreBusy
from syndicate.store import open_store
from syndicate.store.ingest import source_store
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from tests import factories
from tests.factories import NOW

UNTIL = NOW + timedelta(minutes=10)


def take(store, owner: str, *, now=NOW, until=UNTIL) -> bool:
    with store.write() as connection:
        return leases.take_lease(connection, "stories", owner=owner, now=now, until=until)


def test_a_lease_has_one_holder_who_may_renew_it(store):
    assert take(store, "us")
    assert not take(store, "them")
    assert take(store, "us", until=UNTIL + timedelta(minutes=10))
    assert not take(store, "them", now=UNTIL + timedelta(minutes=1))


def test_SF6_a_lease_that_ran_out_is_anybodys(store):
    take(store, "dead")
    assert not take(store, "us", now=UNTIL)
    assert take(store, "us", now=UNTIL + timedelta(seconds=1), until=UNTIL + timedelta(hours=1))
    assert not take(store, "dead", now=UNTIL + timedelta(seconds=2))


def test_a_lease_is_given_back_by_its_holder_only(store):
    take(store, "us")
    for owner, free in (("them", False), ("us", True)):
        with store.write() as connection:
            leases.release_lease(connection, "stories", owner=owner)
        with store.write() as connection:
            assert leases.take_lease(connection, "stories", owner="new", now=NOW, until=UNTIL) is free


def test_a_lease_that_a_wrong_clock_made_endless_is_freed_and_an_ordinary_one_is_not(store):
    """A container is killed whose clock was a year ahead; the next one has another name."""
    year = timedelta(days=365)
    take(store, "lost:1", now=NOW + year, until=UNTIL + year)
    with store.write() as connection:
        leases.take_lease(connection, "publish", owner="them", now=NOW, until=NOW + timedelta(minutes=30))
        leases.release_implausible_leases(connection, NOW)
    assert take(store, "us")
    with store.write() as connection:
        assert not leases.take_lease(connection, "publish", owner="us", now=NOW, until=UNTIL)


def test_what_a_wrong_clock_leased_goes_and_what_was_on_the_wire_then_is_in_doubt(store):
    year = timedelta(days=365)
    term: dict[str, Any] = {"owner": "lost:1", "now": NOW + year, "until": UNTIL + year}
    with store.write() as connection:
        factories.newsroom(connection, "jo@example.org", "kim@example.org")
        source_store.claim_due_sources(connection, limit=9, **term)
        first, second = delivery_store.claim_deliveries(connection, limit=9, **term)
        delivery_store.begin_sending(connection, [first.id], **term)
        leases.release_implausible_leases(connection, NOW)
    term = {"owner": "us", "now": NOW, "until": UNTIL}
    with store.write() as connection:
        assert delivery_store.mark_stuck_uncertain(connection, now=NOW) == 1
        assert len(source_store.claim_due_sources(connection, limit=9, **term)) == 1
        assert [one.id for one in delivery_store.claim_deliveries(connection, limit=9, **term)] == [second.id]


def test_leases_of_other_names_do_not_matter(store):
    take(store, "us")
    with store.write() as connection:
        assert leases.take_lease(connection, "other", owner="them", now=NOW, until=UNTIL)


def test_of_many_who_ask_at_once_one_gets_the_lease(store):
    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(lambda owner: take(store, owner), "abcdef")) == 1


def test_a_store_gets_one_secret_of_32_bytes_and_keeps_it(store):
    with store.write() as connection:
        leases.ensure_secret(connection)
        first = leases.read_secret(connection)
        leases.ensure_secret(connection)
        assert leases.read_secret(connection) == first
    assert len(first) == 32
    assert len(set(first)) > 8


def test_a_counter_starts_at_nothing_and_only_grows(store):
    with store.write() as connection:
        assert leases.read_counter(connection, "placements") == 0
        assert [leases.increment_counter(connection, "placements") for _ in range(11)][-1] == 11
        assert leases.read_counter(connection, "placements") == 11
        assert leases.read_counter(connection, "other") == 0


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_one_daemon_for_a_postgresql_store(store_url: str):
    with leases.advisory_lock(store_url):
        with pytest.raises(StoreBusy, match="another daemon works with"), leases.advisory_lock(store_url):
            pass
        with pytest.raises(StoreBusy), leases.advisory_lock(store_url):
            pass
    with leases.advisory_lock(store_url):
        pass


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_the_daemons_lock_leaves_no_transaction_open(store_url: str):
    store = open_store(store_url)
    holders = (
        "SELECT state FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND datname = current_database()"
    )
    with leases.advisory_lock(store_url), store.read() as connection:
        states = [state for (state,) in connection.exec_driver_sql(holders)]
    store.dispose()
    assert states == ["idle"]


def end_the_holders_connection(store_url: str) -> None:
    """What a restart of the server does to the daemon's lock."""
    holders = (
        "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database "
    )
    ended = (
        f"SELECT pg_terminate_backend(pid, 30000) FROM ({holders}WHERE datname = current_database())) AS held"
    )
    store = open_store(store_url)
    with store.read() as connection:
        assert connection.exec_driver_sql(ended).scalars().all() == [True]
    store.dispose()


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_a_lock_that_the_server_forgot_is_noticed_and_taken_again(store_url: str):
    with leases.advisory_lock(store_url) as lock:
        assert not lock.ensure_held()
        end_the_holders_connection(store_url)
        assert lock.ensure_held()
        assert not lock.ensure_held()
        with pytest.raises(StoreBusy, match="another daemon works with"), leases.advisory_lock(store_url):
            pass


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_a_lock_that_another_daemon_has_taken_meanwhile_is_not_ours_until_it_ends(store_url: str):
    with leases.advisory_lock(store_url) as ours:
        end_the_holders_connection(store_url)
        with leases.advisory_lock(store_url):
            for _ in range(2):
                with pytest.raises(StoreBusy, match="another daemon works with"):
                    ours.ensure_held()
        assert ours.ensure_held()


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_of_many_bells_at_once_one_takes_the_lock_again(store_url: str):
    with leases.advisory_lock(store_url) as lock, ThreadPoolExecutor(6) as pool:
        end_the_holders_connection(store_url)
        assert sum(pool.map(lambda _: lock.ensure_held(), range(30))) == 1


def test_SF6_what_a_dead_owner_held_is_free_at_once_but_not_what_it_was_sending(store):
    with store.write() as connection:
        factories.newsroom(connection, "ann@example.org", "bob@example.org")
        for owner in ("dead", "alive"):
            leases.take_lease(connection, f"lease of {owner}", owner=owner, now=NOW, until=UNTIL)
        term: dict[str, Any] = {"now": NOW, "owner": "dead", "until": UNTIL}
        source_store.claim_due_sources(connection, limit=9, **term)
        first, second = delivery_store.claim_deliveries(connection, limit=9, **term)
        delivery_store.begin_sending(connection, [first.id], **term)
        assert leases.lease_owners(connection) == {"dead", "alive"}
        leases.release_owner_leases(connection, "dead")
        assert leases.take_lease(connection, "lease of dead", owner="us", now=NOW, until=UNTIL)
        assert not leases.take_lease(connection, "lease of alive", owner="us", now=NOW, until=UNTIL)
        term["owner"] = "us"
        assert len(source_store.claim_due_sources(connection, limit=9, **term)) == 1
        assert [one.id for one in delivery_store.claim_deliveries(connection, limit=9, **term)] == [second.id]
        assert delivery_store.mark_stuck_uncertain(connection, now=UNTIL + timedelta(seconds=1)) == 1

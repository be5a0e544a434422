"""Newsletters: since when their periods count, and the operator's pause."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.store import newsletters, open_store
from syndicate.store.migration import all_migrations
from tests.factories import NOW, newsletter

LONG_AGO = NOW - timedelta(days=30)


@pytest.fixture
def connection(store):
    with store.write() as connection:
        newsletters.sync_newsletters(connection, [newsletter(), newsletter("weekly")], LONG_AGO)
        yield connection


def test_a_newsletter_is_known_since_it_was_first_declared(connection):
    newsletters.sync_newsletters(connection, [newsletter(title="Renamed")], NOW)
    assert newsletters.known_since(connection, "daily") == LONG_AGO
    assert newsletters.known_since(connection, "nobody") is None
    assert newsletters.newsletter_titles(connection)["daily"] == "Renamed"


def test_a_pause_is_one_change_and_so_is_its_end(connection):
    assert newsletters.pause_newsletter(connection, "daily")
    assert not newsletters.pause_newsletter(connection, "daily")
    assert not newsletters.pause_newsletter(connection, "nobody")
    assert newsletters.paused_newsletters(connection) == {"daily"}
    assert newsletters.resume_newsletter(connection, "daily", NOW)
    assert not newsletters.resume_newsletter(connection, "daily", NOW + timedelta(days=1))
    assert newsletters.paused_newsletters(connection) == frozenset()
    assert newsletters.known_since(connection, "daily") == NOW


def test_the_periods_of_a_newsletter_that_is_declared_again_count_from_then_on(connection):
    newsletters.sync_newsletters(connection, [newsletter("weekly")], LONG_AGO + timedelta(days=1))
    assert newsletters.known_since(connection, "daily") == LONG_AGO
    newsletters.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
    newsletters.sync_newsletters(connection, [newsletter()], NOW + timedelta(days=1))
    assert newsletters.known_since(connection, "daily") == NOW
    assert newsletters.known_since(connection, "weekly") == LONG_AGO


def test_a_pause_outlives_a_restart_and_a_time_out_of_the_file(connection):
    newsletters.pause_newsletter(connection, "daily")
    newsletters.sync_newsletters(connection, [newsletter("weekly")], NOW)
    newsletters.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
    assert newsletters.paused_newsletters(connection) == {"daily"}


def test_an_older_store_has_no_paused_newsletters_once_it_is_migrated(empty_store_url):
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        newsletters.sync_newsletters(connection, [newsletter()], LONG_AGO)
        newsletters.pause_newsletter(connection, "daily")
        connection.execute(text("DELETE FROM migrations WHERE name = 'paused_newsletters'"))
    assert store.migrate() == ["paused_newsletters"]
    with store.read() as connection:
        assert newsletters.paused_newsletters(connection) == frozenset()
    store.dispose()
    assert [one.number for one in all_migrations() if one.name == "paused_newsletters"] == [12]

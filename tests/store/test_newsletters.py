"""Newsletters: since when their periods count, and the operator's pause."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from syndicate.store import open_store
from syndicate.store.core.migration import all_migrations
from syndicate.store.mail import newsletter_store
from tests.factories import NOW, newsletter

LONG_AGO = NOW - timedelta(days=30)


@pytest.fixture
def connection(store):
    with store.write() as connection:
        newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], LONG_AGO)
        yield connection


def test_a_newsletter_is_known_since_it_was_first_declared(connection):
    newsletter_store.sync_newsletters(connection, [newsletter(title="Renamed")], NOW)
    assert newsletter_store.known_since(connection, "daily") == LONG_AGO
    assert newsletter_store.known_since(connection, "nobody") is None
    assert newsletter_store.newsletter_titles(connection)["daily"] == "Renamed"


def test_a_pause_is_one_change_and_so_is_its_end(connection):
    assert newsletter_store.pause_newsletter(connection, "daily")
    assert not newsletter_store.pause_newsletter(connection, "daily")
    assert not newsletter_store.pause_newsletter(connection, "nobody")
    assert newsletter_store.paused_newsletters(connection) == {"daily"}
    assert newsletter_store.resume_newsletter(connection, "daily", NOW)
    assert not newsletter_store.resume_newsletter(connection, "daily", NOW + timedelta(days=1))
    assert newsletter_store.paused_newsletters(connection) == frozenset()
    assert newsletter_store.known_since(connection, "daily") == NOW


def test_the_periods_of_a_newsletter_that_is_declared_again_count_from_then_on(connection):
    newsletter_store.sync_newsletters(connection, [newsletter("weekly")], LONG_AGO + timedelta(days=1))
    assert newsletter_store.known_since(connection, "daily") == LONG_AGO
    newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
    newsletter_store.sync_newsletters(connection, [newsletter()], NOW + timedelta(days=1))
    assert newsletter_store.known_since(connection, "daily") == NOW
    assert newsletter_store.known_since(connection, "weekly") == LONG_AGO


def test_a_pause_outlives_a_restart_and_a_time_out_of_the_file(connection):
    newsletter_store.pause_newsletter(connection, "daily")
    newsletter_store.sync_newsletters(connection, [newsletter("weekly")], NOW)
    newsletter_store.sync_newsletters(connection, [newsletter(), newsletter("weekly")], NOW)
    assert newsletter_store.paused_newsletters(connection) == {"daily"}


def test_an_older_store_has_no_paused_newsletters_once_it_is_migrated(empty_store_url):
    store = open_store(empty_store_url)
    store.migrate()
    with store.write() as connection:
        newsletter_store.sync_newsletters(connection, [newsletter()], LONG_AGO)
        newsletter_store.pause_newsletter(connection, "daily")
        connection.execute(text("DELETE FROM migrations WHERE name = 'paused_newsletters'"))
    assert store.migrate() == ["paused_newsletters"]
    with store.read() as connection:
        assert newsletter_store.paused_newsletters(connection) == frozenset()
    store.dispose()
    assert [one.number for one in all_migrations() if one.name == "paused_newsletters"] == [12]

"""Readers of feeds: as programs say, and distinct networks for the rest; no address is kept."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.publish.on_request.reader_counter import ReaderCounter
from syndicate.store.output import feed_read_store
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests.factories import NOW
from tests.web.conftest import serving
from tests.web_app import create_app

FEEDLY = "Feedly/1.0 (+http://www.feedly.com/fetcher.html; {} subscribers; like FeedFetcher-Google)"


@pytest.fixture
def counter(store: Any, monkeypatch: pytest.MonkeyPatch) -> ReaderCounter:
    monkeypatch.setattr("syndicate.jobs.publish.on_request.reader_counter.time.time", NOW.timestamp)
    return ReaderCounter(store=store)


def readers(counter: ReaderCounter) -> dict[str, dict[str, int]]:
    with counter.store.read() as connection:
        return feed_read_store.readers(connection, NOW - timedelta(days=7))


def test_aggregators_are_summed_and_others_counted_by_network(counter: ReaderCounter) -> None:
    counter.add("/news.rss", FEEDLY.format(16), "203.0.113.9", "")
    counter.add("/news.rss", FEEDLY.format(16), "203.0.113.10", "")
    counter.add("/news.atom", FEEDLY.format(4), "203.0.113.9", "")
    for peer in ("198.51.100.1", "198.51.100.2", "2001:db8::1", "2001:db8::2", "2001:db8:1::1"):
        counter.add("/news.rss", "Miniflux/2.2.6", peer, "")
    counter.add("/news.rss", "curl/8 (900 subscribers)", "198.51.100.1", "")
    counter.flush(NOW)
    assert readers(counter) == {"news": {"Feedly": 20, "Miniflux": 3, "other": 1}}
    counter.flush(NOW)
    assert readers(counter)["news"]["Miniflux"] == 3


def test_a_reader_of_two_formats_is_one_reader_and_the_proxy_is_none(counter: ReaderCounter) -> None:
    for path in ("/news.rss", "/news.json"):
        counter.add(path, "NetNewsWire", "127.0.0.1", "10.0.0.1, 198.51.100.1")
    counter.flush(NOW)
    assert readers(counter) == {"news": {"NetNewsWire": 1}}


def test_a_restart_never_lowers_the_number_of_a_day(counter: ReaderCounter) -> None:
    counter.add("/news.rss", FEEDLY.format(16), "203.0.113.9", "")
    counter.flush(NOW)
    again = ReaderCounter(store=counter.store)
    again.add("/news.rss", FEEDLY.format(2), "203.0.113.9", "")
    again.flush(NOW)
    assert readers(counter) == {"news": {"Feedly": 16}}


def test_at_midnight_the_key_and_the_hashes_are_forgotten(counter: ReaderCounter) -> None:
    counter.add("/news.rss", "Miniflux", "198.51.100.1", "")
    key = counter._key
    counter.flush(NOW + timedelta(days=1))
    assert counter._key != key
    assert not counter._networks
    assert readers(counter) == {"news": {"Miniflux": 1}}


def test_only_feeds_that_are_served_are_counted(tmp_path: Path, sqlite_store: Any) -> None:
    (tmp_path / "news.rss").write_bytes(b"<rss/>")
    (tmp_path / "tags").mkdir()
    (tmp_path / "tags" / "x.rss").write_bytes(b"<rss/>")
    counted: list[tuple[str, ...]] = []
    app = create_app(
        WebOptions(),
        tmp_path,
        UnsubscribeJob(store=sqlite_store),
        templates=Templates(),
        health=dict,
        on_feed_read=lambda *facts: counted.append(facts),
    )
    with serving(app, tmp_path) as site:
        for path in ("/news.rss", "/news.rss", "/tags/x.rss", "/other.rss"):
            site.get(path, User_Agent="Miniflux")
    assert [facts[:2] for facts in counted] == [("/news.rss", "Miniflux")] * 2

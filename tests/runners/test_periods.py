"""When the daemon cuts editions: after a late start, and while the clock is wrong."""

import json
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from urllib.error import HTTPError

import pytest

from syndicate.model import Edition
from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store.mail import edition_store
from tests.net.scripted_server import ScriptedServer, answer
from tests.runners.daemon import PATIENCE, Daemon, running

pytestmark = pytest.mark.all

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TITLES = (
    "Ferry strike ends",
    "Snow on the pass",
    "Lighthouse becomes a library",
    "Chess champion",
    "New mayor",
)
LIBFAKETIME = next(Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1"), None)


def feed(at: datetime) -> bytes:
    """A feed whose articles were published before a moment, an hour or two."""
    items = "".join(
        f"<item><title>{title}</title><guid>{number}</guid><link>https://example.org/{number}</link>"
        f"<pubDate>{format_datetime(at - HOUR - number * timedelta(minutes=7))}</pubDate>"
        f"<description>{' '.join(word + title[-3:] for word in title.split())}</description>"
        "</item>"
        for number, title in enumerate(TITLES)
    )
    head = "<title>Harbour</title><link>https://example.org/</link><description>x</description>"
    body = f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'
    return answer(200, body.encode(), Content_Type="application/rss+xml")


def newsroom(
    folder: Path, store_url: str, feed_url: str, due: datetime, known_since: datetime, more: str = ""
) -> Path:
    """A configuration with a source and a daily newsletter, and a store that has known both for some time."""
    config = folder / "config.toml"
    source = f'[[sources]]\nname = "harbour"\nurl = "{feed_url}"\n' if feed_url else ""
    config.write_text(
        f'[store]\nurl = "{store_url}"\n[http]\nallow_private = true\n[mail]\naddress = "1 Pier Road"\n'
        f'[web]\nlisten = "127.0.0.1:0"\n{source}'
        f'[[newsletters]]\nname = "daily"\nschedule = "daily {due:%H:%M}"\n{more}',
        "utf-8",
    )
    with open_services(load_settings(config, {}), now=known_since):
        pass
    return config


def cut(config: Path) -> list[tuple[str, Edition]]:
    with open_services(load_settings(config, {})) as services, services.store.read() as connection:
        return [(one.state, one.edition) for one in edition_store.report_editions(connection)]


@pytest.mark.parametrize("first_edition", ["next", "latest"])
def test_started_after_the_due_time_it_reads_its_sources_before_it_cuts(
    tmp_path: Path, store_url: str, first_edition: str
) -> None:
    now = datetime.now(UTC)
    due = (now - timedelta(minutes=1)).replace(second=0, microsecond=0)
    with ScriptedServer({"/feed": feed(due)}) as server:
        known_since = now if first_edition == "latest" else now - DAY
        more = f'first_edition = "{first_edition}"\n'
        config = newsroom(tmp_path, store_url, server.url("/feed"), due, known_since, more)
        with running(config) as daemon:
            waits = daemon.wait_for("edition", newsletter="daily")
            assert daemon.wait_for("edition", newsletter="daily")["outcome"] == "cut"
            assert daemon.end(signal.SIGTERM) == 0
    assert waits["outcome"] == "gathering"
    assert waits["problem"] == "1 source that was due is not read yet"
    ((state, edition),) = cut(config)
    assert (state, edition.stories, edition.period_end) == ("cut", len(TITLES), due)


def test_each_missed_period_is_logged_and_recorded_after_a_long_pause(tmp_path: Path, store_url: str) -> None:
    due = (datetime.now(UTC) - 8 * HOUR).replace(second=0, microsecond=0)
    config = newsroom(tmp_path, store_url, "", due, due - 4 * DAY)
    with open_services(load_settings(config, {})) as services:
        assert [one.outcome for one in services.editions.run(due - 3 * DAY)] == ["empty"]
    with running(config) as daemon:
        said = [daemon.wait_for("edition", outcome="missed") for _ in range(3)]
        assert daemon.end(signal.SIGTERM) == 0
    assert [line["period_end"] for line in said] == [(due - days * DAY).isoformat() for days in (2, 1, 0)]
    assert [state for state, _ in cut(config)] == ["missed", "missed", "missed", "empty"]


@pytest.mark.skipif(LIBFAKETIME is None, reason="needs libfaketime (apt-get install libfaketime)")
def test_a_clock_that_is_a_day_ahead_for_seconds_uses_up_no_period_and_stops_no_job(
    tmp_path: Path, store_url: str
) -> None:
    """There are no sources to wait for: nothing but the clock keeps it from calling tomorrow empty."""
    now = datetime.now(UTC)
    clock = tmp_path / "clock"
    clock.write_text("+0d\n", "utf-8")
    fake = {
        "LD_PRELOAD": str(LIBFAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    config = newsroom(tmp_path, store_url, "", now + HOUR, now - HOUR)
    with running(config, fake) as daemon:
        url = daemon.wait_for("serving")["url"]
        daemon.wait_until_run(url, "stories")
        clock.write_text("+1d\n", "utf-8")
        assert " seconds ahead; no edition is cut" in daemon.wait_for("the clock was set")["event"]
        wait_for_ages(daemon, url, lambda age: age < HOUR.total_seconds())
        clock.write_text("+0d\n", "utf-8")
        assert " back, to where it was before" in daemon.wait_for("the clock was set")["event"]
        wait_for_ages(daemon, url, lambda age: age > -HOUR.total_seconds())
        assert daemon.end(signal.SIGTERM) == 0
    assert cut(config) == []
    assert not any(line["event"] == "edition" for line in daemon.events)


def wait_for_ages(daemon: Daemon, url: str, true_of: Callable[[float], bool]) -> None:
    """Return once jobs have run by the present clock, editions or not."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            health = daemon.get(f"{url}/healthz")[1]
        except HTTPError as error:  # 503 until every job has run by the new time
            health = error.read()
        ages = json.loads(health)["last_run"]
        if true_of(ages["stories"]) and true_of(ages["editions"]):
            return
        assert time.monotonic() < deadline

"""A network that passes no bytes for longer than the leases, between a worker and its servers."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conftest import missing
from tests.faults.conftest import Faults
from tests.faults.hurried_workers import LEASE
from tests.faults.installation import Installation, wait_until
from tests.faults.proxy import Proxy

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]


@pytest.fixture
def database_proxy(faults: Faults) -> Iterator[Proxy]:
    hosts = parse_qs(urlsplit(faults.postgres_server).query).get("host")
    if not hosts or not Path(hosts[0]).is_dir():
        missing("The server is not reached by a socket in a folder")
    with Proxy(f"{hosts[0]}/.s.PGSQL.5432") as proxy:
        yield proxy


def through(place: Installation, proxy: Proxy) -> Path:
    """Return a configuration with the same store behind the proxy."""
    config = place.config.with_name("proxied.toml")
    name = urlsplit(place.store_url).path
    text = place.config.read_text("utf-8")
    config.write_text(text.replace(place.store_url, f"postgresql://postgres@127.0.0.1:{proxy.port}{name}"))
    return config


@pytest.mark.parametrize("event", ["started", "ingest", "stories", "edition", "deliver"])
def test_another_worker_goes_on_while_a_worker_is_cut_off_from_the_database(
    faults: Faults, database_proxy: Proxy, event: str
) -> None:
    with faults.installation() as place:
        first = place.workers.start(through(place, database_proxy))
        first.wait_for(event)
        database_proxy.close()
        try:
            second = place.start()
            second.wait_for("a worker is gone")
            wait_until(
                lambda: not place.unfinished(faults.expected), lambda: place.unfinished(faults.expected)
            )
        finally:
            database_proxy.open()
        with place.sql() as sql:
            beats = "SELECT count(*) FROM workers"
            wait_until(lambda: sql.execute(beats).fetchone() == (2,), "the heartbeat of the first worker")
            sql.execute("UPDATE sources SET next_check = 0")
            polled = "SELECT FROM sources WHERE next_check = 0"
            wait_until(lambda: not sql.execute(polled).fetchone(), "the next poll")
        place.finish(faults.expected)
        assert place.uncertain() <= 1


def test_mail_that_waits_for_a_silent_server_longer_than_leases_is_sent_once(faults: Faults) -> None:
    with faults.installation() as place, Proxy(place.smtp.port) as proxy:
        text = place.config.read_text("utf-8")
        place.config.write_text(text.replace(f"port = {place.smtp.port}", f"port = {proxy.port}"), "utf-8")
        for _ in range(2):
            place.start()
        place.smtp.wait_for(1)
        proxy.close()
        with place.sql() as sql:
            later = "SELECT clock_timestamp() > %s::timestamptz + %s"
            (now,) = sql.execute("SELECT clock_timestamp()").fetchone() or (None,)
            wait_until(lambda: sql.execute(later, [now, 3 * LEASE]).fetchone() == (True,), "the leases' end")
        proxy.open()
        place.finish(faults.expected)

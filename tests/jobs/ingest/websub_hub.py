"""A newsroom with a hub on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from syndicate.model import HubSubscription, SourceState
from syndicate.store.ingest import hub_store, source_store
from tests.factories import NOW
from tests.jobs.hub import Hub
from tests.jobs.room import BASE, SITE, Room, item, rss, source

PUBLIC = "https://news.org"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOTHING = {"pushes": 0, "new": 0, "changed": 0}


def feed(hub: Hub, *items: dict[str, str], where: str = "/hub") -> bytes:
    links = (
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="hub" href="{hub.url(where)}"/>'
        f'<a:link xmlns:a="http://www.w3.org/2005/Atom" rel="self" href="{hub.url("/topic")}"/>'
    )
    return rss(*items).replace(b"</title>", b"</title>" + links.encode(), 1)


def declare(hub: Hub, more: str = "", **fields: str) -> None:
    base = BASE.replace(SITE, hub.site)
    hub.room.declare(source("harbour", hub.url("/feed"), **fields) + more, base=base)


@contextmanager
def opened(room: Room) -> Iterator[Hub]:
    with Hub(room) as hub:
        hub.feed = feed(hub, item(5))
        declare(hub)
        clock(hub)
        yield hub


def clock(hub: Hub, now: datetime = NOW) -> None:
    """Set the clock of the web server."""
    services = hub.room.services
    services.__dict__["websub"] = replace(services.websub, clock=lambda: now)


def subscription(hub: Hub) -> HubSubscription:
    with hub.room.store.read() as connection:
        (found,) = hub_store.list_hub_subscriptions(connection).values()
    return found


def state(hub: Hub) -> SourceState:
    with hub.room.store.read() as connection:
        (report,) = source_store.report_sources(connection, week_ago=NOW)
    return report.state


def keep(hub: Hub, now=NOW) -> dict[str, int]:
    return hub.room.services.websub.keep_subscriptions(now)


def read(hub: Hub, now=NOW) -> dict[str, int]:
    return hub.room.services.websub.read_pushes(now)


def subscribe(hub: Hub) -> None:
    hub.room.ingest()
    keep(hub)
    assert hub.ask_back(hub.asked[-1]) == (200, b"a-challenge")

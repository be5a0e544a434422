"""A newsroom small enough to be killed at every commit: two sources, four articles, three subscribers."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from syndicate.services import Services
from syndicate.store.subscribers import audience_store

# Later than any clock this will run under: what "now" is, only the arguments say.
NOW = datetime(2100, 1, 5, 9, 0, tzinfo=UTC)
YESTERDAY = NOW - timedelta(days=1)
# Every lease has run out by then, and the sources are not due again yet.
RESTART = NOW + timedelta(minutes=40)

READERS = ("ann", "bob", "cleo")
ITEMS = {
    "/harbour": {
        "Ferry strike closes the northern harbour for a second day": """
            Crews of the northern ferry line stayed on shore for a second day on Monday as talks about night
            shifts broke down. The harbour authority closed three piers and sent freight to the southern port.
        """,
        "Old lighthouse becomes a library for fishermen's children": """
            Volunteers carried nine hundred books up the spiral stairs of the lighthouse, where a reading
            room with a view of the sea opens on Friday. The lamp will go on burning above the shelves.
        """,
    },
    "/hills": {
        "Northern ferry crews strike again, harbour stays closed": """
            The northern ferry line did not sail on Monday. Talks about night shifts broke down, crews stayed
            on shore, and the harbour authority sent freight to the southern port, three piers being closed.
        """,
        "Snow comes early and the mountain railway opens its season": """
            Half a metre of snow fell on the pass during the night. The mountain railway takes its first
            skiers of the winter up on Saturday, a month before anybody had expected it.
        """,
    },
}


def feed(path: str) -> bytes:
    """One source's RSS."""
    items = "".join(
        f"<item><title>{title}</title><guid>{path}#{number}</guid>"
        f"<link>{path}/{number}</link>"
        f"<pubDate>{format_datetime(NOW - timedelta(hours=4 + number))}</pubDate>"
        f"<description>{text}</description></item>"
        for number, (title, text) in enumerate(ITEMS[path].items(), start=1)
    )
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>News of {path}</title>'
        f"<link>{path}</link><description>x</description>{items}</channel></rss>"
    ).encode()


def page(path: str, title: str) -> bytes:
    """One article's own page: the feed's text, and as much again in other words' order."""
    text = ITEMS[path][title].split()
    paragraphs = f"<p>{' '.join(text)}</p><p>{' '.join(reversed(text))}</p>"
    return f"<html><title>{title}</title><article><h1>{title}</h1>{paragraphs}</article></html>".encode()


def configuration(http: str, mail: str) -> str:
    """A ``config.toml``; ``http`` is where the feeds are, ``mail`` the lines that say where mail goes."""
    sources = "".join(
        f'[[sources]]\nname = "{path.strip("/")}"\nurl = "{http}{path}"\nsection = "world"\n'
        for path in ITEMS
    )
    return f"""
[http]
allow_private = true
host_gap = 0
{sources}
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[mail]
from = "News <news@example.com>"
address = "1 Pier Road, Harbour Town"
{mail}
"""


def subscribe(services: Services, point: str) -> None:
    """Three readers whose addresses say which newsroom they belong to."""
    for reader in READERS:
        address = f"{reader}.{point}@example.org"
        with services.store.write() as connection:
            audience_store.add_subscription(
                connection,
                address=address,
                address_key=address,
                name="",
                language="",
                newsletter="daily",
                evidence="test",
                now=YESTERDAY,
            )


Stage = Callable[[Services, datetime, str], object]
STAGES: Mapping[str, Stage] = {
    "open": lambda _services, _now, _point: None,
    "subscribe": lambda services, _now, point: subscribe(services, point),
    "ingest": lambda services, now, _point: services.ingest.run(now),
    "pages": lambda services, now, _point: services.pages.run(now),
    "stories": lambda services, now, _point: services.stories.run(now),
    "publish": lambda services, now, _point: services.publish.run(now),
    "edition": lambda services, now, _point: services.editions.run(now),
    "deliver": lambda services, now, _point: services.deliver.run(now),
}


def run(services: Services, stages: Sequence[str], now: datetime, point: str) -> None:
    """Some stages in their order."""
    for stage in stages:
        STAGES[stage](services, now, point)


def write_configuration(folder: Path, http: str, mail: str) -> None:
    """A new folder with nothing but a configuration."""
    folder.mkdir()
    (folder / "config.toml").write_text(configuration(http, mail), "utf-8")

"""Feeds in the manner of real ones, from the network to the mailbox: the same invariants hold."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.empty_stores import write_empty_store
from tests.invariants import checks
from tests.invariants.newsroom import AS_DAEMON, Equipment, Newsroom
from tests.invariants.rows import CHANNELS
from tests.jobs.room import source
from tests.net.scripted_server import ScriptedServer, answer

pytestmark = pytest.mark.all

FEEDS = Path(__file__).parent / "feeds"
NAMES = sorted(file.name for file in FEEDS.iterdir())
EDITS = {
    "agency.xml": (b"second day on Monday", b"third day on Tuesday"),
    "agency-customer.xml": (b"Harbour shut as ferry strike goes on", b"Ferry strike closes northern harbour"),
    "untidy-tags.xml": (b"<category>C++</category>", b"<category>Typography</category>"),
    "changelog.xml": (b"A crash at midnight is gone.", b"Exports may be compressed."),
}


class FeedNewsroom(Newsroom):
    """A newsroom whose sources are the documents in ``feeds/``, served on loopback."""

    channels = CHANNELS | {"alpha": ("source:agency.xml", lambda row: row.source == "agency.xml")}
    channels |= {"others": ("-source:agency.xml", lambda row: row.source != "agency.xml")}
    port = 0

    def sources(self) -> str:
        """Return one source for each document."""
        return "".join(source(name, f"http://127.0.0.1:{self.port}/{name}") for name in NAMES)

    def ingest(self) -> None:
        """Read every source."""
        for name, outcome in self.room.ingest(self.now, names=NAMES).items():
            assert not outcome.error, f"{name}: {outcome.error}"


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield write_empty_store(tmp_path)
        return
    server, template = map(request.getfixturevalue, ("postgres_server", "postgres_template"))
    with postgres.database(server, f"real_feeds_{tmp_path.name}", template=template) as found:
        yield found


def everything(newsroom: Newsroom, some: tuple[checks.Check, ...]) -> list[str]:
    return [f"{check.__doc__} {text}" for check in some for text in check(newsroom)]


def test_feeds_in_the_manner_of_real_ones_keep_every_invariant(
    url: str, equipment: Equipment, tmp_path: Path
) -> None:
    bodies = {name: (FEEDS / name).read_bytes() for name in NAMES}
    later = {name: bodies[name].replace(*change) for name, change in EDITS.items()}
    assert all(later[name] != bodies[name] for name in later)
    with ScriptedServer({f"/{name}": answer(200, body) for name, body in bodies.items()}) as server:
        FeedNewsroom.port = server.port
        with equipment.newsroom(url, tmp_path, FeedNewsroom) as newsroom:
            for reader in range(3):
                newsroom.subscribe(reader)
            newsroom.ingest()
            newsroom.place(0)
            assert everything(newsroom, checks.AFTER_STORIES) == []
            newsroom.publish()
            server.answers |= {f"/{name}": answer(200, body) for name, body in later.items()}
            newsroom.wait(4)
            newsroom.restart()
            newsroom.ingest()
            newsroom.place(1)
            newsroom.cut(AS_DAEMON)
            newsroom.publish()
            assert everything(newsroom, checks.AFTER_STORIES) == []
            newsroom.deliver(0)
            assert everything(newsroom, checks.AFTER_SENDING) == []
            assert everything(newsroom, checks.AFTER_PUBLISHING) == []
            assert {row.source for row in newsroom.rows()} == set(NAMES)
            assert {cut.newsletter for cut in newsroom.cuts} == {"daily", "alpha"}

"""The whole demo, killed after every commit: the same articles, the same editions, nobody twice."""

import subprocess
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import feedparser
import pytest

from syndicate.demo.demo_folder import DemoFolder
from syndicate.demo.demo_run import READERS, UNSUBSCRIBED
from syndicate.demo.newsroom import load_newsroom
from syndicate.demo.newsroom_server import NewsroomServer
from syndicate.store import open_store
from syndicate.store.ingest import article_store
from syndicate.store.mail import delivery_store, edition_store
from tests.crash.test_every_commit import CHECKOUT, received
from tests.postgres import MEMORY

# About a hundred commits, each with two runs of the demo.
pytestmark = [pytest.mark.all, pytest.mark.timeout(1800)]


def stored(folder: Path) -> tuple[set[str], list[tuple[str, str]], Counter[str], dict[str, str]]:
    """Read a demo's store: article uids, editions, deliveries by address and their states."""
    store = open_store(f"sqlite:///{folder / 'syndicate.db'}")
    try:
        with store.read() as connection:
            found = article_store.get_articles(connection, range(1, 1000)).values()
            cut = [(one.edition.newsletter, one.state) for one in edition_store.report_editions(connection)]
            sent = delivery_store.list_deliveries(connection)
            assert len({article.uid for article in found}) == len(found)
            return (
                {article.uid for article in found},
                sorted(cut),
                Counter(one.delivery.address for one in sent),
                {one.delivery.address: one.delivery.state.value for one in sent},
            )
    finally:
        store.dispose()


def test_the_whole_demo_survives_a_kill_after_any_commit(tmp_path: Path) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    papers = load_newsroom()
    readers = {address for _, address, _ in READERS} - {UNSUBSCRIBED}
    with (
        tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as name,
        NewsroomServer(papers, now) as newsroom,
    ):
        folder = Path(name)
        (folder / "base").mkdir()
        DemoFolder(folder=folder / "base").write(papers, newsroom.url, now, listen="127.0.0.1:8000")
        command = [sys.executable, "-m", "tests.crash.demo_driver", str(folder), now.isoformat()]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        points = done.stdout.split()
        # 40 or 41, by which answers happened to come together.
        assert len(points) > 30
        expected, _, _, _ = stored(folder / points[-1])
        for point in points:
            uids, cut, mailed, states = stored(folder / point)
            assert uids == expected, point
            assert cut == [("arabic", "cut"), ("daily", "cut")], point
            assert mailed == Counter(readers), point
            assert set(states.values()) <= {"sent", "uncertain"}, point
            assert list(states.values()).count("uncertain") <= 1, point
            mail = received([path.read_bytes() for path in (folder / point / "outbox").glob("*.eml")])
            assert set(mail.values()) <= {1}, point
            assert all(mail[address] == 1 for address, state in states.items() if state == "sent"), point
            for file in [
                *(folder / point / "feeds").glob("*.rss"),
                *(folder / point / "feeds").glob("*.atom"),
            ]:
                assert not feedparser.parse(file.read_bytes()).bozo, (point, file.name)
            assert [path for path in (folder / point).rglob("*.tmp") if path.is_file()] == [], point

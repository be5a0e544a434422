"""Killed before and after every commit of every stage, a newsroom ends up the same after a restart.

Every article once, one whole edition, mail to everybody: nobody twice, and who cannot be known to have
got it is listed. See ``driver.py`` for how it is killed.
"""

import email
import email.policy
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest

from syndicate.store import Store, open_store
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store, page_store, source_store
from syndicate.store.mail import delivery_store, edition_store
from syndicate.store.stories import story_store
from tests.crash.newsroom import ITEMS, READERS, feed, page
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.net.scripted_server import Answer, ScriptedServer, answer
from tests.postgres import MEMORY

# Hundreds of processes: half a minute a test, on a busy machine five times as long. A default run has
# ``test_access`` instead.
pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]

CHECKOUT = Path(__file__).parents[2]
FEEDS: dict[str, Answer] = {
    **{path: answer(200, feed(path), Content_Type="application/rss+xml") for path in ITEMS},
    **{
        f"{path}/{number}": answer(200, page(path, title), Content_Type="text/html")
        for path, items in ITEMS.items()
        for number, title in enumerate(items, start=1)
    },
}
TITLES = sorted(title for items in ITEMS.values() for title in items)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """In memory, where there is some: what a killed process wrote is there whatever the disk has seen."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else tmp_path) as name:
        yield Path(name) / "newsrooms"


def in_folders(folder: Path) -> list[bytes]:
    """Every message in the mail folders of the killed newsrooms."""
    return [path.read_bytes() for path in folder.glob("*-*/outbox/*.eml")]


def killed_newsrooms(folder: Path, mail: str, *stages: str) -> dict[str, int]:
    """Let the driver do its work: every newsroom's name and the signal that ended its first process."""
    folder.mkdir()
    with ScriptedServer(FEEDS) as server:
        command = [sys.executable, "-m", "tests.crash.driver", str(folder), server.url(""), mail, *stages]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {one["point"]: one["signal"] for one in map(json.loads, done.stdout.splitlines())}


def received(messages: list[bytes]) -> Counter[str]:
    """Count the messages of each address."""
    parsed = [email.message_from_bytes(message, policy=email.policy.default) for message in messages]
    return Counter(message["To"].addresses[0].addr_spec for message in parsed)


def check_rows(store: Store, point: str, mailboxes: Counter[str]) -> int:
    """The store holds everything once; returns how many deliveries are uncertain."""
    with store.read() as connection:
        known = {one.name: one.id for one in source_store.list_sources(connection)}
        found = article_store.get_articles(connection, range(1, 100)).values()
        (report,) = edition_store.report_editions(connection)
        sent = {one.delivery.address: one for one in delivery_store.list_deliveries(connection)}
        assert sorted(one.title for one in found) == TITLES
        assert {one.source_id for one in found} == set(known.values())
        assert story_store.count_stories(connection) == (3, 1)
        assert all(one.story_id for one in found)
        assert (report.state, report.edition.stories) == ("cut", 3)
        assert quarantine.failures(connection) == ()
    assert set(sent) == {f"{reader}.{point}@example.org" for reader in READERS}
    states = Counter(one.delivery.state.value for one in sent.values())
    assert set(states) <= {"sent", "uncertain"}
    for address, one in sent.items():
        assert mailboxes[address] == 1 or (mailboxes[address] == 0 and one.delivery.state == "uncertain")
    return states["uncertain"]


def check_files(folder: Path) -> None:
    """Every feed is whole, every page is there, and nothing temporary is left."""
    for kind in ("rss", "atom"):
        parsed = feedparser.parse((folder / "feeds" / f"news.{kind}").read_bytes())
        assert not parsed.bozo
        assert sorted(entry.title for entry in parsed.entries) == TITLES
    items = json.loads((folder / "feeds" / "news.json").read_bytes())["items"]
    assert sorted(item["title"] for item in items) == TITLES
    assert len(list((folder / "feeds" / "site" / "articles").rglob("*.html"))) == len(TITLES)
    assert [path for path in folder.rglob("*.tmp") if path.is_file()] == []


def check(folder: Path, points: dict[str, int], mailboxes: Counter[str]) -> Counter[str]:
    """Every newsroom, and how many uncertain deliveries there are in all for each stage."""
    uncertain: Counter[str] = Counter()
    for point in points:
        store = open_store(f"sqlite:///{folder / point / 'syndicate.db'}")
        try:
            left = check_rows(store, point, mailboxes)
        except AssertionError as error:
            error.add_note(f"in the newsroom {point}")
            raise
        finally:
            store.dispose()
        check_files(folder / point)
        assert left <= 1, point
        uncertain[point.partition("-")[0]] += left
    return uncertain


def check_that_all_were_killed(points: dict[str, int], least: dict[str, int]) -> None:
    """The last of each series ended by itself, the others by SIGKILL; there were as many as expected."""
    assert set(points.values()) == {0, 9}
    for stage, count in least.items():
        for when in ("before", "after"):
            series = [signal for point, signal in points.items() if point.startswith(f"{stage}-{when}-")]
            assert series[:-1] == [9] * (len(series) - 1)
            assert len(series) > count, (stage, when)
    assert list(points.values()).count(0) == 2 * len(least)


def test_articles_are_neither_lost_nor_doubled_by_a_kill_at_any_commit(folder: Path) -> None:
    """From an empty folder to stored articles: declarations, leases, polls."""
    least = {"open": 2, "ingest": 3}
    points = killed_newsrooms(folder, 'transport = "folder"', *least)
    check_that_all_were_killed(points, least)
    assert check(folder, points, received(in_folders(folder))).total() == 0


def test_full_texts_are_neither_lost_nor_doubled_by_a_kill_at_any_commit(folder: Path) -> None:
    least = {"pages": 6}
    points = killed_newsrooms(folder, 'transport = "folder"', *least)
    check_that_all_were_killed(points, least)
    check(folder, points, received(in_folders(folder)))
    for point in points:
        store = open_store(f"sqlite:///{folder / point / 'syndicate.db'}")
        with store.read() as connection:
            assert page_store.count_pages(connection) == {"read": 4}, point
            bodies = article_store.get_bodies(connection, range(1, 100)).values()
            assert all(len(body.text.split("\n\n")) == 2 for body in bodies), point
        store.dispose()


def test_stories_feeds_and_editions_are_whole_after_a_kill_at_any_commit(folder: Path) -> None:
    least = {"stories": 3, "publish": 4, "edition": 1}
    points = killed_newsrooms(folder, 'transport = "folder"', *least)
    check_that_all_were_killed(points, least)
    assert check(folder, points, received(in_folders(folder))).total() == 0


@pytest.mark.parametrize(
    "offers",
    [pytest.param({}, marks=pytest.mark.all, id="one by one"), pytest.param(PIPELINING, id="pipelining")],
)
def test_DF1_mail_over_smtp_reaches_everybody_at_most_once_whenever_the_sender_is_killed(
    folder: Path, offers: dict[str, bytes]
) -> None:
    """One commit says "sent" of one and "sending" of the next: a kill leaves at most one in doubt."""
    with ScriptedSmtp(offers) as smtp:
        mail = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {smtp.port}\ntls = "none"'
        points = killed_newsrooms(folder, mail, "deliver")
    check_that_all_were_killed(points, {"deliver": 5})
    # Before: the commit of "sent" of each of three messages. After: the commit of "sending" of each.
    assert check(folder, points, received(smtp.bodies)) == {"deliver": 6}


def test_DF1_mail_into_a_folder_is_written_at_most_once_whenever_the_sender_is_killed(folder: Path) -> None:
    points = killed_newsrooms(folder, 'transport = "folder"', "deliver")
    check_that_all_were_killed(points, {"deliver": 5})
    assert check(folder, points, received(in_folders(folder))) == {"deliver": 6}

"""Parsing in worker processes that crash, hang or run out of memory."""

import io
import os
import pickle
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from syndicate.errors import ParseError, ParserDied
from syndicate.ingest.worker.parser_pool import RESULT_CLASSES, ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.memory import release_unused
from syndicate.model import Enclosure, Entry, Image, ParsedSource
from syndicate.sockets import AnswerTooLong
from syndicate.workers import Incoming, WorkerDied, read_answers
from syndicate.workers.process import PROTOCOL, send
from tests.ingest.reading import URL, read, rss

SMALL = rss("<title>a</title>")
# Seconds of work, many times the limits below: feedparser resolves every link.
LINKS = "<link>https://x.example/</link>" * 80
SLOW = rss("".join(f"<title>{n}</title>{LINKS}</item><item>" for n in range(1_500)))


def parse(pool: ParserPool, body: bytes, known: frozenset[str] = frozenset()) -> ParsedSource:
    return pool.parse(ParseRequest(body=body, url=URL, known=known))


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    with ParserPool(1) as pool:
        yield pool


_elsewhere: set[int] = set()


@pytest.fixture(autouse=True)
def other_tests_workers():
    """Other tests of this process may keep a pool of their own."""
    _elsewhere.clear()
    _elsewhere.update(workers_of(os.getpid()))


def workers_of(parent: int) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            status = (folder / "stat").read_text()
            is_worker = b"worker.parser_process" in (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if (
            is_worker
            and int(status.rpartition(")")[2].split()[1]) == parent
            and int(folder.name) not in _elsewhere
        ):
            found.append(int(folder.name))
    return found


def eventually(condition: Callable[[], bool]) -> bool:
    """Poll the kernel's view of a process, which no event announces."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if condition():
            return True
        os.sched_yield()
    return False


@pytest.mark.all
def test_a_worker_gives_what_the_function_gives(pool):
    body = rss(
        "<title>a</title><pubDate>Wed, 04 Mar 2026 12:00:00 GMT</pubDate><media:thumbnail url='/t.png'/>", ""
    )
    assert parse(pool, body) == read(body)
    item_hashes = frozenset(read(body).item_hashes)
    assert parse(pool, body, known=item_hashes) == read(body, known=item_hashes)


@pytest.mark.all
def test_a_parse_error_is_a_parse_error_and_the_worker_lives_on(pool):
    parse(pool, SMALL)
    before = workers_of(os.getpid())
    with pytest.raises(ParseError, match="HTML page") as caught:
        parse(pool, b"<html></html>")
    assert not isinstance(caught.value, ParserDied)
    assert parse(pool, SMALL).entries[0].title == "a"
    assert workers_of(os.getpid()) == before


@pytest.mark.all
def test_a_worker_without_a_document_for_an_interval_ends_and_the_next_document_starts_another(pool):
    parse(pool, SMALL)
    (first,) = workers_of(os.getpid())
    release_unused()
    parse(pool, SMALL)
    release_unused()
    assert workers_of(os.getpid()) == [first]
    release_unused()
    assert workers_of(os.getpid()) == []
    assert parse(pool, SMALL).entries[0].title == "a"
    assert len(workers_of(os.getpid())) == 1


@pytest.mark.all
def test_documents_that_go_together_give_what_each_gives_alone(pool):
    bodies = [SMALL, b"<html></html>", rss("<title>b</title>")]
    first, refused, last = pool.parse_each([ParseRequest(body=body, url=URL) for body in bodies])
    assert (first, last) == (read(bodies[0]), read(bodies[2]))
    assert isinstance(refused, ParseError)
    assert "HTML page" in str(refused)
    assert pool.parse_each([]) == []


@pytest.mark.all
def test_documents_that_go_together_have_the_time_of_one():
    with ParserPool(1, time_limit=0.2) as pool:
        with pytest.raises(ParserDied, match="took longer"):
            pool.parse_each([ParseRequest(body=body, url=URL) for body in (SMALL, SLOW, SMALL)])
        assert parse(pool, SMALL).entries[0].title == "a"


def test_no_worker_starts_before_it_is_needed():
    before = workers_of(os.getpid())
    with ParserPool(2):
        assert workers_of(os.getpid()) == before


@pytest.mark.all
def test_a_worker_killed_in_its_sleep_is_replaced(pool):
    parse(pool, SMALL)
    (worker,) = workers_of(os.getpid())
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(ParserDied, match="SIGKILL"):
        parse(pool, SMALL)
    assert parse(pool, SMALL).entries[0].title == "a"


@pytest.mark.all
def test_a_worker_that_crashes_over_a_document_costs_that_document_only(pool):
    parse(pool, SMALL)
    (worker,) = workers_of(os.getpid())
    with ThreadPoolExecutor(1) as executor:
        slow = executor.submit(parse, pool, SLOW)
        os.kill(worker, signal.SIGSEGV)
        with pytest.raises(ParserDied, match=f"{URL}: the parser was ended by SIGSEGV"):
            slow.result()
    assert parse(pool, SMALL).entries[0].title == "a"


@pytest.mark.all
def test_a_worker_that_hangs_is_stopped_at_the_limit():
    with ParserPool(1, time_limit=0.5) as pool:
        parse(pool, SMALL)
        (worker,) = workers_of(os.getpid())
        os.kill(worker, signal.SIGSTOP)
        with pytest.raises(ParserDied, match=r"took longer than 0\.5 seconds"):
            parse(pool, SMALL)
        assert parse(pool, SMALL).entries[0].title == "a"


@pytest.mark.all
def test_a_document_that_takes_too_long_is_stopped():
    with ParserPool(1, time_limit=0.2) as pool:
        with pytest.raises(ParserDied, match="took longer"):
            parse(pool, SLOW)
        assert parse(pool, SMALL).entries[0].title == "a"


@pytest.mark.all
def test_a_document_that_eats_memory_is_stopped():
    body = b"<rss><channel>" + b"<item><title>x</title></item>" * 1_500_000 + b"</channel></rss>"
    with ParserPool(1, memory_limit=256 * 1024 * 1024) as pool:
        with pytest.raises(ParserDied):
            parse(pool, body)
        assert parse(pool, SMALL).entries[0].title == "a"


@pytest.mark.all
def test_broken_documents_leave_no_memory_behind():
    broken = rss("<title>a</title><description>" + 6_000_000 * "x" + "</b>")
    with ParserPool(1, memory_limit=512 << 20) as pool:
        for _ in range(10):
            assert len(parse(pool, broken).entries) == 1
        assert len(workers_of(os.getpid())) == 1


@pytest.mark.all
def test_many_threads_share_the_workers():
    bodies = [rss(f"<title>t{n}</title>") for n in range(40)]
    with ParserPool(2) as pool, ThreadPoolExecutor(8) as executor:
        parsed = list(executor.map(lambda body: parse(pool, body), bodies))
        assert len(workers_of(os.getpid())) <= 2
    assert [result.entries[0].title for result in parsed] == [f"t{n}" for n in range(40)]


@pytest.mark.all
def test_a_closed_pool_leaves_no_process_and_takes_no_work():
    pool = ParserPool(1)
    parse(pool, SMALL)
    pool.close()
    assert workers_of(os.getpid()) == []
    with pytest.raises(ParserDied, match="closed"):
        parse(pool, SMALL)
    pool.close()


def test_closing_does_not_wait_for_a_busy_worker(pool):
    parse(pool, SMALL)
    with ThreadPoolExecutor(1) as executor:
        slow = executor.submit(parse, pool, SLOW)
        pool.close()
        with pytest.raises(ParserDied):
            slow.result()


def test_workers_end_when_their_parent_is_killed():
    program = (
        "import sys\nfrom syndicate.ingest.worker.parser_pool import ParserPool\n"
        "from syndicate.ingest.worker.parsers import ParseRequest\npool = ParserPool(1)\n"
        "pool.parse(ParseRequest(body=b'<rss><channel><title>a</title></channel></rss>', url='https://a.example/'))\n"
        "print('ready', flush=True)\nsys.stdin.read()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        (worker,) = workers_of(parent.pid)
        parent.kill()
    assert eventually(lambda: not Path(f"/proc/{worker}/cmdline").exists() or not alive(worker))


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "message",
    [
        pickle.dumps(Path("/etc/passwd")),
        pickle.dumps(os.system),
        pickle.dumps(1),
        pickle.dumps(("parsed", None, None)),
        b"cdatetime\ndatetime\n(I1\nI99\nI99\ntR.",
        b"csyndicate.model.articles\nEntry\n(S'a'\ntR.",
        # An entry made of one value instead of all.
        b"\x80\x05csyndicate.model.articles\nEntry\n)\x81(Va\nlb.",
        b"\x80\x05" + b"(" * 1_000_000 + b".",
        # A frame of 2**62 bytes.
        b"\x80\x05\x95" + (1 << 62).to_bytes(8, "little"),
    ],
)
def test_an_answer_that_no_worker_of_ours_gives_is_a_dead_parser(message):
    with pytest.raises(WorkerDied, match="invalid answer"):
        read_answers(io.BytesIO(message), RESULT_CLASSES)


def test_an_answer_brings_every_value_of_an_entry_its_picture_and_its_files():
    picture = Image(url="https://example.com/a.jpg", width=300, alt="A quay")
    entry = Entry(
        guid="1",
        url="https://example.com/1",
        title="One",
        authors=("Ann",),
        published=datetime(2026, 11, 24, 9, tzinfo=UTC),
        text="Text",
        tags=("harbour",),
        image=picture,
        enclosures=(Enclosure(url="https://example.com/a.mp3", media_type="audio/mpeg", duration=90),),
        item_hash="d",
    )
    parsed = ParsedSource(title="Paper", entries=(entry, entry), item_hashes=("d",))
    assert read_answers(io.BytesIO(pickle.dumps([("parsed", parsed)], PROTOCOL)), RESULT_CLASSES) == [
        ("parsed", parsed)
    ]


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Incoming]]:
    theirs, ours = socket.socketpair()
    with theirs, ours:
        yield theirs, Incoming(ours)


def test_a_worker_cannot_say_more_than_its_parent_will_hold(ends):
    theirs, incoming = ends
    send(theirs, [("refused", "x" * 2_000)])
    incoming.left, incoming.deadline = 1_000, time.monotonic() + 10
    with pytest.raises(AnswerTooLong):
        read_answers(io.BufferedReader(incoming), RESULT_CLASSES)


def test_a_worker_that_ends_in_the_middle_of_an_answer_has_ended(ends):
    theirs, incoming = ends
    theirs.sendall(pickle.dumps([("refused", "x" * 2_000)], PROTOCOL)[:1_000])
    theirs.close()
    incoming.left, incoming.deadline = 10_000, time.monotonic() + 10
    with pytest.raises(EOFError):
        read_answers(io.BufferedReader(incoming), RESULT_CLASSES)


def test_a_worker_that_goes_on_and_on_is_late(ends):
    theirs, incoming = ends
    theirs.sendall(b"\x80\x05(")
    incoming.left, incoming.deadline = 10_000, time.monotonic() + 0.01
    with pytest.raises(TimeoutError):
        read_answers(io.BufferedReader(incoming), RESULT_CLASSES)

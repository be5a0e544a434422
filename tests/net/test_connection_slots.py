"""Connection slots: a request that waits for a slow server lends its slot."""

import asyncio
import resource
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from syndicate.errors import FetchError, NotAsked
from syndicate.net import Fetched, FetchRequest, FetchThread, HttpOptions, connection_slots
from syndicate.net.failures import failed_status
from syndicate.net.politeness import next_pause
from tests.net.scripted_server import ScriptedServer, answer, hang

HANGING = ("/a", "/b", "/c", "/d")


async def slow(reader, writer) -> None:
    """Respond when slots are lent already."""
    await asyncio.sleep(0.2)
    writer.write(answer(200, b"slow"))
    await writer.drain()
    writer.close()


@pytest.fixture
def thread(options: HttpOptions, monkeypatch: pytest.MonkeyPatch) -> Iterator[FetchThread]:
    monkeypatch.setattr(connection_slots, "LEND_AFTER", 0.05)
    thread = FetchThread(replace(options, concurrency=2, total_timeout=1.0))
    yield thread
    thread.close()


def requests(server: ScriptedServer, *paths: str) -> list[FetchRequest]:
    return [FetchRequest(url=server.url(path), key=path) for path in paths]


def keys_of(outcomes) -> list[object]:
    return [request.key for request, got in outcomes if isinstance(got, Fetched)]


def test_more_slow_servers_than_slots_delay_no_other_request(thread: FetchThread) -> None:
    good = [f"/{number}" for number in range(20)]
    with ScriptedServer({**dict.fromkeys(good, answer()), **dict.fromkeys(HANGING, hang)}) as server:
        outcomes = thread.fetch_each(requests(server, *HANGING, *good))
        found = [next(outcomes) for _ in good]
        rest = list(outcomes)
    assert sorted(map(str, keys_of(found))) == sorted(good)
    assert len(rest) == 4
    assert keys_of(rest) == []


def test_the_number_of_lent_slots_is_limited(thread: FetchThread) -> None:
    many = [f"/{number}" for number in range(10)]
    with ScriptedServer(dict.fromkeys(many, hang)) as server:
        assert len(list(thread.fetch_each(requests(server, *many)))) == len(many)
        assert 2 < server.most_at_once <= 2 * (1 + connection_slots.MAX_LENT)


def test_waiting_for_a_lent_slot_does_not_count_against_the_deadline(thread: FetchThread) -> None:
    fast = [f"/{number}" for number in range(6)]
    with ScriptedServer({"/slow": slow, **dict.fromkeys(fast, answer())}) as server:
        outcomes = thread.fetch_each(requests(server, "/slow", *fast))
        found = [next(outcomes)]
        # Longer than an exchange may take: nothing is read beyond the two bodies for which there is room.
        time.sleep(1.3)
        found += outcomes
    assert sorted(map(str, keys_of(found))) == sorted(["/slow", *fast])


def test_more_is_called_in_the_callers_thread_while_servers_are_slow(thread: FetchThread) -> None:
    callers = set()
    left = ["/1", "/2", "/3"]

    def more() -> list[FetchRequest]:
        callers.add(threading.current_thread())
        return requests(server, left.pop(0)) if left else []

    with ScriptedServer({"/hang": hang, **dict.fromkeys(left, answer())}) as server:
        outcomes = list(thread.fetch_each(requests(server, "/hang"), more))
    assert keys_of(outcomes) == ["/1", "/2", "/3"]
    assert outcomes[-1][0].key == "/hang"
    assert callers == {threading.current_thread()}


def test_a_stop_does_not_wait_for_slow_servers(thread: FetchThread) -> None:
    should_stop = threading.Event()
    threading.Timer(0.1, should_stop.set).start()
    began = time.monotonic()
    with ScriptedServer({**dict.fromkeys(HANGING, hang), "/good": answer()}) as server:
        outcomes = list(
            thread.fetch_each(requests(server, *HANGING, "/good"), should_stop=should_stop.is_set)
        )
        assert time.monotonic() - began < 0.9
        assert keys_of(outcomes) in ([], ["/good"])
        # The abandoned requests hold no slot.
        assert keys_of(thread.fetch_each(requests(server, "/good"))) == ["/good"]


def test_more_is_not_called_while_no_slot_is_free(thread: FetchThread) -> None:
    asked: list[int] = []

    def more() -> list[FetchRequest]:
        asked.append(len(server.asked))
        return []

    paths = [f"/{number}" for number in range(12)]
    with ScriptedServer(dict.fromkeys(paths, answer())) as server:
        assert len(list(thread.fetch_each(requests(server, *paths), more))) == len(paths)
    assert all(count >= len(paths) - 2 for count in asked)


async def exchange_with_lock(shared: connection_slots.ConnectionSlots, turn: asyncio.Lock) -> None:
    """Run an exchange with a host lock that all other exchanges wait for, too."""
    slot = await shared.acquire()
    try:
        async with turn:
            await asyncio.sleep(0.02)
            await slot.on_response()
    finally:
        slot.release()


def test_requests_queued_on_a_host_lock_do_not_hold_all_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_slots, "LEND_AFTER", 0.005)

    async def run_all() -> None:
        shared, turn = connection_slots.ConnectionSlots(1), asyncio.Lock()
        async with asyncio.timeout(60):
            await asyncio.gather(*(exchange_with_lock(shared, turn) for _ in range(12)))

    asyncio.run(run_all())


def test_reacquiring_goes_before_acquiring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_slots, "LEND_AFTER", 0.01)

    async def order() -> list[str]:
        shared, came = connection_slots.ConnectionSlots(1), []

        async def come(name: str) -> connection_slots.ConnectionSlot:
            slot = await shared.acquire()
            came.append(name)
            return slot

        first = await come("first")
        coming = [asyncio.create_task(come(name)) for name in ("second", "third")]
        second = await coming[0]
        back = asyncio.create_task(first.on_response())
        back.add_done_callback(lambda _: came.append("back"))
        await asyncio.sleep(0)
        second.release()
        await back
        first.release()
        (await coming[1]).release()
        return came

    assert asyncio.run(order()) == ["first", "second", "back", "third"]


def test_a_cancelled_request_frees_its_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_slots, "LEND_AFTER", 0.002)

    async def count_left() -> tuple[int, int]:
        shared, turn = connection_slots.ConnectionSlots(2), asyncio.Lock()
        for delay in range(0, 40, 4):
            exchanges = [asyncio.create_task(exchange_with_lock(shared, turn)) for _ in range(12)]
            await asyncio.sleep(delay / 1000)
            for exchange in exchanges[delay % 3 :: 2]:
                exchange.cancel()
            if delay % 8 == 0:
                for exchange in exchanges:
                    exchange.cancel()
            await asyncio.gather(*exchanges, return_exceptions=True)
        left = [await shared.acquire() for _ in range(2)]
        free = asyncio.create_task(shared.acquire())
        await asyncio.sleep(0)
        waits = not free.done()
        free.cancel()
        for slot in left:
            slot.release()
        return shared.lent, int(waits)

    assert asyncio.run(count_left()) == (0, 1)


def test_later_requests_are_not_sent_to_a_server_that_asked_for_a_pause(options: HttpOptions) -> None:
    async def busy(reader, writer) -> None:
        await asyncio.sleep(0.7)
        writer.write(answer(503, b"", Retry_After="60"))
        await writer.drain()

    thread = FetchThread(replace(options, host_gap=0.01))
    left = ["/3", "/4"]
    try:
        with ScriptedServer(dict.fromkeys(("/1", "/2", "/3", "/4"), busy)) as server:
            outcomes = list(
                thread.fetch_each(
                    requests(server, "/1", "/2"), lambda: requests(server, left.pop(0)) if left else []
                )
            )
            assert [asked.path for asked in server.asked] == ["/1"]
    finally:
        thread.close()
    assert sorted(str(request.key) for request, _ in outcomes) == ["/1", "/2", "/3", "/4"]
    assert [type(got) for _, got in outcomes[1:]] == [NotAsked] * 3


def test_F6_one_url_that_answers_429_delays_the_others_of_its_host_by_a_few_gaps(
    options: HttpOptions,
) -> None:
    gap = 0.2
    thread = FetchThread(replace(options, host_gap=gap))
    refused = answer(429, b"", Retry_After="3600")
    try:
        with ScriptedServer(
            {"/1": refused, "/2": answer(), "/3": refused, "/4": refused, "/5": answer()}
        ) as server:
            began = time.monotonic()
            outcomes = dict(thread.fetch_each(requests(server, "/1", "/2", "/3", "/4", "/5")))
            took = time.monotonic() - began
            asked = [request.path for request in server.asked]
    finally:
        thread.close()
    # A second refusal right after the first pause is too much for this run.
    assert asked == ["/1", "/2", "/3"]
    kinds = {str(request.key): type(got) for request, got in outcomes.items()}
    assert kinds == {"/1": FetchError, "/2": Fetched, "/3": FetchError, "/4": NotAsked, "/5": NotAsked}
    assert 3 * gap < took < 60


@pytest.mark.parametrize(
    ("status", "last", "since_end", "pause"),
    [
        (429, 0.0, 0.0, 6.0),
        (429, 6.0, -1.0, 18.0),
        (429, 6.0, 5.0, 18.0),
        (429, 6.0, 7.0, 6.0),
        (429, 1500.0, 0.0, 3600.0),
        (503, 0.0, 0.0, 3600.0),
    ],
)
def test_F6_pauses_of_a_host_grow_while_it_refuses_up_to_its_retry_after(
    status: int, last: float, since_end: float, pause: float
) -> None:
    error = failed_status("https://a.example/feed", status, 3600.0, gap=2.0)
    assert next_pause(error, last, since_end) == pause


def test_there_may_be_as_many_connections_as_slots(options: HttpOptions) -> None:
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, limit), most))
    try:
        FetchThread(options).close()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= min(1024, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, most))

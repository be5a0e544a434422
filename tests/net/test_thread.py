import gc
import threading
import weakref
from dataclasses import replace

import pytest

from syndicate.errors import FetchError
from syndicate.net import Fetched, FetchRequest, FetchThread
from tests.net.conftest import Bug
from tests.net.scripted_server import ScriptedServer, answer, hang


@pytest.fixture
def fetching(options):
    """Make fetch threads that are closed after the test."""
    threads: list[FetchThread] = []

    def start(**changes) -> FetchThread:
        threads.append(FetchThread(replace(options, **changes)))
        return threads[-1]

    yield start
    for thread in threads:
        thread.close()


def requests(server: ScriptedServer, count: int) -> list[FetchRequest]:
    return [FetchRequest(url=server.url(f"/{number}"), key=number) for number in range(count)]


def test_every_request_comes_back_once_with_its_answer_or_its_error(fetching):
    answers = {f"/{number}": answer(200, b"%d" % number) for number in range(0, 300, 3)}
    with ScriptedServer(dict(answers)) as server:
        outcomes = list(fetching().fetch_each(requests(server, 300)))
    bodies = {request.key: got.body for request, got in outcomes if isinstance(got, Fetched)}
    errors = {request.key: got.status for request, got in outcomes if isinstance(got, FetchError)}
    assert len(outcomes) == 300
    assert bodies == {number: b"%d" % number for number in range(0, 300, 3)}
    assert errors == {number: 404 for number in range(300) if number % 3}


def test_nothing_to_fetch_is_nothing_to_do(fetching):
    assert list(fetching().fetch_each([])) == []


def test_a_url_that_cannot_be_parsed_hurts_only_itself(fetching):
    with ScriptedServer({"/feed": answer()}) as server:
        thread = fetching(host_gap=0.001)
        urls = ["http://[::1", "file:///etc/passwd", "", server.url()]
        outcomes = {
            request.url: got for request, got in thread.fetch_each(FetchRequest(url=url) for url in urls)
        }
    assert {url: isinstance(got, Fetched) for url, got in outcomes.items()} == {
        "http://[::1": False,
        "file:///etc/passwd": False,
        "": False,
        server.url(): True,
    }


def test_FF22_hanging_sources_do_not_hold_up_the_others(fetching):
    answers = {f"/{number}": hang if number % 10 == 0 else answer() for number in range(100)}
    with ScriptedServer(dict(answers)) as server:
        outcomes = list(fetching(total_timeout=1.0).fetch_each(requests(server, 100)))
    good = [request.key for request, got in outcomes if isinstance(got, Fetched)]
    late = [request.key for request, got in outcomes[90:] if isinstance(got, FetchError)]
    assert sorted(good) == [number for number in range(100) if number % 10]
    assert sorted(late) == list(range(0, 100, 10))


def test_F13_a_host_with_many_sources_does_not_hold_up_the_others(fetching):
    with ScriptedServer({"/0": answer(), "/1": answer(), "/2": answer(), "/feed": answer()}) as server:
        slow = requests(server, 3)
        other = FetchRequest(url=server.url(host="localhost"), key="other")
        thread = fetching(host_gap=0.1, concurrency=2, allow_private=True)
        order = [request.key for request, _ in thread.fetch_each([*slow, other])]
    assert order.index("other") < 2
    assert server.most_at_once <= 2


def test_a_slow_consumer_slows_the_fetching(fetching):
    with ScriptedServer({f"/{number}": answer() for number in range(40)}) as server:
        outcomes = fetching(concurrency=4).fetch_each(requests(server, 40))
        asked = []
        for _ in range(10):
            next(outcomes)
            asked.append(len(server.asked))
        outcomes.close()
    assert all(count <= taken + 4 for taken, count in enumerate(asked))


def test_a_body_is_let_go_when_the_consumer_lets_go(fetching):
    class Key:
        pass

    with ScriptedServer({"/feed": answer()}) as server:
        alive: list[weakref.ref[Key]] = []
        for number in range(3):
            for request, _ in fetching().fetch_each([FetchRequest(url=server.url(), key=Key())]):
                alive.append(weakref.ref(request.key))
            del request, _
            gc.collect()
            assert [ref() for ref in alive] == [None] * (number + 1)


def test_leaving_the_loop_early_abandons_the_rest(fetching):
    answers = {f"/{number}": answer() if number == 0 else hang for number in range(20)}
    with ScriptedServer(dict(answers)) as server:
        thread = fetching(concurrency=4)
        outcomes = thread.fetch_each(requests(server, 20))
        assert next(outcomes)[0].key == 0
        outcomes.close()
        again = list(thread.fetch_each(requests(server, 1)))
    assert isinstance(again[0][1], Fetched)
    assert len(server.asked) < 10


def test_several_jobs_share_the_thread(fetching):
    with ScriptedServer({f"/{number}": answer() for number in range(50)}) as server:
        thread = fetching(concurrency=4)
        counts: list[int] = []
        jobs = [
            threading.Thread(target=lambda: counts.append(len(list(thread.fetch_each(requests(server, 50))))))
            for _ in range(4)
        ]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
    assert counts == [50] * 4
    assert server.most_at_once <= 4


def test_a_fetch_inside_the_loop_body_cannot_lock_up(fetching):
    with ScriptedServer({f"/{number}": answer() for number in range(10)}) as server:
        thread = fetching(concurrency=1, host_gap=0.001)
        pairs = [
            (request.key, inner.key)
            for request, _ in thread.fetch_each(requests(server, 4))
            for inner, _ in thread.fetch_each([FetchRequest(url=server.url("/9"), key="page")])
        ]
    assert pairs == [(number, "page") for number in range(4)]


def test_T4_close_ends_the_iteration_of_a_waiting_job(fetching):
    with ScriptedServer({"/0": answer(), "/1": hang}) as server:
        thread = fetching()
        got: list[object] = []
        first = threading.Event()

        def work() -> None:
            for request, _ in thread.fetch_each(requests(server, 2)):
                got.append(request.key)
                first.set()

        job = threading.Thread(target=work)
        job.start()
        first.wait()
        thread.close()
        job.join(timeout=60)
    assert not job.is_alive()
    assert got == [0]


def test_T4_close_is_final_and_may_be_repeated(fetching):
    with ScriptedServer({"/0": answer()}) as server:
        thread = fetching()
        thread.close()
        thread.close()
        assert list(thread.fetch_each(requests(server, 1))) == []
    assert server.connections == 0


def test_a_bug_in_a_fetch_hurts_only_its_own_request(fetching, caplog):
    with ScriptedServer({f"/{number}": answer() for number in range(3)}) as server:
        asked = [
            replace(request, max_body=Bug("oh")) if request.key == 1 else request
            for request in requests(server, 3)
        ]
        outcomes = {request.key: got for request, got in fetching().fetch_each(asked)}
    assert {key: isinstance(got, Fetched) for key, got in outcomes.items()} == {0: True, 1: False, 2: True}
    assert "ZeroDivisionError: oh" in str(outcomes[1])
    assert "could not be handled" in caplog.text


def test_SF10_connections_are_used_again_and_do_not_pile_up(fetching, options):
    with ScriptedServer({f"/{number}": answer() for number in range(100)}) as server:
        thread = fetching()
        for _ in range(3):
            list(thread.fetch_each(requests(server, 100)))
    assert server.connections <= options.concurrency * 2

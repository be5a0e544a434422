"""Workers: several processes share a PostgreSQL store, by stages and by shards of hosts."""

import inspect
import json
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from procrastinate.schema import SchemaManager

from syndicate.cli.operate.daemon import run
from syndicate.cli.operate.status import status
from syndicate.cli.operate.worker import worker
from syndicate.errors import ConfigError, StoreBusy
from syndicate.model.shards import SHARDS
from syndicate.queue.message_queue import MessageQueue
from syndicate.text.urls import host_shard
from tests.runners.daemon import CHECKOUT, PATIENCE, SOON, Daemon, running

GAP = 0.5
on_postgres = pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
Requests = dict[str, list[tuple[float, float]]]


class Newsroom:
    """Server of feeds on every loopback address, with the start and end of each request by host.

    Requests wait while ``open`` is not set.
    """

    def __init__(self) -> None:
        self.requests: Requests = defaultdict(list)
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Semaphore(0)
        newsroom = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                began = time.monotonic()
                newsroom.asked.release()
                newsroom.open.wait(PATIENCE)
                address = f"http://{self.headers['Host']}{self.path}"
                item = f"<item><guid>{address}</guid><title>{address}</title><link>{address}/1</link></item>"
                body = f"<rss version='2.0'><channel><title>x</title>{item}</channel></rss>".encode()
                self.send_response(200 if self.path != "/robots.txt" else 404)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                newsroom.requests[self.headers["Host"]].append((began, time.monotonic()))
                with suppress(ConnectionError):  # of a killed client
                    self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("0.0.0.0", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def url(self, host: int, path: str = "feed") -> str:
        return f"http://127.0.0.{host}:{self.port}/{path}"

    def close(self) -> None:
        self.open.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def newsroom() -> Iterator[Newsroom]:
    server = Newsroom()
    yield server
    server.close()


def write(tmp_path: Path, store_url: str, urls: list[str], more: str = "") -> Path:
    config = tmp_path / "config.toml"
    sources = "".join(
        f'[[sources]]\nname = "s{n}"\nurl = "{url}"\nfull_text = "never"\n' for n, url in enumerate(urls)
    )
    head = f"[http]\nallow_private = true\nhost_gap = {GAP}\n"
    config.write_text(f'{head}[store]\nurl = "{store_url}"\n[web]\nlisten = ""\n{more}{sources}', "utf-8")
    return config


@contextmanager
def working(config: Path, *options: str) -> Iterator[Daemon]:
    with running(config, command=("worker", *options)) as process:
        process.wait_for("started")
        yield process


def said(config: Path, *options: str) -> Result:
    return CliRunner().invoke(status, ["--config", str(config), *options])


def articles(store_url: str) -> int:
    with psycopg.connect(store_url) as connection:
        (count,) = connection.execute("SELECT count(*) FROM articles").fetchone() or (0,)
        return int(count)


def wait_for_articles(store_url: str, count: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while articles(store_url) < count:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@on_postgres
def test_two_workers_share_the_hosts_and_send_a_host_one_request_at_a_time(
    tmp_path: Path, store_url: str, newsroom: Newsroom
) -> None:
    urls = [newsroom.url(host, path) for host in range(2, 14) for path in "ab"]
    config = write(tmp_path, store_url, urls)
    with working(config) as first, working(config) as second:
        wait_for_articles(store_url, len(urls))
        assert [first.end(signal.SIGTERM), second.end(signal.SIGTERM)] == [0, 0]
    # The index of stories is in the memory of one of them.
    assert sum(any(line["event"] == "stories" for line in process.events) for process in (first, second)) <= 1
    assert len(newsroom.requests) == 12
    for requests in newsroom.requests.values():
        for (began, ended), (next_began, _) in pairwise(sorted(requests)):
            assert next_began >= ended
            assert next_began - began > GAP / 2


@on_postgres
def test_messages_that_are_doubled_late_or_lost_change_nothing(
    tmp_path: Path, store_url: str, newsroom: Newsroom
) -> None:
    urls = [newsroom.url(host) for host in (2, 3)]
    config = write(tmp_path, store_url, urls)
    message = (
        """INSERT INTO procrastinate_jobs (queue_name, task_name, lock, args) VALUES (%s, 'ingest', %s, %s)"""
    )
    shards = [host_shard(url) for url in urls]
    *_, argument = inspect.signature(MessageQueue._work).parameters
    with working(config, "--stages", "ingest") as process, psycopg.connect(store_url, autocommit=True) as sql:
        wait_for_articles(store_url, 2)
        before = {host: len(requests) for host, requests in newsroom.requests.items()}
        for shard in [*shards, *shards, 63]:
            sql.execute(message, (f"ingest.{shard}", None, json.dumps({argument: shard})))
        deadline = time.monotonic() + PATIENCE
        while sql.execute("SELECT 1 FROM procrastinate_jobs WHERE task_name = 'ingest'").fetchone():
            assert time.monotonic() < deadline
        assert {host: len(requests) for host, requests in newsroom.requests.items()} == before
        sql.execute("DELETE FROM procrastinate_jobs")
        sql.execute("UPDATE sources SET next_check = 0")
        process.wait_for("ingest", sources=1)
        process.wait_for("ingest", sources=1)
        assert process.end(signal.SIGTERM) == 0
    assert [line for line in process.events if line.get("level") == "error"] == []


@on_postgres
def test_a_stage_without_a_worker_does_not_keep_the_other_stages_of_its_hosts_waiting(
    tmp_path: Path, store_url: str, newsroom: Newsroom
) -> None:
    config = write(tmp_path, store_url, [newsroom.url(2)])
    config.write_text(config.read_text("utf-8").replace('"never"', '"always"'), "utf-8")
    with working(config, "--stages", "ingest") as process, psycopg.connect(store_url, autocommit=True) as sql:
        wait_for_articles(store_url, 1)
        process.wait_for("ingest", sources=1)
        deadline = time.monotonic() + PATIENCE
        while not sql.execute("SELECT 1 FROM procrastinate_jobs WHERE task_name = 'pages'").fetchone():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        sql.execute("UPDATE sources SET next_check = 0")
        process.wait_for("ingest", sources=1)
        assert process.end(signal.SIGTERM) == 0


@on_postgres
def test_another_worker_takes_up_the_work_of_a_killed_worker(
    tmp_path: Path, store_url: str, newsroom: Newsroom
) -> None:
    config = write(tmp_path, store_url, [newsroom.url(2)])
    newsroom.open.clear()
    with working(config, "--stages", "ingest") as killed:
        assert newsroom.asked.acquire(timeout=PATIENCE)
        killed.end(signal.SIGKILL)
    newsroom.open.set()
    with psycopg.connect(store_url, autocommit=True) as sql:
        # The time after which a worker counts as dead, without the wait.
        sql.execute("UPDATE procrastinate_workers SET last_heartbeat = last_heartbeat - interval '1 hour'")
        owner = "UPDATE workers SET owner = 'elsewhere:1:x:1:command:y', seen = 0"
        sql.execute(owner)
        for table in ("sources", "leases"):
            column = "owner" if table == "leases" else "lease_owner"
            sql.execute(
                f"UPDATE {table} SET {column} = 'elsewhere:1:x:1:command:y' WHERE {column} <> ''".encode()
            )
    assert "process 1 on host elsewhere had its last heartbeat" in said(config).output
    with working(config, "--stages", "ingest") as process:
        process.wait_for("a worker is gone")
        wait_for_articles(store_url, 1)
        assert process.end(signal.SIGTERM) == 0


@on_postgres
def test_a_worker_that_is_told_to_end_gives_its_work_back_within_seconds(
    tmp_path: Path, store_url: str, newsroom: Newsroom
) -> None:
    config = write(tmp_path, store_url, [newsroom.url(2)])
    newsroom.open.clear()
    with working(config) as process:
        assert newsroom.asked.acquire(timeout=PATIENCE)
        began = time.monotonic()
        assert process.end(signal.SIGTERM) == 0
        assert time.monotonic() - began < SOON
    with psycopg.connect(store_url) as sql:
        assert sql.execute("SELECT lease_owner, failures FROM sources").fetchall() == [("", 0)]
        assert sql.execute("SELECT * FROM workers").fetchall() == []
        assert sql.execute("SELECT * FROM procrastinate_jobs WHERE status = 'doing'").fetchall() == []


@on_postgres
def test_status_names_workers_and_the_work_that_has_none_also_after_a_reload(
    tmp_path: Path, store_url: str
) -> None:
    config = write(tmp_path, store_url, [])
    assert json.loads(said(config, "--json").output)["workers"] == []
    assert said(config, "--worker").exit_code == 1
    with working(config, "--stages", "ingest,deliver", "--shards", "0-15,40") as process:
        assert said(config, "--worker").exit_code == 0
        found = json.loads(said(config, "--json").output)
        (row,) = found["workers"]
        assert (row["pid"], row["stages"], row["shards"]) == (
            process.process.pid,
            ["ingest", "deliver"],
            "0-15,40",
        )
        assert row["alive"]
        assert "no worker for the shards 16-39,41-63 of the stage ingest" in found["problems"]
        assert "no worker for the stage stories: start `syndicate worker` with it" in found["problems"]
        assert "no worker for the shards 16-39,41-63 of the stage deliver" in found["problems"]
        assert "no worker for the stage publish: start `syndicate worker` with it" in found["problems"]
        assert "ingest, deliver; shards 0-15,40; seen now" in said(config).output
        process.process.send_signal(signal.SIGHUP)
        process.wait_for("reloaded")
        assert said(config, "--worker").exit_code == 0
        process.end(signal.SIGTERM)
    assert json.loads(said(config, "--json").output)["problems"] == []


@on_postgres
def test_run_and_workers_exclude_each_other(tmp_path: Path, store_url: str) -> None:
    config = write(tmp_path, store_url, [])
    busy = pytest.raises(StoreBusy, match="or workers do: stop it first")
    with working(config, "--stages", "ingest"), busy:
        CliRunner().invoke(run, ["--config", str(config)], catch_exceptions=False)
    with running(config) as daemon:
        daemon.wait_for("started")
        with pytest.raises(StoreBusy, match="`syndicate run` works with"):
            CliRunner().invoke(worker, ["--config", str(config)], catch_exceptions=False)
        daemon.end(signal.SIGTERM)


@on_postgres
def test_a_worker_comes_back_after_the_database_ended_its_connections(
    tmp_path: Path, store_url: str, newsroom: Newsroom
) -> None:
    config = write(tmp_path, store_url, [newsroom.url(2)])
    others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    with working(config, "--stages", "ingest") as process, psycopg.connect(store_url, autocommit=True) as sql:
        wait_for_articles(store_url, 1)
        sql.execute(f"{others} WHERE datname = current_database() AND pid <> pg_backend_pid()".encode())
        sql.execute("UPDATE sources SET next_check = 0")
        process.wait_for("ingest", sources=1)
        assert process.end(signal.SIGTERM) == 0


@on_postgres
def test_the_tables_of_another_queue_are_refused_and_made_anew_as_the_manual_says(
    tmp_path: Path, store_url: str
) -> None:
    config = write(tmp_path, store_url, [])
    with psycopg.connect(store_url) as sql:
        sql.execute("INSERT INTO meta (key, value) VALUES ('queue schema', '00.00.00_01_initial')")
        sql.execute(SchemaManager.get_schema())
    with running(config, command=("worker",)) as process:
        assert process.wait() == 4
    assert "stop all workers, then follow" in process.events[-1]["event"]
    manual = (CHECKOUT / "docs" / "many-machines.md").read_text("utf-8")
    with psycopg.connect(store_url) as sql:
        sql.execute(manual.partition("```psql\n")[2].partition("```")[0].encode())
    with working(config, "--stages", "prune") as process:
        assert process.end(signal.SIGTERM) == 0


def test_a_worker_refuses_an_sqlite_file_and_unknown_stages_and_shards(tmp_path: Path) -> None:
    config = write(tmp_path, "sqlite:///syndicate.db", [])
    with pytest.raises(ConfigError, match="On one machine use `syndicate run`"):
        CliRunner().invoke(worker, ["--config", str(config)], catch_exceptions=False)
    config = write(tmp_path, "postgresql://nobody@127.0.0.1:1/none", [])
    for shards in ("64", "a", "3-1", "1,,2"):
        refused = CliRunner().invoke(worker, ["--config", str(config), "--shards", shards])
        assert (refused.exit_code, "--shards" in refused.output) == (2, True)


@on_postgres
def test_a_worker_refuses_a_stage_that_does_not_exist(tmp_path: Path, store_url: str) -> None:
    config = write(tmp_path, store_url, [])
    refused = CliRunner().invoke(worker, ["--config", str(config), "--stages", "ingest,poll"])
    assert refused.exit_code == 2
    assert "No stage 'poll'. Stages are: lists, ingest," in refused.output


@pytest.mark.all
def test_serve_answers_readers_beside_run(tmp_path: Path, store_url: str) -> None:
    config = write(tmp_path, store_url, [], '[[channels]]\nname = "news"\n')
    here = {"SYNDICATE_WEB__LISTEN": "127.0.0.1:0"}
    with running(config) as daemon, running(config, here, ("serve",)) as server:
        daemon.wait_for("stories")
        url = server.wait_for("serving")["url"]
        answer, body = server.get(f"{url}/healthz")
        assert (answer, json.loads(body)["ok"]) == (200, True)
        assert server.get(f"{url}/news.rss")[0] == 200
        assert [server.end(signal.SIGTERM), daemon.end(signal.SIGTERM)] == [0, 0]


def test_every_shard_is_within_the_number_of_shards() -> None:
    assert {host_shard(f"https://host-{n}.example/") for n in range(2000)} == set(range(SHARDS))

"""Random actions of operators: each change has exactly one row of the audit log, and a key one change."""

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from uuid import uuid4

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import select

from syndicate.errors import SyndicateError
from syndicate.model.actors import ROLES, Actor, Change, command_actor
from syndicate.store import Store, schema
from syndicate.store.access import audit_store
from tests import postgres
from tests.empty_stores import opened, sqlite_url, write_empty_store
from tests.factories import NOW
from tests.invariants.operator_actions import ACTIONS, fields_of, prepare
from tests.jobs.room import Room

pytestmark = pytest.mark.all

ACTORS = {
    "command": command_actor("root"),
    "admin": Actor(kind="user", name="nora@news.example", user_id=1, scopes=ROLES["admin"]),
    "editor": Actor(kind="user", name="eve@news.example", user_id=2, scopes=ROLES["editor"]),
}
# An order to a job that may find nothing to do is recorded all the same.
ORDERS = {"source.import", "source.read", "subscriber.import"}
LEFT_OUT = {schema.audit, schema.repeated_requests}
MakeRoom = Callable[[], AbstractContextManager[Room]]


@pytest.fixture
def filled(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], MakeRoom]:
    """Return what copies a filled newsroom, as often as an example begins."""

    @contextmanager
    def room_at(url: str, folder: Path) -> Iterator[Room]:
        store = opened(url)
        room = Room(folder, store, None)
        try:
            room.declare((folder / "more.toml").read_text("utf-8") if (folder / "more.toml").exists() else "")
            yield room
        finally:
            room.close()
            store.dispose()

    first = tmp_path / "first"
    first.mkdir()

    def on_sqlite() -> MakeRoom:
        with room_at(write_empty_store(first), first) as room:
            prepare(room)
        keep_declarations(first)

        @contextmanager
        def copied() -> Iterator[Room]:
            with TemporaryDirectory(dir=tmp_path) as name:
                shutil.copytree(first, name, dirs_exist_ok=True)
                with room_at(sqlite_url(Path(name)), Path(name)) as room:
                    yield room

        return copied

    def on_postgres() -> MakeRoom:
        server, template = (request.getfixturevalue(f"postgres_{name}") for name in ("server", "template"))
        base = f"syndicate_{uuid4().hex}"
        database = postgres.database(server, base, template=template)
        with_base = database.__enter__()
        request.addfinalizer(lambda: database.__exit__(None, None, None))
        with room_at(with_base, first) as room:
            prepare(room)
        keep_declarations(first)

        @contextmanager
        def copied() -> Iterator[Room]:
            name = f"syndicate_{uuid4().hex}"
            with postgres.database(server, name, template=base) as url, room_at(url, first) as room:
                yield room

        return copied

    return lambda engine: on_sqlite() if engine == "sqlite" else on_postgres()


def keep_declarations(folder: Path) -> None:
    """Keep what a room declared beside the base of all rooms."""
    from tests.jobs.room import BASE

    text = (folder / "config.toml").read_text("utf-8")
    (folder / "more.toml").write_text(text.removeprefix(BASE), "utf-8")


def rows_of(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row that an action may change."""
    with store.snapshot() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in schema.metadata.sorted_tables
            if table not in LEFT_OUT
        }


def audited(store: Store) -> list[str]:
    with store.read() as connection:
        return [row.action for row in audit_store.audit_rows(connection, limit=10_000)]


class Operators(RuleBasedStateMachine):
    """Operators who act, repeat requests and use a key twice."""

    make: MakeRoom

    def __init__(self) -> None:
        super().__init__()
        self._opened = self.make()
        self.room = self._opened.__enter__()
        self.rows, self.log = rows_of(self.room.store), audited(self.room.store)
        self.done: dict[tuple[str, str], tuple[str, Any]] = {}

    def teardown(self) -> None:
        self._opened.__exit__(None, None, None)

    @rule(
        name=st.sampled_from(sorted(ACTIONS)),
        a=st.integers(0, 2),
        b=st.integers(0, 2),
        who=st.sampled_from(["admin", "admin", "command", "editor"]),
        key=st.sampled_from(["", "", "k1", "k2"]),
    )
    def act(self, name: str, a: int, b: int, who: str, key: str) -> None:
        asked = f"{name} {a} {b}"
        change = Change(actor=ACTORS[who], now=NOW, key=key, request_hash=asked)
        earlier = self.done.get((who, key))
        problem, result = "", None
        try:
            result = ACTIONS[name](self.room.services.admin, change, a, b)
        except SyndicateError as error:
            problem = getattr(error, "problem", "") or type(error).__name__
        rows, log = rows_of(self.room.store), audited(self.room.store)
        changed = [table for table in rows if rows[table] != self.rows[table]]
        new = log[: len(log) - len(self.log)]
        if result is None:
            assert (changed, new) == ([], []), (asked, problem, changed, new)
        elif key and earlier:
            assert (changed, new) == ([], []), (asked, changed, new)
            assert earlier[0] == asked
            assert fields_of(result) == earlier[1]
            assert result.is_repeated
        else:
            assert len(new) == (result.is_change or result.is_logged), (asked, changed, new)
            assert bool(changed) == bool(new) or new[0] in ORDERS, (asked, changed, new)
            if key:
                self.done[who, key] = asked, json.loads(json.dumps(fields_of(result)))
        self.rows, self.log = rows, log


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("engine", "examples"), [("sqlite", 40), ("postgres", 6)])
def test_each_change_has_one_audit_row_and_each_key_one_change(
    filled: Callable[[str], MakeRoom], engine: str, examples: int
) -> None:
    class Machine(Operators):
        make = staticmethod(filled(engine))

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples, stateful_step_count=30, deadline=None, database=None,
            derandomize=examples < 10, suppress_health_check=list(HealthCheck), phases=[Phase.generate],
        ),
    )  # fmt: skip


RACED = (
    "source.add", "source.import", "channel.add", "newsletter.add", "user.add", "token.add", "webhook.add",
    "search.add", "story.pin", "story.merge", "edition.edit", "edition.approve", "edition.write",
    "delivery.pause", "delivery.resend", "subscriber.add", "subscriber.import", "subscriber.end",
)  # fmt: skip


@pytest.mark.timeout(300)
@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
def test_threads_with_the_same_key_make_one_change_and_get_one_answer(
    filled: Callable[[str], MakeRoom], engine: str
) -> None:
    with filled(engine)() as room:
        jobs = room.services.admin
        for name in RACED:
            change = Change(actor=ACTORS["admin"], now=NOW, key=f"once {name}", request_hash=name)
            before, barrier, results = len(audited(room.store)), threading.Barrier(3), list[Any]()

            def ask(name: str = name, change: Change = change) -> None:
                barrier.wait()  # noqa: B023 the threads end within the round
                results.append(ACTIONS[name](jobs, change, 2 if name == "subscriber.add" else 0, 1))  # noqa: B023

            threads = [threading.Thread(target=ask) for _ in range(3)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert sorted(result.is_repeated for result in results) == [False, True, True], name
            answers = {json.dumps(fields_of(result), sort_keys=True) for result in results}
            assert len(answers) == 1, (name, answers)
            assert len(audited(room.store)) == before + 1, name

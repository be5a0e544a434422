"""Kills a newsroom right before and right after every commit it makes, and lets it carry on each time.

Run as a program: ``driver.py FOLDER HTTP MAIL STAGE…``. Every stage starts from what the stages before
it left when they ended well, as if each were a command of its own. For each commit of the stage there is
one copy of that folder, one process that is killed there by SIGKILL, and one later process that runs
everything. Prints one JSON object a line: the folder's name and the signal that ended the first process.

Processes are forked from this one, which has run a newsroom once, so that everything is imported, and
whose threads have ended by then: fresh interpreters would take far too long. Commits are seen by
the dialect's ``do_commit``, and which of them write by how the store begins them; the product knows nothing
of it.
"""

import json
import os
import shutil
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.engine.default import DefaultDialect

from syndicate.services import open_services
from syndicate.settings import load_settings
from syndicate.store import Store
from tests.crash.newsroom import NOW, RESTART, STAGES, YESTERDAY, run, write_configuration

# What belongs to each newsroom alone, because its readers have addresses of their own.
PERSONAL = {"subscribe": [], "edition": ["subscribe"], "deliver": ["subscribe", "edition"]}


def main(folder: Path, http: str, mail: str, wanted: Sequence[str]) -> None:
    """Prepare a clean newsroom stage by stage, and kill the wanted stages at every commit."""
    base = folder / "base"
    for newsroom in (folder / "first", base):
        write_configuration(newsroom, http, mail)
    # Reading pages takes large libraries, which every process would load anew: only when it is the question.
    stages = [stage for stage in STAGES if stage != "pages" or stage in wanted]
    work(folder / "first", stages, NOW)
    for stage in stages:
        if stage in wanted:
            for when in ("before", "after"):
                kill_everywhere(folder, base, stage, when, stages, work)
        if stage not in PERSONAL and forked(lambda stage=stage: work(base, [stage], NOW)) != 0:  # type: ignore[misc]
            sys.exit(f"{stage} failed without being killed")


Work = Callable[..., None]
"""What one process does: ``work(place, stages, now, when=…, fatal=…)``."""


def kill_everywhere(folder: Path, base: Path, stage: str, when: str, rest: Sequence[str], work: Work) -> None:
    """Kill one stage at its first commit, its second, … until it ends by itself; do ``rest`` after each."""
    commit, ended = 0, signal.SIGKILL.value
    while ended:
        commit += 1
        place = folder / f"{stage}-{when}-{commit}"
        shutil.copytree(base, place)
        ended = forked(lambda: work(place, [stage], NOW, when=when, fatal=commit))  # noqa: B023 called at once
        if forked(lambda: work(place, rest, RESTART)) != 0:  # noqa: B023
            sys.exit(f"{place.name}: the restart failed")
        sys.stdout.write(json.dumps({"point": place.name, "signal": ended}) + "\n")


def work(place: Path, stages: Sequence[str], now: datetime, *, when: str = "", fatal: int = 0) -> None:
    """Do the work of one process: open everything, run some stages, close everything."""
    settings = load_settings(place / "config.toml", {})
    if fatal and stages == ["open"]:
        watch_commits(when, fatal)
    with open_services(settings, now=YESTERDAY) as services:
        if fatal:
            run(services, PERSONAL.get(stages[0], []), now, place.name)
            watch_commits(when, fatal)
        run(services, stages, now, place.name)


def watch_commits(when: str, fatal: int) -> Callable[[], int]:
    """End this process at a commit of the store: the ``fatal``-th one from now on, before it or after.

    The returned function returns the number of commits so far.
    """
    really_commit: Callable[..., None] = DefaultDialect.do_commit
    really_begin: Callable[[Store, str], AbstractContextManager[Connection]] = Store._transaction
    lock, seen = threading.Lock(), 0
    this_thread = threading.local()

    @contextmanager
    def begin(store: Store, how: str) -> Iterator[Connection]:
        # A read may run inside a write, on a connection of its own.
        outer, this_thread.writes = getattr(this_thread, "writes", False), how == "BEGIN IMMEDIATE"
        try:
            with really_begin(store, how) as connection:
                yield connection
        finally:
            this_thread.writes = outer

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:
        nonlocal seen
        if not this_thread.writes:
            really_commit(dialect, connection)
            return
        with lock:
            seen += 1
            if when == "before" and seen == fatal:
                os.kill(os.getpid(), signal.SIGKILL)
            really_commit(dialect, connection)
            if when == "after" and seen == fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    Store._transaction = begin  # type: ignore[method-assign, assignment]
    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]
    return lambda: seen


def forked(function: Callable[[], None]) -> int:
    """Run a function in a process of its own: 0 when it ended well, else the signal or a non-zero code."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            function()
            code = 0
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 1000 * os.WEXITSTATUS(status)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:])

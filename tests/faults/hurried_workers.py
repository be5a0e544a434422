"""Starts workers whose leases and intervals last a few seconds, and ends them at chosen commits.

Run as a program: reads a JSON object a line, forks a ``syndicate worker`` for it, and prints its process id.
``config`` and ``log`` are paths. With ``signal`` the worker sends this signal at a commit: the ``number``-th
of the room ``room`` of ``syndicate/jobs``, ``when`` is "before" or "after" it. The signal goes to ``target``,
or to the worker. ``commits`` is a file to which the worker appends the room of each commit.

Only the durations differ from those of the product: their proportions stay, and minutes become seconds.
"""

import importlib
import json
import os
import pkgutil
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partialmethod
from pathlib import Path
from types import FrameType
from typing import Any

from procrastinate import App
from sqlalchemy.engine.default import DefaultDialect

import syndicate.jobs
from syndicate.cli.operate import stages
from syndicate.cli.operate import worker as worker_command
from syndicate.jobs.delivery import deliver_job
from syndicate.jobs.scheduled_task import ScheduledTask
from syndicate.queue import message_queue, presence, queue_worker
from syndicate.store.leases import held_lease, worker_store

JOBS = f"{os.sep}syndicate{os.sep}jobs{os.sep}"
LEASE = timedelta(seconds=4)
QUICK = ("ingest", "stories", "publish", "editions", "deliver")
_stage_tasks = stages.Stages.tasks


def main() -> None:
    """Fork a worker for each line of the standard input, until its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for module in pkgutil.walk_packages(syndicate.jobs.__path__, "syndicate.jobs."):
        importlib.import_module(module.name)
    hurry()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run_worker(json.loads(line))
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()


def hurry() -> None:
    """Shorten the intervals of the stages, the heartbeats, and all leases of a worker."""
    presence.HEARTBEAT = queue_worker.HEARTBEAT = 0.7  # type: ignore[attr-defined]
    presence.LEASE = held_lease.LEASE = deliver_job.LEASE = LEASE  # type: ignore[attr-defined]
    held_lease.held_lease.__wrapped__.__kwdefaults__["duration"] = LEASE  # type: ignore[attr-defined]
    held_lease.beating.__wrapped__.__defaults__ = (LEASE,)  # type: ignore[attr-defined]
    deliver_job.SENDING_LEASE = timedelta(seconds=8)
    worker_store.DEAD = worker_command.DEAD = timedelta(seconds=5)  # type: ignore[attr-defined]
    message_queue.STALLED, message_queue.UPKEEP = 4.0, 1.0
    App.run_worker_async = partialmethod(  # type: ignore[assignment]
        App.run_worker_async, update_heartbeat_interval=0.7, stalled_worker_timeout=4.0
    )
    queue_worker.POLL, queue_worker.RETRY = 1.0, 0.2
    stages.Stages.tasks = quick_tasks  # type: ignore[method-assign, assignment]


def quick_tasks(stages: stages.Stages) -> tuple[ScheduledTask, ...]:
    """Return the stages; those between a source and a mailbox every second."""
    return tuple(replace(task, every=1.0) if task.name in QUICK else task for task in _stage_tasks(stages))


def run_worker(order: dict[str, Any]) -> None:
    """Run a worker in this process, which ends with it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    watch_commits(order)
    code = 1
    try:
        worker_command.worker.main(
            ["--config", order["config"], "--log", "json", *order.get("options", [])], standalone_mode=False
        )
        code = 0
    except BaseException as error:  # noqa: BLE001 the test reads it in the log
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def watch_commits(order: dict[str, Any]) -> None:
    """Count the commits of the jobs by their room, and send the signal at the chosen commit."""
    really_commit: Callable[..., None] = DefaultDialect.do_commit
    lock, seen = threading.Lock(), 0
    target = order.get("target") or os.getpid()
    commits = Path(order["commits"]) if "commits" in order else None

    def send() -> None:
        with suppress(ProcessLookupError):  # another worker ended the target
            os.kill(target, order["signal"])

    def do_commit(dialect: DefaultDialect, connection: Any) -> None:
        nonlocal seen
        room = room_of(sys._getframe())
        if commits and room:
            with lock, commits.open("a") as file:
                file.write(f"{room}\n")
        if "signal" not in order or room != order["room"]:
            really_commit(dialect, connection)
            return
        with lock:
            seen += 1
            chosen = seen == order["number"]
        if chosen and order["when"] == "before":
            send()
        really_commit(dialect, connection)
        if chosen and order["when"] == "after":
            send()

    DefaultDialect.do_commit = do_commit  # type: ignore[method-assign]


def room_of(frame: FrameType | None) -> str:
    """Return the folder of ``syndicate/jobs`` whose code commits, ``""`` without any."""
    while frame is not None:
        _, found, path = frame.f_code.co_filename.partition(JOBS)
        if found and os.sep in path:
            return path.partition(os.sep)[0]
        frame = frame.f_back
    return ""


if __name__ == "__main__":
    main()

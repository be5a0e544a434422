"""Scheduled tasks: the stages of an installation as every runner calls them.

A tick only asks a job to look for due work; due times are rows in the store.
"""

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from syndicate.errors import StoreError, SyndicateError
from syndicate.jobs.stage_log import StageRun

log = logging.getLogger("syndicate.runner")

Part = int | str
Callback = Callable[[datetime], Mapping[str, object] | None]
"""Gets the time and returns facts for the log. Facts that are all 0 or empty are not logged."""


Record = Callable[[str, StageRun], None]
"""Takes the run of a stage, by its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardedWork:
    """Work of a stage in parts: ``due`` returns the parts with due rows, ``run`` works on a single part.

    A part is a shard, or a name that belongs to a shard. A worker holds the lease of the part meanwhile, so
    that stages with the same ``lease`` never share a part. With ``""`` the job takes a lease by itself.
    ``parallel`` is the number of parts on which a worker works at the same time.
    """

    due: Callable[[datetime], Iterable[Part]]
    run: Callable[[datetime, Any], Mapping[str, object] | None]
    lease: str = ""
    parallel: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledTask:
    """A callback and its interval ``every`` in seconds.

    With ``needs_clock`` the scheduler skips its ticks while the wall clock may be wrong. ``is_warm``: the
    callback keeps much in memory, so that it stays with a single worker while that worker lives.
    """

    name: str
    every: float
    callback: Callback
    needs_clock: bool = False
    is_warm: bool = False
    shards: ShardedWork | None = None


def run_task(
    name: str, call: Callable[[], Mapping[str, object] | None], record: Record = lambda _name, _run: None
) -> str:
    """Call a task, log its facts or its error, record the run, and return the error, or ``""``."""
    started, facts = time.perf_counter(), dict[str, object]()
    problem = _run(name, call, facts)
    record(name, StageRun(datetime.now(UTC), time.perf_counter() - started, problem, facts))
    return problem


def _run(name: str, call: Callable[[], Mapping[str, object] | None], facts: dict[str, object]) -> str:
    try:
        facts |= call() or {}
    except StoreError as error:
        log.error("%s could not use the store: %s", name, error)  # noqa: TRY400 the message says all
        return str(error)
    except SyndicateError as error:
        log.warning("%s stopped early: %s", name, error)
        return str(error)
    except Exception as error:
        # A bug in one job must not stop the others; the traceback is for its repair.
        log.exception("%s failed unexpectedly", name)
        return f"{type(error).__name__}: {error}"
    if any(facts.values()):
        log.info("%s", name, extra={"did": dict(facts)})
    return ""

"""Log of the runs of stages and of counts: a commit of its own, at most every ten seconds."""

import logging
import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syndicate import measures
from syndicate.errors import StoreError
from syndicate.store import Store
from syndicate.store.output import stage_store
from syndicate.store.output.stage_store import StageRow

log = logging.getLogger("syndicate.runner")

EVERY_SECONDS = 10.0
_HOURS_KEPT = 24


@dataclass(frozen=True, slots=True)
class StageRun:
    """Run of a stage: its end, seconds, error (``""`` for none) and facts."""

    at: datetime
    seconds: float
    problem: str
    facts: Mapping[str, object]


@dataclass(slots=True, kw_only=True)
class StageLog:
    """Log of the stages of a process. A changed error is stored at once."""

    store: Store
    clock: Callable[[], float] = time.monotonic
    _runs: dict[str, list[StageRun]] = field(default_factory=dict)
    _problems: dict[str, str] = field(default_factory=dict)
    _written: float = float("-inf")
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _flushing: threading.Lock = field(default_factory=threading.Lock)

    def record(self, stage: str, run: StageRun) -> None:
        """Add a run, and store what is due."""
        measures.observe("job", stage, run.seconds)
        if run.problem:
            measures.count("failures", stage)
        for name, value in run.facts.items():
            if isinstance(value, int) and value:
                measures.count(stage.partition(" ")[0], name, value)
        with self._lock:
            self._runs.setdefault(stage, []).append(run)
            is_new = self._problems.get(stage, "") != run.problem
            self._problems[stage] = run.problem
            is_due = is_new or self.clock() - self._written >= EVERY_SECONDS
        if is_due:
            self.flush()

    def flush(self) -> None:
        """Store all runs and counts; they stay for the next time when the store cannot be used."""
        with self._flushing:
            with self._lock:
                runs, self._runs, self._written = self._runs, {}, self.clock()
            counts = measures.counts()
            if not runs and not counts:
                return
            try:
                with self.store.write() as connection:
                    before = stage_store.stage_rows(connection, list(runs))
                    rows = [merged(stage, before.get(stage), added) for stage, added in runs.items()]
                    stage_store.save_stages(connection, rows)
                    stage_store.add_totals(connection, counts)
                measures.subtract(counts)
            except StoreError as error:
                log.warning("the runs of stages were not stored: %s", error)
                with self._lock:
                    for stage, kept in runs.items():
                        self._runs[stage] = kept + self._runs.get(stage, [])

    def totals(self) -> Counter[tuple[str, str]]:
        """Store the counts of this process, and return the totals of all.

        A crash would take counts back that are only in memory, and a total must not fall.
        """
        self.flush()
        with self.store.read() as connection:
            return Counter(stage_store.read_totals(connection))


def merged(stage: str, before: StageRow | None, runs: list[StageRun]) -> StageRow:
    """Return the row of a stage after further runs."""
    last, facts = runs[-1], dict[str, int | str]()
    hours = {hour[0]: hour for hour in before.recent_json} if before else {}
    success = before.success if before else None
    for run in runs:
        number = int(run.at.timestamp()) // 3600
        hour = hours.setdefault(number, [number, 0, *([0] * (len(measures.BUCKETS) + 1))])
        hour[1] = max(hour[1], round(run.seconds * 1000))
        hour[2 + bisect_left(measures.BUCKETS, run.seconds)] += 1
        success = success if run.problem else run.at
        for name, value in run.facts.items():
            if isinstance(value, int):
                facts[name] = int(facts.get(name, 0)) + value
            elif value:
                facts[name] = str(value)
    newest = max(hours)
    return StageRow(
        stage=stage,
        at=last.at,
        ms=round(last.seconds * 1000),
        problem=last.problem,
        facts_json={name: value for name, value in facts.items() if value},
        success=success,
        recent_json=[hour for number, hour in sorted(hours.items()) if number > newest - _HOURS_KEPT],
    )


def typical_seconds(row: StageRow) -> tuple[float | None, float]:
    """Return an upper bound of the median of the last hours, and the longest run, in seconds."""
    classes = [sum(hour[place] for hour in row.recent_json) for place in range(2, len(measures.BUCKETS) + 3)]
    half, seen = sum(classes) / 2, 0
    longest = max((hour[1] for hour in row.recent_json), default=0) / 1000
    for bound, number in zip(measures.BUCKETS, classes, strict=False):
        seen += number
        if seen >= half:
            return min(bound, longest), longest
    return None, longest

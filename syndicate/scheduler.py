"""One process, one machine: APScheduler's threads ring the bells of every job.

The memory job store holds a handful of fixed ticks; every due time is a row in the store. Defaults that
drop late jobs or run them twice are turned off (measured: a job more than a second late is dropped;
two schedulers on one persisted store run everything twice). The only importer of apscheduler.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.background import BackgroundScheduler

from syndicate.clock_watch import ClockWatch
from syndicate.errors import StoreError, SyndicateError

log = logging.getLogger("syndicate.runner")

# Seconds between two looks at the clock.
_LOOK_EVERY = 5.0


Ring = Callable[[datetime], Mapping[str, object] | None]
"""Gets the time and returns facts for the log; nothing is logged when all of them are 0 or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bell:
    """A job and how often to ask whether it is due, in seconds.

    With ``needs_clock`` it does not run while the wall clock may be wrong.
    """

    name: str
    every: float
    ring: Ring
    needs_clock: bool = False


@dataclass(slots=True)
class LastRun:
    """Last completed run of each scheduled task, and its error ("" for none)."""

    rang: dict[str, datetime] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


class LocalRunner:
    """Rings bells until stopped. A bell never rings twice at once; different bells ring together."""

    def __init__(self, bells: tuple[Bell, ...], clock: ClockWatch | None = None) -> None:
        self.pulse = LastRun()
        self._bells = bells
        self._clock = clock or ClockWatch()
        self._watching = threading.Thread(target=self._watch_clock, name="clock", daemon=True)
        self._stopping = threading.Event()
        self._working: set[str] = set()
        self._scheduler = BackgroundScheduler(
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(len(bells))},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone=UTC,
        )
        # Its own messages about jobs that take longer than their tick are not news: the next tick asks again.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)

    @property
    def should_stop(self) -> bool:
        """True once ``stop`` was called: jobs look at it between two units of work."""
        return self._stopping.is_set()

    def working(self) -> list[str]:
        """Return the names of the bells that ring at this moment."""
        return sorted(self._working)

    def start(self) -> None:
        """Ring every bell at once, and then at its interval."""
        for bell in self._bells:
            self._scheduler.add_job(
                self._ring,
                "interval",
                seconds=bell.every,
                args=[bell],
                id=bell.name,
                next_run_time=datetime.now(UTC),
            )
        self._scheduler.start()
        self._watching.start()

    def stop(self) -> None:
        """Take no new work, let each job finish the unit it is at, and return when all have."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def _watch_clock(self) -> None:
        """Ring every bell after the clock was set: if it was set back, the next times are far ahead."""
        seen = self._clock.jumps
        while not self._stopping.wait(_LOOK_EVERY):
            self._clock.trusted()
            if self._clock.jumps != seen:
                seen = self._clock.jumps
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=datetime.now(UTC))

    def _ring(self, bell: Bell) -> None:
        if self.should_stop:
            return
        if bell.needs_clock and not self._clock.trusted():
            self.pulse.rang[bell.name] = datetime.now(UTC)
            return
        self._working.add(bell.name)
        try:
            did = bell.ring(datetime.now(UTC))
        except StoreError as error:
            self._note(bell, str(error))
            log.error("%s could not use the store: %s", bell.name, error)  # noqa: TRY400 the message says all
        except SyndicateError as error:
            self._note(bell, str(error))
            log.warning("%s stopped early: %s", bell.name, error)
        except Exception as error:
            # A bug in one job must not stop the others; the traceback is for its repair.
            self._note(bell, f"{type(error).__name__}: {error}")
            log.exception("%s failed unexpectedly", bell.name)
        else:
            self._note(bell, "")
            if did and any(did.values()):
                log.info("%s", bell.name, extra={"did": dict(did)})
        finally:
            self._working.discard(bell.name)

    def _note(self, bell: Bell, problem: str) -> None:
        self.pulse.rang[bell.name] = datetime.now(UTC)
        self.pulse.problems[bell.name] = problem

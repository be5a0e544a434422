"""``syndicate once``: run every stage until nothing is due, for timers and for CI without a server."""

import logging
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import click

from syndicate.cli.arguments import duration_value
from syndicate.cli.operate.stages import Stages
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import say
from syndicate.errors import ConfigError, StoreError, SyndicateError
from syndicate.jobs.lease_owners import free_dead_owners
from syndicate.jobs.scheduled_task import ScheduledTask
from syndicate.logs import configure_logs
from syndicate.publish.site_paths import FRONT_PATH
from syndicate.services import open_services
from syndicate.services.store_location import sqlite_file, store_lock, store_url
from syndicate.settings import Settings, load_settings
from syndicate.text.phrases import listed_counts

log = logging.getLogger("syndicate.once")

# Counts of work that a later run tries again. They are no reason for another round.
_LATER = ("failed", "put_off", "deferred")


@dataclass(slots=True)
class RoundResults:
    """Counts and errors by stage; ``finished`` is false when the time was up before nothing was due."""

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    finished: bool = False


@click.command()
@timed_options
@click.option(
    "--max-time",
    callback=duration_value,
    default="20m",
    show_default=True,
    help="Begin no further work after this time.",
)
@click.option("--send-mail", is_flag=True, help="Send mail although the store is an SQLite file.")
def once(call: Call, max_time: timedelta, send_mail: bool) -> None:
    """Run every stage until nothing is due, then end: for timers and CI.

    Takes the lock of `syndicate run`. Mail over SMTP needs PostgreSQL, or --send-mail if no older copy of
    the SQLite file ever takes its place.
    """
    configure_logs("text")
    settings = load_settings(call.config)
    if not send_mail:
        _refuse_mail(settings)
    with (
        _stop_after(max_time.total_seconds()) as should_stop,
        store_lock(store_url(settings)),
        open_services(settings, now=call.given_now, daemon=True) as services,
    ):
        free_dead_owners(services.store, call.now, daemon=True)
        if not services.published.exists(FRONT_PATH):
            # The state came without its output. The stored signatures describe files that are not here.
            services.publish.forget()
        tasks = Stages(services, should_stop, at_once=True).tasks()
        results = run_rounds(tasks, lambda: call.now, should_stop)
        problems = (*results.errors.values(), *services.needs.problems(call.now))
    answer = {"finished": results.finished, "stages": results.counts, "problems": problems}
    call.show(answer, lambda: _print(results, problems))
    if problems:
        raise SystemExit(1)


def run_rounds(
    tasks: Sequence[ScheduledTask], now: Callable[[], datetime], should_stop: Callable[[], bool]
) -> RoundResults:
    """Run the stages in turn, at least twice, until a round finds no work.

    The second round publishes pages of editions, which report no counts. A failed stage does not stop the
    others. Raises ``StoreError``, since every stage needs the store.
    """
    results, rounds, found_work = RoundResults(), 0, True
    while found_work or rounds < 2:
        rounds, found_work = rounds + 1, False
        for task in tasks:
            if should_stop():
                return results
            counts = _run_stage(task, now(), results)
            found_work = found_work or any(count for name, count in counts.items() if name not in _LATER)
    results.finished = True
    return results


def _run_stage(task: ScheduledTask, now: datetime, results: RoundResults) -> Counter[str]:
    try:
        facts = task.callback(now) or {}
    except StoreError:
        raise
    except SyndicateError as error:
        results.errors[task.name] = f"{task.name}: {error}"
        return Counter()
    except Exception as error:
        # A bug in one stage must not stop the others; the traceback is for its repair.
        log.exception("%s failed unexpectedly", task.name)
        results.errors[task.name] = f"{task.name}: {type(error).__name__}: {error}"
        return Counter()
    results.errors.pop(task.name, None)
    counts = Counter({name: value for name, value in facts.items() if isinstance(value, int) and value})
    if counts:
        results.counts.setdefault(task.name, Counter()).update(counts)
    return counts


def _refuse_mail(settings: Settings) -> None:
    """Raise ``ConfigError`` if mail or posts may leave twice: a cached SQLite file may lack what was sent."""
    leaves = settings.mail.transport == "smtp" or bool(settings.networks)
    if leaves and sqlite_file(store_url(settings)):
        raise ConfigError(
            "`syndicate once` sends no mail from an SQLite file, and no posts: a file that comes from a "
            'cache may be older than what was sent. Set [mail] transport = "folder" and no [[networks]], or '
            "use PostgreSQL. Give --send-mail if the file stays on this machine's disk, as with a timer."
        )


@contextmanager
def _stop_after(seconds: float) -> Iterator[Callable[[], bool]]:
    """Yield a function that returns true after that time, or after SIGTERM."""
    ends, stop = time.monotonic() + seconds, threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        yield lambda: stop.is_set() or time.monotonic() > ends
    finally:
        signal.signal(signal.SIGTERM, previous)


def _print(results: RoundResults, problems: Sequence[str]) -> None:
    for name, counts in results.counts.items():
        click.echo(f"{name}: {listed_counts(counts)}")
    if not results.counts:
        click.echo("Nothing was due.")
    if not results.finished:
        say("The time was up; the next run goes on.", err=True)
    for problem in problems:
        say(f"  - {problem}", err=True)

"""``syndicate worker``: stages and shards of an installation on PostgreSQL, on any number of machines."""

import asyncio
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click

from syndicate.cli.operate.runners import (
    RENDERING_TIMEOUT,
    Serve,
    ensure_lock,
    log,
    note_start,
    serve_with_settings,
)
from syndicate.cli.operate.signals import SignalHandler
from syndicate.cli.operate.stages import Stages
from syndicate.cli.options import Call, config_option, log_option
from syndicate.errors import ConfigError, needs_extra
from syndicate.jobs.lease_owners import free_dead_owners, is_dead
from syndicate.logs import Format, configure_logs
from syndicate.memory import limit_arenas
from syndicate.model.shards import SHARDS
from syndicate.services import open_services
from syndicate.services.store_location import sqlite_file, store_lock, store_url
from syndicate.settings import Settings, load_settings
from syndicate.store.core.engine import libpq_url
from syndicate.store.ingest import source_store
from syndicate.store.leases.worker_store import DEAD, connection_name, list_workers, remove_worker

SQLITE = (
    "Workers share a store on PostgreSQL, and [store] url is an SQLite file. On one machine use "
    "`syndicate run`. For workers set [store] url to postgresql://user@host/name."
)


@click.command()
@config_option
@click.option("--stages", default="", metavar="A,B", help="Work on these stages only.")
@click.option(
    "--shards", default=f"0-{SHARDS - 1}", show_default=True, metavar="N-M,…", help="Work on these."
)
@log_option
def worker(call: Call, stages: str, shards: str, log_format: Format) -> None:
    """Work on due stages beside other workers of a PostgreSQL store until SIGTERM."""
    configure_logs(log_format)
    limit_arenas()
    settings = load_settings(call.config)
    if sqlite_file(store_url(settings)):
        raise ConfigError(SQLITE)
    chosen = parse_shards(shards)
    with store_lock(store_url(settings), shared=True) as keep:

        def opening(settings: Settings, signals: SignalHandler) -> AbstractContextManager[Serve]:
            return _open_worker(settings, call.config, stages, chosen, lambda: ensure_lock(keep, signals))

        asyncio.run(serve_with_settings(call.config, settings, opening))
    log.info("stopped")


def parse_shards(text: str) -> frozenset[int]:
    """Return the shards of ``0-15,40``. Raises ``click.BadParameter``."""
    if not re.fullmatch(r"\d+(-\d+)?(,\d+(-\d+)?)*", text):
        raise click.BadParameter(f"{text!r} is no list of shards such as 0-15,40.", param_hint="--shards")
    ranges = [part.split("-") for part in text.split(",")]
    shards = frozenset(shard for ends in ranges for shard in range(int(ends[0]), int(ends[-1]) + 1))
    if not shards or max(shards) >= SHARDS:
        raise click.BadParameter(f"Shards are numbers from 0 to {SHARDS - 1}.", param_hint="--shards")
    return shards


def parse_stages(text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the stages named, or all without names. Raises ``click.BadParameter``."""
    named = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := sorted(set(named) - set(known)):
        raise click.BadParameter(
            f"No stage {unknown[0]!r}. Stages are: {', '.join(known)}.", param_hint="--stages"
        )
    # The stages of mail servers of brands belong to the stage "deliver".
    return tuple(name for name in known if not named or name in named or name.partition(" ")[0] in named)


@contextmanager
def _open_worker(
    settings: Settings, config: Path, stages: str, shards: frozenset[int], check: Callable[[], None]
) -> Iterator[Serve]:
    with needs_extra("workers", "syndicate worker"):
        from syndicate.queue.message_queue import ensure_tables
        from syndicate.queue.presence import Presence
        from syndicate.queue.queue_worker import QueueWorker
    with open_services(settings) as services:
        services.store.mark_connections(connection_name(services.owner), 2 * DEAD)
        ensure_tables(services.store)
        free_dead_owners(services.store, datetime.now(UTC))
        with services.store.write() as connection:
            for row in list_workers(connection):
                if is_dead(row.owner):
                    remove_worker(connection, row.owner)
        presence = Presence(services.store, services.owner, shards=shards, gap=settings.http.host_gap)
        tasks = Stages(services, presence.should_stop, by_parts=True).tasks()
        presence.enter(parse_stages(stages, tuple(task.name for task in tasks)))
        with services.store.write() as connection:
            source_store.forget_future_polls(connection, presence.now())
        url = libpq_url(store_url(settings))
        worker = QueueWorker(url, tasks, presence, check, services.stage_log)

        async def serve(signals: SignalHandler, event: str) -> None:
            signals.working = worker.working
            await note_start(event, config, services)
            await worker.run(signals.received, lambda: services.stop_rendering(RENDERING_TIMEOUT))

        yield serve

"""Frame of the commands that work until a signal: ``run``, ``worker`` and ``serve``."""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

from syndicate import __version__
from syndicate.cli.operate.signals import SignalHandler
from syndicate.cli.options import Call
from syndicate.errors import StoreBusy, SyndicateError
from syndicate.jobs.admin.actions import record_reload
from syndicate.memory import collect_frozen
from syndicate.services import Services
from syndicate.settings import Settings

log = logging.getLogger("syndicate.run")


RENDERING_TIMEOUT = 1.0
"""Seconds that the operator's templates may still take when a process stops or reloads."""
Serve = Callable[[SignalHandler, str], Awaitable[None]]
"""Works until a signal arrives; the event is logged when the work begins."""
Opening = Callable[[Settings, SignalHandler], AbstractContextManager[Serve]]


async def serve_with_settings(config: Path, settings: Settings, opening: Opening) -> None:
    """Serve with the current settings, and again after each reload, until a signal ends the process.

    Raises ``StoreBusy`` when another process has taken the store.
    """
    signals = SignalHandler(config, settings)
    signals.install()
    previous: Settings | None = None
    event = "started"
    while not signals.ending:
        stack = ExitStack()
        try:
            serve = await asyncio.to_thread(stack.enter_context, opening(settings, signals))
        except SyndicateError as error:
            if previous is None:
                raise
            signals.reject_reload(error, previous)
            settings, previous, event = previous, None, "went on with the old configuration"
            continue
        try:
            await serve(signals, event)
        finally:
            await asyncio.to_thread(stack.close)
        del serve
        if not signals.ending:
            # The former services are in reference cycles, and frozen with their index.
            await asyncio.to_thread(collect_frozen)
        previous, settings, event = settings, signals.next_settings(), "reloaded"
    if signals.failure is not None:
        raise signals.failure


async def note_start(event: str, config: Path, services: Services) -> None:
    """Log the start of a runner, or its return after a reload, which the audit log records too."""
    log.info(event, extra={"did": {"version": __version__, "pid": os.getpid(), "config": str(config)}})
    if event != "reloaded":
        return
    settings, change = services.settings, Call(config).change
    try:
        await asyncio.to_thread(record_reload, services.store, change, settings.file, settings.file_hash)
    except SyndicateError as error:
        log.warning("the audit log has no row of the reload: %s", error)


def ensure_lock(keep: Callable[[], bool], signals: SignalHandler) -> None:
    """Check the lock before each tick, so that no task runs without it. Raises ``StoreError``."""
    try:
        if keep():
            log.warning("the lock on the store was lost with its connection, and taken again")
    except StoreBusy as error:
        signals.end_with(error)
        raise

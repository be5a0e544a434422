"""Signals to a running daemon: SIGTERM and SIGINT end it, SIGHUP reloads its settings.

Handlers are there from the first moment to the last, also while one configuration gives way to the next:
a signal that comes early or twice is an order like any other, and never the end by accident.
"""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

from syndicate.errors import ConfigError, SyndicateError
from syndicate.services.store_location import store_url
from syndicate.settings import Settings, load_settings
from syndicate.web.server import check_listen

log = logging.getLogger("syndicate.run")

# Seconds. Jobs end after a batch; name look-ups and IMAP servers that hang cannot be interrupted.
GRACE = 4.0
SENDING = "deliver"
"""The job that may take longer: it waits for the mail server's answer to a message on the wire."""


class SignalHandler:
    """The latest order. ``came`` is set once there is one: to end, or to go on with other settings.

    ``failure`` is the reason of an end without an order. ``working`` names the jobs that are at work.
    """

    def __init__(self, config: Path, settings: Settings) -> None:
        self.came = asyncio.Event()
        self.ending = False
        self.failure: SyndicateError | None = None
        self.working: Callable[[], list[str]] = list
        self._config = config
        self._settings = settings
        self._next: Settings | None = None

    def listen(self) -> None:
        """Take signals from now on; called in the event loop of the main thread."""
        self._loop = loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def take(self) -> Settings:
        """The settings that were ordered; from now on they are those in force."""
        if self._next is not None:
            self._settings, self._next = self._next, None
        self.came.clear()
        return self._settings

    def refuse(self, error: SyndicateError, back_to: Settings) -> None:
        """Note that the ordered settings are invalid: the settings before them are in force again."""
        self._settings = back_to
        _keep_the_old(error)

    def give_up(self, error: SyndicateError) -> None:
        """End, and say why; called in any thread."""
        self._loop.call_soon_threadsafe(self._fail, error)

    def _fail(self, error: SyndicateError) -> None:
        self.failure = self.failure or error
        self.ending = True
        self.came.set()

    def _end(self) -> None:
        if self.ending:
            # The second signal means now: everything is committed row by row, so nothing is lost.
            os._exit(1)
        self.ending = True
        self.came.set()
        threading.Thread(target=self._end_in_time, name="end in time", daemon=True).start()

    def _end_in_time(self) -> None:
        """End the process if it has not ended by itself; all work is committed row by row."""
        time.sleep(GRACE)
        while SENDING in self.working():
            time.sleep(0.1)
        log.warning("stopped without waiting any longer", extra={"did": {"jobs": ",".join(self.working())}})
        os._exit(0)

    def _reload(self) -> None:
        if self.ending:
            return
        try:
            settings = load_settings(self._config)
            _check_change(self._settings, settings)
        except SyndicateError as error:
            _keep_the_old(error)
            return
        log.info("reloading")
        self._next = settings
        self.came.set()


def _keep_the_old(error: SyndicateError) -> None:
    log.error("the configuration was not reloaded, the old one stays: %s", error)


def _check_change(old: Settings, new: Settings) -> None:
    """Raise for what a daemon cannot change while it runs, or cannot have."""
    if store_url(new) != store_url(old):
        raise ConfigError("[store] url cannot change while the daemon runs; stop it and start it again")
    if new.web.listen and new.web.listen != old.web.listen:
        check_listen(new.web.listen)

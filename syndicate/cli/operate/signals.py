"""Signals to a running daemon: SIGTERM and SIGINT end it, SIGHUP reloads its settings.

The handlers stay installed while new settings replace the old. Early and repeated signals are
handled; the default action never kills the process.
"""

import asyncio
import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from syndicate.errors import ConfigError, SyndicateError
from syndicate.services.store_location import store_url
from syndicate.settings import Settings, load_settings
from syndicate.web.server import check_listen

log = logging.getLogger("syndicate.run")

# Seconds. Jobs end after a batch; name look-ups and IMAP servers that hang cannot be interrupted.
STOP_TIMEOUT = 4.0
SENDING = "deliver"
"""The tasks that may take longer than the timeout: they wait for a mail server's reply to a message."""


class SignalHandler:
    """State of the daemon's signals. ``received`` is set by a signal to end or by new settings.

    ``failure`` is the error that ends the daemon without a signal. ``working`` returns the names of the tasks
    that run now. ``rejections`` has time and mistakes of the last reload, if it failed.
    """

    def __init__(self, config: Path, settings: Settings) -> None:
        self.received = asyncio.Event()
        self.ending = False
        self.failure: SyndicateError | None = None
        self.working: Callable[[], list[str]] = list
        self.rejections: list[tuple[datetime, str]] = []
        self._config = config
        self._settings = settings
        self._reloaded: Settings | None = None

    def install(self) -> None:
        """Install the handlers. Call it in the event loop of the main thread."""
        self._loop = loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._end)
        loop.add_signal_handler(signal.SIGHUP, self._reload)

    def next_settings(self) -> Settings:
        """Return the reloaded settings, which become the current settings, and clear ``received``."""
        if self._reloaded is not None:
            self._settings, self._reloaded = self._reloaded, None
        self.received.clear()
        return self._settings

    def reject_reload(self, error: SyndicateError, previous: Settings) -> None:
        """Make the previous settings current again, because the daemon cannot start with the new settings."""
        self._settings = previous
        self._reject(error)

    def end_with(self, error: SyndicateError) -> None:
        """End the daemon because of an error. Any thread may call it."""
        self._loop.call_soon_threadsafe(self._fail, error)

    def _fail(self, error: SyndicateError) -> None:
        self.failure = self.failure or error
        self.ending = True
        self.received.set()

    def _end(self) -> None:
        if self.ending:
            # The second signal ends the process at once. All work is committed row by row.
            os._exit(1)
        self.ending = True
        self.received.set()
        threading.Thread(target=self._end_in_time, name="end in time", daemon=True).start()

    def _end_in_time(self) -> None:
        """End the process if it is still there after the timeout. All work is committed row by row."""
        time.sleep(STOP_TIMEOUT)
        while any(name.startswith(SENDING) for name in self.working()):
            time.sleep(0.1)
        log.warning("stopped without waiting any longer", extra={"did": {"jobs": ",".join(self.working())}})
        os._exit(0)

    def _reject(self, error: SyndicateError) -> None:
        self.rejections[:] = [(datetime.now(UTC), str(error))]
        log.error("the configuration was not reloaded, the old one stays: %s", error)

    def _reload(self) -> None:
        if self.ending:
            return
        try:
            settings = load_settings(self._config)
            _check_change(self._settings, settings)
        except SyndicateError as error:
            self._reject(error)
            return
        log.info("reloading")
        self.rejections.clear()
        self._reloaded = settings
        self.received.set()


def _check_change(old: Settings, new: Settings) -> None:
    """Raise for settings that cannot change while a daemon runs, or that it cannot use."""
    if store_url(new) != store_url(old):
        raise ConfigError(
            "[store] url cannot change while the daemon runs. Stop the daemon and start it again."
        )
    if new.web.listen and new.web.listen != old.web.listen:
        check_listen(new.web.listen)

"""A real ``syndicate run``, ``worker`` or ``serve`` in a process of its own, and its log."""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

# Seconds; what is waited for takes two on a machine with nothing else to do.
PATIENCE = 240.0
# Seconds in which a process ends that was told to: its own limit is four, and a busy machine takes its time.
SOON = 45.0
CHECKOUT = Path(__file__).parents[2]


class Daemon:
    """One process. ``events`` are the lines of its log so far."""

    def __init__(
        self,
        config: Path,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = ("run",),
        start: Sequence[str] = ("-m", "syndicate"),
    ) -> None:
        self.events: list[dict[str, Any]] = []
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        options = ["--config", str(config), "--log", "json"]
        self.process = subprocess.Popen(
            [sys.executable, *start, *command, *options],
            cwd=CHECKOUT,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.put(json.loads(line) if line.startswith("{") else {"event": line.strip()})
        self._lines.put(None)

    def wait_for(self, event: str, **facts: Any) -> dict[str, Any]:
        """The next line of the log that begins like this and has these facts."""
        deadline = time.monotonic() + PATIENCE
        with suppress(queue.Empty):
            while (line := self._lines.get(timeout=max(0.0, deadline - time.monotonic()))) is not None:
                self.events.append(line)
                if line["event"].startswith(event) and facts.items() <= line.items():
                    return line
        raise AssertionError(f"it ended, or {PATIENCE} s passed, before {event!r} {facts}: {self.events}")

    def get(self, url: str | urllib.request.Request) -> tuple[int, bytes]:
        """What its web server answers."""
        with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
            return answer.status, answer.read()

    def wait_until_run(self, url: str, task: str) -> None:
        """Return once a task has run, by the daemon's health page."""
        deadline = time.monotonic() + PATIENCE
        while task not in json.loads(self.get(f"{url}/healthz")[1])["last_run"]:
            assert time.monotonic() < deadline

    def end(self, number: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Wait for the end by itself; the exit code."""
        code = self.process.wait(PATIENCE)
        self._reader.join()
        while (line := self._lines.get(timeout=PATIENCE)) is not None:
            self.events.append(line)
        return code


@contextmanager
def running(
    config: Path,
    environment: Mapping[str, str] | None = None,
    command: Sequence[str] = ("run",),
    start: Sequence[str] = ("-m", "syndicate"),
) -> Iterator[Daemon]:
    """A daemon that does not outlive its test."""
    daemon = Daemon(config, environment, command, start)
    try:
        yield daemon
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
        daemon.process.wait()
        daemon._reader.join()
        assert daemon.process.stderr
        daemon.process.stderr.close()

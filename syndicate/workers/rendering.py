"""Rendering of operators' templates in worker processes, so that a faulty template fails a single document.

The limits protect against mistakes, not against malice: a template is the operator's own code, with the
rights of the program. At the time limit the worker interrupts the template and reports the line. The parent
kills a worker that cannot be interrupted, for example in a long call of a built-in function.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from syndicate.errors import RenderError, RenderStopped
from syndicate.workers import Answers, WorkerClosed, WorkerDied, WorkerPool, WorkerTimeout

T = TypeVar("T")

TIME_LIMIT = 10.0
"""Seconds for one document."""
MEMORY_LIMIT = 384 << 20
"""Bytes of address space of one worker."""
MAX_TEXT = 16 << 20
"""Characters of one document."""
EXTRA_TIME = 2.0
"""Seconds after the time limit until the parent kills the worker."""
TIMEOUTS = 4
"""Timeouts of a template in a row, after which the template is paused for ``PAUSE`` seconds."""
PAUSE = 600.0
_WORKERS = 2


class RenderPool:
    """Pool of worker processes that render the templates of a ``folder``; safe to use from many threads.

    ``timeouts`` is the number of timeouts in a row after which a template is paused.
    """

    def __init__(
        self,
        folder: Path,
        *,
        time_limit: float = TIME_LIMIT,
        memory_limit: int = MEMORY_LIMIT,
        timeouts: int = TIMEOUTS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timeouts = timeouts
        self._folder, self._clock = folder, clock
        self._time_limit, self._memory_limit = time_limit, memory_limit
        self._workers = WorkerPool(
            "syndicate.templating",
            _WORKERS,
            time_limit=time_limit + EXTRA_TIME,
            memory_limit=memory_limit,
            max_answer=4 * MAX_TEXT + 1024,
        )
        self._late: dict[str, tuple[int, float]] = {}
        self._timer: threading.Timer | None = None

    def render(self, language: str, name: str, context: Mapping[str, object] | None) -> str:
        """Return the text of a template; without a context compile the template and return its errors.

        Raises ``RenderError``, and ``RenderStopped`` once the pool is closed.
        """
        count, until = self._late.get(name, (0, 0.0))
        if count >= self.timeouts and self._clock() < until:
            times = "time" if count == 1 else "times"
            raise RenderError(
                f"Template {name} was not rendered: it did not finish {count} {times} in a row. Mend it, "
                "then reload the configuration; otherwise it is tried again within 10 minutes."
            )
        died = ""
        # One retry: the worker may have died from another cause.
        for _ in range(2):
            try:
                (answer,) = self._exchange(language, name, [context])
            except WorkerTimeout:
                answer = "timeout", ""
            except WorkerDied as error:
                died = str(error)
                continue
            return self._text(name, *answer)
        raise RenderError(f"Template {name} was not rendered: the process that rendered it {died}, twice.")

    def render_each(
        self, language: str, name: str, contexts: Sequence[Mapping[str, object]]
    ) -> list[str | RenderError]:
        """Return the text or error of ``render`` for each context, in fewer round trips to a worker."""
        results: list[str | RenderError] = []
        if name not in self._late:
            # If the worker dies, the faulty document is unknown: render each alone.
            with suppress(WorkerDied):
                answers = self._exchange(language, name, contexts)
                results = [caught(partial(self._text, name, *answer)) for answer in answers]
        remaining = contexts[len(results) :]
        return [*results, *(caught(partial(self.render, language, name, context)) for context in remaining)]

    def stop(self, grace: float) -> None:
        """Close after ``grace`` seconds, so that no template delays the end of the program."""
        self._timer = threading.Timer(grace, self._workers.close)
        self._timer.daemon = True
        self._timer.start()

    def close(self) -> None:
        """Kill the workers, busy or not, and refuse further work."""
        if self._timer is not None:
            self._timer.cancel()
        self._workers.close()

    def _exchange(self, language: str, name: str, contexts: Sequence[Mapping[str, object] | None]) -> Answers:
        """Return an answer for each context, up to the first context that exceeded a limit."""
        requests = [(self._folder, language, name, context, self._time_limit) for context in contexts]
        try:
            return self._workers.exchange(requests, self._time_limit + EXTRA_TIME)
        except WorkerClosed as error:
            raise RenderStopped(f"Template {name} was not rendered: the program stops.") from error

    def _text(self, name: str, kind: str, value: str) -> str:
        """Return the text of an answer, or raise its ``RenderError``."""
        if kind == "done":
            self._late.pop(name, None)
            return value
        if kind == "timeout":
            self._late[name] = (self._late.get(name, (0, 0.0))[0] + 1, self._clock() + PAUSE)
            raise RenderError(
                f"Template {value or name} did not finish within {self._time_limit:g} s and was stopped: "
                "look for an endless loop."
            )
        if kind == "memory":
            raise RenderError(
                f"Template {value or name} needs more than {self._memory_limit >> 20} MB of memory and was "
                "stopped: look for a loop or a text that grows without end."
            )
        raise RenderError(value)


def caught(render: Callable[[], T]) -> T | RenderError:
    """Return what ``render`` returns, such as the text of a template, or its error."""
    try:
        return render()
    except RenderError as error:
        return error

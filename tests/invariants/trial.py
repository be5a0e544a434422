"""One history from its first step to its last check."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from tests.invariants import checks
from tests.invariants.history import Step, shrink
from tests.invariants.newsroom import AS_DAEMON, Newsroom

Place = Callable[[], AbstractContextManager[Newsroom]]
"""Makes an empty newsroom, gone at the end."""
ROUNDS = 40


@dataclass(frozen=True, slots=True)
class Broken:
    """An invariant that does not hold, by its number, and what was found."""

    number: int
    found: str


def broken_by(place: Place, steps: Sequence[Step]) -> list[Broken]:
    """Return what is broken after these steps, one line for each invariant."""
    with place() as newsroom:
        return _trial(newsroom, steps)


def shortest(place: Place, steps: Sequence[Step], number: int, *, runs: int = 250) -> tuple[Step, ...]:
    """Return a short history that breaks the invariant of this number too."""
    return shrink(steps, lambda tried: number in {one.number for one in broken_by(place, tried)}, runs=runs)


def _trial(newsroom: Newsroom, steps: Sequence[Step]) -> list[Broken]:
    found: dict[int, Broken] = {}
    try:
        for step in steps:
            newsroom.do(step)
            if step.name == "place":
                _look(newsroom, checks.AFTER_STORIES, found)
        newsroom.ingest()
        newsroom.place(1)
        _look(newsroom, checks.AFTER_STORIES, found)
        newsroom.cut(AS_DAEMON)
        _send_all(newsroom)
        _look(newsroom, checks.AFTER_SENDING, found)
        # Pages take most of the time: what is never published need not be looked at.
        if any(step.name == "publish" for step in steps):
            newsroom.publish()
            _look(newsroom, checks.AFTER_PUBLISHING, found)
    except Exception as error:  # noqa: BLE001 - whatever it is, nothing may raise
        text = f"{type(error).__name__}: {error}"
        found.setdefault(1, Broken(1, f"raised {text}"))
    return [found[number] for number in sorted(found)]


def _look(newsroom: Newsroom, some: Iterable[checks.Check], found: dict[int, Broken]) -> None:
    for check in some:
        for text in check(newsroom):
            found.setdefault(checks.number(check), Broken(checks.number(check), text))


def _send_all(newsroom: Newsroom) -> None:
    """Give a server that works what is still to be sent, as later runs would."""
    before = newsroom.now
    for _ in range(ROUNDS):
        newsroom.deliver(0, resume=True)
        with newsroom.store.read() as connection:
            waiting = checks.waiting_deliveries(connection)
        if not waiting:
            break
        newsroom.wait(2)
    newsroom.now = before

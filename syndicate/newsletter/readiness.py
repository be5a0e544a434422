"""Readiness of a period: its sources were read and their articles placed, or a bounded time has passed."""

from dataclasses import dataclass
from datetime import timedelta

PATIENCE = timedelta(minutes=10)
"""An edition that has stories waits at most so long for the rest."""

OUTAGE_PATIENCE = timedelta(hours=2)
"""A period without stories is called empty after so long, though sources are unread or all of them fail.

Longer than ``min_interval``, after which a source that failed is read again.
"""

LAST_CALL = timedelta(minutes=1)
"""Nothing waits longer than until so shortly before ``max_lateness`` is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Counts of what a period still lacks, of the active sources that its newsletter can match.

    ``unread`` sources were due before the period's end and have not been read since, ``failing`` ones failed
    when last read; ``unplaced`` articles of the period wait for their place in a story.
    """

    sources: int = 0
    unread: int = 0
    failing: int = 0
    unplaced: int = 0

    @property
    def complete(self) -> bool:
        """True when nothing is waited for."""
        return not (self.unread or self.unplaced)

    @property
    def outage(self) -> bool:
        """True when there are sources and every one of them fails."""
        return 0 < self.sources == self.failing

    def __str__(self) -> str:
        """Return what is waited for, in words."""
        parts = [
            _count(
                self.unread,
                "source that was due has not been read",
                "sources that were due have not been read",
            ),
            _count(
                self.unplaced,
                "article waits for its place in a story",
                "articles wait for their places in stories",
            ),
            _count(
                self.failing if self.outage else 0,
                "source fails, and it is the only one",
                "sources fail, and there is no other",
            ),
        ]
        return ", ".join(part for part in parts if part)


def ready_to_cut(gathered: Gathered, *, waited: timedelta, left: timedelta | None) -> bool:
    """Return whether an edition may be cut ``waited`` after its period was found to be due.

    ``left`` is the time until ``max_lateness`` is over, ``None`` without such an end.
    """
    return gathered.complete or waited >= PATIENCE or _last_call(left)


def surely_empty(gathered: Gathered, *, waited: timedelta, left: timedelta | None) -> bool:
    """Return whether a period for which no story was found may be recorded as empty, which is final."""
    known = gathered.complete and not gathered.outage
    return known or waited >= OUTAGE_PATIENCE or _last_call(left)


def _last_call(left: timedelta | None) -> bool:
    return left is not None and left <= LAST_CALL


def _count(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}" if count else ""

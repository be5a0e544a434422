"""Readiness of a period: its sources were read and their articles placed, or a time limit has passed."""

from dataclasses import dataclass
from datetime import timedelta

# Longest wait of an edition that has stories.
MAX_WAIT = timedelta(minutes=10)
# Wait after which a period without stories is empty, though sources are unread or all sources fail. Longer
# than ``min_interval``, after which a failed source is read again.
MAX_WAIT_EMPTY = timedelta(hours=2)
# Time before the end of ``max_lateness`` at which the wait ends.
LAST_CALL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Counts for a period, of the active sources that its newsletter can match.

    ``unread`` sources were due before the period was found to have ended, and have not been read since.
    ``failing`` sources failed at the last read. ``unplaced`` articles of the period belong to no story yet.
    """

    sources: int = 0
    unread: int = 0
    failing: int = 0
    unplaced: int = 0

    @property
    def complete(self) -> bool:
        """True when every due source was read and every article placed."""
        return not (self.unread or self.unplaced)

    @property
    def outage(self) -> bool:
        """True when there are sources and all of them fail."""
        return 0 < self.sources == self.failing

    def __str__(self) -> str:
        failing = self.failing if self.outage else 0
        facts = (
            (self.unread, "source that was due is not read yet", "sources that were due are not read yet"),
            (self.unplaced, "article has no place in a story", "articles have no place in a story"),
            (failing, "source fails, and there is no other", "sources fail, and there is no other"),
        )
        return ", ".join(f"{n} {text if n == 1 else several}" for n, text, several in facts if n)


def ready_to_cut(gathered: Gathered, *, waited: timedelta, left: timedelta) -> bool:
    """Return whether an edition may be cut ``waited`` after its period was found to be due.

    ``left`` is the time until ``max_lateness`` is over.
    """
    return gathered.complete or waited >= MAX_WAIT or left <= LAST_CALL


def surely_empty(gathered: Gathered, *, waited: timedelta, left: timedelta) -> bool:
    """Return whether a period for which no story was found may be recorded as empty, which is final."""
    known = gathered.complete and not gathered.outage
    return known or waited >= MAX_WAIT_EMPTY or left <= LAST_CALL

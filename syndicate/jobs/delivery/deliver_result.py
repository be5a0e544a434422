"""Result of a run of the deliver job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverResult:
    """Number of deliveries by result; ``late`` deliveries failed without an attempt.

    ``problem`` is the reply after which the server accepted nothing more. ``paused`` means that an earlier
    run got it and that this run did not try again. ``busy`` means that another process sends the mails of
    the shard: this run did nothing.
    """

    sent: int = 0
    failed: int = 0
    deferred: int = 0
    uncertain: int = 0
    cancelled: int = 0
    swept: int = 0
    late: int = 0
    problem: str = ""
    paused: bool = False
    busy: bool = False

    def summary(self) -> dict[str, int | str]:
        """Return the counts by state, including the deliveries without an attempt."""
        return {
            "sent": self.sent,
            "deferred": self.deferred,
            "failed": self.failed + self.late,
            "uncertain": self.uncertain + self.swept,
            "cancelled": self.cancelled,
        }

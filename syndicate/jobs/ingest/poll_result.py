"""Results of a run of the ingest job, source by source."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOutcome:
    """Result of one poll of one source."""

    name: str
    new: int = 0
    changed: int = 0
    dropped: int = 0
    unchanged: bool = False
    error: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestResult:
    """Results of one run, source by source, in the order they were finished."""

    sources: tuple[SourceOutcome, ...] = ()

    @property
    def new(self) -> int:
        """Articles accepted."""
        return sum(outcome.new for outcome in self.sources)

    @property
    def changed(self) -> int:
        """Articles that an edit changed."""
        return sum(outcome.changed for outcome in self.sources)

    @property
    def dropped(self) -> int:
        """New articles that a rule dropped."""
        return sum(outcome.dropped for outcome in self.sources)

    @property
    def failed(self) -> int:
        """Sources that could not be read."""
        return sum(1 for outcome in self.sources if outcome.error)

    def summary(self) -> dict[str, int | str]:
        """Return the counts by name."""
        return {
            "sources": len(self.sources),
            "new": self.new,
            "changed": self.changed,
            "dropped": self.dropped,
            "failed": self.failed,
        }

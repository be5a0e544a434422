"""Summary of a job's result: the counts that logs, JSON and text show."""

from collections.abc import Mapping
from typing import Protocol


class JobResult(Protocol):
    """Result of a job's run."""

    def summary(self) -> Mapping[str, int | str]:
        """Return the facts of the run by name."""


def summary_of(*results: JobResult | Mapping[str, int | str]) -> dict[str, int | str]:
    """Return the summary of results; counts of the same name are added.

    A mapping of counts is its own summary.
    """
    facts: dict[str, int | str] = {}
    for result in results:
        for name, value in (result if isinstance(result, Mapping) else result.summary()).items():
            before = facts.get(name, 0)
            facts[name] = before + value if isinstance(before, int) and isinstance(value, int) else value
    return facts

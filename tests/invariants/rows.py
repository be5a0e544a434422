"""Articles as the checks see them, and the channels that they belong to."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Row:
    """One placed or waiting article as the checks see it. ``dated`` is false for an archived page."""

    id: int
    uid: str
    source: str
    title: str
    path: str
    published: datetime
    first_seen: datetime
    language: str
    section: str
    tags: tuple[str, ...]
    authors: tuple[str, ...]
    story: int | None
    placed: bool
    dated: bool


CHANNELS: dict[str, tuple[str, Callable[[Row], bool]]] = {
    "everything": ("", lambda _row: True),
    "alpha": ("source:alpha", lambda row: row.source == "alpha"),
    "others": ("-source:alpha", lambda row: row.source != "alpha"),
    "harbour": ("tag:harbour", lambda row: "harbour" in {tag.casefold() for tag in row.tags}),
}


def by_label(rows: Sequence[Row], found: Mapping[int, int]) -> dict[int, list[Row]]:
    """Return the rows of each text."""
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[found[row.id]].append(row)
    return groups

"""Decide the pages of a list from its rows: the bounds of cut pages and the pages to write."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from syndicate.publish.lists.list_paging import cut, last_kept, neighbours, numbers_at
from syndicate.store import Connection
from syndicate.store.output import paged_lists
from syndicate.store.output.paged_lists import END, START, Place
from syndicate.store.output.stale import HOUR, marked_hours


@dataclass(slots=True, kw_only=True)
class ListState:
    """List with stale pages.

    - ``marks``: its marks and their versions
    - ``before``, ``bounds``: bounds of its cut pages as stored, and as they have to be
    - ``newest``: places on the first page; ``contents``: places on other pages to write, by number
    - ``removed``: pages that end
    """

    kind: str
    key: str
    marks: dict[str, int]
    before: Mapping[int, Place]
    bounds: Mapping[int, Place]
    newest: Sequence[Place]
    contents: Mapping[int, Sequence[Place]]

    @property
    def name(self) -> str:
        """Name of the list."""
        return f"{self.kind}:{self.key}"

    @property
    def removed(self) -> list[int]:
        """Numbers of the pages that end."""
        return [number for number in self.before if number not in self.bounds]

    @property
    def count(self) -> int:
        """Number of articles, at least: a cut page has articles."""
        return len(self.newest) + len(self.bounds)

    def page_marks(self) -> set[str]:
        """Return marks of the pages to write besides the first."""
        hours = {self.bounds[number].published // HOUR for number in self.contents}
        return {f"{self.kind}@{hour}:{self.key}" for hour in hours}


def read_list(connection: Connection, name: str, marks: Mapping[str, int]) -> ListState:
    """Return the state of a list after its marks."""
    kind, _, key = name.partition(":")

    def between(after: int, until: Place) -> list[Place]:
        start = before[after] if after else START
        return paged_lists.places(connection, kind, key, after=start, until=until)

    before = paged_lists.bounds(connection, name)
    numbers = list(before)
    below = dict(zip(numbers, [0, *numbers], strict=False))
    touched = {
        number
        for hour in marked_hours(marks)
        for number in numbers_at(before, hour * HOUR, hour * HOUR + HOUR - 1)
    }
    contents = {number: between(below[number], before[number]) for number in sorted(touched)}
    newest = between(numbers[-1] if numbers else 0, END)
    bounds = {number: bound for number, bound in before.items() if contents.get(number, True)}
    last = last_kept(before, contents, newest)
    if last is not None:
        newest = between(last, END)
        bounds = {number: bound for number, bound in bounds.items() if number <= last}
    new = cut(max(bounds, default=0), newest)
    newest = newest[sum(map(len, new.values())) :]
    bounds |= {number: places[-1] for number, places in new.items()}
    changed = {number for number in {*before, *bounds} if before.get(number) != bounds.get(number)}
    dirty = neighbours(bounds, changed) | touched & bounds.keys()
    pages: dict[int, Sequence[Place]] = {
        number: new.get(number) or contents.get(number) or between(below[number], bounds[number])
        for number in sorted(dirty)
    }
    return ListState(
        kind=kind, key=key, marks=dict(marks), before=before, bounds=bounds, newest=newest, contents=pages
    )


def headline_ids(places: Iterable[Place]) -> list[int]:
    """Return the articles at places, newest first."""
    return [place.article_id for place in reversed([*places])]

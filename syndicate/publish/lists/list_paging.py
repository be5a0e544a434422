"""Pages of a long list, counted from the oldest: a page that was cut keeps its articles and its address.

The first page holds the newest articles and has no number. When it reaches ``CUT_AT`` articles, its oldest
``PAGE`` articles become a page with the next number. A late article joins the page of its date.
"""

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise
from typing import Final, TypeVar

PAGE: Final = 30
CUT_AT: Final = 60
# A first page with fewer articles takes back the newest cut page.
_JOIN_BELOW: Final = 15
# A cut page with more articles is cut again, with all newer pages.
LONGEST: Final = 200

Place = TypeVar("Place", bound=tuple[int, int])


def numbers_at(bounds: Mapping[int, tuple[int, int]], first: int, last: int) -> list[int]:
    """Return the pages with places from time ``first`` to ``last``; ``bounds`` are their last places."""
    found, before = [], None
    for number, bound in bounds.items():
        if bound[0] >= first and (before is None or before <= last):
            found.append(number)
        before = bound[0]
    return found


def last_kept(
    bounds: Mapping[int, Place], contents: Mapping[int, Sequence[Place]], newest: Sequence[Place]
) -> int | None:
    """Return the last page that stays as it is when later pages have to be cut again, 0 for none.

    ``contents`` are the places on some pages, ``newest`` the places on the first page. ``None``: no page is
    too long, and the first page is long enough.
    """
    numbers = list(bounds)
    long = [number for number in numbers if len(contents.get(number, ())) > LONGEST]
    first = long[0] if long else numbers[-1] if numbers and len(newest) < _JOIN_BELOW else None
    if first is None:
        return None
    return max((number for number in numbers if number < first), default=0)


def cut(last: int, places: Sequence[Place]) -> dict[int, Sequence[Place]]:
    """Return the pages to cut from the first page, by their numbers after ``last``."""
    pages: dict[int, Sequence[Place]] = {}
    for start in range(0, len(places) - CUT_AT + 1, PAGE):
        pages[last + 1 + len(pages)] = places[start : start + PAGE]
    return pages


def neighbours(numbers: Collection[int], changed: Collection[int]) -> set[int]:
    """Return the pages among ``numbers`` that are changed or new, or link to changed or removed pages."""
    pairs = list(pairwise(sorted({*numbers, *changed})))
    beside = {number for pair in pairs if not set(pair).isdisjoint(changed) for number in pair}
    return (beside | set(changed)) & set(numbers)

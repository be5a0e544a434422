"""Cost of one more article in the story index, in newsrooms of a thousand to a million articles.

    python -m benchmarks.story_cost [--sizes 1000 10000 100000 1000000] [--restart 100000] [--json]

Invented news: 10 000 articles of a week, three of ten alone, the others about running events; words come
as often as in real text (Zipf), two thirds of the articles are English (common words from Python's
own documentation), the rest in an invented language. They go through extraction and the index. Larger
newsrooms hold that week several times over, each time with other rare words. All indexes stand
side by side in one process and take turns at the same next articles, so that their ratio means something:
text work, copies, story, links both ways, packing, and forgetting what leaves the window. CPU time.
"""

import argparse
import gc
import json
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.story_cost_restart import restart_seconds
from benchmarks.story_cost_texts import PackedArticle, Report, Wire
from syndicate.model import StoredArticle
from syndicate.services import COLLECT_AFTER
from syndicate.store.core.column_types import to_microseconds
from syndicate.stories import (
    ArticleTerms,
    Fingerprint,
    IndexedArticle,
    Placement,
    StoryIndex,
    StoryOptions,
)
from syndicate.stories.terms.vocabulary import TERM_SPACE
from tests.stories.newsroom import compare, terms_of

START = datetime(2026, 11, 17, tzinfo=UTC)
WEEK = timedelta(days=7)
TEMPLATES = 10_000
# Terms in so many of the templates or fewer tell an event; each copy of the week has others.
RARE = 30
BLOCK = 100


@dataclass(frozen=True, slots=True)
class Placed:
    """An article of the week as a store would have it.

    ``text`` is the label of its text, ``rare`` says which terms tell its event.
    """

    item: PackedArticle
    story: int
    text: int
    rare: NDArray[np.bool_]


def place(
    index: StoryIndex, number: int, published: datetime, report: Report, terms: ArticleTerms
) -> Placement:
    """Everything the stories job does with the terms of one article, the store apart."""
    index.forget_before(published - WEEK)
    placement = index.add(
        IndexedArticle(
            article_id=number,
            source_id=number % 200,
            published=published,
            title=report.title,
            terms=terms,
        )
    )
    if placement.story is None:
        index.assign(number, number)
    for item in placement.touched:
        index.related(item)
    index.packed(number)
    return placement


def read(report: Report) -> ArticleTerms:
    """The terms of an article."""
    return terms_of(report.title, report.text, report.language)


def written(wire: Wire, size: int) -> list[Placed]:
    """A week of news, placed by the index itself."""
    index = StoryIndex(StoryOptions())
    reports = [wire.report() for _ in range(size)]
    dates = [START + WEEK * position / size for position in range(size)]
    items: list[PackedArticle] = []
    counts = np.zeros(TERM_SPACE, np.int32)
    for number, (report, published) in enumerate(zip(reports, dates, strict=True), 1):
        place(index, number, published, report, read(report))
        terms = Fingerprint.unpack(index.packed(number))
        counts[terms.term_numbers()] += 1
        items.append(
            PackedArticle(
                article_id=number,
                source_id=number % 200,
                published=published,
                title=report.title,
                terms=terms,
            )
        )
    return [
        Placed(
            item,
            index.story_of(item.article_id) or 0,
            index.text_of(item.article_id),
            counts[item.terms.term_numbers()] <= RARE,
        )
        for item in items
    ]


def copies(week: Sequence[Placed], times: int) -> Iterator[tuple[PackedArticle, int, int]]:
    """The week ``times`` over, with stories and texts; each copy of an article has rare words of its own."""
    size = len(week)
    for placed in week:
        terms = placed.item.terms
        for copy in range(times):
            numbers, shingles = terms.term_numbers(), np.frombuffer(terms.shingles, np.uint32)
            others = np.where(placed.rare, (numbers + copy * 7919) % TERM_SPACE, numbers)
            moved = terms._replace(
                terms=others.astype(np.uint32).tobytes(),
                shingles=np.sort(shingles + np.uint32(copy * 104_729)).tobytes(),
            )
            shift = copy * size
            item = replace(
                placed.item,
                article_id=placed.item.article_id + shift,
                source_id=copy,
                terms=moved,
            )
            yield item, placed.story + shift, placed.text + shift


def stored(item: PackedArticle, story: int, text: int) -> StoredArticle:
    """An article of the week as it is read back."""
    return StoredArticle(
        article_id=item.article_id,
        source_id=item.source_id,
        published=to_microseconds(item.published),
        title=item.title,
        story=story,
        same_text=text,
        mean_similarity=0.3,
        n_compared=1,
        terms=item.terms.pack(),
    )


def filled(week: Sequence[Placed], size: int) -> StoryIndex:
    """An index that holds ``size`` articles of the last week."""
    index = StoryIndex(StoryOptions())
    gc.disable()
    chosen = week[-size:]
    index.load([stored(*placed)] for placed in copies(chosen, max(1, size // len(chosen))))
    for position in range(len(index)):
        # Terms are unpacked when they are first asked for: neither time nor memory should depend on that.
        number = chosen[position % len(chosen)].item.article_id + position // len(chosen) * len(week)
        compare(index, number, number)
    gc.enable()
    return index


def resident() -> float:
    """MiB of memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def turns(indexes: dict[int, StoryIndex], wire: Wire, timed: int) -> dict[int, float]:
    """Milliseconds of CPU an article, for each index; by turns of ``BLOCK`` articles, each read once."""
    spent = dict.fromkeys(indexes, 0.0)
    for block in range(0, timed, BLOCK):
        reports = [wire.report() for _ in range(BLOCK)]
        started = time.process_time()
        terms = [read(report) for report in reports]
        reading = time.process_time() - started
        for size, index in indexes.items():
            started = time.process_time()
            for position, report in enumerate(reports):
                published = START + WEEK + WEEK / size * (block + position)
                place(index, 10**8 + block + position, published, report, terms[position])
            spent[size] += reading + time.process_time() - started
    return {size: seconds * 1000 / timed for size, seconds in spent.items()}


def main() -> None:
    """Fill, take turns, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[1000, 10_000, 20_000, 100_000, 1_000_000])
    parser.add_argument("--timed", type=int, default=1000, help="articles that are timed in each newsroom")
    parser.add_argument(
        "--restart", type=int, default=100_000, help="articles in the store that is read back"
    )
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    # As the daemon has it: by default Python looks through a million articles for garbage every few hundred.
    gc.set_threshold(COLLECT_AFTER, 20, 20)
    wire = Wire(1)
    week = written(wire, TEMPLATES)
    indexes: dict[int, StoryIndex] = {}
    result: dict[str, float] = {}
    for size in arguments.sizes:
        before = resident()
        indexes[size] = filled(week, size)
        result[f"{size}: MiB"] = resident() - before
    for size, value in turns(indexes, wire, arguments.timed).items():
        result[f"{size}: ms an article"] = value
    smallest, largest = result[f"{arguments.sizes[0]}: ms an article"], max(arguments.sizes)
    result["ratio of the largest to 10000"] = result[f"{largest}: ms an article"] / result.get(
        "10000: ms an article", smallest
    )
    indexes.clear()
    if arguments.restart:
        articles = list(copies(week, max(1, arguments.restart // len(week))))
        result["restart: seconds for 100000"] = restart_seconds(articles) * 100_000 / len(articles)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        print("\n".join(f"{name:<36}{value:>10.3f}" for name, value in result.items()))


if __name__ == "__main__":
    main()

"""Measure how well reports of one event are recognised in different languages.

    python -m benchmarks.across_languages [--part tune|held] [--seeds N]

``tests/stories/reports.tsv`` holds short reports written for this: event, language, title, text. Many events
are hard to tell apart: two rate cuts, two earthquakes in one region, two matches of one club. ``pairs``
judges all pairs of different languages by their likeness and the story threshold. ``stream`` sends the
reports through the index in an order that the seed draws, with half of the events cut down to one report. It
judges the pairs of different languages that end in one story, and the links shown between languages.
``--part`` judges half of the events, drawn by their hash: numbers were chosen on ``tune``.
"""

import argparse
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np

from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions
from syndicate.stories.across_languages import compare_across
from syndicate.stories.link_scores import weigh_cosines
from syndicate.stories.terms.similarity import TermSpace
from tests.stories.newsroom import terms_of

REPORTS = Path(__file__).parent.parent / "tests" / "stories" / "reports.tsv"
START = datetime(2026, 1, 1, tzinfo=UTC)
SHOWN = 3


class Report(NamedTuple):
    """One report; ``number`` is its place in the file and its id in the index."""

    number: int
    event: str
    language: str
    title: str
    text: str

    def indexed(self, at: datetime) -> IndexedArticle:
        """Return the report as the stories job hands it to the index, with a source of its own."""
        terms = terms_of(self.title, self.text, self.language)
        return IndexedArticle(
            article_id=self.number, source_id=self.number, published=at, title=self.title, terms=terms
        )


def read_reports() -> list[Report]:
    lines = REPORTS.read_text("utf-8").splitlines()
    return [Report(number, *line.split("\t")) for number, line in enumerate(lines, 1)]


def in_part(event: str, part: str) -> bool:
    return not part or (crc32(event.encode()) >> 8) % 2 == (part == "held")


def pairs(reports: Sequence[Report], part: str, options: StoryOptions) -> Iterator[tuple[bool, bool]]:
    """Yield for each pair of different languages if it is said to be one event, and if it is one."""
    index, space = StoryIndex(options), TermSpace()
    judged = [report for report in reports if in_part(report.event, part)]
    terms = {report.number: index.fingerprint(report.indexed(START)) for report in judged}
    for place, report in enumerate(judged):
        others = [other for other in judged[place + 1 :] if other.language != report.language]
        query, theirs = terms[report.number], [terms[other.number] for other in others]
        if others:
            cosines = space.cosines(query, theirs)
            lengths = np.array([(query.length * other.length) ** 0.5 for other in theirs])
            alike = weigh_cosines(cosines, lengths, options)
            similarity = compare_across(query, theirs, alike, cosines.shared, options).total
            for other, length, total in zip(others, lengths.tolist(), similarity.tolist(), strict=True):
                yield total >= options.story_threshold(length), other.event == report.event


def stream(
    reports: Sequence[Report], part: str, options: StoryOptions, seed: int
) -> tuple[list[tuple[bool, bool]], list[bool]]:
    """Return pairs as ``pairs`` does, by the stories of an index, and for each link if it is right."""
    rng = random.Random(seed)
    events: dict[str, list[Report]] = defaultdict(list)
    for report in reports:
        events[report.event].append(report)
    arrivals = []
    for name in sorted(events):
        begin = START + timedelta(hours=60 * rng.random())
        told = [rng.choice(events[name])] if rng.random() < 0.5 else events[name]
        arrivals += [(begin + timedelta(hours=15 * rng.random()), report) for report in told]
    index = StoryIndex(options)
    for at, report in sorted(arrivals):
        if index.add(report.indexed(at)).story is None:
            index.assign(report.number, report.number)
    judged = [report for _, report in arrivals if in_part(report.event, part)]
    found = [
        (index.story_of(a.number) == index.story_of(b.number), a.event == b.event)
        for a, b in combinations(judged, 2)
        if a.language != b.language
    ]
    by_number = {report.number: report for report in reports}
    links = [
        by_number[link.article_id].event == report.event
        for report in judged
        for link in index.related(report.number)[:SHOWN]
        if by_number[link.article_id].language != report.language
    ]
    return found, links


def precision_and_recall(found: Sequence[tuple[bool, bool]]) -> tuple[float, float]:
    counts = Counter(found)
    right = counts[True, True]
    return right / max(right + counts[True, False], 1), right / max(right + counts[False, True], 1)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--part", default="", choices=["tune", "held"], help="judge half of the events only")
    parser.add_argument("--seeds", type=int, default=3, help="orders of arrival")
    arguments = parser.parse_args()
    reports, options = read_reports(), StoryOptions()
    print(
        "pairs   precision {:.3f} recall {:.3f}".format(
            *precision_and_recall([*pairs(reports, arguments.part, options)])
        )
    )
    runs = [stream(reports, arguments.part, options, seed) for seed in range(arguments.seeds)]
    found = [pair for pairs_found, _ in runs for pair in pairs_found]
    links = [right for _, run_links in runs for right in run_links]
    print("stories precision {:.3f} recall {:.3f}".format(*precision_and_recall(found)))
    print(f"links   precision {sum(links) / max(len(links), 1):.3f} of {len(links)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

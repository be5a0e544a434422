"""How good and how dear story intelligence is: labelled sets streamed through the real index.

    python -m benchmarks.stories FOLDER [--set NAME] [--json] [--seed N] [--time real|day|hide] [--no-window]

FOLDER holds one folder per set with ``docs.jsonl`` (id, title, text, published, source, lang,
story_id) or ``pairs.jsonl``. Articles arrive in the order of their dates, as the daemon sees them. Dates that
betray the label are taken away here, never in the product: ``hide`` gives all articles one date and
shuffles them, ``day`` moves each by −3 to +3 days drawn from its id.
"""

import argparse
import json
import math
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zlib import crc32

from syndicate.stories import IndexedArticle, StoryIndex, StoryOptions, extract_terms

ONE_DATE = datetime(2026, 1, 1, tzinfo=UTC)
DEFAULT_TIME = {"uci_headlines_en": "hide", "allsides_en": "day"}
ALSO_WITHOUT_WINDOW = {"vmds_vi"}
NO_WINDOW = 36_500.0


@dataclass(frozen=True, slots=True)
class Document:
    """One labelled article; ``number`` is its place in the stream and its id in the index."""

    number: int
    title: str
    text: str
    language: str
    source: int
    published: datetime
    event: str


def read_documents(path: Path, clock: str, seed: int) -> list[Document]:
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    sources = {name: number for number, name in enumerate(sorted({row["source"] or "" for row in rows}), 1)}
    dates = {row["id"]: _date(row, clock) for row in rows}
    if clock == "hide":
        random.Random(seed).shuffle(rows)
    rows.sort(key=lambda row: dates[row["id"]])
    return [
        Document(
            number=number,
            title=row["title"],
            text=row["text"],
            language=row["lang"],
            source=sources[row["source"] or ""],
            published=dates[row["id"]],
            event=row["story_id"],
        )
        for number, row in enumerate(rows, 1)
    ]


def _date(row: dict[str, str], clock: str) -> datetime:
    if clock == "hide" or not row["published"]:
        return ONE_DATE
    date = datetime.fromisoformat(row["published"])
    return date + timedelta(days=crc32(row["id"].encode()) % 7 - 3) if clock == "day" else date


@dataclass(frozen=True, slots=True)
class Run:
    """The index after a whole stream, and what it cost."""

    index: StoryIndex
    stories: dict[int, int]
    originals: dict[int, int]
    cpu_ms: float


def stream(documents: Sequence[Document], options: StoryOptions) -> Run:
    """Every document through extraction and the index, as the stories job does it."""
    index = StoryIndex(options)
    originals: dict[int, int] = {}
    started = time.process_time()
    for document in documents:
        placement = index.add(_indexed(document))
        if placement.story is None:
            index.assign(document.number, document.number)
        if placement.duplicate_of is not None:
            originals[document.number] = placement.duplicate_of
    cpu = (time.process_time() - started) * 1000 / len(documents)
    stories = {document.number: index.story_of(document.number) or 0 for document in documents}
    return Run(index, stories, originals, cpu)


def copy_groups(documents: Sequence[Document]) -> dict[int, int]:
    """Near-duplicates by exact word triples (Jaccard ≥ .4 or containment ≥ .7), as groups within an event."""
    groups = {document.number: document.number for document in documents}
    for members in _events(documents).values():
        triples = {one.number: _triples(one) for one in members}
        for position, one in enumerate(members):
            for other in members[:position]:
                if groups[one.number] != groups[other.number] and _same_text(
                    triples[one.number], triples[other.number]
                ):
                    old, new = groups[one.number], groups[other.number]
                    for member in members:
                        if groups[member.number] == old:
                            groups[member.number] = new
    return groups


def _events(documents: Sequence[Document]) -> dict[str, list[Document]]:
    events: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        events[document.event].append(document)
    return events


def _triples(document: Document) -> set[tuple[str, ...]]:
    words = f"{document.title} {document.text}".lower().split()
    return set(zip(words, words[1:], words[2:], strict=False))


def _same_text(a: set[tuple[str, ...]], b: set[tuple[str, ...]]) -> bool:
    shared = len(a & b)
    smaller = min(len(a), len(b))
    return shared > 0 and (
        shared >= 0.4 * (len(a) + len(b) - shared) or (smaller >= 12 and shared >= 0.7 * smaller)
    )


def relatives(
    documents: Sequence[Document], groups: dict[int, int], options: StoryOptions
) -> dict[int, set[int]]:
    """For each document the copy groups of its event, within the window, that are not its own."""
    found: dict[int, set[int]] = {}
    for members in _events(documents).values():
        for one in members:
            near = {groups[other.number] for other in members if _near(one, other, options)}
            found[one.number] = near - {groups[one.number]}
    return found


def _near(one: Document, other: Document, options: StoryOptions) -> bool:
    return abs((one.published - other.published).total_seconds()) <= options.window_days * 86400


def related_ndcg3(
    documents: Sequence[Document], run: Run, groups: dict[int, int], options: StoryOptions
) -> float:
    """nDCG@3 of what the index finds, before thresholds; relevant = same event, another text."""
    by_number = {document.number: document for document in documents}
    gains = []
    for number, relevant in relatives(documents, groups, options).items():
        if not relevant:
            continue
        found: list[int] = []
        for one in run.index.similar(number):
            group = groups[one.article_id]
            if (
                group != groups[number]
                and group not in found
                and _near(by_number[number], by_number[one.article_id], options)
            ):
                found.append(group)
        gain = sum(1 / math.log2(rank + 2) for rank, group in enumerate(found[:3]) if group in relevant)
        gains.append(gain / sum(1 / math.log2(rank + 2) for rank in range(min(3, len(relevant)))))
    return _mean(gains)


def shown_links(documents: Sequence[Document], options: StoryOptions) -> dict[str, float]:
    """Links that readers see (first three), when a third of the events is left with one article."""
    lone = {event for position, event in enumerate(sorted(_events(documents))) if position % 3 == 0}
    seen: set[str] = set()
    kept = []
    for document in documents:
        if document.event not in lone or document.event not in seen:
            kept.append(document)
        seen.add(document.event)
    run, groups = stream(kept, options), copy_groups(kept)
    precision, recall, empty = [], [], []
    for number, relevant in relatives(kept, groups, options).items():
        shown = [groups[one.article_id] for one in run.index.related(number)]
        shown = [group for group in shown if group != groups[number]][:3]
        precision += [float(group in relevant) for group in shown]
        if relevant:
            recall.append(sum(group in relevant for group in shown) / min(3, len(relevant)))
        else:
            empty.append(float(not shown))
    return {"shown_precision": _mean(precision), "shown_recall": _mean(recall), "lone_empty": _mean(empty)}


def story_quality(documents: Sequence[Document], stories: dict[int, int]) -> dict[str, float]:
    """BCubed and pairwise F1 of the stories against the events."""
    events = {document.number: document.event for document in documents}
    both = Counter((stories[number], events[number]) for number in events)
    by_story, by_event = Counter(stories.values()), Counter(events.values())
    total = len(events)
    precision = sum(count * count / by_story[story] for (story, _), count in both.items()) / total
    recall = sum(count * count / by_event[event] for (_, event), count in both.items()) / total
    pairs = sum(count * (count - 1) for count in both.values())
    said = sum(count * (count - 1) for count in by_story.values())
    true = sum(count * (count - 1) for count in by_event.values())
    return {
        "bcubed_f1": _f1(precision, recall),
        "bcubed_precision": precision,
        "bcubed_recall": recall,
        "pairwise_f1": _f1(pairs / said if said else 0.0, pairs / true if true else 0.0),
    }


def duplicates(documents: Sequence[Document], options: StoryOptions, seed: int) -> dict[str, float]:
    """Copies made from real articles in six ways that outlets use, added after the whole set."""
    rng = random.Random(seed)
    sample = [one for one in documents if len(one.text) > 200]
    sample = rng.sample(sample, min(200, len(sample)))
    if not sample:
        return {}
    run = stream(documents, options)
    found = wrong = 0
    number = len(documents)
    originals = run.originals
    for one in sample:
        for title, text in _syndicated(one, rng):
            number += 1
            copy = replace(one, number=number, title=title, text=text, source=one.source + 10_000)
            placed = run.index.add(_indexed(copy))
            found += placed.duplicate_of is not None and placed.duplicate_of == originals.get(
                one.number, one.number
            )
            wrong += placed.duplicate_of is not None and placed.duplicate_of != originals.get(
                one.number, one.number
            )
    groups = copy_groups(documents)
    mistaken = sum(groups[number] != groups[original] for number, original in originals.items())
    return {
        "duplicates_recall": found / (6 * len(sample)),
        "duplicates_precision": (found + 0.0) / max(found + wrong + mistaken, 1),
    }


def _syndicated(one: Document, rng: random.Random) -> Iterator[tuple[str, str]]:
    """Title and text: dateline and credit added; retitled; cut; sentences dropped; words changed; wrapped."""
    sentences = one.text.replace("\n", " ").split(". ")
    words = one.text.split(" ")
    changed = [word if rng.random() > 0.07 else f"x{word}" for word in words]
    yield one.title, f"LONDON (Agency) - {one.text} Reporting by our staff; editing by the desk."
    yield f"{' '.join(sentences[0].split()[:8])} - live", one.text
    yield one.title, one.text[: max(200, int(0.6 * len(one.text)))]
    yield one.title, ". ".join(part for part in sentences if rng.random() > 0.2) or one.text
    yield one.title, " ".join(changed)
    before, after = (
        "Follow our live page for more on this story.",
        "Sign up to our letter for the best of the week.",
    )
    yield one.title, f"{before} {one.text} {after}"


def pearson(path: Path, options: StoryOptions) -> dict[str, float]:
    """Correlation of our likeness with human judgement (1 same … 4 different), by language."""
    index = StoryIndex(options)
    pairs = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    number = 0
    for pair in pairs:
        for side in ("1", "2"):
            number += 1
            title, _, text = pair["text" + side].partition("  ")
            item = Document(number, title[:300], text or title, pair["lang" + side], number, ONE_DATE, "")
            index.load(_indexed(item), None, None)
    judged: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for position, pair in enumerate(pairs):
        parts = index.compare(2 * position + 1, 2 * position + 2).parts
        likeness = parts.get("words", 0.0) + parts.get("characters", 0.0)
        judged[pair["lang1"]].append((likeness, -pair["overall"]))
    return {f"pearson_{language}": _correlation(values) for language, values in sorted(judged.items())}


def _indexed(document: Document) -> IndexedArticle:
    return IndexedArticle(
        article_id=document.number,
        source_id=document.source,
        published=document.published,
        title=document.title,
        terms=extract_terms(document.title, document.text, document.language),
        language=document.language,
    )


def _correlation(values: Sequence[tuple[float, float]]) -> float:
    a, b = [one for one, _ in values], [two for _, two in values]
    mean_a, mean_b = _mean(a), _mean(b)
    shared = sum((x - mean_a) * (y - mean_b) for x, y in values)
    return shared / math.sqrt(sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def measure(path: Path, clock: str, options: StoryOptions, seed: int) -> dict[str, float]:
    """Every measure that one set allows."""
    documents = read_documents(path, clock, seed)
    run = stream(documents, options)
    groups = copy_groups(documents)
    return {
        "documents": len(documents),
        "related_ndcg3": related_ndcg3(documents, run, groups, options),
        **shown_links(documents, options),
        **story_quality(documents, run.stories),
        **duplicates(documents, options, seed),
        "cpu_ms_per_article": run.cpu_ms,
    }


def measure_all(
    folder: Path, only: str, clock: str, *, no_window: bool, seed: int
) -> dict[str, dict[str, float]]:
    """The measures of every set in a folder, by the set's name."""
    results: dict[str, dict[str, float]] = {}
    for path in sorted(folder.glob("*/docs.jsonl")):
        name = path.parent.name
        if only in name:
            times = clock or DEFAULT_TIME.get(name, "real")
            if not no_window:
                results[name] = measure(path, times, StoryOptions(), seed)
            if no_window or name in ALSO_WITHOUT_WINDOW:
                options = StoryOptions(window_days=NO_WINDOW)
                results[f"{name} no window"] = measure(path, times, options, seed)
    for path in sorted(folder.glob("*/pairs.jsonl")):
        if only in path.parent.name:
            results[path.parent.name] = pearson(path, StoryOptions())
    return results


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", default="", help="only sets whose name contains this")
    parser.add_argument("--time", default="", choices=["real", "day", "hide"], help="for every set")
    parser.add_argument("--no-window", action="store_true", help="articles of any age can be one story")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    results = measure_all(
        arguments.folder, arguments.set, arguments.time, no_window=arguments.no_window, seed=arguments.seed
    )
    if arguments.json:
        print(json.dumps(results, indent=2))
        return 0
    for name, measures in results.items():
        print(name)
        for measure_name, value in measures.items():
            print(f"  {measure_name:24} {value:8.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

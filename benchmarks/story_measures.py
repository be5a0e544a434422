"""Measures of ``benchmarks/stories.py``: related links, links shown, stories, copies, graded similarity."""

import math
import random
import time
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from heapq import heappop, heappush
from pathlib import Path

from benchmarks.story_sets import (
    ONE_DATE,
    Document,
    copy_groups,
    events,
    in_part,
    near,
    read_rows,
    relatives,
    ticks,
)
from syndicate.model import ScoredLink, StoredArticle
from syndicate.store.core.column_types import to_microseconds
from syndicate.stories import MERGED, Placement, StoryIndex, StoryOptions, best_first, without_round_ups
from syndicate.stories.duplicates import copy_strength, is_copy
from tests.stories.newsroom import compare, similar

SAMPLE = 200


@dataclass(slots=True)
class Run:
    """Results of a stream: for each article its story, and the links found on its way through the window."""

    index: StoryIndex
    stories: dict[int, int] = field(default_factory=dict)
    similar: dict[int, list[int]] = field(default_factory=dict)
    shown: dict[int, list[int]] = field(default_factory=dict)
    links: dict[int, list[ScoredLink]] = field(default_factory=dict)
    scores: dict[int, dict[int, float]] = field(default_factory=dict)
    cpu_ms: float = 0.0


def stream(documents: Sequence[Document], options: StoryOptions) -> Run:
    """Send every document through extraction and the index, as the stories job does; forget old articles."""
    run = Run(StoryIndex(options))
    waiting: list[tuple[float, int]] = []
    spent = 0.0
    for batch in ticks(documents):
        now = batch[0].published
        _look_before(run, waiting, now.timestamp() - options.window_days * 86400)
        started = time.process_time()
        if options.window_days < 3650:
            run.index.forget_before(now - timedelta(days=options.window_days))
        placements = {document.number: _place(run, document) for document in batch}
        spent += time.process_time() - started
        _show(run, placements)
        for document in batch:
            _look(run, document.number)
            heappush(waiting, (document.published.timestamp(), document.number))
    _look_before(run, waiting, math.inf)
    run.cpu_ms = spent * 1000 / len(documents)
    return run


def _place(run: Run, document: Document) -> Placement:
    placement = run.index.add(document.indexed())
    if placement.story is None:
        run.index.assign(document.number, document.number)
    return placement


def _look_before(run: Run, waiting: list[tuple[float, int]], moment: float) -> None:
    while waiting and waiting[0][0] < moment:
        _look(run, heappop(waiting)[1])


def _look(run: Run, number: int) -> None:
    """Note an article's story and its nearest articles when it arrives and when it is forgotten."""
    run.stories[number] = run.index.story_of(number) or 0
    known = run.scores.setdefault(number, {})
    known.update((link.article_id, link.score) for link in similar(run.index, number))
    run.similar[number] = sorted(known, key=lambda number: -known[number])


def _show(run: Run, placements: Mapping[int, Placement]) -> None:
    """Note the related links that the stories job would store after a batch, and the stories that merged."""
    limit = run.index.options.related_limit
    lists = {number: placement.candidates for number, placement in placements.items()}
    touched = {number for placement in placements.values() for number in placement.touched}
    for number in touched:
        older = [link for link in run.links.get(number, ()) if link.article_id not in run.index]
        lists[number] = tuple(best_first((*run.index.related(number), *older)))
    for number, found in lists.items():
        named = (number, *(link.article_id for link in found))
        kept = without_round_ups(number, found, [*filter(run.index.is_round_up, named)])
        run.links[number] = kept[:limit]
        run.shown[number] = [link.article_id for link in kept[:limit]]
    for change in (change for placement in placements.values() for change in placement.regrouped):
        if change.kind == MERGED:
            # The store moves the articles that the index has forgotten, too.
            moved = [number for number, story in run.stories.items() if story == change.story]
            run.stories.update(dict.fromkeys(moved, change.into))


def ndcg3(
    documents: Sequence[Document],
    similar: Mapping[int, Sequence[int]],
    groups: dict[int, int],
    options: StoryOptions,
    part: str,
) -> float:
    """nDCG@3 of ranked articles, before thresholds; relevant = same event, another text, in the window."""
    by_number = {document.number: document for document in documents}
    gains = []
    for number, relevant in relatives(documents, groups, options).items():
        if not relevant or number not in similar or not in_part(by_number[number].event, part):
            continue
        found: list[int] = []
        for item in similar[number]:
            group = groups[item]
            fresh = group != groups[number] and group not in found
            if fresh and near(by_number[number], by_number[item], options):
                found.append(group)
        gain = sum(1 / math.log2(rank + 2) for rank, group in enumerate(found[:3]) if group in relevant)
        gains.append(gain / sum(1 / math.log2(rank + 2) for rank in range(min(3, len(relevant)))))
    return mean(gains)


def with_lone_articles(documents: Sequence[Document]) -> list[Document]:
    """The documents with a third of the events reduced to their first article."""
    lone = {event for position, event in enumerate(sorted(events(documents))) if position % 3 == 0}
    seen: set[str] = set()
    kept = []
    for document in documents:
        if document.event not in lone or document.event not in seen:
            kept.append(document)
        seen.add(document.event)
    return kept


def shown_links(
    kept: Sequence[Document], listed: Mapping[int, Sequence[int]], options: StoryOptions, part: str
) -> dict[str, float]:
    """Judge the first three links that readers see. ``kept`` are the documents ``with_lone_articles``."""
    groups = copy_groups(kept)
    labels = {document.number: document.event for document in kept}
    precision, recall, empty = [], [], []
    for number, relevant in relatives(kept, groups, options).items():
        if not in_part(labels[number], part):
            continue
        shown = [groups[item] for item in listed[number]]
        shown = [group for group in shown if group != groups[number]][:3]
        precision += [float(group in relevant) for group in shown]
        if relevant:
            recall.append(sum(group in relevant for group in shown) / min(3, len(relevant)))
        else:
            empty.append(float(not shown))
    return {"shown_precision": mean(precision), "shown_recall": mean(recall), "lone_empty": mean(empty)}


def story_quality(documents: Sequence[Document], stories: dict[int, int], part: str) -> dict[str, float]:
    """BCubed and pairwise F1 of the stories against the events: means over the articles that are judged."""
    labels = {document.number: document.event for document in documents}
    both = Counter((stories[number], labels[number]) for number in labels)
    by_story, by_event = Counter(stories.values()), Counter(labels.values())
    judged = {cell: count for cell, count in both.items() if in_part(cell[1], part)}
    total = sum(judged.values())
    precision = sum(count * count / by_story[story] for (story, _), count in judged.items()) / total
    recall = sum(count * count / by_event[event] for (_, event), count in judged.items()) / total
    pairs = sum(count * (count - 1) for count in judged.values())
    said = sum(count * (by_story[story] - 1) for (story, _), count in judged.items())
    true = sum(count * (by_event[event] - 1) for (_, event), count in judged.items())
    return {
        "bcubed_f1": _f1(precision, recall),
        "bcubed_precision": precision,
        "bcubed_recall": recall,
        "pairwise_f1": _f1(pairs / said if said else 0.0, pairs / true if true else 0.0),
    }


def duplicates(
    documents: Sequence[Document], options: StoryOptions, seed: int, part: str
) -> dict[str, float]:
    """Pairs: articles with copies made in six ways that outlets use, against other articles of their event.

    ``duplicates_recall_at_p99`` is over all thresholds of the wording; ``duplicates_recall`` and
    ``duplicates_precision`` are those of the product's own decision.
    """
    rng = random.Random(seed)
    sample = [
        document for document in documents if len(document.text) > SAMPLE and in_part(document.event, part)
    ]
    groups, by_event = copy_groups(documents), events(documents)
    space = StoryIndex(options)
    scored: list[tuple[float, bool]] = []
    said: list[bool] = []
    for document in rng.sample(sample, min(SAMPLE, len(sample))):
        copies = [
            replace(document, number=place, title=title, text=text)
            for place, (title, text) in enumerate(_syndicated(document, rng))
        ]
        others = [
            other for other in by_event[document.event] if groups[other.number] != groups[document.number]
        ]
        mine = [space.fingerprint(copy.indexed()) for copy in copies]
        original = space.fingerprint(document.indexed())
        scored += [(copy_strength(original, copy, options), True) for copy in mine]
        said += [True for copy in mine if is_copy(original, copy, options)]
        for other in others[:6]:
            strange = space.fingerprint(other.indexed())
            scored += [(copy_strength(strange, copy, options), False) for copy in (original, *mine)]
            said += [False for copy in (original, *mine) if is_copy(strange, copy, options)]
    if not scored:
        return {}
    copies_in_all = sum(same for _, same in scored)
    return {
        "duplicates_recall_at_p99": _recall_at(0.99, scored),
        "duplicates_recall": sum(said) / copies_in_all,
        "duplicates_precision": mean([float(same) for same in said]),
    }


def _recall_at(precision: float, scored: Sequence[tuple[float, bool]]) -> float:
    """The best recall of any threshold that keeps this precision."""
    best = right = 0
    ordered = sorted(scored, reverse=True)
    for count, (strength, same) in enumerate(ordered, 1):
        right += same
        last_of_equals = count == len(ordered) or ordered[count][0] < strength
        if last_of_equals and right >= precision * count:
            best = right
    return best / sum(same for _, same in scored)


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


def graded(path: Path, options: StoryOptions, part: str) -> dict[str, float]:
    """Spearman and Pearson correlation with human judgement (1 same … 4 different): mean, and by language.

    ``calibrated`` is the score in units of the threshold that the product asks of two texts of these lengths:
    a page shows a link from 1 on. ``score`` is the plain one.
    """
    index = StoryIndex(options)
    pairs = list(read_rows(path))
    stored: list[StoredArticle] = []
    sizes: list[int] = []
    for pair in pairs:
        for side in ("1", "2"):
            number = len(stored) + 1
            title, _, text = pair["text" + side].partition("  ")
            item = Document(number, title[:300], text or title, pair["lang" + side], number, ONE_DATE, "")
            terms = index.fingerprint(item.indexed())
            date = to_microseconds(ONE_DATE)
            stored.append(StoredArticle(number, number, date, item.title, None, number, 0.0, 0, terms.pack()))
            sizes.append(max(terms.length, 1))
    index.load([stored])
    judged: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for position, pair in enumerate(pairs):
        if not in_part(pair["pair_id"], part):
            continue
        score = compare(index, 2 * position + 1, 2 * position + 2).score
        needed = options.related_threshold(math.sqrt(sizes[2 * position] * sizes[2 * position + 1]))
        judged[pair["lang1"]].append((score / needed, score, -pair["overall"]))
    found: dict[str, float] = {}
    for name, place in (("calibrated", 0), ("score", 1)):
        for correlation in (spearman, pearson):
            by_language = {
                language: correlation([row[place] for row in rows], [row[2] for row in rows])
                for language, rows in sorted(judged.items())
            }
            key = f"{correlation.__name__}_{name}"
            found |= {f"{key}_{language}": value for language, value in by_language.items()}
            found[key] = mean([*by_language.values()])
    return found


def pearson(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the linear correlation of two series."""
    mean_a, mean_b = mean(a), mean(b)
    shared = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return shared / math.sqrt(spread) if spread else 0.0


def spearman(a: Sequence[float], b: Sequence[float]) -> float:
    """Return the correlation of the ranks of two series; equal values share the mean of their ranks."""
    return pearson(_ranks(a), _ranks(b))


def _ranks(values: Sequence[float]) -> list[float]:
    ordered = sorted(values)
    return [(bisect_left(ordered, value) + bisect_right(ordered, value)) / 2 for value in values]


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0

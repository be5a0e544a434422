"""Quality and cost of stories and links: labelled sets streamed through the real index.

    python -m benchmarks.stories FOLDER [--set NAME] [--json] [--seed N] [--time real|day|hide] [--no-window]
        [--part tune|held] [--without-store] [--without-baselines]

FOLDER holds one folder per set with ``docs.jsonl`` (id, title, text, published, source, lang,
story_id), ``pairs.jsonl`` or ``snapshots.jsonl`` (ranks of a front page, see ``top_stories``). Articles
arrive in the order of their dates, in batches, and are forgotten when they leave the window, as the daemon
does it; links are judged as the page of each article has them in the end.

The same articles then go through a real store and the stories job. ``through_store`` has the measures of
what its tables hold; they must be the same, but for lines that a source repeats.

Dates that betray the label are taken away here, never in the product: ``hide`` gives all articles one date
and
shuffles them, ``day`` moves each by −3 to +3 days drawn from its id. ``--part`` judges half of the
labels only (stories, pairs, days of a front page; drawn by their hash) while everything still streams:
choose numbers on ``tune``, and look at ``held`` once they are chosen. ``--json`` prints one object with one
object for each set.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.story_baselines import baselines, has_scikit_learn
from benchmarks.story_measures import (
    Run,
    duplicates,
    graded,
    ndcg3,
    shown_links,
    story_quality,
    stream,
    with_lone_articles,
)
from benchmarks.story_sets import Document, copy_groups, read_documents
from benchmarks.story_store import through_store
from benchmarks.top_stories import top_stories
from syndicate.stories import StoryOptions

DEFAULT_TIME = {"uci_headlines_en": "hide", "allsides_en": "day"}
ALSO_WITHOUT_WINDOW = {"vmds_vi"}
NO_WINDOW = 36_500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Options of a run. ``compare`` measures the baselines too, ``store`` runs through a real store too."""

    seed: int
    part: str
    compare: bool
    store: bool


def measure(path: Path, clock: str, options: StoryOptions, task: Task) -> dict[str, Any]:
    """Return every measure that a set allows; the same through the store, and for the baselines."""
    documents = read_documents(path, clock, task.seed)
    run = stream(documents, options)
    groups = copy_groups(documents)
    measures: dict[str, Any] = {
        "documents": len(documents),
        "related_ndcg3": ndcg3(documents, run.similar, groups, options, task.part),
        **_judged(documents, run, stream, options, task),
        **duplicates(documents, options, task.seed, task.part),
        "cpu_ms_per_article": run.cpu_ms,
    }
    if task.store:
        stored = _judged(documents, through_store(documents, options), through_store, options, task)
        measures["through_store"] = stored
    if task.compare:
        measures["baselines"] = baselines(documents, run.similar, groups, options, task.seed, task.part)
    return measures


def _judged(
    documents: Sequence[Document],
    run: Run,
    again: Callable[[Sequence[Document], StoryOptions], Run],
    options: StoryOptions,
    task: Task,
) -> dict[str, float]:
    """Judge the stories of a run, and the links of another with lone articles among the documents."""
    kept = with_lone_articles(documents)
    return {
        **shown_links(kept, again(kept, options).shown, options, task.part),
        **story_quality(documents, run.stories, task.part),
    }


def measure_all(
    folder: Path, only: str, clock: str, *, no_window: bool, task: Task
) -> dict[str, dict[str, Any]]:
    """Return the measures of every set in a folder, by the set's name."""
    results: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*/docs.jsonl")):
        name = path.parent.name
        if only in name:
            times = clock or DEFAULT_TIME.get(name, "real")
            if not no_window:
                results[name] = measure(path, times, StoryOptions(), task)
            if no_window or name in ALSO_WITHOUT_WINDOW:
                options = StoryOptions(window_days=NO_WINDOW)
                results[f"{name} no window"] = measure(path, times, options, task)
    for path in sorted(folder.glob("*/pairs.jsonl")):
        if only in path.parent.name:
            results[path.parent.name] = graded(path, StoryOptions(), task.part)
    for path in sorted(folder.glob("*/snapshots.jsonl")):
        if only in path.parent.name:
            results[path.parent.name] = top_stories(path, task.seed, task.part)
    return results


def print_table(results: dict[str, dict[str, Any]]) -> None:
    for name, measures in results.items():
        print(name)
        compared = measures.pop("baselines", {})
        stored = measures.pop("through_store", {})
        for measure_name, value in measures.items():
            print(f"  {measure_name:28} {value:8.3f}")
        if stored:
            print("  the same through a real store")
        for measure_name, value in stored.items():
            print(f"    {measure_name:26} {value:8.3f}")
        for baseline, values in compared.items():
            print(f"  {baseline:28} " + "  ".join(f"{key} {value:.3f}" for key, value in values.items()))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--set", default="", help="only sets whose name contains this")
    parser.add_argument("--time", default="", choices=["real", "day", "hide"], help="for every set")
    parser.add_argument("--no-window", action="store_true", help="articles of any age can be one story")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="", choices=["tune", "held"], help="judge half of the labels only")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--without-baselines", action="store_true", help="measure syndicate only")
    parser.add_argument("--without-store", action="store_true", help="stream in memory only")
    arguments = parser.parse_args()
    compare = not arguments.without_baselines
    if compare and not has_scikit_learn():
        print("Only FTS5 as a baseline: the others need scikit-learn (pip install it).", file=sys.stderr)
    results = measure_all(
        arguments.folder,
        arguments.set,
        arguments.time,
        no_window=arguments.no_window,
        task=Task(
            seed=arguments.seed, part=arguments.part, compare=compare, store=not arguments.without_store
        ),
    )
    if arguments.json:
        print(json.dumps(results, indent=2))
    else:
        print_table(results)
    return 0


if __name__ == "__main__":
    sys.exit(main())

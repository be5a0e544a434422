"""Labelled articles for ``benchmarks/stories.py``: reading them, and what counts as right."""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any
from zlib import crc32

from syndicate.stories import IndexedArticle, StoryOptions
from syndicate.text.plain import plain_text
from tests.stories.newsroom import terms_of

ONE_DATE = datetime(2026, 1, 1, tzinfo=UTC)
# Articles in one transaction of the stories job, as shipped.
BATCH = 250
# The daemon polls a source several times an hour.
TICK = timedelta(minutes=15)


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

    def indexed(self) -> IndexedArticle:
        """Return the article as the stories job hands it to the index."""
        return IndexedArticle(
            article_id=self.number,
            source_id=self.source,
            published=self.published,
            title=self.title,
            terms=terms_of(self.title, self.text, self.language),
        )


def read_rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a JSONL file. Texts may contain U+2028, at which ``str.splitlines`` would cut."""
    with path.open(encoding="utf-8", newline="\n") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def read_documents(path: Path, clock: str, seed: int) -> list[Document]:
    rows = list(read_rows(path))
    sources = {name: number for number, name in enumerate(sorted({row["source"] or "" for row in rows}), 1)}
    dates = {row["id"]: _date(row, clock) for row in rows}
    if clock == "hide":
        random.Random(seed).shuffle(rows)
    rows.sort(key=lambda row: dates[row["id"]])
    return [
        Document(
            number=number,
            title=row["title"],
            text=plain_text(stored_html(row["text"])),
            language=row["lang"],
            source=sources[row["source"] or ""],
            published=dates[row["id"]],
            event=row["story_id"],
        )
        for number, row in enumerate(rows, 1)
    ]


def stored_html(text: str) -> str:
    """Return the HTML that the store keeps of a text; the stories job reads the text back from it."""
    return f"<p>{escape(text)}</p>"


def _date(row: dict[str, str], clock: str) -> datetime:
    if clock == "hide" or not row["published"]:
        return ONE_DATE
    date = datetime.fromisoformat(row["published"])
    return date + timedelta(days=crc32(row["id"].encode()) % 7 - 3) if clock == "day" else date


def ticks(documents: Sequence[Document]) -> Iterator[list[Document]]:
    """Yield the documents as the stories job gets them: what came within a tick, in batches."""
    batch: list[Document] = []
    for document in documents:
        if batch and (len(batch) == BATCH or document.published >= batch[0].published + TICK):
            yield batch
            batch = []
        batch.append(document)
    yield batch


def in_part(label: str, part: str) -> bool:
    """Return whether a label is judged: in either part half of all labels, by their hash."""
    return not part or (crc32(label.encode()) >> 8) % 2 == (part == "held")


def copy_groups(documents: Sequence[Document]) -> dict[int, int]:
    """Near-duplicates by exact word triples (Jaccard ≥ .4 or containment ≥ .7), as groups within an event."""
    groups = {document.number: document.number for document in documents}
    for members in events(documents).values():
        triples = {member.number: _triples(member) for member in members}
        for position, item in enumerate(members):
            for other in members[:position]:
                if groups[item.number] != groups[other.number] and _same_text(
                    triples[item.number], triples[other.number]
                ):
                    old, new = groups[item.number], groups[other.number]
                    for member in members:
                        if groups[member.number] == old:
                            groups[member.number] = new
    return groups


def events(documents: Sequence[Document]) -> dict[str, list[Document]]:
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
    for members in events(documents).values():
        for member in members:
            close = {groups[other.number] for other in members if near(member, other, options)}
            found[member.number] = close - {groups[member.number]}
    return found


def near(one: Document, other: Document, options: StoryOptions) -> bool:
    return abs((one.published - other.published).total_seconds()) <= options.window_days * 86400

"""The run of labelled articles through a real store has the figures of the run in memory."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from benchmarks.story_measures import stream
from benchmarks.story_sets import read_documents
from benchmarks.story_store import through_store
from syndicate.stories import StoryOptions

START = datetime(2026, 11, 2, 6, 0, tzinfo=UTC)
SUBJECTS = (
    "The river Douro flooded the Ribeira quarter of Porto and the Luis bridge was closed.",
    "The central bank of Norland raised its interest rate, said governor Ilse Brandt.",
    "Striker Jonas Vale scored twice as Harwick Rovers beat Milton in the cup.",
)


@pytest.fixture
def documents(tmp_path):
    """Thirty reports of three subjects in ten days: some come together, and the first leave the window."""
    rows = [
        {
            "id": f"d{number}",
            "title": f"Report {number} about {SUBJECTS[number % 3][:30]}",
            "text": f"{SUBJECTS[number % 3]}  Reporter {number % 7} spoke to {number} people.",
            "published": (START + timedelta(hours=8 * (number // 2 * 2))).isoformat(),
            "source": f"s{number % 5}",
            "lang": "en",
            "story_id": f"e{number % 3}",
        }
        for number in range(30)
    ]
    path = tmp_path / "docs.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return read_documents(path, "real", 1)


def groups(stories: dict[int, int]) -> list[list[int]]:
    members: dict[int, set[int]] = {}
    for number, story in stories.items():
        members.setdefault(story, set()).add(number)
    return sorted(map(sorted, members.values()))


def test_tables_hold_the_stories_and_links_of_the_run_in_memory(documents):
    options = StoryOptions()
    here, stored = stream(documents, options), through_store(documents, options)
    assert groups(stored.stories) == groups(here.stories)
    assert stored.shown == here.shown
    assert any(len(group) > 1 for group in groups(here.stories))
    assert any(here.shown.values())

"""An article of a feed is one article for ever, whatever ids the feed gives its items."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.store import schema
from tests.examples import examples
from tests.factories import NOW
from tests.jobs.room import Room, opened_room, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer

POLL = timedelta(days=2)
HOST = "https://harbour.example"
# What a publisher does to the guids of a feed: an own one, one for all, another at each poll, none.
HABITS = ("own", "shared", "shared", "churned", "missing")


@dataclass(frozen=True, slots=True)
class Report:
    """Article of the publisher, as it is at a poll."""

    number: int
    habit: str
    dated: bool
    title_edits: int = 0
    text_edits: int = 0
    moves: int = 0

    @property
    def link(self) -> str:
        return f"{HOST}/{'moved-' * self.moves}{self.number}"

    @property
    def title(self) -> str:
        return f"Report {self.number}{', corrected' * self.title_edits}"

    def item(self, poll: int) -> dict[str, str]:
        """Return the item of the report in a poll."""
        guid = {"own": f"id-{self.number}", "shared": "article", "churned": f"{poll}-{self.number}"}
        date = format_datetime(NOW - timedelta(hours=self.number)) if self.dated else ""
        fields = {"guid": guid.get(self.habit, ""), "pubDate": date, "title": self.title, "link": self.link}
        text = f"What report {self.number} says, edition {self.text_edits}."
        return {name: value for name, value in fields.items() if value} | {"description": text}

    def edited(self, kind: str) -> "Report":
        """Return the report after an edit that its ids allow to follow."""
        if kind == "move":
            return replace(self, moves=self.moves + 1) if self.habit == "own" else self
        if kind == "title" and self.habit != "churned":
            return replace(self, title_edits=self.title_edits + 1)
        return replace(self, text_edits=self.text_edits + 1)


@dataclass(frozen=True, slots=True)
class Poll:
    """Feed at a poll: numbers of its reports, some of them twice, and the edits before it."""

    listed: tuple[int, ...]
    edits: tuple[tuple[int, str], ...] = field(default=())


NUMBERS = st.integers(0, 7)
EDITS = st.tuples(NUMBERS, st.sampled_from(["title", "text", "move"]))
POLLS = st.lists(
    st.builds(
        Poll,
        listed=st.lists(NUMBERS, min_size=1, max_size=10).map(tuple),
        edits=st.lists(EDITS, max_size=3).map(tuple),
    ),
    min_size=1,
    max_size=6,
)
REPORTS = st.lists(st.tuples(st.sampled_from(HABITS), st.booleans()), min_size=8, max_size=8).map(
    lambda facts: [Report(number, habit, dated) for number, (habit, dated) in enumerate(facts)]
)


@dataclass(slots=True, repr=False)
class Publisher:
    """Newsroom with a new source for each history."""

    room: Room
    server: ScriptedServer
    answers: dict[str, Answer]
    histories: int = 0

    def rows(self, name: str) -> dict[str, tuple[str, str]]:
        """Return the public id and the title of each article of a source, by its link."""
        table, sources = schema.articles, schema.sources
        query = select(table.c.url, table.c.uid, table.c.title)
        query = query.join(sources, sources.c.id == table.c.source_id).where(sources.c.name == name)
        with self.room.store.read() as connection:
            found = connection.execute(query).all()
        assert len({row.url for row in found}) == len(found), "a link stands twice"
        return {row.url: (row.uid, row.title) for row in found}


@pytest.fixture(scope="module")
def publisher(tmp_path_factory: pytest.TempPathFactory, parsers: ParserPool) -> Iterator[Publisher]:
    folder: Path = tmp_path_factory.mktemp("publisher")
    answers: dict[str, Answer] = {}
    with opened_room(folder, parsers) as room, ScriptedServer(answers) as server:
        yield Publisher(room, server, answers)


@settings(max_examples=examples(300), suppress_health_check=list(HealthCheck))
@given(reports=REPORTS, polls=POLLS)
def test_every_report_is_one_article_for_ever(
    publisher: Publisher, reports: list[Report], polls: list[Poll]
) -> None:
    name = f"harbour{publisher.histories}"
    publisher.histories += 1
    publisher.room.declare(source(name, publisher.server.url(f"/{name}")))
    seen: dict[int, Report] = {}
    ids: dict[int, str] = {}
    for number, poll in enumerate(_with_two_that_share(polls, reports)):
        for edited, kind in poll.edits:
            reports[edited] = reports[edited].edited(kind)
        listed = [reports[each] for each in poll.listed]
        publisher.answers[f"/{name}"] = _served(*(report.item(number) for report in listed))
        publisher.room.ingest(NOW + number * POLL, [name])
        seen |= {report.number: report for report in listed}
        _check(publisher.rows(name), seen, ids)


def _check(rows: Mapping[str, tuple[str, str]], seen: Mapping[int, Report], ids: dict[int, str]) -> None:
    expected = {report.link: report.title for report in seen.values()}
    assert {link: title for link, (_, title) in rows.items()} == expected
    for report in seen.values():
        uid, _ = rows[report.link]
        assert ids.setdefault(report.number, uid) == uid, f"report {report.number} has another id"


def _with_two_that_share(polls: list[Poll], reports: list[Report]) -> list[Poll]:
    """Return the polls; the first that lists a report with the shared guid lists two of them.

    A guid that was seen on a single item may be that item's own: an item with it, of the same day and under
    another link, is the same article, moved.
    """
    sharing = [report.number for report in reports if report.habit == "shared"]
    for index, poll in enumerate(polls):
        if {*sharing} & {*poll.listed}:
            return [*polls[:index], replace(poll, listed=(*poll.listed, *sharing[:2])), *polls[index + 1 :]]
    return polls


def _served(*items: Mapping[str, str], **fields: Any) -> bytes:
    return answer(200, rss(*items), Content_Type="application/rss+xml", **fields)

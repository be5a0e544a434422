"""Runs of the ingest job: batches, claims, stops, slow servers, lost leases and stores."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from syndicate.errors import ParseError, StoreError
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.jobs.ingest import claims
from syndicate.jobs.ingest.entry_plan import SourceOutcome
from syndicate.jobs.ingest.poll_parsing import Poll
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.model import ParsedSource, SourceState
from syndicate.store.core.column_types import to_microseconds
from tests import postgres
from tests.factories import NOW
from tests.jobs.ingest.served_feeds import MANY, feed, state_of
from tests.jobs.room import Room, item, source
from tests.net.scripted_server import Script, ScriptedServer, answer


@pytest.mark.all
def test_many_answers_at_once_are_all_stored(papers: Room) -> None:
    outcomes = papers.ingest()
    assert {name: (outcome.new, outcome.error) for name, outcome in outcomes.items()} == dict.fromkeys(
        MANY, (2, "")
    )
    assert set(papers.articles()) == {*MANY, *(f"Second of {name}" for name in MANY)}
    assert all(state_of(papers, name).last_success == NOW for name in MANY)


class Closing(ParserPool):
    """The program ends while something is read."""

    def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
        self.close()
        return super().parse_each(requests)


@pytest.mark.all
@pytest.mark.parametrize("names", [MANY, MANY[:1]])
def test_who_is_read_while_the_program_ends_has_not_failed_and_is_read_again_at_once(
    rooms: Room, serve, names: Sequence[str]
) -> None:
    serve({f"/{name}": feed(item(1, name)) for name in names})
    job = rooms.services.ingest
    stopped = replace(job, importer=replace(job.importer, parser=lambda: Closing(2))).run(NOW)
    assert not stopped.failed
    assert {state_of(rooms, name) for name in names} == {SourceState()}
    assert {outcome.new for outcome in rooms.ingest(NOW).values()} == {1}


def test_a_folder_that_is_read_while_the_program_ends_has_not_failed(rooms: Room, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.md").write_text("# One")
    rooms.declare(source("notes", str(tmp_path / "notes"), kind='"folder"'))
    job = rooms.services.ingest
    replace(job, importer=replace(job.importer, parser=lambda: Closing(2))).run(NOW)
    assert state_of(rooms, "notes") == SourceState()
    assert rooms.ingest(NOW)["notes"].new == 1


@pytest.mark.all
def test_what_a_store_cannot_hold_costs_none_that_came_with_it(rooms: Room, serve) -> None:
    class WithNul(ParserPool):
        """Adds a NUL character, which cleaning removes and PostgreSQL refuses."""

        def parse(self, request: ParseRequest) -> ParsedSource:
            return self._spoilt(super().parse(request))

        def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
            return [
                parsed if isinstance(parsed, ParseError) else self._spoilt(parsed)
                for parsed in super().parse_each(requests)
            ]

        @staticmethod
        def _spoilt(parsed: ParsedSource) -> ParsedSource:
            return replace(
                parsed,
                entries=tuple(
                    replace(entry, html="a\0b" if "Spoilt" in entry.title else entry.html)
                    for entry in parsed.entries
                ),
            )

    serve({"/harbour": feed(item(1)), "/hills": feed(item(2, "Spoilt")), "/dales": feed(item(3))})
    with WithNul(1) as pool:
        job = replace(rooms.services.ingest, importer=replace(rooms.services.importer, parser=lambda: pool))
        outcomes = {outcome.name: outcome for outcome in job.run(NOW).sources}
    assert (outcomes["harbour"].new, outcomes["dales"].new) == (1, 1)
    with rooms.store.read() as connection:
        refused = connection.dialect.name == "postgresql"
    assert ("could not be stored" in outcomes["hills"].error) == refused


@pytest.mark.all
def test_a_source_that_somebody_else_has_by_now_costs_none_that_came_with_it(papers: Room) -> None:
    class Slow(ParserPool):
        """So slow that another process takes the lease during the parse."""

        def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
            with papers.store.write() as connection:
                connection.execute(
                    text("UPDATE sources SET lease_owner = 'other' WHERE name = :name"), {"name": MANY[30]}
                )
            return super().parse_each(requests)

    with Slow(2) as pool:
        job = replace(papers.services.ingest, importer=replace(papers.services.importer, parser=lambda: pool))
        outcomes = {outcome.name: outcome for outcome in job.run(NOW).sources}
    assert {name for name, outcome in outcomes.items() if outcome.new == 2} == {*MANY} - {MANY[30]}
    assert outcomes[MANY[30]].unchanged
    assert state_of(papers, MANY[30]).last_success is None


def test_a_row_the_store_refuses_is_the_failure_of_its_source_alone(room: Room) -> None:
    with ScriptedServer({"/bad": feed(item(1, "Poison")), "/good": feed(item(2))}) as server:
        room.declare(source("bad", server.url("/bad")) + source("good", server.url("/good")))
        poison = (
            "CREATE TRIGGER poison BEFORE INSERT ON articles WHEN NEW.title = 'Poison' "
            "BEGIN SELECT RAISE(ABORT, 'it is poison'); END"
        )
        with room.store.write() as connection:
            connection.execute(text(poison))
        outcomes = room.ingest()
        room.close()
    assert "it is poison" in outcomes["bad"].error
    assert (outcomes["good"].new, outcomes["good"].error) == (1, "")
    assert state_of(room, "bad").failures == 1


def test_a_paused_source_is_left_alone(rooms: Room, serve) -> None:
    server = serve({"/harbour": feed(item(1))})
    rooms.declare(source("harbour", server.url("/harbour"), paused="true"))
    assert rooms.ingest() == rooms.ingest(names=["harbour"]) == {}
    assert server.asked == []


def test_only_what_is_due_is_asked_for_unless_it_is_named(rooms: Room, serve) -> None:
    server = serve({"/one": feed(item(1), ETag='"1"'), "/two": feed(item(1), ETag='"1"')})
    assert set(rooms.ingest()) == {"one", "two"}
    assert rooms.ingest(NOW + timedelta(minutes=5)) == {}
    assert set(rooms.ingest(NOW + timedelta(minutes=5), names=["two"])) == {"two"}
    assert set(rooms.ingest(NOW + timedelta(minutes=11, seconds=30))) == {"one"}
    assert len(server.asked) == 4


def test_a_run_that_is_stopped_gives_back_what_it_did_not_read(rooms: Room, serve) -> None:
    serve({f"/{number}": feed(item(number)) for number in range(12)})
    stop: list[bool] = []
    ingest, importer = rooms.services.ingest, rooms.services.importer
    job = replace(ingest, importer=replace(importer, owner="first"))
    result = job.run(NOW, report=lambda _one, _all: stop.append(True), should_stop=lambda: bool(stop))
    again = replace(ingest, importer=replace(importer, owner="second")).run(NOW + timedelta(seconds=1))
    assert len(result.sources) + len(again.sources) == 12
    assert len({outcome.name for outcome in (*result.sources, *again.sources)}) == 12


def until_all_are_asked(count: int) -> tuple[ScriptedServer, Script]:
    """A server, and an answer of it that waits until so many requests have come."""
    server = ScriptedServer({})

    async def script(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while len(server.asked) < count:
            await asyncio.sleep(0.02)
        writer.write(feed(item(1)))
        await writer.drain()
        writer.close()

    return server, script


def test_a_server_that_hangs_keeps_nobody_waiting_who_is_claimed_later(room: Room, monkeypatch) -> None:
    monkeypatch.setattr(claims, "CLAIM_SIZE", 2)
    server, script = until_all_are_asked(10)
    server.answers = {"/hangs": script, **{f"/{number}": feed(item(number)) for number in range(9)}}
    with server:
        room.declare("".join(source(path.strip("/"), server.url(path)) for path in server.answers))
        assert {outcome.error for outcome in room.ingest().values()} == {""}
        assert len(server.asked) == 10
        room.close()


def test_what_becomes_due_while_a_server_hangs_is_read_meanwhile_if_wanted(room: Room, monkeypatch) -> None:
    monkeypatch.setattr(claims, "STEP", 1)
    server, script = until_all_are_asked(2)
    server.answers = {"/hangs": script, "/soon": feed(item(1))}
    with server:
        room.declare("".join(source(path.strip("/"), server.url(path)) for path in server.answers))
        with room.store.write() as connection:
            due = {"due": to_microseconds(NOW + timedelta(seconds=1))}
            connection.execute(text("UPDATE sources SET next_check = :due WHERE name = 'soon'"), due)
        result = room.services.ingest.run(NOW, claim_newly_due=True)
        room.close()
    assert {outcome.name: outcome.error for outcome in result.sources} == {"hangs": "", "soon": ""}


@pytest.mark.all
def test_a_pause_that_ends_while_a_server_hangs_ends_for_the_run(room: Room, monkeypatch) -> None:
    """Otherwise a source that waits for the end of the pause would be claimed again and again."""
    monkeypatch.setattr(claims, "STEP", 1)

    async def hangs(reader, writer) -> None:
        while not any(request.path == "/b" for request in other.asked):
            await asyncio.sleep(0.05)
        writer.close()

    rests = [answer(503, b"", Retry_After="2"), feed(item(1))]
    with ScriptedServer({"/hangs": hangs}) as server, ScriptedServer({"/a": rests, "/b": rests[1]}) as other:
        room.declare(
            source("hangs", server.url("/hangs"))
            + source("a", other.url("/a"))
            + source("b", other.url("/b"))
        )
        with room.store.write() as connection:
            due = {"due": to_microseconds(NOW + timedelta(seconds=1))}
            connection.execute(text("UPDATE sources SET next_check = :due WHERE name = 'b'"), due)
        result = room.services.ingest.run(NOW, claim_newly_due=True)
        room.close()
    assert [(outcome.new, bool(outcome.warning)) for outcome in result.sources if outcome.name == "b"] == [
        (0, True),
        (1, False),
    ]


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_database_server_that_goes_away_keeps_no_source_longer_than_itself(
    papers: Room, postgres_server: str, store_url: str, monkeypatch
) -> None:
    """The next run releases the claims and reads the unsaved polls again."""
    name = urlsplit(store_url).path.strip("/")
    really_save = PollStoring.save

    def open_door(*, is_open: bool) -> None:
        postgres.execute(postgres_server, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS {is_open}')

    def save(storing: PollStoring, polls: Sequence[Poll], now: datetime) -> list[SourceOutcome]:
        open_door(is_open=False)
        kill = f"SELECT pg_terminate_backend(pid, 30000) FROM pg_stat_activity WHERE datname = '{name}'"
        postgres.execute(postgres_server, kill)
        return really_save(storing, polls, now)

    monkeypatch.setattr(PollStoring, "save", save)
    with pytest.raises(StoreError):
        papers.ingest()
    with pytest.raises(StoreError):
        papers.ingest(NOW + timedelta(seconds=1))
    monkeypatch.undo()
    open_door(is_open=True)
    outcomes = papers.ingest(NOW + timedelta(seconds=2))
    assert {outcome.error for outcome in outcomes.values()} == {""}
    assert len(outcomes) == len(papers.services.sources)
    assert len(papers.articles()) == 2 * len(outcomes)

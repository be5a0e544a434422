"""The ingest job over real HTTP, with real parser processes and a real store."""

import asyncio
import gzip
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text

from syndicate.errors import ParseError, ParserDied, StoreError
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.jobs.ingest import claims
from syndicate.jobs.ingest.document_content import Poll
from syndicate.jobs.ingest.poll_result import SourceOutcome
from syndicate.jobs.ingest.poll_storing import PollStoring
from syndicate.model import ParsedSource, SourceState
from syndicate.store.core import old_rows, quarantine
from syndicate.store.core.column_types import to_microseconds
from syndicate.store.ingest import source_store
from syndicate.store.output import stale
from tests import postgres
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, Script, ScriptedServer, answer

HOUR = timedelta(hours=1)
LATER = NOW + HOUR
# Servers without validators are asked once a day, and a tenth later at most.
DAY = timedelta(hours=27)


def feed(*items: dict[str, str], **fields: str) -> bytes:
    return answer(200, rss(*items), Content_Type="application/rss+xml", **fields)


def serving(room: Room, answers: dict[str, Answer], more: str = "") -> ScriptedServer:
    """A server whose paths are the room's sources, named like them."""
    server = ScriptedServer(answers)
    server.__enter__()
    room.declare(more + "".join(source(path.strip("/"), server.url(path)) for path in answers))
    return server


def state_of(room: Room, name: str) -> SourceState:
    with room.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=NOW)
    return next(one.state for one in reports if one.source.name == name)


@pytest.fixture
def serve(rooms: Room):
    """Start a server for ``rooms``; it ends with the test."""
    started = []

    def start(answers: dict[str, Answer], more: str = "") -> ScriptedServer:
        started.append(serving(rooms, answers, more))
        return started[-1]

    yield start
    rooms.close()
    for server in started:
        server.__exit__(None, None, None)


def test_new_changed_and_unchanged_items_are_told_apart(rooms: Room, serve) -> None:
    first = feed(item(1), item(2))
    edited = feed(item(1, "Corrected title"), item(2), item(3))
    renumbered = feed(item(1, "Corrected title", comments="https://harbour.example/c?n=7"), item(2), item(3))
    serve({"/harbour": [first, edited, renumbered]})
    outcomes = [rooms.ingest(NOW + n * DAY)["harbour"] for n in range(3)]
    assert [(one.new, one.changed, one.unchanged) for one in outcomes] == [
        (2, 0, False),
        (1, 1, False),
        (0, 0, True),
    ]
    found = rooms.articles()
    assert set(found) == {"Corrected title", "Title 2", "Title 3"}
    assert found["Corrected title"].first_seen == NOW
    assert found["Title 3"].first_seen == NOW + DAY
    assert found["Title 2"].url == "https://harbour.example/2"


def test_entries_of_a_changelog_without_guids_stay_apart_over_polls(rooms: Room, serve) -> None:
    def entry(version: int, **more: str) -> dict[str, str]:
        link = f"https://harbour.example/log#v{version}"
        return {"title": f"Version {version}", "link": link, "description": "Fixes.", **more}

    answers = {"/harbour": feed(entry(1), entry(2))}
    serve(answers)
    assert rooms.ingest()["harbour"].new == 2
    answers["/harbour"] = feed(entry(1), entry(2, description="More fixes."), entry(3))
    outcome = rooms.ingest(LATER, ["harbour"])["harbour"]
    assert (outcome.new, outcome.changed) == (1, 1)
    articles = rooms.articles()
    assert {title: article.url for title, article in articles.items()} == {
        f"Version {number}": f"https://harbour.example/log#v{number}" for number in (1, 2, 3)
    }


def test_a_store_without_fragments_gets_no_article_twice(rooms: Room, serve) -> None:
    link = {"guid": "", "link": "https://harbour.example/1", "pubDate": ""}
    answers = {"/harbour": feed(item(1, **link))}
    serve(answers)
    rooms.ingest()
    answers["/harbour"] = feed(item(1, **link | {"link": "https://harbour.example/1#publisher=wire"}))
    assert rooms.ingest(LATER, ["harbour"])["harbour"].new == 0


def test_an_article_stored_without_its_fragment_stays_one_however_it_is_edited(rooms: Room, serve) -> None:
    page = "https://harbour.example/log"
    date = "Tue, 24 Nov 2026 08:00:00 GMT"
    answers = {"/harbour": feed(item(1, guid="", link=page, pubDate=date))}
    serve(answers)
    rooms.ingest()
    for day, title in enumerate(("Edited title", "Edited again"), start=1):
        answers["/harbour"] = feed(item(1, title, guid="", link=f"{page}#v1", pubDate=date))
        outcome = rooms.ingest(NOW + day * DAY, ["harbour"])["harbour"]
        assert (outcome.new, outcome.changed) == (0, 1)
    (article,) = rooms.articles().values()
    assert (article.title, article.entry_key, article.url) == ("Edited again", f"{page}#v1", f"{page}#v1")
    answers["/harbour"] = feed(
        item(1, "Edited again", guid="", link=f"{page}#v1", pubDate=date),
        item(1, "Version 2", guid="", link=f"{page}#v2", pubDate=date),
    )
    assert rooms.ingest(NOW + 3 * DAY, ["harbour"])["harbour"].new == 1


def test_a_source_says_what_it_is_called(rooms: Room, serve) -> None:
    serve({"/harbour": feed(item(1))})
    rooms.ingest()
    with rooms.store.read() as connection:
        (stored,) = source_store.list_sources(connection)
    assert (stored.title, stored.home_url) == ("Harbour News", "https://harbour.example/")


def test_FF16_validators_are_sent_back_and_a_304_changes_nothing(rooms: Room, serve) -> None:
    modified = "Tue, 24 Nov 2026 08:00:00 GMT"
    server = serve({"/harbour": [feed(item(1), ETag='W/"a1"', Last_Modified=modified), answer(304)]})
    rooms.ingest()
    outcome = rooms.ingest(LATER)["harbour"]
    assert (outcome.unchanged, outcome.error) == (True, "")
    asked = server.asked[1]
    assert asked.field("If-None-Match") == b'W/"a1"'
    assert asked.field("If-Modified-Since") == modified.encode()
    after = state_of(rooms, "harbour")
    assert (after.etag, after.last_modified, after.last_success) == ('W/"a1"', modified, LATER)


def test_the_same_bytes_again_are_not_read_again(rooms: Room, serve) -> None:
    serve({"/harbour": feed(item(1))})
    rooms.ingest()
    assert rooms.ingest(NOW + DAY)["harbour"].unchanged
    assert len(rooms.articles()) == 1


def test_articles_and_validators_are_saved_together_or_not_at_all(room: Room) -> None:
    """Were the ETag saved without the articles, the next poll would get 304 and they would be lost."""
    with ScriptedServer({"/harbour": feed(item(1), item(2), ETag='"1"')}) as server:
        room.declare(source("harbour", server.url("/harbour")))
        forbid = (
            "CREATE TRIGGER forbid BEFORE UPDATE OF etag ON sources WHEN NEW.etag <> '' "
            "BEGIN SELECT RAISE(ABORT, 'no validators today'); END"
        )
        with room.store.write() as connection:
            connection.execute(text(forbid))
        assert "no validators today" in room.ingest()["harbour"].error
        assert room.articles() == {}
        assert state_of(room, "harbour").etag == ""
        with room.store.write() as connection:
            connection.execute(text("DROP TRIGGER forbid"))
        assert room.ingest(LATER)["harbour"].new == 2
        assert state_of(room, "harbour").etag == '"1"'
        room.close()


def test_one_bad_source_hurts_only_itself(rooms: Room, serve) -> None:
    page = b"<!DOCTYPE html><html><head><title>Log in</title></head><body>Please log in</body></html>"
    bomb = gzip.compress(b" " * 80_000_000)
    whole = rss(item(1), item(2), item(3))
    answers: dict[str, Answer] = {
        "/good": feed(item(9)),
        "/page": answer(200, page, Content_Type="text/html"),
        "/cut": answer(200, whole[: whole.index(b"<title>Title 3")], Content_Type="application/rss+xml"),
        "/bomb": answer(200, bomb, Content_Encoding="gzip"),
        "/broken": answer(500, b"oops"),
        "/empty": answer(200, b""),
        "/gone": answer(410, b""),
        "/moved": answer(404, b""),
    }
    serve(answers, source("nobody", "http://127.0.0.1:1/feed"))
    outcomes = rooms.ingest()
    assert set(outcomes) == {path.strip("/") for path in answers} | {"nobody"}
    assert outcomes["good"].new == 1
    assert (outcomes["cut"].new, outcomes["cut"].error) == (2, "")
    assert outcomes["cut"].warning
    for name in ("page", "bomb", "broken", "empty", "gone", "moved", "nobody"):
        assert outcomes[name].error, name
        assert state_of(rooms, name).error == outcomes[name].error
        assert state_of(rooms, name).failures == 1
    assert state_of(rooms, "gone").gone
    assert state_of(rooms, "good").failures == 0
    assert rooms.ingest(LATER).keys() >= {"broken", "nobody"}
    assert "gone" not in rooms.ingest(NOW + timedelta(days=9))


def test_P7_after_a_feed_that_was_cut_off_all_of_it_is_asked_for_again(rooms: Room, serve) -> None:
    """Without a length a closed connection looks like the end; the ETag is that of the whole."""
    whole = rss(item(1), item(2), item(3))

    async def cut(_reader: object, writer: asyncio.StreamWriter) -> None:
        fields = b'HTTP/1.1 200 OK\r\nETag: "whole"\r\nContent-Type: application/rss+xml\r\n\r\n'
        writer.write(fields + whole[: whole.index(b"<title>Title 3")])
        await writer.drain()

    server = serve({"/harbour": cut})
    assert rooms.ingest()["harbour"].new == 2
    server.answers["/harbour"] = answer(200, whole, ETag='"whole"')
    after = state_of(rooms, "harbour")
    assert (after.etag, after.last_modified, after.body_hash) == ("", "", "")
    assert rooms.ingest(LATER)["harbour"].new == 1
    assert state_of(rooms, "harbour").etag == '"whole"'


class Mortal(ParserPool):
    """Dies whenever it reads an item called Poison."""

    def parse(self, body: bytes, **facts: Any) -> ParsedSource:
        parsed = super().parse(body, **facts)
        if any(entry.title == "Poison" for entry in parsed.entries):
            raise ParserDied("the parser took longer than 20 seconds and was stopped")
        return parsed


def latin1(*items: dict[str, str]) -> bytes:
    text = rss(*items, title="Caf\xe9").decode()
    return text.replace("?>", ' encoding="iso-8859-1"?>', 1).encode("latin-1")


def rss_1_0(*items: dict[str, str]) -> bytes:
    """Items beside the channel, every element of RSS with a prefix."""
    names = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:r="http://purl.org/rss/1.0/"'
    written = "".join(
        f'<r:item rdf:about="{one["link"]}"><r:title>{one["title"]}</r:title>'
        f"<r:link>{one['link']}</r:link><r:description>a</r:description></r:item>"
        for one in items
    )
    channel = "<r:channel rdf:about='https://harbour.example/'><r:title>Harbour</r:title></r:channel>"
    return f"<rdf:RDF {names}>{channel}{written}</rdf:RDF>".encode()


def atom(*items: dict[str, str]) -> bytes:
    """Each entry declares the prefix of its own elements."""
    written = "".join(
        f'<a:entry xmlns:a="http://www.w3.org/2005/Atom"><a:id>{one["guid"]}</a:id>'
        f"<a:title>{one['title']}</a:title><a:link href='{one['link']}'/><a:summary>a</a:summary></a:entry>"
        for one in items
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Harbour</title>{written}</feed>".encode()


def json_feed(*items: dict[str, str]) -> bytes:
    listed = [
        {"id": one["guid"], "url": one["link"], "title": one["title"], "content_text": "a"} for one in items
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "H", "items": listed}).encode()


@pytest.mark.parametrize(
    "write",
    [
        rss,
        latin1,
        lambda *items: rss(*items).decode().encode("utf-16"),
        lambda *items: b'<!DOCTYPE rss [<!ENTITY a "b">]>' + rss(*items).partition(b"?>")[2],
        rss_1_0,
        atom,
        json_feed,
    ],
    ids=["rss", "latin-1", "utf-16", "doctype", "rss-1.0", "atom", "json"],
)
def test_an_item_that_kills_its_parser_is_left_out_after_the_third_death_and_the_others_come(
    room: Room, parsers: ParserPool, write: Callable[..., bytes]
) -> None:
    bad = item(2, "Poison")
    with ScriptedServer({"/harbour": answer(200, write(item(1), bad, item(3)))}) as server, Mortal(1) as pool:
        room.declare(source("harbour", server.url("/harbour")))
        job = replace(room.services.ingest, intake=replace(room.services.intake, parser=lambda: pool))

        def polled(day: int, *items: dict[str, str]) -> SourceOutcome:
            server.answers["/harbour"] = answer(200, write(*items))
            (outcome,) = job.run(NOW + day * timedelta(hours=27)).sources
            return outcome

        def problems() -> list[tuple[str, bool]]:
            with room.store.read() as connection:
                return [(one.kind, one.resting) for one in quarantine.failures(connection)]

        assert polled(0, item(1), bad, item(3)).error
        assert polled(1, item(1), bad, item(3)).error
        assert problems() == [("document", False)]
        third = polled(2, item(1), bad, item(3))
        assert (third.new, third.error) == (2, "")
        assert "1 of its items" in third.warning
        assert problems() == [("entry", True)]
        fourth = polled(3, item(0), item(1), bad, item(3))
        assert (fourth.new, fourth.error) == (1, "")
        assert problems() == [("entry", True)]
        # Nothing is new, but what rested is gone.
        assert polled(4, item(0), item(1), item(3)).unchanged
        assert problems() == []


def test_an_item_that_kills_its_parser_rests_in_each_source_that_lists_it(room: Room) -> None:
    """Feeds of one publisher hold the same items."""
    names = ("harbour", "pier")
    with ScriptedServer({}) as server, Mortal(1) as pool:
        room.declare("".join(source(name, server.url(f"/{name}")) for name in names))
        job = replace(room.services.ingest, intake=replace(room.services.intake, parser=lambda: pool))
        for day in range(6):
            for name in names:
                server.answers[f"/{name}"] = answer(200, rss(item(3 + day), item(2, "Poison")))
            outcomes = job.run(NOW + day * DAY).sources
        assert {one.name: (one.new, one.error) for one in outcomes} == dict.fromkeys(names, (1, ""))
        with room.store.read() as connection:
            resting = [one for one in quarantine.failures(connection) if one.kind == "entry" and one.resting]
        assert len({one.source_id for one in resting}) == len(resting) == 2
        # It is gone from one of them; the other still lists it.
        server.answers["/pier"] = answer(200, rss(item(9, "Antidote")))
        job.run(NOW + timedelta(days=7))
        with room.store.read() as connection:
            (left,) = quarantine.failures(connection)
        assert left in resting


MANY = tuple(f"paper{number:02}" for number in range(40))


@pytest.fixture
def papers(rooms: Room, serve) -> Room:
    """More sources than are taken one at a time."""
    server = serve({f"/{name}": feed(item(1, name), item(2, f"Second of {name}")) for name in MANY})
    rooms.declare("".join(source(name, server.url(f"/{name}")) for name in MANY))
    return rooms


def test_many_answers_at_once_are_all_stored(papers: Room) -> None:
    outcomes = papers.ingest()
    assert {name: (one.new, one.error) for name, one in outcomes.items()} == dict.fromkeys(MANY, (2, ""))
    assert set(papers.articles()) == {*MANY, *(f"Second of {name}" for name in MANY)}
    assert all(state_of(papers, name).last_success == NOW for name in MANY)


def test_a_document_that_kills_its_parser_costs_none_that_came_with_it(papers: Room) -> None:
    class Mortal(ParserPool):
        def parse_each(self, requests: Sequence[Mapping[str, Any]]) -> list[ParsedSource | ParseError]:
            if any(MANY[30].encode() in request["body"] for request in requests):
                raise ParserDied("the parser was ended by SIGSEGV")
            return super().parse_each(requests)

    with Mortal(2) as pool:
        job = replace(papers.services.ingest, intake=replace(papers.services.intake, parser=lambda: pool))
        outcomes = {one.name: one for one in job.run(NOW).sources}
    assert {name for name, one in outcomes.items() if one.new == 2} == {*MANY} - {MANY[30]}
    assert "SIGSEGV" in outcomes[MANY[30]].error


def test_a_document_that_kills_its_parser_keeps_none_waiting_that_came_with_it(papers: Room) -> None:
    """Alone it may take a parser 20 seconds, and a minute more item by item."""
    together: set[str] = set()

    class Mortal(ParserPool):
        def parse_each(self, requests: Sequence[Mapping[str, Any]]) -> list[ParsedSource | ParseError]:
            names = {request["url"].rpartition("/")[2] for request in requests}
            if MANY[30] not in names:
                return super().parse_each(requests)
            if len(names) > 1:
                together.update(names - {MANY[30]})
            else:
                assert {name for name in together if state_of(papers, name).last_success} == together
            raise ParserDied("the parser took longer than 20 seconds and was stopped")

    answers: dict[str, Answer] = {
        f"/{name}": feed(item(1, name), item(2, f"Second of {name}")) for name in MANY
    }
    answers[f"/{MANY[30]}"] = feed(item(1, "x" * 5_000))
    with ScriptedServer(answers) as server, Mortal(2) as pool:
        papers.declare("".join(source(name, server.url(f"/{name}")) for name in MANY))
        job = replace(papers.services.ingest, intake=replace(papers.services.intake, parser=lambda: pool))
        outcomes = {one.name: one for one in job.run(NOW).sources}
    assert "took longer than 20 seconds" in outcomes[MANY[30]].error
    assert together


class Closing(ParserPool):
    """The program ends while something is read."""

    def parse_each(self, requests: Sequence[Mapping[str, Any]]) -> list[ParsedSource | ParseError]:
        self.close()
        return super().parse_each(requests)


@pytest.mark.parametrize("names", [MANY, MANY[:1]])
def test_who_is_read_while_the_program_ends_has_not_failed_and_is_read_again_at_once(
    rooms: Room, serve, names: Sequence[str]
) -> None:
    serve({f"/{name}": feed(item(1, name)) for name in names})
    job = rooms.services.ingest
    stopped = replace(job, intake=replace(job.intake, parser=lambda: Closing(2))).run(NOW)
    assert not stopped.failed
    assert {state_of(rooms, name) for name in names} == {SourceState()}
    assert {one.new for one in rooms.ingest(NOW).values()} == {1}


def test_a_folder_that_is_read_while_the_program_ends_has_not_failed(rooms: Room, tmp_path: Path) -> None:
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "one.md").write_text("# One")
    rooms.declare(source("notes", str(tmp_path / "notes"), kind='"folder"'))
    job = rooms.services.ingest
    replace(job, intake=replace(job.intake, parser=lambda: Closing(2))).run(NOW)
    assert state_of(rooms, "notes") == SourceState()
    assert rooms.ingest(NOW)["notes"].new == 1


def test_what_a_store_cannot_hold_costs_none_that_came_with_it(rooms: Room, serve) -> None:
    class WithNul(ParserPool):
        """Lets through what cleaning takes out, and PostgreSQL refuses."""

        def parse(self, body: bytes, **options: Any) -> ParsedSource:
            return self._spoilt(super().parse(body, **options))

        def parse_each(self, requests: Sequence[Mapping[str, Any]]) -> list[ParsedSource | ParseError]:
            return [
                one if isinstance(one, ParseError) else self._spoilt(one)
                for one in super().parse_each(requests)
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
        job = replace(rooms.services.ingest, intake=replace(rooms.services.intake, parser=lambda: pool))
        outcomes = {one.name: one for one in job.run(NOW).sources}
    assert (outcomes["harbour"].new, outcomes["dales"].new) == (1, 1)
    with rooms.store.read() as connection:
        refused = connection.dialect.name == "postgresql"
    assert ("could not be stored" in outcomes["hills"].error) == refused


def test_a_source_that_somebody_else_has_by_now_costs_none_that_came_with_it(papers: Room) -> None:
    class Slow(ParserPool):
        """So slow that somebody else takes a source over while it is read."""

        def parse_each(self, requests: Sequence[Mapping[str, Any]]) -> list[ParsedSource | ParseError]:
            with papers.store.write() as connection:
                connection.execute(
                    text("UPDATE sources SET lease_owner = 'other' WHERE name = :name"), {"name": MANY[30]}
                )
            return super().parse_each(requests)

    with Slow(2) as pool:
        job = replace(papers.services.ingest, intake=replace(papers.services.intake, parser=lambda: pool))
        outcomes = {one.name: one for one in job.run(NOW).sources}
    assert {name for name, one in outcomes.items() if one.new == 2} == {*MANY} - {MANY[30]}
    assert outcomes[MANY[30]].unchanged
    assert state_of(papers, MANY[30]).last_success is None


def test_a_document_that_kills_its_parser_and_has_no_items_apart_rests_longer_and_longer(
    rooms: Room, serve
) -> None:
    def inside(title: str) -> bytes:
        return rss(item(1), item(2, title)).replace(b"</item>", b"<item><title>Inner</title></item></item>")

    server = serve({"/harbour": answer(200, inside("Poison"))})
    with Mortal(1) as pool:
        job = replace(rooms.services.ingest, intake=replace(rooms.services.intake, parser=lambda: pool))
        now, pauses = NOW, []
        for _ in range(4):
            (outcome,) = job.run(now).sources
            assert "took longer than 20 seconds" in outcome.error
            due = state_of(rooms, "harbour").next_check
            assert due
            pauses.append(due - now)
            now = due
        assert all(later > 1.9 * sooner for sooner, later in pairwise(pauses))
        with rooms.store.read() as connection:
            (problem,) = quarantine.failures(connection)
        assert (problem.kind, problem.subject, problem.attempts) == ("document", "harbour", 4)
        assert "took longer than 20 seconds" in problem.reason
        server.answers["/harbour"] = answer(200, inside("Antidote"))
        assert job.run(now).sources[0].error == ""
        with rooms.store.read() as connection:
            assert quarantine.failures(connection) == ()


def test_a_file_that_kills_its_parser_costs_itself_alone(room: Room, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    for name, title in (("a", "First"), ("b", "Poison"), ("c", "Last")):
        text = f"---\ntitle: {title}\ndate: 2026-11-23 09:00\n---\nText.\n"
        (tmp_path / "desk" / f"{name}.md").write_text(text)
    room.declare(source("desk", "desk"))
    with Mortal(1) as pool:
        job = replace(room.services.ingest, intake=replace(room.services.intake, parser=lambda: pool))
        (outcome,) = job.run(NOW).sources
    assert (outcome.new, outcome.error) == (2, "")
    assert set(room.articles()) == {"First", "Last"}
    with room.store.read() as connection:
        (failure,) = quarantine.failures(connection)
    assert (failure.kind, failure.attempts) == ("entry", 1)
    assert failure.reason == "b.md: the parser took longer than 20 seconds and was stopped"


def test_FF20_a_source_that_turns_bad_keeps_its_articles_and_its_validators(rooms: Room, serve) -> None:
    serve({"/harbour": [feed(item(1), ETag='"1"'), answer(503, b"", Retry_After="7200"), answer(304)]})
    rooms.ingest()
    assert rooms.ingest(LATER)["harbour"].error
    after = state_of(rooms, "harbour")
    assert (after.etag, after.failures, after.last_success) == ('"1"', 1, NOW)
    assert after.next_check is not None
    assert after.next_check >= LATER + 2 * HOUR
    assert rooms.ingest(LATER + 3 * HOUR)["harbour"].error == ""
    assert state_of(rooms, "harbour").failures == 0
    assert set(rooms.articles()) == {"Title 1"}


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


def test_P12_text_that_one_engine_cannot_hold_is_cleaned_before_it_gets_there(rooms: Room, serve) -> None:
    document = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "N\x00ul",
        "items": [
            {
                "id": "a\x00b",
                "url": "https://harbour.example/nul\x00",
                "title": "Nul \x00 and \ud800 half",
                "content_text": "Text with \x00 and \udfff.",
                "tags": ["t\x00ag"],
                "authors": [{"name": "A\x00nn"}],
            }
        ],
    }
    body = json.dumps(document).encode()
    serve({"/harbour": answer(200, body, Content_Type="application/feed+json")})
    outcome = rooms.ingest()["harbour"]
    assert (outcome.error, outcome.new) == ("", 1)
    (article,) = rooms.articles().values()
    assert "\x00" not in "".join(
        (article.title, article.entry_key, article.url, *article.tags, *article.authors)
    )


def test_an_item_with_nothing_in_it_is_refused_three_times_and_then_rests(rooms: Room, serve) -> None:
    empty = {"guid": "nothing"}
    answers = [feed(empty, item(number)) for number in range(1, 6)]
    serve({"/harbour": [*answers]})
    for day in range(5):
        assert rooms.ingest(NOW + day * DAY)["harbour"].new == 1
    with rooms.store.read() as connection:
        (failure,) = quarantine.failures(connection, kind="entry")
    assert (failure.attempts, failure.resting) == (3, True)
    assert "no title, no text" in failure.reason


def test_a_pruned_article_does_not_come_back(rooms: Room, serve) -> None:
    serve({"/harbour": [feed(item(1), item(2)), feed(item(1, "Title 1, edited"), item(2), item(3))]})
    rooms.ingest()
    with rooms.store.write() as connection:
        before = NOW - timedelta(minutes=90)
        assert old_rows.prune_articles(connection, before=before, now=NOW, limit=9) == []
        assert len(old_rows.prune_articles(connection, before=NOW + HOUR, now=NOW, limit=9)) == 2
    assert rooms.ingest(NOW + DAY)["harbour"].new == 1
    assert set(rooms.articles()) == {"Title 3"}


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


def test_new_and_changed_articles_mark_their_pages(rooms: Room, serve) -> None:
    serve({"/harbour": [feed(item(1), item(2)), feed(item(1, "Edited"), item(2))]})
    rooms.ingest()
    with rooms.store.read() as connection:
        assert stale.count_stale(connection) == 2


def test_a_folder_of_files_is_a_source_too(rooms: Room) -> None:
    folder = rooms.folder / "desk"
    folder.mkdir()
    (folder / "pier.md").write_text("# The pier reopens\n\nAfter two years of work.\n", "utf-8")
    rooms.declare(source("desk", "desk", own="true") + source("nowhere", "missing"))
    outcomes = rooms.ingest()
    assert (outcomes["desk"].new, bool(outcomes["nowhere"].error)) == (1, True)
    assert state_of(rooms, "desk").check_reason == "folders are read every minute"
    assert set(rooms.articles()) == {"The pier reopens"}
    (folder / "boat.md").write_text("# A boat arrives\n\nIt is blue.\n", "utf-8")
    soon = rooms.ingest(NOW + timedelta(minutes=2))["desk"]
    assert (soon.new, soon.changed) == (1, 0)
    assert rooms.ingest(NOW + timedelta(minutes=4))["desk"].unchanged


def test_a_run_that_is_stopped_gives_back_what_it_did_not_read(rooms: Room, serve) -> None:
    serve({f"/{number}": feed(item(number)) for number in range(12)})
    stop: list[bool] = []
    ingest, intake = rooms.services.ingest, rooms.services.intake
    job = replace(ingest, intake=replace(intake, owner="first"))
    result = job.run(NOW, report=lambda _one, _all: stop.append(True), stopping=lambda: bool(stop))
    again = replace(ingest, intake=replace(intake, owner="second")).run(NOW + timedelta(seconds=1))
    assert len(result.sources) + len(again.sources) == 12
    assert len({one.name for one in (*result.sources, *again.sources)}) == 12


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
    monkeypatch.setattr(claims, "CLAIM", 2)
    server, script = until_all_are_asked(10)
    server.answers = {"/hangs": script, **{f"/{number}": feed(item(number)) for number in range(9)}}
    with server:
        room.declare("".join(source(path.strip("/"), server.url(path)) for path in server.answers))
        assert {one.error for one in room.ingest().values()} == {""}
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
        result = room.services.ingest.run(NOW, meanwhile=True)
        room.close()
    assert {one.name: one.error for one in result.sources} == {"hangs": "", "soon": ""}


def test_a_pause_that_ends_while_a_server_hangs_ends_for_the_run(room: Room, monkeypatch) -> None:
    """Else what waits for its end would be due, and not be asked, again and again."""
    monkeypatch.setattr(claims, "STEP", 1)

    async def hangs(reader, writer) -> None:
        while not any(one.path == "/b" for one in other.asked):
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
        result = room.services.ingest.run(NOW, meanwhile=True)
        room.close()
    assert [(one.new, bool(one.warning)) for one in result.sources if one.name == "b"] == [
        (0, True),
        (1, False),
    ]


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_a_database_server_that_goes_away_keeps_no_source_longer_than_itself(
    papers: Room, postgres_server: str, store_url: str, monkeypatch
) -> None:
    """What is claimed by then is free for the next run, and what was not stored is read again."""
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
    assert {one.error for one in outcomes.values()} == {""}
    assert len(outcomes) == len(papers.services.sources)
    assert len(papers.articles()) == 2 * len(outcomes)

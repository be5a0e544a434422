"""Documents and items that crash the parser, or that it refuses: isolation and quarantine."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from syndicate.errors import ParseError, ParserDied
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.jobs.ingest.entry_plan import SourceOutcome
from syndicate.model import ParsedSource
from syndicate.store.core import quarantine
from tests.factories import NOW
from tests.jobs.ingest.served_feeds import DAY, MANY, feed, state_of
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer


class Mortal(ParserPool):
    """Dies whenever it reads an item called Poison."""

    def parse(self, request: ParseRequest) -> ParsedSource:
        parsed = super().parse(request)
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
        f'<r:item rdf:about="{each["link"]}"><r:title>{each["title"]}</r:title>'
        f"<r:link>{each['link']}</r:link><r:description>a</r:description></r:item>"
        for each in items
    )
    channel = "<r:channel rdf:about='https://harbour.example/'><r:title>Harbour</r:title></r:channel>"
    return f"<rdf:RDF {names}>{channel}{written}</rdf:RDF>".encode()


def atom(*items: dict[str, str]) -> bytes:
    """Each entry declares the prefix of its own elements."""
    written = "".join(
        f'<a:entry xmlns:a="http://www.w3.org/2005/Atom"><a:id>{each["guid"]}</a:id>'
        f"<a:title>{each['title']}</a:title><a:link href='{each['link']}'/><a:summary>a</a:summary></a:entry>"
        for each in items
    )
    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Harbour</title>{written}</feed>".encode()


def json_feed(*items: dict[str, str]) -> bytes:
    listed = [
        {"id": each["guid"], "url": each["link"], "title": each["title"], "content_text": "a"}
        for each in items
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
@pytest.mark.sampled(2)
def test_an_item_that_kills_its_parser_is_left_out_after_the_third_death_and_the_others_come(
    room: Room, parsers: ParserPool, write: Callable[..., bytes]
) -> None:
    bad = item(2, "Poison")
    with ScriptedServer({"/harbour": answer(200, write(item(1), bad, item(3)))}) as server, Mortal(1) as pool:
        room.declare(source("harbour", server.url("/harbour")))
        job = replace(room.services.ingest, importer=replace(room.services.importer, parser=lambda: pool))

        def polled(day: int, *items: dict[str, str]) -> SourceOutcome:
            server.answers["/harbour"] = answer(200, write(*items))
            (outcome,) = job.run(NOW + day * timedelta(hours=27)).sources
            return outcome

        def problems() -> list[tuple[str, bool]]:
            with room.store.read() as connection:
                return [(failure.kind, failure.is_quarantined) for failure in quarantine.failures(connection)]

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
        # Nothing is new, but the quarantined item is gone.
        assert polled(4, item(0), item(1), item(3)).unchanged
        assert problems() == []


@pytest.mark.all
def test_an_item_that_kills_its_parser_rests_in_each_source_that_lists_it(room: Room) -> None:
    """Feeds of a publisher share items."""
    names = ("harbour", "pier")
    with ScriptedServer({}) as server, Mortal(1) as pool:
        room.declare("".join(source(name, server.url(f"/{name}")) for name in names))
        job = replace(room.services.ingest, importer=replace(room.services.importer, parser=lambda: pool))
        for day in range(6):
            for name in names:
                server.answers[f"/{name}"] = answer(200, rss(item(3 + day), item(2, "Poison")))
            outcomes = job.run(NOW + day * DAY).sources
        assert {outcome.name: (outcome.new, outcome.error) for outcome in outcomes} == dict.fromkeys(
            names, (1, "")
        )
        with room.store.read() as connection:
            is_quarantined = [
                failure
                for failure in quarantine.failures(connection)
                if failure.kind == "entry" and failure.is_quarantined
            ]
        assert len({failure.source_id for failure in is_quarantined}) == len(is_quarantined) == 2
        # A single feed still lists the item.
        server.answers["/pier"] = answer(200, rss(item(9, "Antidote")))
        job.run(NOW + timedelta(days=7))
        with room.store.read() as connection:
            (left,) = quarantine.failures(connection)
        assert left in is_quarantined


@pytest.mark.all
def test_a_document_that_kills_its_parser_costs_none_that_came_with_it(papers: Room) -> None:
    class Mortal(ParserPool):
        def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
            if any(MANY[30].encode() in request.body for request in requests):
                raise ParserDied("the parser was ended by SIGSEGV")
            return super().parse_each(requests)

    with Mortal(2) as pool:
        job = replace(papers.services.ingest, importer=replace(papers.services.importer, parser=lambda: pool))
        outcomes = {outcome.name: outcome for outcome in job.run(NOW).sources}
    assert {name for name, outcome in outcomes.items() if outcome.new == 2} == {*MANY} - {MANY[30]}
    assert "SIGSEGV" in outcomes[MANY[30]].error


@pytest.mark.all
def test_a_document_that_kills_its_parser_keeps_none_waiting_that_came_with_it(papers: Room) -> None:
    """Alone it may take a parser 20 seconds, and a minute more item by item."""
    together: set[str] = set()

    class Mortal(ParserPool):
        def parse_each(self, requests: Sequence[ParseRequest]) -> list[ParsedSource | ParseError]:
            names = {request.url.rpartition("/")[2] for request in requests}
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
        job = replace(papers.services.ingest, importer=replace(papers.services.importer, parser=lambda: pool))
        outcomes = {outcome.name: outcome for outcome in job.run(NOW).sources}
    assert "took longer than 20 seconds" in outcomes[MANY[30]].error
    assert together


@pytest.mark.all
def test_a_document_that_kills_its_parser_and_has_no_items_apart_rests_longer_and_longer(
    rooms: Room, serve
) -> None:
    def inside(title: str) -> bytes:
        return rss(item(1), item(2, title)).replace(b"</item>", b"<item><title>Inner</title></item></item>")

    server = serve({"/harbour": answer(200, inside("Poison"))})
    with Mortal(1) as pool:
        job = replace(rooms.services.ingest, importer=replace(rooms.services.importer, parser=lambda: pool))
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


@pytest.mark.all
def test_a_file_that_kills_its_parser_costs_itself_alone(room: Room, tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    for name, title in (("a", "First"), ("b", "Poison"), ("c", "Last")):
        text = f"---\ntitle: {title}\ndate: 2026-11-23 09:00\n---\nText.\n"
        (tmp_path / "desk" / f"{name}.md").write_text(text)
    room.declare(source("desk", "desk"))
    with Mortal(1) as pool:
        job = replace(room.services.ingest, importer=replace(room.services.importer, parser=lambda: pool))
        (outcome,) = job.run(NOW).sources
    assert (outcome.new, outcome.error) == (2, "")
    assert set(room.articles()) == {"First", "Last"}
    with room.store.read() as connection:
        (failure,) = quarantine.failures(connection)
    assert (failure.kind, failure.attempts) == ("entry", 1)
    assert failure.reason == "b.md: the parser took longer than 20 seconds and was stopped"


def test_an_item_with_nothing_in_it_is_refused_three_times_and_then_rests(rooms: Room, serve) -> None:
    empty = {"guid": "nothing"}
    answers = [feed(empty, item(number)) for number in range(1, 6)]
    serve({"/harbour": [*answers]})
    for day in range(5):
        assert rooms.ingest(NOW + day * DAY)["harbour"].new == 1
    with rooms.store.read() as connection:
        (failure,) = quarantine.failures(connection, kind="entry")
    assert (failure.attempts, failure.is_quarantined) == (3, True)
    assert "no title, no text" in failure.reason

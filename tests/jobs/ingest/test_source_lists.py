"""Source lists: OPML that becomes sources, once or on a schedule, and never loses one."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syndicate.jobs.ingest.source_list_job import (
    ListOutcome,
    export_outlines,
    free_name,
    import_outlines,
    name_in_title,
)
from syndicate.model import Absence, FullText, Origin, Paywall, Republish, Selectors, Source, SourceKind
from syndicate.opml import Outline, OutlineList, read_opml, write_opml
from syndicate.services import Services
from syndicate.store.ingest import added_sources, list_store, source_store
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import ScriptedServer, answer, hang

DAY = timedelta(days=1)


def opml(*feeds: tuple[str, str], section: str = "") -> bytes:
    return write_opml("List", [Outline(title=title, feed_url=url, section=section) for title, url in feeds])


A, B, C = (("A", "https://a.example/feed"), ("B", "https://b.example/feed"), ("C", "https://c.example/feed"))


def declare_list(room: Room, url: str, **more: str) -> None:
    lines = [f'url = "{url}"', *(f"{key} = {value}" for key, value in more.items())]
    room.declare("[[source_lists]]\n" + "\n".join(lines) + "\n")
    sync(room.services)


def sync(services: Services) -> None:
    with services.store.write() as connection:
        list_store.sync_lists(connection, [one.url for one in services.source_lists])


def sources(room: Room) -> dict[str, Source]:
    with room.store.read() as connection:
        return {one.name: one for one in source_store.list_sources(connection)}


def read(room: Room, now: datetime = NOW) -> ListOutcome:
    (outcome,) = room.services.lists.run(now)
    return outcome


def test_a_list_adds_pauses_and_brings_back_its_sources(rooms: Room):
    with ScriptedServer({}) as server:
        declare_list(rooms, server.url("/l"), section='"coast"')
        server.answers["/l"] = answer(200, opml(A, B, section="News/Sea"))
        assert read(rooms).result.added == ("A", "B")
        server.answers["/l"] = answer(200, opml(B, C))
        outcome = read(rooms, NOW + DAY).result
        assert (outcome.added, outcome.known, outcome.paused) == (("C",), ("B",), ("A",))
        gone = sources(rooms)["A"]
        server.answers["/l"] = answer(200, opml(A, B, C))
        read(rooms, NOW + 2 * DAY)
    assert (gone.paused, gone.absent) == (True, Absence.UNLISTED)
    back = sources(rooms)["A"]
    assert (back.paused, back.absent, back.origin) == (False, Absence.NONE, Origin.STORE)
    assert (gone.section, back.section) == ("coast/News/Sea", "coast")


def test_a_list_is_read_when_it_is_due_and_asked_with_its_validators(room: Room):
    with ScriptedServer({"/l": [answer(200, opml(A), ETag='"1"'), answer(304)]}) as server:
        declare_list(room, server.url("/l"), every='"6h"')
        assert read(room).result.added == ("A",)
        assert room.services.lists.run(NOW + timedelta(hours=5)) == []
        assert read(room, NOW + timedelta(hours=6)).unchanged
        assert [asked.field("If-None-Match") for asked in server.asked] == [None, b'"1"']
    assert not sources(room)["A"].paused


@pytest.mark.parametrize(
    "bad",
    [
        answer(200, b"<html>maintenance</html>"),
        answer(200, opml()),
        answer(200, b"<opml><body>"),
        answer(500, b"x"),
        answer(404, b"x"),
    ],
    ids=["page", "empty", "broken", "error", "gone"],
)
def test_a_list_that_cannot_be_read_changes_nothing_and_is_tried_again(room: Room, bad: bytes):
    with ScriptedServer({"/l": [answer(200, opml(A)), bad, answer(200, opml(A, B))]}) as server:
        declare_list(room, server.url("/l"))
        read(room)
        assert read(room, NOW + DAY).error
        assert not sources(room)["A"].paused
        assert room.services.lists.run(NOW + DAY + timedelta(minutes=59)) == []
        assert read(room, NOW + DAY + timedelta(hours=1)).result.added == ("B",)


def test_a_list_may_be_a_file_of_ours(room: Room, tmp_path: Path):
    (tmp_path / "list.opml").write_bytes(opml(A))
    declare_list(room, "list.opml")
    assert read(room).result.added == ("A",)
    (tmp_path / "list.opml").unlink()
    assert "No such file" in read(room, NOW + DAY).error


def test_what_people_did_with_a_listed_source_stays(room: Room):
    with ScriptedServer({"/l": answer(200, opml(A, B))}) as server:
        declare_list(room, server.url("/l"))
        read(room)
        with room.store.write() as connection:
            assert added_sources.pause_source(connection, "A")
            assert added_sources.remove_source(connection, "B")
        server.answers["/l"] = answer(200, opml(A, B, C))
        read(room, NOW + DAY)
    found = sources(room)
    assert (found["A"].paused, found["A"].absent) == (True, Absence.NONE)
    assert (found["B"].paused, found["B"].absent) == (True, Absence.REMOVED)


def test_a_feed_that_moves_inside_its_list_keeps_its_name_and_articles(room: Room):
    with ScriptedServer({"/l": answer(200, opml(A, B))}) as server:
        declare_list(room, server.url("/l"))
        read(room)
        before = sources(room)["A"].id
        server.answers["/l"] = answer(200, opml(("A", "https://new.example/feed"), B))
        outcome = read(room, NOW + DAY).result
    after = sources(room)["A"]
    assert (after.id, after.url, after.paused) == (before, "https://new.example/feed", False)
    assert (outcome.added, outcome.paused) == (("A",), ())


def test_a_declared_source_on_a_list_stays_the_files(room: Room):
    with ScriptedServer({"/l": [answer(200, opml(A, B)), answer(200, opml(B))]}) as server:
        room.declare(source("Mine", A[1]) + f'[[source_lists]]\nurl = "{server.url("/l")}"\n')
        assert read(room).result.known == ("Mine",)
        read(room, NOW + DAY)
    assert (sources(room)["Mine"].paused, sources(room)["Mine"].origin) == (False, Origin.CONFIG)


def test_a_list_that_is_no_longer_declared_pauses_its_sources_and_brings_them_back(room: Room):
    with ScriptedServer({"/l": answer(200, opml(A), ETag='"1"')}) as server:
        declare_list(room, server.url("/l"))
        read(room)
        room.declare("")
        sync(room.services)
        assert sources(room)["A"].absent is Absence.UNLISTED
        declare_list(room, server.url("/l"))
        read(room)
        assert [asked.field("If-None-Match") for asked in server.asked] == [None, None]
    assert sources(room)["A"].absent is Absence.NONE


def test_two_processes_do_not_read_a_list_twice(room: Room):
    with ScriptedServer({"/l": answer(200, opml(A))}) as server:
        declare_list(room, server.url("/l"))
        read(room)
        assert room.services.lists.run(NOW) == []
        assert len(server.asked) == 1


def test_the_address_of_a_private_list_is_told_to_nobody(room: Room):
    with ScriptedServer({}) as server:
        declare_list(room, server.url("/s3cr3tpath"), private="true")
        outcome = read(room)
    with room.store.read() as connection:
        state = list_store.list_states(connection)[server.url("/s3cr3tpath")]
    assert "404" in outcome.error
    assert "s3cr3tpath" not in repr(outcome) + state.error


def test_sources_of_a_list_are_read_by_the_next_ingest(room: Room):
    with ScriptedServer({"/f": answer(200, rss(item(1)))}) as server:
        server.answers["/l"] = answer(200, opml(("A", server.url("/f"))))
        declare_list(room, server.url("/l"))
        read(room)
        assert room.ingest()["A"].new == 1


def test_O8_import_and_export_lose_nothing(room: Room):
    body = (
        '<outline text="World"><outline text="Asia"><outline type="atom" text="A" title="A" description="d"'
        ' xmlUrl="https://a.example/f" htmlUrl="https://a.example/" language="en" created="x"/>'
        "</outline></outline>"
    )
    given = read_opml(f"<opml><head/><body>{body}</body></opml>".encode())
    with room.store.write() as connection:
        import_outlines(connection, given, NOW)
    with room.store.read() as connection:
        exported = export_outlines(source_store.list_sources(connection))
    assert read_opml(write_opml("x", exported)).outlines == given.outlines


EVERYTHING = Source(
    id=0,
    name="Everything",
    url="https://a.example/list",
    kind=SourceKind.PAGE,
    section="World/Asia",
    language="en",
    own=True,
    weight=2.5,
    republish=Republish.FULL,
    paywall=Paywall.IGNORE,
    interval=1800.0,
    full_text=FullText.NEVER,
    select=Selectors(
        item="ul > li[data-x='1']", link="a", title="h2", date="time", summary="p", author=".by", image="img"
    ),
    origin=Origin.STORE,
    paused=True,
    home_url="https://a.example/",
    outline=(("description", "d"), ("created", "x")),
)
KEPT_AT_HOME = {"id", "private", "access", "listed_in", "absent", "title", "feed_id"}
"""What a list does not say: rows of ours, secrets, and what the source says itself."""


def test_O8_every_field_of_a_source_survives_export_and_import(room: Room):
    plain = Source(id=0, name="", url="")
    names = {field.name for field in fields(Source)} - KEPT_AT_HOME
    assert all(getattr(EVERYTHING, name) != getattr(plain, name) for name in names)
    document = write_opml("x", export_outlines([EVERYTHING]))
    with room.store.write() as connection:
        import_outlines(connection, read_opml(document), NOW)
    with room.store.read() as connection:
        (back,) = source_store.list_sources(connection)
    assert {name: getattr(back, name) for name in names} == {
        name: getattr(EVERYTHING, name) for name in names
    }
    assert write_opml("x", export_outlines([back])) == document


def test_O8_a_list_that_is_read_again_says_how_a_source_is_read_and_not_what_it_counts(room: Room):
    document = write_opml("x", export_outlines([EVERYTHING]))
    with room.store.write() as connection:
        import_outlines(connection, read_opml(document), NOW, listed_in="https://lists.example/a.opml")
    with room.store.read() as connection:
        (back,) = source_store.list_sources(connection)
    assert (back.kind, back.select) == (EVERYTHING.kind, EVERYTHING.select)
    assert (back.own, back.weight, back.paused) == (False, 1.0, False)
    assert (back.republish, back.full_text) == (Republish.SUMMARY, FullText.AUTO)


@pytest.mark.parametrize(
    "attributes",
    [
        'syndicateKind="folder"',
        'syndicateKind="Kind" syndicateSelectItem="li"',
        'syndicateWeight="nan"',
        'syndicateWeight="1e9"',
        'syndicateWeight="-1" syndicateRepublish="all" syndicateFullText=""',
        'syndicateOwn="yes" syndicatePaused="1" syndicateMore="x"',
    ],
)
def test_P15_attributes_of_ours_that_make_no_sense_are_passed_over(room: Room, attributes: str):
    body = f'<outline text="A" xmlUrl="https://a.example/f" {attributes}/>'
    with room.store.write() as connection:
        import_outlines(connection, read_opml(f"<opml><body>{body}</body></opml>".encode()), NOW)
    with room.store.read() as connection:
        (back,) = source_store.list_sources(connection)
    assert replace(back, id=0) == Source(id=0, name="A", url="https://a.example/f", origin=Origin.STORE)


def test_a_selector_that_is_none_leaves_a_page_of_one_article(room: Room):
    body = '<outline text="A" xmlUrl="https://a.example/f" syndicateKind="page" syndicateSelectItem="li["/>'
    with room.store.write() as connection:
        import_outlines(connection, read_opml(f"<opml><body>{body}</body></opml>".encode()), NOW)
    with room.store.read() as connection:
        (back,) = source_store.list_sources(connection)
    assert (back.kind, back.select) == (SourceKind.PAGE, None)


def test_exports_leave_out_private_and_removed_sources_and_folders(room: Room):
    room.declare(
        source("Open", "https://a.example/f")
        + source("Key", "https://b.example/f?token=s3cr3t")
        + source("Said", "https://c.example/s3cr3t", private="true")
        + source("Desk", "desk")
    )
    with room.store.read() as connection:
        exported = export_outlines(source_store.list_sources(connection))
    assert [one.title for one in exported] == ["Open"]


def test_importing_the_same_file_twice_adds_nothing(room: Room):
    for expected in (("A", "B"), ()):
        with room.store.write() as connection:
            assert import_outlines(connection, read_opml(opml(A, B)), NOW).added == expected


def test_two_feeds_of_one_title_get_two_names():
    same = OutlineList(outlines=())
    assert same.outlines == ()
    addresses = ("https://www.a.example/", "https://feeds.example/a")
    assert free_name("News", addresses, set()) == "News"
    assert free_name("News", addresses, {"News"}) == "News (a.example)"
    assert free_name("News", addresses, {"News", "News (a.example)"}) == "News (a.example) 2"
    assert len(free_name("x" * 300, addresses, {"x" * 100})) <= 100
    assert free_name("", ("/", addresses[1]), set()) == "feeds.example"


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("NDTV News Search Records Found 1000", "a.example"),
        ("RSS", "a.example"),
        ("RSS Feed", "a.example"),
        ("Untitled", "a.example"),
        ("World", "a.example"),
        ("https://a.example/feed.xml", "a.example"),
        ("A site by jo@a.example", "a.example"),
        ("Rest of World -", "Rest of World"),
        ("kottke.org", "kottke.org"),
        ("Home Cooking", "Home Cooking"),
        ("Feed the Birds", "Feed the Birds"),
        ("NYT > World News", "NYT > World News"),
        ("TechTinkering - Retro Computers, Programming, General Technical Tinkering", "TechTinkering"),
        ("A diary of everything that came to my mind while I waited for the bus", "a.example"),
    ],
)
def test_a_source_is_called_by_the_title_of_its_feed_if_that_is_a_name(title: str, name: str):
    assert free_name(name_in_title(title), ("https://www.a.example/",), set()) == name


def test_a_list_of_sources_keeps_the_long_names_it_has(room: Room):
    title = "A diary of everything that came to my mind while I waited for the bus"
    with room.store.write() as connection:
        body = f'<outline text="{title}" xmlUrl="https://a.example/f"/>'
        found = read_opml(f"<opml><body>{body}</body></opml>".encode())
        assert import_outlines(connection, found, NOW).added == (title,)


def test_a_stop_does_not_wait_for_a_list_that_hangs_and_holds_nothing_against_it(room: Room):
    with ScriptedServer({"/l": hang}) as server:
        declare_list(room, server.url("/l"))
        assert room.services.lists.run(NOW, should_stop=lambda: bool(server.asked)) == []
        server.answers["/l"] = answer(200, opml(A))
        outcome = read(room)
    assert (outcome.result.added, outcome.error) == (("A",), "")

"""Source lists: OPML that becomes sources, once or on a schedule, and never loses one."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from syndicate.jobs.source_lists import ListOutcome, export_outlines, free_name, import_outlines
from syndicate.model import Absence, Origin, Source
from syndicate.opml import Outline, OutlineList, read_opml, write_opml
from syndicate.services import Services
from syndicate.store import added_sources
from syndicate.store import source_lists as list_store
from syndicate.store import sources as source_store
from tests.factories import NOW
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import ScriptedServer, answer

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
    assert free_name("News", "https://a.example/", set()) == "News"
    assert free_name("News", "https://a.example/", {"News"}) == "News (a.example)"
    assert free_name("News", "https://a.example/", {"News", "News (a.example)"}) == "News (a.example) 2"
    assert len(free_name("x" * 300, "https://a.example/", {"x" * 100})) <= 100
    assert free_name("", "https://a.example/", set()) == "a.example"

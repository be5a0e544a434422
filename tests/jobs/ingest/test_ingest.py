"""Polls over real HTTP, with real parser processes and a real store."""

import asyncio
import gzip
import json
from datetime import timedelta

from sqlalchemy import text

from syndicate.store.core import old_rows
from syndicate.store.ingest import source_store
from syndicate.store.output import stale
from tests.factories import NOW
from tests.jobs.ingest.served_feeds import DAY, HOUR, LATER, feed, state_of
from tests.jobs.room import Room, item, rss, source
from tests.net.scripted_server import Answer, ScriptedServer, answer


def test_new_changed_and_unchanged_items_are_told_apart(rooms: Room, serve) -> None:
    first = feed(item(1), item(2))
    edited = feed(item(1, "Corrected title"), item(2), item(3))
    renumbered = feed(item(1, "Corrected title", comments="https://harbour.example/c?n=7"), item(2), item(3))
    serve({"/harbour": [first, edited, renumbered]})
    outcomes = [rooms.ingest(NOW + n * DAY)["harbour"] for n in range(3)]
    assert [(outcome.new, outcome.changed, outcome.unchanged) for outcome in outcomes] == [
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


def test_a_guid_that_all_items_share_names_none_of_them(rooms: Room, serve) -> None:
    def shared(*numbers: int, **titles: str) -> bytes:
        return feed(*(item(n, titles.get(f"t{n}", ""), guid="article") for n in numbers))

    serve({"/harbour": [shared(1, 2, 3), shared(4), shared(4, 1, t1="Corrected"), shared(5, 5, 2)]})
    outcomes = [rooms.ingest(NOW + n * DAY, ["harbour"])["harbour"] for n in range(4)]
    assert [(outcome.new, outcome.changed) for outcome in outcomes] == [(3, 0), (1, 0), (0, 1), (1, 0)]
    assert set(rooms.articles()) == {"Corrected", "Title 2", "Title 3", "Title 4", "Title 5"}


def test_an_item_that_is_listed_under_two_addresses_is_one_article(rooms: Room, serve) -> None:
    twice = item(1), item(1, link="https://harbour.example/in-another-section/1")
    serve({"/harbour": feed(*twice, item(2))})
    assert rooms.ingest(NOW, ["harbour"])["harbour"].new == 2


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


def test_a_pruned_article_does_not_come_back(rooms: Room, serve) -> None:
    serve({"/harbour": [feed(item(1), item(2)), feed(item(1, "Title 1, edited"), item(2), item(3))]})
    rooms.ingest()
    with rooms.store.write() as connection:
        before = NOW - timedelta(minutes=90)
        assert old_rows.prune_articles(connection, before=before, now=NOW, limit=9) == []
        assert len(old_rows.prune_articles(connection, before=NOW + HOUR, now=NOW, limit=9)) == 2
    assert rooms.ingest(NOW + DAY)["harbour"].new == 1
    assert set(rooms.articles()) == {"Title 3"}


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

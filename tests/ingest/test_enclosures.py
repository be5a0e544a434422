"""Enclosures of items: audio, video and documents."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from syndicate.ingest.feed.raw_item import parse_duration
from syndicate.ingest.identity import EntryMatch, accept, match_entry
from syndicate.model import Enclosure, Entry, Image, KnownArticle, Source
from tests.ingest.reading import atom, only_entry, rss

AUDIO = '<enclosure url="https://c.example/1.mp3" type="audio/mpeg" length="31000000"/>'
NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
SOURCE = Source(id=1, name="wire", url="https://wire.example/feed")


def enclosures(*elements: str) -> tuple[Enclosure, ...]:
    return only_entry(rss("<title>a</title>" + "".join(elements))).enclosures


def mp3(**facts: Any) -> Enclosure:
    known = Enclosure(url="https://c.example/1.mp3", media_type="audio/mpeg", size=31_000_000)
    return replace(known, **facts)


def test_a_podcast_item_has_its_recording_with_size_and_duration():
    item = f"{AUDIO}<itunes:duration>34:00</itunes:duration><itunes:episode>7</itunes:episode>"

    assert enclosures(item) == (mp3(duration=2040),)


def test_files_keep_their_order_and_the_first_recording_has_the_duration():
    pdf = '<enclosure url="/notes.pdf" type="" length="0"/>'

    found = enclosures(pdf, AUDIO, AUDIO, "<itunes:duration>90</itunes:duration>")

    notes = Enclosure(url="https://news.example/notes.pdf", media_type="application/pdf")
    assert found == (notes, mp3(duration=90))


def test_atom_enclosures_are_read_with_title_and_without_a_declared_type():
    entry = only_entry(
        atom(
            '<id>1</id><title>a</title><link href="/1"/>'
            '<link rel="enclosure" href="/report.pdf" title="The report" length="12"/>'
        )
    )

    assert entry.url == "https://news.example/1"
    assert entry.enclosures == (
        Enclosure(
            url="https://news.example/report.pdf", media_type="application/pdf", size=12, title="The report"
        ),
    )


def test_json_attachments_are_read_and_pictures_among_them_are_none():
    entry = only_entry(
        b'{"version": "https://jsonfeed.org/version/1.1", "title": "t", "items": [{"id": "1", "title": "a",'
        b' "attachments": [{"url": "https://c.example/1.mp3", "mime_type": "audio/mpeg", "title": "Talk",'
        b' "size_in_bytes": 31000000, "duration_in_seconds": 2040.4},'
        b' {"url": "https://c.example/1.png", "mime_type": "image/png"}]}]}'
    )

    assert entry.enclosures == (mp3(duration=2040, title="Talk"),)


def test_media_rss_adds_one_file_of_each_kind_that_has_no_enclosure():
    other_size = '<media:content url="https://c.example/low.mp3" type="audio/mpeg"/>'
    small = '<media:content url="https://c.example/small.mp4" type="video/mp4"/>'
    best = (
        '<media:content url="https://c.example/best.mp4" type="video/mp4" isDefault="true"'
        ' fileSize="5000" duration="61"/>'
    )

    assert enclosures(AUDIO, f"<media:group>{other_size}{small}{best}</media:group>") == (
        mp3(),
        Enclosure(url="https://c.example/best.mp4", media_type="video/mp4", size=5000, duration=61),
    )


@pytest.mark.parametrize(
    "element",
    [
        '<media:content url="https://v.example/v/1" type="application/x-shockwave-flash"/>',
        '<media:content url="https://v.example/watch" medium="video"/>',
        '<enclosure url="https://c.example/page" type="text/html" length="1"/>',
        '<enclosure url="javascript:steal()" type="audio/mpeg" length="1"/>',
        '<enclosure url="https://c.example/p.jpg" type="image/jpg" length="1"/>',
        '<enclosure url="" type="audio/mpeg" length="1"/>',
    ],
)
def test_pages_pictures_and_flash_films_are_no_files(element):
    assert enclosures(element) == ()


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        *(("2040", 2040), ("34:00", 2040), (" 1:02:03 ", 3723), ("90.5", 90), ("0:00", None), ("", None)),
        *(("soon", None), ("1:2:3:4", None), ("-5", None), ("9" * 50, None)),
    ],
)
def test_durations(written, seconds):
    assert parse_duration(written) == seconds


def known(entry: Entry) -> KnownArticle:
    article = accept(entry, SOURCE, NOW)
    names = set(KnownArticle.__dataclass_fields__) - {"id"}
    return KnownArticle(id=7, **{name: getattr(article, name) for name in names})


def test_a_file_that_comes_later_is_a_change_and_its_size_alone_is_none():
    plain = Entry(guid="1", url="https://wire.example/1", title="a", published=NOW, item_hash="d1")
    heard = replace(plain, enclosures=(mp3(),), item_hash="d2")
    grown = replace(heard, enclosures=(mp3(size=32_000_000),), item_hash="d3")

    assert match_entry(heard, SOURCE, [known(plain)], NOW).kind is EntryMatch.CHANGED
    assert match_entry(grown, SOURCE, [known(heard)], NOW).kind is EntryMatch.SAME


def test_the_hash_of_an_article_without_files_is_that_of_stores_before_files():
    picture = Image(url="https://wire.example/p.jpg", width=3, media_type="image/jpeg")
    entry = Entry(guid="1", url="https://wire.example/1", title="a", published=NOW, image=picture)

    assert accept(entry, SOURCE, NOW).content_hash == "826cee5945a4da759be392aa6ec5860c"

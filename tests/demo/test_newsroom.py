"""The newsroom itself: its texts, its pictures, its server."""

import http.client
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

import feedparser
import pytest

from syndicate.demo.demo_images import draw_image
from syndicate.demo.newsroom import load_newsroom
from syndicate.demo.newsroom_server import NewsroomServer

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
PAPERS = {paper.slug: paper for paper in load_newsroom()}


@pytest.fixture(scope="module")
def newsroom() -> Iterator[NewsroomServer]:
    with NewsroomServer(list(PAPERS.values()), NOW) as server:
        yield server


def ask(newsroom: NewsroomServer, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(urlsplit(newsroom.url).netloc, timeout=60)
    try:
        connection.request(
            "GET", path, headers={key.replace("_", "-"): value for key, value in headers.items()}
        )
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_there_are_enough_sources_and_articles_in_every_format():
    assert len(PAPERS) >= 8
    assert sum(len(paper.pieces) for paper in PAPERS.values()) >= 60
    assert {paper.format for paper in PAPERS.values()} == {"rss", "rdf", "atom", "json"}


def test_every_article_is_of_the_last_thirty_hours_and_long_enough_to_read():
    odd = {
        f"{slug}/{piece.slug}": (piece.hours, len(piece.body.split()))
        for slug, paper in PAPERS.items()
        for piece in paper.pieces
        if not (0 < piece.hours <= 30 and 20 <= len(piece.body.split()) <= 250)
    }
    assert odd == {}


def test_slugs_and_titles_are_used_once():
    pieces = [(slug, piece) for slug, paper in PAPERS.items() for piece in paper.pieces]
    assert len({(slug, piece.slug) for slug, piece in pieces}) == len(pieces)
    assert len({piece.title for _, piece in pieces}) == len(pieces)


@pytest.mark.parametrize("slug", [slug for slug, paper in PAPERS.items() if paper.format != "json"])
def test_a_feed_reads_as_the_publication_was_written(newsroom, slug):
    paper = PAPERS[slug]
    parsed = feedparser.parse(ask(newsroom, paper.feed_path)[2])
    titles = [entry.title for entry in parsed.entries]
    whole = paper.pieces[:-1] if paper.truncated else paper.pieces
    assert titles[: len(whole)] == [piece.title for piece in whole]
    assert bool(parsed.bozo) is paper.truncated


def test_F3_a_feed_that_did_not_change_answers_304_to_its_validators(newsroom):
    path = PAPERS["northern-wire"].feed_path
    status, headers, _ = ask(newsroom, path)
    assert status == 200
    assert ask(newsroom, path, If_None_Match=headers["ETag"])[0] == 304
    assert ask(newsroom, path, If_Modified_Since=headers["Last-Modified"])[0] == 304
    assert ask(newsroom, path, If_None_Match='"other"')[0] == 200


def test_F8_the_moved_feed_redirects_for_good(newsroom):
    status, headers, _ = ask(newsroom, "/valley-radio/feed")
    assert (status, headers["Location"]) == (301, f"{newsroom.url}/valley-radio/rss/news.xml")


def test_pages_and_pictures_that_feeds_name_are_there_and_others_are_not(newsroom):
    piece = next(piece for piece in PAPERS["al-marfa"].pieces if piece.image)
    assert '<html lang="ar" dir="rtl">' in ask(newsroom, f"/al-marfa/{piece.slug}.html")[2].decode()
    assert ask(newsroom, f"/al-marfa/{piece.slug}.png")[1]["Content-Type"] == "image/png"
    assert ask(newsroom, "/al-marfa/nothing.html")[0] == 404


def test_a_picture_is_a_small_png_of_the_size_the_feed_says_and_always_the_same():
    data = draw_image("/valley-radio/beavers-orchard")
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    assert (int.from_bytes(data[16:20]), int.from_bytes(data[20:24])) == (800, 450)
    assert len(data) < 60_000
    assert data == draw_image("/valley-radio/beavers-orchard") != draw_image("/valley-radio/cheese-prize")


def test_the_pixels_of_a_picture_unpack_to_one_byte_each_and_one_more_a_row():
    data = draw_image("/the-ledger/four-day-week")
    start = data.index(b"IDAT")
    length = int.from_bytes(data[start - 4 : start])
    assert len(zlib.decompress(data[start + 4 : start + 4 + length])) == 450 * 801

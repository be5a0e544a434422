from dataclasses import replace
from threading import Thread
from typing import Any

import pytest

from syndicate.model import Image
from syndicate.publish.feeds import rss_atom
from syndicate.publish.feeds.entries import (
    content_html,
    feed_item,
    last_updated,
    newest_first,
    xml_safe_item,
)
from syndicate.publish.feeds.rss_atom import FeedWriter
from tests.publish.feeds import every_format, write
from tests.publish.samples import HARBOUR, NOW, OPTIONS, WORLD, published, related


@every_format
def test_fragments_joined_are_byte_for_byte_what_feedgen_writes_for_the_whole(form: str) -> None:
    articles = [published(number, language=("en", "ar", "")[number % 3]) for number in range(1, 8)]
    kind = rss_atom._RSS if form == "rss" else rss_atom._ATOM
    items = [feed_item(article, OPTIONS) for article in newest_first(WORLD, articles)]
    whole = rss_atom._new_feed(WORLD, last_updated(items), OPTIONS, kind)
    for item in map(xml_safe_item, items):
        rss_atom._add_entry(whole, item, content_html(item, OPTIONS.time_zone))

    document = write(form, *articles)

    assert document == rss_atom._prolog(OPTIONS) + rss_atom._write(whole, kind)


CHANGES: list[dict[str, Any]] = [
    {"title": "Other"},
    {"url": "https://harbour.example/other"},
    {"authors": ("Cy",)},
    {"updated": NOW},
    {"published": NOW},
    {"language": "fr"},
    {"direction": "rtl"},
    {"section": "coast"},
    {"tags": ("other",)},
    {"summary": "Other"},
    {"image": None},
    {"image": Image(url="https://harbour.example/other.jpg")},
    {"html": "<p>Other.</p>"},
    {"related": ()},
    {"related": (related(101, title="Other"), related(102))},
    {"related": (related(101, url="https://pilot.example/other"), related(102))},
    {"related": (related(101, source_name="Other"), related(102))},
    {"related": (related(101, published=NOW), related(102))},
    {"related": (related(101, language="fr"), related(102))},
    {"source": replace(HARBOUR, name="Other")},
    {"source": replace(HARBOUR, url="https://other.example/feed")},
    {"source": replace(HARBOUR, home_url="https://other.example/")},
    {"source": replace(HARBOUR, feed_id="tag:other")},
]


@pytest.mark.parametrize("change", CHANGES, ids="-".join)
def test_a_change_of_anything_shown_is_written_although_the_entry_was_remembered(
    change: dict[str, Any],
) -> None:
    writer = FeedWriter(OPTIONS)
    before = [published(1), published(2)]
    after = [published(1, **change), published(2)]
    first = writer.write("rss", WORLD, before), writer.write("atom", WORLD, before)

    second = writer.write("rss", WORLD, after), writer.write("atom", WORLD, after)

    assert second == (write("rss", *after), write("atom", *after))
    assert second[1] != first[1]
    assert writer.write("rss", WORLD, before) == first[0]


def test_a_small_cache_changes_nothing_but_the_work() -> None:
    articles = [published(number) for number in range(1, 10)]
    forgetful = FeedWriter(OPTIONS, cache_bytes=5_000)

    for _ in range(2):
        assert forgetful.write("rss", WORLD, articles) == write("rss", *articles)
        assert forgetful.write("atom", WORLD, articles) == write("atom", *articles)


def test_threads_sharing_a_writer_get_the_bytes_one_thread_gets() -> None:
    writer = FeedWriter(OPTIONS, cache_bytes=20_000)
    articles = [published(number) for number in range(1, 20)]
    expected = write("rss", *articles)
    results: list[bytes] = []
    threads = [Thread(target=lambda: results.append(writer.write("rss", WORLD, articles))) for _ in range(8)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [expected] * 8

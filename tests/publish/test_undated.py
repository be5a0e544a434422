"""An article without a date is nowhere presented as published when it was first seen."""

import json
from dataclasses import replace
from typing import Any

import pytest
from lxml import html as lxml_html

from syndicate.model import PublishedArticle, undated_key
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline
from syndicate.templating import Templates
from tests.publish.feeds import content_of, every_format, read_one, write
from tests.publish.samples import NOW, OPTIONS, page_of, published, related


def undated(number: int = 1, **changes: Any) -> PublishedArticle:
    return published(number, published=undated_key(NOW), updated=NOW, **changes)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "Date unknown, first seen 24 November 2026"),
        ("ar", "التاريخ غير معروف، رصد أول مرة في 24 نوفمبر 2026"),
        ("de", "Datum unbekannt, zuerst gesehen am 24. November 2026"),
        ("es", "Fecha desconocida, visto por primera vez el 24 de noviembre de 2026"),
        ("fr", "Date inconnue, vu pour la première fois le 24 novembre 2026"),
    ],
)
def test_page_lists_and_feeds_say_so_in_their_language(language: str, words: str) -> None:
    item = undated(language=language, related=(related(101, published=undated_key(NOW)),))
    pages = SitePages(Templates().in_language(language), replace(OPTIONS, language=language))
    html = page_of(pages, item, top=[Headline.of(undated(2))]).decode()
    page: Any = lxml_html.document_fromstring(html)
    assert words in " ".join(page.xpath("//*[contains(@class, 'dates')]")[0].text_content().split())
    assert html.count(words) == 3
    assert not page.xpath("//time | //meta[@property='article:published_time']")
    assert "datePublished" not in html
    assert "dateModified" not in html
    content = content_of("rss", item)
    assert f"<p>{words}.</p>" in content
    assert f"{words[:1].lower()}{words[1:]}</li>" in content or f"{words}</li>" in content


def test_feeds_give_the_first_sight_as_the_date_and_mark_it() -> None:
    rss = write("rss", undated()).decode().partition("<item")[2]
    assert ("<pubDate>Tue, 24 Nov 2026 09:00:00 +0000</pubDate>" in rss, "modified" in rss) == (True, False)
    atom = write("atom", undated()).decode().partition("<entry")[2]
    for name in ("published", "updated"):
        assert f"<{name}>2026-11-24T09:00:00+00:00</{name}>" in atom
    for document in (rss, atom):
        assert "<syndicate:firstSeen>2026-11-24T09:00:00Z</syndicate:firstSeen>" in document
    (item,) = json.loads(write("json", undated()))["items"]
    assert (item["date_published"], "date_modified" in item) == ("2026-11-24T09:00:00Z", False)
    assert item["_syndicate"]["first_seen"] == "2026-11-24T09:00:00Z"


@every_format
def test_a_dated_article_is_as_before(form: str) -> None:
    assert "published_parsed" in read_one(form, published())
    assert b"firstSeen" not in write(form, published())

"""The same edition as mail, as a page in the archive and as an item of a feed, under one id."""

import email
import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
from lxml import html as lxml_html

from syndicate.model import Image
from syndicate.newsletter.story_views import TOKEN
from syndicate.store.core import quarantine
from syndicate.store.mail import edition_store
from tests.factories import new_article
from tests.jobs.newsletter.test_contents import PAPERS, strike
from tests.jobs.newsletter.test_editions import DAY, run
from tests.jobs.reviewing import editor
from tests.jobs.room import BASE, SITE, Room, source

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAILY = '[[newsletters]]\nname = "daily"\ntitle = "The Daily"\nschedule = "daily 07:00"\n'
PAGE = "site/newsletters/daily/2026-11-24-0700.html"


@pytest.fixture
def sent(room: Room) -> Room:
    """One edition that went out, and everything published."""
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY, now=SEVEN - 23 * HOUR)
    room.subscribe("ann@example.org")
    moment = SEVEN - HOUR
    room.add(new_article(1, title="Snow & ice", published=moment, updated=moment, first_seen=moment))
    room.services.stories.run(SEVEN)
    room.services.editions.run(SEVEN)
    room.services.deliver.run(SEVEN)
    room.services.publish.run(SEVEN)
    return room


def output(room: Room, path: str) -> str:
    return (room.services.output / path).read_text("utf-8")


def test_mail_page_and_items_are_one_edition(sent: Room) -> None:
    (mail,) = (sent.folder / "outbox").glob("*.eml")
    message = email.message_from_bytes(mail.read_bytes())
    with sent.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    address = f"{SITE}/{PAGE}"
    assert (report.edition.web_url, message["Archived-At"]) == (address, f"<{address}>")
    assert message["List-Archive"] == f"<{SITE}/site/newsletters/daily/>"
    assert f'href="{address}"' in report.edition.html
    assert address in report.edition.text
    (item,) = json.loads(output(sent, "newsletters/daily.json"))["items"]
    assert (item["id"], item["url"]) == (f"urn:uuid:{report.edition.uid}", address)
    assert message["X-Edition-ID"] == item["id"]
    assert f'<meta name="dcterms.identifier" content="{item["id"]}">' in output(sent, PAGE)
    for suffix in ("rss", "atom"):
        feed = feedparser.parse((sent.services.output / f"newsletters/daily.{suffix}").read_bytes())
        (entry,) = feed.entries
        assert (entry.id, entry.link) == (item["id"], address)
        assert (feed.bozo, feed.feed.title) == (False, "The Daily")
        assert "Snow &amp; ice" in str(entry)


@pytest.mark.all
@pytest.mark.parametrize(("language", "update"), [("en", "Update:"), ("fr", "Mise à jour\xa0:")])
def test_a_follow_up_is_marked_on_the_page_and_in_the_feed_as_in_the_mail(
    room: Room, language: str, update: str
) -> None:
    base = BASE.replace("[http]", f'language = "{language}"\n[http]')
    room.declare(PAPERS + DAILY, now=SEVEN - 30 * DAY, base=base)
    room.add(strike(1, -5), source="harbour")
    room.add(strike(2, -4, "So say the hills."), source="hills")
    run(room, SEVEN)
    more = "Mediator Anna Berg met Line Director Karl Holm and Minister Eva Lund."
    title = "Ferry strike closes the northern harbour for 3 days"
    room.add(strike(3, 3, more, title), source="hills")
    run(room, SEVEN + DAY)
    room.services.publish.run(SEVEN + DAY)
    item = json.loads(output(room, "newsletters/daily.json"))["items"][0]
    for told in (output(room, PAGE.replace("-24-", "-25-")), item["content_html"]):
        assert re.search(
            f"{update}</span> <a [^>]+>Ferry strike closes the northern harbour for 3 days</a>", told
        )
    assert "Update:" not in output(room, PAGE)


def test_items_speak_the_newsletters_language_as_its_mail_does(room: Room) -> None:
    arabic = '[[newsletters]]\nname = "daily"\nlanguage = "ar"\nschedule = "daily 07:00"\n'
    room.declare(source("harbour", "https://harbour.example/feed") + arabic, now=SEVEN - 23 * HOUR)
    room.add(new_article(1, title="ثلج", published=SEVEN - HOUR, first_seen=SEVEN - HOUR))
    room.services.stories.run(SEVEN)
    room.services.editions.run(SEVEN)
    room.services.publish.run(SEVEN)
    (item,) = json.loads(output(room, "newsletters/daily.json"))["items"]
    assert '<h3 lang="ar" dir="rtl">أبرز الأخبار</h3>' in item["content_html"]
    page: Any = lxml_html.document_fromstring(output(room, PAGE))
    assert page.xpath("//main//h2/text()")[0] == "Top stories"
    assert page.xpath("//div[@lang='ar']/@dir")[0] == "rtl"


def test_the_page_that_a_mail_leads_to_is_written_before_the_mail_leaves(room: Room) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY, now=SEVEN - 23 * HOUR)
    room.subscribe("ann@example.org")
    room.add(new_article(1, title="Snow", published=SEVEN - HOUR, first_seen=SEVEN - HOUR))
    room.services.stories.run(SEVEN)
    room.services.editions.run(SEVEN)
    assert not (room.services.output / PAGE).exists()
    result = room.services.deliver.run(SEVEN, prepare=room.services.publish.run_archive)
    assert (result.sent, (room.services.output / PAGE).exists()) == (1, True)
    assert "Snow" in output(room, PAGE)
    assert not (room.services.output / "site/index.html").exists()


def test_mail_goes_out_when_its_page_cannot_be_written_which_status_tells(room: Room) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY, now=SEVEN - 23 * HOUR)
    room.subscribe("ann@example.org")
    room.add(new_article(1, title="Snow", published=SEVEN - HOUR, first_seen=SEVEN - HOUR))
    room.services.stories.run(SEVEN)
    room.services.editions.run(SEVEN)
    room.services.output.mkdir(parents=True, exist_ok=True)
    (room.services.output / "site").write_text("a file where the folder should be")
    assert room.services.deliver.run(SEVEN, prepare=room.services.publish.run_archive).sent == 1
    with room.store.read() as connection:
        failures = quarantine.failures(connection, kind="archive")
    assert "daily" in {failure.subject for failure in failures}


def test_no_page_or_feed_of_the_archive_holds_a_readers_token(sent: Room) -> None:
    for path in sent.services.output.rglob("*daily*"):
        if path.is_file():
            assert TOKEN not in path.read_text("utf-8")
            assert "unsubscribe" not in path.read_text("utf-8").lower()
    assert TOKEN not in output(sent, PAGE)


def test_the_page_is_noindex_and_the_list_leads_to_it(sent: Room) -> None:
    assert '<meta name="robots" content="noindex">' in output(sent, PAGE)
    page: Any = lxml_html.document_fromstring(output(sent, PAGE))
    assert page.xpath("//h1//text()") == ["Tuesday, 24 November 2026"]
    assert page.xpath("//h3//text()")[0] == "Snow & ice"
    assert 'href="2026-11-24-0700.html"' in output(sent, "site/newsletters/daily/index.html")


def test_every_page_leads_to_the_archive_from_before_the_first_edition_on(room: Room) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY, now=SEVEN - 23 * HOUR)
    room.services.publish.run(SEVEN - HOUR)
    front = lxml_html.document_fromstring(output(room, "site/index.html"))
    links = front.xpath("//footer//h2[.='Newsletters']/following-sibling::ul//a/@href")
    assert links == ["../site/newsletters/daily/index.html"]
    assert "No editions yet." in output(room, "site/newsletters/daily/index.html")
    assert json.loads(output(room, "newsletters/daily.json"))["items"] == []
    assert room.services.publish.run(SEVEN - HOUR).pages == ()


@pytest.mark.all
def test_nothing_new_writes_nothing_and_all_is_rebuilt_from_rows(sent: Room) -> None:
    before = output(sent, PAGE)
    assert sent.services.publish.run(SEVEN).pages == ()
    (sent.services.output / PAGE).unlink()
    assert PAGE in sent.services.publish.run(SEVEN).pages
    sent.services.publish.forget()
    sent.services.publish.run(SEVEN + HOUR)
    assert output(sent, PAGE) == before


@pytest.mark.all
def test_a_correction_takes_the_place_of_the_edition(sent: Room) -> None:
    with sent.store.read() as connection:
        (report,) = edition_store.report_editions(connection)
    before = json.loads(output(sent, "newsletters/daily.json"))["items"][0]
    work = editor(sent.services)
    revision = work.correct(report.edition.id, "It was hail.", by="ann", now=SEVEN + HOUR)
    sent.services.publish.run(SEVEN + HOUR)
    assert "It was hail." not in output(sent, PAGE)
    work.approve(revision, by="ann", now=SEVEN + 2 * HOUR)
    sent.services.publish.run(SEVEN + 2 * HOUR)
    (item,) = json.loads(output(sent, "newsletters/daily.json"))["items"]
    assert "It was hail." in output(sent, PAGE)
    assert (item["id"], item["date_published"]) == (before["id"], before["date_published"])
    assert item["date_modified"] > before["date_modified"]


def test_a_waiting_edition_is_not_in_the_archive(room: Room) -> None:
    declared = source("harbour", "https://harbour.example/feed") + DAILY + 'approval = "2h"\n'
    room.declare(declared, now=SEVEN - 23 * HOUR)
    moment = SEVEN - HOUR
    room.add(new_article(1, published=moment, updated=moment, first_seen=moment))
    room.services.stories.run(SEVEN)
    room.services.editions.run(SEVEN)
    room.services.publish.run(SEVEN)
    assert not (room.services.output / PAGE).exists()


@pytest.mark.parametrize(
    ("images", "shown"), [("all", ["large", "small"]), ("lead", ["large"]), ("none", [])]
)
def test_the_page_shows_the_images_that_the_mail_shows(room: Room, images: str, shown: list[str]) -> None:
    feed = source("harbour", "https://harbour.example/feed")
    room.declare(f'{feed}{DAILY}images = "{images}"\n', now=SEVEN - 23 * HOUR)
    for number, title in ((1, "Snow & ice"), (2, "A bridge opens")):
        dates = dict.fromkeys(("published", "updated", "first_seen"), SEVEN - HOUR)
        room.add(new_article(number, title=title, image=Image(url="https://harbour.example/a.jpg"), **dates))
    for job in (room.services.stories, room.services.editions, room.services.publish):
        job.run(SEVEN)
    assert re.findall(r'class="picture (\w+)"', output(room, PAGE)) == shown


@pytest.mark.all
def test_an_announcement_is_frozen_at_the_cut_and_stands_on_the_page(room: Room) -> None:
    feed = source("harbour", "https://harbour.example/feed")
    notice = '[[announcements]]\nname = "open-day"\ntext = "Come and **see**."\nlabel = "From us"\n'
    notice += 'image = "https://news.example/quay.png"\nlink = "https://quay.example/"\n'
    room.declare(feed + DAILY + notice, now=SEVEN - 23 * HOUR)
    room.subscribe("ann@example.org")
    for day, title in enumerate(("Snow and ice", "Thaw on the coast")):
        moment = SEVEN + day * DAY - HOUR
        room.add(new_article(day + 1, title=title, published=moment, updated=moment, first_seen=moment))
        room.services.stories.run(SEVEN + day * DAY)
        room.services.editions.run(SEVEN + day * DAY)
        room.services.publish.run(SEVEN + day * DAY)
        room.declare(feed + DAILY, now=SEVEN)
    with room.store.read() as connection:
        later, first = edition_store.report_editions(connection)
    _, content = room.services.review.edition(first.edition.id)
    assert [item.name for item in content.announcements] == ["open-day"]
    assert "<strong>see</strong>" in output(room, PAGE)
    assert "From us" in output(room, PAGE)
    assert (
        '<a href="https://quay.example/" rel="sponsored"><img src="https://news.example/quay.png"'
        in output(room, PAGE)
    )
    assert "FROM US\n\nCome and see." in first.edition.text
    assert "Come and" not in later.edition.text
    assert ("Previous edition" in first.edition.text, f"{SITE}/{PAGE}" in later.edition.text) == (False, True)

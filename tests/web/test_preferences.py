"""The preferences page, and the language of all pages of the server."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndicate.audience.choices import Choices, OfferedChoices, ReaderSelection
from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.jobs.audience.preferences_job import PreferencesView
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store, field_store
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests.factories import new_article, place
from tests.jobs.room import Room, opened_room, source
from tests.web.conftest import JO, OFFERED, Site, pages_at_once, serving
from tests.web_app import create_app

FIELDS = """
[[fields]]
name = "city"
title = "Your <city>"
sign_up = true
required = true
[[fields]]
name = "age"
type = "number"
sign_up = true
[[fields]]
name = "press"
type = "yes_no"
sign_up = true
[[fields]]
name = "rank"
"""
CONSENT = "نشرة الأسبوع: I want it by mail."


@dataclass
class Reader:
    """Somebody who gets the daily newsletter, and what they have chosen."""

    room: Room
    address: str

    @property
    def choices(self) -> Choices:
        found = self.room.services.preferences.view(self.address.rpartition("/")[2])
        assert found is not None
        return found.choices


@pytest.fixture
def choosing(tmp_path: Path) -> Iterator[tuple[Site, Reader]]:
    """The page of a reader who chose a section and an hour; stories in three sections."""
    with opened_room(tmp_path) as room:
        offered = OFFERED.replace("I want <it>.", "I want it by mail.")
        room.declare(source("harbour", "https://harbour.example/feed") + offered + FIELDS)
        room.subscribe(JO)
        for number, section in enumerate(("Politics", "Sport", "<b>"), start=1):
            room.add(new_article(number, section=section))
        with room.store.write() as connection:
            for number in (1, 2, 3):
                place(connection, number)
            subscription = audience_store.subscription_of(connection, JO, "daily")
            assert subscription is not None
            token = unsubscribe_token(leases.read_secret(connection), subscription)
        readers = room.services.preferences
        chosen = {"newsletter": ["daily"], "section": ["Sport"], "hour": ["7"], "time_zone": ["UTC"]}
        assert readers.save(token, chosen) is not None
        app = create_app(
            WebOptions(),
            tmp_path,
            room.services.unsubscribe,
            templates=Templates(),
            health=dict,
            preferences=readers,
        )
        with serving(app, tmp_path) as site:
            yield site, Reader(room, f"/preferences/{token}")


def test_the_choices_are_shown_and_looking_saves_nothing(choosing):
    site, reader = choosing
    before = reader.choices
    answer = site.get(reader.address)
    text = answer.body.decode()
    assert answer.status == 200
    assert reader.choices == before
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert 'name="section" value="Sport" checked' in text
    assert 'name="section" value="Politics">' in text
    assert 'value="&lt;b&gt;"' in text
    assert '<option value="7" selected>07:00</option>' in text
    assert "Morning &amp; &lt;b&gt;News&lt;/b&gt;" in text
    assert text.count("<script") == text.count('<script src="/site/assets/site.js" defer ') == 1


def test_one_post_saves_and_leads_to_the_page_that_says_so(choosing):
    site, reader = choosing
    before = reader.choices
    assert site.post(reader.address, b"").status == 400
    assert reader.choices == before
    form = b"save=yes&newsletter=daily&section=Sport&section=Politics&hour=8&time_zone=UTC"
    answer = site.post(reader.address, form)
    assert (answer.status, answer["Location"], answer["Cache-Control"]) == (303, "?done=saved", "no-store")
    assert b"Saved" in site.get(reader.address + "?done=saved").body
    assert sorted(reader.choices.selection.sections) == ["Politics", "Sport"]
    assert reader.choices.hour == 8


def test_C3_what_a_tick_agrees_to_stands_beside_it(choosing):
    site, reader = choosing
    text = site.get(reader.address).body.decode()
    assert CONSENT in text
    assert text.count("I want it by mail.") == 1


def test_a_list_without_a_tick_is_refused_on_the_page(choosing):
    site, reader = choosing
    before = reader.choices
    answer = site.post(reader.address, b"save=yes&shown=section&shown=language&language=en")
    assert answer.status == 422
    assert b"No section is ticked" in answer.body
    assert b"Saved" not in answer.body
    assert reader.choices == before


def test_a_search_that_cannot_be_saved_says_why_on_the_page(choosing):
    site, reader = choosing
    answer = site.post(reader.address, b"search=" + b"a" * 1000)
    assert answer.status == 422
    assert b">A search has at most " in answer.body


def test_the_link_of_a_forwarded_mail_neither_shows_nor_changes_fields(choosing):
    site, reader = choosing
    with reader.room.store.write() as connection:
        (jo,) = audience_store.list_subscribers(connection)
        field_store.save_fields(connection, jo.id, {"city": "Bath", "age": "41"})
    page = site.get(reader.address).body.decode()
    assert "Bath" not in page
    assert "field.city" not in page
    form = b"save=yes&newsletter=daily&section=Sport&field.city=Oslo"
    assert site.post(reader.address, form).status == 303
    with reader.room.store.read() as connection:
        assert field_store.fields_of(connection, jo.id) == {"age": "41", "city": "Bath"}


def test_a_new_address_of_the_feed_is_told_after_the_redirect(choosing):
    site, reader = choosing
    answer = site.post(reader.address, b"feed=new")
    assert (answer.status, answer["Location"]) == (303, "?done=feed")
    assert b"Your feed has a new address" in site.get(reader.address + "?done=feed").body


def test_a_note_that_is_none_of_ours_is_not_shown(choosing):
    site, reader = choosing
    assert site.get(reader.address + "?done=erased").body == site.get(reader.address).body


def test_a_wrong_link_shows_nothing(choosing):
    site, _ = choosing
    answers = [site.get("/preferences/bad"), site.post("/preferences/bad", b"save=yes")]
    assert {answer.status for answer in answers} == {404}


CHOICES = Choices(
    newsletters=("daily",), selection=ReaderSelection(sections=("Sport",)), hour=7, paused_until=None
)
OFFER = OfferedChoices(
    consents={"daily": "Morning: I want it by mail.", "weekly": CONSENT},
    newsletters={"daily": "Morning & <b>News</b>", "weekly": "نشرة الأسبوع"},
    sections=("Politics", "Sport", "<b>"),
    languages=("ar", "en"),
    cadences=("edition", "weekly"),
)


def test_sections_are_in_alphabetical_order_and_begin_with_a_capital():
    offer = replace(OFFER, sections=("World/Asia", "local", "<b>"))
    shown = PreferencesView(address="j…@example.org", newsletter="Morning", offer=offer, choices=CHOICES)
    page = pages_at_once().page("pages/preferences.html", page=shown, token="t", done="", zones=(), pauses=())
    html = bytes(page.body).decode()
    assert re.findall(r'name="section" value="([^"]*)"', html) == ["&lt;b&gt;", "local", "World/Asia"]
    assert "<bdi>Local</bdi>" in html
    assert "<bdi>&lt;b&gt;</bdi>" in html


def choices_page(choices: Choices, **facts: Any) -> str:
    shown = PreferencesView(
        address="j…@example.org", newsletter="Morning", offer=OFFER, choices=choices, **facts
    )
    page = pages_at_once().page("pages/preferences.html", page=shown, token="t", done="", zones=(), pauses=())
    return bytes(page.body).decode()


@pytest.mark.parametrize(("chosen", "ticked"), [(("en-us",), ["en"]), (("e",), []), ((), ["ar", "en"])])
def test_a_regional_language_chosen_before_is_ticked_as_the_language_that_is_offered(chosen, ticked):
    html = choices_page(Choices(selection=ReaderSelection(languages=chosen)))
    assert re.findall(r'name="language" value="([^"]*)" checked', html) == ticked


def test_the_end_of_a_pause_is_told_on_the_readers_clock():
    until = datetime(2026, 12, 1, 7, tzinfo=UTC)
    html = choices_page(Choices(paused_until=until), zone=ZoneInfo("America/New_York"))
    assert "Until 1 Dec 2026, 02:00 EST" in html


def test_every_page_of_the_server_bears_the_name_of_the_site_in_every_language():
    notices = pages_at_once("Coast & <i>news</i>")
    for page in (
        notices.page("pages/unsubscribe.html", newsletter="Daily", done=True),
        notices.problem(404),
        notices.in_language("de").problem(404),
    ):
        html = bytes(page.body).decode()
        assert '<a href="/site/index.html">Coast &amp; &lt;i&gt;news&lt;/i&gt;</a>' in html


def test_every_page_for_readers_is_in_the_language_and_direction_of_the_site():
    notices = pages_at_once(language="ar")
    offered = (("daily", "نشرة الساحل"), ("weekly", "نشرة الأسبوع"))
    form: dict[str, Any] = {
        "newsletters": offered,
        "consent": "",
        "selected": [],
        "address": "",
        "entered": None,
        "wrong_fields": (),
        "done": False,
    }
    shown = PreferencesView(
        address="j…@example.org", newsletter="Morning & <b>News</b>", offer=OFFER, choices=CHOICES
    )
    pages = [
        notices.page("pages/subscribe.html", problem="agree", **form),
        notices.page("pages/subscribe.html", done=True, selected=[], address="jo@example.org"),
        notices.page(
            "pages/confirm.html", newsletter="نشرة", agreed="", entered={}, reader_token="", done=False
        ),
        notices.page(
            "pages/confirm.html", newsletter="نشرة", agreed="", entered={}, reader_token="t", done=True
        ),
        notices.page(
            "pages/preferences.html", page=shown, token="t", done="saved", zones=("UTC",), pauses=(7, 14)
        ),
        *(
            notices.page(
                "pages/preferences.html",
                page=replace(shown, problem=name),
                token="t",
                done="",
                zones=(),
                pauses=(),
            )
            for name in ("section", "language")
        ),
        notices.page("pages/unsubscribe.html", newsletter="نشرة", token="t", done=False),
        notices.page("pages/unsubscribe.html", newsletter="نشرة", done=True),
        *(notices.problem(status) for status in (400, 404, 405, 410, 413, 429, 500, 503)),
    ]

    known = {
        "UTC",
        *("Coast", "RSS", "Atom", "JSON", "OPML", "syndicate"),
        "jo",
        "example",
        "org",
        "Morning",
        "News",
        "English",
        *OFFER.sections,
        *CONSENT.rstrip(".").split(),
    }
    for page in pages:
        html = bytes(page.body).decode()
        assert '<html lang="ar" dir="rtl">' in html
        words = re.sub(r"<title>.*</title>|<[^>]*>|&\w+;", " ", html, flags=re.DOTALL)
        assert set(re.findall(r"[A-Za-z]{2,}", words)) <= known

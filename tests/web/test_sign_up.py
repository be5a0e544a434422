"""The sign-up pages: the same answer for everybody, and nothing happens by looking."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from syndicate.audience.choices import Choices, Offer, ReaderSelection
from syndicate.audience.link_tokens import CONFIRM, make_token, unsubscribe_token
from syndicate.audience.networks import network_of
from syndicate.jobs.audience.preferences_job import ReaderPage
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.store.core import leases
from syndicate.store.mail import audience_store, delivery_store, sign_up_store
from syndicate.templating import Templates
from syndicate.web import WebOptions, create_app
from syndicate.web.server_pages import ServerPages
from tests.factories import NOW, new_article, place
from tests.jobs.room import Room, opened_room, source
from tests.web.conftest import JO, Site, serving

FORM = b"newsletter=daily&agree=yes&address="
OFFERED = """
[sign_up]
enabled = true
consent = "I want <it>."
per_network = 2
[[newsletters]]
name = "daily"
title = "Morning & <b>News</b>"
schedule = "daily 07:00"
[[newsletters]]
name = "weekly"
title = "نشرة الأسبوع"
schedule = "weekly monday 07:00"
"""


@dataclass
class Desk:
    """Where people sign up, and what the store knows about it."""

    room: Room
    job: SignUpJob

    @property
    def requests(self) -> list[tuple[str, str, str]]:
        with self.room.store.read() as connection:
            waiting = sign_up_store.waiting_sign_ups(connection, limit=9)
        return [(one.newsletter, one.address, one.network) for one in waiting]

    @property
    def readers(self) -> int:
        with self.room.store.read() as connection:
            return audience_store.count_readers(connection)

    def asked(self) -> str:
        """The token in the mail that Jo gets for a request."""
        assert self.job.request("daily", JO, "192.0.2.0/24")
        assert self.job.run(NOW) == {"mailed": 1}
        with self.room.store.read() as connection:
            (mail,) = delivery_store.list_deliveries(connection)
            return make_token(leases.secret(connection), mail.delivery.id, CONFIRM)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[Site, Desk]]:
    with opened_room(tmp_path) as room:
        room.declare(OFFERED)
        services = room.services
        assert services.sign_ups is not None
        job = replace(services.sign_ups, clock=lambda: NOW)
        app = create_app(
            WebOptions(),
            tmp_path,
            services.unsubscribe,
            templates=Templates(),
            health=dict,
            sign_ups=job,
        )
        with serving(app, tmp_path) as site:
            yield site, Desk(room, job)


def test_C10_the_form_is_private_and_works_without_scripts_or_cookies(page):
    site, _ = page
    answer = site.get("/subscribe?newsletter=weekly")
    assert answer.status == 200
    assert answer["Set-Cookie"] is None
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Robots-Tag"] == "noindex"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert "unsafe" not in answer["Content-Security-Policy"]
    text = answer.body.decode()
    assert "<script" not in text
    assert 'value="weekly" required checked' in text
    assert "Morning &amp; &lt;b&gt;News&lt;/b&gt;" in text
    assert "I want &lt;it&gt;." in text


@pytest.mark.parametrize(("origin", "taken"), [("cross-site", 0), ("same-site", 1), ("same-origin", 1)])
def test_a_form_on_another_site_only_fills_in_ours(page, origin: str, taken: int) -> None:
    site, desk = page
    kind = "application/x-www-form-urlencoded"
    answer = site.ask(
        "POST", "/subscribe", FORM + b"jo%40example.org", Content_Type=kind, Sec_Fetch_Site=origin
    )
    assert answer.status == 200
    assert len(desk.requests) == taken
    text = answer.body.decode()
    assert ('value="jo@example.org"' in text) is not bool(taken)
    assert ('value="daily" required checked' in text) is not bool(taken)


def test_C2_every_well_formed_address_gets_the_same_answer(page):
    site, desk = page
    answers = [site.post("/subscribe", FORM + name + b"%40example.org") for name in (b"jo", b"stranger")]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1
    assert desk.requests == [
        ("daily", "jo@example.org", "127.0.0.0/24"),
        ("daily", "stranger@example.org", "127.0.0.0/24"),
    ]


def test_C2_a_program_that_fills_in_the_hidden_field_gets_the_same_answer_and_nothing_else(page):
    site, desk = page
    person = site.post("/subscribe", FORM + b"jo%40example.org")
    program = site.post("/subscribe", FORM + b"bot%40example.org&website=http%3A%2F%2Fspam.example")
    assert (person.status, person.body) == (program.status, program.body)
    assert len(desk.requests) == 1


def test_C2_too_many_requests_are_told_so(page):
    site, _ = page
    answers = [site.post("/subscribe", FORM + b"jo%40example.org") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[-1]["Retry-After"] == "3600"


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"newsletter=daily&agree=yes&address=jo", 422, "email address is incomplete"),
        (
            b"newsletter=daily&agree=yes&address=" + b"a" * 400 + b"%40example.org",
            422,
            "address is incomplete",
        ),
        (b"newsletter=daily&address=jo%40example.org", 422, "tick the box to agree"),
        (b"newsletter=other&agree=yes&address=jo%40example.org", 422, "choose a newsletter"),
        (b"", 422, "choose a newsletter"),
        (b"x" * 20_000, 413, "Too long"),
        (b"&".join([b"a=1"] * 400), 413, "Too long"),
    ],
    ids=["no address", "long address", "not agreed", "unknown newsletter", "empty", "long", "many fields"],
)
def test_a_request_that_is_not_complete_says_what_is_missing(page, body, status, said):
    site, desk = page
    answer = site.post("/subscribe", body)
    assert answer.status == status
    assert said in answer.body.decode()
    assert desk.requests == []


def test_hostile_text_comes_back_as_text(page):
    site, _ = page
    answer = site.post("/subscribe", b"newsletter=daily&agree=yes&address=%22%3E%3Cscript%3E")
    assert b"<script" not in answer.body


def test_C1_scanners_that_open_the_link_subscribe_nobody(page):
    site, desk = page
    token = desk.asked()
    for method in ("GET", "HEAD"):
        assert site.ask(method, f"/confirm/{token}").status == 200
    assert desk.readers == 0


def test_C1_the_button_subscribes_and_leads_to_the_choices(page):
    site, desk = page
    token = desk.asked()
    assert site.post(f"/confirm/{token}", b"").status == 400
    assert desk.readers == 0
    answer = site.post(f"/confirm/{token}", b"confirm=yes")
    assert answer.status == 200
    assert b"You are subscribed" in answer.body
    assert desk.readers == 1
    with desk.room.store.read() as connection:
        number = audience_store.subscription_of(connection, JO, "daily")
        assert number is not None
        own = unsubscribe_token(leases.secret(connection), number)
    assert f'href="/preferences/{own}"' in answer.body.decode()


def test_C1_every_link_that_cannot_be_used_gets_the_same_answer(page):
    site, desk = page
    answers = [site.get("/confirm/" + token) for token in ("bad", "%C3%A9", "x" * 3000)]
    answers.append(site.post("/confirm/bad", b"confirm=yes"))
    answers.append(site.get("/confirm/" + desk.asked().swapcase()))
    assert {answer.status for answer in answers} == {410}
    assert len({answer.body for answer in answers}) == 1


def test_nobody_can_subscribe_where_there_is_no_such_page(site):
    assert site.get("/subscribe").status == 404
    assert site.post("/subscribe", FORM).status == 405


@pytest.mark.parametrize(
    ("peer", "forwarded", "network"),
    [
        ("203.0.113.9", "", "203.0.113.0/24"),
        ("203.0.113.9", "198.51.100.7", "203.0.113.0/24"),
        ("127.0.0.1", "192.0.2.1, 198.51.100.7", "198.51.100.0/24"),
        ("::1", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "", "203.0.113.0/24"),
        ("fe80::1%eth0", "", "fe80::/64"),
        ("::ffff:127.0.0.1", "198.51.100.7", "198.51.100.0/24"),
        ("127.0.0.1", "::ffff:198.51.100.7", "198.51.100.0/24"),
        ("127.0.0.1", "nonsense", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_a_network_is_as_large_as_one_household_gets(peer, forwarded, network):
    assert network_of(peer, forwarded) == network


CONSENT = "نشرة الأسبوع: I want it by mail."


@dataclass
class Reader:
    """Somebody who gets the daily newsletter, and what they have chosen."""

    room: Room
    address: str

    @property
    def choices(self) -> Choices:
        found = self.room.services.preferences.look(self.address.rpartition("/")[2])
        assert found is not None
        return found.choices


@pytest.fixture
def choosing(tmp_path: Path) -> Iterator[tuple[Site, Reader]]:
    """The page of a reader who chose a section and an hour; stories in three sections."""
    with opened_room(tmp_path) as room:
        offered = OFFERED.replace("I want <it>.", "I want it by mail.")
        room.declare(source("harbour", "https://harbour.example/feed") + offered)
        room.subscribe(JO)
        for number, section in enumerate(("Politics", "Sport", "<b>"), start=1):
            room.add(new_article(number, section=section))
        with room.store.write() as connection:
            for number in (1, 2, 3):
                place(connection, number)
            subscription = audience_store.subscription_of(connection, JO, "daily")
            assert subscription is not None
            token = unsubscribe_token(leases.secret(connection), subscription)
        readers = room.services.preferences
        chosen = {"newsletter": ["daily"], "section": ["Sport"], "hour": ["7"], "time_zone": ["UTC"]}
        assert readers.save(token, chosen) is not None
        app = create_app(
            WebOptions(),
            tmp_path,
            room.services.unsubscribe,
            templates=Templates(),
            health=dict,
            readers=readers,
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
    assert "<script" not in text


def test_one_post_saves_and_shows_what_holds_now(choosing):
    site, reader = choosing
    before = reader.choices
    assert site.post(reader.address, b"").status == 400
    assert reader.choices == before
    form = b"save=yes&newsletter=daily&section=Sport&section=Politics&hour=8&time_zone=UTC"
    answer = site.post(reader.address, form)
    assert answer.status == 200
    assert b"Saved" in answer.body
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


def test_a_wrong_link_shows_nothing(choosing):
    site, _ = choosing
    answers = [site.get("/preferences/bad"), site.post("/preferences/bad", b"save=yes")]
    assert {answer.status for answer in answers} == {404}


CHOICES = Choices(
    newsletters=("daily",), selection=ReaderSelection(sections=("Sport",)), hour=7, paused_until=None
)
OFFER = Offer(
    consents={"daily": "Morning: I want it by mail.", "weekly": CONSENT},
    newsletters={"daily": "Morning & <b>News</b>", "weekly": "نشرة الأسبوع"},
    sections=("Politics", "Sport", "<b>"),
    languages=("ar", "en"),
    cadences=("edition", "weekly"),
)


def test_sections_are_in_alphabetical_order_and_begin_with_a_capital():
    offer = replace(OFFER, sections=("World/Asia", "local", "<b>"))
    shown = ReaderPage(address="j…@example.org", newsletter="Morning", offer=offer, choices=CHOICES)
    page = ServerPages(Templates(None)).page(
        "pages/preferences.html", page=shown, token="t", done="", zones=(), pauses=()
    )
    html = bytes(page.body).decode()
    assert re.findall(r'name="section" value="([^"]*)"', html) == ["&lt;b&gt;", "local", "World/Asia"]
    assert "<bdi>Local</bdi>" in html
    assert "<bdi>&lt;b&gt;</bdi>" in html


def choices_page(choices: Choices, **facts: Any) -> str:
    shown = ReaderPage(address="j…@example.org", newsletter="Morning", offer=OFFER, choices=choices, **facts)
    page = ServerPages(Templates(None)).page(
        "pages/preferences.html", page=shown, token="t", done="", zones=(), pauses=()
    )
    return bytes(page.body).decode()


@pytest.mark.parametrize(("chosen", "ticked"), [(("en-us",), ["en"]), (("e",), []), ((), ["ar", "en"])])
def test_a_regional_language_chosen_before_is_ticked_as_the_language_that_is_offered(chosen, ticked):
    html = choices_page(Choices(selection=ReaderSelection(languages=chosen)))
    assert re.findall(r'name="language" value="([^"]*)" checked', html) == ticked


def test_the_end_of_a_pause_is_told_on_the_readers_clock():
    until = datetime(2026, 12, 1, 7, tzinfo=UTC)
    html = choices_page(Choices(paused_until=until), zone=ZoneInfo("America/New_York"))
    assert "Until 1 Dec 2026, 02:00 EST, as it is" in html


def test_every_page_of_the_server_bears_the_name_of_the_site_in_every_language():
    notices = ServerPages(Templates(None), "Coast & <i>news</i>")
    for page in (notices.done("Daily"), notices.problem(404), notices.in_language("ar").problem(404)):
        name = '<a href="/site/"><bdi>Coast &amp; &lt;i&gt;news&lt;/i&gt;</bdi></a>'
        assert name in bytes(page.body).decode()


def test_every_page_for_readers_is_in_the_language_and_direction_of_the_site():
    notices = ServerPages(Templates(None, "ar"))
    offered = (("daily", "نشرة الساحل"), ("weekly", "نشرة الأسبوع"))
    form: dict[str, Any] = {"newsletters": offered, "consent": "", "chosen": "", "address": "", "done": False}
    shown = ReaderPage(
        address="j…@example.org", newsletter="Morning & <b>News</b>", offer=OFFER, choices=CHOICES
    )
    pages = [
        notices.page("pages/subscribe.html", problem="agree", **form),
        notices.page("pages/subscribe.html", done=True),
        notices.page("pages/confirm.html", newsletter="نشرة", agreed="", reader_token="", done=False),
        notices.page("pages/confirm.html", newsletter="نشرة", agreed="", reader_token="t", done=True),
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
        notices.ask("نشرة", "t"),
        notices.done("نشرة"),
        *(notices.problem(status) for status in (400, 404, 405, 410, 413, 429, 500, 503)),
    ]

    known = {
        "UTC",
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
        words = re.sub(r"<style>.*</style>|<[^>]*>|&\w+;", " ", html, flags=re.DOTALL)
        assert set(re.findall(r"[A-Za-z]{2,}", words)) <= known

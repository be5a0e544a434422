"""The sign-up pages: the same answer for everybody, and nothing happens by looking."""

import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from syndicate.audience.networks import network_of
from syndicate.audience.preferences import Choices, Offer, Selection
from syndicate.errors import InvalidAddress
from syndicate.templating import Templates
from syndicate.web import WebOptions, WebServer, create_app
from syndicate.web.pages import Notices
from tests.web.conftest import Mailbox, Site, run

FORM = b"newsletter=daily&agree=yes&address="


@dataclass
class Desk:
    """Takes two requests; the token ``good`` is one that can be confirmed."""

    requests: list[tuple[str, str, str]] = field(default_factory=list)
    confirmed: int = 0
    most: int = 2

    def offered(self) -> dict[str, str]:
        return {"daily": "Morning & <b>News</b>", "weekly": "نشرة الأسبوع"}

    def consent(self) -> str:
        return "I want <it>."

    def request(self, newsletter: str, address: str, network: str) -> bool:
        if "@" not in address:
            raise InvalidAddress("no")
        self.requests.append((newsletter, address, network))
        return len(self.requests) <= self.most

    def asked(self, token: str) -> tuple[str, str] | None:
        return ("Morning & <b>News</b>", "I want <it>.") if token == "good" else None

    def confirm(self, token: str, network: str) -> tuple[str, str] | None:
        self.confirmed += 1
        return ("Morning & <b>News</b>", "reader") if token == "good" and network else None


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    desk = Desk()
    folder = tmp_path_factory.mktemp("sign-up")
    app = create_app(WebOptions(), folder, Mailbox(), templates=Templates(), health=dict, sign_ups=desk)
    server = WebServer(app, "127.0.0.1", 0)
    thread: threading.Thread = run(server)
    yield Site(server, folder, Mailbox(), {}), desk
    server.stop()
    thread.join()


@pytest.fixture
def page(running):
    site, desk = running
    desk.requests.clear()
    desk.confirmed = 0
    return site, desk


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
        (b"newsletter=daily&agree=yes&address=jo", 422, "no complete mail address"),
        (b"newsletter=daily&agree=yes&address=" + b"a" * 400 + b"%40example.org", 422, "no complete mail"),
        (b"newsletter=daily&address=jo%40example.org", 422, "tick that you agree"),
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
    for method in ("GET", "HEAD"):
        assert site.ask(method, "/confirm/good").status == 200
    assert desk.confirmed == 0


def test_C1_the_button_subscribes_and_leads_to_the_choices(page):
    site, desk = page
    assert site.post("/confirm/good", b"").status == 400
    assert desk.confirmed == 0
    answer = site.post("/confirm/good", b"confirm=yes")
    assert answer.status == 200
    assert b"You are subscribed" in answer.body
    assert b'href="/preferences/reader"' in answer.body


def test_C1_every_link_that_cannot_be_used_gets_the_same_answer(page):
    site, _ = page
    answers = [site.get("/confirm/" + token) for token in ("bad", "%C3%A9", "x" * 3000)]
    answers.append(site.post("/confirm/bad", b"confirm=yes"))
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
        ("127.0.0.1", "nonsense", "unknown"),
        ("", "", "unknown"),
    ],
)
def test_a_network_is_as_large_as_one_household_gets(peer, forwarded, network):
    assert network_of(peer, forwarded) == network


CHOICES = Choices(newsletters=("daily",), selection=Selection(sections=("Sport",)), hour=7, paused_until=None)
CONSENT = "نشرة الأسبوع: I want it by mail."
OFFER = Offer(
    consents={"daily": "Morning: I want it by mail.", "weekly": CONSENT},
    newsletters={"daily": "Morning & <b>News</b>", "weekly": "نشرة الأسبوع"},
    sections=("Politics", "Sport", "<b>"),
    languages=("ar", "en"),
    cadences=("edition", "weekly"),
)


@dataclass(frozen=True)
class Shown:
    address: str = "j…@example.org"
    newsletter: str = "Morning & <b>News</b>"
    offer: Offer = OFFER
    choices: Choices = CHOICES
    feed: str = ""
    problem: str = ""


@dataclass
class Readers:
    """Remembers what was saved under the token ``good``."""

    saved: list[Mapping[str, Sequence[str]]] = field(default_factory=list)

    def look(self, token: str) -> Shown | None:
        return Shown() if token == "good" else None

    def save(self, token: str, fields: Mapping[str, Sequence[str]]) -> Shown | None:
        self.saved.append(fields)
        empty = "section" in fields.get("shown", ()) and not fields.get("section")
        return Shown(problem="section") if empty else self.look(token)

    def renew_feed(self, token: str) -> Shown | None:
        return self.look(token)


@pytest.fixture
def choosing(tmp_path):
    readers = Readers()
    app = create_app(WebOptions(), tmp_path, Mailbox(), templates=Templates(), health=dict, readers=readers)
    server = WebServer(app, "127.0.0.1", 0)
    thread = run(server)
    yield Site(server, tmp_path, Mailbox(), {}), readers
    server.stop()
    thread.join()


def test_the_choices_are_shown_and_looking_saves_nothing(choosing):
    site, readers = choosing
    answer = site.get("/preferences/good")
    text = answer.body.decode()
    assert answer.status == 200
    assert readers.saved == []
    assert answer["Cache-Control"] == "no-store"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert 'name="section" value="Sport" checked' in text
    assert 'name="section" value="Politics">' in text
    assert 'value="&lt;b&gt;"' in text
    assert '<option value="7" selected>07:00</option>' in text
    assert "<script" not in text


def test_one_post_saves_and_shows_what_holds_now(choosing):
    site, readers = choosing
    assert site.post("/preferences/good", b"").status == 400
    answer = site.post("/preferences/good", b"save=yes&section=Sport&section=Politics&hour=7")
    assert answer.status == 200
    assert b"Saved" in answer.body
    assert readers.saved == [{"save": ["yes"], "section": ["Sport", "Politics"], "hour": ["7"]}]


def test_C4_what_a_tick_agrees_to_stands_beside_it(choosing):
    site, _ = choosing
    text = site.get("/preferences/good").body.decode()
    assert CONSENT in text
    assert text.count("I want it by mail.") == 1


def test_a_list_without_a_tick_is_refused_on_the_page(choosing):
    site, _ = choosing
    answer = site.post("/preferences/good", b"save=yes&shown=section&shown=language&language=en")
    assert answer.status == 422
    assert b"No section is ticked" in answer.body
    assert b"Saved" not in answer.body


def test_a_wrong_link_shows_nothing(choosing):
    site, _ = choosing
    answers = [site.get("/preferences/bad"), site.post("/preferences/bad", b"save=yes")]
    assert {answer.status for answer in answers} == {404}


def test_every_page_for_readers_is_in_the_language_and_direction_of_the_site():
    notices = Notices(Templates(None, "ar"))
    offered = (("daily", "نشرة الساحل"), ("weekly", "نشرة الأسبوع"))
    form: dict[str, Any] = {"newsletters": offered, "consent": "", "chosen": "", "address": "", "done": False}
    pages = [
        notices.page("pages/subscribe.html", problem="agree", **form),
        notices.page("pages/subscribe.html", done=True),
        notices.page("pages/confirm.html", newsletter="نشرة", agreed="", reader_token="", done=False),
        notices.page("pages/confirm.html", newsletter="نشرة", agreed="", reader_token="t", done=True),
        notices.page(
            "pages/preferences.html", page=Shown(), token="t", done="saved", zones=("UTC",), pauses=(7, 14)
        ),
        *(
            notices.page(
                "pages/preferences.html", page=Shown(problem=name), token="t", done="", zones=(), pauses=()
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

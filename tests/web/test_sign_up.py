"""The sign-up pages: the same answer for everybody, and nothing happens by looking."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from syndicate.audience.link_tokens import CONFIRM, make_token, unsubscribe_token
from syndicate.audience.networks import network_of
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.jobs.publish.site_frame import bare_frame
from syndicate.model import SubscriptionState
from syndicate.publish.publish_options import PublishOptions
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store, sign_up_store
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests.factories import NOW
from tests.jobs.room import Room, opened_room
from tests.web.conftest import JO, OFFERED, Site, serving
from tests.web_app import create_app

FORM = b"newsletter=daily&agree=yes&address="


@dataclass
class Desk:
    """Where people sign up, and what the store knows about it."""

    room: Room
    job: SignUpJob

    @property
    def requests(self) -> list[tuple[str, str, str]]:
        with self.room.store.read() as connection:
            waiting = sign_up_store.waiting_sign_ups(connection, limit=9, now=NOW)
        return [(sign_up.newsletter, sign_up.address, sign_up.network) for sign_up in waiting]

    @property
    def readers(self) -> int:
        with self.room.store.read() as connection:
            return audience_store.count_readers(connection)

    def asked(self) -> str:
        """The token in the mail that Jo gets for a request."""
        assert self.job.request(["daily"], JO, "192.0.2.0/24")
        assert self.job.run(NOW) == {"mailed": 1}
        with self.room.store.read() as connection:
            (mail,) = delivery_store.list_deliveries(connection)
            return make_token(leases.read_secret(connection), mail.delivery.id, CONFIRM)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[Site, Desk]]:
    with opened_page(tmp_path) as opened:
        yield opened


@contextmanager
def opened_page(tmp_path: Path, **options: Any) -> Iterator[tuple[Site, Desk]]:
    """The sign-up page of a server, with options of the job."""
    with opened_room(tmp_path) as room:
        room.declare(OFFERED)
        services = room.services
        assert services.sign_ups is not None
        chosen = replace(services.sign_ups.options, **options)
        job = replace(services.sign_ups, options=chosen, clock=lambda: NOW)
        app = create_app(
            WebOptions(),
            tmp_path,
            services.unsubscribe,
            templates=Templates(),
            health=dict,
            sign_ups=job,
            preferences=services.preferences,
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
    assert text.count("<script") == text.count('<script src="/site/assets/site.js" defer ') == 1
    assert 'value="weekly" checked' in text
    assert 'value="daily">' in text
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
    assert ('value="daily" checked' in text) is not bool(taken)


def test_C2_every_well_formed_address_gets_the_same_answer(page):
    site, desk = page
    answers = [site.post("/subscribe", FORM + name + b"%40example.org") for name in (b"jo", b"stranger")]
    assert {answer.status for answer in answers} == {200}
    assert b"If <strong" in answers[0].body
    assert answers[0].body.replace(b"jo@", b"stranger@") == answers[1].body
    assert desk.requests == [
        ("daily", "jo@example.org", "127.0.0.0/24"),
        ("daily", "stranger@example.org", "127.0.0.0/24"),
    ]


def test_C2_a_program_that_fills_in_the_hidden_field_gets_the_same_answer_and_nothing_else(page):
    site, desk = page
    person = site.post("/subscribe", FORM + b"jo%40example.org")
    program = site.post("/subscribe", FORM + b"bot%40example.org&website=http%3A%2F%2Fspam.example")
    assert (person.status, person.body.replace(b"jo@", b"bot@")) == (program.status, program.body)
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
        (b"x" * 20_000, 413, "too long"),
        (b"&".join([b"a=1"] * 400), 413, "too long"),
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
    assert b'"><script>' not in answer.body
    assert b"&#34;&gt;&lt;script&gt;" in answer.body


def test_several_newsletters_are_one_request_and_one_confirmation(page):
    site, desk = page
    body = b"newsletter=weekly&newsletter=other&newsletter=daily&agree=yes&address=jo%40example.org"
    assert site.post("/subscribe", body).status == 200
    with desk.room.store.read() as connection:
        (request,) = sign_up_store.waiting_sign_ups(connection, limit=9, now=NOW)
    assert request.newsletters == ("daily", "weekly")
    assert desk.job.run(NOW) == {"mailed": 1}
    with desk.room.store.read() as connection:
        (mail,) = delivery_store.list_deliveries(connection)
        token = make_token(leases.read_secret(connection), mail.delivery.id, CONFIRM)
    shown = site.get(f"/confirm/{token}").body.decode()
    assert "Morning &amp; &lt;b&gt;News&lt;/b&gt; and نشرة الأسبوع" in shown
    assert site.post(f"/confirm/{token}", b"confirm=yes").status == 303
    with desk.room.store.read() as connection:
        (jo,) = audience_store.list_subscribers(connection)
    assert set(jo.subscriptions.values()) == {SubscriptionState.CONFIRMED}
    assert jo.subscriptions.keys() == {"daily", "weekly"}


def test_the_page_of_the_button_has_the_brand_of_the_first_newsletter():
    brands = [SimpleNamespace(name=name, title=f"{name} news", style=f"{name}.css", logo="") for name in "ab"]
    offers = [SimpleNamespace(name=brand.name, title="Daily", brand=brand) for brand in brands]
    templates = Templates()
    frame = bare_frame(templates, PublishOptions(site_url="", title="Coast"))
    facts = {"newsletter": "Daily and Weekly", "agreed": "", "entered": {}, "done": False, "reader_token": ""}
    for first in "ab":
        variables = {**frame.variables(), **facts, "offers": offers, "first": first}
        page = templates.render("pages/confirm.html", **variables)
        assert re.findall(r'<p class="letterhead">(\w)', page) == [first]


def test_what_was_typed_and_chosen_stays_when_something_is_missing(page):
    site, _ = page
    text = site.post(
        "/subscribe", b"newsletter=weekly&newsletter=daily&address=jo%40example.org"
    ).body.decode()
    assert 'value="weekly" checked' in text
    assert 'value="daily" checked' in text
    assert 'value="jo@example.org"' in text
    assert 'name="agree" value="yes" required aria-invalid="true"' in text
    assert 'role="alert" id="sign-up-problem"' in text


def test_a_consent_is_ticked_again_only_after_it_was_given(page):
    site, _ = page
    given = site.post("/subscribe", b"newsletter=daily&agree=yes&address=jo").body.decode()
    assert 'name="agree" value="yes" required checked' in given
    missing = site.post("/subscribe", b"agree=yes&address=jo%40example.org").body.decode()
    assert 'name="agree" value="yes" required>' in missing


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
    with desk.room.store.read() as connection:
        number = audience_store.subscription_of(connection, JO, "daily")
        assert number is not None
        own = unsubscribe_token(leases.read_secret(connection), number)
    answer = site.post(f"/confirm/{token}", b"confirm=yes")
    assert (answer.status, answer["Location"]) == (303, f"../preferences/{own}?done=subscribed")
    assert desk.readers == 1
    shown = site.get(f"/preferences/{own}?done=subscribed").body
    assert b"You are subscribed" in shown


def test_C1_a_used_link_says_that_it_was_used_and_leads_nowhere_else(page):
    site, desk = page
    token = desk.asked()
    assert site.get(f"/confirm/{token}?done=yes").status == 410
    site.post(f"/confirm/{token}", b"confirm=yes")
    again = site.post(f"/confirm/{token}", b"confirm=yes")
    assert (again.status, again["Location"]) == (303, "?done=yes")
    shown = site.get(f"/confirm/{token}?done=yes")
    assert (shown.status, b"You are subscribed" in shown.body) == (200, True)
    assert b"/preferences/" not in shown.body


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

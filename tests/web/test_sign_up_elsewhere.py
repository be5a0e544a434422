"""Sign-up from other sites: forms, scripts, frames, and programs."""

import json
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from syndicate.audience.fields import SubscriberField
from syndicate.audience.proof_of_work import is_proof
from syndicate.jobs.audience.sign_up_job import TRAPPED
from syndicate.store.leases import leases
from syndicate.store.subscribers import sign_up_store
from tests.factories import NOW
from tests.web.conftest import JO, Answer, Site
from tests.web.test_sign_up import FORM, Desk, opened_page

FRIEND = "https://www.friend.example"
FORM_TYPE = "application/x-www-form-urlencoded"
FIELDS = (
    SubscriberField(name="city", title="Your <city>", required=True, sign_up=True),
    SubscriberField(name="born", type="date", sign_up=True),
    SubscriberField(name="pupils", type="number", sign_up=True),
    SubscriberField(name="role", type="choice", choices=("Teacher", "Head"), sign_up=True),
    SubscriberField(name="print", title="On paper too", type="yes_no", sign_up=True),
)


@pytest.fixture
def page(tmp_path: Path) -> Iterator[tuple[Site, Desk]]:
    with opened_page(tmp_path, origins=(FRIEND,), per_network=9) as opened:
        yield opened


def send(site: Site, content: Any = None, **fields: str) -> Answer:
    """What a program gets for JSON."""
    body = json.dumps({"email": JO, "newsletters": ["daily"]} if content is None else content).encode()
    return site.ask("POST", "/subscribe", body, Content_Type="application/json", **fields)


def waiting(desk: Desk) -> sign_up_store.SignUp:
    with desk.room.store.read() as connection:
        (request,) = sign_up_store.waiting_sign_ups(connection, limit=9, now=NOW)
    return request


def test_a_program_signs_up_with_json_and_learns_nothing_about_the_address(page):
    site, desk = page
    desk.room.subscribe(JO)
    answers = [send(site, {"email": email, "newsletters": ["daily"]}) for email in (JO, "new@example.org")]
    assert [(answer.status, answer.body) for answer in answers] == [(202, b'{"status":"accepted"}')] * 2
    assert [address for _, address, _ in desk.requests] == [JO, "new@example.org"]


def test_a_program_may_send_the_form_and_ask_for_json(page):
    site, desk = page
    answer = site.ask(
        "POST", "/subscribe", FORM + b"jo%40example.org", Content_Type=FORM_TYPE, Accept="application/json"
    )
    assert (answer.status, answer["Content-Type"]) == (202, "application/json")
    assert len(desk.requests) == 1


def test_a_program_learns_each_wrong_member_as_problem_details(page):
    site, desk = page
    answer = send(site, {"email": "jo", "newsletters": ["other"]})
    assert (answer.status, answer["Content-Type"]) == (422, "application/problem+json")
    problem = json.loads(answer.body)
    assert (problem["type"], problem["status"]) == ("about:blank", 422)
    assert [(error["field"], error["code"]) for error in problem["errors"]] == [
        ("newsletters", "choose"),
        ("email", "address"),
    ]
    assert problem["errors"][1]["detail"] == "This email address is incomplete."
    assert desk.requests == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"3", b'"x"', b"[" * 9000, b"\xff", b'{"email": {}}', b'{"source": null}',
        b'{"newsletters": 1}', b'{"newsletters": [[]]}', b'{"fields": 1}', b'{"fields": {"x": []}}',
    ],
)  # fmt: skip
def test_json_of_another_form_is_a_bad_request(page, body):
    site, desk = page
    answer = site.ask("POST", "/subscribe", body, Content_Type="application/json; charset=utf-8")
    assert (answer.status, json.loads(answer.body)["status"]) == (400, 400)
    assert desk.requests == []


def test_a_program_that_sends_too_much_is_told_so_in_its_own_format(page):
    site, _ = page
    answer = send(site, {"email": "x" * 20_000})
    assert (answer.status, answer["Content-Type"]) == (413, "application/problem+json")


def test_programs_meet_the_same_limits_and_are_told_when_to_try_again(tmp_path):
    with opened_page(tmp_path, origins=(FRIEND,)) as (site, desk):
        answers = [send(site, Origin=FRIEND) for _ in range(3)]
        assert [answer.status for answer in answers] == [202, 202, 429]
        assert (answers[2]["Retry-After"], answers[2]["Content-Type"]) == ("3600", "application/problem+json")
        assert answers[2]["Access-Control-Allow-Origin"] == FRIEND
        assert len(desk.requests) == 2


def test_a_flood_of_forms_of_an_allowed_site_meets_the_limits_too(tmp_path):
    with opened_page(tmp_path, origins=(FRIEND,)) as (site, desk):
        named = {"Origin": FRIEND, "Sec_Fetch_Site": "cross-site", "Content_Type": FORM_TYPE}
        statuses = [
            site.ask("POST", "/subscribe", FORM + b"r%d%%40example.org" % number, **named).status
            for number in range(5)
        ]
        assert statuses == [200, 200, 429, 429, 429]
        assert len(desk.requests) == 2


def test_scripts_of_allowed_sites_only_may_read_the_answer(page):
    site, _ = page
    preflight = site.ask("OPTIONS", "/subscribe", Origin=FRIEND, Access_Control_Request_Method="POST")
    assert (preflight.status, preflight["Access-Control-Allow-Origin"]) == (204, FRIEND)
    assert "Content-Type" in str(preflight["Access-Control-Allow-Headers"])
    assert "POST" in str(preflight["Access-Control-Allow-Methods"])
    for answer in (preflight, send(site, Origin=FRIEND), send(site, {"email": "x"}, Origin=FRIEND)):
        assert answer["Access-Control-Allow-Origin"] == FRIEND
        assert answer["Access-Control-Allow-Credentials"] is None
        assert "Origin" in str(answer["Vary"])
    for origin in ("https://friend.example", "http://www.friend.example", "null", FRIEND + ".evil.example"):
        for answer in (site.ask("OPTIONS", "/subscribe", Origin=origin), send(site, Origin=origin)):
            assert answer["Access-Control-Allow-Origin"] is None
    assert site.get("/confirm/x", Origin=FRIEND)["Access-Control-Allow-Origin"] is None
    assert site.get("/subscribe", Origin=FRIEND)["Access-Control-Allow-Origin"] is None


def test_a_script_of_another_site_records_nothing(page):
    site, desk = page
    answer = send(site, Origin="https://evil.example", Sec_Fetch_Site="cross-site")
    assert answer.status == 403
    assert desk.requests == []


@pytest.mark.parametrize(("origin", "taken"), [(FRIEND, 1), ("https://evil.example", 0), ("null", 0)])
def test_a_form_of_an_allowed_site_is_taken_and_of_another_fills_in_ours(page, origin, taken):
    site, desk = page
    named = {"Content_Type": FORM_TYPE, "Sec_Fetch_Site": "cross-site", "Origin": origin}
    answer = site.ask("POST", "/subscribe", FORM + b"jo%40example.org", **named)
    assert (answer.status, len(desk.requests)) == (200, taken)
    assert (b"Check your inbox" in answer.body) is bool(taken)


@pytest.mark.parametrize(
    ("page_after", "leads_there"),
    [
        (b"https%3A%2F%2Fwww.friend.example%2Fthanks%3Fa%3D1", True),
        (b"https%3A%2F%2Fnews.example%2Fsite%2Findex.html", True),
        (b"https%3A%2F%2Fevil.example%2F", False),
        (b"https%3A%2F%2Fwww.friend.example%40evil.example%2F", False),
        (b"%2F%2Fevil.example", False),
        (b"javascript%3Aalert(1)", False),
        (b"https%3A%2F%2Fwww.friend.example%2F%0D%0ASet-Cookie%3A%20a%3Db", True),
    ],
)
def test_a_form_leads_on_to_its_page_on_an_allowed_site(page, page_after, leads_there):
    site, desk = page
    answer = site.post("/subscribe", FORM + b"jo%40example.org&next=" + page_after)
    assert answer.status == (303 if leads_there else 200)
    assert answer["Set-Cookie"] is None
    assert len(desk.requests) == 1


def test_the_page_and_the_source_of_a_form_stay_when_something_is_missing(page):
    site, _ = page
    answer = site.post("/subscribe", b"source=a%22b&next=https%3A%2F%2Fwww.friend.example%2F&address=jo")
    assert b'name="source" value="a&#34;b"' in answer.body
    assert b'name="next" value="https://www.friend.example/"' in answer.body
    assert f"form-action 'self' {FRIEND};" in str(answer["Content-Security-Policy"])


@pytest.mark.parametrize(
    ("content", "fields", "source"),
    [
        ({"source": " the\u202e podcast\n" + "x" * 200}, {}, "the podcast " + "x" * 68),
        ({"source": "app"}, {"Referer": FRIEND + "/a"}, "app"),
        ({}, {"Referer": FRIEND + "/a?b=c"}, FRIEND),
        ({}, {"Origin": FRIEND}, FRIEND),
        ({}, {"Referer": "https://news.example/site/index.html"}, ""),
        ({}, {"Origin": "null"}, ""),
        ({}, {}, ""),
    ],
)
def test_the_source_of_a_sign_up_is_named_or_the_site_it_comes_from(page, content, fields, source):
    site, desk = page
    send(site, {"email": JO, "newsletters": ["daily"]} | content, **fields)
    assert waiting(desk).source[:79] == source[:79]
    assert len(waiting(desk).source) <= 80


def test_a_link_names_the_source_of_the_form_it_opens(page):
    site, _ = page
    assert b'name="source" value="card"' in site.get("/subscribe?source=card").body
    named = site.get("/subscribe", Referer="https://blog.example/post").body
    assert b'name="source" value="https://blog.example"' in named


def test_a_program_that_fills_in_the_trap_is_counted_and_nothing_else_is_stored(page):
    site, desk = page
    answer = send(site, {"email": JO, "newsletters": ["daily"], "website": "x"})
    assert (answer.status, answer.body) == (202, b'{"status":"accepted"}')
    assert desk.requests == []
    with desk.room.store.read() as connection:
        assert leases.read_counter(connection, TRAPPED) == 1


def test_the_form_stands_alone_in_a_frame_of_allowed_sites_only(page):
    site, desk = page
    shown = site.get("/subscribe/form?newsletter=weekly&source=frame")
    assert f"frame-ancestors {FRIEND}" in str(shown["Content-Security-Policy"])
    assert b'value="weekly" checked' in shown.body
    assert b"<nav" not in shown.body
    assert shown["X-Frame-Options"] is None
    sent = site.post("/subscribe/form", FORM + b"jo%40example.org&source=frame")
    assert (sent.status, b"Check your inbox" in sent.body) == (200, True)
    assert f"frame-ancestors {FRIEND}" in str(sent["Content-Security-Policy"])
    assert waiting(desk).source == "frame"
    for other in ("/subscribe", "/confirm/x", "/site/index.html"):
        assert "frame-ancestors 'none'" in str(site.get(other)["Content-Security-Policy"])


def test_without_allowed_sites_no_site_may_frame_the_form(tmp_path):
    with opened_page(tmp_path) as (site, _):
        policy = str(site.get("/subscribe/form")["Content-Security-Policy"])
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self';" in policy


def test_a_program_learns_what_the_form_asks_for(tmp_path):
    with opened_page(tmp_path, origins=(FRIEND,), fields=FIELDS[:1]) as (site, _):
        answer = site.get("/subscribe", Accept="application/json", Origin=FRIEND)
        facts = json.loads(answer.body)
        assert answer["Access-Control-Allow-Origin"] == FRIEND
        assert [newsletter["name"] for newsletter in facts["newsletters"]] == ["daily", "weekly"]
        assert facts["consent"] == "I want <it>."
        assert (facts["fields"][0]["name"], facts["fields"][0]["required"]) == ("city", True)
        assert facts["proof_of_work"] == {"bits": 0, "challenge": ""}


def test_fields_of_the_form_are_checked_and_wait_for_the_confirmation(tmp_path):
    with opened_page(tmp_path, fields=FIELDS) as (site, desk):
        shown = site.get("/subscribe").body.decode()
        assert "Your &lt;city&gt;" in shown
        assert all(f'name="field.{field.name}"' in shown for field in FIELDS)
        wrong = site.post("/subscribe", FORM + b"jo%40example.org&field.born=monday&field.role=Head")
        assert wrong.status == 422
        text = wrong.body.decode()
        assert "Correct the marked answers." in text
        assert text.count('aria-invalid="true"') == 2
        assert 'value="monday"' in text
        assert '<option value="Head" selected>Head</option>' in text
        assert desk.requests == []
        right = b"&field.city=Bergen&field.born=1990-02-03&field.pupils=007.50&field.role=head"
        others = b"&field.print=yes&field.gone=x"
        assert site.post("/subscribe", FORM + b"jo%40example.org" + right + others).status == 200
        assert waiting(desk).fields == {
            "city": "Bergen", "born": "1990-02-03", "pupils": "7.5", "role": "Head", "print": "yes",
        }  # fmt: skip


def test_fields_come_as_json_values_too(tmp_path):
    with opened_page(tmp_path, fields=FIELDS) as (site, desk):
        given = {"city": "Oslo", "pupils": 3.5, "print": False}
        assert send(site, {"email": JO, "newsletters": ["daily"], "fields": given}).status == 202
        assert waiting(desk).fields == {"city": "Oslo", "pupils": "3.5", "print": "no"}


def test_a_proof_of_work_is_asked_for_and_checked(tmp_path):
    with opened_page(tmp_path, proof_of_work=6) as (site, desk):
        shown = site.get("/subscribe").body
        assert b"/site/assets/proof-of-work.js" in shown
        assert b"<noscript>" in shown
        refused = site.post("/subscribe", FORM + b"jo%40example.org")
        assert (refused.status, b"Please send the form again" in refused.body) == (422, True)
        assert json.loads(send(site).body)["errors"][0]["field"] == "work"
        assert desk.requests == []
        asked = json.loads(site.get("/subscribe", Accept="application/json").body)["proof_of_work"]
        assert asked["bits"] == 6
        with desk.room.store.read() as connection:
            secret = leases.read_secret(connection)
        works = (f"{asked['challenge']}{number}" for number in count())
        work = next(work for work in works if is_proof(secret, work, JO, 6, NOW))
        given = {"email": JO, "newsletters": ["daily"], "work": work}
        assert send(site, given).status == 202
        assert len(desk.requests) == 1


def test_the_script_of_the_proof_of_work_is_at_most_a_kibibyte():
    templates = Path(__file__).parents[2] / "templates"
    assert len((templates / "pages/proof-of-work.js").read_bytes()) <= 1024


@pytest.mark.all
def test_the_script_finds_the_number_before_the_form_is_sent(tmp_path, browser):
    templates = Path(__file__).parents[2] / "templates"
    script = (templates / "pages/proof-of-work.js").read_bytes()
    with opened_page(tmp_path, proof_of_work=8) as (site, desk):
        site.put("site/assets/proof-of-work.js", script)
        page = browser.new_page()
        page.goto(f"http://{site.server.host}:{site.server.port}/subscribe?newsletter=daily")
        page.fill("#address", " jo@example.org ")
        page.check("[name=agree]")
        page.click(".sign-up button")
        page.wait_for_selector("[role=status]")
        page.close()
        assert len(desk.requests) == 1

"""Forged requests: planted sessions, forms of other sites, redirects, guessed accounts, frames."""

from datetime import timedelta
from urllib.parse import quote

import argon2
import pytest

from syndicate.access.passwords import hash_password
from syndicate.access.random_keys import hash_key
from syndicate.jobs.admin.access.sign_in import Client
from syndicate.store.access import audit_store, session_store
from syndicate.web.admin.admin_routes import ADMIN_ROUTES
from tests.web.admin.conftest import COOKIE, NORA, AdminClient, AdminSite
from tests.web.admin.test_hostile_requests import POLICY, address
from tests.web.conftest import Answer

PASSWORD = "a long password of Nora"
ELSEWHERE = (
    "//evil.example", "/\\evil.example", "\\\\evil.example", "/%5cevil.example", "%2f%2fevil.example",
    "https://evil.example/admin/", "https:/evil.example", "http:evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "///evil.example", "////evil.example/..",
    "/admin//../..//evil", "/admin/..//evil.example", "/admin/../../site/", "/admin/%2e%2e//evil.example",
    "/admin/\t//evil", "\x00//e", "//admin@evil.example/admin/",
    "/admin/\r\nLocation: https://evil.example", "?next=//evil.example", "#//evil", "admin/",
    ".evil.example", "@evil.example", "//evil%E3%80%82example", "/\u2028/evil.example",
    "/admin\\..\\..\\evil", "/admin/\u200f", "https://news.example.evil.example/admin/",
    "ftp://evil.example",
)  # fmt: skip


def sign_in(client: AdminClient, **more: str) -> Answer:
    return client.post("/admin/sign-in", {"address": NORA, "password": PASSWORD, **more})


def test_a_session_that_a_stranger_planted_is_never_the_user_s(admin_site: AdminSite) -> None:
    """Neither an invented id, nor the id of the attacker's own session, is kept at the sign-in."""
    admin_site.add_user(password_hash=hash_password(PASSWORD))
    attacker = admin_site.client("editor")
    for planted in ("x" * 43, attacker.session_id):
        browser = admin_site.stranger()
        browser.session_id = planted
        assert sign_in(browser).status == 303
        assert browser.session_id not in ("", planted)
        stranger = admin_site.stranger()
        stranger.session_id = planted
        assert NORA not in stranger.get("/admin/account").body.decode()
    before, browser = set[str](), admin_site.stranger()
    for _ in range(3):
        sign_in(browser)
        assert browser.session_id not in before
        before.add(browser.session_id)


def test_a_session_in_the_address_the_body_or_another_cookie_is_none(admin_site: AdminSite) -> None:
    nora = admin_site.client()
    for name in ("session", COOKIE, "sid", f"__Host-{COOKIE}", f"{COOKIE}-form"):
        stranger = admin_site.stranger()
        assert stranger.get(f"/admin/account?{name}={nora.session_id}").status == 303, name
        if name != COOKIE:
            stranger.other_cookies[name] = nora.session_id
            assert stranger.get("/admin/account").status == 303, name
    with admin_site.room.store.read() as connection:
        found = session_store.find_session(connection, hash_key(nora.session_id), admin_site.now)
    assert found is not None
    stranger.session_id = found.id_hash
    assert stranger.get("/admin/account").status == 303, "the stored hash is no session"


def forged() -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Fields and headers of forms that no page of the site has sent."""
    own: dict[str, str] = {}
    return {
        "no token": ({"csrf": ""}, own),
        "a guessed token": ({"csrf": "A" * 43}, own),
        "a token of another session": ({"csrf": "OTHER"}, own),
        "another site": ({}, {"Sec_Fetch_Site": "cross-site"}),
        "a sister host": ({}, {"Sec_Fetch_Site": "same-site"}),
        "no page": ({}, {"Sec_Fetch_Site": "none"}),
        "another origin": ({}, {"Sec_Fetch_Site": "", "Origin": "https://evil.example"}),
        "a hidden origin": ({}, {"Sec_Fetch_Site": "", "Origin": "null"}),
        "no origin": ({}, {"Sec_Fetch_Site": ""}),
    }


@pytest.mark.all
def test_a_valid_cookie_alone_sends_no_form(admin_site: AdminSite) -> None:
    """Each way of forging is tried on some addresses, and one of them on each."""
    nora, other = admin_site.client(), admin_site.client("editor")
    with admin_site.room.store.read() as connection:
        before = len(audit_store.audit_rows(connection, limit=1000))
    paths = [address(route, "1") for route in ADMIN_ROUTES if "POST" in route.methods]
    for number, (how, (fields, headers)) in enumerate(forged().items()):
        given = {"csrf": nora.csrf, **fields}
        given["csrf"] = other.csrf if given["csrf"] == "OTHER" else given["csrf"]
        for path in paths[number::9] if number else paths:
            admin_site.now += timedelta(seconds=1)
            answer = nora.post(path, given, **headers)
            assert answer.status == 403, (how, path, answer.status)
            assert "set-cookie" not in answer.fields, path
    with admin_site.room.store.read() as connection:
        assert len(audit_store.audit_rows(connection, limit=1000)) == before
    assert nora.get("/admin/account").status == 200


def test_a_form_as_plain_text_or_json_sends_nothing(admin_site: AdminSite) -> None:
    """Other sites can send these without a preflight request."""
    nora = admin_site.client()
    body = f'{{"csrf": "{nora.csrf}", "do": "remove"}}'.encode()
    for kind in ("text/plain", "application/json", "application/csp-report", ""):
        answer = admin_site.site.ask(
            "POST", "/admin/sources", body, Cookie=f"{COOKIE}={nora.session_id}", Content_Type=kind,
            Sec_Fetch_Site="same-origin",
        )  # fmt: skip
        assert answer.status == 403, kind


def test_other_methods_change_nothing(admin_site: AdminSite) -> None:
    nora = admin_site.client()
    for method in ("PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE"):
        for path in ("/admin/sign-out", "/admin/deliveries/pause", "/admin/subscribers/export"):
            answer = admin_site.site.ask(method, path, None, Cookie=f"{COOKIE}={nora.session_id}")
            assert answer.status in (405, 501), (method, path, answer.status)
    assert nora.get("/admin/account").status == 200


@pytest.mark.all
def test_no_sign_in_leads_elsewhere(admin_site: AdminSite) -> None:
    admin_site.add_user(password_hash=HASH)
    signed_in = admin_site.client()
    for target in ELSEWHERE:
        admin_site.now += timedelta(minutes=5)
        answers = [
            signed_in.get(f"/admin/sign-in?next={quote(target)}"),
            signed_in.post("/admin/confirm", {"password": PASSWORD, "next": target}),
        ]
        if target in ELSEWHERE[:3]:
            answers.append(sign_in(admin_site.stranger(), next=target))
        for answer in answers:
            if answer.status in (400, 422):
                continue
            place = answer["location"] or ""
            assert place.startswith("/admin/"), (target, place)
            assert not {"\r", "\n", "\\"} & set(place), (target, place)
            assert "/.." not in place, (target, place)


# Cheap: the test asks for it many times.
HASH = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)


def test_an_unknown_address_costs_as_many_hashes_as_a_wrong_password(
    admin_site: AdminSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin_site.add_user(password_hash=hash_password(PASSWORD))
    admin_site.add_user("new@news.example", "editor", password_hash="")
    job, really, done = admin_site.room.services.admin.sign_in, argon2.PasswordHasher.verify, list[str]()

    def verify(hasher: argon2.PasswordHasher, stored: str, password: str) -> bool:
        done.append(stored.rpartition("$")[0].rpartition("$")[0])
        return really(hasher, stored, password)

    monkeypatch.setattr(argon2.PasswordHasher, "verify", verify)
    work = []
    for number, (name, password) in enumerate(
        [
            (NORA, "a wrong password"),
            ("who@news.example", "a wrong password"),
            ("new@news.example", "a wrong password"),
            ("", "a wrong password"),
            ("x" * 5000, "a wrong password"),
        ]
    ):
        done.clear()
        with pytest.raises(Exception, match="do not fit"):
            job.start(name, password, Client(network=f"10.0.{number}.0"), admin_site.now)
        work.append(tuple(done))
    assert set(work) == {work[0]}, "one hash each, with the same parameters"
    assert len(work[0]) == 1


def test_every_answer_forbids_frames_and_sniffing(admin_site: AdminSite) -> None:
    """Also redirects, errors, downloads and files."""
    nora, stranger = admin_site.client(), admin_site.stranger()
    asset = nora.page("/admin/").partition('href="/admin/assets/')[2].partition('"')[0]
    answers = {
        "redirect": stranger.get("/admin/"),
        "home": nora.get("/admin"),
        "not found": nora.get("/admin/none"),
        "deeper": nora.get("/admin/sources/none/of/them"),
        "no asset": nora.get("/admin/assets/x/none.js"),
        "asset": nora.get(f"/admin/assets/{asset}"),
        "method": admin_site.site.ask("DELETE", "/admin/sources"),
        "host": nora.get("/admin/", Host="evil.example"),
        "NUL": nora.get("/admin/sources?q=%00"),
        "forged": nora.post("/admin/sources", {"csrf": ""}),
        "download": nora.get("/admin/sources.csv"),
        "export": nora.get("/admin/sources/export"),
        "lines": nora.get("/admin/settings/audit.ndjson"),
        "too long": nora.post("/admin/sources", {"x": "y" * 1_100_000}),
        "too large for a stranger": stranger.post("/admin/sign-in", {"x": "y" * 20_000}),
        "broken form": admin_site.site.ask(
            "POST", "/admin/sources/import", b"--x", Cookie=f"{COOKIE}={nora.session_id}",
            Content_Type="multipart/form-data; boundary=edge",
        ),
    }  # fmt: skip
    for name, answer in answers.items():
        for header, value in POLICY:
            if (name, header) != ("asset", "cache-control"):
                assert value in (answer[header] or ""), (name, answer.status, header)
        assert "access-control-allow-origin" not in answer.fields, name

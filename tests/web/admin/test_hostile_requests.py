"""Requests of strangers and of broken browsers, and people who share a browser."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pyotp
import pytest

from syndicate.errors import ActionRefused
from syndicate.jobs.admin.access.sign_in import Client
from syndicate.model.actors import Change, command_actor
from syndicate.store.access import user_store
from syndicate.web.admin.admin_request import AdminRoute
from syndicate.web.admin.admin_routes import ADMIN_ROUTES
from tests.jobs.room import Room
from tests.web.admin.conftest import NORA, AdminClient, AdminSite, serving_admin

PASSWORD = "a long password of Nora"
POLICY = (
    ("content-security-policy", "frame-ancestors 'none'"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)


PARTS = ("id", "number", "name", "key", "look", "uid", "what", "form")


def address(route: AdminRoute, number: str) -> str:
    path = "/admin" + route.path.replace(":int", "")
    for part in PARTS:
        path = path.replace(f"{{{part}}}", number)
    return path


@pytest.mark.parametrize("role", ["", "editor", "admin"])
def test_every_page_answers_without_an_error_and_with_all_headers(admin_site: AdminSite, role: str):
    admin_site.add_user()
    client = admin_site.client(role) if role else admin_site.stranger()
    for route in ADMIN_ROUTES:
        # The description of the API takes seconds to build, and has a test of its own.
        if "GET" in route.methods and route.path != "/api":
            answer = client.get(address(route, "1"))
            assert answer.status < 500, route.path
            for name, expected in POLICY:
                assert expected in (answer[name] or ""), (route.path, name)


def test_a_number_that_no_row_can_have_is_an_unknown_page(admin_client: AdminClient):
    for route in ADMIN_ROUTES:
        if ":int" in route.path:
            path = address(route, "9" * 20)
            answer = admin_client.get(path) if "GET" in route.methods else admin_client.post(path)
            assert answer.status == 404, path


def test_numbers_that_no_row_has_are_unknown_rows_in_forms_too(admin_client: AdminClient):
    given = {"do": "pause", "chosen": ["9" * 30, "9" * 5000]}
    assert admin_client.post("/admin/sources", given).status == 422
    assert admin_client.post("/admin/system/retry", {"kind": "text", "source_id": "9" * 30}).status < 500


@pytest.mark.parametrize("host", ["127.evil.example", "127.0.0.1.evil.example", "127.0.0.1.evil.example:80"])
def test_a_name_that_begins_like_loopback_is_another_host(admin_client: AdminClient, host: str):
    assert admin_client.get("/admin/", Host=host).status == 421


@pytest.mark.parametrize(
    ("target", "location"),
    [
        ("/admin/channels/日本", "/admin/channels/%E6%97%A5%E6%9C%AC"),
        ("/admin/sources?q=a%20b&tab=x#y", "/admin/sources?q=a%20b&tab=x#y"),
        ("//evil.example", "/admin/"),
        ("/\\evil.example", "/admin/"),
        ("https:evil.example", "/admin/"),
        ("http://a@evil.example", "/admin/"),
        ("\t//evil.example", "/admin/"),
        ("/admin/\r\nX-A: b", "/admin/"),
        ("/admin/../feeds", "/admin/"),
    ],
)
def test_after_the_sign_in_only_an_own_page_is_shown(admin_client: AdminClient, target: str, location: str):
    answer = admin_client.get(f"/admin/sign-in?next={quote(target)}")
    assert (answer.status, answer["location"]) == (303, location)


def test_a_form_that_a_stranger_left_is_shown_to_no_user(admin_site: AdminSite, admin_client: AdminClient):
    stranger = admin_site.stranger()
    left = stranger.post("/admin/settings/users", {"address": "eve@evil.example", "role": "admin"})
    key = (left["location"] or "").rpartition("/")[2]
    admin_client.other_cookies["syndicate-form"] = "another"
    assert admin_client.get(f"/admin/again/{key}").status == 410
    del admin_client.other_cookies["syndicate-form"]
    assert admin_client.get(f"/admin/again/{key}").status == 410


def test_a_browser_that_two_people_share_shows_the_person_whom_the_proxy_names(
    admin_room: Room, tmp_path: Path
):
    admin_room.declare('[admin]\nenabled = true\nuser_header = "Remote-User"\nproxies = ["127.0.0.0/8"]\n')
    with serving_admin(admin_room, tmp_path / "feeds") as site:
        site.add_user()
        site.add_user("eve@news.example", "editor")
        browser = site.stranger()
        browser.get("/admin/", Remote_User=NORA)
        assert browser.get("/admin/settings/users", Remote_User=NORA).status == 200
        assert browser.get("/admin/", Remote_User="eve@news.example").status == 303
        assert browser.get("/admin/settings/users", Remote_User="eve@news.example").status == 404


def test_a_second_step_is_replaced_only_after_the_password(admin_site: AdminSite, admin_client: AdminClient):
    with admin_site.room.store.write() as connection:
        user_store.change_user(connection, 1, totp_secret=pyotp.random_base32())
    admin_site.now += timedelta(minutes=20)
    secret = pyotp.random_base32()
    given = {"secret": secret, "code": pyotp.TOTP(secret).at(admin_site.now)}
    answer = admin_client.post("/admin/account/second-step", given)
    assert (answer["location"] or "").startswith("/admin/confirm")
    with admin_site.room.store.read() as connection:
        user = user_store.find_user(connection, user_id=1)
    assert user is not None
    assert user.totp_secret != secret


def test_a_sign_in_that_waits_for_its_code_ends_with_the_password(admin_site: AdminSite):
    users, sign_in = admin_site.room.services.admin.users, admin_site.room.services.admin.sign_in
    command, secret, now = command_actor("nora"), pyotp.random_base32(), admin_site.now
    number = int(users.add(Change(actor=command, now=now), NORA, "admin", password=PASSWORD).result.id)
    change = Change(actor=command, now=now)
    ends: tuple[Callable[[], object], ...] = (
        lambda: users.set_password(change, number, f"{PASSWORD} two"),
        lambda: users.reset_second_step(change, number),
        lambda: users.end_sessions(change, number),
    )
    for end in ends:
        users.set_password(change, number, PASSWORD)
        with admin_site.room.store.write() as connection:
            user_store.change_user(connection, number, totp_secret=secret, totp_step=0)
        step_key = sign_in.start(NORA, PASSWORD, Client(), now).step_key
        end()
        with pytest.raises(ActionRefused):
            sign_in.finish(step_key, pyotp.TOTP(secret).at(now), Client(), now)

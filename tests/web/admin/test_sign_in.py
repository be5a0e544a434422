import re
from datetime import timedelta
from functools import cache
from threading import Event

import pyotp
import pytest

from syndicate.access.passwords import hash_password
from syndicate.jobs.admin.access.access_views import audit_page
from syndicate.jobs.admin.access.sign_in import Client, seconds_to_wait
from syndicate.model.actors import Change, command_actor
from syndicate.store.access import user_store
from tests.factories import NOW
from tests.web.admin.conftest import NORA, AdminClient, AdminSite

PASSWORD = "seven quiet harbours"


@cache
def hashed() -> str:
    return hash_password(PASSWORD)


@pytest.fixture
def nora(admin_site: AdminSite) -> int:
    return admin_site.add_user(password_hash=hashed())


def sign_in(client: AdminClient, password: str = PASSWORD, address: str = NORA, **more: str):
    return client.post("/admin/sign-in", {"address": address, "password": password, **more})


def test_the_right_password_signs_in_with_a_new_session(admin_site: AdminSite, nora: int):
    client = admin_site.stranger()
    client.session_id = planted = "x" * 43
    answer = sign_in(client, next="/admin/account")
    assert (answer.status, answer["location"]) == (303, "/admin/account")
    assert client.session_id not in ("", planted)
    assert "nora@news.example" in client.page("/admin/account")
    cookie = answer["set-cookie"] or ""
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie


def test_behind_https_the_cookie_belongs_to_the_host_alone(admin_site: AdminSite, nora: int):
    answer = admin_site.stranger().post(
        "/admin/sign-in", {"address": NORA, "password": PASSWORD}, Host="news.example"
    )
    cookie = answer["set-cookie"] or ""
    assert cookie.startswith("__Host-syndicate=")
    assert "Secure" in cookie
    assert "Domain" not in cookie


def test_wrong_password_and_unknown_address_get_the_same_answer(admin_site: AdminSite, nora: int):
    client = admin_site.stranger()
    wrong, unknown = sign_in(client, "wrong password"), sign_in(client, address="who@news.example")
    assert wrong.status == unknown.status == 422

    def without_typed(body: bytes) -> str:
        return re.sub(r'value="[^"]*"', "", body.decode())

    assert without_typed(wrong.body) == without_typed(unknown.body)


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example/admin/", "/admin/..//x", "/\\evil", "/site/", "/admin/\n"],
)
def test_after_the_sign_in_only_own_pages_follow(admin_site: AdminSite, nora: int, target: str):
    assert sign_in(admin_site.stranger(), next=target)["location"] == "/admin/"


def test_after_five_failures_the_account_waits_and_a_restart_does_not_help(admin_site: AdminSite, nora: int):
    client, signed_in = admin_site.stranger(), admin_site.client()
    for _ in range(5):
        answer = sign_in(client, "wrong password")
    assert answer.status == 429
    del admin_site.room.services.__dict__["admin"]
    assert sign_in(client).status == 429
    assert "seconds" in sign_in(client).body.decode()
    assert signed_in.page("/admin/account")
    admin_site.now += timedelta(seconds=3)
    assert sign_in(client).status == 303


@pytest.mark.all
def test_the_wait_doubles_with_each_failure_up_to_15_minutes():
    waits = [seconds_to_wait(count, NOW, 5, NOW) for count in range(4, 18)]
    assert waits[:4] == [0, 2, 4, 8]
    assert max(waits) == 900
    assert seconds_to_wait(6, NOW, 5, NOW + timedelta(seconds=4)) == 0


def test_twenty_failures_make_a_network_wait(admin_site: AdminSite, nora: int):
    statuses = [sign_in(admin_site.stranger(), "x", address=f"{n}@news.example").status for n in range(21)]
    assert statuses.index(429) == 19


def test_a_second_step_asks_for_a_code_that_works_once(admin_site: AdminSite):
    secret = "A" * 32
    admin_site.add_user(password_hash=hashed(), totp_secret=secret)
    code = pyotp.TOTP(secret).at(admin_site.now)
    for expected in (303, 422):
        client = admin_site.stranger()
        page = sign_in(client).body.decode()
        assert not client.session_id
        step = page.partition('name="step" value="')[2].partition('"')[0]
        assert client.post("/admin/sign-in/code", {"step": step, "code": code}).status == expected


def test_a_recovery_code_replaces_the_device_once(admin_site: AdminSite, admin_client: AdminClient):
    page = admin_client.page("/admin/account/second-step")
    secret = page.partition('name="secret" value="')[2].partition('"')[0]
    wrong = admin_client.post("/admin/account/second-step", {"secret": secret, "code": "000000"})
    assert wrong.status == 422
    assert secret in wrong.body.decode()
    code = pyotp.TOTP(secret).at(admin_site.now)
    codes = admin_client.post("/admin/account/second-step", {"secret": secret, "code": code}).body.decode()
    recovery = re.findall(r"<li>([a-z0-9]{5}-[a-z0-9]{5})</li>", codes)[0]
    with admin_site.room.store.write() as connection:
        user_store.change_user(connection, 1, password_hash=hashed())
    for expected in (303, 422):
        client = admin_site.stranger()
        step = sign_in(client).body.decode().partition('name="step" value="')[2].partition('"')[0]
        assert client.post("/admin/sign-in/code", {"step": step, "code": recovery}).status == expected


def test_sign_ins_and_failures_are_in_the_audit_log_without_unknown_addresses(
    admin_site: AdminSite, nora: int
):
    sign_in(admin_site.stranger(), "wrong password")
    sign_in(admin_site.stranger(), address="my secret password")
    sign_in(admin_site.stranger())
    with admin_site.room.store.read() as connection:
        rows = audit_page(connection, {})
    assert [row.action for row in rows] == ["user.sign-in", "user.sign-in-failed"]
    assert {row.actor_name for row in rows} == {NORA}


def test_sessions_end_when_idle_or_old_unless_the_user_stays(admin_site: AdminSite, nora: int):
    client, staying = admin_site.stranger(), admin_site.stranger()
    sign_in(client)
    assert "Max-Age=1209600" in (sign_in(staying, stay="yes")["set-cookie"] or "")
    admin_site.now += timedelta(hours=11)
    assert client.page("/admin/account")
    admin_site.now += timedelta(hours=13)
    assert client.get("/admin/account").status == 303
    admin_site.now += timedelta(days=12)
    assert staying.page("/admin/account")
    admin_site.now += timedelta(days=1)
    assert staying.get("/admin/account").status == 303


def test_a_form_without_a_session_comes_back_filled_in_after_the_sign_in(admin_site: AdminSite, nora: int):
    client = admin_site.stranger()
    asked = client.post("/admin/account", {"name": "Nora <b>", "test_address": ""})
    assert asked.status == 303
    location = asked["location"] or ""
    target = client.get(location).body.decode().partition('name="next" value="')[2].partition('"')[0]
    again = client.follow(sign_in(client, next=target))
    assert "Nora &lt;b&gt;" in again
    assert 'action="/admin/account"' in again
    assert client.get(target).status == 410
    assert client.post("/admin/account", {"name": "Nora <b>"}).status == 303
    assert "Nora &lt;b&gt;" in client.page("/admin/account")


def test_a_form_of_another_site_is_not_kept(admin_site: AdminSite, nora: int):
    answer = admin_site.stranger().post("/admin/account", {"name": "x"}, Sec_Fetch_Site="cross-site")
    assert answer.status == 403


def test_without_fetch_metadata_the_origin_decides(admin_site: AdminSite, nora: int):
    client = admin_site.stranger()
    given = {"address": NORA, "password": PASSWORD}
    host = admin_site.url.removeprefix("http://")
    for origin, status in ((f"http://{host}", 303), ("http://evil.example", 403), ("null", 403), ("", 403)):
        assert client.post("/admin/sign-in", given, Sec_Fetch_Site="", Origin=origin).status == status


def test_sign_out_everywhere_ends_the_other_sessions(admin_site: AdminSite):
    here, there = admin_site.client(), admin_site.client()
    assert "signed out of 1 session." in here.follow(here.post("/admin/account/sessions", {"session": "all"}))
    assert there.get("/admin/account").status == 303
    assert here.page("/admin/account")


def test_a_new_password_ends_all_sessions_and_starts_another(admin_site: AdminSite, nora: int):
    client, other = admin_site.stranger(), admin_site.stranger()
    sign_in(client)
    sign_in(other)
    before = client.session_id
    wrong = client.post("/admin/account/password", {"current": "wrong", "password": "eight loud harbours"})
    assert wrong.status == 422
    done = client.post("/admin/account/password", {"current": PASSWORD, "password": "eight loud harbours"})
    assert done.status == 303
    assert client.session_id != before
    assert client.page("/admin/account")
    assert other.get("/admin/account").status == 303


def test_users_tokens_and_exports_ask_for_the_password_after_15_minutes(admin_site: AdminSite, nora: int):
    client = admin_site.stranger()
    sign_in(client)
    admin_site.now += timedelta(minutes=16)
    asked = client.post("/admin/settings/users", {"address": "sam@news.example", "role": "editor"})
    page = client.get(asked["location"] or "").body.decode()
    target = page.partition('name="next" value="')[2].partition('"')[0]
    assert client.post("/admin/confirm", {"password": "wrong", "next": target}).status == 422
    again = client.follow(client.post("/admin/confirm", {"password": PASSWORD, "next": target}))
    assert "sam@news.example" in again
    assert b"/admin/password/" in client.post(
        "/admin/settings/users", {"address": "sam@news.example", "role": "editor"}
    ).body  # fmt: skip


def test_more_than_120_forms_a_minute_wait(admin_site: AdminSite, admin_client: AdminClient):
    job = admin_site.room.services.admin.sign_in
    signed_in = job.look(admin_client.session_id, admin_site.now)
    assert signed_in is not None
    for _ in range(120):
        job.count_form(signed_in.session, admin_site.now)
    answer = admin_client.post("/admin/account", {"name": "x"})
    assert answer.status == 429
    assert answer["retry-after"]


def test_the_same_form_sent_twice_is_one_change(admin_site: AdminSite, admin_client: AdminClient):
    given = {"address": "sam@news.example", "role": "editor", "key": "same"}
    first = admin_client.post("/admin/settings/users", given).body.decode()
    second = admin_client.post("/admin/settings/users", given)
    assert "/admin/password/" in first
    assert second.status == 200
    assert "/admin/password/" not in second.body.decode()
    with admin_site.room.store.read() as connection:
        assert len(user_store.list_users(connection)) == 2


def test_strangers_lock_no_signed_in_user_out_of_the_password(admin_site: AdminSite, nora: int):
    client, stranger = admin_site.stranger(), admin_site.stranger()
    sign_in(client)
    for _ in range(6):
        answer = sign_in(stranger, "wrong password")
    assert answer.status == 429
    assert client.post("/admin/confirm", {"password": PASSWORD}).status == 303
    statuses = [client.post("/admin/confirm", {"password": "wrong"}).status for _ in range(6)]
    assert statuses == [422] * 5 + [429]


def test_a_form_with_a_password_is_never_kept(admin_site: AdminSite, nora: int):
    client = admin_site.stranger()
    answer = client.post("/admin/account/password", {"current": PASSWORD, "password": "eight loud harbours"})
    assert answer["location"] == "/admin/sign-in?next=/admin/"


def test_a_lost_password_ends_no_pending_invitation(admin_site: AdminSite, nora: int):
    jobs, asked = admin_site.room.services.admin, Event()
    invited = jobs.users.add(Change(actor=command_actor("kim"), now=NOW), "jo@news.example", "editor").secret
    mail = lambda _address, _key: asked.set()  # noqa: E731
    jobs.sign_in.ask_for_link("jo@news.example", Client(), NOW, mail)
    assert asked.wait(10)
    assert jobs.users.use_link(invited, "eight loud harbours", NOW)


def test_a_mailed_link_replaces_a_lost_password_and_tells_nobody_who_is_a_user(
    admin_site: AdminSite, nora: int
):
    sent, done = [], Event()

    def mail(address: str, key: str) -> None:
        sent.append((address, key))
        done.set()

    jobs = admin_site.room.services.admin
    object.__setattr__(jobs, "mail_link", mail)
    client = admin_site.stranger()
    pages = [client.post("/admin/password-lost", {"address": a}).body for a in (NORA, "eve@news.example")]
    assert done.wait(60)
    assert pages[0].count(b"<") == pages[1].count(b"<")
    ((address, key),) = sent
    assert address == NORA
    assert client.post(f"/admin/password/{key}", {"password": "eight loud harbours"}).status == 303
    assert sign_in(admin_site.stranger(), "eight loud harbours").status == 303

import json
from datetime import timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from sqlalchemy import func, select
from starlette.datastructures import Headers

from syndicate.errors import ActionRefused, NotAllowed, WrongFields
from syndicate.jobs.admin.access.access_views import audit_page
from syndicate.jobs.admin.access.sign_in import user_actor
from syndicate.model.actors import EDITOR_SCOPES, Change, command_actor
from syndicate.store import schema
from syndicate.store.access import user_store
from syndicate.web.admin.request_guard import header_user
from tests.jobs.room import Room
from tests.web.admin.conftest import NORA, AdminClient, AdminSite, serving_admin
from tests.web.admin.test_sign_in import PASSWORD

SAM = "sam@news.example"


def command(site: AdminSite) -> Change:
    return Change(actor=command_actor("root"), now=site.now)


def invite(client: AdminClient, role: str = "editor") -> str:
    page = client.post("/admin/settings/users", {"address": SAM, "role": role, "name": "Sam"}).body.decode()
    return "/admin/password/" + page.partition("/admin/password/")[2].partition("<")[0]


def test_an_invited_user_chooses_a_password_once_within_48_hours(
    admin_site: AdminSite, admin_client: AdminClient
):
    link, sam = invite(admin_client), admin_site.stranger()
    assert sam.get(link).status == 200
    assert sam.post(link, {"password": "short"}).status == 422
    assert sam.post(link, {"password": PASSWORD}).status == 303
    assert SAM in sam.page("/admin/account")
    assert admin_site.stranger().post(link, {"password": PASSWORD}).status == 410
    again = admin_client.post("/admin/settings/users/2", {"do": "link"}).body.decode()
    late = "/admin/password/" + again.partition("/admin/password/")[2].partition("<")[0]
    admin_site.now += timedelta(hours=48)
    assert admin_site.stranger().post(late, {"password": PASSWORD}).status == 410


def test_a_known_address_comes_back_with_the_reason(admin_client: AdminClient):
    answer = admin_client.post("/admin/settings/users", {"address": NORA.upper(), "role": "editor"})
    assert answer.status == 422
    assert "is a user already" in answer.body.decode()
    assert 'aria-invalid="true"' in answer.body.decode()


def test_a_changed_role_ends_the_sessions_and_counts_at_once(
    admin_site: AdminSite, admin_client: AdminClient
):
    editor = admin_site.client("editor")
    assert editor.get("/admin/settings/users").status == 404
    admin_client.post("/admin/settings/users/2", {"do": "role", "role": "admin"})
    assert editor.get("/admin/account").status == 303
    assert admin_site.client("editor").get("/admin/settings/users").status == 200


@pytest.mark.parametrize("given", [{"do": "role", "role": "editor"}, {"do": "remove"}])
def test_the_last_admin_stays_an_admin(admin_client: AdminClient, given: dict[str, str]):
    answer = admin_client.post("/admin/settings/users/1", given)
    assert answer.status == 409
    assert "last admin" in answer.body.decode()


def test_an_invited_admin_is_no_other_admin(admin_client: AdminClient):
    invite(admin_client, "admin")
    assert admin_client.post("/admin/settings/users/1", {"do": "remove"}).status == 409


def test_a_removed_user_loses_sessions_and_tokens(admin_site: AdminSite, admin_client: AdminClient):
    jobs, editor = admin_site.room.services.admin, admin_site.client("editor")
    token = jobs.tokens.add(command(admin_site), "bot", ["articles:read"], user_id=2).secret
    assert jobs.tokens.actor_of(token, admin_site.now)
    admin_client.post("/admin/settings/users/2", {"do": "remove"})
    assert editor.get("/admin/account").status == 303
    assert jobs.tokens.actor_of(token, admin_site.now) is None


@pytest.mark.parametrize("path", ["settings/users", "settings/users/1", "settings/audit", "none"])
def test_forbidden_and_unknown_pages_are_one_answer_to_an_editor(admin_site: AdminSite, path: str):
    admin_site.add_user()
    assert admin_site.client("editor").get(f"/admin/{path}").status == 404


def test_an_editor_cannot_change_others_or_the_own_role(admin_site: AdminSite):
    admin_site.add_user()
    number = admin_site.add_user(SAM, "editor")
    with admin_site.room.store.read() as connection:
        sam = user_store.find_user(connection, user_id=number)
    assert sam is not None
    change, users = Change(actor=user_actor(sam), now=admin_site.now), admin_site.room.services.admin.users
    with pytest.raises(NotAllowed):
        users.set_role(change, number, "admin")
    with pytest.raises(NotAllowed):
        users.set_password(change, 1, PASSWORD)
    with pytest.raises(NotAllowed):
        users.end_sessions(change, 1)
    with pytest.raises(NotAllowed):
        users.reset_second_step(change, 1)


def test_a_token_is_shown_once_and_never_has_more_than_its_owner(admin_site: AdminSite):
    admin_site.add_user()
    editor, jobs = admin_site.client("editor"), admin_site.room.services.admin
    refused = editor.post("/admin/settings/tokens", {"name": "bot", "scopes": ["subscribers:read"]})
    assert refused.status == 422
    assert "subscribers:read" in refused.body.decode()
    page = editor.post("/admin/settings/tokens", {"name": "bot", "scopes": ["stories:write"], "days": "90"})
    token = "syn_" + page.body.decode().partition("<pre>syn_")[2].partition("<")[0]
    assert token not in editor.page("/admin/settings/tokens")
    actor = jobs.tokens.actor_of(token, admin_site.now)
    assert actor is not None
    assert actor.scopes == {"stories:write"}
    assert jobs.tokens.actor_of(token, admin_site.now + timedelta(days=90)) is None
    assert jobs.tokens.actor_of(token[:-1] + "x", admin_site.now) is None
    with pytest.raises(WrongFields):
        jobs.tokens.add(command(admin_site), "x", ["admin:write"], user_id=1)


def test_a_token_shrinks_with_the_role_of_its_owner(admin_site: AdminSite):
    for address in (NORA, SAM):
        admin_site.add_user(address)
    jobs = admin_site.room.services.admin
    scopes = ["subscribers:read", "stories:write"]
    token = jobs.tokens.add(command(admin_site), "crm", scopes, user_id=2).secret
    jobs.users.set_role(command(admin_site), 2, "editor")
    actor = jobs.tokens.actor_of(token, admin_site.now)
    assert actor is not None
    assert actor.scopes == {"stories:write"} <= EDITOR_SCOPES


def test_an_editor_revokes_own_tokens_only(admin_site: AdminSite, admin_client: AdminClient):
    jobs = admin_site.room.services.admin
    jobs.tokens.add(command(admin_site), "of nora", ["articles:read"], user_id=1)
    editor = admin_site.client("editor")
    jobs.tokens.add(command(admin_site), "of sam", ["articles:read"], user_id=2)
    assert "of nora" not in editor.page("/admin/settings/tokens")
    assert editor.post("/admin/settings/tokens/1").status == 404
    assert "revoked" in editor.follow(editor.post("/admin/settings/tokens/2"))
    assert "of sam" in admin_client.page("/admin/settings/tokens")


def test_the_audit_log_is_filtered_paged_and_saved_as_lines(admin_site: AdminSite, admin_client: AdminClient):
    jobs = admin_site.room.services.admin
    for number in range(60):
        jobs.users.change_account(command(admin_site), 1, name=f"Nora {number}", test_address="")
    page = admin_client.page("/admin/settings/audit?actor=root")
    assert page.count("user.change") == 50
    more = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    assert admin_client.page(f"/admin/settings/audit{more}").count("user.change") == 10
    saved = admin_client.get("/admin/settings/audit.ndjson?action=user.change")
    lines = [json.loads(line) for line in saved.body.splitlines()]
    assert len(lines) == 60
    assert lines[0]["after"]["name"] == "Nora 59"
    assert "attachment" in (saved["content-disposition"] or "")


def test_no_secret_is_in_the_store(admin_site: AdminSite, admin_client: AdminClient):
    jobs = admin_site.room.services.admin
    change = Change(actor=command_actor("root"), now=admin_site.now, key="once")
    token = jobs.tokens.add(change, "bot", ["articles:read"], user_id=1).secret
    link = invite(admin_client).rpartition("/")[2]
    held = b"".join(file.read_bytes() for file in admin_site.room.folder.glob("syndicate.db*"))
    for secret in (token, link, admin_client.session_id):
        assert secret.encode() not in held


def test_a_refused_action_leaves_no_row(admin_site: AdminSite, admin_client: AdminClient):
    with pytest.raises(ActionRefused):
        admin_site.room.services.admin.users.remove(command(admin_site), 1)
    with admin_site.room.store.read() as connection:
        assert audit_page(connection, {"action": "user.remove"}) == []


@pytest.mark.parametrize(
    "payload", ["<script>alert(1)</script>", "' onmouseover='x", "{{ 7*7 }}", "\u202egpj"]
)
def test_names_and_browsers_of_strangers_are_text(admin_client: AdminClient, payload: str):
    admin_client.post("/admin/account", {"name": payload})
    for path in ("/admin/account", "/admin/settings/users", "/admin/settings/audit"):
        page = admin_client.page(path)
        assert "<script>alert" not in page
        assert "' onmouse" not in page


def test_a_proxy_signs_a_known_user_in_and_others_cannot(admin_room: Room, tmp_path: Path):
    proxied = '[admin]\nenabled = true\nuser_header = "Remote-User"\nproxies = ["127.0.0.0/8"]\n'
    admin_room.declare(proxied)
    with serving_admin(admin_room, tmp_path / "feeds") as site:
        number, client = site.add_user(), site.stranger()
        assert client.get("/admin/settings/users", Remote_User="eve@news.example").status == 404
        assert client.get("/admin/settings/users").status == 303
        answer = client.get("/admin/settings/users", Remote_User=NORA)
        assert answer["location"] == "/admin/settings/users"
        site.now += timedelta(hours=1)
        given = {"do": "role", "role": "admin"}
        assert client.post(f"/admin/settings/users/{number}", given, Remote_User=NORA).status == 303
    options = admin_room.services.admin.options
    assert header_user(Headers({"Remote-User": NORA}), "192.0.2.1", options) == ""


def test_old_rows_of_access_are_pruned(admin_site: AdminSite, admin_client: AdminClient):
    room, later = admin_site.room, admin_site.now + timedelta(days=800)
    admin_client.post("/admin/account", {"name": "Nora", "key": "k"})
    room.services.prune.run(later)
    with room.store.read() as connection:
        for table in (schema.sessions, schema.attempts, schema.audit, schema.repeated_requests):
            assert connection.scalar(select(func.count()).select_from(table)) == 0


def test_the_mail_for_a_lost_password_is_plain_and_has_the_link(admin_room: Room):
    admin_room.services.mail_password_link(NORA, "k" * 43)
    (file,) = (admin_room.folder / "outbox").iterdir()
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["To"] == NORA
    assert mail["Auto-Submitted"] == "auto-generated"
    assert f"https://news.example/admin/password/{'k' * 43}" in mail.get_content()

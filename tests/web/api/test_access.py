"""Tokens: every route refuses every token without its scope, and no token has more than its owner."""

import re
from datetime import timedelta
from typing import Any

import pytest

from syndicate.model.actors import ROLES
from syndicate.store.access import audit_store, token_store, user_store
from tests.factories import NOW
from tests.web.api.conftest import ALL, Api, api_of
from tests.web.api.description import described_api


def operations() -> list[tuple[str, str, Any]]:
    return [
        (method.upper(), path, operation)
        for path, item in described_api()["paths"].items()
        for method, operation in item.items()
    ]


def address(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "1", path)


def rows(api: Api) -> list[audit_store.AuditRow]:
    with api.room.store.read() as connection:
        return audit_store.audit_rows(connection, limit=1_000)


def send(api: Api, method: str, path: str) -> Any:
    body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
    return api.ask(method, address(path), body, if_match="*", idempotency_key="k")


@pytest.mark.all
def test_every_route_refuses_every_other_scope(api: Api) -> None:
    for method, path, operation in operations():
        needed = operation["x-scope"]
        others = Api(api.room, api.app, api.with_token(*(ALL - {needed})).token, api.now)
        refused = send(others, method, path)
        assert (refused.status, refused.problem, refused.json["scope"]) == (403, "not-allowed", needed), path


@pytest.mark.all
def test_every_route_refuses_every_wrong_scope_and_does_nothing(api: Api) -> None:
    tokens = {scope: api.with_token(scope) for scope in sorted(ALL)}
    before = rows(api)
    for method, path, operation in operations():
        for scope, program in tokens.items():
            if scope != operation["x-scope"]:
                refused = send(program, method, path)
                assert (refused.status, refused.problem) == (403, "not-allowed"), (method, path, scope)
    assert rows(api) == before


def test_every_route_refuses_a_request_without_a_token(api: Api) -> None:
    for method, path, _ in operations():
        nobody = Api(api.room, api.app, "", api.now)
        refused = send(nobody, method, path)
        assert (refused.status, refused.headers["www-authenticate"]) == (401, "Bearer"), path
        assert send(Api(api.room, api.app, "syn_" + "a" * 43, api.now), method, path).status == 401


@pytest.mark.all
def test_a_scope_alone_opens_its_routes(api: Api) -> None:
    tokens = {scope: api.with_token(scope) for scope in {op["x-scope"] for _, _, op in operations()}}
    for method, path, operation in operations():
        assert send(tokens[operation["x-scope"]], method, path).status not in (401, 403), path


def test_no_token_reads_secrets_or_writes_what_people_write(api: Api) -> None:
    assert "admin:write" not in {operation["x-scope"] for _, _, operation in operations()}
    assert not [path for _, path, _ in operations() if re.search(r"users|tokens", path)]


def test_the_token_of_an_editor_has_the_scopes_of_editors_only(api: Api) -> None:
    editor = api.with_token("articles:read", role="editor")
    with api.room.store.write() as connection:
        user = user_store.find_user(connection, address_key="editor@news.example")
        connection.exec_driver_sql("UPDATE tokens SET scopes = 'articles:read subscribers:read admin:read'")
    assert user is not None
    assert editor.get("/articles").status == 200
    assert editor.get("/subscribers").status == 403
    assert editor.get("/audit").status == 403
    assert not {"subscribers:read", "admin:read"} & ROLES["editor"]


def test_a_token_ends_with_its_time_its_revocation_and_its_owner(api: Api) -> None:
    timed, revoked, orphaned = (api.with_token("articles:read") for _ in range(3))
    orphaned = api.with_token("articles:read", role="editor")
    with api.room.store.write() as connection:
        listed = token_store.list_tokens(connection)
        # Newest first: the editor's, then the last of the admin's.
        token_store.revoke_token(connection, listed[2].id, NOW)
        connection.exec_driver_sql(f"UPDATE tokens SET ends = 1 WHERE id = {listed[3].id}")
    assert [one.get("/articles").status for one in (timed, revoked, orphaned)].count(401) == 2
    assert orphaned.get("/articles").status == 200
    with api.room.store.write() as connection:
        user = user_store.find_user(connection, address_key="editor@news.example")
        assert user is not None
        connection.exec_driver_sql(f"DELETE FROM users WHERE id = {user.id}")
    assert orphaned.get("/articles").status == 401


def test_cookies_and_passwords_open_nothing(api: Api) -> None:
    nobody = Api(api.room, api.app, "", api.now)
    assert nobody.get("/articles", cookie=f"syndicate={api.token}").status == 401
    assert nobody.get("/articles", authorization=f"Basic {api.token}").status == 401
    assert nobody.get(f"/articles?token={api.token}").status == 401


@pytest.mark.all
def test_a_token_makes_600_requests_a_minute_also_after_a_restart(room: Any) -> None:
    first = api_of(room).with_token()
    for _ in range(550):
        first.app.find_actor(first.token, NOW, "")  # type: ignore[attr-defined]
    again = Api(room, api_of(room).app, first.token, first.now)
    statuses = [again.get("/sources?limit=1").status for _ in range(160)]
    assert 429 in statuses, "550 requests of the first process are known to the second, but for 49"
    refused = again.get("/sources")
    assert (refused.problem, refused.headers["retry-after"]) == ("too-many-requests", "60")
    again.now[0] += timedelta(minutes=1)
    again.app.clock = lambda: NOW + timedelta(minutes=1)  # type: ignore[attr-defined]
    assert again.get("/sources").status == 200


def test_public_reads_need_no_token_and_show_what_is_published(room: Any) -> None:
    api = api_of(room, is_public=True)
    public = [path for method, path, operation in operations() if operation["x-public"]]
    assert {path.split("/")[1] for path in public} == {"articles", "stories", "channels", "editions"}
    for path in public:
        answer = api.get(address(path))
        assert answer.status in (200, 404, 308), path
        assert answer.headers["access-control-allow-origin"] == "*"
    for method, path, operation in operations():
        if not operation["x-public"]:
            assert send(api, method, path).status == 401, path
    assert "access-control-allow-origin" not in api_of(room).with_token().get("/sources").headers


def test_every_change_is_audited_with_the_token(api: Api) -> None:
    api.post("/articles", {"source": "own desk", "key": "a", "title": "A"})
    (row,) = api.get("/audit?action=article.add").json["items"]
    assert (row["actor_kind"], row["actor_name"], row["network"]) == ("token", "program", "192.0.2.0/24")
    assert row["token"]

"""Requests that do not say exactly what they mean do nothing: parameters, bodies, times, cursors."""

import sqlite3
import threading
import typing
from contextlib import closing
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel, Strict

from syndicate.errors import StoreBusy
from syndicate.jobs.admin.access.token_actions import TokenActions, TokenRequests
from syndicate.store import Store
from syndicate.store.core.engine import open_store
from syndicate.web.api import ApiOptions, create_api
from syndicate.web.api.api_body import Given
from tests.jobs.room import Room
from tests.web.api.conftest import ALL, Api, Reply, add_token, api_of
from tests.web.api.test_access import address, operations

SOURCE = {"url": "https://pier.example/feed", "name": "pier"}
TRUE = ["true", "True", "TRUE", "1", "yes", "on"]
FALSE = ["false", "False", "0", "no", "off"]


def names(api: Api) -> list[str]:
    return [source["name"] for source in api.get("/sources").json["items"]]


@pytest.mark.parametrize("value", TRUE)
def test_a_dry_run_is_asked_for_in_any_spelling_of_true(api: Api, value: str) -> None:
    answer = api.post(f"/sources?dry_run={value}", SOURCE)
    assert (answer.status, answer.json["dry_run"]) == (201, True)
    assert "pier" not in names(api)


@pytest.mark.parametrize("value", FALSE)
def test_a_change_is_kept_with_any_spelling_of_false(api: Api, value: str) -> None:
    assert not api.post(f"/sources?dry_run={value}", SOURCE).json["dry_run"]
    assert "pier" in names(api)


@pytest.mark.parametrize(
    "query",
    ["dry_run=", "dry_run=maybe", "dry_run=2", "dry_run", "dryrun=true", "dry-run=true", "DRY_RUN=true",
     "dry_run=true&dry_run=false", "dry_run=false&dry_run=true", "x=1", "=", "after=x"],
)  # fmt: skip
def test_a_mistyped_parameter_of_a_change_does_nothing(api: Api, query: str) -> None:
    answer = api.post(f"/sources?{query}", SOURCE)
    assert (answer.status, answer.problem) == (422, "wrong-fields")
    assert "pier" not in names(api)


def test_no_operation_takes_a_parameter_that_it_does_not_know(api: Api) -> None:
    for method, path, _ in operations():
        for query in ("dryrun=true", "nothing=1"):
            body: dict[str, str] | None = None if method in ("GET", "DELETE") else {}
            answer = api.ask(method, f"{address(path)}?{query}", body, if_match="*", idempotency_key="k")
            parameters = [error.get("parameter") for error in answer.json["errors"]]
            assert (answer.status, parameters) == (422, [query.partition("=")[0]]), (method, path)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"own": "yes"}, "/own"), ({"own": 1}, "/own"), ({"private": "false"}, "/private"),
        ({"weight": "2"}, "/weight"), ({"weight": True}, "/weight"), ({"name": 7}, "/name"),
        ({"url": "https://pier.example/feed\r\nX: 1"}, "/url"),
        ({"url": "https://pier.example/\nfeed"}, "/url"),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_a_mistake(api: Api, body: dict[str, Any], pointer: str) -> None:
    answer = api.post("/sources", SOURCE | body)
    assert (answer.status, [error["pointer"] for error in answer.json["errors"]]) == (422, [pointer])
    assert "pier" not in names(api)


def test_no_field_of_a_body_guesses_a_truth_value_or_a_number() -> None:
    def lax(kind: Any, notes: tuple[Any, ...] = ()) -> bool:
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            return False
        if typing.get_origin(kind) is typing.Annotated:
            inner, *more = typing.get_args(kind)
            return lax(inner, (*notes, *more))
        is_strict = any(isinstance(note, Strict) for note in notes)
        if typing.get_origin(kind) is typing.Literal:
            return False
        return (kind in (bool, int, float) and not is_strict) or any(map(lax, typing.get_args(kind)))

    def models(model: type[Given]) -> set[type[Given]]:
        return {model}.union(*map(models, model.__subclasses__()))

    found = [
        f"{model.__name__}.{name}"
        for model in models(Given)
        for name, field in model.model_fields.items()
        if lax(field.annotation, tuple(field.metadata))
    ]
    assert not found


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"url": "https://pier.example/feed", "url": "https://a.example/"}', "the key 'url' occurs twice"),
        (b'{"url": "https://pier.example/feed", "fields": {"a": 1, "a": 2}}', "the key 'a' occurs twice"),
        ('{"url": "https://pier.example/feed"}'.encode("utf-16"), "it is not UTF-8"),
        ('{"url": "https://pier.example/feed"}'.encode("utf-16-le"), "Expecting property name"),
        ('{"url": "https://pier.example/feed", "name": "a\0b"}'.encode("utf-16"), "it is not UTF-8"),
        ('{"url": "https://pier.example/feed"}'.encode("utf-32"), "it is not UTF-8"),
        (b'{"url": "https://pier.example/feed", "name": "\\u0000"}', "it has a NUL"),
        (b'{"url": "https://pier.example/feed", "name": "\0"}', "Invalid control character"),
        (b'{"url": "https://pier.example/feed", "weight": NaN}', "NaN is not JSON"),
        (b'{"url": "https://pier.example/feed", "weight": -Infinity}', "-Infinity is not JSON"),
        ('{"url": "https://pier.example/feed", "name": "é"}'.encode("latin-1"), "it is not UTF-8"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_strict_json_is_refused_on_both_engines(
    rooms: Room, body: bytes, reason: str
) -> None:
    api = api_of(rooms).with_token()
    answer = api.ask("POST", "/sources", body)
    assert (answer.status, answer.problem) == (400, "invalid-request"), answer.body
    assert answer.json["detail"].startswith(f"The body is not JSON: {reason}")
    assert "pier" not in names(api)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
def test_a_list_with_a_nul_is_refused_on_both_engines(rooms: Room, encoding: str) -> None:
    api = api_of(rooms).with_token()
    text = "email,name\na@reader.example,Nul \0 here\n"
    mark = {"utf-16-le": "\ufeff", "utf-16-be": "\ufeff"}.get(encoding, "")
    answer = api.ask(
        "POST",
        "/subscribers/imports?newsletter=daily&agreed=2026-11-01",
        (mark + text).encode(encoding),
        content_type="text/csv",
        idempotency_key="k",
    )
    assert (answer.status, answer.problem) == (422, "wrong-fields"), answer.body
    assert api.get("/subscribers").json["items"] == []


@pytest.mark.parametrize("row", ["," * 500, "x" * 1_000_001, '"' + "x\n" * 60_000 + '",' * 9 + "x" * 990_000])
def test_a_list_with_a_row_of_any_size_is_refused_at_once(api: Api, row: str) -> None:
    body = f"email\na@reader.example\n{row}\n".encode()
    path = "/subscribers/imports?newsletter=daily&agreed=2026-11-01"
    answer = api.ask("POST", path, body, content_type="text/csv", idempotency_key="k")
    assert (answer.status, answer.problem) == (422, "wrong-fields"), answer.body
    assert "line 3" in answer.json["detail"] or "CSV near line" in answer.json["detail"]


@pytest.mark.parametrize("time", ["-1", "0", "1765000000", "2026-12-07", "2026-12-07T08:00:00", "now", ""])
def test_a_time_is_written_as_in_rfc_3339_with_its_zone(api: Api, time: str) -> None:
    for path in ("/articles", "/stories", "/audit"):
        answer = api.get(f"{path}?updated_after={time}")
        assert (answer.status, answer.problem) == (422, "wrong-fields"), (path, time)
    article = {"source": "own desk", "key": "a", "title": "A", "text": "A", "published": 1_765_000_000}
    assert api.post("/articles", article).json["errors"][0]["pointer"] == "/published"


def pages(api: Api) -> dict[str, Reply]:
    """Return the first page of every list without an id in its address."""
    paths = [path for method, path, operation in operations() if method == "GET" and "{" not in path]
    lists = [path for path in paths if "next" in str(api.get(path).body)]
    return {path: api.get(path) for path in lists if api.get(path).status == 200}


def test_a_cursor_opens_its_own_list_only(api: Api) -> None:
    for number in range(3):
        url, name = f"https://pier.example/{number}", f"pier {number}"
        assert api.post("/sources", {"url": url, "name": name}).status == 201
        assert api.post("/channels", {"name": f"local-{number}", "query": f"pier{number}"}).status == 201
    own = {path: api.get(f"{path}?limit=1").json["next"] for path in ("/sources", "/channels")}
    assert all(own.values())
    for path in pages(api):
        for of_list, cursor in own.items():
            answer = api.get(f"{path}?after={quote(cursor)}")
            assert (answer.status == 200) == (path == of_list), (path, of_list, answer.body)
            assert answer.status == 200 or answer.problem == "wrong-cursor"
    assert api.get(f"/sources?name=pier+1&after={own['/sources']}").problem == "wrong-cursor"
    assert api.get(f"/sources?limit=2&count=true&fields=id&after={own['/sources']}").status == 200


def test_an_editor_writes_an_issue_with_the_scope_that_the_description_names(api: Api) -> None:
    issue = {"subject": "The pier", "text": "It opens today."}
    by_editor = api.with_token("editions:write", role="editor")
    assert by_editor.post("/newsletters/daily/issues", issue, idempotency_key="k").status == 201
    by_other = api.with_token("newsletters:write")
    refused = by_other.post("/newsletters/daily/issues", issue, idempotency_key="l")
    assert (refused.status, refused.json["scope"]) == (403, "editions:write")


def test_reads_answer_and_changes_get_their_503_while_another_process_has_the_lock(room: Room) -> None:
    path = room.store.where.removeprefix("sqlite:///")
    store, jobs, options = (
        open_store(f"sqlite:///{path}", busy_timeout=0.5),
        room.services.admin,
        ApiOptions(),
    )
    find_actor = TokenRequests(tokens=TokenActions(store=store)).actor
    app = create_api(jobs, store, find_actor, options)
    token = add_token(room, tuple(ALL))
    answers: list[str] = []
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        reader = Api(room, app, token)
        assert reader.get("/sources").status == 200
        threads = [threading.Thread(target=lambda: answers.append(_written(store))) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=4)
        assert not [thread for thread in threads if thread.is_alive()], "each waits one timeout, not eight"
        other.execute("ROLLBACK")
    assert answers == ["busy"] * 8
    assert _written(store) == "written"
    store.dispose()


def _written(store: Store) -> str:
    try:
        with store.write():
            return "written"
    except StoreBusy:
        return "busy"

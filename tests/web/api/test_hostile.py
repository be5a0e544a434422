"""Requests of a hostile or broken program: refused with a problem, never an error of the server."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from tests.jobs.room import Room
from tests.web.api.conftest import Api, api_of

BODIES = {
    "no JSON": b"{",
    "empty": b"",
    "list": b"[]",
    "null": b"null",
    "number of a million digits": b'{"source": "own desk", "key": ' + b"9" * 900_000 + b"}",
    "infinity": b'{"url": "https://a.example", "weight": Infinity}',
    "overflow": b'{"url": "https://a.example", "weight": 1e999}',
    "deep": b'{"source":' * 100_000,
    "deep list": b"[" * 400_000 + b"]" * 400_000,
    "surrogate": b'{"source": "own desk", "key": "\\ud800", "title": "a"}',
    "NUL": b'{"source": "own desk", "key": "a\\u0000b", "title": "a"}',
    "bytes": b"\xff\xfe\x00",
    "doubled key": b'{"source": "own desk", "source": "x", "key": "a"}',
    "wrong types": b'{"source": {}, "key": [], "title": 7, "tags": "x"}',
}


@pytest.mark.parametrize("body", [pytest.param(body, id=name) for name, body in BODIES.items()])
@pytest.mark.parametrize("path", ["/articles", "/sources", "/decisions", "/channels", "/discoveries"])
@pytest.mark.sampled(20)
def test_a_hostile_body_is_a_problem(api: Api, path: str, body: bytes) -> None:
    answer = api.ask("POST", path, body)
    assert 400 <= answer.status < 500, answer.body
    assert answer.problem
    assert len(answer.body) < 20_000, "an answer does not repeat a hostile body"


def test_a_large_body_is_refused_before_it_is_read(api: Api) -> None:
    large = api.ask("POST", "/articles", b" " * 1_000_001)
    assert (large.status, large.problem) == (413, "too-large")
    lying = api.ask("POST", "/articles", b" " * 1_000_001, content_length="5")
    assert lying.status == 413
    announced = api.ask("POST", "/articles", b"{}", content_length="9" * 40)
    assert announced.status == 413


@pytest.mark.parametrize(
    "path",
    [
        "/sources/0",
        "/sources/-1",
        f"/sources/{10**30}",
        "/sources/1e3",
        "/sources/١",
        "/articles/%00",
        "/stories/x",
        "/articles?after=%00",
        "/articles?section=%00",
        "/articles/" + "a" * 9_000,
        "/decisions/9223372036854775807",
        "/articles/' OR 1=1 --",
        "/articles?q=" + "(" * 400,
        "/articles?updated_after=0001-01-01T00:00:00%2B23:59",
        "/articles?updated_after=9999-12-31T23:59:59-23:59",
        "/nowhere",
        "/",
        "",
        "/articles/",
        "//articles",
        "/subscribers?address=%F0%9F%98%80",
        "/subscribers?address=" + "x" * 5_000,
    ],
)
@pytest.mark.sampled(11)
def test_a_hostile_address_is_a_problem_or_an_empty_list(api: Api, path: str) -> None:
    answer = api.get(path)
    assert answer.status < 500, answer.body
    assert answer.status == 200 or answer.problem


POSITIONS = [("\0", 1), ("\ud800", 1), ("x", 1), ("x", True), (0.5, 1), (1, True), (2**62, 1), ([0], 1)]
LISTS = ["articles", "audit", "bounces", "channels", "decisions", "deliveries", "editions", "jobs"]
LISTS += ["newsletters", "sources", "sources/1/polls", "stories", "subscribers", "suppressions", "webhooks"]


@pytest.mark.all
def test_a_cursor_of_any_content_is_refused_or_a_position(rooms: Room) -> None:
    api = api_of(rooms).with_token()
    for position in POSITIONS:
        cursor = urlsafe_b64encode(json.dumps(position).encode()).rstrip(b"=").decode()
        for path in LISTS:
            answer = api.get(f"/{path}?after={cursor}")
            assert answer.status == 200 or answer.problem == "wrong-cursor", (path, position, answer.body)
    for path in ("/articles?section=%00", "/articles?q=%00", "/subscribers?address=%00", "/audit?action=%00"):
        answer = api.get(path)
        assert answer.status < 500, (path, answer.body)


def test_a_problem_says_what_to_mend_and_where(api: Api) -> None:
    wrong = api.post("/articles", {"source": "own desk", "tags": ["a", 7], "a/b~c": 1})
    assert wrong.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = wrong.json
    assert (problem["status"], problem["instance"]) == (422, "/api/v1/articles")
    assert {error["pointer"] for error in problem["errors"]} == {"/key", "/tags/1", "/a~1b~0c"}
    assert api.get("/articles?limit=x").json["errors"][0]["parameter"] == "limit"
    assert api.ask("PUT", "/articles", {}).problem == "wrong-method"


def test_a_body_that_is_not_json_is_told_from_wrong_fields(api: Api) -> None:
    cut = api.ask("POST", "/articles", b'{"source": "own desk"')
    assert (cut.status, cut.problem) == (400, "invalid-request")
    assert cut.json["detail"] == "The body is not JSON: Expecting ',' delimiter, at character 21."
    form = api.ask("POST", "/articles", b"{}", content_type="application/x-www-form-urlencoded")
    assert form.json["errors"][0]["detail"] == "Send a JSON object, with Content-Type: application/json."


def test_headers_of_any_bytes_are_harmless(api: Api) -> None:
    for name in ("if_none_match", "if_match", "idempotency_key", "accept"):
        for value in ("", ",,,", '"' * 300, "é" * 50, "\x7f"):
            answer = api.ask("PATCH", "/sources/1", {"section": "a"}, **{name: value})
            assert 400 <= answer.status < 500, (name, value, answer.body)
    assert (
        api.post("/sources", {"url": "https://a.example"}, idempotency_key="k" * 201).problem
        == "invalid-request"
    )


def test_a_private_source_never_shows_its_address(api: Api) -> None:
    secret = "https://pier.example/feed?key=hunter22"
    added = api.post("/sources", {"url": secret, "name": "pier", "private": True})
    assert added.status == 201
    for path in ("/sources", added.headers["location"], "/audit"):
        assert b"hunter22" not in api.get(path).body, path


def test_a_bug_shows_no_internals(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "syndicate.web.api.system_resource.stage_store.stage_rows", lambda _: 1 / 0, raising=True
    )
    with pytest.raises(ZeroDivisionError):
        api.get("/jobs")

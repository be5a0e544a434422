"""Every problem that the guide declares is produced, with its status."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from syndicate.errors import ActionRefused, MailError, StoreBusy
from syndicate.jobs.admin.actions import perform_mail
from syndicate.jobs.admin.stories.article_actions import _store
from syndicate.model import EditionContent, Source, SourceKind
from syndicate.model.actors import ActionResult, Change, command_actor
from syndicate.newsletter.edition_changes import EditionChangeResult
from syndicate.web.api.api_problems import PROBLEMS, problem_of
from tests.factories import NOW, new_article
from tests.web.api.conftest import Api, Reply

pytestmark = pytest.mark.all

ANN, BOB = "ann@example.com", "bob@example.com"
DAY = timedelta(days=1)
BY = Change(actor=command_actor("jo"), now=NOW)


def of_error(error: Exception) -> Reply:
    """Return the answer to an exception that no request of a test can cause by itself."""
    answer = problem_of(error, "/api/v1/articles")
    return Reply(answer.status_code, dict(answer.headers), bytes(answer.body))


def raised(work: Any, *values: Any, **more: Any) -> Reply:
    with pytest.raises(ActionRefused) as refused:
        work(*values, **more)
    return of_error(refused.value)


def refuse() -> None:
    raise MailError("550 no such user")


def requests(api: Api) -> Iterator[Reply]:
    yield api.ask("POST", "/articles", b'{"key": "a\\u0000b"}')
    yield api.post("/editions/1/tests")
    yield api.get("/articles?after=x")
    yield Api(api.room, api.app, "", api.now).get("/articles")
    yield api.with_token("articles:read").get("/sources")
    yield api.get("/articles/none")
    yield api.ask("PUT", "/articles", {})
    yield api.ask("POST", "/articles", b" " * 1_000_001)
    yield api.post("/articles", {})
    pier = {"url": "https://pier.example/feed", "name": "pier"}
    api.post("/sources", pier, idempotency_key="k")
    yield api.post("/sources", pier | {"name": "quay"}, idempotency_key="k")
    yield api.ask("PATCH", "/sources/3", {"section": "world"})
    yield api.ask("PATCH", "/sources/3", {"section": "world"}, if_match='"other"')
    busy = api.with_token()
    for _ in range(599):
        busy.app.find_actor(busy.token, NOW, "")  # type: ignore[attr-defined]
    busy.get("/sources")
    yield busy.get("/sources")
    yield of_error(ZeroDivisionError())
    yield of_error(StoreBusy("locked"))


def sources(api: Api) -> Iterator[Reply]:
    yield api.ask("PATCH", "/sources/1", {"section": "world"}, if_match="*")
    yield api.post("/channels", {"name": "all"})
    yield api.post("/articles", {"source": "harbour", "key": "a", "title": "A"})
    yield api.post("/sources", {"url": "https://harbour.example/feed"})
    actions = api.room.services.admin.sources
    near = Source(id=0, name="near", url="http://127.0.0.1:9/feed")
    desk = Source(id=0, name="desk", url="https://news.example/second", kind=SourceKind.API)
    near_id, desk_id = (int(actions.add(BY, source).id) for source in (near, desk))
    yield api.post("/rules/test", {"source": str(near_id)})
    yield api.ask("DELETE", f"/sources/{near_id}", None, if_match="*")
    with api.room.store.write() as connection:
        until = int((NOW + DAY).timestamp() * 1_000_000)
        connection.exec_driver_sql(f"UPDATE sources SET not_before = {until} WHERE id = {near_id}")
    yield api.post(f"/sources/{near_id}/polls")
    importer, content = api.room.services.importer, api.room.services.admin.articles._content
    plans = [
        importer.plan([content(replace(desk, id=desk_id), {"id": "b", "title": "B"})], NOW)[0]
        for _ in range(2)
    ]
    with api.room.store.write() as connection:
        _store(connection, plans[0], BY)
        yield raised(_store, connection, plans[1], BY)
    actions.on_chosen(BY, "pause", [desk_id])
    yield api.post("/articles", {"source": "desk", "key": "a", "title": "A"})
    yield api.post(f"/sources/{desk_id}/polls")


def stories(api: Api) -> Iterator[Reply]:
    old = NOW - 60 * DAY
    texts = ("Harbour opens a pier", "Snow on the pass", "Election in the spring")
    api.room.add(
        *(new_article(number, title=text, text=text) for number, text in enumerate(texts[:2], 11)),
        new_article(13, title=texts[2], text=texts[2], published=old, updated=old),
    )
    api.room.services.stories.run(NOW)
    api.room.add(new_article(14, title="Not placed yet", text="Not placed yet"))
    uids = {item["title"]: item["id"] for item in api.get("/articles").json["items"]}
    first, second, third = (uids[text] for text in texts)
    merge = {"action": "merge"}
    yield api.post("/decisions", {**merge, "articles": [first, first]})
    yield api.post("/decisions", {**merge, "articles": [first, uids["Not placed yet"]]})
    yield api.post("/decisions", {**merge, "articles": [second, third]})
    yield api.post("/decisions", {"action": "split", "articles": [first]})
    yield api.ask("DELETE", "/decisions/99")


def with_a_link_to_nowhere(content: EditionContent) -> EditionChangeResult:
    stories = [replace(content.stories[0], url="nowhere"), *content.stories[1:]]
    return EditionChangeResult(
        content=replace(content, stories=tuple(stories)), detail="link", action="retitle"
    )


def editions(api: Api) -> Iterator[Reply]:
    room = api.room
    room.subscribe(ANN)
    room.add(*(new_article(number, published=NOW - timedelta(minutes=number)) for number in (5, 6, 7)))
    room.services.stories.run(NOW)
    api.now[0] = later = NOW + DAY
    room.services.editions.run(later)
    (edition,) = api.get("/editions").json["items"]
    path, number = f"/editions/{edition['id']}", int(edition["id"])
    yield api.ask("PATCH", path, {"add": ["a'b"]}, if_match="*")
    yield api.ask("PUT", f"{path}/correction", {"text": "It is wrong."})
    yield api.ask("DELETE", f"{path}/approval")
    actions, change = room.services.admin.editions, replace(BY, now=later)
    yield raised(actions.edit, change, number, with_a_link_to_nowhere)
    yield raised(actions.hold, change, number, seen="what nobody saw")
    actions.approve(change, number)
    yield api.ask("PUT", f"{path}/hold")
    done = ActionResult(kind="edition")
    yield raised(perform_mail, room.store, change, "edition.test", "editions:write", refuse, done)
    (delivery,) = api.get("/deliveries").json["items"]
    yield api.post(f"/deliveries/{delivery['id']}/resend", idempotency_key="r")
    yield api.ask("DELETE", "/deliveries/pause")
    assert api.ask("PUT", f"{path}/correction", {"text": "It is wrong."}).status == 201
    yield api.ask("PUT", f"{path}/correction", {"text": "It is wrong."})
    api.now[0] = NOW


def subscribers(api: Api) -> Iterator[Reply]:
    bob = {"address": BOB, "newsletter": "daily", "agreed": "Yes", "agreed_at": "2026-11-23T10:00:00Z"}
    added = api.post("/subscribers", bob, idempotency_key="1").headers["location"]
    api.ask("PATCH", added, {"end": "daily"}, if_match="*")
    yield api.post("/subscribers", bob, idempotency_key="2")
    blocked = api.post("/suppressions", {"address": BOB})
    assert blocked.status == 201, blocked.body
    yield api.post("/subscribers", bob, idempotency_key="3")
    yield api.ask("DELETE", f"{blocked.headers['location']}?reason=asked", None, if_match="*")
    path = "/subscribers/imports?newsletter=nowhere&agreed=Yes"
    yield api.ask("POST", path, b"email\ncleo@example.com\n", idempotency_key="4")


def test_every_declared_problem_is_produced_with_its_status(api: Api) -> None:
    produced: dict[str, int] = {}
    for step in (editions, requests, sources, stories, subscribers):
        for reply in step(api):
            assert reply.status >= 400, (step, reply.body, list(produced))
            produced[reply.problem] = reply.status
    assert produced == {name: status for name, (status, _) in PROBLEMS.items()}

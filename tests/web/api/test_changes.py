"""Changes: once for each key, only of what was read, and not in a dry run."""

import threading
from typing import Any

import pytest
from sqlalchemy import event

from syndicate.model.actors import Change, command_actor
from tests.factories import new_article
from tests.web.api.conftest import ALL, SOURCES, Api, add_token, api_of

NETWORK = """
[[networks]]
name = "town"
kind = "webhook"
address = "https://town.example/"
secret = "the-secret-of-the-town"
"""

SOURCE = {"url": "https://pier.example/feed", "name": "pier"}


@pytest.fixture
def pier(api: Api) -> str:
    """The path of an added source."""
    return str(api.post("/sources", SOURCE).headers["location"])


def test_a_source_is_added_changed_paused_and_removed(api: Api, pier: str) -> None:
    shown = api.get(pier)
    assert (shown.json["name"], shown.json["origin"]) == ("pier", "store")
    changed = api.ask("PATCH", pier, {"section": "world", "weight": 2.5}, if_match=shown.headers["etag"])
    assert changed.status == 200, changed.body
    after = api.get(pier)
    assert (after.json["section"], after.json["weight"]) == ("world", 2.5)
    assert api.ask("PATCH", pier, {"paused": True}, if_match=after.headers["etag"]).status == 200
    assert api.get(pier).json["paused"]
    assert api.post(f"{pier}/polls").problem == "source-paused"
    assert api.ask("DELETE", pier, None, if_match="*").status == 200
    assert api.get(pier).status == 404


def test_null_changes_no_field_of_a_source(api: Api, pier: str) -> None:
    assert api.ask("PATCH", pier, {"section": "world", "weight": None}, if_match="*").status == 200
    assert api.ask("PATCH", pier, {"section": None}, if_match="*").problem == "wrong-fields"
    assert (api.get(pier).json["section"], api.get(pier).json["weight"]) == ("world", 1.0)


def test_what_changed_meanwhile_is_not_overwritten(api: Api, pier: str) -> None:
    seen = api.get(pier).headers["etag"]
    assert api.ask("PATCH", pier, {"section": "world"}).problem == "if-match-missing"
    assert api.ask("PATCH", pier, {"section": "world"}, if_match=seen).status == 200
    stale = api.ask("PATCH", pier, {"section": "sport"}, if_match=seen)
    assert (stale.status, stale.problem) == (412, "changed-meanwhile")
    assert api.ask("DELETE", pier, None, if_match=seen).status == 412
    assert api.get(pier).json["section"] == "world"


def test_the_same_key_twice_is_a_single_change(api: Api) -> None:
    first = api.post("/sources", SOURCE, idempotency_key="k1")
    again = api.post("/sources", SOURCE, idempotency_key="k1")
    assert (again.status, again.body, again.headers["location"]) == (
        first.status, first.body, first.headers["location"]
    )  # fmt: skip
    assert len(api.get("/audit?action=source.add").json["items"]) == 1
    other = api.post("/sources", SOURCE | {"name": "other"}, idempotency_key="k1")
    assert (other.status, other.problem) == (422, "key-reused")
    elsewhere = Api(api.room, api.app, add_token(api.room, tuple(ALL)), api.now)
    assert elsewhere.post("/sources", SOURCE, idempotency_key="k1").problem == "source-known", (
        "keys are of a token"
    )


def test_the_same_key_at_the_same_time_is_a_single_change(rooms: Any) -> None:
    made = [api_of(rooms) for _ in range(4)]
    token = add_token(rooms, tuple(ALL))
    jobs = rooms.services.admin
    from syndicate.model import Source

    actor = jobs.tokens.actor_of(token, made[0].now[0])
    change = Change(actor=actor, now=made[0].now[0], key="same", request_hash="same")
    results: list[Any] = []
    barrier = threading.Barrier(4)

    def add() -> None:
        barrier.wait()
        results.append(jobs.sources.add(change, Source(id=0, name="pier", url="https://pier.example/feed")))

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(result.is_repeated for result in results) == [False, True, True, True]
    assert len({result.id for result in results}) == 1


def test_a_dry_run_changes_nothing_and_says_what_it_would(api: Api) -> None:
    tried = api.post("/sources?dry_run=true", SOURCE, idempotency_key="k")
    assert (tried.status, tried.json["dry_run"], tried.json["kind"]) == (201, True, "source")
    assert [source["name"] for source in api.get("/sources").json["items"]] == ["harbour", "own desk"]
    assert api.get("/audit?action=source.add").json["items"] == []


def test_what_config_declares_is_changed_there(api: Api) -> None:
    refused = api.ask("PATCH", "/sources/1", {"section": "world"}, if_match="*")
    assert (refused.status, refused.problem) == (409, "declared-in-config")
    for path, body in (("/channels/all", {"title": "All"}), ("/newsletters/daily", {"title": "Other"})):
        assert api.ask("PATCH", path, body, if_match="*").problem == "declared-in-config"
        assert api.get(path).json["origin"] == "config"


def test_a_channel_is_added_changed_renamed_taken_down_and_restored(api: Api) -> None:
    added = api.post("/channels", {"name": "pier", "title": "Pier", "query": "pier"})
    assert (added.status, added.headers["location"]) == (201, "/api/v1/channels/pier"), added.body
    assert api.post("/channels", {"name": "pier"}).problem == "name-taken"
    tag = api.get("/channels/pier").headers["etag"]
    assert api.ask("PATCH", "/channels/pier", {"title": "The pier"}, if_match=tag).status == 200
    assert api.ask("PATCH", "/channels/pier", {"title": "Other"}, if_match=tag).status == 412
    assert api.ask("PATCH", "/channels/pier", {"name": "quay"}, if_match="*").status == 200
    assert [move["name"] for move in api.get("/channels/moves").json["items"]] == ["pier"]
    assert api.ask("DELETE", "/channels/quay", None, if_match="*").status == 200
    assert api.get("/channels/quay").status == 404
    assert api.ask("DELETE", "/channels/moves/quay").status == 200
    assert api.get("/channels/quay").json["title"] == "The pier"
    wrong = api.get("/channels/preview?query=section:")
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "/query")


def test_a_newsletter_is_added_and_any_is_paused(api: Api) -> None:
    added = api.post("/newsletters", {"name": "weekly", "title": "Weekly", "schedule": "weekly monday 08:00"})
    assert added.status == 201, added.body
    tag = api.get("/newsletters/daily").headers["etag"]
    assert api.ask("PATCH", "/newsletters/daily", {"paused": True}, if_match=tag).status == 200
    assert [(line["name"], line["paused"]) for line in api.get("/newsletters").json["items"]] == [
        ("daily", True),
        ("weekly", False),
    ]
    assert api.get("/newsletters/weekly/preview", accept="text/html").headers["content-security-policy"]


def test_decisions_are_lines_of_a_log_and_undo_adds_a_line(api: Api) -> None:
    api.room.add(new_article(1), new_article(2, title="Storm over the coast", text="Waves and rain."))
    api.room.services.stories.run(api.now[0])
    uid = api.get("/articles").json["items"][0]["id"]
    made = api.post("/decisions", {"action": "pin", "article": uid, "value": "2"})
    assert made.status == 201, made.body
    shown = api.get(made.headers["location"]).json
    assert (shown["action"], shown["article"], shown["value"], shown["who"]) == ("pin", uid, "2", "program")
    assert api.ask("DELETE", made.headers["location"]).status == 200
    assert api.ask("DELETE", made.headers["location"]).problem == "not-in-force"
    assert [line["action"] for line in api.get("/decisions").json["items"]] == ["undo", "pin"]
    assert api.post("/decisions", {"action": "pin"}).problem == "wrong-fields"
    assert api.post("/decisions", {"action": "pin", "article": "none"}).problem == "not-found"
    assert api.get("/stories").json["items"][0]["sources"] == 1
    assert api.get(f"/articles/{uid}/explain").json["decisions"] == []


def test_what_may_send_mail_needs_a_key(api: Api) -> None:
    for path in ("/editions/1/tests", "/deliveries/1/resend", "/newsletters/daily/issues"):
        missing = api.post(path, {"subject": "A", "text": "B"})
        assert (missing.status, missing.problem) == (400, "key-missing"), path


def test_a_program_with_an_old_etag_is_told_who_changed_the_object(api: Api, pier: str) -> None:
    seen = api.get(pier).headers["etag"]
    other = api.with_token()
    assert other.ask("PATCH", pier, {"section": "world"}, if_match=seen).status == 200
    stale = api.ask("PATCH", pier, {"section": "sport"}, if_match=seen)
    assert (stale.status, "last by program at 09:00 UTC" in stale.json["detail"]) == (412, True)
    other.post("/channels", {"name": "quay", "title": "Quay", "query": "quay"})
    tag = api.get("/channels/quay").headers["etag"]
    assert other.ask("PATCH", "/channels/quay", {"title": "The quay"}, if_match=tag).status == 200
    assert "last by program" in api.ask("DELETE", "/channels/quay", None, if_match=tag).json["detail"]
    tag = api.get("/newsletters/daily").headers["etag"]
    assert other.ask("PATCH", "/newsletters/daily", {"paused": True}, if_match=tag).status == 200
    stale = api.ask("PATCH", "/newsletters/daily", {"paused": True}, if_match=tag)
    assert "last by program" in stale.json["detail"]


def test_a_mailbox_is_suppressed_by_a_program_and_released_only_after_a_bounce(api: Api) -> None:
    added = api.post("/suppressions", {"address": "Jo@Example.org"})
    path = added.headers["location"]
    assert (added.status, path) == (201, "/api/v1/suppressions/jo@example.org")
    assert (api.get(path).json["address"], api.get(path).json["reason"]) == ("jo@example.org", "blocked")
    tag = api.get(path).headers["etag"]
    refused = api.ask("DELETE", f"{path}?reason=asked", None, if_match=tag)
    assert (refused.status, refused.problem) == (409, "not-liftable")
    with api.room.store.write() as connection:
        connection.exec_driver_sql("UPDATE suppressions SET reason = 'bounced'")
    assert api.ask("DELETE", f"{path}?reason=asked", None, if_match=tag).problem == "changed-meanwhile"
    assert api.ask("DELETE", path, None, if_match="*").problem == "wrong-fields", "the record needs a reason"
    assert api.ask("DELETE", f"{path}?reason=new+server", None, if_match="*").status == 200
    assert api.get(path).problem == "not-found"
    audited = [row["action"] for row in api.get("/audit").json["items"]]
    assert audited[:2] == ["subscriber.unsuppress", "subscriber.stop"]


def test_a_failed_delivery_to_a_webhook_is_sent_again_by_a_program(api: Api) -> None:
    jobs, store = api.room.services.admin, api.room.store
    change = Change(actor=command_actor("jo"), now=api.now[0])
    number = int(
        jobs.webhooks.add(change, address="https://hook.example/", events=["edition.sent"]).result.id
    )
    jobs.webhooks.test(change, number)
    path = f"/webhooks/{number}/deliveries"
    (delivery,) = api.get(path).json["items"]
    again = f"{path}/{delivery['id']}/retry"
    assert api.with_token("admin:read").post(again).problem == "not-allowed"
    assert api.post(f"/webhooks/99/deliveries/{delivery['id']}/retry").problem == "not-found"
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE webhook_deliveries SET state = 'failed', attempts = 8")
    assert api.post(again).status == 202
    (shown,) = api.get(path).json["items"]
    assert (shown["state"], shown["attempts"]) == ("pending", 0)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE webhook_deliveries SET state = 'sent'")
    assert api.post(again).problem == "wrong-state"


def test_a_channel_of_the_store_posts_to_networks_that_the_file_declares(api: Api) -> None:
    api.room.declare(SOURCES + NETWORK)
    api = api_of(api.room).with_token()
    wrong = api.post("/channels", {"name": "pier", "post_to": ["nowhere"]})
    assert (wrong.problem, wrong.json["errors"][0]["pointer"]) == ("wrong-fields", "/post_to")
    assert api.post("/channels", {"name": "pier", "post_to": ["town"]}).status == 201
    shown = api.get("/channels/pier")
    assert shown.json["post_to"] == ["town"]
    same = api.ask("PATCH", "/channels/pier", {"post_to": ["town"]}, if_match=shown.headers["etag"])
    assert same.json["changed"] is False
    assert api.ask("PATCH", "/channels/pier", {"post_to": []}, if_match="*").status == 200
    assert api.get("/channels/pier").json["post_to"] == []


def test_a_channel_whose_network_left_the_file_can_be_changed(api: Api) -> None:
    api.room.declare(SOURCES + NETWORK)
    api = api_of(api.room).with_token()
    assert api.post("/channels", {"name": "pier", "post_to": ["town"]}).status == 201
    api.room.declare(SOURCES)
    api = api_of(api.room).with_token()
    tag = api.get("/channels/pier").headers["etag"]
    assert api.ask("PATCH", "/channels/pier", {"title": "The pier"}, if_match=tag).status == 200
    assert api.ask("PATCH", "/channels/pier", {"title": "Other"}, if_match=tag).problem == "changed-meanwhile"
    more = api.ask("PATCH", "/channels/pier", {"post_to": ["town", "coast"]}, if_match="*")
    assert (more.problem, "coast" in more.json["errors"][0]["detail"]) == ("wrong-fields", True)
    assert api.ask("PATCH", "/channels/pier", {"post_to": []}, if_match="*").status == 200


def test_a_newsletter_is_changed_and_paused_by_one_request(api: Api) -> None:
    given = {"name": "weekly", "schedule": "weekly monday 08:00", "paused": True}
    assert api.post("/newsletters", given).status == 201
    assert api.get("/newsletters/weekly").json["paused"] is True
    for wanted in ({"title": "Week", "paused": False}, {"title": "The week", "paused": True}):
        tag = api.get("/newsletters/weekly").headers["etag"]
        assert api.ask("PATCH", "/newsletters/weekly", wanted, if_match=tag).json["changed"] is True
        shown = api.get("/newsletters/weekly").json
        assert {name: shown[name] for name in wanted} == wanted
    last = api.get("/audit").json["items"][0]
    assert last["action"] == "newsletter.edit"
    assert last["after"] == {"title": "The week", "paused": True}
    for same in (wanted, {"paused": None}):
        assert api.ask("PATCH", "/newsletters/weekly", same, if_match="*").json["changed"] is False
    assert api.get("/newsletters/weekly").json["paused"] is True
    declared = api.ask("PATCH", "/newsletters/daily", {"title": "Mine", "paused": True}, if_match="*")
    assert declared.problem == "declared-in-config"
    assert api.get("/newsletters/daily").json["paused"] is False


def test_a_newsletter_is_compared_and_changed_on_one_connection(api: Api) -> None:
    api.post("/newsletters", {"name": "weekly", "schedule": "weekly monday 08:00"})
    pool: Any = api.room.store._engine.pool
    for name, wanted in (("weekly", {"title": "Week"}), ("daily", {"paused": True})):
        tag = api.get(f"/newsletters/{name}").headers["etag"]
        before = pool.checkedout()
        used: list[int] = []

        def note(*_: object, used: list[int] = used) -> None:
            used.append(pool.checkedout())

        event.listen(pool, "checkout", note)
        try:
            assert api.ask("PATCH", f"/newsletters/{name}", wanted, if_match=tag).status == 200
        finally:
            event.remove(pool, "checkout", note)
        assert max(used) == before + 1


def test_every_field_of_a_newsletter_is_part_of_its_etag(api: Api) -> None:
    api.post("/newsletters", {"name": "weekly", "schedule": "weekly monday 08:00"})
    for name, value in (
        ("intro", "Hello"),
        ("footer", "Bye"),
        ("images", "none"),
        ("address", "1 Pier Road"),
    ):
        tag = api.get("/newsletters/weekly").headers["etag"]
        assert api.ask("PATCH", "/newsletters/weekly", {name: value}, if_match=tag).status == 200
        assert api.get("/newsletters/weekly").json[name] == value
        stale = api.ask("PATCH", "/newsletters/weekly", {"title": "Of another"}, if_match=tag)
        assert stale.problem == "changed-meanwhile"

"""Commands for webhooks and for posts to other networks."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syndicate.cli import _syndicate as cli
from syndicate.store import open_store
from syndicate.store.events import post_store
from tests.factories import NOW

CONFIG = """
[[channels]]
name = "news"
post_to = ["town"]
[[networks]]
name = "town"
kind = "mastodon"
address = "https://town.example"
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SYNDICATE_NETWORKS__TOWN__SECRET", "a-token")
    file = tmp_path / "config.toml"
    file.write_text(CONFIG)
    return file


def call(config: Path, *arguments: str) -> Any:
    done = CliRunner().invoke(cli, [*arguments, "--config", str(config)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.all
def test_a_webhook_is_added_listed_paused_and_removed(config: Path) -> None:
    added = json.loads(
        call(config, "webhooks", "add", "https://h.example/", "--event", "edition.sent", "--json")
    )
    assert added["secret"].startswith("whsec_")
    listed = call(config, "webhooks", "list")
    assert "https://h.example/" in listed
    assert "whsec_" not in listed
    assert "edition.sent" in listed
    call(config, "webhooks", "test", "1")
    found = json.loads(call(config, "webhooks", "deliveries", "1", "--json"))["deliveries"]
    assert [row["type"] for row in found] == ["test"]
    assert "whsec_" in call(config, "webhooks", "secret", "1")
    for command in ("end-secret", "pause", "resume"):
        call(config, "webhooks", command, "1")
    call(config, "webhooks", "edit", "1", "https://other.example/")
    (webhook,) = json.loads(call(config, "webhooks", "list", "--json"))["webhooks"]
    assert (webhook["address"], webhook["events"]) == ("https://other.example/", "edition.sent")
    assert "was removed" in call(config, "webhooks", "remove", "1")
    assert "no webhooks" in call(config, "webhooks", "list")


def test_an_uncertain_post_is_listed_and_settled(config: Path) -> None:
    assert "No posts" in call(config, "posts", "list")
    store = open_store(f"sqlite:///{config.parent / 'syndicate.db'}")
    row = {"network": "town", "channel": "news", "content": {"title": "A ship"}}
    with store.write() as connection:
        post_store.sync_targets(connection, ["town"], NOW)
        for number in (1, 2):
            post_store.add_post(connection, {**row, "story_id": number, "article_id": number}, NOW)
        post_store.mark_posts_restored(connection, NOW)
        post_store.rest(connection, "town", until=NOW, reason="it answered 401")
    store.dispose()
    listed = call(config, "posts", "list", "--state", "uncertain")
    assert "uncertain" in listed
    assert "posts arrived ID" in listed
    assert "it answered 401" in listed
    call(config, "posts", "arrived", "1")
    call(config, "posts", "resend", "2")
    call(config, "posts", "resume", "town")
    states = [post["state"] for post in json.loads(call(config, "posts", "list", "--json"))["posts"]]
    assert states == ["pending", "sent"]

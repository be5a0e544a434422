"""Hostile texts in every column that strangers fill: no page shows them as markup."""

import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import String, Text, cast, literal, update

from syndicate.model.actors import Change, command_actor
from syndicate.store import Store, schema
from tests.factories import NOW
from tests.jobs.room import opened_room
from tests.jobs.sending import mail_to
from tests.jobs.stories.test_decisions import write_news
from tests.jobs.stories.test_story_moves import declare
from tests.web.admin.conftest import serving_admin

PAYLOAD = "\"'><img src=q onerror=alert(1)><svg onload=alert(1)>{{7*191}}${1}</script>\u202e"
FOREIGN = frozenset(
    {
        "actor_name", "author", "browser", "cause", "check_reason", "declared_title", "detail", "error",
        "headline", "html", "last_modified", "etag", "message", "network", "object_id", "reason", "section",
        "summary", "title", "warning", "tag", "agent", "reply", "evidence", "agreed", "stages", "facts",
    }
)  # fmt: skip
NAMED = (schema.sources, schema.subscribers, schema.tokens, schema.users)
MORE = """
[[newsletters]]
name = "daily"
title = "The daily"
schedule = "daily 07:00"
[admin]
enabled = true
second_step = "off"
[sign_up]
enabled = true
"""
NO_DOWNLOADS = re.compile(
    r"/admin/(?!assets|sources\.csv|sources/export|settings/audit\.ndjson|again"
    r"|newsletters/[^/]+/mail/eml|editions/\d+/mail\?as=eml)(?![^#]*[?&]csv=)[^#]*"
)


def test_hostile_rows_are_text_on_every_page_that_links_lead_to(tmp_path: Path):
    with opened_room(tmp_path) as room:
        declare(room, MORE)
        mail_to(room, "ann", "bob")
        write_news(room)
        with serving_admin(room, tmp_path / "feeds") as site:
            client = site.client()
            change = Change(actor=command_actor(PAYLOAD), now=NOW)
            admin = room.services.admin
            admin.webhooks.add(change, address="https://hook.example/a'b", events=["needs.changed"])
            admin.tokens.add(change, PAYLOAD, ["articles:read"], user_id=1)
            spoil(room.store)
            seen, waiting = set[str](), ["/admin/", "/admin/settings/audit", "/admin/settings/tokens"]
            waiting += [f"/admin/deliveries?tab={tab}" for tab in ("uncertain", "failed", "providers")]
            while waiting and len(seen) < 90:
                path = waiting.pop(0)
                if path in seen or sum(one.startswith(path.partition("?")[0]) for one in seen) > 6:
                    continue
                seen.add(path)
                answer = client.get(path)
                page = answer.body.decode()
                assert answer.status < 500, path
                assert "\"'><img" not in page, path
                assert "<svg onload" not in page, path
                for link in re.findall(r'href="([^"]*)"', page):
                    target = unescape(link)
                    is_harmless = urlsplit(target).scheme in ("", "http", "https", "mailto")
                    assert is_harmless or target == "data:,", target
                    if NO_DOWNLOADS.fullmatch(target):
                        waiting.append(target)
            assert len(seen) > 30, seen
            assert all(
                PAYLOAD[:8] in unescape(client.page(f"/admin/{page}")) for page in ("sources", "stories")
            )


def spoil(store: Store) -> None:
    """Write the payload into every column of text that strangers fill."""
    for table in schema.metadata.sorted_tables:
        names = {
            column.name
            for column in table.columns
            if isinstance(column.type, String) and not column.primary_key and column.name in FOREIGN
        }
        values: dict[str, Any] = dict.fromkeys(names, PAYLOAD)
        if table in NAMED:
            values["name"] = literal(PAYLOAD) + cast(table.c.id, Text)
        if values:
            with store.write() as connection:
                connection.execute(update(table).values(values))

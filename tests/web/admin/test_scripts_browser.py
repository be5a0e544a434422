"""Scripts in every field that a stranger fills, on every page of the operators, in a real browser.

Each page is opened as it is served, where the policy must have nothing to forbid, and once more with the
policy switched off, where escaping alone must stop the scripts.
"""

import gzip
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import String, insert, select, update

from syndicate.model.actors import Actor, Change, command_actor
from syndicate.store import Store, schema
from syndicate.store.core import quarantine
from syndicate.store.events.event_log import add_event
from syndicate.store.ingest import added_sources, poll_store
from syndicate.store.ingest.poll_store import LastAnswer
from tests.factories import NOW, declared, new_article
from tests.jobs.room import Room, opened_room
from tests.jobs.sending import mail_to
from tests.jobs.stories.test_decisions import write_news
from tests.jobs.stories.test_story_moves import declare
from tests.web.admin.conftest import COOKIE, AdminSite, serving_admin
from tests.web.admin.test_hostile_rows import FOREIGN, MORE, NO_DOWNLOADS
from tests.web.script_payloads import PAYLOADS

pytestmark = [pytest.mark.all, pytest.mark.timeout(600)]

ROWS = 60
# Fields of strangers beside those of ``FOREIGN``, by table.
FILLED = {
    "editor_log": ("who", "value"),
    "edition_changes": ("changed_by",),
    "feed_reads": ("program",),
    "hub_subscriptions": ("hub",),
    "posts": ("remote_id",),
    "quarantine": ("subject",),
    "saved_searches": ("created_by", "query"),
    "sending_rests": ("rested_by",),
    "sources": ("name", "feed_id"),
    "stage_runs": ("problem",),
    "subscriber_fields": ("value",),
    "subscriber_tags": ("tag",),
    "article_tags": ("tag",),
    "article_authors": ("author",),
    "subscribers": ("name",),
    "subscriptions": ("source",),
    "tokens": ("name",),
    "users": ("name",),
}
ADDRESSES = {"sources": ("home_url", "moved_to", "permanent_url"), "articles": ("url",)}
OPENED = """
window.ran = []; window.forbidden = [];
window.canary = (...why) => window.ran.push(String(why)); window.alert = window.canary;
document.addEventListener('securitypolicyviolation', event =>
  window.forbidden.push(event.violatedDirective + ' ' + event.blockedURI + ' ' + event.sample));
"""
FOUND = """() => {
  const bad = [];
  for (const element of document.querySelectorAll('*')) {
    for (const {name, value} of element.attributes) {
      if (/^on|^srcdoc$|^style$/i.test(name)) bad.push(element.localName + ' ' + name);
      if (/^(href|src|action|formaction|xlink:href|data|poster)$/.test(name)
          && /^[\\s\\u0000-\\u001f]*(javascript|vbscript|data:text)/i.test(value))
        bad.push(name + ' ' + value);
    }
    if (/^(base|object|embed|portal|marquee|math)$/.test(element.localName)) bad.push(element.localName);
  }
  return [bad, window.ran, window.forbidden];
}"""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[AdminSite]:
    """A newsroom with many rows of each kind, each with another payload in each field."""
    with opened_room(tmp_path) as room:
        declare(room, MORE)
        fill(room)
        with serving_admin(room, tmp_path / "feeds") as served:
            served.client()
            spoil(room.store)
            yield served


def fill(room: Room) -> None:
    mail_to(room, *(f"r{number}" for number in range(ROWS)))
    write_news(room)
    admin, change = room.services.admin, Change(actor=command_actor("root"), now=NOW)
    admin.users.add(change, "zed@news.example", "editor")
    admin.webhooks.add(change, address="https://hook.example/a", events=["story.created"])
    for number in range(ROWS):
        admin.searches.add(change, f"flood {number}")
        actor = Actor(kind="token", name=f"t{number}", user_id=1, scopes=command_actor("").scopes)
        admin.tokens.add(change, f"t{number}", ["articles:read"], user_id=1)
        admin.deliveries.pause(Change(actor=actor, now=NOW), f"why {number}", number + 1)
    pairs = range(ROWS)
    with room.store.write() as connection:
        for number in pairs:
            address = f"https://s{number}.example/feed"
            added_sources.add_source(connection, declared(f"s{number}", url=address), NOW)
            add_event(connection, "story.created", f"story/{number}", {"a": number}, NOW)
            text = PAYLOADS[number]
            quarantine.record_failure(
                connection, "entry", f"{number}", text, now=NOW, source_id=number % 5 + 1
            )
        body = gzip.compress("\n".join(PAYLOADS).encode("utf-8", "replace"))
        headers = "\n".join(f"X-{index}: {text}" for index, text in enumerate(PAYLOADS)).replace("\0", "")
        poll_store.save_answers(
            connection,
            [LastAnswer(source_id=number, at=NOW, headers=headers, body=body) for number in (1, 6, 7)],
        )
    room.add(*(new_article(number, title=f"Article {number}") for number in range(50, 50 + ROWS)))
    room.services.stories.run(NOW)


def spoil(store: Store) -> None:
    """Write another payload into each field of each row."""
    texts = (PAYLOADS[number % len(PAYLOADS)].replace("\0", "") for number in count())
    with store.write() as connection:
        for table in schema.metadata.sorted_tables:
            names = [
                column.name
                for column in table.columns
                if (
                    isinstance(column.type, String)
                    and (column.name in (*FILLED.get(table.name, ()), *ADDRESSES.get(table.name, ())))
                )
                or (column.name in FOREIGN and isinstance(column.type, String) and not column.primary_key)
            ]
            keys = [*table.primary_key.columns]
            for number, row in enumerate(connection.execute(select(*keys)).all() if names else ()):
                values: dict[str, Any] = {}
                for name in names:
                    text = next(texts)
                    prefix = "https://x.example/" if name in ADDRESSES.get(table.name, ()) else ""
                    is_unique = table.name in FILLED and name in FILLED[table.name]
                    values[name] = f"{prefix}{text}{f' {number}' if is_unique else ''}"
                here = [key == value for key, value in zip(keys, row, strict=True)]
                connection.execute(update(table).where(*here).values(**values))
        audit = [
            {
                "at": NOW, "actor_kind": "user", "actor_name": text.replace("\0", ""), "action": "source.add",
                "object_kind": "source", "object_id": text.replace("\0", ""), "network": "192.0.2.0",
                "before": {text: text}, "after": {"name": text},
            }
            for text in PAYLOADS
        ]  # fmt: skip
        connection.execute(insert(schema.audit), audit)


def addresses(site: AdminSite) -> list[str]:
    """Return the pages that links lead to, some of each kind."""
    client, seen = site.client(), list[str]()
    waiting = ["/admin/", "/admin/settings/audit", "/admin/settings/tokens", "/admin/stories/decisions"]
    waiting += [f"/admin/deliveries?tab={tab}" for tab in ("uncertain", "failed", "bounces", "providers")]
    waiting += [f"/admin/deliveries?state={state}" for state in ("failed", "uncertain", "pending")]
    waiting += [
        "/admin/system",
        "/admin/subscribers",
        "/admin/stories/searches",
        "/admin/settings/webhooks/1",
    ]
    waiting += ["/admin/sources/1", "/admin/sources/6", "/admin/sources/1/polls", "/admin/sources/6/edit"]
    while waiting and len(seen) < 70:
        path = waiting.pop(0)
        kind = re.sub(r"[0-9a-f]{6,}|\d+|\?.*|https?:.*", "#", path)
        if path in seen or sum(re.sub(r"[0-9a-f]{6,}|\d+|\?.*", "#", one) == kind for one in seen) > 2:
            continue
        answer = client.get(path)
        assert answer.status < 500, path
        if not (answer["content-type"] or "").startswith("text/html"):
            continue
        seen.append(path)
        for link in re.findall(r'href="([^"]*)"', answer.body.decode()):
            if NO_DOWNLOADS.fullmatch(unescape(link)) and not link.startswith("/admin/api"):
                waiting.append(unescape(link))
    for name in PAYLOADS[::9]:
        file = re.sub(r'["\r\n\0]', "'", name)
        uploaded = client.upload("/admin/subscribers/import", {}, {"file": (file, listed())})
        seen += [uploaded["location"]] if uploaded["location"] else []
    # Each upload of a session replaces the upload before.
    return seen[:-1] if seen[-1].endswith("import") else seen


def listed() -> bytes:
    """Return a list of subscribers with a payload in each cell and each heading."""
    cells = [re.sub(r'[",\r\n\0]', "'", text) for text in PAYLOADS]
    heads = ",".join(["email", "name", *cells[:8]])
    return "\n".join([heads, *(f"r@x.example{text},{text},{text}" for text in cells)]).encode(
        "utf-8", "replace"
    )


def test_no_script_of_a_stranger_runs_on_any_page(site: AdminSite, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    paths, problems, loaded = addresses(site), list[Any](), list[str]()
    console: list[str] = []
    assert len(paths) > 45, paths

    def dismiss(dialog: Any) -> None:
        problems.append(dialog.message)
        dialog.dismiss()

    cookie: Any = {"name": COOKIE, "value": site.client().session_id, "url": site.url}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for is_free in (False, True):
            context = browser.new_context(bypass_csp=is_free, base_url=site.url)
            context.add_cookies([cookie])
            context.add_init_script(OPENED)
            page = context.new_page()
            page.on("dialog", dismiss)
            page.on("request", lambda request: loaded.append(request.url))
            page.on("console", lambda said: console.append(said.text))
            for path in paths:
                site.now += timedelta(seconds=2)
                page.goto(path, wait_until="load")
                found = page.evaluate(FOUND)
                found.append([text for text in console if "Content Security" in text])
                if any(found):
                    problems.append((path, is_free, json.dumps(found)[:500]))
                console.clear()
            context.close()
        browser.close()
    assert problems == []
    assert [url for url in loaded if not url.startswith((site.url, "data:"))] == []

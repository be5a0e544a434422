"""Scripts in every field of every item, through the whole pipeline into a real browser: nothing runs."""

import json
from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

import pytest

from syndicate.newsletter.periods import Period
from tests.factories import NOW
from tests.jobs.payloads import addresses, payloads
from tests.jobs.room import Room, source
from tests.net.scripted_server import ScriptedServer, answer

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]

NEWSLETTER = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\nstories = 50\n'
CANARY = "window.ran = []; window.canary = (...why) => window.ran.push(why); window.alert = window.canary;"
AUDIT = """() => {
  const bad = [];
  for (const element of document.querySelectorAll('*')) {
    const name = element.localName;
    if (['iframe', 'object', 'embed', 'base', 'frame', 'applet'].includes(name)) bad.push(name);
    for (const {name: key, value} of element.attributes) {
      if (key.startsWith('on')) bad.push(name + ' ' + key);
      if (['href', 'src', 'action', 'formaction', 'xlink:href', 'data', 'poster', 'background'].includes(key)
          && /^[\\s\\u0000-\\u001f]*(javascript|vbscript|data|feed|view-source):/i.test(value))
        bad.push(name + ' ' + key + ' ' + value);
    }
  }
  return [bad, window.ran];
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves the pages as a bare web server would: without the policy that our own sends."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name is the base class's
        pass


def hostile_feed() -> bytes:
    links = list(addresses())
    items = []
    for number, payload in enumerate(payloads()):
        clean = "".join(character for character in payload if character.isprintable() or character in "\t\n")
        link = links[number % len(links)].replace("\x01", "") if number % 3 else f"https://p.example/{number}"
        fields = {
            "title": f"{number} {clean}",
            "description": clean,
            "content:encoded": f"<p>{number} words of text</p>{clean}",
            "dc:creator": clean,
            "category": clean,
            "link": link,
            "guid": f"guid-{number}",
            "pubDate": format_datetime(NOW - timedelta(minutes=number)),
        }
        written = "".join(f"<{name}>{escape(text)}</{name}>" for name, text in fields.items())
        attached = quoteattr(links[number % len(links)].replace("\x01", ""))
        items.append(
            f'<item>{written}<enclosure url={attached} type="image/png" length="1"/>'
            f"<media:content url={attached} medium='image'><media:title>{escape(clean)}</media:title>"
            "</media:content></item>"
        )
    return (
        '<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:media="http://search.yahoo.com/mrss/"><channel>'
        f"<title>&lt;script&gt;canary()&lt;/script&gt;</title><link>javascript:canary(1)</link>{''.join(items)}"
        "</channel></rss>"
    ).encode()


def read_as_html(feed: Path) -> list[str]:
    """What readers take for HTML: of RSS the description and the content, of Atom what says that it is."""
    always = {"description", "encoded"}
    return [
        one.text or ""
        for one in ElementTree.parse(feed).iter()
        if one.tag.rpartition("}")[2] in always or one.get("type") == "html"
    ]


@pytest.fixture
def outputs(room: Room) -> Iterator[tuple[str, list[str], list[str]]]:
    """Where the pages are, their paths, and the HTML of feeds and mail."""
    with ScriptedServer({"/feed": answer(200, hostile_feed(), Content_Type="application/rss+xml")}) as server:
        room.declare(
            source("<script>canary(2)</script>", server.url("/feed"), republish='"full"') + NEWSLETTER
        )
        (outcome,) = room.ingest().values()
        room.close()
    assert outcome.new > 500
    room.services.stories.run(NOW)
    room.services.publish.run(NOW)
    draft = room.services.editions.draft(
        room.services.newsletters[0], Period(start=NOW - timedelta(days=1), end=NOW), NOW
    )
    assert draft.checked
    folder = Path(room.services.output)
    texts = [draft.checked.rendered.html]
    feed = json.loads((folder / "news.json").read_text("utf-8"))
    texts += [item.get("content_html", "") for item in feed["items"]]
    for kind in ("rss", "atom"):
        found = read_as_html(folder / f"news.{kind}")
        assert len(found) >= len(feed["items"])
        texts += found
    web = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = Thread(target=web.serve_forever)
    thread.start()
    pages = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.html"))]
    yield f"http://127.0.0.1:{web.server_port}/", pages, texts
    web.shutdown()
    thread.join()
    web.server_close()


def test_nothing_of_some_hundred_hostile_items_runs_or_leaves_in_pages_feeds_and_mail(outputs, browser):
    address, pages, texts = outputs
    asked: list[str] = []

    def guard(route: Any) -> None:
        if not route.request.url.startswith((address, "data:", "about:")):
            asked.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    problems = []
    page = browser.new_page()
    page.add_init_script(CANARY)
    page.route("**/*", guard)
    page.on("dialog", lambda dialog: problems.append(dialog.message))
    for path in pages:
        page.goto(address + path, wait_until="load")
        problems += [(path, found) for found in page.evaluate(AUDIT) if found]
    for text in texts:
        page.set_content(text)
        problems += [(text[:300], found) for found in page.evaluate(AUDIT) if found]
    page.close()
    assert problems == []
    # Pictures of articles may be asked for; they are no scripts, and nothing else is.
    assert [url for url in asked if "evil.example" in url] == []

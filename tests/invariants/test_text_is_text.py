"""Every text is text: whoever wrote it, it comes out as it was written, and no part of it becomes markup."""

import email
import email.policy
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from lxml import etree
from lxml import html as lxml_html

from syndicate.text.plain import clean_line
from tests.examples import examples
from tests.factories import NOW, new_article
from tests.jobs.room import Room, opened_room
from tests.template_variables import MAIL_LANGUAGES

PRODUCT = "62710561"  # 7919 * 7919, which no test writes: only an evaluated expression does
PIECES = (
    '<evil href="https://evil.example/">win</evil>',
    "R&D <weekly>",
    "\"double\" and 'single'",
    "{{ 7919 * 7919 }}",
    "{% for x in y %}",
    "{# a comment #}",
    "&amp;&lt;evil&gt;",
    "</script><evil>",
    "--><evil x='",
    "]]><evil/>",
    '" onload="evil()',
    "%s %(x)s {0} {x}",
    "\u202eright to left\u202c",
    "אבג العربية",
    "\r\nBcc: evil@evil.example",
    "https://evil.example/",
    "[evil](https://evil.example/)",
    "word " * 12,
)
# A line, as settings, headlines and names of persons are: what ingest and settings make of a hostile text.
LINES = st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map(
    lambda pieces: clean_line(" ".join(pieces))
)
PLACES = (
    *("site", "description", "letter", "intro", "footer", "section", "tag", "author", "headline", "summary"),
    *("agreed", "channel", "sender"),
)
FEEDS = ("all.rss", "all.atom", "all.json")
# An edition keeps the beginning of a section's name, a header that of a sender's.
LONGEST = {"section": 60, "sender": 60}
# Where each text is shown at the least, by the beginning of a document's name.
SHOWN = {
    "site": ("site/index.html", "kim@example.org html", "kim@example.org plain"),
    "letter": ("site/newsletters", "kim@example.org html", "kim@example.org plain", "jo@example.org html"),
    "section": ("site/articles/", "jo@example.org html"),
    "tag": ("site/articles/", *FEEDS),
    "author": ("site/articles/", *FEEDS),
    "headline": (
        "site/articles/",
        "site/index.html",
        *FEEDS,
        "jo@example.org html",
        "jo@example.org plain",
    ),
    "summary": ("site/articles/", *FEEDS),
    "intro": ("jo@example.org html", "jo@example.org plain"),
    "footer": ("jo@example.org html", "jo@example.org plain"),
    "agreed": ("kim@example.org html", "kim@example.org plain"),
    "channel": ("site/feeds.html", *FEEDS),
    "sender": ("jo@example.org header",),
}


@st.composite
def newsrooms(draw: st.DrawFn) -> dict[str, str]:
    """A text for each place, which begins with the name of the place, and a language."""
    texts = {place: f"{place} {draw(LINES)}"[: LONGEST.get(place, 300)].strip() for place in PLACES}
    # They are Markdown: a link of the operator's is one, and an entity is a character.
    texts |= {place: re.sub(r"[&\[]", "", texts[place]) for place in ("intro", "footer")}
    return texts | {"language": draw(st.sampled_from(sorted({"en", *MAIL_LANGUAGES})))}


def declared(texts: Mapping[str, str]) -> str:
    """The configuration with these texts."""
    quoted = {place: json.dumps(text, ensure_ascii=False) for place, text in texts.items()}
    sender = json.dumps(
        f"{json.dumps(texts['sender'], ensure_ascii=False)} <news@example.com>", ensure_ascii=False
    )
    sources = "".join(
        f'[[sources]]\nname = "{name}"\nurl = "https://{name}.example/feed"\nsection = {quoted["section"]}\n'
        for name in ("harbour", "other")
    )
    return f"""
[site]
url = "https://news.example"
title = {quoted["site"]}
description = {quoted["description"]}
language = {quoted["language"]}
[mail]
from = {sender}
address = "1 Pier Road, Harbour Town"
[sign_up]
enabled = true
consent = {quoted["agreed"]}
[[channels]]
name = "all"
title = {quoted["channel"]}
description = {quoted["description"]}
[[newsletters]]
name = "daily"
title = {quoted["letter"]}
schedule = "daily 07:00"
intro = {quoted["intro"]}
footer = {quoted["footer"]}
max_lateness = "30d"
first_edition = "latest"
{sources}"""


def publish(room: Room, texts: Mapping[str, str]) -> None:
    """Publish and mail two articles that tell one story and one beside it; ask for a newsletter."""
    facts: dict[str, Any] = {
        "section": texts["section"],
        "tags": (texts["tag"],),
        "authors": (texts["author"],),
    }
    text = "The harbour bridge was closed on Monday after a ship hit its third pier and a crane fell. " * 9
    told = facts | {"title": texts["headline"], "summary": texts["summary"], "text": text}
    room.add(
        new_article(1, **told),
        *(new_article(number, **facts, text=f"Text {number}") for number in (2, 4)),
        new_article(5, text="Five"),
    )
    room.add(new_article(3, **told), source="other")
    room.subscribe("jo@example.org")
    services = room.services
    services.stories.run(NOW)
    services.publish.run(NOW)
    assert services.sign_ups is not None
    sign_ups = replace(services.sign_ups, clock=lambda: NOW)
    assert sign_ups.request(["daily"], "kim@example.org", "203.0.113.0/24")
    assert sign_ups.run(NOW) == {"mailed": 1}
    at = NOW + timedelta(days=1)
    services.editions.run(at)
    services.publish.run(at)
    replace(services.deliver, clock=lambda: at).run(at)


def documents(room: Room) -> Iterator[tuple[str, str]]:
    """Each page, each feed and each part of a mail, by what it is."""
    output = room.services.output
    for file in sorted(
        file for file in output.rglob("*") if file.suffix in {".html", ".xml", ".rss", ".atom", ".json"}
    ):
        yield file.relative_to(output).as_posix(), file.read_text("utf-8")
    for file in sorted((room.folder / "outbox").glob("*.eml")):
        mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
        sender = mail["From"].addresses[0].display_name
        yield (
            f"{mail['To']} header",
            "\n".join([*(f"{name}: {value}" for name, value in mail.items()), sender]),
        )
        for part in mail.walk():
            if not part.is_multipart():
                yield f"{mail['To']} {part.get_content_subtype()}", part.get_content()


def test_a_text_comes_out_as_text_wherever_it_was_written_and_wherever_it_is_shown() -> None:
    seen: set[str] = set()

    @settings(max_examples=examples(8), deadline=None, phases=[Phase.generate])
    @given(newsrooms())
    def holds(texts: dict[str, str]) -> None:
        with TemporaryDirectory() as folder, opened_room(Path(folder)) as room:
            room.declare("", base=declared(texts))
            publish(room, texts)
            found = dict(documents(room))
        for name, document in found.items():
            seen.add(name.partition(" ")[2] or name.rpartition(".")[2])
            assert PRODUCT not in document, (name, "an expression was evaluated")
            if name.endswith("html"):
                assert_no_element(name, document)
            assert not re.search("^(bcc|x-evil):", document, re.IGNORECASE | re.MULTILINE), name
        for place, shown in SHOWN.items():
            for start in shown:
                texts_found = [
                    readable(name, document) for name, document in found.items() if name.startswith(start)
                ]
                assert any(plain(texts[place]) in text for text in texts_found), (place, start, texts[place])

    holds()
    assert seen >= {"html", "plain", "header", "xml", "json"}


def assert_no_element(name: str, document: str) -> None:
    tree = lxml_html.document_fromstring(document.encode())
    for element in tree.iter(etree.Element):
        assert element.tag not in {"evil", "weekly"}, (name, etree.tostring(element))
        assert "onload" not in element.attrib, (name, etree.tostring(element))
        for attribute in ("href", "src", "action"):
            address = str(element.attrib.get(attribute, "")).partition("?")[0]
            assert "evil.example" not in address, (name, etree.tostring(element))


def readable(name: str, document: str) -> str:
    """What a reader sees of a document, in one line."""
    if name.endswith("html"):
        tree = lxml_html.document_fromstring(document.encode())
        return plain("".join(map(str, tree.itertext())))
    if name.endswith((".xml", ".rss", ".atom")):
        root = etree.fromstring(document.encode())
        attributes = [str(value) for element in root.iter(etree.Element) for value in element.attrib.values()]
        written = " ".join([*map(str, root.itertext()), *attributes])
        # The description of RSS is HTML.
        return plain(f"{written} {unescape(written)}")
    if name.endswith("json"):
        return plain("\n".join(strings(json.loads(document))))
    return plain(document)


def strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)


def plain(text: str) -> str:
    """A text without spaces, capitals (a section's name gets one) and marks of the direction."""
    return re.sub("[\\s\u2066-\u2069\u200e\u200f]+", "", text).casefold()

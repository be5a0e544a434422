"""Folders of Markdown, HTML and text files."""

import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.folder.file_parser import parse_file
from syndicate.ingest.folder.folder_reader import ReadFile, read_folder
from syndicate.ingest.folder.front_matter import split_front_matter
from syndicate.ingest.worker.parsers import ParseRequest
from syndicate.model import Entry, Image, ParsedSource
from tests.ingest.test_copied_text import BODY, LAYOUTS

NONE: frozenset[str] = frozenset()
TEN_PAST = datetime(2026, 11, 24, 8, 10, tzinfo=UTC)


def folder_of(path: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def read(path: Path, files: dict[str, str | bytes], known: frozenset[str] = NONE) -> ParsedSource:
    return read_folder(folder_of(path, files), known=known, read=reader())


def reader(zone: tzinfo = UTC) -> ReadFile:
    """Parse files as a worker process does."""

    def read_file(name: str, data: bytes, item_hash: str) -> Entry:
        request = ParseRequest(body=data, url=name)
        return parse_file(request, item_hash=item_hash, zone=zone).entries[0]

    return read_file


def only(path: Path, name: str, content: str | bytes) -> Entry:
    parsed = read(path, {name: content})
    assert parsed.refused == ()
    (entry,) = parsed.entries
    return entry


# --- the folder


def test_files_of_three_kinds_are_read_in_the_order_of_their_paths(tmp_path):
    parsed = read(
        tmp_path,
        {
            "b.md": "# Beta\n\nText.",
            "a/z.txt": "Zeta\n\nText.",
            "c.html": "<title>Gamma</title><p>Text.",
            "a/notes.docx": "no",
            ".hidden.md": "# no",
            ".git/config.md": "# no",
        },
    )
    assert [(entry.guid, entry.title) for entry in parsed.entries] == [
        ("a/z.txt", "Zeta"),
        ("b.md", "Beta"),
        ("c.html", "Gamma"),
    ]
    assert [entry.item_hash for entry in parsed.entries] == list(parsed.item_hashes)


def test_known_files_are_listed_and_not_read_again(tmp_path):
    before = read(tmp_path, {"a.md": "# A", "b.md": "# B"})
    after = read(tmp_path, {"b.md": "# B, corrected"}, known=frozenset(before.item_hashes))
    assert [entry.title for entry in after.entries] == ["B, corrected"]
    assert after.item_hashes[0] == before.item_hashes[0]


def test_links_out_of_the_folder_large_and_odd_files_are_refused_alone(tmp_path):
    secret = folder_of(tmp_path / "outside", {"secret.md": "# Secret"})
    inside = folder_of(tmp_path / "in", {"good.md": "# Good", "big.txt": b"x" * 5_000_001, "empty.md": " \n"})
    (inside / "out.md").symlink_to(secret / "secret.md")
    (inside / "folder").symlink_to(secret)
    (inside / "folder.md").symlink_to(folder_of(inside / "sub", {"deep.txt": "Deep"}))
    (inside / "loop.md").symlink_to(inside / "loop.md")
    (inside / "same.md").symlink_to(inside / "good.md")
    os.mkfifo(inside / "pipe.txt")
    parsed = read_folder(inside, known=NONE, read=reader())
    assert [entry.guid for entry in parsed.entries] == ["good.md", "same.md", "sub/deep.txt"]
    assert sorted(reason.partition(":")[0] for _, reason in parsed.refused) == [
        "big.txt",
        "empty.md",
        "loop.md",
        "out.md",
        "pipe.txt",
    ]
    assert "leads out" in next(reason for _, reason in parsed.refused if reason.startswith("out.md"))


def test_a_missing_folder_says_which(tmp_path):
    with pytest.raises(FetchError, match="nowhere"):
        read_folder(tmp_path / "nowhere", known=NONE, read=reader())


@pytest.mark.all
def test_too_many_files_are_read_up_to_the_limit(tmp_path):
    folder = folder_of(tmp_path, {f"{number}.md": b"" for number in range(10_001)})
    parsed = read_folder(
        folder,
        known=NONE,
        read=lambda name, _data, item_hash: Entry(
            guid=name,
            url="",
            title="",
            item_hash=item_hash,
        ),
    )
    assert len(parsed.entries) == 10_000
    assert "10,001 articles" in parsed.warnings[0]


@pytest.mark.parametrize(
    "data",
    [
        "Café “ouvert”\n\nTexte".encode(),
        "\ufeffCafé “ouvert”\n\nTexte".encode(),
        "\ufeffCafé “ouvert”\n\nTexte".encode("utf-16-le"),
        "\ufeffCafé “ouvert”\r\n\r\nTexte".encode("utf-16-be"),
        "Café “ouvert”\r\rTexte".encode("cp1252"),
    ],
)
def test_X6_text_is_decoded_by_mark_then_utf_8_then_windows(tmp_path, data):
    entry = only(tmp_path, "a.txt", data)
    assert (entry.title, entry.text) == ("Café “ouvert”", "Texte")


# --- Markdown


def test_markdown_with_front_matter_fills_every_field(tmp_path):
    entry = only(
        tmp_path,
        "bridge.md",
        """---
# comment
title: "Bridge \\"closed\\": what now"
authors:
  - Ada O'Neil
  - name: Ben
date: 2026-11-24 10:10 +02:00
updated: 2026-11-24T12:00:00Z
language: en-GB
section: Local   # inside a comment
tags: [traffic, 'repairs, long']
image: /img/bridge.jpg
image_alt: The bridge
summary: >
  Shut for
  a week.
url: https://news.example/bridge/
layout: post
---

# Bridge "closed": what now

The **bridge** is [shut](../detour).

| a | b |
|---|---|
| 1 | 2 |
""",
    )
    assert entry == Entry(
        guid="bridge.md",
        url="https://news.example/bridge/",
        title='Bridge "closed": what now',
        authors=("Ada O'Neil", "Ben"),
        published=TEN_PAST,
        updated=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        language="en-gb",
        html=entry.html,
        text="The bridge is shut.\n\na b\n\n1 2",
        summary="Shut for a week.",
        section="Local",
        tags=("traffic", "repairs", "long"),
        image=Image(url="https://news.example/img/bridge.jpg", alt="The bridge"),
        item_hash=entry.item_hash,
    )
    assert '<a href="https://news.example/detour"' in entry.html


def test_toml_front_matter_is_read(tmp_path):
    text = '+++\ntitle = "Tide"\ndate = 2026-11-24T08:10:00Z\ntags = ["sea"]\n[extra]\nx = 1\n+++\nBody.\n'
    entry = only(tmp_path, "a.md", text)
    assert (entry.title, entry.published, entry.tags, entry.text) == ("Tide", TEN_PAST, ("sea",), "Body.")


def test_markdown_without_front_matter_takes_its_heading(tmp_path):
    entry = only(tmp_path, "a.md", "# The *whole* [story](https://a.example/)\n\nBody.\n\n---\n\nEnd.")
    assert (entry.title, entry.text, entry.published) == ("The whole story", "Body.\n\nEnd.", None)


def test_a_rule_at_the_top_is_no_front_matter(tmp_path):
    assert only(tmp_path, "a.md", "---\n\nJust text.").text == "Just text."


def test_relative_pictures_are_dropped_without_an_address_and_html_is_cleaned(tmp_path):
    entry = only(
        tmp_path,
        "a.md",
        "# T\n\n![near](img/a.png) ![far](https://cdn.example/b.png)\n\n"
        '<script>x()</script><b onclick="x()">bold</b>\n',
    )
    assert "img/a.png" not in entry.html
    assert entry.image == Image(url="https://cdn.example/b.png", alt="far")
    assert "script" not in entry.html
    assert "<b>bold</b>" in entry.html


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("---\ntitle: A\nnonsense here\n---\nB", "line 3"),
        ("+++\ntitle = \n+++\nB", "TOML front matter"),
        (f"+++\ntitle = {'[' * 5_000}\n+++\nB", "TOML front matter"),
        (f"+++\ntitle = {'9' * 5_000}\n+++\nB", "TOML front matter"),
        (f"+++\n{'a.' * 50_000}a = 1\n+++\nB", "more than 20,000 characters"),
        (f"---\n{'a: b' * 50_000}\n---\nB", "more than 20,000 characters"),
    ],
)
def test_front_matter_that_cannot_be_read_names_the_line(tmp_path, text, reason):
    parsed = read(tmp_path, {"a.md": text, "b.md": "# Good"})
    assert [entry.guid for entry in parsed.entries] == ["b.md"]
    assert reason in parsed.refused[0][1]


@given(st.text(st.sampled_from("---\n: ab[],'\"#>|\\ +=t"), max_size=80))
def test_P16_no_front_matter_raises_anything_but_a_parse_error(text):
    for fence in ("---", "+++"):
        try:
            values, _ = split_front_matter(f"{fence}\n{text}\n{fence}\nbody")
        except ParseError:
            continue
        assert all(isinstance(item, str) for items in values.values() for item in items)


# --- HTML


def test_html_gives_its_metadata_and_only_its_article(tmp_path):
    entry = only(
        tmp_path,
        "a.html",
        """<!doctype html><html lang="en"><head><title>Ferry returns | Harbour News</title>
<link rel="canonical" href="https://news.example/ferry">
<meta name="description" content="It sails again."><meta name="author" content="Ada O&#39;Neil and Ben">
<meta property="article:published_time" content="2026-11-24T10:10:00+02:00">
<meta property="article:modified_time" content="2026-11-24T12:00:00Z">
<meta property="article:section" content="Local"><meta property="article:tag" content="sea">
<meta property="og:title" content="Ferry returns"><meta property="og:image" content="/ferry.jpg">
<meta property="og:image:alt" content="The ferry"></head><body>
<nav><a href="/">Home</a></nav><article><h1>Ferry returns</h1><p>The old <a href="/f">ferry</a> sails.</p>
<form><button>Subscribe</button></form><h2>Why</h2><p>Money.</p></article>
<aside>Other stories</aside></body></html>""",
    )
    assert entry == Entry(
        guid="a.html",
        url="https://news.example/ferry",
        title="Ferry returns",
        authors=("Ada O'Neil", "Ben"),
        published=TEN_PAST,
        updated=datetime(2026, 11, 24, 12, 0, tzinfo=UTC),
        language="en",
        html=entry.html,
        text="The old ferry sails.\n\nWhy\n\nMoney.",
        summary="It sails again.",
        section="Local",
        tags=("sea",),
        image=Image(url="https://news.example/ferry.jpg", alt="The ferry"),
        item_hash=entry.item_hash,
    )


@pytest.mark.parametrize(
    ("html", "title", "text"),
    [
        ("<h1>Only a heading</h1><p>Text.", "Only a heading", "Text."),
        ("<title>T</title><body><main><p>Main.</p></main><p>Rest.</p></body>", "T", "Main."),
        ("<title>T</title><article><p>One.</p><article>Inner.</article></article>Out", "T", "One.\n\nInner."),
        ("<title>T</title><article>never closed", "T", "never closed"),
        ("<title>T</title><body>1 &lt; 2, &lt;b&gt; is bold<p>More.", "T", "1 < 2, <b> is bold\n\nMore."),
    ],
)
def test_html_without_metadata_is_still_an_article(tmp_path, html, title, text):
    entry = only(tmp_path, "a.htm", html)
    assert (entry.title, entry.text) == (title, text)


@pytest.mark.parametrize(
    "html", ["<nav>" * 200_000, "<article " * 200_000, "<h1>" * 200_000, "<!--" * 200_000, "<meta '" * 50_000]
)
@pytest.mark.sampled(2)
def test_P1_hostile_html_is_read_in_seconds(tmp_path, html):
    parsed = read(tmp_path, {"a.html": html})
    assert len(parsed.item_hashes) == 1


# --- text files


def test_a_text_file_becomes_an_entry(tmp_path):
    folder = folder_of(
        tmp_path, {"ferry.txt": LAYOUTS["one newline between paragraphs"] + "\nTags: sea, money"}
    )
    (entry,) = read_folder(folder, known=NONE, read=reader(ZoneInfo("Asia/Qatar"))).entries
    assert entry.title == "Ferry stays"
    assert entry.authors == ("Ada O'Neil", "Ben Ode")
    assert entry.published == datetime(2026, 11, 24, 7, 10, tzinfo=UTC)
    assert entry.tags == ("sea", "money")
    assert entry.html == "".join(f"<p>{part}</p>" for part in BODY)
    assert entry.text == "\n\n".join(BODY)
    assert entry.read_more == ("Ferry prices rise again", "Who pays for the harbour?")


@given(st.binary(max_size=300), st.sampled_from([".md", ".html", ".txt"]))
def test_P16_no_file_raises(tmp_path_factory, data, suffix):
    folder = tmp_path_factory.mktemp("fuzz")
    parsed = read(folder, {"a" + suffix: data, "good.md": "# Good"})
    assert "Good" in [entry.title for entry in parsed.entries]
    assert len(parsed.item_hashes) == 2

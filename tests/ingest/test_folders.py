import os
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import FetchError, ParseError
from syndicate.ingest.folder.boilerplate import read_copied_text
from syndicate.ingest.folder.folder_reader import ReadFile, parse_file, read_folder
from syndicate.ingest.folder.front_matter import split_front_matter
from syndicate.ingest.written_dates import read_moment
from syndicate.model import Entry, Image, ParsedSource
from syndicate.text.plain import clean_line

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
    """What a worker process does."""

    def read_file(name: str, data: bytes, item_hash: str) -> Entry:
        (entry,) = parse_file(
            data, url=name, content_type="", charset="", known=NONE, item_hash=item_hash, zone=zone
        ).entries
        return entry

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


def test_too_many_files_are_read_up_to_the_limit(tmp_path):
    folder = folder_of(tmp_path, {f"{number}.md": b"" for number in range(10_001)})
    parsed = read_folder(
        folder,
        known=NONE,
        read=lambda name, _data, item_hash: Entry(guid=name, url="", title="", item_hash=item_hash),
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
    ],
)
def test_html_without_metadata_is_still_an_article(tmp_path, html, title, text):
    entry = only(tmp_path, "a.htm", html)
    assert (entry.title, entry.text) == (title, text)


@pytest.mark.parametrize(
    "html", ["<nav>" * 200_000, "<article " * 200_000, "<h1>" * 200_000, "<!--" * 200_000, "<meta '" * 50_000]
)
def test_P1_hostile_html_is_read_in_seconds(tmp_path, html):
    parsed = read(tmp_path, {"a.html": html})
    assert len(parsed.item_hashes) == 1


# --- text as copied from a page: the whole body, and nothing else

FIRST = "The harbour board voted on Monday to keep the old ferry running until spring, its chair said."
SECOND = (
    "“We read more than 400 letters,” she said, and share this view: trending prices are no reason to stop."
)
THIRD = "Published figures, updated on 3 May 2024, show that 3 min read as little to those who wait an hour."
BODY = [FIRST, SECOND, THIRD]

LAYOUTS = {
    "everything, blank lines": f"""Ferry stays

Published: 24 November 2026 - 10:10 Updated: 24 November 2026 - 14:00
Read Mode
100% Font Size
3 min read
Share

{FIRST}

{SECOND}

Follow our Google News channel online or via the app for the latest headlines

{THIRD}

Read more:
Ferry prices rise again
Who pays for the harbour?
Top Content
Storm closes the market
Trending
A cat on the pier""",
    "one newline between paragraphs": f"""Ferry stays
By Ada O'Neil and Ben Ode
Published Nov 24, 2026 10:10 AM | Updated Nov 24, 2026 2:00 PM
3 min read • Share
{FIRST}
{SECOND}
{THIRD}
Read more:
• Ferry prices rise again
• Who pays for the harbour?
Trending
1. A cat on the pier
2. Storm closes the market""",
    "labels on their own lines": f"""Ferry stays

Published:
24/11/2026 10:10
Last updated:
24/11/2026 14:00
Facebook
Twitter
WhatsApp
Copy link

{FIRST}

{SECOND}

{THIRD}

READ MORE

Ferry prices rise again

Who pays for the harbour?

© 2026 Harbour News. All rights reserved""",
    "one line of furniture": f"""Ferry stays
Read Mode 100% Font Size 3 min read Share
Published: 2026-11-24 10:10 / Updated: 2026-11-24 14:00

{FIRST}

{SECOND}

{THIRD}

Related stories:
- Ferry prices rise again
- Who pays for the harbour?

Most read
Storm closes the market""",
    "lists in the middle": f"""Ferry stays
Posted on 24 Nov 2026 at 10:10 UTC
Last update: 24 Nov 2026 at 14:00 UTC

{FIRST}

Read more: Ferry prices rise again

{SECOND}

Read more:
Who pays for the harbour?

Advertisement

{THIRD}
Follow us on Telegram""",
    "broken at a width": """Ferry stays
Home > News > Local
10:10, 24 November 2026
Updated 24 November 2026 14:00

The harbour board voted on Monday to keep the old ferry running until
spring, its chair said.

“We read more than 400 letters,” she said, and share this view: trending
prices are no reason to stop.

Published figures, updated on 3 May 2024, show that 3 min read as little
to those who wait an hour.

Read more:
Ferry prices rise again
Who pays for the harbour?""",
    "no empty line before the list, windows line ends": "\r\n".join(
        [
            "Ferry stays",
            "",
            "24.11.2026 10:10",
            "Updated: 24.11.2026 14:00",
            "",
            FIRST,
            "",
            SECOND,
            "",
            THIRD,
            "Share this article",
            "Share on Facebook",
            "12 comments",
            "Read more:",
            "Ferry prices rise again",
            "Who pays for the harbour?",
        ]
    ),
    "other list first": f"""Ferry stays
Published: Tuesday, November 24, 2026, 10:10
Updated: Tuesday, November 24, 2026, 14:00
{FIRST}
{SECOND}
{THIRD}
Top Content
Storm closes the market
2 hours ago
Trending
A cat on the pier
Read more:
Ferry prices rise again
Who pays for the harbour?
Subscribe to our newsletter for a weekly summary""",
}


@pytest.mark.parametrize("text", LAYOUTS.values(), ids=LAYOUTS)
def test_copied_text_is_taken_apart_without_losing_a_word(text):
    article = read_copied_text(text, UTC)
    assert article.title == "Ferry stays"
    assert article.paragraphs == BODY
    assert article.read_more == ["Ferry prices rise again", "Who pays for the harbour?"]
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_arabic_furniture_is_recognised():
    first = "صوت مجلس الميناء يوم الاثنين لصالح إبقاء العبارة القديمة حتى الربيع، بحسب رئيسته."
    second = "وقالت إن المجلس اقرأ المزيد من الرسائل قبل التصويت، وإن الأكثر قراءة منها جاء من الطلاب."
    article = read_copied_text(
        f"""العبارة القديمة باقية

بقلم: ليلى حداد
نُشر: ٢٤ نوفمبر ٢٠٢٦ - ١٠:١٠
آخر تحديث: 24 تشرين الثاني 2026 الساعة 02:00 م
وضع القراءة
100% حجم الخط
3 دقائق للقراءة
شارك

{first}

تابعوا قناتنا على أخبار جوجل

{second}

اقرأ المزيد:
ارتفاع أسعار التذاكر
من يدفع ثمن الميناء؟
الأكثر قراءةً
العاصفة تغلق السوق""",
        UTC,
    )
    assert article.title == "العبارة القديمة باقية"
    assert article.authors == ["ليلى حداد"]
    assert article.paragraphs == [first, second]
    assert article.read_more == ["ارتفاع أسعار التذاكر", "من يدفع ثمن الميناء؟"]
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_standfirst_may_stand_between_the_title_and_the_byline():
    article = read_copied_text(
        f"""Ferry stays
After a long night the board of the harbour decides
Published: Tue 24 Nov 2026, 10:10 AM Updated: Tue 24 Nov 2026, 2:00 PM
By:
Layla Haddad
3 min read
Share:

{FIRST}

Listen to this article

{SECOND}

Stay up to date with the latest news. Follow the Harbour on WhatsApp Channels.

{THIRD}""",
        UTC,
    )
    assert article.paragraphs == ["After a long night the board of the harbour decides", FIRST, SECOND, THIRD]
    assert (article.authors, article.minutes) == (["Layla Haddad"], 3)
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


def test_a_heading_of_a_list_directly_above_the_text_is_left_out():
    assert read_copied_text(f"Ferry stays\n\nTop Stories\n\n{FIRST}", UTC).paragraphs == [FIRST]


def test_short_lines_above_the_first_paragraph_are_text():
    lines = ["The board met.", "It voted.", "Nobody spoke.", "Print", FIRST]
    assert read_copied_text("\n\n".join(["Ferry stays", *lines]), UTC).paragraphs == lines


@pytest.mark.parametrize(
    ("published", "reading", "byline", "hint"),
    [
        ("Publié le 24 novembre 2026 à 10:10 - Mis à jour le 24 novembre 2026 à 14:00",
         "Temps de lecture : 2 min", "Par Claire Dubois", "Lire aussi : "),
        ("Veröffentlicht am 24. November 2026, 10:10 Aktualisiert am 24. November 2026, 14:00",
         "Lesezeit: 2 Minuten", "Von Claire Dubois", "Lesen Sie auch: "),
        ("Publicado el 24 de noviembre de 2026 a las 10:10 Actualizado: 24 noviembre 2026 a las 14:00",
         "2 minutos de lectura", "Por Claire Dubois", "Lea también: "),
    ],
    ids=["French", "German", "Spanish"],
)  # fmt: skip
def test_furniture_of_european_pages_is_recognised(published, reading, byline, hint):
    lines = [published, reading, byline, FIRST, f"{hint}Ferry prices rise again", SECOND]
    article = read_copied_text("\n\n".join(["Ferry stays", *lines]), UTC)
    assert article.paragraphs == [FIRST, SECOND]
    assert article.read_more == ["Ferry prices rise again"]
    assert (article.authors, article.minutes) == (["Claire Dubois"], 2)
    assert article.published == datetime(2026, 11, 24, 10, 10, tzinfo=UTC)
    assert article.updated == datetime(2026, 11, 24, 14, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "line",
    [
        "Read more about the plan on the board's own page.",
        "Trending",
        "Read more: that was the advice of the librarians, and the children took it.",
        "Share prices fell.",
        "Follow the money, the saying goes. The newsletter did.",
        "By the time the ferry left, it was dark.",
        "24 November 2026",
        "Print",
        "3 min read, then a decision: that is how the board works.",
        "Advertisement revenue fell by 3%.",
        "Updated: the board has since agreed.",
    ],
)
def test_a_line_that_may_be_text_stays_between_paragraphs(line):
    text = f"Ferry stays\n\n{FIRST}\n\n{line}\n\n{THIRD}\n"
    assert read_copied_text(text, UTC).paragraphs == [FIRST, line, THIRD]


def test_a_section_called_trending_with_paragraphs_is_no_list():
    text = f"Ferry stays\n\n{FIRST}\n\nTrending\n\n{SECOND}\n\n{THIRD}"
    assert read_copied_text(text, UTC).paragraphs == [FIRST, "Trending", SECOND, THIRD]


@given(
    st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=60), max_size=6)
)
def test_sentences_are_never_lost(sentences):
    wanted = [clean_line(f"Say {sentence} so.") for sentence in sentences]
    article = read_copied_text("\n\n".join(["Title", *wanted]), UTC)
    assert " ".join(article.paragraphs) == " ".join(wanted)


def test_a_text_without_a_title_keeps_its_first_paragraph():
    long = " ".join([FIRST] * 4)
    article = read_copied_text(f"{long}\n\n{SECOND}", UTC)
    assert (article.title, article.paragraphs) == ("", [long, SECOND])


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


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2026-11-24", datetime(2026, 11, 23, 21, 0, tzinfo=UTC)),
        ("2026-11-24T10:05:00+02:00", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("Tue, 24 Nov 2026 08:05:00 GMT", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("Nov. 24, 2026, 11:05 a.m.", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("November 24th, 2026 12:05 am EST", datetime(2026, 11, 24, 5, 5, tzinfo=UTC)),
        ("24 Nov 2026 at 11:05", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("24/11/2026 11:05", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("11/24/2026 11:05", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("3/4/2026 11:05", datetime(2026, 4, 3, 8, 5, tzinfo=UTC)),
        ("2026/11/24 | 10:05 (UTC+0200)", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("5 pm, 24 November 2026", datetime(2026, 11, 24, 14, 0, tzinfo=UTC)),
        ("الثلاثاء، ٢٤ نوفمبر ٢٠٢٦ الساعة ١١:٠٥ ص", datetime(2026, 11, 24, 8, 5, tzinfo=UTC)),
        ("27 novembre 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("Publié le vendredi 27 novembre 2026 à 14h30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("1er décembre 2026", datetime(2026, 11, 30, 21, 0, tzinfo=UTC)),
        ("27. März 2026", datetime(2026, 3, 26, 21, 0, tzinfo=UTC)),
        ("27 de noviembre de 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("sexta-feira, 27 de novembro de 2026 às 10:30", datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),
        ("20 June ,2023: 11:52 PM GST", datetime(2023, 6, 20, 19, 52, tzinfo=UTC)),
        ("27 ноября 2026 г., 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("27 грудня 2026", datetime(2026, 12, 26, 21, 0, tzinfo=UTC)),
        ("٢٧ نوفمبر ٢٠٢٦", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("27 تشرين الثاني 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("2026年11月27日(金) 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("2026년 11월 27일 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("२७ नवंबर २०२६", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("27 Kasım 2026 Cuma 14:30", datetime(2026, 11, 27, 11, 30, tzinfo=UTC)),
        ("piątek, 27 listopada 2026, 10:30", datetime(2026, 11, 27, 7, 30, tzinfo=UTC)),
        ("27 Δεκεμβρίου 2026", datetime(2026, 12, 26, 21, 0, tzinfo=UTC)),
        ("27 tháng 11, 2026", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("2026. november 27.", datetime(2026, 11, 26, 21, 0, tzinfo=UTC)),
        ("27 novembre", None),
        ("27 xyzzy 2026", None),
        ("31/02/2026", None),
        ("soon", None),
        ("", None),
    ],
)
def test_dates_are_read_as_people_write_them(written, moment):
    assert read_moment(written, ZoneInfo("Asia/Qatar")) == moment


@given(st.text(st.sampled_from("0123456789 /-.:,apmNov+Zutc٢"), max_size=40))
def test_P16_no_date_raises(text):
    moment = read_moment(text, UTC)
    assert moment is None or moment.tzinfo is UTC


@given(st.binary(max_size=300), st.sampled_from([".md", ".html", ".txt"]))
def test_P16_no_file_raises(tmp_path_factory, data, suffix):
    folder = tmp_path_factory.mktemp("fuzz")
    parsed = read(folder, {"a" + suffix: data, "good.md": "# Good"})
    assert "Good" in [entry.title for entry in parsed.entries]
    assert len(parsed.item_hashes) == 2

"""Summaries have whole sentences, as far as their source has them."""

import json
from html import escape

import pytest

from syndicate.ingest.identity import accept, tidy_summary
from syndicate.model import Entry
from tests import factories
from tests.ingest.reading import only_entry, rss

SENTENCE = "The council met on Monday and talked about the bridge that nobody has crossed for years"
CUT = f"{SENTENCE}. {SENTENCE}, and so the"
WHOLE = f"{SENTENCE}. {SENTENCE}"


@pytest.mark.parametrize("end", ["", ",", " engin", " (", " –"])
def test_a_summary_that_breaks_off_within_a_sentence_says_so_and_loses_no_word(end):
    assert tidy_summary(CUT + end) == f"{(CUT + end).rstrip(',( –')}…"


@pytest.mark.parametrize(
    "summary",
    [
        SENTENCE,
        f"{WHOLE}.",
        f"{WHOLE}…",
        f"{WHOLE}! With best regards, Graham",
        f"{WHOLE}. Links: drawings and the plan of the bridge",
        f"{WHOLE}. https://news.example/2026/the-bridge-that-nobody-crosses",
        "รัฐมนตรีลาออกเมื่อวันจันทร์หลังจากการลงคะแนนเสียง " * 4 + "ในสภา",
        "Ο υπουργός παραιτήθηκε τη Δευτέρα μετά την ψηφοφορία. " * 3
        + "Γιατί παραιτήθηκε ο υπουργός τη Δευτέρα;",
        "",
    ],
)
def test_a_summary_that_is_short_or_ends_stays_as_it_is(summary):
    assert tidy_summary(summary) == summary


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("The skiers were found. Search…", "The skiers were found."),
        ("The bridge is closed. Here is...", "The bridge is closed."),
        ("He works for Mr. Brown…", "He works for Mr. Brown…"),
        ("It started my career as a software engineer....", "It started my career as a software engineer."),
        ("I liberate my words into the world.…", "I liberate my words into the world."),
        ("They are shown once. .", "They are shown once."),
        ("The storm goes on. …", "The storm goes on."),
        ("Some have strong ...", "Some have strong…"),
        ("[allAfrica]", ""),
        ("...", ""),
        ("[Premium Times] The witnesses spoke.", "[Premium Times] The witnesses spoke."),
    ],
)
def test_the_end_of_a_summary_is_that_of_a_sentence(written, shown):
    assert tidy_summary(written) == shown
    assert tidy_summary(shown) == shown


def test_a_summary_of_many_brackets_is_read_in_linear_time():
    assert tidy_summary("[.]" * 300 + "x") == "[.]" * 300 + "x"


def test_a_summary_does_not_repeat_the_title():
    entry = Entry(
        title="Octopus riding a shark.",
        summary="Octopus riding a shark.",
        html="<p>x</p>",
        text="x",
        guid="1",
        url="",
    )
    assert accept(entry, factories.declared("Town"), factories.NOW).summary == ""


def summary_of(html: str) -> str:
    return only_entry(rss(f"<title>A</title><description>{escape(html)}</description>")).summary


def test_a_summary_has_sentences_and_no_headings_captions_or_players():
    assert summary_of("<h2>What is it?</h2><p>A bus.</p><h3>Why?</h3><p>To ride.</p>") == "A bus. To ride."
    player = '<video src="https://a.example/bus.mp4"></video>'
    assert (
        summary_of(f"{player}<p>A bus <code>b</code>.</p><figure><figcaption>A bus</figcaption></figure>")
        == "A bus b."
    )
    assert summary_of("<h2>What is it?</h2>") == "What is it?"
    content = "<content:encoded>&lt;h2&gt;Overview&lt;/h2&gt;&lt;p&gt;A bus.&lt;/p&gt;</content:encoded>"
    assert only_entry(rss(f"<title>A</title>{content}")).summary == "A bus."


def test_an_item_in_markdown_is_read_as_markdown():
    text = 'import Image from "./a.jpg";\n\n## Plan\n\nSee the [map](https://a.example/map).\n\n```\n<p>x</p>\n```'
    entry = only_entry(rss(f"<title>A</title><description>{escape(text)}</description>"))
    assert entry.html.startswith(
        '<h2>Plan</h2>\n<p>See the <a href="https://a.example/map" rel="noopener">map</a>.</p>'
    )
    assert entry.summary == "See the map."
    book = only_entry(rss(f"<title>A</title><description>{'word ' * 9_000}\n\n## End</description>"))
    assert book.html.endswith("<h2>End</h2>")
    html = "<p>Write [map](https://a.example/map) for a link.</p>"
    assert only_entry(rss(f"<title>A</title><description>{escape(html)}</description>")).html == html


def test_markdown_in_plain_text_keeps_angle_brackets_and_lines():
    text = "Use Vec<String> as in the [guide](https://a.example/guide)."
    assert text_of_json(text) == "Use Vec<String> as in the guide."
    assert text_of_json(f"{text}\n00:00 Start\n\n02:00 End").endswith("guide.\n00:00 Start\n\n02:00 End")
    assert text_of_json("See list[i](/tmp/x).") == "See list[i](/tmp/x)."


def text_of_json(text: str) -> str:
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "A"}
    return only_entry(json.dumps(feed | {"items": [{"id": "1", "content_text": text}]}).encode()).text

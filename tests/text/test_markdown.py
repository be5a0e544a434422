"""Markdown of operators: safe HTML, and plain text with its links."""

import pytest

from syndicate.text.markdown import markdown_html, markdown_text, uncleaned_markdown_html


def test_markdown_becomes_html() -> None:
    assert markdown_html("# A\n\nB *c* [d](https://e.example/)\n") == (
        '<h1>A</h1>\n<p>B <em>c</em> <a href="https://e.example/">d</a></p>'
    )


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <b onclick=x>b</b>"])
def test_raw_html_is_shown_as_text(text: str) -> None:
    assert "<script" not in markdown_html(text)
    assert "<b" not in markdown_html(text)


def test_angle_brackets_stay_in_code_and_around_addresses() -> None:
    text = "`a < &lt; <b>` <https://b.example/> <c@d.example> [e](https://f.example/)"
    assert markdown_html(text) == (
        '<p><code>a &lt; &amp;lt; &lt;b&gt;</code> <a href="https://b.example/">https://b.example/</a> '
        '<a href="mailto:c@d.example">c@d.example</a> <a href="https://f.example/">e</a></p>'
    )
    assert markdown_text("`a < b` <i>\n\n```\n<b>\n```") == "a < b <i>\n\n<b>"


def test_escaped_angle_brackets_lose_their_backslash_outside_code() -> None:
    text = r"a \<b> \\<c> `\<d>`"
    assert markdown_html(text) == r"<p>a &lt;b&gt; \&lt;c&gt; <code>\&lt;d&gt;</code></p>"
    assert markdown_text(text) == r"a <b> \<c> \<d>"


def test_addresses_in_angle_brackets_may_have_spaces() -> None:
    text = "[a](<https://a.example/b c>) <https://d.example/ onclick=e>"
    shown = "&lt;https://d.example/ onclick=e&gt;"
    assert markdown_html(text) == f'<p><a href="https://a.example/b%20c">a</a> {shown}</p>'
    assert markdown_text(text) == "a (https://a.example/b%20c) <https://d.example/ onclick=e>"


def test_halves_of_surrogate_pairs_and_controls_spoil_no_text() -> None:
    assert markdown_html("a\ud83d b\0 c\x02") == "<p>a b\ufffd c</p>"
    assert markdown_text("a\ud83d b\0 c\x02") == "a b\ufffd c"
    assert uncleaned_markdown_html("# a\ud83d <b>") == "<h1>a <b></h1>\n"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///a", "/relative"])
def test_links_lead_to_pages_and_mailboxes_only(url: str) -> None:
    assert "<a" not in markdown_html(f"[a]({url})")
    assert "<img" not in markdown_html(f"![a]({url})")
    assert markdown_html(f"[*a*]({url}) ![b]({url})") == "<p><em>a</em> b</p>"
    assert markdown_text(f"[a]({url})") == "a"


def test_plain_text_keeps_paragraphs_lists_and_links() -> None:
    text = "Hello *you*\n\n- [a](https://a.example/)\n- <https://b.example/>\n\n1. [c](mailto:c@d.example)\n"
    assert markdown_text(text) == (
        "Hello you\n\n- a (https://a.example/)\n\n- https://b.example/\n\n1. c (c@d.example)"
    )


def test_plain_text_keeps_code_rules_and_numbers() -> None:
    text = (
        "0. a\n1. b\n\n   c\n   - d\n\n# E\n\n```\nf\n  g\n```\n\n---\n\n"
        "> h  \n> ~~i~~ ![j](k.png)\n\n| l |\n|---|\n| m |"
    )
    rule = "-" * 40
    assert markdown_text(text).split("\n\n") == [
        "0. a", "1. b", "c", "- d", "E", "f\n  g", rule, "h\ni j", "l", "m",
    ]  # fmt: skip

"""Markdown of operators: safe HTML, and plain text with its links."""

import pytest

from syndicate.text.markdown import markdown_html, markdown_text


def test_markdown_becomes_html() -> None:
    assert markdown_html("# A\n\nB *c* [d](https://e.example/)\n") == (
        '<h1>A</h1>\n<p>B <em>c</em> <a href="https://e.example/">d</a></p>'
    )


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "a <b onclick=x>b</b>"])
def test_raw_html_is_shown_as_text(text: str) -> None:
    assert "<script" not in markdown_html(text)
    assert "<b" not in markdown_html(text)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "file:///a", "/relative"])
def test_links_lead_to_pages_and_mailboxes_only(url: str) -> None:
    assert "<a" not in markdown_html(f"[a]({url})")
    assert "<img" not in markdown_html(f"![a]({url})")


def test_plain_text_keeps_paragraphs_lists_and_links() -> None:
    text = "Hello *you*\n\n- [a](https://a.example/)\n- <https://b.example/>\n\n1. [c](mailto:c@d.example)\n"
    assert markdown_text(text) == (
        "Hello you\n\n- a (https://a.example/)\n\n- https://b.example/\n\n1. c (c@d.example)"
    )

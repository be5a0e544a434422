"""Markdown as HTML and as plain text (CommonMark, tables and strikethrough).

In the Markdown of operators and editors raw HTML is shown as text, and links lead to ``http``, ``https`` and
``mailto`` addresses only, so its HTML is safe in pages and mail.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyromark import Markdown

# A ``<`` behind no backslash that starts no ``<https://example.org/>`` and no ``<name@example.org>``.
_RAW_HTML = re.compile(
    r"(?<!\\)((?:\\\\)*+)<(?!(?:https?://|mailto:)[^<>\n]+>|[\w.+-]+@[\w.-]+>)", re.IGNORECASE
)
# Replaces such a ``<`` while the text is parsed: in code, the parser would escape ``&lt;`` once more.
_LESS_THAN = "\x02"
_SAFE_LINK = re.compile(r"https?://|mailto:", re.IGNORECASE)
_UNSAFE = rf'"(?!{_SAFE_LINK.pattern})[^"]*"'
_UNSAFE_LINK = re.compile(rf"<a href={_UNSAFE}[^<>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_UNSAFE_IMAGE = re.compile(rf'<img src={_UNSAFE} alt="([^"]*)"[^<>]*>', re.IGNORECASE)


def markdown_html(text: str) -> str:
    """Return the HTML of a Markdown text, or ``""`` for a blank text."""
    html = uncleaned_markdown_html(_without_html(text)).strip().replace(_LESS_THAN, "&lt;")
    return _UNSAFE_LINK.sub(r"\1", _UNSAFE_IMAGE.sub(r"\1", html))


def uncleaned_markdown_html(text: str) -> str:
    """Return the HTML of a Markdown text with its raw HTML and every link, which the caller must clean."""
    return _parser().html(_encodable(text))


def markdown_text(text: str) -> str:
    """Return a Markdown text for the plain part of a mail: paragraphs apart, and links written out."""
    blocks: list[list[str]] = [[]]
    links: list[tuple[str, int]] = []
    numbers: list[int | None] = []
    for event in _parser().events(_without_html(_encodable(text))):
        match event:
            case {"Text": words} | {"Code": words}:
                blocks[-1].append(str(words))
            case "SoftBreak" | "HardBreak":
                blocks[-1].append("\n")
            case "Rule":
                blocks += ["-" * 40], []
            case {"Start": {"Link": {"dest_url": url}}}:
                links.append((url, len(blocks[-1])))
            case {"End": "Link"}:
                url, start = links.pop()
                address = url.removeprefix("mailto:").replace(" ", "%20")
                if _SAFE_LINK.match(url) and "".join(blocks[-1][start:]).strip() != address:
                    blocks[-1].append(f" ({address})")
            case {"Start": {"List": first}}:
                numbers.append(first)
                blocks.append([])
            case {"Start": "Item"}:
                number = numbers.pop()
                numbers.append(None if number is None else number + 1)
                blocks[-1] = ["- " if number is None else f"{number}. "]
            case {"End": {"List": _}}:
                numbers.pop()
            case {"End": {"Heading": _} | "CodeBlock" | "Item" | "Paragraph" | "TableCell"}:
                blocks.append([])
    return "\n\n".join(filter(None, map(str.rstrip, map("".join, blocks)))).replace(_LESS_THAN, "<")


def _without_html(text: str) -> str:
    return _RAW_HTML.sub(rf"\1{_LESS_THAN}", text.replace(_LESS_THAN, ""))


def _encodable(text: str) -> str:
    """Return a text without halves of surrogate pairs, which the parser refuses, and without NUL."""
    return text.encode(errors="ignore").decode().replace("\0", "\ufffd")


@cache
def _parser() -> "Markdown":
    from pyromark import Markdown, Options  # noqa: PLC0415 most pages have no Markdown

    return Markdown(options=Options.ENABLE_TABLES | Options.ENABLE_STRIKETHROUGH)

"""Markdown of operators and editors as HTML and as plain text (CommonMark, tables and strikethrough).

Raw HTML in the text is shown as text, and links lead to ``http``, ``https`` and ``mailto`` addresses only, so
the HTML is safe in pages and mail.
"""

import re
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.token import Token

_SAFE_LINK = re.compile(r"https?://|mailto:", re.IGNORECASE)


def markdown_html(text: str) -> str:
    """Return the HTML of a Markdown text, or ``""`` for a blank text."""
    return str(markdown_parser().render(text)).strip()


def markdown_text(text: str) -> str:
    """Return a Markdown text for the plain part of a mail: paragraphs apart, and links written out."""
    blocks: list[str] = []
    prefix = ""
    for token in markdown_parser().parse(text):
        if token.type == "list_item_open":
            # The number of an ordered list.
            prefix = f"{token.info}. " if token.info else "- "
        elif token.type == "inline":
            blocks.append(prefix + _inline_text(token))
            prefix = ""
        elif token.type in ("fence", "code_block"):
            blocks.append(token.content.rstrip())
        elif token.type == "hr":
            blocks.append("-" * 40)
    return "\n\n".join(blocks)


@cache
def markdown_parser(*, html: bool = False) -> "MarkdownIt":
    """Return the parser; with ``html`` raw HTML passes, which the caller must clean."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 most pages have no Markdown

    parser = MarkdownIt("commonmark", {"html": html}).enable(["table", "strikethrough"])
    if not html:
        # Assigned, as the library documents for applications with rules of their own.
        parser.validateLink = lambda url: bool(_SAFE_LINK.match(url.strip()))  # type: ignore[method-assign]
    return parser


def _inline_text(token: "Token") -> str:
    parts: list[str] = []
    links: list[tuple[str, int]] = []
    for child in token.children or ():
        if child.type == "link_open":
            links.append((str(child.attrGet("href") or ""), len(parts)))
        elif child.type == "link_close" and links:
            url, start = links.pop()
            if "".join(parts[start:]).strip() != url.removeprefix("mailto:"):
                parts.append(f" ({url.removeprefix('mailto:')})")
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        else:
            parts.append(child.content)
    return "".join(parts)

"""Messages written in Markdown, with blocks for stories and buttons.

A block is a line of its own, such as ``{{ story 1234 }}``; ``docs/writing.md`` lists them. Between the blocks
stands prose. Lines inside a fenced code block are prose. A wrong block is an error with its line number.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from syndicate.errors import SyndicateError
from syndicate.newsletter.story_views import without_token
from syndicate.templating import escape
from syndicate.text.markdown import markdown_html, markdown_text
from syndicate.text.urls import is_web_url

MAX_STORIES = 50
MAX_CHARACTERS = 102 * 1024
PROSE = "prose"
_BLOCKS = (
    "{{ story NUMBER }}, {{ story URL }}, {{ top N }}, {{ trending N }}, {{ channel NAME N }}, {{ latest }}"
    ' and {{ button "Text" URL }}'
)
_BLOCK = re.compile(r" {0,3}\{\{(.*)\}\}\s*")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})")
_HEADING = re.compile(r"<h[1-6]>(.*?)</h[1-6]>")


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageBlock:
    """Block of a message: ``prose`` with ``html`` and ``text``, or the stories to put there.

    ``kind`` of stories is ``story`` (``name`` is a number or URL), ``top``, ``trending``, ``channel``
    (``name`` is the channel's) or ``latest``, the latest edition. ``limit`` is the number of stories.
    """

    kind: str
    line: int
    html: str = ""
    text: str = ""
    name: str = ""
    limit: int = 1


def parse_message(text: str, *, first_line: int = 1) -> tuple[MessageBlock, ...]:
    """Return the blocks of a message in order. Raises ``SyndicateError`` with the line of a wrong block."""
    if len(text) > MAX_CHARACTERS:
        raise _error(first_line, f"the message has {len(text):,} characters, and a mail at most 102 KB")
    blocks: list[MessageBlock] = []
    prose: list[str] = []
    fence = ""
    for number, line in enumerate(text.splitlines(), first_line):
        marks = _FENCE.match(line)
        if marks and (not fence or marks[1].startswith(fence)):
            fence = "" if fence else marks[1]
        match = None if fence else _BLOCK.fullmatch(line)
        if match:
            blocks += [*_prose(prose, number), _block(match[1], number)]
            prose = []
            continue
        if "{{" in line and not fence and not marks:
            raise _error(number, "a block stands on a line of its own. Every subscriber gets the same text")
        prose.append(line)
    return (*blocks, *_prose(prose, first_line))


def first_heading(blocks: tuple[MessageBlock, ...]) -> str:
    """Return the first line of the text, if it is a heading: the subject of a message without another."""
    is_headed = blocks and _HEADING.match(blocks[0].html)
    return blocks[0].text.partition("\n")[0] if is_headed else ""


def _prose(lines: list[str], number: int) -> Iterator[MessageBlock]:
    source = "\n".join(lines)
    if html := markdown_html(source):
        # The mail and the page have their own h1.
        html = html.replace("<h1>", "<h2>").replace("</h1>", "</h2>")
        # Not in the source, where a backslash or a character reference can hide it.
        html, text = without_token(html), without_token(markdown_text(source))
        yield MessageBlock(kind=PROSE, line=number, html=html, text=text)


def _block(written: str, line: int) -> MessageBlock:
    try:
        kind, *values = shlex.split(written) or [""]
    except ValueError as error:
        raise _error(line, f"the block cannot be read ({error})") from error
    match kind, values:
        case "latest", []:
            return MessageBlock(kind=kind, line=line, limit=MAX_STORIES)
        case "story", [name] if name.isdecimal() or is_web_url(name):
            return MessageBlock(kind=kind, line=line, name=name)
        case "top" | "trending", [limit]:
            return MessageBlock(kind=kind, line=line, limit=_limit(limit, line))
        case "channel", [name, limit]:
            return MessageBlock(kind=kind, line=line, name=name, limit=_limit(limit, line))
        case "button", [label, url] if label.strip() and is_web_url(url):
            label, url = without_token(label), without_token(url)
            html = f'<p><a class="button go" href="{escape(url)}">{escape(label)}</a></p>'
            return MessageBlock(kind=PROSE, line=line, html=html, text=f"{label}:\n{url}")
    raise _error(line, f"there is no block {{{{{written}}}}}. Write {_BLOCKS}")


def _limit(written: str, line: int) -> int:
    if written.isdecimal() and 1 <= int(written[:9]) <= MAX_STORIES:
        return int(written)
    raise _error(line, f'"{written}" is no number of stories from 1 to {MAX_STORIES}')


def _error(line: int, problem: str) -> SyndicateError:
    return SyndicateError(f"line {line}: {problem}.")

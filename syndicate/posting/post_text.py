"""Text of a post from a template, within the limit of its network."""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

from syndicate.posting.network_kinds import Network, PostContent
from syndicate.text.plain import clean_line

PLACEHOLDERS = ("title", "summary", "source", "section", "link", "tags")
MOST_TAGS = 3
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
# Names in a headline must not call people on the network.
_MENTION = re.compile(r"[@＠](?=[\w!])")
_MARKDOWN = re.compile(r"([\\*_~`|>#\[\]])")
_Escape = Callable[[str], str]


def template_mistake(template: str) -> str:
    """Return the mistake in a template, or ``""``."""
    unknown = set(_PLACEHOLDER.findall(template)) - set(PLACEHOLDERS)
    if unknown:
        return f"there is no {{{min(unknown)}}}; take {', '.join(PLACEHOLDERS)}"
    return "" if "{title}" in template or "{link}" in template or not template else "it has no {title}"


def post_text(network: Network, content: PostContent) -> str:
    """Return the text of a post. Summary, hashtags and title are shortened in this order, never the link."""
    template, facts = network.template or network.facts.template, network.facts
    values = {name: getattr(content, name) for name in PLACEHOLDERS if name != "tags"}
    values["tags"] = " ".join(hashtags(content.tags))
    escape = _ESCAPES.get(network.kind, str)
    for name in ("summary", "tags", "section", "source", "title"):
        if facts.measure(_filled(template, values, escape)) <= facts.limit:
            break
        values[name] = _longest(
            values, name, lambda given: facts.measure(_filled(template, given, escape)), facts.limit
        )
    return _filled(template, values, escape)


def hashtags(tags: tuple[str, ...]) -> list[str]:
    """Return at most three tags as hashtags: words are joined, numbers alone are none."""
    words = ("".join(part[:1].upper() + part[1:] for part in re.findall(r"\w+", tag)) for tag in tags)
    return [f"#{word}" for word in dict.fromkeys(words) if word and not word.isdecimal()][:MOST_TAGS]


def as_html(text: str, link: str) -> str:
    """Return a text as HTML for Matrix, with its first line bold and its link."""
    first, _, rest = html.escape(text).partition("\n")
    shown = html.escape(link)
    body = f"<b>{first}</b>" + (f"<br>{rest}" if rest else "")
    return body.replace("\n", "<br>").replace(shown, f'<a href="{shown}">{shown}</a>')


def _filled(template: str, values: Mapping[str, str], escape: _Escape) -> str:
    def value(match: re.Match[str]) -> str:
        text = values[match[1]]
        return text if match[1] in ("link", "tags") else escape(_MENTION.sub("@\u200b", text))

    lines = "\n".join(line.rstrip() for line in _PLACEHOLDER.sub(value, template).splitlines())
    # An empty value leaves no gap.
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _longest(
    values: Mapping[str, str], name: str, measure: Callable[[Mapping[str, str]], int], limit: int
) -> str:
    """Return the longest beginning of a value that fits, at the end of a word.

    A long word, or a text of a script without spaces, is cut between characters.
    """
    shorten = _fewer_tags if name == "tags" else clean_line
    low, high = 0, len(values[name])
    while low < high:
        middle = (low + high + 1) // 2
        fits = measure({**values, name: shorten(values[name], middle)}) <= limit
        low, high = (middle, high) if fits else (low, middle - 1)
    text = shorten(values[name], low) if low else ""
    return "" if text == "…" and name != "title" else text


def _fewer_tags(tags: str, limit: int) -> str:
    return tags if len(tags) <= limit else tags[: limit + 1].rpartition(" ")[0]


def plain(content: PostContent) -> PostContent:
    """Return a content whose fields are single lines."""
    lines = {name: " ".join(getattr(content, name).split()) for name in PLACEHOLDERS[:4]}
    return replace(content, **lines)  # type: ignore[arg-type]


_ESCAPES: Mapping[str, _Escape] = {
    "slack": partial(html.escape, quote=False),  # the signs of its links and mentions
    "discord": lambda text: _MARKDOWN.sub(r"\\\1", text),
}

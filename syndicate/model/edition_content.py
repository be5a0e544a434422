"""Content of an edition, frozen at the cut: the source of mail, archive page and feed item.

``docs/templates.md`` describes every field; it is a contract with template authors.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from types import UnionType
from typing import Any, get_args, get_type_hints

TOP = "top"
TRENDING = "trending"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentLink:
    """A link to another article. ``title`` is in ``language``, written in ``direction``."""

    title: str
    url: str
    source: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentImage:
    """An image, with the width in pixels at which mails show it. ``height`` is ``None`` when unknown."""

    url: str
    alt: str
    width: int
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentMedia:
    """A publisher's file: ``kind`` is ``audio``, ``video`` or ``document``; ``minutes`` is 0 if unknown."""

    url: str
    kind: str
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentStory:
    """A story as mails, archive pages and feed items show it.

    ``url`` and ``summary`` may be ``""``. ``kind`` is ``top`` or ``trending``. ``original_title`` is the
    publisher's title if the editor wrote another, else ``""``. ``other_sources`` counts the sources beside
    ``source``; ``covered_by`` links to some of them. ``also_from`` are further articles of ``source``.
    ``foreign_sources`` counts the sources that cover the story in other languages only;
    ``other_languages`` links to reports and related articles in these languages.
    """

    title: str
    url: str
    source: str
    section: str
    summary: str
    minutes: int
    published: datetime
    language: str
    direction: str
    follow_up: bool
    other_sources: int
    covered_by: tuple[ContentLink, ...] = ()
    related: tuple[ContentLink, ...] = ()
    image: ContentImage | None = None
    story_id: int = 0
    article_id: int = 0
    kind: str = TOP
    original_title: str = ""
    media: ContentMedia | None = None
    time: str = ""
    """Time of publication as the mail writes it; set when the mail is rendered."""
    other_languages: tuple[ContentLink, ...] = ()
    foreign_sources: int = 0
    also_from: tuple[ContentLink, ...] = ()

    @property
    def links(self) -> tuple[ContentLink, ...]:
        """All further links of the story, of every field of links."""
        return tuple(link for name in _link_fields() for link in getattr(self, name))

    def without_links(self) -> "ContentStory":
        """Return the story without its further links."""
        no_links: dict[str, Any] = dict.fromkeys(_link_fields(), ())
        return replace(self, **no_links)

    def is_same_item(self, other: "ContentStory") -> bool:
        """Return whether both are the same item; a story of a single source may be several items."""
        return (self.story_id, self.article_id) == (other.story_id, other.article_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionContent:
    """The stories of an edition and the editor's texts: a title, a note, a correction (or ``""``)."""

    stories: tuple[ContentStory, ...]
    title: str = ""
    note: str = ""
    correction: str = ""

    @property
    def top(self) -> tuple[ContentStory, ...]:
        """The top stories, in order."""
        return tuple(story for story in self.stories if story.kind == TOP)

    @property
    def trending(self) -> tuple[ContentStory, ...]:
        """The trending stories, in order."""
        return tuple(story for story in self.stories if story.kind == TRENDING)

    def to_json(self) -> dict[str, Any]:
        """Return the content as JSON values; ``from_json`` reads them back."""
        written = asdict(self)
        for story in written["stories"]:
            story["published"] = story["published"].isoformat()
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any] | None) -> "EditionContent":
        """Read the values of ``to_json``; unknown fields are ignored, ``None`` is an empty content."""
        content: EditionContent = _read(cls, {"stories": (), **(written or {})})
        return content


@cache
def _link_fields() -> tuple[str, ...]:
    hints = get_type_hints(ContentStory)
    return tuple(name for name, hint in hints.items() if hint == tuple[ContentLink, ...])


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _read(hint: Any, written: Any) -> Any:
    """Return a JSON value as the type that a field declares."""
    if isinstance(hint, UnionType):
        return None if written is None else _read(get_args(hint)[0], written)
    if hint is datetime:
        return datetime.fromisoformat(written)
    if is_dataclass(hint) and isinstance(hint, type):
        hints = _hints(hint)
        return hint(**{name: _read(hints[name], value) for name, value in written.items() if name in hints})
    if get_args(hint):
        return tuple(_read(get_args(hint)[0], value) for value in written)
    return written

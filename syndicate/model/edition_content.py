"""Content of an edition, frozen at the cut: the source of mail, archive page and feed item.

``docs/templates.md`` describes every field; it is a contract with template authors.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
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
    ``other_languages`` links to reports and related articles in these languages. ``coverage_url`` is the page
    of the story, or ``""``; ``coverage_articles`` and ``coverage_sources`` count its articles and sources.
    ``new_sources`` is the number of sources that the story gained in its last ``new_hours`` hours, or 0.
    ``updated`` is the publisher's time of an update, or ``None``.
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
    coverage_url: str = ""
    coverage_articles: int = 0
    new_sources: int = 0
    new_hours: int = 0
    coverage_sources: int = 0
    updated: datetime | None = None
    updated_time: str = ""
    """Time of the update as the mail writes it; set when the mail is rendered."""
    note: str = ""
    """The editor's own note below the summary, paragraphs with an empty line between them."""

    @property
    def key(self) -> str:
        """Name of the item in forms; a story of a single source may be several items."""
        return f"{self.story_id}-{self.article_id}"

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
class ContentAnnouncement:
    """Announcement of an edition, with its text as safe HTML and as plain text.

    ``label`` is ``""`` for "Advertisement" in the language of the reader. ``link`` and ``image`` are URLs or
    ``""``.
    """

    name: str
    label: str
    html: str
    text: str
    link: str = ""
    image: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentPart:
    """Part of a written edition: prose as safe HTML and as plain text, or the place of a story.

    ``article_id`` is the lead article of the story, 0 for prose. The content's ``body`` sets ``story``, and
    what is stored has ``None`` there.
    """

    html: str = ""
    text: str = ""
    article_id: int = 0
    story: ContentStory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionContent:
    """The stories of an edition and the editor's texts: a title, a note, a correction (or ``""``).

    A written edition has ``parts``: prose, and places of its stories. ``preheader`` is the editor's own.
    ``first_url`` is the page of an imported issue at its former product, or ``""``. ``left_out`` are stories
    that the editor left out and can bring back; no mail and no page shows them.
    """

    stories: tuple[ContentStory, ...]
    title: str = ""
    note: str = ""
    correction: str = ""
    preheader: str = ""
    parts: tuple[ContentPart, ...] = ()
    first_url: str = ""
    announcements: tuple[ContentAnnouncement, ...] = ()
    left_out: tuple[ContentStory, ...] = ()

    @property
    def is_empty(self) -> bool:
        """True for a content without stories and without prose."""
        return not self.stories and not self.parts

    @property
    def body(self) -> tuple[ContentPart, ...]:
        """The parts in order, with their stories; empty for an edition without parts.

        Stories fill the places in their own order, so that an editor can move them. The place of a story
        that was left out has gone.
        """
        kept = {story.article_id for story in self.stories}
        stories = iter(self.stories)
        return tuple(
            replace(part, story=next(stories)) if part.article_id else part
            for part in self.parts
            if not part.article_id or part.article_id in kept
        )

    @property
    def text(self) -> str:
        """The words of the edition, for its reading time."""
        texts = [self.correction, self.note, *(part.text for part in self.parts)]
        for story in self.stories:
            texts += [story.title, story.summary, story.note, *(link.title for link in story.links)]
        return "\n".join(texts)

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
        for story in (*written["stories"], *written["left_out"]):
            story["published"] = story["published"].isoformat()
            story["updated"] = story["updated"] and story["updated"].isoformat()
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any] | None) -> "EditionContent":
        """Read the values of ``to_json``; unknown fields are ignored, ``None`` is an empty content."""
        kind: Any = cls
        content: EditionContent = _dataclass_reader(kind)({"stories": (), **(written or {})})
        return content


@cache
def _link_fields() -> tuple[str, ...]:
    hints = get_type_hints(ContentStory)
    return tuple(name for name, hint in hints.items() if hint == tuple[ContentLink, ...])


@cache
def _reader(hint: Any) -> Callable[[Any], Any] | None:
    """Return the function that reads a JSON value of a declared type; ``None`` if it stays as it is."""
    if isinstance(hint, UnionType):
        inner = _reader(get_args(hint)[0])
        return inner and (lambda written: None if written is None else inner(written))
    if hint is datetime:
        return datetime.fromisoformat
    if get_args(hint):
        item = _reader(get_args(hint)[0])
        return item and (lambda written: tuple(map(item, written)))
    return _dataclass_reader(hint) if hasattr(hint, "__dataclass_fields__") else None


@cache
def _dataclass_reader(kind: Any) -> Callable[[Any], Any]:
    names = {field.name for field in fields(kind)}
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items() if name in names}
    special = [(name, reader) for name, reader in readers.items() if reader is not None]

    def read(written: Mapping[str, Any]) -> Any:
        values = {name: written[name] for name in names & written.keys()}
        values |= {name: reader(values[name]) for name, reader in special if name in values}
        return kind(**values)

    return read

"""Content of an edition, frozen when it is cut: the source of mail, archive page and feed item.

``docs/templates.md`` describes every field; it is a contract with template authors.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

TOP = "top"
TRENDING = "trending"


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestLink:
    """A link to another article. ``title`` is in ``language``, written in ``direction``."""

    title: str
    url: str
    source: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestImage:
    """A picture at the width it is shown in pixels. ``height`` is ``None`` when unknown."""

    url: str
    alt: str
    width: int
    height: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestMedia:
    """A publisher's file: ``kind`` is ``audio``, ``video`` or ``document``; ``minutes`` is 0 if unknown."""

    url: str
    kind: str
    minutes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestStory:
    """One story. ``other_sources`` counts those beside ``source``; ``covered_by`` names some of them.

    ``also_from`` are further posts of ``source``. ``foreign_sources`` tell it only in other languages;
    ``other_languages`` links to reports and related articles in these.
    ``url`` and ``summary`` may be ``""``, ``image`` and ``media`` may be ``None``. ``kind`` is ``top`` or
    ``trending``. ``original_title`` is the publisher's own where our editor wrote another, else ``""``.
    ``time`` is the time of publication in words of the mail, set when the mail is rendered.
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
    covered_by: tuple[DigestLink, ...]
    related: tuple[DigestLink, ...]
    image: DigestImage | None
    story_id: int = 0
    article_id: int = 0
    kind: str = TOP
    original_title: str = ""
    media: DigestMedia | None = None
    time: str = ""
    other_languages: tuple[DigestLink, ...] = ()
    foreign_sources: int = 0
    also_from: tuple[DigestLink, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Digest:
    """The stories of one edition and what its editor wrote: a title, a note, a correction (or ``""``)."""

    stories: tuple[DigestStory, ...]
    title: str = ""
    note: str = ""
    correction: str = ""

    @property
    def top(self) -> tuple[DigestStory, ...]:
        """The top stories, in order."""
        return tuple(story for story in self.stories if story.kind == TOP)

    @property
    def trending(self) -> tuple[DigestStory, ...]:
        """The trending stories, in order."""
        return tuple(story for story in self.stories if story.kind == TRENDING)

    def to_json(self) -> dict[str, Any]:
        """As values that JSON knows; ``from_json`` reads them back."""
        written = asdict(self)
        for story in written["stories"]:
            story["published"] = story["published"].isoformat()
        return written

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> "Digest":
        """Return what ``to_json`` gave; fields that a later version no longer has are left out."""
        stories = tuple(map(_story, written.get("stories", ())))
        return cls(**_known(cls, {**written, "stories": stories}))


def _story(written: Mapping[str, Any]) -> DigestStory:
    image, media = written["image"], written.get("media")
    links = {
        name: tuple(DigestLink(**_known(DigestLink, link)) for link in written.get(name, ()))
        for name in ("also_from", "covered_by", "related", "other_languages")
    }
    values = {
        **written,
        **links,
        "published": datetime.fromisoformat(written["published"]),
        "image": None if image is None else DigestImage(**_known(DigestImage, image)),
        "media": None if media is None else DigestMedia(**_known(DigestMedia, media)),
    }
    return DigestStory(**_known(DigestStory, values))


def _known(kind: type, values: Mapping[str, Any]) -> dict[str, Any]:
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in values.items() if name in names}

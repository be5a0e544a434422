"""Form of an edition under review: the fields that it sends, and the content that they make. Pure.

The form sends every field with every button. Each story is named by its key, so that a form of other
contents changes no other story.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from syndicate.errors import SyndicateError, WrongFields
from syndicate.model import ContentStory, EditionContent
from syndicate.newsletter.edition_changes import (
    NOTE_LIMIT,
    SUMMARY_LIMIT,
    TITLE_LIMIT,
    EditionChangeResult,
    paragraphs_of,
    subject_of,
)
from syndicate.newsletter.story_views import harmless
from syndicate.text.plain import clean_text

STORY_FIELDS = ("headline", "summary", "own", "alt")
_LIMITS = {"headline": TITLE_LIMIT, "summary": SUMMARY_LIMIT, "own": NOTE_LIMIT, "alt": TITLE_LIMIT}
_NAMES = {"headline": "headline", "summary": "summary", "own": "note", "alt": "alternative text"}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionForm:
    """Fields of a form: keys of the stories in order, and texts: ``subject``, ``note`` and ``FIELD-KEY``."""

    order: tuple[str, ...]
    texts: Mapping[str, str]

    @classmethod
    def read(cls, fields: Mapping[str, str], order: Sequence[str]) -> "EditionForm":
        """Read the submitted fields. Browsers send the lines of a text field with CRLF."""
        texts = {
            name: text.replace("\r\n", "\n")
            for name, text in fields.items()
            if name in ("subject", "note") or name.partition("-")[0] in STORY_FIELDS
        }
        return cls(order=tuple(order), texts=texts)


def form_of(content: EditionContent, subject: str) -> EditionForm:
    """Return the form as it is shown for a content; ``subject`` is that of the rendered mail."""
    texts = {
        f"{name}-{story.key}": text
        for story in (*content.stories, *content.left_out)
        for name, text in _texts(story).items()
    }
    order = tuple(story.key for story in content.stories)
    return EditionForm(order=order, texts={"subject": subject, "note": content.note, **texts})


def _texts(story: ContentStory) -> dict[str, str]:
    alt = {"alt": story.image.alt} if story.image else {}
    return {"headline": story.title, "summary": story.summary, "own": story.note, **alt}


def save_form(
    content: EditionContent, subject: str, form: EditionForm
) -> tuple[EditionContent, tuple[EditionChangeResult, ...]]:
    """Return the content with the fields of a form, and its changes for the record.

    A subject that equals the rendered ``subject`` leaves the choice to the template. Raises ``WrongFields``
    for texts that are too long or missing; nothing is cut off.
    """
    problems: dict[str, str] = {}
    changes: list[EditionChangeResult] = []
    written, above = form.texts.get("subject", subject), form.texts.get("note", content.note)
    if written.strip() != subject:
        try:
            content = replace(content, title=subject_of(written))
            changes.append(EditionChangeResult(content=content, detail=content.title, action="retitle"))
        except SyndicateError as error:
            problems["subject"] = f"{str(error)[:1].upper()}{str(error)[1:]}."
    _check_length(problems, "note", "note", above, NOTE_LIMIT)
    if (note := paragraphs_of(above)) != content.note:
        content = replace(content, note=note)
        changes.append(EditionChangeResult(content=content, detail=note, action="note"))
    edited = {
        story.key: _edited(story, form, problems, changes, content)
        for story in (*content.stories, *content.left_out)
    }
    if problems:
        raise WrongFields(problems)
    stories = _ordered([edited[story.key] for story in content.stories], form.order)
    moved = next((s for s, old in zip(stories, content.stories, strict=True) if s.key != old.key), None)
    left_out = tuple(edited[story.key] for story in content.left_out)
    content = replace(content, stories=stories, left_out=left_out)
    if moved:
        detail = f"{moved.title} → {1 + stories.index(moved)}"
        changes.append(EditionChangeResult(content=content, detail=detail, action="move"))
    return content, tuple(changes)


def _check_length(problems: dict[str, str], field: str, name: str, text: str, limit: int) -> None:
    length = len(clean_text(text))
    if length > limit:
        problems[field] = f"The {name} has {length:,} characters; at most {limit:,} are kept. Shorten it."


def _edited(
    story: ContentStory,
    form: EditionForm,
    problems: dict[str, str],
    changes: list[EditionChangeResult],
    content: EditionContent,
) -> ContentStory:
    shown = _texts(story)
    values: dict[str, Any] = {}
    for name, before in shown.items():
        field = f"{name}-{story.key}"
        written = form.texts.get(field, before)
        _check_length(problems, field, _NAMES[name], written, _LIMITS[name])
        text = paragraphs_of(written) if name == "own" else harmless(written, _LIMITS[name])
        if text == before:
            continue
        if name == "headline" and not text:
            problems[field] = "A story needs a headline. Write a headline."
        if name == "headline":
            values |= {"title": text, "original_title": story.original_title or story.title}
        elif name == "alt" and story.image:
            values["image"] = replace(story.image, alt=text)
        else:
            values["note" if name == "own" else name] = text
        action = {"headline": "retitle", "own": "own note"}.get(name, name)
        detail = f"{before} → {text}" if name == "headline" else f"{story.title}: {text}"
        changes.append(
            EditionChangeResult(content=content, detail=detail, action=action, story_id=story.story_id)
        )
    return replace(story, **values)


def _ordered(stories: Sequence[ContentStory], order: Sequence[str]) -> tuple[ContentStory, ...]:
    """Return the stories in the order of their keys; each place keeps its list (top or trending)."""
    place = {key: number for number, key in enumerate(order)}
    moved = sorted(stories, key=lambda story: place.get(story.key, len(place)))
    return tuple(replace(s, kind=old.kind) for s, old in zip(moved, stories, strict=True))


def move(order: Sequence[str], key: str, by: int) -> tuple[str, ...]:
    """Return an order with a key moved by a number of places, as far as there are places."""
    keys = [other for other in order if other != key]
    if key in order:
        keys.insert(max(0, order.index(key) + by), key)
    return tuple(keys)

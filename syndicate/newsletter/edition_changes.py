"""Changes of an editor to an edition, each with a line for the record, and to its variants. Pure.

Stories are named by their places, from 1. An impossible change raises ``SyndicateError``.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from syndicate.errors import SyndicateError
from syndicate.model import TOP, ContentPart, ContentStory, EditionContent
from syndicate.newsletter.render import SUBJECT_LIMIT
from syndicate.newsletter.story_views import harmless
from syndicate.text.plain import clean_text

NOTE_LIMIT = 2000
TITLE_LIMIT = 300
SUMMARY_LIMIT = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionChangeResult:
    """Content of an edition after a change; action, line and changed story for the record."""

    content: EditionContent
    detail: str
    action: str
    story_id: int | None = None


def drop_story(content: EditionContent, place: int) -> EditionChangeResult:
    """Remove a story; the last story of an edition without prose stays."""
    story = _story(content, place)
    if len(content.stories) == 1 and not content.parts:
        raise SyndicateError("an edition needs a story; `editions withdraw` stops the edition")
    kept = tuple(other for other in content.stories if other is not story)
    changed = replace(content, stories=kept, left_out=(*content.left_out, story))
    return EditionChangeResult(content=changed, detail=story.title, action="drop", story_id=story.story_id)


def bring_back(content: EditionContent, key: str) -> EditionChangeResult:
    """Put a story that was left out at the end of its list again."""
    story = next((other for other in content.left_out if other.key == key), None)
    if story is None:
        raise SyndicateError("this story was not left out of the edition")
    rest = tuple(other for other in content.left_out if other is not story)
    return replace(add_story(replace(content, left_out=rest), story), action="back")


def add_story(content: EditionContent, story: ContentStory) -> EditionChangeResult:
    """Add a story at the end of its list (top or trending)."""
    if any(other.is_same_item(story) for other in content.stories):
        raise SyndicateError(f"the edition has this story already: {story.title}")
    first = tuple(other for other in content.stories if other.kind == TOP or story.kind != TOP)
    stories = (*first, story, *content.stories[len(first) :])
    # A written edition needs a place for it; the place of a story that was left out has stayed.
    has_place = not content.parts or any(part.article_id == story.article_id for part in content.parts)
    parts = content.parts if has_place else (*content.parts, ContentPart(article_id=story.article_id))
    left_out = tuple(other for other in content.left_out if not other.is_same_item(story))
    changed = replace(content, stories=stories, parts=parts, left_out=left_out)
    return EditionChangeResult(content=changed, detail=story.title, action="add", story_id=story.story_id)


def move_story(content: EditionContent, place: int, to: int) -> EditionChangeResult:
    """Move a story to another place, and to the list (top or trending) of that place."""
    story, target = _story(content, place), _story(content, to)
    stories = [other for other in content.stories if other is not story]
    stories.insert(to - 1, replace(story, kind=target.kind))
    return EditionChangeResult(
        content=replace(content, stories=tuple(stories)),
        detail=f"{story.title}: {place} → {to}",
        action="move",
    )


def retitle(content: EditionContent, place: int, title: str) -> EditionChangeResult:
    """Replace the headline of a story, or with ``place`` 0 the subject of the mail."""
    title = harmless(title, TITLE_LIMIT)
    if not title:
        raise SyndicateError("the title is empty")
    if not place:
        title = subject_of(title)
        return EditionChangeResult(content=replace(content, title=title), detail=title, action="retitle")
    story = _story(content, place)
    changed = replace(story, title=title, original_title=story.original_title or story.title)
    return _with(content, story, changed, "retitle", f"{story.title} → {title}")


def summarise(content: EditionContent, place: int, text: str) -> EditionChangeResult:
    """Replace the summary of a story; an empty text leaves it without a summary."""
    story, text = _story(content, place), harmless(text, SUMMARY_LIMIT)
    return _with(content, story, replace(story, summary=text), "summary", f"{story.title}: {text}")


def _with(
    content: EditionContent, story: ContentStory, changed: ContentStory, action: str, detail: str
) -> EditionChangeResult:
    stories = tuple(changed if other is story else other for other in content.stories)
    content = replace(content, stories=stories)
    return EditionChangeResult(content=content, detail=detail, action=action, story_id=story.story_id)


def subject_of(title: str) -> str:
    """Return an editor's subject. Raises ``SyndicateError`` if it is empty or too long."""
    title = harmless(title, TITLE_LIMIT)
    if not title:
        raise SyndicateError("the mail has no subject; write a subject")
    if len(title) > SUBJECT_LIMIT:
        raise SyndicateError(
            f"the subject has {len(title)} characters; mail programs cut it at {SUBJECT_LIMIT}"
        )
    return title


def add_note(content: EditionContent, text: str) -> EditionChangeResult:
    """Put an editor's note above the stories; an empty text removes it."""
    text = paragraphs_of(text)
    return EditionChangeResult(content=replace(content, note=text), detail=text, action="note")


def paragraphs_of(text: str) -> str:
    """Return an editor's paragraphs, clean, separated by an empty line."""
    paragraphs = (harmless(part, NOTE_LIMIT) for part in clean_text(text).split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))[:NOTE_LIMIT]


def follow_main_edition(
    variant: EditionContent, main: EditionContent, *, dropped: Collection[int], own: Collection[int] = ()
) -> EditionContent:
    """Return a variant without the ``dropped`` stories, with the texts of the main edition.

    Stories are named by their ids. Changes of the variant itself take precedence: stories in ``own`` stay as
    they are, and so does the variant's own note.
    """
    main_stories = {(story.story_id, story.article_id): story for story in main.stories}

    def with_title(story: ContentStory) -> ContentStory:
        other = main_stories.get((story.story_id, story.article_id))
        if other is None or story.story_id in own:
            return story
        texts = {name: getattr(other, name) for name in ("title", "original_title", "summary", "note")}
        return replace(story, **texts, image=story.image and other.image)

    def stays(story: ContentStory) -> bool:
        # A story told by a single source may be several items: items that the main edition still has stay.
        kept = (story.story_id, story.article_id) in main_stories
        return kept or story.story_id in own or story.story_id not in dropped

    stories = filter(stays, variant.stories)
    return replace(variant, stories=tuple(map(with_title, stories)), note=variant.note or main.note)


def _story(content: EditionContent, place: int) -> ContentStory:
    if not 1 <= place <= len(content.stories):
        raise SyndicateError(f"there is no story {place}; the edition has 1 to {len(content.stories)}")
    return content.stories[place - 1]

"""Changes of an editor to an edition, each with a line for the record, and to its variants. Pure.

Stories are named by their places, from 1. An impossible change raises ``SyndicateError``.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace

from syndicate.errors import SyndicateError
from syndicate.model import ContentStory, EditionContent
from syndicate.newsletter.render import SUBJECT_LIMIT
from syndicate.newsletter.story_views import harmless
from syndicate.text.plain import clean_text

_NOTE_LIMIT = 2000
_TITLE_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionChangeResult:
    """Content of an edition after a change, the line for the record, and the changed story."""

    content: EditionContent
    detail: str
    story_id: int | None = None


def drop_story(content: EditionContent, place: int) -> EditionChangeResult:
    """Remove a story; the last story stays."""
    story = _story(content, place)
    if len(content.stories) == 1:
        raise SyndicateError("an edition needs a story; `editions withdraw` stops the edition")
    kept = tuple(other for other in content.stories if other is not story)
    return EditionChangeResult(
        content=replace(content, stories=kept), detail=story.title, story_id=story.story_id
    )


def move_story(content: EditionContent, place: int, to: int) -> EditionChangeResult:
    """Move a story to another place, and to the list (top or trending) of that place."""
    story, target = _story(content, place), _story(content, to)
    stories = [other for other in content.stories if other is not story]
    stories.insert(to - 1, replace(story, kind=target.kind))
    return EditionChangeResult(
        content=replace(content, stories=tuple(stories)), detail=f"{story.title}: {place} → {to}"
    )


def retitle(content: EditionContent, place: int, title: str) -> EditionChangeResult:
    """Replace the headline of a story, or with ``place`` 0 the subject of the mail."""
    title = harmless(title, _TITLE_LIMIT)
    if not title:
        raise SyndicateError("the title is empty")
    if not place:
        if len(title) > SUBJECT_LIMIT:
            raise SyndicateError(
                f"the subject has {len(title)} characters; mail programs cut it at {SUBJECT_LIMIT}"
            )
        return EditionChangeResult(content=replace(content, title=title), detail=title)
    story = _story(content, place)
    changed = replace(story, title=title, original_title=story.original_title or story.title)
    stories = tuple(changed if other is story else other for other in content.stories)
    return EditionChangeResult(
        content=replace(content, stories=stories), detail=f"{story.title} → {title}", story_id=story.story_id
    )


def add_note(content: EditionContent, text: str) -> EditionChangeResult:
    """Put an editor's note above the stories; an empty text removes it."""
    text = paragraphs_of(text)
    return EditionChangeResult(content=replace(content, note=text), detail=text)


def paragraphs_of(text: str) -> str:
    """Return an editor's paragraphs, clean, separated by an empty line."""
    paragraphs = (harmless(part, _NOTE_LIMIT) for part in clean_text(text).split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))[:_NOTE_LIMIT]


def follow_main_edition(
    variant: EditionContent, main: EditionContent, *, dropped: Collection[int], own: Collection[int] = ()
) -> EditionContent:
    """Return a variant without the ``dropped`` stories, with the headlines and the note of the main edition.

    Stories are named by their ids. Changes of the variant itself take precedence: stories in ``own`` stay as
    they are, and so does the variant's own note.
    """
    main_stories = {(story.story_id, story.article_id): story for story in main.stories}

    def with_title(story: ContentStory) -> ContentStory:
        other = main_stories.get((story.story_id, story.article_id))
        if other is None or story.story_id in own:
            return story
        return replace(story, title=other.title, original_title=other.original_title)

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

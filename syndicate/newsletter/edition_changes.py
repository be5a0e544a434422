"""Changes of an editor to an edition: each is a new digest, and a line for the record. Pure.

Stories are named by their places, from 1. Each function raises ``SyndicateError`` for what cannot be done.
"""

from dataclasses import dataclass, replace

from syndicate.errors import SyndicateError
from syndicate.model import Digest, DigestStory
from syndicate.newsletter.render import SUBJECT_LIMIT
from syndicate.newsletter.story_views import harmless
from syndicate.text.plain import clean_text

_NOTE_LIMIT = 2000
_TITLE_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionChangeResult:
    """Content of an edition after a change, the line for the record, and the changed story."""

    digest: Digest
    detail: str
    story_id: int | None = None


def drop_story(digest: Digest, place: int) -> EditionChangeResult:
    """Take a story out; never the last one."""
    story = _story(digest, place)
    if len(digest.stories) == 1:
        raise SyndicateError("an edition without stories is none; `editions withdraw` stops it")
    kept = tuple(digest_story for digest_story in digest.stories if digest_story is not story)
    return EditionChangeResult(
        digest=replace(digest, stories=kept), detail=story.title, story_id=story.story_id
    )


def move_story(digest: Digest, place: int, to: int) -> EditionChangeResult:
    """Put a story at another place; it joins the list it comes to stand in."""
    story, there = _story(digest, place), _story(digest, to)
    others = [digest_story for digest_story in digest.stories if digest_story is not story]
    others.insert(to - 1, replace(story, kind=there.kind))
    said = f"{story.title}: {place} → {to}"
    return EditionChangeResult(digest=replace(digest, stories=tuple(others)), detail=said)


def retitle(digest: Digest, place: int, title: str) -> EditionChangeResult:
    """Give a story another headline, or with ``place`` 0 the mail another subject."""
    title = harmless(title, _TITLE_LIMIT)
    if not title:
        raise SyndicateError("the title is empty")
    if not place:
        if len(title) > SUBJECT_LIMIT:
            raise SyndicateError(
                f"the subject has {len(title)} characters; mail programs cut it at {SUBJECT_LIMIT}"
            )
        return EditionChangeResult(digest=replace(digest, title=title), detail=title)
    story = _story(digest, place)
    changed = replace(story, title=title, original_title=story.original_title or story.title)
    stories = tuple(changed if digest_story is story else digest_story for digest_story in digest.stories)
    return EditionChangeResult(
        digest=replace(digest, stories=stories), detail=f"{story.title} → {title}", story_id=story.story_id
    )


def add_note(digest: Digest, text: str) -> EditionChangeResult:
    """Put an editor's note above the stories; an empty one takes it away."""
    text = paragraphs_of(text)
    return EditionChangeResult(digest=replace(digest, note=text), detail=text)


def paragraphs_of(text: str) -> str:
    """An editor's paragraphs, clean, separated by one empty line."""
    paragraphs = (harmless(part, _NOTE_LIMIT) for part in clean_text(text).split("\n\n"))
    return "\n\n".join(filter(None, paragraphs))[:_NOTE_LIMIT]


def _story(digest: Digest, place: int) -> DigestStory:
    if not 1 <= place <= len(digest.stories):
        raise SyndicateError(f"there is no story {place}; the edition has 1 to {len(digest.stories)}")
    return digest.stories[place - 1]

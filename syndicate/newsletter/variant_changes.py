"""Application of an editor's changes to each form of an edition that readers chose (sections, a week)."""

from collections.abc import Collection
from dataclasses import replace

from syndicate.model import Digest, DigestStory


def as_decided(
    form: Digest, edition: Digest, *, dropped: Collection[int], untouched: Collection[int] = ()
) -> Digest:
    """A form without the stories that were ``dropped``, with the edition's headlines and its note.

    Stories are named by their ids. What was decided about a form itself counts more: stories in
    ``untouched`` stay as they are, and so does a note of its own.
    """
    titles = {(story.story_id, story.article_id): story for story in edition.stories}

    def titled(story: DigestStory) -> DigestStory:
        other = titles.get((story.story_id, story.article_id))
        if other is None or story.story_id in untouched:
            return story
        return replace(story, title=other.title, original_title=other.original_title)

    def stays(story: DigestStory) -> bool:
        # A story of one source may be several items: those that the edition still has stay.
        kept = (story.story_id, story.article_id) in titles
        return kept or story.story_id in untouched or story.story_id not in dropped

    stories = filter(stays, form.stories)
    return replace(form, stories=tuple(map(titled, stories)), note=form.note or edition.note)

"""Application of an editor's changes of a main edition to its variants (sections, languages, a week)."""

from collections.abc import Collection
from dataclasses import replace

from syndicate.model import ContentStory, EditionContent


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

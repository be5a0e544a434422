"""Contents of written editions: prose, and places of stories."""

from dataclasses import replace

from syndicate.model import ContentPart, ContentStory, EditionContent
from syndicate.newsletter.edition_changes import drop_story, move_story
from syndicate.newsletter.story_views import content_from_stories
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE

OPENING, BETWEEN = ContentPart(html="<p>a</p>", text="a"), ContentPart(html="<p>b</p>", text="b")


def written() -> EditionContent:
    stories = content_from_stories(full_edition()[:3], SITE).stories
    first, second, third = (ContentPart(article_id=story.article_id) for story in stories)
    return EditionContent(stories=stories, parts=(OPENING, first, second, BETWEEN, third))


def shown(content: EditionContent) -> list[ContentPart | ContentStory]:
    return [part.story or part for part in content.body]


def test_the_body_has_each_story_in_its_place() -> None:
    content = written()
    first, second, third = content.stories
    assert shown(content) == [OPENING, first, second, BETWEEN, third]


def test_a_dropped_story_leaves_no_place_behind() -> None:
    content = written()
    first, _, third = content.stories
    assert shown(drop_story(content, 2).content) == [OPENING, first, BETWEEN, third]


def test_moved_stories_fill_the_places_in_their_new_order() -> None:
    content = written()
    first, second, third = content.stories
    assert shown(move_story(content, 3, 1).content) == [OPENING, third, first, BETWEEN, second]


def test_parts_survive_the_store_and_old_contents_have_none() -> None:
    content = replace(written(), preheader="Read this")
    stored = content.to_json()
    assert EditionContent.from_json(stored) == content
    old = {name: value for name, value in stored.items() if name not in ("parts", "preheader")}
    assert EditionContent.from_json(old).parts == ()
    assert EditionContent.from_json(None).is_empty
    assert not replace(content, stories=()).is_empty

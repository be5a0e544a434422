"""Fitting an edition into what Gmail shows: the least important things go first, and it is said what went."""

from collections.abc import Callable
from dataclasses import replace

from syndicate.errors import RenderError
from syndicate.model import Digest, DigestStory
from syndicate.newsletter.lint.mail_lint import HTML_LIMIT_BYTES, html_size
from syndicate.newsletter.render import RenderedEdition

Trimmed = tuple[Digest, RenderedEdition, tuple[str, ...]]


def fit(
    digest: Digest, render: Callable[[Digest], RenderedEdition], limit: int = HTML_LIMIT_BYTES
) -> Trimmed:
    """The edition with as much as fits into ``limit`` bytes of HTML, and a sentence for each thing that went.

    First related links and other coverage go, from the last story up; then whole stories, trending ones
    first, from the last up. At least one story stays.
    """
    rendered = render(digest)
    if html_size(rendered.html) <= limit:
        return digest, rendered, ()
    steps = _steps(digest)
    low, high = 1, len(steps)
    # Each step only makes the mail smaller, so the first that fits is found by halving.
    while low < high:
        middle = (low + high) // 2
        if html_size(render(steps[middle - 1][0]).html) <= limit:
            high = middle
        else:
            low = middle + 1
    if not steps:
        return digest, rendered, ()
    smaller = steps[high - 1][0]
    return smaller, render(smaller), tuple(said for _, said in steps[:high])


def without_broken(
    digest: Digest, render: Callable[[Digest], RenderedEdition], error: RenderError
) -> tuple[Digest, tuple[str, ...], dict[int, str]]:
    """Return the edition without the stories with which a template fails.

    Adds one story after the other, one render each, and leaves out a story when rendering fails with it.
    Also returns a sentence for each of them, and the reasons by the articles that lead the stories. Raises
    ``error``, that of the whole edition, when no story can be kept or none is at fault.
    """
    kept: list[DigestStory] = []
    reasons: dict[int, str] = {}
    said: list[str] = []
    for story in digest.stories:
        try:
            render(replace(digest, stories=(*kept, story)))
        except RenderError as failed:
            reasons[story.article_id] = f'left out of the edition: "{story.title}": {failed}'
            said.append(
                f'the story "{story.title}" was left out, because the template fails with it: {failed}'
            )
        else:
            kept.append(story)
    if not kept or not reasons:
        raise error
    return replace(digest, stories=tuple(kept)), tuple(said), reasons


def _steps(digest: Digest) -> list[tuple[Digest, str]]:
    steps: list[tuple[Digest, str]] = []
    for story in (*reversed(digest.trending), *reversed(digest.top)):
        if story.also_from or story.covered_by or story.related or story.other_languages:
            bare = replace(story, also_from=(), covered_by=(), related=(), other_languages=())
            digest = _with(digest, story, bare)
            steps.append((digest, f'further links of "{story.title}" were left out to stay below 102 KB'))
    for story in (*reversed(digest.trending), *reversed(digest.top))[:-1]:
        digest = _with(digest, story, None)
        steps.append((digest, f'the story "{story.title}" was left out to stay below 102 KB'))
    return steps


def _with(digest: Digest, story: DigestStory, changed: DigestStory | None) -> Digest:
    """The digest with one story (found by its id) changed or gone."""
    stories = [
        changed
        if (digest_story.story_id, digest_story.article_id) == (story.story_id, story.article_id)
        else digest_story
        for digest_story in digest.stories
    ]
    return replace(digest, stories=tuple(story for story in stories if story is not None))

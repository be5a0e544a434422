"""Trimming of an edition to the size that Gmail shows: the least important parts are left out first."""

from collections.abc import Callable
from dataclasses import replace

from syndicate.errors import RenderError
from syndicate.model import ContentStory, EditionContent
from syndicate.newsletter.lint.mail_lint import HTML_LIMIT_BYTES, html_size
from syndicate.newsletter.render import RenderedEdition

_LIMIT = f"{HTML_LIMIT_BYTES // 1024} KB"
Trimmed = tuple[EditionContent, RenderedEdition, tuple[str, ...]]


def fit(
    content: EditionContent,
    render: Callable[[EditionContent], RenderedEdition],
    limit: int = HTML_LIMIT_BYTES,
) -> Trimmed:
    """Fit an edition into ``limit`` bytes of HTML; also return a sentence for each part left out.

    First further links are left out, from the last story up. Then whole stories are left out from the last
    up, trending stories first. The last story stays.
    """
    rendered = render(content)
    if html_size(rendered.html) <= limit:
        return content, rendered, ()
    steps = _steps(content)
    low, high = 1, len(steps)
    # Each step makes the mail smaller, so a binary search finds the first step that fits.
    while low < high:
        middle = (low + high) // 2
        if html_size(render(steps[middle - 1][0]).html) <= limit:
            high = middle
        else:
            low = middle + 1
    if not steps:
        return content, rendered, ()
    smaller = steps[high - 1][0]
    return smaller, render(smaller), tuple(sentence for _, sentence in steps[:high])


def without_broken(
    content: EditionContent, render: Callable[[EditionContent], RenderedEdition], error: RenderError
) -> tuple[EditionContent, tuple[str, ...], dict[int, str]]:
    """Return the edition without the stories with which a template fails.

    Stories are added in order, with a rendering for each; a story that fails is left out. Also returns a
    sentence for each story left out, and the reasons by lead article. Raises ``error``, the error of the
    whole edition, when no story can be kept or no story is at fault.
    """
    kept: list[ContentStory] = []
    reasons: dict[int, str] = {}
    sentences: list[str] = []
    for story in content.stories:
        try:
            render(replace(content, stories=(*kept, story)))
        except RenderError as failed:
            reasons[story.article_id] = f'left out of the edition: "{story.title}": {failed}'
            sentences.append(
                f'the story "{story.title}" was left out, because the template fails with it: {failed}'
            )
        else:
            kept.append(story)
    if not kept or not reasons:
        raise error
    return replace(content, stories=tuple(kept)), tuple(sentences), reasons


def _steps(content: EditionContent) -> list[tuple[EditionContent, str]]:
    steps: list[tuple[EditionContent, str]] = []
    for story in (*reversed(content.trending), *reversed(content.top)):
        if story.links:
            content = _with(content, story, story.without_links())
            steps.append((content, f'further links of "{story.title}" were left out to stay below {_LIMIT}'))
    for story in (*reversed(content.trending), *reversed(content.top))[:-1]:
        content = _with(content, story, None)
        steps.append((content, f'the story "{story.title}" was left out to stay below {_LIMIT}'))
    return steps


def _with(content: EditionContent, story: ContentStory, changed: ContentStory | None) -> EditionContent:
    """Return the content with a story replaced, or removed if ``changed`` is ``None``."""
    stories = (changed if other.is_same_item(story) else other for other in content.stories)
    return replace(content, stories=tuple(story for story in stories if story is not None))

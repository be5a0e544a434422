"""Which story an article joins: online, one pass, no decision is taken back.

A story's likeness is a mix of its nearest article (which lets a story move) and the mean of its
articles (which keeps it from chaining into another event).
"""

from collections.abc import Mapping, Sequence

from syndicate.stories.options import StoryOptions


def story_likeness(nearest: float, members: Sequence[float], options: StoryOptions) -> float:
    """The likeness of an article to a story, from its likeness to the nearest and to a sample of members."""
    mean = sum(members) / len(members) if members else nearest
    return options.nearest_share * nearest + (1 - options.nearest_share) * mean


def choose_story(
    likeness: Mapping[int, float], lengths: Mapping[int, float], options: StoryOptions
) -> int | None:
    """The story to join, or ``None`` to start one; the older story (smaller id) wins a tie.

    ``lengths`` is, for each story, the typical length of the texts compared, in characters.
    """
    best = max(likeness, key=lambda story: (likeness[story], -story), default=None)
    if best is None or likeness[best] < options.story_threshold(lengths[best]):
        return None
    return best

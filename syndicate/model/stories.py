"""Stories: articles about an event, their ranked lists, and the decisions of editors about them.

``SearchHit`` and ``ListedArticle`` are articles of searches and lists, with the facts that group and count
them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Articles about the same event.

    - ``lead_id``: article that represents the story
    - ``created``: time at which it was formed; ``updated``: time of its last change
    - ``articles``: number of articles; ``coverage``: number of distinct sources
    - ``path``: path of its page inside the output folder, ``""`` until two sources told it
    """

    id: int
    lead_id: int
    created: datetime
    updated: datetime
    articles: int
    coverage: int
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedStory:
    """Position of a story in a stored list (``top``, ``trending``).

    ``article_id`` is the lead at that time; ``parts`` names every part of ``score``.
    """

    story_id: int
    article_id: int
    position: int
    score: float
    coverage: int
    parts: Mapping[str, float] = field(default_factory=dict)


class StoredArticle(NamedTuple):
    """Placed article, as the story index loads it after a restart.

    - ``published``: microseconds since 1970
    - ``story``, ``same_text``: its story, and the label of its text
    - ``mean_similarity``: similarity to ``n_compared`` articles of its story when it joined; 0 for the first
    - ``terms``: packed terms
    - ``read_more``: JSON of the titles in its "Read more" list, ``None`` without a list

    A named tuple, because a restart loads hundreds of thousands.
    """

    article_id: int
    source_id: int
    published: int
    title: str
    story: int | None
    same_text: int
    mean_similarity: float
    n_compared: int
    terms: bytes
    read_more: str | None = None


class EditorAction(StrEnum):
    """Kind of decision. ``UNDO`` cancels an earlier decision.

    ``MERGE`` and ``SPLIT`` hold for a pair of articles: its article, and the article named by ``value``.
    """

    PIN = "pin"
    DROP = "drop"
    RETITLE = "retitle"
    BOOST = "boost"
    MERGE = "merge"
    SPLIT = "split"
    LEAD = "lead"
    UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditorDecision:
    """Row of the editor's log, to which rows are only added.

    - ``recorded``: time of the decision; ``who``: name of the editor
    - ``article_uid``: article that the decision names. It applies to the article's current story, so that
      it survives edits, polls, merges and splits.
    - ``value``: position of a pin, factor of a boost, title of a retitle, uid of the other article of a pair
    - ``expires``: end of the decision, ``None`` until it is undone
    - ``undoes``: id of the decision that this decision undoes
    """

    id: int
    recorded: datetime
    who: str
    action: EditorAction
    article_uid: str
    value: str = ""
    expires: datetime | None = None
    undoes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PairDecision:
    """Decision ``number`` that two articles belong to one story, or, if ``parts``, to different stories.

    Of parted articles, ``article_id`` leaves the story and ``other_id`` stays.
    """

    number: int
    article_id: int
    other_id: int
    parts: bool = False

    @property
    def pair(self) -> tuple[int, int]:
        """Both articles."""
        return self.article_id, self.other_id


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoredLink:
    """Article compared with another. ``parts`` sum to ``score``.

    ``words``, ``characters`` and ``meaning`` are weighted cosines, ``time`` (never positive) the penalty for
    age, ``hint`` the bonus for the source's own list. In links, ``story`` is the bonus for two sources in the
    same story, and ``context`` the correction by the neighbours of the other article.
    """

    article_id: int
    score: float
    parts: Mapping[str, float]


class SearchHit(NamedTuple):
    """Matching article with the facts for groups and filters; ``section`` is a key."""

    article_id: int
    story_id: int
    source_id: int
    section: str
    language: str
    published: datetime


class ListedArticle(NamedTuple):
    """Article of a list for counts; ``same_text`` is the label of its text."""

    published: datetime
    article_id: int
    source_id: int
    story_id: int
    same_text: int
    section: str
    tags: Sequence[str]

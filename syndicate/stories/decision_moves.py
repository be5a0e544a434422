"""Moves of articles between stories that make the editors' decisions about pairs hold."""

from collections.abc import Mapping

from syndicate.stories.grouping import Grouping
from syndicate.stories.grouping_rules import MERGED, SPLIT, Regrouping, age_order
from syndicate.stories.index_entry import IndexEntry


def apply_decisions(grouping: Grouping, entries: Mapping[int, IndexEntry]) -> list[tuple[int, Regrouping]]:
    """Move articles until every decision in effect holds; return the changes, each with its article.

    Parted articles leave the story of the others. Then the stories of a group merge into the oldest; only
    the articles of the group move if the stories hold articles that were parted.
    """
    moves: list[tuple[int, Regrouping]] = []
    decided = grouping.decided
    group_of = decided.pairs.group_of

    def stories(group: int) -> list[int]:
        members = (entries[number].story for number, other in group_of.items() if other == group)
        return sorted({story for story in members if story is not None}, key=age_order)

    def move(kind: str, story: int, into: int, article_ids: tuple[int, ...], cause: tuple[int, int]) -> None:
        grouping.move(article_ids, into)
        change = Regrouping(kind=kind, story=story, into=into, article_ids=article_ids, decision=cause[1])
        moves.append((cause[0], change))

    for decision in decided.pairs.parted:
        cause = decision.article_id, decision.number
        group, other = (group_of[number] for number in decision.pair)
        for story in set(stories(group)).intersection(stories(other)):
            leaving = decided.group_in(group, story)
            if free := [-number for number in leaving if -number != story]:
                move(SPLIT, story, max(free), leaving, cause)
    for decision in decided.pairs.joined:
        cause, group = (decision.article_id, decision.number), group_of[decision.article_id]
        kept, *others = stories(group)
        for story in others:
            every, some = grouping.articles(story), decided.group_in(group, story)
            moved = some if decided.have_parted(kept, story) else every
            move(MERGED if len(moved) == len(every) else SPLIT, story, kept, moved, cause)
    return moves

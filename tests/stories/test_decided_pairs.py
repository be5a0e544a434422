"""Editors join and part articles: a decision beats similarity, and a newer decision beats an older."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from syndicate.model import PairDecision
from syndicate.stories import StoryIndex, StoryOptions
from syndicate.stories.decided_stories import DecidedPairs
from tests.examples import examples
from tests.stories.newsroom import BANK, CHESS, FLOOD, article

NEWS = (*FLOOD, *BANK, *CHESS)
NUMBERS = range(1, 9)
PAIRS = st.tuples(st.sampled_from(NUMBERS), st.sampled_from(NUMBERS), st.booleans()).filter(
    lambda pair: pair[0] != pair[1]
)
# Each event places an article, or is a decision about two.
EVENTS = st.lists(st.one_of(st.sampled_from(NUMBERS), PAIRS), max_size=24)


def decided(pairs: list[tuple[int, int, bool]]) -> list[PairDecision]:
    return [
        PairDecision(number=number, article_id=a, other_id=b, parts=parts)
        for number, (a, b, parts) in enumerate(pairs, 1)
    ]


def assert_held(decisions: list[PairDecision], together: Callable[[int, int], bool]) -> None:
    """A decision holds unless newer decisions contradict it, alone or with each other."""
    newer: list[PairDecision] = []
    for decision in reversed(decisions):
        resolved = DecidedPairs([*newer, decision])
        if decision in (resolved.parted if decision.parts else resolved.joined):
            assert together(*decision.pair) is not decision.parts, decision
        newer.append(decision)


@given(st.lists(PAIRS, max_size=12))
def test_the_newest_decision_always_holds_and_groups_never_contradict_it(pairs) -> None:
    decisions = decided(pairs)
    resolved = DecidedPairs(reversed(decisions))
    group_of = resolved.group_of
    assert all(group_of[d.article_id] == group_of[d.other_id] for d in resolved.joined)
    for decision in resolved.parted:
        first, second = ({group_of[number]} for number in decision.pair)
        assert first != second
        assert resolved.are_apart(first, second)
        assert resolved.are_apart(second, first)
    if decisions:
        assert decisions[-1] in (*resolved.joined, *resolved.parted)


@settings(max_examples=examples(150), deadline=None)
@given(EVENTS)
def test_placements_and_decisions_in_any_order_keep_every_decision(events) -> None:
    index, pairs = StoryIndex(StoryOptions()), list[tuple[int, int, bool]]()
    for event in events:
        if isinstance(event, int):
            if event in index:
                continue
            title, text = NEWS[(event - 1) % len(NEWS)]
            # Two articles have the text of others, under one title: they never share a source.
            if index.add(article(event, title, text)).story is None:
                index.assign(event, event)
            index.decide(decided(pairs))
        else:
            pairs.append(event)
            index.decide(decided(pairs))
        known = [d for d in decided(pairs) if d.article_id in index and d.other_id in index]
        apart = [d for d in known if index.text_of(d.article_id) != index.text_of(d.other_id)]
        if len({index.text_of(number) for number in NUMBERS if number in index}) == len(index):
            assert_held(known, lambda a, b: index.story_of(a) == index.story_of(b))
        else:
            newest = apart[-1:]
            assert all(
                (index.story_of(d.article_id) == index.story_of(d.other_id)) is not d.parts for d in newest
            )
        assert not index.decide(decided(pairs)), "what holds moves nothing"


def test_without_decisions_nothing_is_asked_of_them() -> None:
    index = StoryIndex(StoryOptions())
    index.add(article(1, *FLOOD[0]))
    assert index.decide([]) == []
    assert not index._grouping.decided


def test_parted_articles_stay_apart_when_a_third_resembles_both() -> None:
    index = StoryIndex(StoryOptions())
    for number, item in enumerate(FLOOD[:2], 1):
        if index.add(article(number, *item)).story is None:
            index.assign(number, number)
    assert index.story_of(1) == index.story_of(2)
    index.decide(decided([(2, 1, True)]))
    index.merge(-2, 20)
    placement = index.add(article(3, *FLOOD[2]))
    assert placement.story in (1, 20)
    assert not placement.regrouped
    assert index.story_of(1) != index.story_of(2)

"""Merges, splits and leads by hand: the stories follow, also after a restart, an undo and in a replay."""

from datetime import timedelta

import pytest

from syndicate.errors import ActionRefused, NotAllowed
from syndicate.jobs.admin.stories.story_actions import StoryActions
from syndicate.jobs.stories.past_newsroom import past_newsroom
from syndicate.model import EditorAction
from syndicate.model.actors import Actor, Change, command_actor
from syndicate.store.access import audit_store
from syndicate.store.ingest import article_store
from syndicate.store.stories import story_moves, story_store
from syndicate.stories import StoryOptions
from tests.factories import NOW
from tests.jobs.room import Room
from tests.jobs.stories.test_story_moves import HOUR, PIER, STRIKE, declare, homes, job, news

USUAL = StoryOptions()
STRIKE_AGAIN = ("Ferry crews go on with their strike over night shifts", STRIKE[1] + " Ships stay in port.")


def change(minutes: int = 0, key: str = "") -> Change:
    return Change(actor=command_actor("kim"), now=NOW + timedelta(minutes=minutes), key=key)


@pytest.fixture
def newsroom(room: Room) -> tuple[Room, list[int], list[str]]:
    """Two reports of a strike in one story, a pier in another: the room, article ids and uids."""
    declare(room)
    ids = write_news(room)
    first, second, third = homes(room, ids)
    assert (first == second, third != first) == (True, True)
    with room.store.read() as connection:
        found = article_store.get_articles(connection, ids)
    return room, ids, [found[number].uid for number in ids]


def write_news(room: Room) -> list[int]:
    """Place two reports of a strike and one of a pier."""
    ids = [
        *room.add(news(1, STRIKE, NOW - 3 * HOUR)),
        *room.add(news(2, STRIKE_AGAIN, NOW - 2 * HOUR), source="hills"),
        *room.add(news(3, PIER, NOW - HOUR), source="dales"),
    ]
    job(room, USUAL).run(NOW)
    return ids


def actions(room: Room) -> StoryActions:
    return StoryActions(store=room.store, window_days=USUAL.window_days)


def test_a_merge_by_hand_joins_both_stories_and_its_undo_takes_them_apart(newsroom) -> None:
    room, ids, uids = newsroom
    before = homes(room, ids)
    stories = job(room, USUAL)
    number = int(actions(room).merge(change(), [uids[0], uids[2]]).id)
    stories.run(NOW)
    assert homes(room, ids) == [before[0]] * 3
    with room.store.read() as connection:
        assert story_moves.current_stories(connection, [before[2]]) == {before[2]: before[0]}
        (move,) = story_moves.story_moves(connection, before[2])
        assert (move.kind, move.decision) == ("merged", number)
        story = story_store.get_stories(connection, [before[0]])[before[0]]
        assert (story.articles, story.coverage) == (3, 3)
    room.add(news(4, PIER, NOW), source="moor")
    job(room, USUAL).run(NOW + HOUR)
    actions(room).undo(change(61), number)
    job(room, USUAL).run(NOW + HOUR + HOUR)
    first, second, third = homes(room, ids)
    assert (first == second, third != first) == (True, True)
    assert before[0] in (first, third), "a story keeps its number"


def test_a_split_by_hand_holds_against_similarity_and_ends_with_its_undo(newsroom) -> None:
    room, ids, uids = newsroom
    number = int(actions(room).split(change(), [uids[1]]).id)
    job(room, USUAL).run(NOW)
    first, second, _ = homes(room, ids)
    assert first != second
    room.add(news(5, (STRIKE[0] + " now", STRIKE_AGAIN[1]), NOW), source="coast")
    job(room, USUAL).run(NOW + HOUR)
    assert homes(room, ids)[:2] == [first, second]
    actions(room).undo(change(61), number)
    job(room, USUAL).run(NOW + HOUR + HOUR)
    first, second, _ = homes(room, ids)
    assert first == second


def test_two_decisions_in_one_run_and_in_two_runs_give_the_same_stories(newsroom) -> None:
    room, ids, uids = newsroom
    actions(room).merge(change(1), [uids[0], uids[2]])
    actions(room).split(change(2), [uids[0]])
    job(room, USUAL).run(NOW + HOUR)
    first, second, third = homes(room, ids)
    assert (first != second, second == third) == (True, True)


def test_articles_move_to_another_story_and_the_rest_stays(newsroom) -> None:
    room, ids, uids = newsroom
    before = homes(room, ids)
    actions(room).split(change(), [uids[1]], to=uids[2])
    job(room, USUAL).run(NOW)
    assert homes(room, ids) == [before[0], before[2], before[2]]
    actions(room).split(change(2), [uids[1]], to=uids[0])
    job(room, USUAL).run(NOW + HOUR)
    assert homes(room, ids) == before


def test_an_edited_article_keeps_to_what_was_decided(newsroom) -> None:
    room, ids, uids = newsroom
    actions(room).split(change(), [uids[1]])
    job(room, USUAL).run(NOW)
    with room.store.write() as connection:
        story_store.requeue_articles(connection, ids)
    job(room, USUAL).run(NOW + HOUR)
    first, second, _ = homes(room, ids)
    assert first != second


def test_a_chosen_article_leads_its_story_until_that_is_undone(newsroom) -> None:
    room, ids, uids = newsroom

    def lead() -> int:
        with room.store.read() as connection:
            (story,) = story_store.get_stories(connection, homes(room, ids)[:1]).values()
        return story.lead_id

    usual = lead()
    other = next(number for number in ids[:2] if number != usual)
    decided = actions(room).decide(change(), uids[ids.index(other)], EditorAction.LEAD)
    job(room, USUAL).run(NOW)
    assert lead() == other
    actions(room).undo(change(), int(decided.id))
    job(room, USUAL).run(NOW)
    assert lead() == usual


@pytest.mark.all
def test_a_replay_follows_decisions_from_their_time(newsroom) -> None:
    room, ids, uids = newsroom
    actions(room).merge(change(-20), [uids[0], uids[2]])
    with past_newsroom(room.store, USUAL, NOW - 4 * HOUR, NOW - 9 * HOUR) as newsroom_then:
        newsroom_then.advance(NOW - HOUR)
        with newsroom_then.store.read() as connection:
            found = article_store.get_articles(connection, ids)
        assert found[ids[0]].story_id != found[ids[2]].story_id


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (lambda act, uids: act.merge(change(), uids[:2]), "already-together"),
        (lambda act, uids: act.split(change(), uids[:2]), "nothing-stays"),
        (lambda act, uids: act.split(change(), [uids[0], uids[2]]), "nothing-stays"),
        (lambda act, uids: act.split(change(), uids[:1], to=uids[1]), "already-together"),
        (lambda act, uids: act.merge(change(20_000), [uids[0], uids[2]]), "too-old"),
        (lambda act, uids: act.merge(change(), [uids[0], "unknown"]), "not-found"),
        (lambda act, uids: act.undo(change(), 7), "not-in-force"),
        (lambda act, uids: act.decide(change(), uids[0], EditorAction.BOOST, "inf"), "wrong-fields"),
        (lambda act, uids: act.save(change(), uids[0], {"pin": "0", "boost": "x"}), "wrong-fields"),
    ],
)
@pytest.mark.sampled(4)
def test_what_cannot_be_decided_is_refused_with_its_reason_and_changes_nothing(
    newsroom, asked, problem
) -> None:
    room, _, uids = newsroom
    with pytest.raises(ActionRefused) as refused:
        asked(actions(room), uids)
    assert refused.value.problem == problem
    with room.store.read() as connection:
        assert not audit_store.audit_rows(connection)


def test_each_decision_is_in_the_audit_log_and_a_repeated_form_decides_once(newsroom) -> None:
    room, _, uids = newsroom
    form = {"retitle": "Ferries stay in port", "pin": "2", "boost": "1"}
    first, again = (actions(room).save(change(key="form 1"), uids[0], form) for _ in range(2))
    assert (first.facts, again.is_repeated) == (again.facts, True)
    assert len((first.facts or {})["decisions"]) == 2
    with room.store.read() as connection:
        (row,) = audit_store.audit_rows(connection)
    assert (row.action, row.actor_name, row.object_kind) == ("story.save", "kim", "decision")
    ended = actions(room).save(change(1), uids[0], {"retitle": "", "pin": "", "boost": "1"})
    assert ended.is_change
    assert not actions(room).save(change(2), uids[0], {"retitle": "", "pin": "", "boost": "1"}).is_change


def test_an_actor_without_the_permission_decides_nothing(newsroom) -> None:
    room, _, uids = newsroom
    reader = Change(actor=Actor(kind="token", name="bot", scopes=frozenset({"articles:read"})), now=NOW)
    with pytest.raises(NotAllowed):
        actions(room).decide(reader, uids[0], EditorAction.DROP)

"""Finished polls and last answers, on both engines."""

from datetime import timedelta

from syndicate.store.ingest import poll_store
from syndicate.store.ingest.poll_store import LastAnswer, PollRow
from tests import factories
from tests.factories import NOW

HOUR = timedelta(hours=1)
POLLS = [
    PollRow(source_id=1, at=NOW, outcome="new", status=200, ms=210, bytes=18_440, new=3, changed=1),
    PollRow(source_id=1, at=NOW + HOUR, outcome="failed", status=403, ms=190, bytes=1_204),
    PollRow(source_id=1, at=NOW + 25 * HOUR, outcome="unchanged", status=304, ms=60),
    PollRow(source_id=2, at=NOW + HOUR, outcome="put_off"),
]


def stored(store) -> None:
    with store.write() as connection:
        poll_store.add_polls(connection, POLLS)


def test_polls_of_a_source_come_newest_first_within_their_bounds(store):
    stored(store)
    with store.read() as connection:
        assert poll_store.polls_of(connection, 1) == [POLLS[2], POLLS[1], POLLS[0]]
        assert poll_store.polls_of(connection, 1, limit=1) == [POLLS[2]]
        assert poll_store.polls_of(connection, 1, since=NOW + HOUR, before=NOW + 25 * HOUR) == [POLLS[1]]
        assert poll_store.polls_of(connection, 3) == []


def test_the_latest_poll_of_each_source_is_found(store):
    with store.write() as connection:
        first, second = factories.add_sources(connection, factories.declared("A"), factories.declared("B"))
        polls = [PollRow(source_id=first.id, at=NOW + HOUR, outcome=kind) for kind in ("failed", "equal")]
        poll_store.add_polls(connection, [*polls, PollRow(source_id=first.id, at=NOW, outcome="new")])
        assert poll_store.latest_answers(connection, [first.id, second.id]) == {
            first.id: (polls[1].status, polls[1].ms)
        }


def test_days_count_polls_and_failures_from_their_start(store):
    stored(store)
    with store.read() as connection:
        days = poll_store.poll_days(connection, [1, 2, 3], since=NOW)
        later = poll_store.poll_days(connection, [1], since=NOW + 2 * HOUR)
    assert days == {
        1: {0: (2, 1), 1: (1, 0)},
        2: {0: (1, 0)},
    }
    assert later == {1: {0: (1, 0)}}


def test_only_the_last_answer_of_a_source_is_kept_with_its_bytes(store):
    body = bytes(range(256)) * 100
    answers = [
        LastAnswer(source_id=1, at=NOW, headers="200", body=poll_store.packed(b"old")),
        LastAnswer(source_id=1, at=NOW + HOUR, headers="403\nServer: é", body=poll_store.packed(body)),
    ]
    with store.write() as connection:
        poll_store.save_answers(connection, answers)
    with store.read() as connection:
        found = poll_store.last_answer(connection, 1)
        assert poll_store.last_answer(connection, 2) is None
    assert found == LastAnswer(source_id=1, at=NOW + HOUR, headers="403\nServer: é", body=body)


def test_old_polls_are_pruned(store):
    stored(store)
    with store.write() as connection:
        poll_store.prune_polls(connection, before=NOW + HOUR)
    with store.read() as connection:
        assert poll_store.polls_of(connection, 1) == [POLLS[2], POLLS[1]]

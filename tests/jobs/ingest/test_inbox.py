"""Answers between the network and those who read them."""

from concurrent.futures import ThreadPoolExecutor

from syndicate.jobs.ingest.batch_queue import FULL, TOGETHER, TOGETHER_BYTES, Inbox


def inbox(*answers: int) -> Inbox[int]:
    """An inbox in which each answer is as large as it says."""
    filled: Inbox[int] = Inbox(lambda size: size)
    for answer in answers:
        filled.put(answer)
    return filled


def test_whoever_takes_gets_all_that_wait_in_their_order():
    waiting = inbox(3, 1, 2)
    assert waiting.take() == [3, 1, 2]
    assert waiting.take() == []


def test_no_more_are_taken_together_than_a_few():
    waiting = inbox(*range(TOGETHER + 1))
    assert waiting.take() == list(range(TOGETHER))
    assert waiting.take() == [TOGETHER]


def test_nothing_joins_large_answers():
    waiting = inbox(1, TOGETHER_BYTES, 2)
    assert waiting.take() == [1, TOGETHER_BYTES]
    assert waiting.take() == [2]


def test_what_needs_little_work_is_taken_with_more():
    waiting: Inbox[int] = Inbox(lambda size: size, lambda size: size // 8)
    for answer in (TOGETHER_BYTES,) * 3:
        waiting.put(answer)
    assert waiting.take() == [TOGETHER_BYTES] * 3


def test_a_full_inbox_waits_for_those_who_take():
    waiting = inbox()
    many = range(3 * FULL)
    with ThreadPoolExecutor(1) as network:
        for answer in many:
            network.submit(waiting.put, answer)
        taken: list[int] = []
        while len(taken) < len(many):
            some = waiting.take()
            assert len(some) <= TOGETHER
            taken += some
    assert taken == list(many)

"""What a run of the ingest job holds: as much as it should, as long as it reads, and no longer."""

from datetime import timedelta

import pytest

from syndicate.jobs.ingest import claims
from syndicate.jobs.ingest.claims import LEASE, Claims
from syndicate.store.ingest import source_store
from tests.factories import NOW
from tests.jobs.room import Room, source

SECOND = timedelta(seconds=1)


@pytest.fixture
def five(room: Room) -> Room:
    room.declare("".join(source(f"s{number}", f"https://{number}.example/") for number in range(5)))
    return room


def of_run(room: Room, left: tuple[int, ...] = ()) -> Claims:
    return Claims(intake=room.services.importer, now=NOW, left=left)


def others_may_claim(room: Room, *, after: timedelta) -> int:
    now = NOW + after
    with room.store.write() as connection:
        return len(source_store.claim_due_sources(connection, now=now, owner="other", until=now, limit=9))


def pass_time(run: Claims, seconds: float) -> None:
    run._started -= seconds
    run._kept -= seconds


def test_who_waits_longer_than_a_lease_is_kept_all_the_same(five: Room) -> None:
    run = of_run(five)
    assert len(run.claim()) == 5
    pass_time(run, LEASE.total_seconds() / 2)
    run.keep()
    assert others_may_claim(five, after=LEASE + SECOND) == 0
    assert others_may_claim(five, after=1.5 * LEASE + 2 * SECOND) == 5


def test_a_lease_is_not_written_again_with_every_answer(five: Room) -> None:
    run = of_run(five)
    run.claim()
    pass_time(run, LEASE.total_seconds() / 5)
    run.keep()
    assert others_may_claim(five, after=LEASE + SECOND) == 5


def test_only_so_many_are_held_at_a_time(five: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CLAIM", 2)
    monkeypatch.setattr(claims, "HELD", 3)
    run = of_run(five)
    assert len(run.claim()) == 2
    assert run.claim() == []
    run.held.popitem()
    assert len(run.claim()) == 2


def test_a_run_looks_for_what_has_become_due_every_few_seconds_and_not_for_ever(five: Room) -> None:
    run = of_run(five)
    run.claim()
    assert not run.may_claim(meanwhile=True)
    pass_time(run, claims.STEP)
    assert run.may_claim(meanwhile=True)
    assert not run.may_claim()
    pass_time(run, claims.LONGEST)
    assert not run.may_claim(meanwhile=True)


def test_what_a_run_had_to_leave_is_free_for_the_next_and_what_it_gave_back_for_all(five: Room) -> None:
    run = of_run(five)
    run.claim()
    left = run.unread()
    assert others_may_claim(five, after=SECOND) == 0
    run = of_run(five, left)
    assert len(run.claim()) == 5
    run.give_back()
    assert others_may_claim(five, after=SECOND) == 5


def test_what_a_run_had_to_leave_is_given_back_by_one_that_is_stopped_before_it_claims(five: Room) -> None:
    run = of_run(five)
    run.claim()
    of_run(five, run.unread()).give_back()
    assert others_may_claim(five, after=SECOND) == 5

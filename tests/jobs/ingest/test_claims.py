"""Claims of a run of the ingest job: their number, leases and release."""

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


def of_run(room: Room, abandoned: tuple[int, ...] = ()) -> Claims:
    return Claims(importer=room.services.importer, now=NOW, abandoned=abandoned)


def others_may_claim(room: Room, *, after: timedelta) -> int:
    now = NOW + after
    with room.store.write() as connection:
        return len(source_store.claim_due_sources(connection, now=now, owner="other", until=now, limit=9))


def pass_time(run: Claims, seconds: float) -> None:
    run._started -= seconds
    run._extended -= seconds


def test_the_lease_of_a_source_that_waits_is_extended(five: Room) -> None:
    run = of_run(five)
    assert len(run.claim()) == 5
    pass_time(run, LEASE.total_seconds() / 2)
    run.extend()
    assert others_may_claim(five, after=LEASE + SECOND) == 0
    assert others_may_claim(five, after=1.5 * LEASE + 2 * SECOND) == 5


def test_a_lease_is_not_extended_with_every_response(five: Room) -> None:
    run = of_run(five)
    run.claim()
    pass_time(run, LEASE.total_seconds() / 5)
    run.extend()
    assert others_may_claim(five, after=LEASE + SECOND) == 5


def test_the_number_of_claimed_sources_is_limited(five: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claims, "CLAIM_SIZE", 2)
    monkeypatch.setattr(claims, "MAX_CLAIMED", 3)
    run = of_run(five)
    assert len(run.claim()) == 2
    assert run.claim() == []
    run.unpolled.popitem()
    assert len(run.claim()) == 2


def test_newly_due_sources_are_claimed_in_steps_up_to_a_limit(five: Room) -> None:
    run = of_run(five)
    run.claim()
    assert not run.may_claim(newly_due=True)
    pass_time(run, claims.STEP)
    assert run.may_claim(newly_due=True)
    assert not run.may_claim()
    pass_time(run, claims.LAST_CLAIM)
    assert not run.may_claim(newly_due=True)


def test_what_a_run_had_to_leave_is_free_for_the_next_and_what_it_gave_back_for_all(five: Room) -> None:
    run = of_run(five)
    run.claim()
    left = run.unreleased()
    assert others_may_claim(five, after=SECOND) == 0
    run = of_run(five, left)
    assert len(run.claim()) == 5
    run.release()
    assert others_may_claim(five, after=SECOND) == 5


def test_what_a_run_had_to_leave_is_given_back_by_one_that_is_stopped_before_it_claims(five: Room) -> None:
    run = of_run(five)
    run.claim()
    of_run(five, run.unreleased()).release()
    assert others_may_claim(five, after=SECOND) == 5

from datetime import datetime, timedelta

import pytest

from syndicate.delivery.outcome import Outcome, Reach, outcome_of, pause_after
from syndicate.errors import Deferred, MailError, Refused, TransportDown, Uncertain
from syndicate.model import DeliveryState


def judge(error: MailError, now: datetime, *, attempts: int = 1, hours: float = 0) -> Outcome:
    return outcome_of(error, attempts=attempts, first_attempt=now - timedelta(hours=hours), now=now)


def test_D6_a_5xx_fails_that_message(now: datetime) -> None:
    assert judge(Refused("550", code=550), now) == Outcome(state=DeliveryState.FAILED)


def test_D_no_reply_is_uncertain_and_never_tried_again(now: datetime) -> None:
    assert judge(Uncertain("?"), now) == Outcome(state=DeliveryState.UNCERTAIN)


def test_D4_a_4xx_is_tried_again_in_minutes(now: datetime) -> None:
    expected = Outcome(state=DeliveryState.DEFERRED, retry_at=now + timedelta(minutes=5))
    assert judge(Deferred("450", code=450), now) == expected


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 240), (50, 240), (10_000, 240)]
)
def test_D4_pauses_double_up_to_four_hours(attempts: int, minutes: int) -> None:
    assert pause_after(attempts) == timedelta(minutes=minutes)


@pytest.mark.parametrize(("hours", "state"), [(67.9, DeliveryState.DEFERRED), (68.1, DeliveryState.FAILED)])
def test_V3_a_4xx_is_given_up_when_the_next_try_would_be_after_72_hours(
    now: datetime, hours: float, state: DeliveryState
) -> None:
    assert judge(Deferred("450", code=450), now, attempts=20, hours=hours).state is state


def test_D4_greylisting_costs_minutes_and_a_dead_mailbox_about_twenty_tries(now: datetime) -> None:
    moment, attempts = now, 0
    while True:
        attempts += 1
        outcome = outcome_of(Deferred("450", code=450), attempts=attempts, first_attempt=now, now=moment)
        if outcome.retry_at is None:
            break
        moment = outcome.retry_at
    assert 18 <= attempts <= 26
    assert timedelta(hours=66) < moment - now <= timedelta(hours=72)


@pytest.mark.parametrize("code", [None, 421, 454])
def test_V3_a_lost_connection_ends_the_batch_and_nothing_was_sent(now: datetime, code: int | None) -> None:
    outcome = judge(TransportDown("gone", code=code), now, hours=100)
    assert (outcome.state, outcome.reach) == (DeliveryState.PENDING, Reach.BATCH)
    assert outcome.retry_at == now + timedelta(minutes=2)


@pytest.mark.parametrize("code", [530, 535, 550])
def test_a_refused_login_or_sender_pauses_all_sending(now: datetime, code: int) -> None:
    outcome = judge(TransportDown("no", code=code), now)
    assert (outcome.state, outcome.reach) == (DeliveryState.PENDING, Reach.EVERYTHING)
    assert outcome.retry_at == now + timedelta(minutes=15)

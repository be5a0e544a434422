from datetime import datetime, timedelta

import pytest

from syndicate.delivery.attempt_outcome import outcome_of, pause_after_outage, retry_delay
from syndicate.errors import Deferred, MailError, Refused, RenderError, TransportDown, Uncertain
from syndicate.model import DeliveryState


def judge(
    error: MailError | RenderError, now: datetime, *, attempts: int = 1, hours: float = 0
) -> tuple[DeliveryState, datetime | None]:
    return outcome_of(error, attempts=attempts, first_attempt=now - timedelta(hours=hours), now=now)


def test_DF6_a_5xx_fails_that_message(now: datetime) -> None:
    assert judge(Refused("550", code=550), now) == (DeliveryState.FAILED, None)


def test_D_no_reply_is_uncertain_and_never_tried_again(now: datetime) -> None:
    assert judge(Uncertain("?"), now) == (DeliveryState.UNCERTAIN, None)


def test_DF4_a_4xx_is_tried_again_in_minutes(now: datetime) -> None:
    expected = (DeliveryState.DEFERRED, now + timedelta(minutes=5))
    assert judge(Deferred("450", code=450), now) == expected


@pytest.mark.parametrize(
    ("attempts", "minutes"), [(1, 5), (2, 10), (3, 20), (6, 160), (7, 240), (50, 240), (10_000, 240)]
)
def test_DF4_pauses_double_up_to_four_hours(attempts: int, minutes: int) -> None:
    assert retry_delay(attempts) == timedelta(minutes=minutes)


@pytest.mark.parametrize(("hours", "state"), [(67.9, DeliveryState.DEFERRED), (68.1, DeliveryState.FAILED)])
def test_V3_a_4xx_is_given_up_when_the_next_try_would_be_after_72_hours(
    now: datetime, hours: float, state: DeliveryState
) -> None:
    assert judge(Deferred("450", code=450), now, attempts=20, hours=hours)[0] is state


def test_DF4_greylisting_costs_minutes_and_a_dead_mailbox_about_twenty_tries(now: datetime) -> None:
    moment, attempts = now, 0
    while True:
        attempts += 1
        _, retry_at = outcome_of(Deferred("450", code=450), attempts=attempts, first_attempt=now, now=moment)
        if retry_at is None:
            break
        moment = retry_at
    assert 18 <= attempts <= 26
    assert timedelta(hours=66) < moment - now <= timedelta(hours=72)


def test_a_message_that_cannot_be_rendered_is_set_aside_after_three_tries(now: datetime) -> None:
    states = [judge(RenderError("no"), now, attempts=attempts)[0] for attempts in (1, 2, 3)]
    assert states == [DeliveryState.DEFERRED, DeliveryState.DEFERRED, DeliveryState.FAILED]


@pytest.mark.parametrize("code", [None, 421, 454])
def test_V3_after_a_lost_connection_sending_rests_for_two_minutes(code: int | None) -> None:
    assert pause_after_outage(TransportDown("gone", code=code), refusals=9) == timedelta(minutes=2)


@pytest.mark.parametrize("code", [530, 535, 550])
@pytest.mark.parametrize(
    ("refusals", "minutes"), [(1, 15), (2, 30), (3, 60), (4, 120), (5, 120), (9999, 120)]
)
def test_after_refused_logins_or_senders_sending_rests_longer_each_time(
    code: int, refusals: int, minutes: int
) -> None:
    assert pause_after_outage(TransportDown("no", code=code), refusals=refusals) == timedelta(minutes=minutes)

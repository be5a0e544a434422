"""A server that refuses a message, and one that refuses us: over the wire, and what the difference is."""

from collections.abc import Mapping
from typing import Any

import pytest

from syndicate.delivery.outgoing import Message, OutgoingMail, SendResult
from syndicate.delivery.smtp.sender_refusals import SenderRefusals
from syndicate.errors import Deferred, MailError, Refused, SenderRefused, TransportDown
from tests.delivery.smtp_driver import BOTH, Desk, talking

OK, GO = b"250 ok\r\n", b"354 go\r\n"
NOT_NOW = {"DATA": b"503 not now\r\n"}


def ended(key: int, error: MailError | None = None) -> SendResult:
    return SendResult(
        mail=OutgoingMail(
            key=key, sender="us@example.com", recipient="jo@example.org", render=lambda: Message.of(b"")
        ),
        error=error,
    )


@BOTH
def test_DF6_a_sender_refused_twice_is_no_recipients_fault(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob", "cleo")
    with talking({**ehlo, "MAIL": b"550 who are you\r\n", **NOT_NOW}) as (server, sender):
        problem = sender.run(desk.next_mail, desk.record_results)
    assert isinstance(problem, TransportDown)
    assert (problem.code, server.connections) == (550, 1)
    assert desk.kinds() == {"ann": "TransportDown", "bob": "TransportDown"}


@BOTH
@pytest.mark.parametrize("place", [0, 1, 2])
def test_DF6_a_sender_refused_for_one_message_is_that_message_s_end(
    place: int, ehlo: Mapping[str, bytes]
) -> None:
    desk = Desk("ann", "bob", "cleo")
    replies = [OK] * 3
    replies[place] = b"553 no such sender\r\n"
    data = [GO] * 3
    data[place] = b"503 whose?\r\n"
    script = {**ehlo, "MAIL": tuple(replies)} | ({"DATA": tuple(data)} if ehlo else {})
    with talking(script) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert list(desk.kinds().values()).count("sent") == 2
    assert desk.kinds()[("ann", "bob", "cleo")[place]] == "SenderRefused"
    assert server.connections == 1


@BOTH
def test_a_message_too_large_for_mail_is_refused_alone(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob")
    with talking({**ehlo, "MAIL": b"552 5.3.4 too big\r\n", **NOT_NOW}) as (_, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "Refused", "bob": "Refused"}
    assert desk.outcomes["ann"].code is None


@BOTH
@pytest.mark.parametrize("step", ["RCPT", "BODY"])
def test_refusals_for_policy_are_the_messages_when_others_are_taken(
    step: str, ehlo: Mapping[str, bytes]
) -> None:
    readers = [f"r{number}" for number in range(60)]
    desk = Desk(*readers)
    turn = (b"550 5.7.1 spam\r\n",) * 19 + (OK,)
    script: dict[str, Any] = {**ehlo, step: turn * 3}
    if step == "RCPT" and ehlo:
        script["DATA"] = ((b"503 whom?\r\n",) * 19 + (GO,)) * 3
    with talking(script) as (_, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert sorted(desk.kinds().values()) == ["Refused"] * 57 + ["sent"] * 3


@BOTH
@pytest.mark.parametrize("step", ["RCPT", "BODY"])
def test_twenty_refusals_for_policy_in_a_row_are_about_us(step: str, ehlo: Mapping[str, bytes]) -> None:
    desk = Desk(*(f"r{number}" for number in range(60)))
    script: dict[str, Any] = {**ehlo, step: b"554 5.7.1 relay access denied\r\n"}
    with talking(script | ({} if step == "BODY" else NOT_NOW)) as (_, sender):
        problem = sender.run(desk.next_mail, desk.record_results)
    assert isinstance(problem, TransportDown)
    assert (problem.code, "5.7.1" in str(problem)) == (554, True)
    assert set(desk.kinds().values()) == {"TransportDown"}
    assert 20 <= len(desk.outcomes) <= 21


@BOTH
@pytest.mark.parametrize("step", ["RCPT", "BODY"])
@pytest.mark.parametrize(("readers", "kind"), [(1, "Deferred"), (2, "Deferred"), (3, "TransportDown")])
def test_a_list_refused_for_policy_as_a_whole_fails_nobody(
    step: str, readers: int, kind: str, ehlo: Mapping[str, bytes]
) -> None:
    desk = Desk(*(f"r{number}" for number in range(readers)))
    script: dict[str, Any] = {**ehlo, step: b"550 5.7.26 not authenticated\r\n"}
    with talking(script | ({} if step == "BODY" else NOT_NOW)) as (_, sender):
        problem = sender.run(desk.next_mail, desk.record_results)
    assert list(desk.kinds().values()) == [kind] * readers
    assert (problem is not None) == (readers == 3)


def test_other_refusals_do_not_tell_whether_a_policy_is_about_us() -> None:
    sender_refusals = SenderRefusals()
    blocked = [ended(key, Refused("550 5.7.1 no", code=550)) for key in range(3)]
    nobody = ended(9, Refused("550 5.1.1 nobody", code=550))
    sender_refusals.classify([*blocked, nobody])
    assert {type(result.error) for result in sender_refusals.finish()} == {TransportDown}


def test_a_policy_for_the_last_few_is_about_them_when_others_were_taken() -> None:
    sender_refusals = SenderRefusals()
    sender_refusals.classify([ended(1)])
    sender_refusals.classify([ended(key, Refused("550 5.7.1 no", code=550)) for key in range(2, 8)])
    assert {type(result.error) for result in sender_refusals.finish()} == {Refused}
    assert sender_refusals.problem is None


def test_one_refused_for_policy_says_nothing_until_others_are_met() -> None:
    sender_refusals = SenderRefusals()
    sender_refusals.classify([ended(1, Refused("550 5.7.1 no", code=550))])
    (one,) = sender_refusals.finish()
    assert isinstance(one.error, Deferred)
    assert one.error.code == 550


def test_what_was_under_way_before_acquits_nobody_of_a_refused_sender() -> None:
    sender_refusals = SenderRefusals()
    assert sender_refusals.classify([ended(1, SenderRefused("550", code=550))]) == []
    sender_refusals.offered(3)
    assert [result.mail.key for result in sender_refusals.classify([ended(2)])] == [2]
    assert [result.mail.key for result in sender_refusals.classify([ended(3)])] == [1, 3]
    assert sender_refusals.finish() == []
    assert sender_refusals.problem is None


def test_a_refused_sender_with_nothing_to_compare_with_is_about_us() -> None:
    sender_refusals = SenderRefusals()
    sender_refusals.classify([ended(1, SenderRefused("550", code=550))])
    (one,) = sender_refusals.finish()
    assert isinstance(one.error, TransportDown)
    assert sender_refusals.problem is not None
    assert sender_refusals.problem.code == 550


def test_other_refusals_are_told_at_once() -> None:
    sender_refusals = SenderRefusals()
    refused = [ended(key, Refused("550 5.1.1 nobody", code=550)) for key in range(50)]
    assert sender_refusals.classify(refused) == refused
    assert sender_refusals.problem is None

"""SMTP transactions: envelopes, bodies, refusals and lost connections."""

from collections.abc import Mapping
from typing import Any

import pytest

from syndicate.delivery.outgoing import Message, OutgoingMail, send_one
from syndicate.errors import (
    Deferred,
    Refused,
    RenderError,
    SenderDeferred,
    TransportDown,
)
from tests.delivery.scripted_smtp import DROP, DROP_AFTER, PIPELINING, SILENCE
from tests.delivery.smtp_driver import BIG, BODY, BOTH, Desk, send, talking


@BOTH
def test_a_message_goes_out_in_one_transaction_and_is_claimed_once(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("jo")
    with talking(ehlo) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert server.commands == [
        "ehlo news.example.com",
        "MAIL FROM:<news@example.com>",
        "RCPT TO:<jo@example.org>",
        "DATA",
        "QUIT",
    ]
    assert (server.bodies, desk.commits) == ([BODY], [([], ["jo"]), (["jo"], [])])


@BOTH
def test_the_claim_comes_after_the_354_and_before_the_body(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("jo")
    with talking(ehlo) as (server, sender):

        def look() -> None:
            if not desk.commits:
                assert server.commands[-1] == "DATA"
                assert server.bodies == []

        desk.on_settle = look
        sender.run(desk.next_mail, desk.record_results)
    assert desk.kinds() == {"jo": "sent"}


@BOTH
def test_D_one_commit_says_that_one_was_sent_and_the_next_begins(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob", "cleo")
    with talking(ehlo) as (server, sender):
        sender.run(desk.next_mail, desk.record_results)
    assert desk.commits == [([], ["ann"]), (["ann"], ["bob"]), (["bob"], ["cleo"]), (["cleo"], [])]
    assert (server.connections, len(server.bodies)) == (1, 3)


def test_the_body_and_the_next_envelope_leave_together_where_the_server_likes_it() -> None:
    """This server answers the first body only once it has the next envelope."""
    desk = Desk("ann", "bob")
    ok, go = b"250 ok\r\n", b"354 go on\r\n"
    late = {"BODY": (b"", ok), "MAIL": (ok, b""), "RCPT": (ok, b""), "DATA": (go, ok * 3 + go)}
    with talking(PIPELINING | late, final_timeout=2) as (server, sender):
        sender.run(desk.next_mail, desk.record_results)
    assert (len(server.bodies), desk.kinds()) == (2, {"ann": "sent", "bob": "sent"})


@BOTH
def test_D_a_claim_that_says_no_closes_the_connection_without_a_message(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob", "cleo", refuse=["bob"])
    with talking(ehlo) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert (server.connections, len(server.bodies)) == (2, 2)
    assert desk.kinds() == {"ann": "sent", "cleo": "sent"}


@BOTH
@pytest.mark.parametrize("good", [0, 1])
def test_D_a_claim_that_fails_closes_the_connection_without_a_message(
    ehlo: Mapping[str, bytes], good: int
) -> None:
    desk = Desk("ann", "bob")

    def fail() -> None:
        if len(desk.commits) == good:
            raise OSError("the store is gone")

    desk.on_settle = fail
    with talking(ehlo) as (server, sender), pytest.raises(OSError, match="the store is gone"):
        sender.run(desk.next_mail, desk.record_results)
    assert len(server.bodies) == good


@BOTH
@pytest.mark.parametrize("code", [421, 450, 451, 452, 455])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "BODY"])
def test_DF4_a_4xx_at_any_step_defers_or_ends_the_run(
    step: str, code: int, ehlo: Mapping[str, bytes]
) -> None:
    desk = Desk("jo")
    answer = b"%d not now\r\n" % code + (DROP_AFTER if code == 421 else b"")
    with talking({**ehlo, step: answer}) as (_, sender):
        problem = sender.run(desk.next_mail, desk.record_results)
    error = desk.outcomes.get("jo") or problem
    assert error is not None
    assert error.code == code
    deferred = SenderDeferred if step == "MAIL" else Deferred
    assert type(error) is (TransportDown if code == 421 and step != "BODY" else deferred)
    assert desk.asked == (["jo"] if step == "BODY" else [])
    assert "not now" in str(error)
    assert "jo@example.org" not in str(error)


@BOTH
@pytest.mark.parametrize("code", [550, 552, 554])
@pytest.mark.parametrize("step", ["RCPT", "DATA", "BODY"])
def test_DF6_a_5xx_refuses_that_recipient_only(step: str, code: int, ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob", "cleo")
    good = b"354 go\r\n" if step == "DATA" else b"250 ok\r\n"
    bad = b"%d-no\r\n%d never\r\n" % (code, code)
    script: dict[str, Any] = {**ehlo, step: (good, bad, good)}
    if step == "RCPT" and ehlo:
        script["DATA"] = (b"354 go\r\n", b"503 whom?\r\n", b"354 go\r\n")
    with talking(script) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "sent", "bob": "Refused", "cleo": "sent"}
    assert (desk.outcomes["bob"].code, server.connections) == (code, 1)
    assert "never" in str(desk.outcomes["bob"])
    assert server.commands.count("RSET") == (step != "BODY")


def test_DF6_data_accepted_for_a_refused_recipient_gets_no_body() -> None:
    desk = Desk("ann", "bob")
    with talking(PIPELINING | {"RCPT": b"550 no\r\n"}, {}) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "Refused", "bob": "sent"}
    assert server.bodies == [BODY]


@pytest.mark.parametrize("answer", [DROP, SILENCE, b"500 what\r\n"])
def test_a_server_that_cannot_reset_is_left(answer: bytes) -> None:
    desk = Desk("ann", "bob")
    script = {"RCPT": b"550 no\r\n", "RSET": answer}
    with talking(script, {}, timeout=1) as (server, sender):
        sender.run(desk.next_mail, desk.record_results)
    assert desk.kinds() == {"ann": "Refused", "bob": "sent"}
    assert server.connections == 2


NONSENSE = [DROP, SILENCE, b"nonsense\r\n", b"250 " + b"x" * 9000, b"\r\n"]


@BOTH
@pytest.mark.parametrize("trouble", NONSENSE)
@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_DF1_trouble_before_the_body_means_nothing_was_sent(
    step: str, trouble: bytes, ehlo: Mapping[str, bytes]
) -> None:
    desk = Desk("ann", "bob")
    replies = {**ehlo, step: trouble} | ({"HELO": trouble} if step == "EHLO" else {})
    with talking(replies, timeout=0.1) as (server, sender):
        problem = sender.run(desk.next_mail, desk.record_results)
    assert isinstance(problem, TransportDown)
    assert (desk.asked, server.bodies, desk.outcomes) == ([], [], {})


def test_a_message_that_ends_every_connection_is_deferred_and_the_others_go() -> None:
    desk = Desk("ann", "bad", "cleo", "dora")
    fine = b"250 ok\r\n"
    with talking({"RCPT": (fine, DROP)}, {"RCPT": DROP}, {}) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "sent", "bad": "Deferred", "cleo": "sent", "dora": "sent"}
    assert server.connections == 3


@BOTH
@pytest.mark.parametrize("trouble", [*(reply for reply in NONSENSE if reply != SILENCE), b"250-half"])
def test_D_no_reply_to_the_body_is_uncertain(trouble: bytes, ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob")
    last = trouble + DROP_AFTER if trouble == b"250-half" else trouble
    with talking({**ehlo, "BODY": last}, {}) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "Uncertain", "bob": "sent"}
    assert "the message" in str(desk.outcomes["ann"])
    assert server.connections == 2


@BOTH
def test_D_silence_after_the_body_is_uncertain(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann")
    with talking({**ehlo, "BODY": SILENCE}, final_timeout=0.1) as (_, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "Uncertain"}


def test_a_server_that_leaves_every_time_after_its_354_has_taken_nothing() -> None:
    # The message is deferred when its first bytes were written before the server left.
    nothing_sent = pytest.raises((TransportDown, Deferred))
    with talking({"DATA": b"354 go on\r\n" + DROP_AFTER}) as (server, sender), nothing_sent:
        send(sender, body=BIG)
    assert (server.bodies, server.connections) == ([], 2)


@BOTH
@pytest.mark.parametrize("body", [BODY, BIG], ids=["small", "large"])
def test_a_connection_lost_before_the_final_dot_was_written_is_no_doubt(
    ehlo: Mapping[str, bytes], body: bytes
) -> None:
    desk = Desk("ann", "bob", bodies={"ann": body})
    with talking({**ehlo, "DATA": b"354 go on\r\n" + DROP_AFTER}, {}) as (server, sender):
        # The server has left by the time that the commit is made.
        desk.on_settle = lambda: server.wait_until_left(1) if not desk.outcomes else None
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "sent", "bob": "sent"}
    assert sorted(server.accepted) == sorted([body, BODY])
    assert desk.asked == ["ann", "ann", "bob"]


def test_a_server_that_leaves_in_the_middle_of_a_body_is_no_doubt_and_the_others_go() -> None:
    desk = Desk("ann", "big", "cleo", bodies={"big": BIG})
    with talking(PIPELINING | {"BODY": (b"250 ok\r\n",)}, limit=len(BIG) // 2) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "sent", "big": "Deferred", "cleo": "sent"}
    assert "twice when it was offered this message" in str(desk.outcomes["big"])
    assert server.accepted == [BODY, BODY]


def test_a_body_larger_than_any_buffer_arrives_whole() -> None:
    big = (b"x" * 76 + b"\r\n") * 20_000
    with talking(PIPELINING) as (server, sender):
        send(sender, body=big)
    assert server.bodies == [big]


def test_a_message_of_more_pieces_than_a_system_call_takes_arrives_whole() -> None:
    message = Message([BODY, *[b"a link\r\n"] * 2000], len(BODY) + 2000 * len(b"a link\r\n"))
    with talking(PIPELINING) as (server, sender):
        send_one(
            sender,
            OutgoingMail(
                key=1, sender="news@example.com", recipient="jo@example.org", render=lambda: message
            ),
        )
    assert server.bodies == [bytes(message)]


@pytest.mark.parametrize("answer", [DROP, SILENCE, b"500 what\r\n"])
def test_DF10_trouble_at_QUIT_changes_nothing(answer: bytes) -> None:
    with talking({"QUIT": answer}, timeout=0.2) as (server, sender):
        send(sender)
    assert server.bodies == [BODY]


def test_what_cannot_be_rendered_hurts_only_itself() -> None:
    desk = Desk("ann", "bad", "cleo", bodies={"bad": RenderError("no")})
    with talking(PIPELINING) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert desk.kinds() == {"ann": "sent", "bad": "RenderError", "cleo": "sent"}
    assert server.connections == 1


@pytest.mark.parametrize(
    "address",
    [
        "x\r\nRCPT TO:<evil@x.example>",
        "a b@example.org",
        "a@b>",
        "jo",
        "",
        "jö@exämple.org",
        "jö\r\n@example.org",
        "jö\x85@example.org",
        "a" * 65 + "@example.org",
        "ö" * 33 + "@example.org",
    ],
)
def test_E6_an_address_that_could_break_the_dialogue_is_refused_before_it(address: str) -> None:
    utf8 = {"EHLO": b"250-test\r\n250 SMTPUTF8\r\n"}
    with talking(utf8) as (server, sender), pytest.raises(Refused):
        send(sender, address)
    assert server.commands == ["ehlo news.example.com", "QUIT"]


def test_E6_letters_outside_ascii_need_a_server_that_knows_them() -> None:
    with talking({"EHLO": b"250-test\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"}, {}) as (server, sender):
        send(sender, "jö@example.org")
        assert server.commands[1] == "MAIL FROM:<news@example.com> SMTPUTF8 BODY=8BITMIME"
        assert server.commands[2].encode("latin-1").decode() == "RCPT TO:<jö@example.org>"
        with pytest.raises(Refused, match="outside plain ASCII"):
            send(sender, "jö@example.org")


def test_V1_size_and_notifications_are_asked_for_where_they_are_offered() -> None:
    with talking({"EHLO": b"250-test\r\n250-SIZE 1000\r\n250 DSN\r\n"}) as (server, sender):
        send(sender, "jo+news@example.org")
        assert server.commands[1:3] == [
            f"MAIL FROM:<news@example.com> SIZE={len(BODY)} RET=HDRS ENVID=1",
            "RCPT TO:<jo+news@example.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;jo+2Bnews@example.org",
        ]
        with pytest.raises(Refused, match="at most 1000 bytes"):
            send(sender, body=b"x" * 998 + b"\r\n" + b"y\r\n")

import base64
import itertools
import math
import socket
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest

from syndicate.delivery.outgoing import Message, OutgoingMail, SendResult, send_one
from syndicate.delivery.smtp.bounded_smtp import BoundedSMTP, SmtpOptions
from syndicate.delivery.smtp.connections import Outbox
from syndicate.delivery.smtp.protocol import Features
from syndicate.delivery.smtp.sender import SmtpSender, connect
from syndicate.errors import (
    Deferred,
    MailError,
    Refused,
    RenderError,
    SenderDeferred,
    TransportDown,
)
from tests.delivery.scripted_smtp import DROP, DROP_AFTER, PIPELINING, SILENCE, ScriptedSmtp

BODY = b"Subject: x\r\n\r\nHello\r\n"
# More than the buffers of both ends hold.
BIG = (b"x" * 76 + b"\r\n") * 200_000
FOLDER = Path(__file__).parent
BOTH = pytest.mark.parametrize("ehlo", [{}, PIPELINING], ids=["one by one", "pipelining"])


class Desk:
    """The other side of a sender: parcels for some readers, and what became of each."""

    def __init__(self, *readers: str, refuse: Sequence[str] = (), bodies: Mapping[str, Any] | None = None):
        self.outcomes: dict[str, Any] = {}
        self.commits: list[tuple[list[str], list[str]]] = []
        self.asked: list[str] = []
        self.on_settle: Callable[[], object] = lambda: None
        self._refuse = refuse
        self._bodies = bodies or {}
        self._waiting = [self._parcel(number, reader) for number, reader in enumerate(readers)]

    def _parcel(self, number: int, reader: str) -> OutgoingMail:
        return OutgoingMail(
            key=number,
            sender="news@example.com",
            recipient=reader if "@" in reader else f"{reader}@example.org",
            render=lambda: self._render(reader),
        )

    def _render(self, reader: str) -> Message:
        body = self._bodies.get(reader, BODY)
        if isinstance(body, Exception):
            raise body
        return Message((body[:5], body[5:]), len(body))

    def take(self) -> OutgoingMail | None:
        return self._waiting.pop(0) if self._waiting else None

    def settle(self, ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        self.on_settle()
        names = [one.recipient.partition("@")[0] for one in beginning]
        self.commits.append(([one.parcel.recipient.partition("@")[0] for one in ended], names))
        self.asked += names
        for one in (one for one in ended if one.final):
            name = one.parcel.recipient.partition("@")[0]
            assert name not in self.outcomes
            self.outcomes[name] = one.error
        return {one.key for one in beginning if one.recipient.partition("@")[0] not in self._refuse}

    def kinds(self) -> dict[str, str]:
        return {name: type(error).__name__ if error else "sent" for name, error in self.outcomes.items()}


@contextmanager
def talking(
    *replies: Mapping[str, Any], limit: float = math.inf, **options: Any
) -> Iterator[tuple[ScriptedSmtp, SmtpSender]]:
    facts: dict[str, Any] = {
        "tls": "none",
        "domain": "news.example.com",
        "timeout": 5.0,
        "final_timeout": 5.0,
    } | options
    with ScriptedSmtp(*replies, limit=limit) as server:
        yield server, SmtpSender(SmtpOptions(host="127.0.0.1", port=server.port, **facts))


def send(sender: SmtpSender, to: str = "jo@example.org", body: bytes = BODY) -> None:
    send_one(
        sender, OutgoingMail(key=1, sender="news@example.com", recipient=to, render=lambda: Message.of(body))
    )


@BOTH
def test_a_message_goes_out_in_one_transaction_and_is_claimed_once(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("jo")
    with talking(ehlo) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
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
        sender.run(desk.take, desk.settle)
    assert desk.kinds() == {"jo": "sent"}


@BOTH
def test_D_one_commit_says_that_one_was_sent_and_the_next_begins(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob", "cleo")
    with talking(ehlo) as (server, sender):
        sender.run(desk.take, desk.settle)
    assert desk.commits == [([], ["ann"]), (["ann"], ["bob"]), (["bob"], ["cleo"]), (["cleo"], [])]
    assert (server.connections, len(server.bodies)) == (1, 3)


def test_the_body_and_the_next_envelope_leave_together_where_the_server_likes_it() -> None:
    """This server answers the first body only once it has the next envelope."""
    desk = Desk("ann", "bob")
    ok, go = b"250 ok\r\n", b"354 go on\r\n"
    late = {"BODY": (b"", ok), "MAIL": (ok, b""), "RCPT": (ok, b""), "DATA": (go, ok * 3 + go)}
    with talking(PIPELINING | late, final_timeout=2) as (server, sender):
        sender.run(desk.take, desk.settle)
    assert (len(server.bodies), desk.kinds()) == (2, {"ann": "sent", "bob": "sent"})


@BOTH
def test_D_a_claim_that_says_no_closes_the_connection_without_a_message(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob", "cleo", refuse=["bob"])
    with talking(ehlo) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
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
        sender.run(desk.take, desk.settle)
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
        problem = sender.run(desk.take, desk.settle)
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
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "sent", "bob": "Refused", "cleo": "sent"}
    assert (desk.outcomes["bob"].code, server.connections) == (code, 1)
    assert "never" in str(desk.outcomes["bob"])
    assert server.commands.count("RSET") == (step != "BODY")


def test_DF6_data_accepted_for_a_refused_recipient_gets_no_body() -> None:
    desk = Desk("ann", "bob")
    with talking(PIPELINING | {"RCPT": b"550 no\r\n"}, {}) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "Refused", "bob": "sent"}
    assert server.bodies == [BODY]


@pytest.mark.parametrize("answer", [DROP, SILENCE, b"500 what\r\n"])
def test_a_server_that_cannot_reset_is_left(answer: bytes) -> None:
    desk = Desk("ann", "bob")
    script = {"RCPT": b"550 no\r\n", "RSET": answer}
    with talking(script, {}, timeout=1) as (server, sender):
        sender.run(desk.take, desk.settle)
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
        problem = sender.run(desk.take, desk.settle)
    assert isinstance(problem, TransportDown)
    assert (desk.asked, server.bodies, desk.outcomes) == ([], [], {})


def test_a_message_that_ends_every_connection_is_deferred_and_the_others_go() -> None:
    desk = Desk("ann", "bad", "cleo", "dora")
    fine = b"250 ok\r\n"
    with talking({"RCPT": (fine, DROP)}, {"RCPT": DROP}, {}) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "sent", "bad": "Deferred", "cleo": "sent", "dora": "sent"}
    assert server.connections == 3


@BOTH
@pytest.mark.parametrize("trouble", [*(one for one in NONSENSE if one != SILENCE), b"250-half"])
def test_D_no_reply_to_the_body_is_uncertain(trouble: bytes, ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann", "bob")
    last = trouble + DROP_AFTER if trouble == b"250-half" else trouble
    with talking({**ehlo, "BODY": last}, {}) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "Uncertain", "bob": "sent"}
    assert "the message" in str(desk.outcomes["ann"])
    assert server.connections == 2


@BOTH
def test_D_silence_after_the_body_is_uncertain(ehlo: Mapping[str, bytes]) -> None:
    desk = Desk("ann")
    with talking({**ehlo, "BODY": SILENCE}, final_timeout=0.1) as (_, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "Uncertain"}


def test_a_server_that_leaves_every_time_after_its_354_has_taken_nothing() -> None:
    with talking({"DATA": b"354 go on\r\n" + DROP_AFTER}) as (server, sender), pytest.raises(TransportDown):
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
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "sent", "bob": "sent"}
    assert sorted(server.accepted) == sorted([body, BODY])
    assert desk.asked == ["ann", "ann", "bob"]


def test_a_server_that_leaves_in_the_middle_of_a_body_is_no_doubt_and_the_others_go() -> None:
    desk = Desk("ann", "big", "cleo", bodies={"big": BIG})
    with talking(PIPELINING | {"BODY": (b"250 ok\r\n",)}, limit=len(BIG) // 2) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
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


@BOTH
@pytest.mark.parametrize(
    "first",
    [
        {"BODY": b"250 taken\r\n" + DROP_AFTER},
        {"MAIL": (b"250 ok\r\n", b"421 too many messages\r\n" + DROP_AFTER)},
        {"MAIL": (b"250 ok\r\n", DROP)},
    ],
)
def test_a_server_that_closed_a_kept_connection_is_called_again(
    first: Mapping[str, Any], ehlo: Mapping[str, bytes]
) -> None:
    desk = Desk("ann", "bob")
    with talking({**ehlo, **first}, {}) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert (server.connections, desk.kinds()) == (2, {"ann": "sent", "bob": "sent"})


def test_a_server_that_closes_every_50_messages_gets_all_of_them_once() -> None:
    desk = Desk(*(f"reader{number}" for number in range(120)))
    closing = {"BODY": (b"250 ok\r\n",) * 49 + (b"250 ok\r\n" + DROP_AFTER,)}
    with talking(PIPELINING | closing) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert set(desk.kinds().values()) == {"sent"}
    assert (len(desk.outcomes), len(server.bodies), server.connections) == (120, 120, 3)


@BOTH
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("closing", [b"250 ok\r\n" + DROP_AFTER, b"250 ok\r\n421 one each\r\n" + DROP_AFTER])
def test_a_server_that_closes_after_every_message_gets_one_on_each_connection(
    ehlo: Mapping[str, bytes], connections: int, closing: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    readers = [f"reader{number:03}" for number in range(100)]
    desk = Desk(*readers)
    with talking({**ehlo, "BODY": closing}, connections=connections) as (server, sender):
        assert sender.run(desk.take, desk.settle, backlog=100) is None
    assert desk.kinds() == dict.fromkeys(readers, "sent")
    assert len(server.accepted) == 100
    assert 100 <= server.connections <= 100 + connections
    assert caplog.records == []
    # Only the first connections were offered a second message.
    offered = [line for line in server.commands if line.startswith("MAIL")]
    assert len(offered) <= 100 + 3 * connections


def test_a_connection_that_is_lost_now_and_then_behind_a_message_does_not_slow_the_others_down() -> None:
    desk = Desk(*(f"reader{number:03}" for number in range(100)))
    closing = {"BODY": b"250 ok\r\n" + DROP_AFTER}
    with talking(PIPELINING, closing, closing, closing, PIPELINING, connections=2) as (server, sender):
        assert sender.run(desk.take, desk.settle, backlog=100) is None
    assert set(desk.kinds().values()) == {"sent"}
    assert server.connections <= 6


def test_a_server_too_busy_for_a_new_connection_ends_the_run() -> None:
    with (
        talking({"MAIL": b"421 busy\r\n" + DROP_AFTER}) as (server, sender),
        pytest.raises(TransportDown) as caught,
    ):
        send(sender)
    assert (caught.value.code, server.connections) == (421, 1)


def test_nobody_listening_is_transport_down_with_the_place_named() -> None:
    with ScriptedSmtp() as server:
        port = server.port
    with pytest.raises(TransportDown, match=rf"127\.0\.0\.1:{port}"):
        send(SmtpSender(SmtpOptions(host="127.0.0.1", port=port, tls="none")))


@BOTH
def test_many_connections_share_the_work_and_the_commits(ehlo: Mapping[str, bytes]) -> None:
    readers = [f"reader{number}" for number in range(200)]
    desk = Desk(*readers)
    with talking(ehlo, connections=8) as (server, sender):
        assert sender.run(desk.take, desk.settle, backlog=200) is None
    assert desk.kinds() == dict.fromkeys(readers, "sent")
    assert (len(server.bodies), server.connections) == (200, 8)
    assert len(desk.commits) < 200


def test_a_server_that_takes_only_some_connections_gets_no_more() -> None:
    desk = Desk(*(f"reader{number}" for number in range(100)))
    with talking({}, {}, {"CONNECT": b"421 too many\r\n" + DROP_AFTER}, connections=5) as (server, sender):
        assert sender.run(desk.take, desk.settle, backlog=100) is None
    assert set(desk.kinds().values()) == {"sent"}
    assert len(server.bodies) == 100
    assert server.connections <= 5


def test_a_connection_refused_after_everything_was_sent_is_no_problem() -> None:
    readers = [f"reader{number}" for number in range(60)]
    desk, all_sent, opened = Desk(*readers), threading.Event(), itertools.count()

    def connect_late() -> tuple[socket.socket, Features]:
        if next(opened) == 0:
            return connect(SmtpOptions(host="127.0.0.1", port=server.port, tls="none"))
        assert all_sent.wait(60)
        raise TransportDown("421 too many")

    def settle(ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        allowed = desk.settle(ended, beginning)
        if len(desk.outcomes) == len(readers):
            all_sent.set()
        return allowed

    options = SmtpOptions(host="x", connections=3, timeout=5.0, final_timeout=5.0)
    with ScriptedSmtp(PIPELINING) as server:
        outbox = Outbox(connect_late, desk.take, settle, options, lambda: False)
        assert outbox.run(len(readers)) is None
    assert desk.kinds() == dict.fromkeys(readers, "sent")


def test_a_refused_login_is_tried_once_however_many_connections_there_may_be() -> None:
    replies = {"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 no\r\n"}
    desk = Desk(*(f"reader{number}" for number in range(100)))
    with talking(replies, connections=8, username="jo", password="x") as (server, sender):
        problem = sender.run(desk.take, desk.settle, backlog=100)
    assert problem is not None
    assert (problem.code, server.connections, desk.outcomes) == (535, 1, {})


@pytest.mark.parametrize(
    ("replies", "said"),
    [
        ({"CONNECT": b"220-hello\r\n" * 50_000}, "without end"),
        ({"EHLO": b"250-hello\r\n" * 50_000}, "without end"),
        ({"CONNECT": b"220 " + b"x" * 50_000}, "Line too long"),
        ({"EHLO": b"250-test\r\n250 AUTH CRAM-MD5\r\n", "AUTH": b"334 a\r\n"}, "base64"),
    ],
    ids=["greeting", "EHLO", "line", "challenge"],
)
def test_a_server_that_answers_nonsense_at_the_opening_ends_the_run(
    replies: Mapping[str, bytes], said: str
) -> None:
    with (
        talking(replies, username="jo", password="x") as (_, sender),
        pytest.raises(TransportDown, match=said),
    ):
        send(sender)


def test_a_size_that_is_no_number_limits_nothing() -> None:
    with talking({"EHLO": b"250-test\r\n250 SIZE " + b"9" * 5000 + b"\r\n"}) as (server, sender):
        send(sender)
    assert len(server.bodies) == 1


def test_the_opening_as_a_whole_has_a_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(SMTPServerDisconnected):
        BoundedSMTP(*silent.getsockname(), "news.example.com", timeout=60.0, patience=0.2)


def test_a_byte_now_and_then_does_not_put_the_deadline_off() -> None:
    def drip() -> None:
        connection, _ = server.accept()
        with connection, suppress(ConnectionError):
            connection.settimeout(0.02)
            while True:
                try:
                    if not connection.recv(1):
                        return
                except TimeoutError:
                    connection.sendall(b"2")

    with socket.create_server(("127.0.0.1", 0)) as server:
        dripping = threading.Thread(target=drip)
        dripping.start()
        with pytest.raises(SMTPServerDisconnected):
            BoundedSMTP(*server.getsockname(), "news.example.com", timeout=60.0, patience=0.2)
        dripping.join()


def test_what_cannot_be_rendered_hurts_only_itself() -> None:
    desk = Desk("ann", "bad", "cleo", bodies={"bad": RenderError("no")})
    with talking(PIPELINING) as (server, sender):
        assert sender.run(desk.take, desk.settle) is None
    assert desk.kinds() == {"ann": "sent", "bad": "RenderError", "cleo": "sent"}
    assert server.connections == 1


def test_stopping_begins_nothing_new_and_ends_what_has_begun() -> None:
    desk = Desk(*(f"reader{number}" for number in range(9)))
    with talking(PIPELINING) as (server, sender):
        sender.run(desk.take, desk.settle, stopping=lambda: len(desk.outcomes) >= 3)
    assert set(desk.kinds().values()) == {"sent"}
    assert 3 <= len(server.bodies) <= 4
    assert len(server.bodies) == len(desk.outcomes)


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


SECRET = "h4nter2-Geheim"
PLAIN_LINE = base64.b64encode(f"\0jo\0{SECRET}".encode())
ECHOES = {
    "the line": b"AUTH PLAIN " + PLAIN_LINE,
    "in upper case": b"AUTH PLAIN " + PLAIN_LINE.upper(),
    "cut": b"AUTH PLAIN " + PLAIN_LINE[:19],
    "without its beginning": PLAIN_LINE[9:],
    "decoded": f"\0jo\0{SECRET}".encode(),
    "a LOGIN line": base64.b64encode(SECRET.encode()),
    "percent-encoded": SECRET.replace("-", "%2D").encode(),
    "hexadecimal": SECRET.encode().hex().encode(),
    "behind 290 characters": b"x" * 290 + SECRET.encode(),
    "with a control": SECRET.encode()[:5] + b"\x00" + SECRET.encode()[5:],
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES)
@pytest.mark.parametrize("step", ["AUTH", "MAIL", "RCPT", "BODY"])
def test_a_password_that_the_server_repeats_is_in_no_error(
    step: str, echo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    code = {"AUTH": b"535", "BODY": b"554"}.get(step, b"550")
    auth = {"EHLO": b"250-test\r\n250 AUTH PLAIN LOGIN\r\n", "AUTH": b"235 in\r\n"}
    said = code + b"-5.7.8 you sent\r\n" + code + b" " + echo + b" to me\r\n"
    with (
        talking(auth | {step: said}, username="jo", password=SECRET) as (_, sender),
        pytest.raises(MailError) as caught,
    ):
        send(sender)
    shown = (str(caught.value) + caplog.text).lower()
    assert "you sent" in shown
    for spelling in (
        SECRET.encode(),
        echo,
        base64.b64encode(SECRET.encode()),
        SECRET.encode().hex().encode(),
    ):
        secret = spelling.decode("latin-1").lower()
        pieces = {secret[at : at + 4] for at in range(len(secret) - 3)} - {"auth", "uth ", "th p", "h pl"}
        assert not [one for one in pieces if one in shown and one not in "auth plain login xxxxxxxx"]


@BOTH
def test_the_password_is_in_no_error_and_no_repr(ehlo: Mapping[str, bytes]) -> None:
    options = SmtpOptions(host="127.0.0.1", username="jo", password="hunter2")
    assert "hunter2" not in repr(options)
    replies = {
        "EHLO": b"250-test\r\n250 AUTH PLAIN\r\n",
        "AUTH": b"535 wrong password hunter2\r\n",
    }
    with (
        talking(replies, username="jo", password="hunter2") as (_, sender),
        pytest.raises(TransportDown) as caught,
    ):
        send(sender)
    assert caught.value.code == 535
    assert "hunter2" not in str(caught.value)
    assert "refused the login of jo" in str(caught.value)


def test_a_password_outside_ascii_is_an_error_without_the_password() -> None:
    replies = {"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n"}
    with (
        talking(replies, username="jo", password="pässwort") as (_, sender),
        pytest.raises(TransportDown) as caught,
    ):
        send(sender)
    assert "pässwort" not in str(caught.value)


@pytest.mark.parametrize("options", [{"tls": "starttls"}, {"username": "jo", "password": "x"}])
def test_a_server_without_what_we_ask_for_gets_no_mail(options: dict[str, Any]) -> None:
    with talking({}, **options) as (server, sender), pytest.raises(TransportDown, match="does not offer"):
        send(sender)
    assert server.bodies == []


def authority() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=FOLDER / "authority.pem")


def server_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(FOLDER / "localhost.pem")
    return context


def test_B2_mail_over_tls_from_the_first_byte() -> None:
    with ScriptedSmtp(context=server_context()) as server:
        options = SmtpOptions(host="127.0.0.1", port=server.port, tls="tls", timeout=5)
        send(SmtpSender(options, authority()))
    assert server.bodies == [BODY]


def test_B2_a_certificate_nobody_vouches_for_is_refused() -> None:
    with ScriptedSmtp(context=server_context()) as server:
        options = SmtpOptions(host="127.0.0.1", port=server.port, tls="tls", timeout=5)
        with pytest.raises(TransportDown, match="cannot be trusted"):
            send(SmtpSender(options))
    assert server.commands == []

"""Several SMTP connections: servers that close them, limit them or are slow."""

import itertools
import socket
import threading
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pytest

from syndicate.delivery.outgoing import OutgoingMail, SendResult
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.connections import SmtpConnections
from syndicate.delivery.smtp.protocol import SmtpFeatures
from syndicate.delivery.smtp.sender import SmtpSender, connect
from syndicate.errors import (
    TransportDown,
)
from tests.delivery.scripted_smtp import DROP, DROP_AFTER, PIPELINING, ScriptedSmtp
from tests.delivery.smtp_driver import BOTH, Desk, send, talking


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
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert (server.connections, desk.kinds()) == (2, {"ann": "sent", "bob": "sent"})


def test_a_server_that_closes_every_50_messages_gets_all_of_them_once() -> None:
    desk = Desk(*(f"reader{number}" for number in range(120)))
    closing = {"BODY": (b"250 ok\r\n",) * 49 + (b"250 ok\r\n" + DROP_AFTER,)}
    with talking(PIPELINING | closing) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results) is None
    assert set(desk.kinds().values()) == {"sent"}
    assert (len(desk.outcomes), len(server.bodies), server.connections) == (120, 120, 3)


@BOTH
@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("closing", [b"250 ok\r\n" + DROP_AFTER, b"250 ok\r\n421 one each\r\n" + DROP_AFTER])
@pytest.mark.sampled(3)
def test_a_server_that_closes_after_every_message_gets_one_on_each_connection(
    ehlo: Mapping[str, bytes], connections: int, closing: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    readers = [f"reader{number:03}" for number in range(100)]
    desk = Desk(*readers)
    with talking({**ehlo, "BODY": closing}, connections=connections) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results, backlog=100) is None
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
        assert sender.run(desk.next_mail, desk.record_results, backlog=100) is None
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
        assert sender.run(desk.next_mail, desk.record_results, backlog=200) is None
    assert desk.kinds() == dict.fromkeys(readers, "sent")
    assert (len(server.bodies), server.connections) == (200, 8)
    assert len(desk.commits) < 200


def test_a_server_that_takes_only_some_connections_gets_no_more() -> None:
    desk = Desk(*(f"reader{number}" for number in range(100)))
    with talking({}, {}, {"CONNECT": b"421 too many\r\n" + DROP_AFTER}, connections=5) as (server, sender):
        assert sender.run(desk.next_mail, desk.record_results, backlog=100) is None
    assert set(desk.kinds().values()) == {"sent"}
    assert len(server.bodies) == 100
    assert server.connections <= 5


def test_a_connection_refused_after_everything_was_sent_is_no_problem() -> None:
    readers = [f"reader{number}" for number in range(60)]
    desk, all_sent, opened = Desk(*readers), threading.Event(), itertools.count()

    def connect_late() -> tuple[socket.socket, SmtpFeatures]:
        if next(opened) == 0:
            return connect(SmtpOptions(host="127.0.0.1", port=server.port, tls="none"))
        assert all_sent.wait(60)
        raise TransportDown("421 too many")

    def record_results(ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        allowed = desk.record_results(ended, beginning)
        if len(desk.outcomes) == len(readers):
            all_sent.set()
        return allowed

    options = SmtpOptions(host="x", connections=3, timeout=5.0, final_timeout=5.0)
    with ScriptedSmtp(PIPELINING) as server:
        outbox = SmtpConnections(connect_late, desk.next_mail, record_results, options, lambda: False)
        assert outbox.run(len(readers)) is None
    assert desk.kinds() == dict.fromkeys(readers, "sent")


def test_stopping_begins_nothing_new_and_ends_what_has_begun() -> None:
    desk = Desk(*(f"reader{number}" for number in range(9)))
    with talking(PIPELINING) as (server, sender):
        sender.run(desk.next_mail, desk.record_results, should_stop=lambda: len(desk.outcomes) >= 3)
    assert set(desk.kinds().values()) == {"sent"}
    assert 3 <= len(server.bodies) <= 4
    assert len(server.bodies) == len(desk.outcomes)

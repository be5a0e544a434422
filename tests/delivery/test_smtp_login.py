"""Opening of SMTP connections: deadlines, TLS, login, and passwords in errors."""

import base64
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from smtplib import SMTPServerDisconnected
from typing import Any

import pytest

from syndicate.delivery.smtp.bounded_smtp import BoundedSMTP, SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import (
    MailError,
    TransportDown,
)
from tests.delivery.scripted_smtp import ScriptedSmtp
from tests.delivery.smtp_driver import BODY, BOTH, Desk, send, talking

FOLDER = Path(__file__).parent


def test_a_refused_login_is_tried_once_however_many_connections_there_may_be() -> None:
    replies = {"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 no\r\n"}
    desk = Desk(*(f"reader{number}" for number in range(100)))
    with talking(replies, connections=8, username="jo", password="x") as (server, sender):
        problem = sender.run(desk.next_mail, desk.record_results, backlog=100)
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
        BoundedSMTP(*silent.getsockname(), "news.example.com", timeout=60.0, total_timeout=0.2)


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
            BoundedSMTP(*server.getsockname(), "news.example.com", timeout=60.0, total_timeout=0.2)
        dripping.join()


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
    # The digits of a port may be those of a piece.
    shown = re.sub(r"127\.0\.0\.1:\d+", "", (str(caught.value) + caplog.text).lower())
    assert "you sent" in shown
    for spelling in (
        SECRET.encode(),
        echo,
        base64.b64encode(SECRET.encode()),
        SECRET.encode().hex().encode(),
    ):
        secret = spelling.decode("latin-1").lower()
        pieces = {secret[at : at + 4] for at in range(len(secret) - 3)} - {"auth", "uth ", "th p", "h pl"}
        assert not [piece for piece in pieces if piece in shown and piece not in "auth plain login xxxxxxxx"]


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

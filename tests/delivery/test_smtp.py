import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.smtp import SmtpOptions, SmtpTransport, wire_form
from syndicate.errors import Deferred, MailError, Refused, TransportDown, Uncertain
from tests.delivery.scripted_smtp import DROP, DROP_AFTER, SILENCE, ScriptedSmtp

BODY = b"Subject: x\r\n\r\nHello\r\n"
FOLDER = Path(__file__).parent


class Claim:
    """Says what it is told, and remembers how often it was asked."""

    def __init__(self, answer: bool = True) -> None:
        self.answer = answer
        self.asked = 0

    def __call__(self) -> bool:
        self.asked += 1
        return self.answer


@contextmanager
def talking(*replies: Mapping[str, Any], **options: Any) -> Iterator[tuple[ScriptedSmtp, SmtpTransport]]:
    facts: dict[str, Any] = {
        "tls": "none",
        "domain": "news.example.com",
        "timeout": 5.0,
        "final_timeout": 5.0,
    } | options
    with (
        ScriptedSmtp(*replies) as server,
        SmtpTransport(SmtpOptions(host="127.0.0.1", port=server.port, **facts)) as transport,
    ):
        yield server, transport


def send(
    transport: SmtpTransport, claim: Callable[[], bool], to: str = "jo@example.org", body: bytes = BODY
) -> bool:
    return transport.send("news@example.com", to, claim, body)


def test_a_message_goes_out_in_one_transaction_and_is_claimed_once() -> None:
    claim = Claim()
    with talking() as (server, transport):
        assert send(transport, claim)
    assert server.commands == [
        "ehlo news.example.com",
        "MAIL FROM:<news@example.com>",
        "RCPT TO:<jo@example.org>",
        "DATA",
        "QUIT",
    ]
    assert (server.bodies, claim.asked) == ([BODY], 1)


def test_the_claim_comes_after_the_354_and_before_the_body() -> None:
    with talking() as (server, transport):

        def claim() -> bool:
            assert server.commands[-1] == "DATA"
            assert server.bodies == []
            return True

        assert send(transport, claim)


def test_one_connection_carries_many_messages() -> None:
    with talking() as (server, transport):
        for number in range(5):
            assert send(transport, Claim(), f"reader{number}@example.org")
    assert (server.connections, len(server.bodies)) == (1, 5)


def test_D_a_claim_that_says_no_closes_the_connection_without_a_message() -> None:
    with talking() as (server, transport):
        assert not send(transport, Claim(answer=False))
        assert send(transport, Claim())
    assert (server.connections, server.bodies) == (2, [BODY])


def test_D_a_claim_that_fails_closes_the_connection_without_a_message() -> None:
    def claim() -> bool:
        raise OSError("the store is gone")

    with talking() as (server, transport), pytest.raises(OSError, match="the store is gone"):
        send(transport, claim)
    assert server.bodies == []


@pytest.mark.parametrize("code", [421, 450, 451, 452, 455])
@pytest.mark.parametrize("step", ["MAIL", "RCPT", "DATA", "BODY"])
def test_D4_a_4xx_at_any_step_defers_or_ends_the_batch(step: str, code: int) -> None:
    claim = Claim()
    with talking({step: b"%d not now\r\n" % code}) as (_, transport), pytest.raises(MailError) as caught:
        send(transport, claim)
    assert caught.value.code == code
    assert type(caught.value) is (TransportDown if code == 421 and step != "BODY" else Deferred)
    assert claim.asked == (step == "BODY")
    assert "not now" in str(caught.value)
    assert "jo@example.org" not in str(caught.value)


@pytest.mark.parametrize("code", [550, 552, 554])
@pytest.mark.parametrize("step", ["RCPT", "DATA", "BODY"])
def test_D6_a_5xx_refuses_that_recipient_only(step: str, code: int) -> None:
    with (
        talking({step: b"%d-no\r\n%d never\r\n" % (code, code)}, {}) as (_, transport),
        pytest.raises(Refused) as caught,
    ):
        send(transport, Claim())
    assert caught.value.code == code
    assert "never" in str(caught.value)


def test_D6_a_refused_sender_is_no_recipients_fault() -> None:
    with talking({"MAIL": b"550 who are you\r\n"}) as (_, transport), pytest.raises(TransportDown) as caught:
        send(transport, Claim())
    assert caught.value.code == 550


def test_D6_after_a_refusal_the_connection_is_reset_and_carries_on() -> None:
    with talking({"RCPT": b"550 no\r\n"}) as (server, transport):
        for _ in range(2):
            with pytest.raises(Refused):
                send(transport, Claim())
    assert server.connections == 1
    assert server.commands.count("rset") + server.commands.count("RSET") == 2


@pytest.mark.parametrize("answer", [DROP, SILENCE, b"500 what\r\n"])
def test_a_server_that_cannot_reset_is_left(answer: bytes) -> None:
    with talking({"RCPT": b"550 no\r\n", "RSET": answer}, {}, timeout=0.2) as (server, transport):
        with pytest.raises(Refused):
            send(transport, Claim())
        assert send(transport, Claim())
    assert server.connections == 2


@pytest.mark.parametrize(
    "trouble", [DROP, SILENCE, b"nonsense\r\n", b"250 " + b"x" * 9000 + b"\r\n", b"\r\n"]
)
@pytest.mark.parametrize("step", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_D1_trouble_before_the_body_means_nothing_was_sent(step: str, trouble: bytes) -> None:
    claim = Claim()
    replies = {step: trouble} | ({"HELO": trouble} if step == "EHLO" else {})
    with talking(replies, timeout=0.2) as (server, transport), pytest.raises(TransportDown):
        send(transport, claim)
    assert (claim.asked, server.bodies) == (0, [])


@pytest.mark.parametrize(
    "trouble", [DROP, SILENCE, b"nonsense\r\n", b"250 " + b"x" * 9000 + b"\r\n", b"250-half"]
)
def test_D_no_reply_to_the_body_is_uncertain(trouble: bytes) -> None:
    claim = Claim()
    last = trouble + DROP_AFTER if trouble == b"250-half" else trouble
    with talking({"BODY": last}, {}, final_timeout=0.2) as (server, transport):
        with pytest.raises(Uncertain, match="the message"):
            send(transport, claim)
        assert claim.asked == 1
        assert send(transport, Claim())
    assert server.connections == 2


def test_D_a_connection_lost_while_the_body_is_written_is_uncertain() -> None:
    big = b"x" * 76 + b"\r\n"
    with talking({"DATA": b"354 go on\r\n" + DROP_AFTER}) as (server, transport), pytest.raises(Uncertain):
        send(transport, Claim(), body=big * 200_000)
    assert server.bodies == []


@pytest.mark.parametrize("answer", [DROP, SILENCE, b"500 what\r\n"])
def test_D10_trouble_at_QUIT_changes_nothing(answer: bytes) -> None:
    with talking({"QUIT": answer}, timeout=0.2) as (server, transport):
        assert send(transport, Claim())
    assert server.bodies == [BODY]


@pytest.mark.parametrize(
    "first",
    [
        {"BODY": b"250 taken\r\n" + DROP_AFTER},
        {"MAIL": (b"250 ok\r\n", b"421 too many messages\r\n" + DROP_AFTER)},
        {"MAIL": (b"250 ok\r\n", DROP)},
    ],
)
def test_a_server_that_closed_a_kept_connection_is_called_again(first: Mapping[str, Any]) -> None:
    with talking(first, {}) as (server, transport):
        assert send(transport, Claim())
        assert send(transport, Claim())
    assert (server.connections, len(server.bodies)) == (2, 2)


def test_a_server_too_busy_for_a_new_connection_ends_the_batch() -> None:
    with (
        talking({"MAIL": b"421 busy\r\n" + DROP_AFTER}) as (server, transport),
        pytest.raises(TransportDown) as caught,
    ):
        send(transport, Claim())
    assert (caught.value.code, server.connections) == (421, 1)


def test_nobody_listening_is_transport_down_with_the_place_named() -> None:
    with ScriptedSmtp() as server:
        port = server.port
    transport = SmtpTransport(SmtpOptions(host="127.0.0.1", port=port, tls="none"))
    with pytest.raises(TransportDown, match=rf"127\.0\.0\.1:{port}"):
        send(transport, Claim())


@pytest.mark.parametrize(
    "address",
    [
        "x\r\nRCPT TO:<evil@x.example>",
        "a b@example.org",
        "a@b>",
        "jo",
        "",
        "jö@example.org",
        "a" * 65 + "@example.org",
    ],
)
def test_E6_an_address_that_could_break_the_dialogue_is_refused_before_it(address: str) -> None:
    claim = Claim()
    with talking() as (server, transport), pytest.raises(Refused):
        send(transport, claim, address)
    assert (server.connections, claim.asked) == (0, 0)


@pytest.mark.parametrize(
    ("message", "wire"),
    [
        (b"a\r\nb\r\n", b"a\r\nb\r\n.\r\n"),
        (b"a\nb", b"a\r\nb\r\n.\r\n"),
        (b"a\rb", b"a\r\nb\r\n.\r\n"),
        (b".\r\n..\r\n.a\r\n", b"..\r\n...\r\n..a\r\n.\r\n"),
        (b"a\r.\r\nMAIL FROM:<x>\r\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
        (b"a\n.\nMAIL FROM:<x>\n", b"a\r\n..\r\nMAIL FROM:<x>\r\n.\r\n"),
        (b"a\r\r\n.\r\r\n", b"a\r\n\r\n..\r\n\r\n.\r\n"),
        (b"", b"\r\n.\r\n"),
    ],
)
def test_D_dots_are_doubled_and_line_ends_made_whole(message: bytes, wire: bytes) -> None:
    assert wire_form(message) == wire


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n.\r\n"]), max_size=12).map(b"".join))
def test_D_no_body_can_end_itself_or_hide_a_command(message: bytes) -> None:
    wire = wire_form(message)
    assert wire.count(b"\r\n.\r\n") == 1 or wire == b"..\r\n.\r\n"
    assert wire.endswith(b"\r\n.\r\n")
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")


def test_the_password_is_in_no_error_and_no_repr() -> None:
    options = SmtpOptions(host="127.0.0.1", username="jo", password="hunter2")
    assert "hunter2" not in repr(options)
    replies = {
        "EHLO": b"250-test\r\n250 AUTH PLAIN\r\n",
        "AUTH": b"535 wrong password hunter2\r\n",
    }
    with (
        talking(replies, username="jo", password="hunter2") as (_, transport),
        pytest.raises(TransportDown) as caught,
    ):
        send(transport, Claim())
    assert caught.value.code == 535
    assert "hunter2" not in str(caught.value)
    assert "refused the login of jo" in str(caught.value)


def test_a_password_outside_ascii_is_an_error_without_the_password() -> None:
    replies = {"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n"}
    with (
        talking(replies, username="jo", password="pässwort") as (_, transport),
        pytest.raises(TransportDown) as caught,
    ):
        send(transport, Claim())
    assert "pässwort" not in str(caught.value)


@pytest.mark.parametrize("options", [{"tls": "starttls"}, {"username": "jo", "password": "x"}])
def test_a_server_without_what_we_ask_for_gets_no_mail(options: dict[str, str]) -> None:
    with talking({}, **options) as (server, transport), pytest.raises(TransportDown, match="does not offer"):
        send(transport, Claim())
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
        with SmtpTransport(options, authority()) as transport:
            assert send(transport, Claim())
    assert server.bodies == [BODY]


def test_B2_a_certificate_nobody_vouches_for_is_refused() -> None:
    with ScriptedSmtp(context=server_context()) as server:
        options = SmtpOptions(host="127.0.0.1", port=server.port, tls="tls", timeout=5)
        with SmtpTransport(options) as transport, pytest.raises(TransportDown, match="cannot be trusted"):
            send(transport, Claim())
    assert server.commands == []

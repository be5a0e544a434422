"""The same transport against aiosmtpd: STARTTLS, login, refusals, and the bytes that arrive."""

import email
import email.policy
import ssl
from pathlib import Path
from typing import Any

import pytest

from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import TransportDown
from tests.delivery.aiosmtpd_server import login, running
from tests.delivery.smtp_driver import Desk
from tests.delivery.smtp_driver import send as send_message

FOLDER = Path(__file__).parent


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(FOLDER / "localhost.pem")
    return made


def sender(port: int, **options: Any) -> SmtpSender:
    trust = ssl.create_default_context(cafile=FOLDER / "authority.pem")
    facts: dict[str, Any] = {"domain": "news.example.com", "timeout": 10.0, "final_timeout": 10.0} | options
    return SmtpSender(SmtpOptions(host="127.0.0.1", port=port, **facts), trust)


BODY = b"From: <news@example.com>\r\nSubject: x\r\n\r\nfirst\r\n\r\nlast.\r\n"


def send(smtp: SmtpSender) -> None:
    send_message(smtp, body=BODY)


def test_B2_starttls_and_login() -> None:
    with (
        running(tls_context=context(), require_starttls=True, authenticator=login, auth_required=True) as (
            port,
            box,
        ),
    ):
        send(sender(port, username="jo", password="secret"))
    assert box.messages == [("jo@example.org", BODY)]


def test_a_refused_login_sends_nothing() -> None:
    with (
        running(tls_context=context(), require_starttls=True, authenticator=login, auth_required=True) as (
            port,
            box,
        ),
        pytest.raises(TransportDown) as caught,
    ):
        send(sender(port, username="jo", password="wrong"))
    assert (caught.value.code, box.messages) == (535, [])
    assert "wrong" not in str(caught.value)


def test_DF6_one_refused_reader_of_many_costs_the_others_nothing() -> None:
    readers = [
        "a@example.org",
        "gone@example.org",
        "b@example.org",
        "full@example.org",
        "moody@example.org",
        "c@example.org",
    ]
    desk = Desk(*readers)
    with running() as (port, box):
        assert sender(port, tls="none").run(desk.next_mail, desk.record_results) is None
    outcomes = {
        f"{name}@example.org": f"{type(error).__name__} {error.code}" if error else "sent"
        for name, error in desk.outcomes.items()
    }
    assert outcomes == {
        "a@example.org": "sent",
        "gone@example.org": "Refused 550",
        "b@example.org": "sent",
        "full@example.org": "Deferred 452",
        "moody@example.org": "Refused 554",
        "c@example.org": "sent",
    }
    assert [reader for reader, _ in box.messages] == ["a@example.org", "b@example.org", "c@example.org"]


def test_the_message_arrives_byte_for_byte_and_parses() -> None:
    with running() as (port, box):
        send(sender(port, tls="none"))
    ((_, content),) = box.messages
    assert email.message_from_bytes(content, policy=email.policy.default)["Subject"] == "x"
    assert content == BODY

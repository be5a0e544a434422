"""The same transport against aiosmtpd: STARTTLS, login, refusals, and the bytes that arrive."""

import asyncio
import email
import email.policy
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import TransportDown
from tests.delivery.test_smtp import Desk
from tests.delivery.test_smtp import send as send_message

FOLDER = Path(__file__).parent


class Mailboxes:
    """Takes mail for everybody but those called gone, full and moody."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address.startswith("gone"):
            return "550 5.1.1 nobody here"
        if address.startswith("full"):
            return "452 4.2.2 mailbox full"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if envelope.rcpt_tos[0].startswith("moody"):
            return "554 5.7.1 not this one"
        self.messages.append((envelope.rcpt_tos[0], envelope.content))
        return "250 OK"


def login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"jo", b"secret")
    return AuthResult(success=right, handled=False)


@contextmanager
def running(**options: Any) -> Iterator[tuple[int, Mailboxes]]:
    loop, mailboxes = asyncio.new_event_loop(), Mailboxes()
    make = loop.create_server(lambda: SMTP(mailboxes, loop=loop, **options), "127.0.0.1", 0)
    server = loop.run_until_complete(make)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield server.sockets[0].getsockname()[1], mailboxes
    finally:
        asyncio.run_coroutine_threadsafe(close(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def close(server: asyncio.Server) -> None:
    server.close()
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


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
        assert sender(port, tls="none").run(desk.take, desk.settle) is None
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

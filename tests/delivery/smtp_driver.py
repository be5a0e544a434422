"""Driver of SMTP tests: a scripted server with a sender, and the deliver job's side of that sender."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from syndicate.delivery.outgoing import Message, OutgoingMail, SendResult, send_one
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp

BODY = b"Subject: x\r\n\r\nHello\r\n"


# More than the buffers of both ends hold.
BIG = (b"x" * 76 + b"\r\n") * 200_000


BOTH = pytest.mark.parametrize("ehlo", [{}, PIPELINING], ids=["one by one", "pipelining"])


class Desk:
    """Fake of the deliver job: messages for some readers, and the result of each."""

    def __init__(self, *readers: str, refuse: Sequence[str] = (), bodies: Mapping[str, Any] | None = None):
        self.outcomes: dict[str, Any] = {}
        self.commits: list[tuple[list[str], list[str]]] = []
        self.asked: list[str] = []
        self.on_settle: Callable[[], object] = lambda: None
        self._refuse = refuse
        self._bodies = bodies or {}
        self._waiting = [self._mail(number, reader) for number, reader in enumerate(readers)]

    def _mail(self, number: int, reader: str) -> OutgoingMail:
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

    def next_mail(self) -> OutgoingMail | None:
        return self._waiting.pop(0) if self._waiting else None

    def record_results(
        self, ended: Sequence[SendResult], beginning: Sequence[OutgoingMail]
    ) -> Collection[int]:
        self.on_settle()
        names = [mail.recipient.partition("@")[0] for mail in beginning]
        self.commits.append(([result.mail.recipient.partition("@")[0] for result in ended], names))
        self.asked += names
        for result in (result for result in ended if result.final):
            name = result.mail.recipient.partition("@")[0]
            assert name not in self.outcomes
            self.outcomes[name] = result.error
        return {mail.key for mail in beginning if mail.recipient.partition("@")[0] not in self._refuse}

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

"""Values between the deliver job and a sender: messages, results, and the question before every body.

Named tuples, because each message needs one of each: frozen dataclasses take twice the time to make.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol, Self

from syndicate.errors import MailError, RenderError, TransportDown


class Message(NamedTuple):
    """A mail as pieces that are one text of ``size`` bytes.

    Lines end in CRLF, none begins with a dot, the last one ends too: it can go over the wire as it is.
    """

    pieces: Sequence[bytes]
    size: int

    @classmethod
    def of(cls, data: bytes) -> Self:
        """A mail that is one piece."""
        return cls((data,), len(data))

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces)


class OutgoingMail(NamedTuple):
    """One message on its way to one mailbox.

    ``key`` is the delivery's. ``sender`` and ``recipient`` are the envelope's addresses; a recipient outside
    ASCII needs a server with SMTPUTF8. ``render`` makes the message when its turn comes. ``not_before`` is
    the monotonic second at which it may go.
    """

    key: int
    sender: str
    recipient: str
    render: Callable[[], Message]
    not_before: float = 0.0


class SendResult(NamedTuple):
    """Result of an attempt: ``error`` is ``None`` when the server has taken the message.

    One that is not ``final`` says only that it was not taken; what that means for the message, a later one
    says.
    """

    mail: OutgoingMail
    error: MailError | RenderError | None = None
    final: bool = True


# The next parcel, or ``None`` when there is none for now.
NextMail = Callable[[], OutgoingMail | None]
# Records in one commit what has ended and what begins; answers the keys of those that may begin.
RecordResults = Callable[[Sequence[SendResult], Sequence[OutgoingMail]], Collection[int]]


class Sender(Protocol):
    """Protocol of senders: over SMTP, or into a folder."""

    def run(
        self,
        next_mail: NextMail,
        record_results: RecordResults,
        *,
        backlog: int = 1,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """Send parcels until ``next_mail`` has no more, ``should_stop`` says so, or nothing can be sent.

        Every body is written only after ``record_results`` has allowed it, and at most one is unanswered for each
        connection. ``backlog`` is about how many parcels there are. Returns what stopped everything, or
        ``None``. What ``record_results`` raises ends the run; no body is written after that.
        """


def send_one(sender: Sender, mail: OutgoingMail) -> None:
    """Send one message that is in no store; raises the ``MailError`` it ended with."""
    waiting = [mail]
    ended: list[SendResult] = []

    def record_results(done: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        ended.extend(done)
        return [mail.key for mail in beginning]

    problem = sender.run(lambda: waiting.pop() if waiting else None, record_results)
    error = problem or next((result.error for result in ended if result.final), None)
    if error is not None:
        raise error

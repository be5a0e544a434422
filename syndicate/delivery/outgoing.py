"""Messages and results that the deliver job and a sender exchange.

Both are named tuples, because each mail needs several: frozen dataclasses take twice the time to make.
"""

from collections.abc import Callable, Collection, Sequence
from typing import NamedTuple, Protocol, Self

from syndicate.errors import MailError, RenderError, TransportDown


class Message(NamedTuple):
    """Mail as pieces of ``size`` bytes in all; each line ends in CRLF, none begins with a dot."""

    pieces: Sequence[bytes]
    size: int

    @classmethod
    def of(cls, data: bytes) -> Self:
        """Return a mail of a single piece."""
        return cls((data,), len(data))

    def __bytes__(self) -> bytes:
        return b"".join(self.pieces)


class OutgoingMail(NamedTuple):
    """Message to a mailbox.

    ``key`` is the delivery's id. ``sender`` and ``recipient`` are the envelope's addresses; a recipient
    outside ASCII needs a server with SMTPUTF8. ``render`` makes the message just before it is offered.
    ``not_before`` (monotonic seconds) is its earliest time.
    """

    key: int
    sender: str
    recipient: str
    render: Callable[[], Message]
    not_before: float = 0.0


class SendResult(NamedTuple):
    """Result of an attempt: ``error`` is ``None`` when the server has accepted the message.

    ``final=False``: the server has not accepted it; a later result carries the resulting state.
    """

    mail: OutgoingMail
    error: MailError | RenderError | None = None
    final: bool = True


# Returns the next message, or ``None`` when there is none now.
NextMail = Callable[[], OutgoingMail | None]
# Records results and starting messages in one commit; returns the keys of the messages that may start.
RecordResults = Callable[[Sequence[SendResult], Sequence[OutgoingMail]], Collection[int]]


class Sender(Protocol):
    """Interface of senders: over SMTP, or into a folder."""

    def run(
        self,
        next_mail: NextMail,
        record_results: RecordResults,
        *,
        backlog: int = 1,
        should_stop: Callable[[], bool] = lambda: False,
    ) -> TransportDown | None:
        """Send until ``next_mail`` returns ``None``, ``should_stop`` returns true, or nothing can be sent.

        A body is written only after ``record_results`` has allowed it. Each connection has at most a single
        body without a reply. ``backlog`` is the approximate number of messages. Returns the error that
        stopped the run, or ``None``. An exception of ``record_results`` ends the run without a further body.
        """


def send_one(sender: Sender, mail: OutgoingMail) -> None:
    """Send a message without a delivery in the store. Raises ``MailError``."""
    waiting = [mail]
    results: list[SendResult] = []

    def record_results(done: Sequence[SendResult], beginning: Sequence[OutgoingMail]) -> Collection[int]:
        results.extend(done)
        return [mail.key for mail in beginning]

    problem = sender.run(lambda: waiting.pop() if waiting else None, record_results)
    error = problem or next((result.error for result in results if result.final), None)
    if error is not None:
        raise error

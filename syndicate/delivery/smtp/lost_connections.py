"""Causes of lost connections: a message, the server, or neither."""

from collections.abc import Sequence
from typing import NamedTuple

from syndicate.delivery.outgoing import OutgoingMail
from syndicate.delivery.smtp.protocol import SmtpProtocol

_CLOSING = 421
# After this many lost connections in a row without an accepted message, the server is the cause.
_MAX_FAILED_IN_A_ROW = 2
# The same while other connections are open, or when the server left in the middle of a body.
_MAX_FAILED_IN_A_ROW_BESIDE_OTHERS = 10
# Connections that may end when one message is offered on them, before that message is deferred.
_MAX_LOSSES_OF_A_MESSAGE = 2
# Connections in a row closed after their first message: the server takes one message on each.
_CLOSED_AFTER_ONE = 2


class LossVerdict(NamedTuple):
    """Messages of a lost connection to ``retry`` or to defer, and whether the server accepts nothing."""

    retry: list[OutgoingMail]
    deferred: list[OutgoingMail]
    server_is_down: bool


class LostConnections:
    """The lost connections of a run."""

    def __init__(self) -> None:
        self._losses: dict[int, int] = {}
        self._failed_in_a_row = 0
        self._closed_after_one = 0

    @property
    def one_message_each(self) -> bool:
        """Return whether the server is known to take a single message per connection."""
        return self._closed_after_one >= _CLOSED_AFTER_ONE

    def judge(self, lost: SmtpProtocol, others: Sequence[int], *, alone: bool) -> LossVerdict:
        """Judge a connection that left messages behind.

        ``others`` is the number of judged messages of each other connection. ``alone`` is true when no other
        connection is open or being opened. A server that replies 421, or closes after a verdict, does not
        object to the next message.
        """
        closing = lost.lost is not None and lost.lost.code == _CLOSING
        most = max([lost.judged_count, *others])
        self._failed_in_a_row = 0 if most else self._failed_in_a_row + 1
        if lost.judged_count:
            self._closed_after_one = 0 if most > 1 else self._closed_after_one + 1
        is_down = not lost.judged_count and self._is_down(lost, closing=closing, alone=alone)
        verdict = LossVerdict([], [], is_down)
        for mail in lost.unsent_mails:
            may_retry = closing or mail is not lost.suspect or self._count(mail) < _MAX_LOSSES_OF_A_MESSAGE
            (verdict.retry if may_retry else verdict.deferred).append(mail)
        return verdict

    def _is_down(self, lost: SmtpProtocol, *, closing: bool, alone: bool) -> bool:
        if alone and not lost.lost_in_body:
            return closing or self._failed_in_a_row >= _MAX_FAILED_IN_A_ROW
        return self._failed_in_a_row >= _MAX_FAILED_IN_A_ROW_BESIDE_OTHERS

    def _count(self, mail: OutgoingMail) -> int:
        losses = self._losses[mail.key] = self._losses.get(mail.key, 0) + 1
        return losses

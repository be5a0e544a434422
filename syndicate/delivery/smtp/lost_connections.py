"""Causes of lost connections: one message, the server, or neither."""

from collections.abc import Sequence
from typing import NamedTuple

from syndicate.delivery.outgoing import OutgoingMail
from syndicate.delivery.smtp.protocol import Dialogue

_CLOSING = 421
# Connections in a row that ended before they took a message: then it is the server, not the message.
_BARREN = 2
# The same while other connections are open, or when the server left in the middle of a body.
_BARREN_AT_MOST = 10
# Connections that may end when a message is offered on them, before that message is put off.
_LOSSES = 2
# Connections in a row that the server closed behind their first message: it takes one on each.
_CLOSED_BEHIND_ONE = 2


class Loss(NamedTuple):
    """Judgement of a lost connection: its messages, and whether the server takes nothing at all."""

    again: list[OutgoingMail]
    put_off: list[OutgoingMail]
    server_is_down: bool


class LostConnections:
    """The lost connections of one run."""

    def __init__(self) -> None:
        self._losses: dict[int, int] = {}
        self._failed_in_a_row = 0
        self._closed_behind_one = 0

    @property
    def one_message_each(self) -> bool:
        """True once the server is known to take one message a connection."""
        return self._closed_behind_one >= _CLOSED_BEHIND_ONE

    def judge(self, lost: Dialogue, others: Sequence[int], *, alone: bool) -> Loss:
        """Judge a connection that left messages behind.

        ``others`` has for each other connection how many messages it took; ``alone`` is false as well while
        one is being opened. A server that says 421, or that closes behind a verdict, has nothing against the
        next message.
        """
        closing = lost.lost is not None and lost.lost.code == _CLOSING
        most = max([lost.answered, *others])
        self._failed_in_a_row = 0 if most else self._failed_in_a_row + 1
        if lost.answered:
            self._closed_behind_one = 0 if most > 1 else self._closed_behind_one + 1
        loss = Loss([], [], not lost.answered and self._is_down(lost, closing=closing, alone=alone))
        for mail in lost.returned:
            innocent = closing or mail is not lost.blamed or self._count(mail) < _LOSSES
            (loss.again if innocent else loss.put_off).append(mail)
        return loss

    def _is_down(self, lost: Dialogue, *, closing: bool, alone: bool) -> bool:
        if alone and not lost.broken_off:
            return closing or self._failed_in_a_row >= _BARREN
        return self._failed_in_a_row >= _BARREN_AT_MOST

    def _count(self, mail: OutgoingMail) -> int:
        losses = self._losses[mail.key] = self._losses.get(mail.key, 0) + 1
        return losses

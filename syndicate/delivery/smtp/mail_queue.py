"""Queue of messages without a connection: returned by a lost connection, delayed, or not leased yet."""

import time
from collections import deque
from heapq import heappop, heappush

from syndicate.delivery.outgoing import NextMail, OutgoingMail

# Messages that wait here for their ``not_before``.
_MAX_DELAYED = 1000
# Delayed messages sent in a row before ``next_mail`` is asked for a message with priority.
_MAX_DELAYED_IN_A_ROW = 20


class MailQueue:
    """Messages of ``next_mail``, each at its ``not_before``; ``taken`` counts them."""

    def __init__(self, next_mail: NextMail) -> None:
        self.taken = 0
        self._next_mail = next_mail
        self._returned: deque[OutgoingMail] = deque()
        self._delayed: list[tuple[float, int, OutgoingMail]] = []
        self._in_a_row = 0

    def __bool__(self) -> bool:
        return bool(self._returned or self._delayed)

    @property
    def has_delayed(self) -> bool:
        """Return true while messages wait for their ``not_before``."""
        return bool(self._delayed)

    def put_back(self, mail: OutgoingMail) -> None:
        """Put an unsent message at the front of the queue."""
        self._returned.append(mail)

    def is_ready(self) -> bool:
        """Return whether a message may be sent now."""
        if not self._returned and (mail := self.next()) is not None:
            self._returned.append(mail)
        return bool(self._returned)

    def next(self) -> OutgoingMail | None:
        """Return the next message that may be sent now."""
        if self._returned:
            return self._returned.popleft()
        if self._in_a_row < _MAX_DELAYED_IN_A_ROW and (mail := self._pop_due()) is not None:
            self._in_a_row += 1
            return mail
        self._in_a_row = 0
        while len(self._delayed) < _MAX_DELAYED and (mail := self._next_mail()) is not None:
            self.taken += 1
            if mail.not_before <= time.monotonic():
                return mail
            heappush(self._delayed, (mail.not_before, mail.key, mail))
        return self._pop_due()

    def _pop_due(self) -> OutgoingMail | None:
        is_due = self._delayed and self._delayed[0][0] <= time.monotonic()
        return heappop(self._delayed)[2] if is_due else None

"""Messages that no connection has: given back by one, waiting for their time, or still to be asked for."""

import time
from collections import deque
from heapq import heappop, heappush

from syndicate.delivery.outgoing import NextMail, OutgoingMail

# Parcels whose time has not come that are kept here, to be sent in order.
_HELD = 1000
# Held parcels sent in a row before ``next_mail`` is asked for a parcel that should go first.
_HELD_IN_A_ROW = 20


class MailQueue:
    """The parcels of ``next_mail``, each at its time; ``taken`` counts them."""

    def __init__(self, next_mail: NextMail) -> None:
        self.taken = 0
        self._take = next_mail
        self._returned: deque[OutgoingMail] = deque()
        self._held: list[tuple[float, int, OutgoingMail]] = []
        self._in_a_row = 0

    def __bool__(self) -> bool:
        return bool(self._returned or self._held)

    @property
    def holds(self) -> bool:
        """True while there are parcels whose time has not come."""
        return bool(self._held)

    def put_back(self, mail: OutgoingMail) -> None:
        """Keep a parcel that was not sent; it is the next one."""
        self._returned.append(mail)

    def is_ready(self) -> bool:
        """Look whether there is a parcel that may go now."""
        if not self._returned and (mail := self.next()) is not None:
            self._returned.append(mail)
        return bool(self._returned)

    def next(self) -> OutgoingMail | None:
        """Return the next parcel whose time has come."""
        if self._returned:
            return self._returned.popleft()
        if self._in_a_row < _HELD_IN_A_ROW and (mail := self._release()) is not None:
            self._in_a_row += 1
            return mail
        self._in_a_row = 0
        while len(self._held) < _HELD and (mail := self._take()) is not None:
            self.taken += 1
            if mail.not_before <= time.monotonic():
                return mail
            heappush(self._held, (mail.not_before, mail.key, mail))
        return self._release()

    def _release(self) -> OutgoingMail | None:
        return heappop(self._held)[2] if self._held and self._held[0][0] <= time.monotonic() else None

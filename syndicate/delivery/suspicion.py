"""Is it this message that is refused, or are we? What other messages meet with tells.

A refusal of the sender (5xx at MAIL), or for reasons of policy (5.7.x, RFC 3463), is kept back until another
message is taken: then it was about that message. When enough are refused in a row it is about us: sending
stops, and they go back to those that wait.
"""

from collections.abc import Sequence
from dataclasses import replace

from syndicate.delivery.bounces import about_us
from syndicate.delivery.parcels import Ended
from syndicate.errors import Refused, SenderRefused, TransportDown

SENDER_REFUSALS = 2
POLICY_REFUSALS = 20


class Suspicion:
    """What one run has to keep back. ``problem`` is set once the server refuses us."""

    def __init__(self) -> None:
        self.problem: TransportDown | None = None
        self._taken = False
        self._senders: list[Ended] = []
        self._policies: list[Ended] = []
        self._offered_since: set[int] = set()

    def offered(self, key: int) -> None:
        """A message is offered; if it is taken, the sender was not refused to everybody."""
        if self._senders:
            self._offered_since.add(key)

    def sift(self, ended: Sequence[Ended]) -> list[Ended]:
        """What can be said of these attempts, and of those kept back before."""
        certain: list[Ended] = []
        for one in ended:
            if one.error is None:
                certain += self._acquitted(one)
                certain.append(one)
            elif isinstance(one.error, SenderRefused):
                self._keep(self._senders, one, SENDER_REFUSALS)
            elif isinstance(one.error, Refused) and about_us(str(one.error)):
                self._keep(self._policies, one, POLICY_REFUSALS)
                # Nobody must be left in doubt about a body that was refused, if this process ends now.
                certain.append(replace(one, final=False))
            else:
                certain.append(one)
        return certain

    def rest(self) -> list[Ended]:
        """At the end of a run: those kept back go back or fail.

        With nothing to compare with, a refused sender is taken to be about us.
        """
        if self._senders and not self._taken and self.problem is None:
            self.problem = _down(self._senders[0])
        kept = [*self._senders, *self._policies]
        self._senders, self._policies = [], []
        if self.problem is None:
            return kept
        return [Ended(parcel=one.parcel, error=_down(one)) for one in kept]

    def _acquitted(self, taken: Ended) -> list[Ended]:
        self._taken = True
        if self.problem is not None:
            return []
        found, self._policies = self._policies, []
        if taken.parcel.key in self._offered_since:
            found = self._senders + found
            self._senders, self._offered_since = [], set()
        return found

    def _keep(self, kept: list[Ended], one: Ended, limit: int) -> None:
        kept.append(one)
        if len(kept) >= limit and self.problem is None:
            self.problem = _down(one)


def _down(one: Ended) -> TransportDown:
    code = one.error.code if isinstance(one.error, Refused) else None
    return TransportDown(str(one.error), code=code)

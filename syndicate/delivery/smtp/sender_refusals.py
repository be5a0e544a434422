"""Is it this message that is refused, or are we? What other messages meet with tells.

A refusal of the sender (5xx at MAIL), or for reasons of policy (5.7.x, RFC 3463), is kept back until another
message is taken: then it was about that message. When enough are refused in a row it is about us: sending
stops, and they go back to those that wait.

A short list never gets as far as that, so the end of a run is looked at as well. Three refused for policy,
and nothing taken of all that was offered, are about us: strangers' servers that each have something against
one reader are rarely met in threes, and never without anybody else, while the server we hand everything to
refuses everybody. One or two say nothing either way. They are put off, each by itself: sending goes on for
the others, one of whom will tell; and a refusal that stops everything would let one bad address do so.
"""

from collections.abc import Sequence

from syndicate.delivery.bounce_parser import about_us
from syndicate.delivery.outgoing import SendResult
from syndicate.errors import Deferred, Refused, SenderRefused, TransportDown

SENDER_REFUSALS = 2
POLICY_REFUSALS = 20
"""So many in a row end a run."""
POLICY_REFUSALS_OF_ALL = 3
"""So many are about us at the end of a run in which nothing was taken."""


class Suspicion:
    """Messages that one run keeps back. ``problem`` is set once the server refuses the sender."""

    def __init__(self) -> None:
        self.problem: TransportDown | None = None
        self._taken = False
        self._senders: list[SendResult] = []
        self._policies: list[SendResult] = []
        self._offered_since: set[int] = set()

    def offered(self, key: int) -> None:
        """A message is offered; if it is taken, the sender was not refused to everybody."""
        if self._senders:
            self._offered_since.add(key)

    def sift(self, ended: Sequence[SendResult]) -> list[SendResult]:
        """Return what can be said of these attempts, and of those kept back before."""
        certain: list[SendResult] = []
        for result in ended:
            if result.error is None:
                certain += self._release_held(result)
                certain.append(result)
            elif isinstance(result.error, SenderRefused):
                self._keep(self._senders, result, SENDER_REFUSALS)
            elif isinstance(result.error, Refused) and about_us(str(result.error)):
                self._keep(self._policies, result, POLICY_REFUSALS)
                # Nobody must be left in doubt about a body that was refused, if this process ends now.
                certain.append(result._replace(final=False))
            else:
                certain.append(result)
        return certain

    def rest(self) -> list[SendResult]:
        """At the end of a run: those kept back go back, fail, or, when nothing tells, are put off.

        With nothing to compare with, a refused sender is taken to be about us.
        """
        if self.problem is None and not self._taken:
            enough = len(self._policies) >= POLICY_REFUSALS_OF_ALL
            about_all = self._senders or (self._policies if enough else [])
            self.problem = _down(about_all[0]) if about_all else None
        senders, self._senders = self._senders, []
        policies, self._policies = self._policies, []
        if self.problem is not None:
            return [SendResult(mail=sender.mail, error=_down(sender)) for sender in (*senders, *policies)]
        if not self._taken:
            policies = [SendResult(mail=policy.mail, error=_put_off(policy)) for policy in policies]
        return senders + policies

    def _release_held(self, taken: SendResult) -> list[SendResult]:
        self._taken = True
        if self.problem is not None:
            return []
        found, self._policies = self._policies, []
        if taken.mail.key in self._offered_since:
            found = self._senders + found
            self._senders, self._offered_since = [], set()
        return found

    def _keep(self, kept: list[SendResult], one: SendResult, limit: int) -> None:
        kept.append(one)
        if len(kept) >= limit and self.problem is None:
            self.problem = _down(one)


def _down(one: SendResult) -> TransportDown:
    return TransportDown(str(one.error), code=_code(one))


def _put_off(one: SendResult) -> Deferred:
    return Deferred(str(one.error), code=_code(one))


def _code(one: SendResult) -> int | None:
    return one.error.code if isinstance(one.error, Refused) else None

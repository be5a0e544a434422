"""Decide whether a refusal concerns a message or the sender, by comparing it with other messages.

A refused sender (5xx at MAIL) or a refusal by policy (5.7.x, RFC 3463) is held until another message is
accepted: then the refusal concerned its own message. Enough refusals in a row concern the sender: sending
stops and the held messages go back to the queue.

The end of a run decides for short lists. Three refusals by policy and no accepted message concern the sender:
a relay that refuses the sender refuses every message, and three recipients that each object are rare. Fewer
refusals say nothing, so these messages are deferred and sending goes on. Otherwise a single bad address could
stop all mail.
"""

from collections.abc import Sequence

from syndicate.delivery.bounce_parser import is_policy_reply
from syndicate.delivery.outgoing import SendResult
from syndicate.errors import Deferred, MailError, Refused, SenderRefused, TransportDown

SENDER_REFUSALS = 2
POLICY_REFUSALS = 20
"""Refusals by policy in a row that end a run."""
POLICY_REFUSALS_OF_ALL = 3
"""Refusals by policy that concern the sender at the end of a run without an accepted message."""


class SenderRefusals:
    """Held refusals of a run. ``problem`` is set once the server refuses the sender."""

    def __init__(self) -> None:
        self.problem: TransportDown | None = None
        self._any_accepted = False
        self._sender_refusals: list[SendResult] = []
        self._policy_refusals: list[SendResult] = []
        self._offered_since: set[int] = set()

    def offered(self, key: int) -> None:
        """Note an offered message; if it is accepted, the server did not refuse the sender in general."""
        if self._sender_refusals:
            self._offered_since.add(key)

    def classify(self, results: Sequence[SendResult]) -> list[SendResult]:
        """Return the results that are certain now, among them refusals held before."""
        certain: list[SendResult] = []
        for result in results:
            if result.error is None:
                certain += self._release_held(result)
                certain.append(result)
            elif isinstance(result.error, SenderRefused):
                self._hold(self._sender_refusals, result, SENDER_REFUSALS)
            elif isinstance(result.error, Refused) and is_policy_reply(str(result.error)):
                self._hold(self._policy_refusals, result, POLICY_REFUSALS)
                # Recorded at once as not sent: if this process dies now, the delivery is not uncertain.
                certain.append(result._replace(final=False))
            else:
                certain.append(result)
        return certain

    def finish(self) -> list[SendResult]:
        """Return the results of the held refusals at the end of a run."""
        if self.problem is None and not self._any_accepted:
            enough = len(self._policy_refusals) >= POLICY_REFUSALS_OF_ALL
            about_sender = self._sender_refusals or (self._policy_refusals if enough else [])
            self.problem = _down(about_sender[0]) if about_sender else None
        senders, self._sender_refusals = self._sender_refusals, []
        policies, self._policy_refusals = self._policy_refusals, []
        if self.problem is not None:
            return [_with_error(result, TransportDown) for result in (*senders, *policies)]
        if not self._any_accepted:
            policies = [_with_error(result, Deferred) for result in policies]
        return senders + policies

    def _release_held(self, accepted: SendResult) -> list[SendResult]:
        self._any_accepted = True
        if self.problem is not None:
            return []
        released, self._policy_refusals = self._policy_refusals, []
        if accepted.mail.key in self._offered_since:
            released = self._sender_refusals + released
            self._sender_refusals, self._offered_since = [], set()
        return released

    def _hold(self, held: list[SendResult], result: SendResult, limit: int) -> None:
        held.append(result)
        if len(held) >= limit and self.problem is None:
            self.problem = _down(result)


def _with_error(result: SendResult, kind: type[MailError]) -> SendResult:
    return SendResult(mail=result.mail, error=kind(str(result.error), code=_code(result)))


def _down(result: SendResult) -> TransportDown:
    return TransportDown(str(result.error), code=_code(result))


def _code(result: SendResult) -> int | None:
    return result.error.code if isinstance(result.error, Refused) else None

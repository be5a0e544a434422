"""Actions on deliveries: send again, mark as sent, and pause or resume sending."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from syndicate.errors import ActionRefused, WrongFields
from syndicate.jobs.admin.actions import perform, recorded_as, require
from syndicate.jobs.lease_owners import sweep_dead_senders
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.mail import delivery_store, sending_rests
from syndicate.text.phrases import plural

WRITE = "deliveries:write"
_Act = Callable[..., bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryActions:
    """Actions on deliveries; each changes every delivery that it names, or none."""

    store: Store

    def resend(self, change: Change, ids: Sequence[int]) -> ActionResult:
        """Queue uncertain or failed deliveries again, with the same Message-ID."""
        said = f"{plural(len(ids), 'delivery')} will be sent again by the next `deliver`."
        refusal = "neither uncertain nor failed"
        return self._each(change, "delivery.resend", ids, delivery_store.resend, refusal, said)

    def mark_sent(self, change: Change, ids: Sequence[int]) -> ActionResult:
        """Record that uncertain deliveries arrived."""
        said = f"{plural(len(ids), 'delivery')} recorded as sent."
        return self._each(
            change, "delivery.mark-sent", ids, delivery_store.mark_arrived, "not uncertain", said
        )

    @recorded_as("delivery.pause", WRITE)
    def pause(self, connection: Connection, change: Change, reason: str, edition_id: int = 0) -> ActionResult:
        """Let an edition rest, or all mail (0). Running senders stop within seconds."""
        if not reason.strip():
            raise WrongFields({"reason": "Write why sending is paused; status and overview show it."})
        why, by = reason.strip()[:300], change.actor.name
        is_new = sending_rests.rest(connection, edition_id, reason=why, by=by, now=change.now)
        what = f"Sending of edition {edition_id}" if edition_id else "Sending"
        said = f"{what} is paused." if is_new else f"{what} is paused already; nothing was changed."
        after = {"paused": True, "reason": why}
        return _rest_result(edition_id, said, after, is_change=is_new)

    @recorded_as("delivery.resume", WRITE)
    def resume(self, connection: Connection, change: Change, edition_id: int = 0) -> ActionResult:
        """End a pause by a person or by the brake."""
        if not sending_rests.resume(connection, edition_id, change.now):
            raise ActionRefused("not-paused", "Sending does not rest, so nothing was changed.")
        return _rest_result(edition_id, "Sending is resumed.", {"paused": False})

    def _each(
        self, change: Change, action: str, ids: Sequence[int], act: _Act, refusal: str, said: str
    ) -> ActionResult:
        require(change, WRITE)
        sweep_dead_senders(self.store, change.now)

        def work(connection: Connection) -> ActionResult:
            refused = next((number for number in ids if not act(connection, number, now=change.now)), None)
            if refused is not None:
                raise ActionRefused(
                    "wrong-state",
                    f"delivery {refused} is {refusal}, so nothing was changed. "
                    "`syndicate deliveries list --state uncertain` lists uncertain deliveries.",
                    facts={"delivery": refused},
                )
            number = str(ids[0]) if len(ids) == 1 else ""
            return ActionResult(kind="delivery", id=number, message=said, after={"ids": list(ids)[:1000]})

        return perform(self.store, change, action, WRITE, work)


def _rest_result(
    edition_id: int, said: str, after: dict[str, object], *, is_change: bool = True
) -> ActionResult:
    kind, number = ("edition", str(edition_id)) if edition_id else ("sending", "")
    return ActionResult(kind=kind, id=number, message=said, after=after, is_change=is_change)

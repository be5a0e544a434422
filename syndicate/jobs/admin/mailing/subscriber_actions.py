"""Actions on subscribers: add, import, end, write again, stop, set, tag, erase, export and look."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.audience.mailbox_address import Address, fold_address, is_mailbox, normalise_address
from syndicate.delivery.folder_sender import mails_to
from syndicate.errors import ActionRefused, InvalidAddress, NotFound, WrongFields, existing
from syndicate.jobs.admin.actions import earlier_result, perform, perform_mail, recorded_as, require
from syndicate.jobs.audience.sign_up_job import SignUpOptions
from syndicate.model import ImportedSubscriber, Newsletter, SubscriptionState, SuppressionReason
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.access import audit_store
from syndicate.store.leases import leases
from syndicate.store.subscribers import (
    audience_store,
    field_store,
    import_store,
    sign_up_store,
    subscriber_export,
    subscriber_rows,
    suppression_list,
)
from syndicate.store.subscribers.subscriber_rows import SubscriberRow
from syndicate.store.subscribers.suppression_list import SuppressionEntry
from syndicate.text.phrases import plural

READ, WRITE = "subscribers:read", "subscribers:write"
LOOKS_COUNT_AFTER = timedelta(minutes=10)
"""Looks at the same record by the same person within this time are one row of the audit log."""
_LEFT = "{} has unsubscribed; only its owner can subscribe again, on the sign-up page."
_NO_LIMIT = 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSubscriber:
    """Subscriber to add. ``agreed`` are the words that the person agreed to.

    With ``has_agreed`` the person is subscribed at once, else a mail asks for a confirmation.
    """

    address: str
    newsletter: str
    agreed: str
    name: str = ""
    language: str = ""
    has_agreed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberActions:
    """Actions on subscribers; none subscribes again a person who left.

    ``sign_up`` are the options of the sign-up page, ``None`` without it. ``outbox`` is the folder of mails.
    ``send_choices`` sends the page of choices of a newsletter, by the token of a subscription, to an address;
    it is ``None`` if subscribers cannot reach that page.
    """

    store: Store
    newsletters: Sequence[Newsletter]
    sign_up: SignUpOptions | None = None
    outbox: Path | None = None
    send_choices: Callable[[str, str, str], None] | None = field(default=None)

    @recorded_as("subscriber.add", WRITE)
    def add(self, connection: Connection, change: Change, new: NewSubscriber) -> ActionResult:
        """Subscribe a person who has agreed, or ask for a confirmation by mail."""
        mailbox = self._checked(new, needs_text=change.actor.kind != "command")
        if audience_store.suppression(connection, mailbox.key):
            raise ActionRefused("suppressed", f"{mailbox.display} is suppressed; its record says why.")
        known = audience_store.subscription_of(connection, mailbox.key, new.newsletter)
        state = known and audience_store.subscription_state(connection, known)
        if state == SubscriptionState.UNSUBSCRIBED:
            raise ActionRefused("unsubscribed-by-subscriber", _LEFT.format(mailbox.display))
        if state == SubscriptionState.CONFIRMED:
            said = f"{mailbox.display} was subscribed already."
            return ActionResult(kind="subscriber", message=said, is_change=False)
        if new.has_agreed:
            audience_store.add_subscription(
                connection,
                address=mailbox.display,
                address_key=mailbox.key,
                name=new.name.strip()[:200],
                language=new.language.strip()[:20],
                newsletter=new.newsletter,
                evidence=f"added by {change.actor.name}",
                agreed=new.agreed.strip(),
                now=change.now,
            )
        else:
            self._ask(connection, mailbox, new.newsletter, new.agreed.strip(), change)
        found = audience_store.find_subscriber(connection, mailbox.key)
        said = "is subscribed." if new.has_agreed else "gets a mail that asks for a confirmation."
        return ActionResult(
            kind="subscriber",
            id=str(found or ""),
            message=f"{mailbox.display} {said}",
            after={"newsletter": new.newsletter, "confirmed": new.has_agreed},
        )

    def _checked(self, new: NewSubscriber, *, needs_text: bool) -> Address:
        wrong = {}
        if needs_text and not new.agreed.strip():
            wrong["agreed"] = "Write the words that the person agreed to; the record of consent keeps them."
        if new.newsletter not in {newsletter.name for newsletter in self.newsletters}:
            wrong["newsletter"] = "Choose a newsletter."
        if not new.has_agreed and self.sign_up is None:
            wrong["has_agreed"] = "No mail can ask for a confirmation: [sign_up] is switched off."
        try:
            mailbox = normalise_address(new.address)
        except InvalidAddress as error:
            wrong["address"] = f"This is no mail address: {error}."
        if wrong:
            raise WrongFields(wrong)
        return mailbox

    def _ask(
        self, connection: Connection, mailbox: Address, newsletter: str, agreed: str, change: Change
    ) -> None:
        """Record a request, for which the sign-up job sends a mail."""
        lifetime = self.sign_up.lifetime if self.sign_up else 0
        sign_up_store.record_sign_up(
            connection,
            newsletters=[newsletter],
            address=(mailbox.display, mailbox.key, fold_address(mailbox)),
            network="",
            agreed=agreed,
            now=change.now,
            expires=change.now + timedelta(seconds=lifetime),
            limits=(_NO_LIMIT, _NO_LIMIT),
            source="operator",
        )

    @recorded_as("subscriber.import", WRITE)
    def import_list(
        self,
        connection: Connection,
        change: Change,
        rows: Sequence[ImportedSubscriber],
        agreed: str,
        *,
        ask: bool = False,
        tell: Callable[[ImportedSubscriber, str], object] = lambda _row, _outcome: None,
    ) -> ActionResult:
        """Import the rows of a list in one transaction; with ``ask`` each new person is asked by mail.

        ``tell`` is called with each row and its outcome.
        """
        if change.actor.kind != "command" and not agreed.strip():
            raise WrongFields({"agreed": "Write the words that they agreed to; the record keeps them."})
        if ask and self.sign_up is None:
            raise WrongFields({"ask": "No mail can ask for a confirmation: [sign_up] is switched off."})
        counts: dict[str, int] = {}
        asked = []
        with connection.begin_nested() as trial:
            for row, outcome in import_store.import_rows(connection, rows, agreed=agreed, now=change.now):
                counts[outcome] = counts.get(outcome, 0) + 1
                tell(row, outcome)
                if outcome == "added":
                    asked.append(row)
            if ask:
                trial.rollback()
        for row in asked if ask else ():
            self._ask(connection, normalise_address(row.address), row.newsletter, agreed, change)
        number, verb = counts.get("added", 0), "asked by mail" if ask else "subscribed"
        return ActionResult(
            kind="subscribers", message=f"{plural(number, 'person')} {verb}.", after={"counts": counts}
        )

    def export(self, change: Change, chosen: int) -> ActionResult:
        """Record an export of a number of subscriptions, before the file is given out."""
        result = ActionResult(kind="subscribers", message="", after={"rows": chosen})
        return perform(self.store, change, "subscriber.export", READ, lambda _: result)

    def export_data(self, change: Change, subscriber_id: int) -> dict[str, object]:
        """Return every row about a subscriber, and record the export."""
        require(change, READ)
        with self.store.read() as connection:
            key = self._row(connection, subscriber_id).address_key
            data = subscriber_export.export_subscriber_data(connection, key)
        done = ActionResult(kind="subscriber", id=str(subscriber_id))
        perform(self.store, change, "subscriber.export-data", READ, lambda _: done)
        return data or {}

    def look(self, change: Change, subscriber_id: int) -> None:
        """Record a look at a subscriber's record."""

        def work(connection: Connection) -> ActionResult:
            found = self._row(connection, subscriber_id)
            last = audit_store.audit_rows(
                connection,
                actor=change.actor.name,
                action="subscriber.look",
                object_kind="subscriber",
                object_id=str(found.id),
                limit=1,
            )
            is_new = not last or change.now - last[0].at > LOOKS_COUNT_AFTER
            return ActionResult(kind="subscriber", id=str(found.id), is_change=is_new)

        perform(self.store, change, "subscriber.look", READ, work)

    @recorded_as("subscriber.end", WRITE)
    def end(
        self, connection: Connection, change: Change, subscriber_id: int, newsletter: str
    ) -> ActionResult:
        """End a subscription; only the subscriber can subscribe again."""
        found = self._mailbox(connection, subscriber_id)
        subscription = audience_store.subscription_of(connection, found.key, newsletter) or 0
        detail = f"ended by {change.actor.name}"
        ended = audience_store.end_subscription(connection, subscription, detail=detail, now=change.now)
        if ended is None:
            raise NotFound("This person has no such subscription.")
        return found.result(message=f"The subscription to {newsletter} has ended.", is_change=ended)

    @recorded_as("subscriber.end-all", WRITE)
    def end_all(self, connection: Connection, change: Change, address: str) -> ActionResult:
        """End every subscription of an address; their number is the fact ``ended``."""
        found, detail = self._subscriber(connection, address), f"ended by {change.actor.name}"
        ended = audience_store.end_all_subscriptions(connection, found.key, detail=detail, now=change.now)
        said = f"{plural(ended or 0, 'subscription')} ended."
        return found.result(message=said, facts={"ended": ended}, is_change=bool(ended))

    @recorded_as("subscriber.stop", WRITE)
    def stop_mail(self, connection: Connection, change: Change, subscriber: int | str) -> ActionResult:
        """Put a mailbox on the suppression list and end all its subscriptions."""
        found, detail = self._mailbox(connection, subscriber), f"all mail stopped by {change.actor.name}"
        blocked = SuppressionReason.BLOCKED.value
        is_new = audience_store.suppress(connection, found.key, reason=blocked, now=change.now)
        ended = audience_store.end_all_subscriptions(connection, found.key, detail=detail, now=change.now)
        said = "No more mail is sent to this address."
        return found.result(message=said, is_change=is_new or bool(ended))

    @recorded_as("subscriber.unsuppress", WRITE)
    def unsuppress(
        self, connection: Connection, change: Change, subscriber: int | str, reason: str
    ) -> ActionResult:
        """Write again to a mailbox that only bounced; the record keeps the ``reason``.

        The fact ``newsletters`` has the names of those that it gets again.
        """
        if not reason.strip():
            raise WrongFields({"reason": "Write why the mailbox accepts mail again."})
        found = self._mailbox(connection, subscriber)
        if refusal := suppression_list.reason_not_liftable(connection, found.key):
            raise ActionRefused("not-liftable", f"{found.address} {refusal}.")
        why = reason.strip()[:500]
        resumed = suppression_list.lift_suppression(connection, found.key, why=why, now=change.now)
        said = f"Mail is sent again: {', '.join(resumed) or 'no newsletter'}."
        return found.result(message=said, facts={"newsletters": resumed})

    @recorded_as("subscriber.import-suppressions", WRITE)
    def import_suppressions(
        self, connection: Connection, change: Change, entries: Sequence[SuppressionEntry], file_name: str
    ) -> ActionResult:
        """Apply an exported suppression list; the fact ``changed`` is the number of changed rows."""
        detail = f"carried over from {file_name}"
        changed = suppression_list.import_suppressions(connection, entries, detail=detail, now=change.now)
        facts = {"rows": len(entries), "changed": changed}
        return ActionResult(kind="subscribers", after=facts, facts=facts, is_change=bool(changed))

    @recorded_as("subscriber.set", WRITE)
    def set_fields(
        self, connection: Connection, _change: Change, address: str, values: Mapping[str, str]
    ) -> ActionResult:
        """Set fields to values in the form of ``read_value``; ``""`` removes a field.

        The fact ``fields`` has all fields of the subscriber, the audit log only the names of the given.
        """
        found = self._subscriber(connection, address)
        before = field_store.fields_of(connection, int(found.id))
        field_store.save_fields(connection, int(found.id), values)
        stored, after = field_store.fields_of(connection, int(found.id)), {"fields": sorted(values)}
        return found.result(facts={"fields": stored}, after=after, is_change=stored != before)

    @recorded_as("subscriber.tag", WRITE)
    def tag(
        self, connection: Connection, _change: Change, address: str, *, add: list[str], remove: list[str]
    ) -> ActionResult:
        """Add and remove tags; the fact ``tags`` has all tags of the subscriber."""
        found = self._subscriber(connection, address)
        before = field_store.tags_of(connection, int(found.id))
        field_store.remove_tags(connection, int(found.id), remove)
        field_store.add_tags(connection, int(found.id), add)
        stored, after = field_store.tags_of(connection, int(found.id)), {"added": add, "removed": remove}
        return found.result(facts={"tags": stored}, after=after, is_change=stored != before)

    @recorded_as("subscriber.new-feed", WRITE)
    def new_feed(
        self, connection: Connection, _change: Change, address: str, renew: Callable[[Connection, str], str]
    ) -> ActionResult:
        """Replace the private feed of an address; ``renew`` returns the new URL, the fact ``feed``."""
        found = self._mailbox(connection, address)
        if feed := renew(connection, found.key):
            return found.result(facts={"feed": feed})
        raise NotFound(f"{address} is not subscribed, so it has no private feed")

    def erase(self, change: Change, subscriber: int | str) -> ActionResult:
        """Erase all data about a subscriber; a keyed hash keeps imports from bringing the address back.

        The fact ``mails`` is the number of mails removed from the outbox folder.
        """
        if earlier := earlier_result(self.store, change, WRITE):
            return replace(earlier, facts={"mails": 0})
        with self.store.read() as connection:
            key = self._mailbox(connection, subscriber).key
        result = self._erase(change, subscriber)
        # After the transaction, so that no job writes further mail to the address.
        mails = self._remove_mails(key, dry_run=change.dry_run)
        if not (result.is_change or mails):
            raise NotFound(f"No data is stored about {subscriber}.")
        return replace(result, facts={"mails": mails})

    @recorded_as("subscriber.erase", WRITE)
    def _erase(self, connection: Connection, change: Change, subscriber: int | str) -> ActionResult:
        found = self._mailbox(connection, subscriber)
        audience_store.end_all_subscriptions(connection, found.key, detail="", now=change.now)
        known = audience_store.erase_subscriber(connection, found.key, change.now)
        return found.result(message="The subscriber is erased.", is_change=known)

    def mail_choices(self, change: Change, subscriber_id: int) -> ActionResult:
        """Send a subscriber the link to the page of choices; a repeated request sends nothing."""
        require(change, WRITE)
        if self.send_choices is None:
            raise ActionRefused("no-page", "Subscribers cannot reach the page of choices; set [web] listen.")
        with self.store.read() as connection:
            found = self._row(connection, subscriber_id)
            open_names = [name for name, state in found.states.items() if state == "confirmed"]
            if not open_names:
                raise ActionRefused("not-subscribed", "This person has no subscription with choices.")
            number = audience_store.subscription_of(connection, found.address_key, open_names[0])
            token = unsubscribe_token(leases.read_secret(connection), number or 0)
        send = partial(self.send_choices, open_names[0], token, found.address)
        said = f"The link was sent to {found.address}."
        done = ActionResult(kind="subscriber", id=str(found.id), message=said)
        return perform_mail(self.store, change, "subscriber.send-choices", WRITE, send, done)

    def _row(self, connection: Connection, subscriber_id: int) -> SubscriberRow:
        return existing(subscriber_rows.subscriber_row(connection, subscriber_id), "such subscriber")

    def _mailbox(self, connection: Connection, subscriber: int | str) -> "_Mailbox":
        """Return the mailbox of a subscriber's id, or of an address, which may be no subscriber's."""
        if isinstance(subscriber, int):
            row = self._row(connection, subscriber)
            return _Mailbox(str(row.id), row.address_key, row.address)
        mailbox = normalise_address(subscriber)
        number = audience_store.find_subscriber(connection, mailbox.key)
        return _Mailbox(str(number or ""), mailbox.key, mailbox.display)

    def _subscriber(self, connection: Connection, address: str) -> "_Mailbox":
        """Return the mailbox of an address that is a subscriber's."""
        found = self._mailbox(connection, address)
        if not found.id:
            raise NotFound(f"{address} is not a subscriber. `syndicate subscribers list` shows all.")
        return found

    def _remove_mails(self, address_key: str, *, dry_run: bool) -> int:
        """Delete the mails to a mailbox in the outbox folder; return their number."""
        files = mails_to(self.outbox, lambda text: is_mailbox(text, address_key)) if self.outbox else []
        for file in () if dry_run else files:
            file.unlink(missing_ok=True)
        return len(files)


class _Mailbox(NamedTuple):
    """Mailbox with the id of its subscriber, ``""`` for a mailbox without a subscriber."""

    id: str
    key: str
    address: str

    def result(self, **facts: Any) -> ActionResult:
        """Return the result of an action on the mailbox."""
        return ActionResult(kind="subscriber", id=self.id, **facts)

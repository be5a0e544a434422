"""Imported subscribers: subscriptions, ends and suppressions of many mailboxes in a few statements."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import Any, Final

from sqlalchemy import Connection, Table, select

from syndicate.model import ImportedSubscriber, Standing, SubscriptionState, SuppressionReason
from syndicate.model.shards import shard_of_address
from syndicate.store.core.column_types import EPOCH
from syndicate.store.core.upsert import insert_for
from syndicate.store.leases import leases
from syndicate.store.schema import consents, subscribers, subscriptions, suppressions
from syndicate.store.schema import subscriber_fields as fields
from syndicate.store.schema import subscriber_tags as tags
from syndicate.store.subscribers import audience_store
from syndicate.store.subscribers.audience_store import OF_THE_MAILBOX
from syndicate.store.subscribers.field_store import field_rows

# Reasons of the outcomes that leave a row out.
NOT_ADDED: Final = {
    "left": "has unsubscribed; only its owner can undo that",
    "suppressed": "is suppressed",
    "kept": "has left the list or bounced, and confirmed here later",
}
_BATCH: Final = 500  # rows
_SUPPRESSED: Final = {
    Standing.BLOCKED: SuppressionReason.BLOCKED.value,
    Standing.BOUNCED: SuppressionReason.BOUNCED.value,
    Standing.COMPLAINED: SuppressionReason.COMPLAINED.value,
}
_CHANGING: Final = ("state", "changed", "source", "end_reason")
_ENDS: Final = (Standing.UNSUBSCRIBED, *_SUPPRESSED)


def import_rows(
    connection: Connection, rows: Iterable[ImportedSubscriber], *, agreed: str, now: datetime
) -> Iterator[tuple[ImportedSubscriber, str]]:
    """Write rows in batches; yield each with its outcome. Each row names its newsletter.

    The outcome is a result of ``add_subscription``, another name of ``Standing``, or ``kept`` for a
    subscriber who confirmed in this store after leaving the list.
    """
    leases.ensure_secret(connection)
    batch: list[ImportedSubscriber] = []
    keys: set[str] = set()
    for row in rows:
        # No mailbox occurs twice in a batch.
        if len(batch) == _BATCH or row.address_key in keys:
            yield from _ImportBatch(connection, batch, agreed, now).write()
            batch, keys = [], set()
        batch.append(row)
        keys |= {row.address_key} - {""}
    yield from _ImportBatch(connection, batch, agreed, now).write()


class _ImportBatch:
    """Batch of rows with the store's state of their mailboxes."""

    def __init__(
        self, connection: Connection, rows: Sequence[ImportedSubscriber], agreed: str, now: datetime
    ) -> None:
        self._connection, self._rows, self._agreed, self._now = connection, rows, agreed, now
        keys = [row.address_key for row in rows if row.address_key]
        hashed = audience_store.suppression_hashes(connection, keys)
        key = suppressions.c.address_key
        listed = select(key, suppressions.c.reason).where(key.in_([*keys, *hashed]))
        found = dict(connection.execute(listed).all())
        erased = {hashed[name]: SuppressionReason.ERASED.value for name in found.keys() & hashed}
        self._suppressed = found | erased
        self._ids = self._read_ids(keys)
        known = select(subscribers.c.address_key, subscriptions.c.newsletter, subscriptions.c.state)
        known = known.add_columns(subscriptions.c.end_reason)
        known = known.join(subscribers, subscribers.c.id == subscriptions.c.subscriber_id)
        known = known.where(subscribers.c.address_key.in_(keys))
        self._states: dict[str, dict[str, tuple[str, str]]] = {}
        for address_key, newsletter, *state in connection.execute(known):
            self._states.setdefault(address_key, {})[newsletter] = (state[0], state[1])

    def _read_ids(self, keys: Sequence[str]) -> dict[str, int]:
        query = select(subscribers.c.address_key, subscribers.c.id).where(subscribers.c.address_key.in_(keys))
        return dict(self._connection.execute(query).all())

    def write(self) -> list[tuple[ImportedSubscriber, str]]:
        """Write the rows; return them with their outcomes."""
        outcomes = [(row, self._outcome(row)) for row in self._rows]
        kept = [row for row, outcome in outcomes if outcome in ("added", "already", *_ENDS)]
        changed = [
            row
            for row, outcome in outcomes
            if outcome == "added" or (outcome in _ENDS and not self._end(row))
        ]
        new = [row for row in kept if row.address_key not in self._ids]
        self._insert(subscribers, map(self._subscriber, new))
        self._ids |= self._read_ids([row.address_key for row in new])
        self._insert(subscriptions, map(self._subscription, changed))
        self._insert(consents, map(self._consent, changed))
        ids = [(self._ids[row.address_key], row) for row in kept]
        self._insert(tags, ({"subscriber_id": owner, "tag": tag} for owner, row in ids for tag in row.tags))
        self._insert(fields, chain.from_iterable(field_rows(owner, row.fields) for owner, row in ids))
        return outcomes

    def _insert(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Insert rows; existing subscriptions are updated, other existing rows stay."""
        statement = insert_for(self._connection, table)
        if table is subscriptions:
            keys = ["subscriber_id", "newsletter"]
            given = {name: statement.excluded[name] for name in _CHANGING}
            statement = statement.on_conflict_do_update(index_elements=keys, set_=given)
        else:
            statement = statement.on_conflict_do_nothing()
        if listed := list(rows):
            self._connection.execute(statement, listed)

    def _outcome(self, row: ImportedSubscriber) -> str:
        if row.standing not in (Standing.SUBSCRIBED, *_ENDS):
            return row.standing.value
        reason = self._suppressed.get(row.address_key, "")
        # A list may say that the owner of a mailbox that only bounced left as well, and left for good.
        says_more = row.standing not in (Standing.SUBSCRIBED, Standing.BOUNCED)
        if reason and not (says_more and reason in OF_THE_MAILBOX):
            return "suppressed"
        state, _ = self._state(row)
        if row.standing is Standing.SUBSCRIBED:
            return {"confirmed": "already", "unsubscribed": "left"}.get(state, "added")
        return "kept" if self._confirmed_at(row) > (row.ended or EPOCH) else row.standing.value

    def _state(self, row: ImportedSubscriber) -> tuple[str, str]:
        """Return state and end reason of a row's subscription, ``""`` without it."""
        return self._states.get(row.address_key, {}).get(row.newsletter, ("", ""))

    def _confirmed_at(self, row: ImportedSubscriber) -> datetime:
        """Return when the owner last confirmed a present subscription in this store; 1970 if never.

        Counted is the row's newsletter. A dated end of the whole mailbox, such as a bounce, is also compared
        with the other newsletters.
        """
        states = self._states.get(row.address_key, {})
        present = {name for name, (state, _) in states.items() if state == SubscriptionState.CONFIRMED}
        if row.standing not in _SUPPRESSED or row.ended is None:
            present &= {row.newsletter}
        if not present:
            return EPOCH
        of_present = consents.c.newsletter.in_(present)
        return audience_store.last_event(self._connection, row.address_key, "confirmed", of_present)

    def _end(self, row: ImportedSubscriber) -> bool:
        """Suppress a mailbox and end its subscriptions; false if an ended one is still to be inserted."""
        facts: dict[str, Any] = {"detail": _detail(row), "now": self._now}
        if reason := _SUPPRESSED.get(row.standing, ""):
            at = min(row.ended or self._now, self._now)
            audience_store.suppress(self._connection, row.address_key, reason=reason, now=at)
            if row.address_key in self._ids:
                audience_store.end_all_subscriptions(
                    self._connection, row.address_key, end_reason=reason, **facts
                )
        elif self._state(row) not in (("", ""), (SubscriptionState.UNSUBSCRIBED, "")):
            found = audience_store.subscription_of(self._connection, row.address_key, row.newsletter)
            audience_store.end_subscription(self._connection, found or 0, **facts)
        return self._state(row)[0] != ""

    def _subscriber(self, row: ImportedSubscriber) -> dict[str, Any]:
        values = {name: getattr(row, name) for name in ("address", "address_key", "name", "language")}
        return values | {"created": self._since(row), "shard": shard_of_address(row.address_key)}

    def _since(self, row: ImportedSubscriber) -> datetime:
        return min(row.since or row.ended or self._now, self._now)

    def _subscription(self, row: ImportedSubscriber) -> dict[str, Any]:
        subscribed = row.standing is Standing.SUBSCRIBED
        state = SubscriptionState.CONFIRMED if subscribed else SubscriptionState.UNSUBSCRIBED
        return {
            "subscriber_id": self._ids[row.address_key],
            "newsletter": row.newsletter,
            "state": state.value,
            "created": self._since(row),
            "changed": self._now if subscribed else min(row.ended or self._now, self._now),
            "source": "import",
            "end_reason": _SUPPRESSED.get(row.standing, ""),
        }

    def _consent(self, row: ImportedSubscriber) -> dict[str, Any]:
        subscribed = row.standing is Standing.SUBSCRIBED
        return {
            "address_key": row.address_key,
            "newsletter": row.newsletter,
            "event": "subscribed by operator" if subscribed else "unsubscribed",
            "detail": _detail(row),
            "recorded": self._now,
            "agreed": (row.agreed or self._agreed) if subscribed else "",
        }


def _detail(row: ImportedSubscriber) -> str:
    parts = (f"imported from {row.file}, line {row.line}", row.reason, row.proof)
    return "; ".join(part for part in parts if part)

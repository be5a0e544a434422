"""Welcome mails and series in random histories: each step once to each reader, or a reason."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import select

from syndicate.model import MessageStep, Newsletter
from syndicate.store import Connection, Store, schema
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store, message_store, newsletter_store
from syndicate.store.mail.message_store import GAP, LATEST
from syndicate.store.subscribers import audience_store
from tests.factories import NOW, newsletter

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
STEPS = tuple(
    MessageStep(name=f"series {days}" if days else "welcome", days=days, file="x.md") for days in (0, 1, 3, 8)
)
READERS = tuple(f"{name}@example.org" for name in ("ann", "bob", "cleo", "dan", "eve"))


@dataclass
class History:
    """A newsletter over some weeks, and what its readers did."""

    store: Store
    chance: random.Random
    now: datetime = NOW
    declared: tuple[MessageStep, ...] = STEPS
    ever: set[tuple[str, str]] = field(default_factory=set)
    """Each step that was planned for a reader."""

    def letters(self) -> list[Newsletter]:
        return [newsletter(messages=self.declared), newsletter("other")]

    def join(self, connection: Connection) -> None:
        address = self.chance.choice(READERS)
        before = self.state_of(connection, address)
        audience_store.request_subscription(connection, address, address, "daily", self.now)
        audience_store.confirm_subscription(connection, address, "daily", detail="", agreed="", now=self.now)
        if before != "confirmed":
            self.ever |= {(address, step.name) for step in self.declared}

    def imported(self, connection: Connection) -> None:
        address = f"import{self.chance.randrange(5)}@example.org"
        facts: dict[str, Any] = {"name": "", "language": "", "evidence": "a list", "now": self.now}
        audience_store.add_subscription(
            connection, address=address, address_key=address, newsletter="daily", **facts
        )

    def leave(self, connection: Connection) -> None:
        number = audience_store.subscription_of(connection, self.chance.choice(READERS), "daily")
        if number is not None:
            audience_store.end_subscription(connection, number, detail="", now=self.now)

    def pause(self, connection: Connection) -> None:
        until = self.now + self.chance.choice((-DAY, 2 * DAY))
        owner = schema.subscribers.c.address == self.chance.choice(READERS)
        connection.execute(schema.subscribers.update().where(owner).values(paused_until=until))

    def suppress(self, connection: Connection) -> None:
        if self.chance.random() < 0.2:
            audience_store.suppress(connection, self.chance.choice(READERS), reason="bounced", now=self.now)

    def configure(self, connection: Connection) -> None:
        self.declared = tuple(step for step in STEPS if self.chance.random() < 0.8)
        newsletter_store.sync_newsletters(connection, self.letters(), self.now)

    def tick(self, connection: Connection) -> None:
        message_store.skip_steps(connection, self.now)
        confirmed = {address for address in READERS if self.state_of(connection, address) == "confirmed"}
        before = deliveries(connection)
        for letter, step in sorted(message_store.due_steps(connection, self.now)):
            rendered = (f"{step} {self.chance.randrange(2)}", "<p>", "x")
            message_store.queue_step(connection, letter, step, rendered, self.now)
        new = deliveries(connection) - before
        assert {address for address, _ in new} <= confirmed
        assert message_store.due_steps(connection, self.now) == set()

    def killed(self, connection: Connection) -> None:
        """Do a tick that never commits."""
        self.tick(connection)
        raise InterruptedError

    def send(self, connection: Connection) -> None:
        until = self.now + HOUR
        facts: dict[str, Any] = {"owner": "me", "now": self.now, "until": until}
        claimed = delivery_store.claim_deliveries(connection, **facts, limit=9)
        ids = [delivery.id for delivery in claimed]
        if ids:
            begun = delivery_store.begin_sending(connection, ids, **facts)
            open_now = {one.address for one in claimed if one.id in begun}
            assert {self.state_of(connection, address) for address in open_now} <= {"confirmed"}
            for number in sorted(begun):
                delivery_store.mark_sent(connection, [number], owner="me", now=self.now)

    def state_of(self, connection: Connection, address: str) -> str | None:
        number = audience_store.subscription_of(connection, address, "daily")
        return None if number is None else audience_store.subscription_state(connection, number)


def deliveries(connection: Connection) -> set[tuple[str, str]]:
    query = select(schema.deliveries.c.address, schema.editions.c.variant_key)
    query = query.join(schema.editions, schema.editions.c.id == schema.deliveries.c.edition_id)
    found = Counter((row.address, row.variant_key) for row in connection.execute(query))
    assert set(found.values()) <= {1}, f"a step came twice: {found}"
    return set(found)


@pytest.mark.parametrize("seed", range(6))
def test_each_step_comes_once_or_has_a_reason(store: Store, seed: int) -> None:
    history = History(store, random.Random(seed))
    often = (history.join, history.tick, history.tick, history.send, history.leave)
    rare = (history.pause, history.suppress, history.configure, history.killed, history.imported)
    with store.write() as connection:
        leases.ensure_secret(connection)
        newsletter_store.sync_newsletters(connection, history.letters(), NOW)
    for _ in range(120):
        # The second keeps all times apart.
        history.now += history.chance.choice((HOUR, 6 * HOUR, DAY, timedelta(), -HOUR, 4 * DAY))
        history.now += timedelta(seconds=1)
        act = history.chance.choice((*often, *often, *rare))
        try:
            with store.write() as connection:
                act(connection)
        except InterruptedError:
            continue
    history.now += 20 * DAY
    with store.write() as connection:
        history.tick(connection)
        made = deliveries(connection)
        rows = connection.execute(
            select(schema.subscribers.c.address, schema.subscription_steps)
            .join(schema.subscriptions, schema.subscriptions.c.subscriber_id == schema.subscribers.c.id)
            .join(
                schema.subscription_steps,
                schema.subscription_steps.c.subscription_id == schema.subscriptions.c.id,
            )
        ).all()
    assert {(row.address, row.step) for row in rows} == history.ever
    assert {(row.address, row.step) for row in rows if row.state == "queued"} == made
    assert {bool(row.reason) for row in rows if row.state == "skipped"} <= {True}
    assert {row.state for row in rows} <= {"queued", "skipped"}
    assert not {address for address, _ in made} - set(READERS)
    assert {row.due_at + LATEST >= row.changed for row in rows if row.state == "queued"} <= {True}
    for early, late in permutations((row for row in rows if row.state == "queued"), 2):
        if early.address == late.address and early.due_at < late.due_at and early.changed <= late.changed:
            assert late.changed - early.changed >= GAP

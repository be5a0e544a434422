"""Figures of an edition: every mail in one place, every reader's reaction with the edition it followed."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import product
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, update

from syndicate.model import DeliveryCause, DeliveryState
from syndicate.store import Store, schema
from syndicate.store.access.api_lists import DELIVERIES
from syndicate.store.mail import bounce_store, delivery_counts, delivery_figures
from syndicate.store.mail.edition_figures import EditionFigures, read_figures
from syndicate.store.output import metric_rows
from syndicate.store.schema import deliveries
from syndicate.store.subscribers import audience_store
from tests import factories
from tests.factories import NOW, PERIOD

DAY = timedelta(days=1)


@pytest.fixture
def connection(store) -> Iterator[Connection]:
    with store.write() as connection:
        factories.newsroom(connection, *(f"reader{number}@example.org" for number in range(8)))
        yield connection


def end(connection: Connection, delivery_id: int, state: str, **facts: Any) -> None:
    table = schema.deliveries
    values = {"state": state, "changed": NOW, **facts}
    connection.execute(update(table).where(table.c.id == delivery_id).values(**values))


def report(connection: Connection, delivery_id: int, kind: str) -> None:
    bounce_store.record_bounce(
        connection,
        subscription_id=delivery_id,
        delivery_id=delivery_id,
        kind=kind,
        status="",
        detail="",
        now=NOW,
    )


def figures(connection: Connection, edition_id: int = 1) -> EditionFigures:
    return read_figures(connection, [edition_id])[edition_id]


def copy_edition(connection: Connection, **changes: Any) -> int:
    """Another edition of the same period, with a delivery to the first reader."""
    table = schema.editions
    row = connection.execute(select(table).where(table.c.id == 1)).one()._asdict()
    del row["id"]
    edition_id: int = connection.scalars(insert(table).values(**row | changes).returning(table.c.id)).one()
    delivery = (
        connection.execute(select(schema.deliveries).where(schema.deliveries.c.id == 1)).one()._asdict()
    )
    del delivery["id"]
    connection.execute(
        insert(schema.deliveries).values(**delivery | {"edition_id": edition_id, "state": "sent"}),
    )
    return edition_id


def test_each_mail_is_in_one_place(connection: Connection) -> None:
    for number, state in enumerate(
        ("sent", "sent", "sent", "failed", "failed", "deferred", "uncertain"), start=1
    ):
        end(connection, number, state)
    report(connection, 2, "soft")
    report(connection, 2, "hard")
    report(connection, 3, "policy")
    report(connection, 4, "hard")
    assert figures(connection) == EditionFigures(
        recipients=8, delivered=1, waiting=1, deferred=1, uncertain=1, hard=2, policy=1, failed=1
    )
    assert figures(connection).bounced == 3


def test_a_bounced_mail_that_is_sent_again_waits(connection: Connection) -> None:
    report(connection, 1, "hard")
    assert (figures(connection).waiting, figures(connection).hard, figures(connection).delivered) == (8, 1, 0)


def test_reactions_of_readers_leave_the_mail_delivered(connection: Connection) -> None:
    end(connection, 1, "sent")
    report(connection, 1, "complaint")
    report(connection, 1, "reply")
    found = figures(connection)
    assert (found.delivered, found.complaints, found.replies) == (1, 1, 1)


def test_an_edition_has_its_variants_and_corrections_and_a_correction_only_itself(
    connection: Connection,
) -> None:
    for number in range(1, 9):
        end(
            connection,
            number,
            "sent" if number < 8 else "cancelled",
            cause="" if number < 8 else "corrected",
        )
    copy_edition(connection, state="variant", variant_key="weekly")
    correction = copy_edition(connection, revision=1)
    copy_edition(connection, state="confirmation", variant_key="confirm 1")
    copy_edition(connection, period_end=PERIOD[1] + DAY)
    found = read_figures(connection, [1, correction])
    assert found[1] == EditionFigures(recipients=9, delivered=9)
    assert found[correction] == EditionFigures(recipients=1, delivered=1)


@pytest.mark.parametrize(("after", "unsubscribed"), [(DAY, 1), (7 * DAY, 1), (8 * DAY, 0), (-DAY, 0)])
def test_an_unsubscription_belongs_to_the_mail_of_the_seven_days_before(
    connection: Connection, after: timedelta, unsubscribed: int
) -> None:
    end(connection, 1, "sent")
    for _ in range(2):
        audience_store.end_subscription(connection, 1, detail="link", now=NOW + after)
    assert figures(connection).unsubscribed == unsubscribed


def test_an_unsubscription_belongs_to_the_latest_mail_only(connection: Connection) -> None:
    end(connection, 1, "sent")
    later = copy_edition(connection, period_end=PERIOD[1] + DAY)
    connection.execute(
        update(schema.deliveries)
        .where(schema.deliveries.c.edition_id == later)
        .values(changed=NOW + timedelta(hours=1))
    )
    audience_store.end_subscription(connection, 1, detail="link", now=NOW + DAY)
    assert (figures(connection).unsubscribed, figures(connection, later).unsubscribed) == (0, 1)


def test_a_mailbox_that_bounced_has_not_unsubscribed(connection: Connection) -> None:
    end(connection, 1, "sent")
    audience_store.end_subscription(connection, 1, detail="bounced", now=NOW, end_reason="bounced")
    assert figures(connection).unsubscribed == 0


def test_an_edition_without_deliveries_has_no_figures(connection: Connection) -> None:
    assert read_figures(connection, []) == {}
    assert figures(connection, 99) == EditionFigures()


def test_deliveries_are_counted_as_a_plain_count_counts_them(connection: Connection) -> None:
    chosen, domains = Random(11), ("example.org", "Example.ORG", "mail.example", "xn--bcher-kva.example")
    editions = [1, copy_edition(connection, period_end=PERIOD[1] + DAY)]
    row = connection.execute(select(deliveries).where(deliveries.c.id == 1)).one()._asdict()
    factories.subscribe(connection, *(f"more{number}@example.org" for number in range(150)))
    readers = connection.scalars(select(schema.subscriptions.c.id).where(schema.subscriptions.c.id > 8)).all()
    for number, (reader, edition_id) in enumerate(product(readers, editions)):
        state, at = chosen.choice([*DeliveryState]).value, NOW + timedelta(seconds=chosen.randrange(900))
        values = row | {"id": 100 + number, "subscription_id": reader, "state": state, "changed": at}
        values |= {"edition_id": edition_id, "error": f"reply {number}"}
        values["cause"] = chosen.choice(["", "", *DeliveryCause])
        values["address"] = f"reader{number}@{chosen.choice(domains)}"
        connection.execute(insert(deliveries).values(**values))
    rows = connection.execute(select(deliveries).order_by(deliveries.c.id)).all()
    counted = Counter[tuple[int, str]]()
    for edition_id, state, _, count in delivery_counts.count_deliveries(connection, editions):
        counted[edition_id, state] += count
    assert counted == Counter((row.edition_id, row.state) for row in rows)
    caused = {row[:3]: row[3] for row in delivery_counts.count_deliveries(connection, editions) if row[2]}
    ended = [row for row in rows if row.state in ("sent", "cancelled") and row.cause]
    assert caused == Counter((row.edition_id, row.state, row.cause) for row in ended)
    for edition_id in editions:
        own = [row for row in rows if row.edition_id == edition_id]
        progress = delivery_figures.progress(connection, edition_id)
        sent = Counter(row.changed.replace(second=0) for row in own if row.state == "sent")
        assert progress.sent == tuple(sorted(sent.items()))
        assert progress.states == Counter(row.state for row in own)
        found = delivery_figures.providers(connection, [edition_id], since=NOW)
        assert {provider.domain: provider.states for provider in found} == _by_domain(own)
    assert delivery_figures.editions_under_way(connection, limit=3) == editions[::-1]
    assert metric_rows.unsent_deliveries(connection) == {
        state: sum(row.state == state for row in rows) for state in metric_rows.UNSENT
    }


def _by_domain(rows: Sequence[Any]) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        counts.setdefault(row.address.partition("@")[2].lower(), Counter())[row.state] += 1
    return counts


def test_troubled_and_waiting_deliveries_are_found_without_reading_all(sqlite_store: Store):
    statements: list[tuple[str, Any]] = []
    with sqlite_store.read() as connection:

        def note(_c: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
            statements.append((statement, values))

        event.listen(connection, "before_cursor_execute", note)
        delivery_figures.trouble_counts(connection)
        delivery_figures.editions_under_way(connection, limit=3)
        delivery_counts.count_deliveries(connection, [1])
        delivery_figures.failed_replies(connection)
        connection.execute(DELIVERIES.matching({"state": "failed"}))
        event.remove(connection, "before_cursor_execute", note)
        plans = [
            str(row[3])
            for statement, values in statements
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
    assert "SCAN deliveries" not in plans
    assert not any(plan.startswith("SEARCH deliveries USING INDEX sqlite") for plan in plans), plans
    for index in ("deliveries_trouble", "deliveries_sending", "deliveries_open", "deliveries_ended"):
        assert any(index in plan for plan in plans), plans

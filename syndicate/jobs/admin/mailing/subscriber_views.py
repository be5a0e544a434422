"""Subscribers as the operator's pages show them: list, growth, record, and the plan of an import."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.audience import import_export
from syndicate.audience.importing.csv_text import decode_list, read_csv, write_csv
from syndicate.audience.importing.list_rows import ImportChoices, SubscriberList, without_duplicates
from syndicate.audience.importing.products import MEANINGS, heading_key
from syndicate.errors import ActionRefused, existing
from syndicate.model import ImportedSubscriber, Standing
from syndicate.plots import Figure, line_with_columns
from syndicate.store import Connection, Store
from syndicate.store.access import api_lists, audit_store
from syndicate.store.access.audit_store import AuditRow
from syndicate.store.subscribers import (
    audience_store,
    import_store,
    subscriber_export,
    subscriber_rows,
    suppression_list,
)
from syndicate.store.subscribers.subscriber_rows import SubscriberFilter, SubscriberRow, changes_by_day
from syndicate.text.phrases import plural

PAGE = 50
MOST_REFUSED = 100
"""Number of rows that are not imported that a page shows; the report has all."""
_SAMPLE = 4
_OUTCOMES = {
    "added": "new",
    "already": "already",
    "left": "left out",
    "suppressed": "left out",
    "kept": "already",
    Standing.DUPLICATE.value: "unreadable",
    Standing.INVALID.value: "unreadable",
}
_REASONS = {"already": "is subscribed already", **import_store.NOT_ADDED}


@dataclass(frozen=True, slots=True)
class SubscriberGrowth:
    """Confirmed subscriptions by newsletter, and those joined and left by day, the oldest day first."""

    confirmed: Mapping[str, int]
    days: dict[date, tuple[int, int]]

    @property
    def total(self) -> int:
        """Number of confirmed subscriptions."""
        return sum(self.confirmed.values())

    @property
    def note(self) -> str:
        """Numbers joined and left in the last week."""
        joined, left = (sum(numbers) for numbers in zip(*list(self.days.values())[-7:], strict=True))
        return f"+{joined:,} in 7 days, {left:,} left"

    @property
    def figure(self) -> Figure:
        """Plot of the total at the end of each day, above those joined and left."""
        totals, standing = [], self.total
        for joined, left in reversed(self.days.values()):
            totals.append(max(0, standing))
            standing -= joined - left
        joined_by_day, left_by_day = zip(*self.days.values(), strict=True)
        finding = f"{plural(self.total, 'confirmed subscription')}: {self.note}."
        labels = [f"{day:%-d %b}" for day in self.days]
        title = f"Subscribers, {len(labels)} days"
        return line_with_columns(title, finding, labels, totals[::-1], joined_by_day, left_by_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberListView:
    """Page of the list; ``next`` is the address key after which the next page begins."""

    chosen: SubscriberFilter
    rows: tuple[SubscriberRow, ...]
    next: str
    confirmed: Mapping[str, int]
    growth: Figure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberRecord:
    """Record of a subscriber. ``refusal`` says why mail cannot be sent again, ``""`` if it can."""

    row: SubscriberRow
    subscriptions: Sequence[Mapping[str, Any]]
    consents: Sequence[Mapping[str, Any]]
    mails: Sequence[Mapping[str, Any]]
    bounces: Sequence[Mapping[str, Any]]
    suppressed: str
    refusal: str
    looks: Sequence[AuditRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportColumn:
    """Column of a file: heading, first values, and its meaning (``""`` is not read)."""

    heading: str
    key: str
    sample: tuple[str, ...]
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPlan:
    """Import of a file that has not happened yet: columns, counts, and the rows that are not added."""

    file: str
    facts: str
    columns: tuple[ImportColumn, ...]
    rows: tuple[ImportedSubscriber, ...]
    counts: Mapping[str, int]
    refused: tuple[tuple[int, str, str], ...]

    @property
    def report(self) -> bytes:
        """The rows that are not added as CSV, each with its reason."""
        return write_csv(
            ("line", "address", "reason"), ((str(n), text, why) for n, text, why in self.refused)
        )


def subscriber_list(
    connection: Connection, chosen: SubscriberFilter, after: str, now: datetime, zone: ZoneInfo
) -> SubscriberListView:
    """Return a page of the list, with the growth of 60 days on the first page without a filter."""
    rows = subscriber_rows.subscriber_page(connection, chosen, after=after, limit=PAGE + 1)
    confirmed = subscriber_rows.confirmed_by_newsletter(connection)
    is_first = chosen == SubscriberFilter() and not after
    return SubscriberListView(
        chosen=chosen,
        rows=tuple(rows[:PAGE]),
        next=rows[PAGE - 1].address_key if len(rows) > PAGE else "",
        confirmed=confirmed,
        growth=SubscriberGrowth(confirmed, changes_by_day(connection, now, zone, {})).figure
        if is_first
        else None,
    )


def subscriber_record(connection: Connection, subscriber_id: int) -> SubscriberRecord:
    """Return the record of a subscriber. Raises ``NotFound``."""
    row = existing(subscriber_rows.subscriber_row(connection, subscriber_id), "such subscriber")
    suppressed = audience_store.suppression(connection, row.address_key)
    number = str(subscriber_id)
    return SubscriberRecord(
        row=row,
        subscriptions=api_lists.subscriptions_of(connection, [subscriber_id]).get(subscriber_id, []),
        consents=subscriber_rows.consents_of(connection, row.address_key),
        mails=subscriber_rows.mails_of(connection, subscriber_id),
        bounces=subscriber_rows.bounces_of(connection, subscriber_id),
        suppressed=suppressed or "",
        refusal=suppression_list.reason_not_liftable(connection, row.address_key),
        looks=audit_store.audit_rows(connection, object_kind="subscriber", object_id=number, limit=12),
    )


def read_import(store: Store, name: str, body: bytes, choices: ImportChoices, now: datetime) -> ImportPlan:
    """Read a file and try its import, which is rolled back. Raises ``ParseError`` for another file."""
    read = SubscriberList(name, body, choices)
    sample = [cells for _, cells in islice(read_csv(decode_list(body)), _SAMPLE)]
    rows = tuple(without_duplicates(read.rows()))
    unknown = [
        row.newsletter for row in rows if row.address_key and row.newsletter not in choices.newsletters
    ]
    if unknown:
        raise ActionRefused("unknown-newsletter", "Choose the newsletter of the list.", status=422)
    counts: Counter[str] = Counter()
    refused = []
    with store.dry_run() as connection:
        for row, outcome in import_store.import_rows(connection, rows, agreed="", now=now):
            counts[_OUTCOMES.get(outcome, "left out")] += 1
            if outcome != "added":
                refused.append((row.line, row.text, row.reason or _REASONS.get(outcome, outcome)))
    first = [] if read.columns.bare else sample[:1]
    values = sample[len(first) :]
    return ImportPlan(
        file=read.name,
        facts=f"{len(rows):,} rows, {_encoding(body)}, {read.columns.product.title}",
        columns=tuple(
            ImportColumn(
                heading=heading,
                key=heading_key(heading),
                sample=tuple(cells[place][:60] for cells in values if place < len(cells)),
                meaning=meaning,
            )
            for place, (heading, meaning) in enumerate(
                zip(read.columns.headings, read.columns.meanings, strict=True)
            )
        ),
        rows=rows,
        counts=counts,
        refused=tuple(sorted(refused)),
    )


def _encoding(body: bytes) -> str:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return "UTF-16" if body[:2] in (b"\xff\xfe", b"\xfe\xff") else "Windows-1252"
    return "UTF-8"


def column_meanings(fields: Sequence[str]) -> dict[str, str]:
    """Return the meanings that a column may have, with their titles; ``""`` is not read."""
    own = {f"field:{name}": f"field {name}" for name in fields}
    return {"": "not used, not stored", **MEANINGS, **own}


def subscriber_csv(
    connection: Connection, listed: Sequence[audience_store.Subscriber]
) -> tuple[Iterator[bytes], int]:
    """Return the subscriptions of subscribers as parts of a CSV without formulas, and their number."""
    facts = subscriber_export.subscription_facts(connection)
    rows = (
        {
            **facts.get((subscriber.id, name), {}),
            "email": subscriber.address,
            "name": subscriber.name,
            "language": subscriber.language,
            "fields": subscriber.fields,
            "newsletter": name,
            "state": state.value,
            "tags": ", ".join(subscriber.tags),
        }
        for subscriber in listed
        for name, state in subscriber.subscriptions.items()
    )
    fields = {name for subscriber in listed for name in subscriber.fields}
    count = sum(len(subscriber.subscriptions) for subscriber in listed)
    return import_export.export_subscribers(rows, fields), count

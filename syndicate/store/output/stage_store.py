"""Last run of each stage, and totals for the metrics."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from syndicate.store import schema
from syndicate.store.core.upsert import insert_for, upsert

table, totals = schema.stage_runs, schema.totals


@dataclass(frozen=True, slots=True, kw_only=True)
class StageRow:
    """Last run of a stage: its end, milliseconds, error and facts; ``success`` is the last without error.

    ``recent_json`` has a list for each of the last 24 hours: the hour since the epoch, the longest run in
    milliseconds, and the number of runs in each class of durations.
    """

    stage: str
    at: datetime
    ms: int
    problem: str
    facts_json: Mapping[str, int | str]
    success: datetime | None
    recent_json: list[list[int]]


def stage_rows(connection: Connection, stages: Collection[str] | None = None) -> dict[str, StageRow]:
    """Return the last run of all stages, or of some, which stay locked for the caller, by name."""
    query = select(table).order_by(table.c.stage)
    if stages is not None:
        query = query.where(table.c.stage.in_(stages)).with_for_update()
    return {row.stage: StageRow(**row._asdict()) for row in connection.execute(query)}


def save_stages(connection: Connection, rows: Iterable[StageRow]) -> None:
    """Store the last runs of stages, in the order of their names: another worker may store the same."""
    for row in sorted(rows, key=lambda row: row.stage):
        values = {name: getattr(row, name) for name in StageRow.__slots__}
        upsert(connection, table, {"stage": values.pop("stage")}, values)


def add_totals(connection: Connection, counts: Mapping[tuple[str, str], int]) -> None:
    """Add counts to the totals of their names and labels."""
    for (name, label), number in sorted(counts.items()):
        statement = insert_for(connection, totals).values(name=name, label=label, value=number)
        added = {"value": totals.c.value + number}
        connection.execute(statement.on_conflict_do_update(index_elements=["name", "label"], set_=added))


def read_totals(connection: Connection) -> dict[tuple[str, str], int]:
    """Return all totals by name and label."""
    return {(row.name, row.label): row.value for row in connection.execute(select(totals))}

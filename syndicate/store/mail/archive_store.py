"""Sent editions for the archives of newsletters, read without their mails."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from syndicate.model import EVERY_EDITION, Edition, EditionContent
from syndicate.store import schema
from syndicate.store.mail.edition_store import CUT, edition_of


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    """Latest revision of a sent main edition. ``published`` is the time of the first revision."""

    id: int
    period_end: datetime
    cut_at: datetime
    published: datetime
    subject: str


def sent_editions(connection: Connection, newsletter: str) -> list[EditionRow]:
    """Return the sent editions of a newsletter with stored content, newest first."""
    table = schema.editions
    query = (
        select(table.c.id, table.c.period_end, table.c.cut_at, table.c.subject)
        .where(table.c.newsletter == newsletter, table.c.variant_key == EVERY_EDITION, table.c.state == CUT)
        .where(table.c.content_json.is_not(None))
        .order_by(table.c.period_end.desc(), table.c.revision.desc())
    )
    rows = connection.execute(query).all()
    first: dict[datetime, datetime] = {}
    for row in rows:
        first[row.period_end] = min(row.cut_at, first.get(row.period_end, row.cut_at))
    latest: dict[datetime, EditionRow] = {}
    for row in rows:
        if row.period_end not in latest:
            latest[row.period_end] = EditionRow(**row._asdict(), published=first[row.period_end])
    return list(latest.values())


def edition_contents(
    connection: Connection, edition_ids: Collection[int]
) -> dict[int, tuple[Edition, EditionContent]]:
    """Return editions and their contents by id, without their mails."""
    table = schema.editions
    columns = [column for column in table.c if column.name not in ("html", "text")]
    rows = connection.execute(select(*columns).where(table.c.id.in_(edition_ids)))
    return {
        row.id: (
            edition_of({**row._asdict(), "html": "", "text": ""}),
            EditionContent.from_json(row.content_json),
        )
        for row in rows
    }


def count_articles(connection: Connection, edition_ids: Collection[int]) -> dict[int, int]:
    """Return the number of articles that each edition carries."""
    table = schema.edition_articles
    query = select(table.c.edition_id, func.count()).where(
        table.c.edition_id.in_(edition_ids), table.c.reason == ""
    )
    return {row[0]: row[1] for row in connection.execute(query.group_by(table.c.edition_id))}

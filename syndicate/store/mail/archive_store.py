"""Sent editions and imported issues for the archives of newsletters, read without their mails."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select, text

from syndicate.model import EVERY_EDITION, ISSUE, Edition, EditionContent
from syndicate.store import schema
from syndicate.store.mail.edition_store import CUT, IMPORTED, edition_of, edition_values, insert_row

# The text must equal that of the partial index: otherwise the databases do not use the index.
_IMPORTED = text("editions.state = 'imported'")


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionRow:
    """Latest revision of a sent main edition or issue, or an imported issue.

    ``published`` is the time of the first revision.
    """

    id: int
    period_end: datetime
    cut_at: datetime
    published: datetime
    subject: str
    variant_key: str = EVERY_EDITION
    state: str = CUT


def sent_editions(connection: Connection, newsletter: str, now: datetime) -> list[EditionRow]:
    """Return the editions and listed issues of a newsletter with stored content, newest first.

    An edition whose approval can still be taken back is not sent yet.
    """
    table = schema.editions
    names = ("id", "period_end", "cut_at", "subject", "variant_key", "state", "revision")
    query = select(*(table.c[name] for name in names)).where(table.c.newsletter == newsletter)
    sent = and_(table.c.variant_key.in_((EVERY_EDITION, ISSUE)), table.c.state == CUT)
    listed = and_(sent, table.c.content_json.is_not(None), ~table.c.unlisted)
    listed = and_(listed, or_(table.c.approve_by.is_(None), table.c.approve_by <= now))
    rows = [row._asdict() for part in (listed, _IMPORTED) for row in connection.execute(query.where(part))]
    rows.sort(key=lambda row: (row["period_end"], row.pop("revision")), reverse=True)
    latest: dict[tuple[datetime, str], EditionRow] = {}
    for row in rows:
        key = row["period_end"], row["variant_key"]
        known = latest.get(key)
        published = min(row["cut_at"], known.published if known else row["cut_at"])
        latest[key] = replace(known, published=published) if known else EditionRow(**row, published=published)
    return list(latest.values())


def import_edition(
    connection: Connection,
    newsletter: str,
    variant_key: str,
    published: datetime,
    subject: str,
    content: EditionContent,
) -> bool:
    """Store an old issue without deliveries; false if the newsletter has its variant key already."""
    table = schema.editions
    same = select(table.c.id).where(table.c.newsletter == newsletter, table.c.variant_key == variant_key)
    if connection.execute(same.limit(1)).first() is not None:
        return False
    values = edition_values(newsletter, variant_key, (published, published), published)
    values |= {"state": IMPORTED, "subject": subject, "content_json": content.to_json()}
    return insert_row(connection, values) is not None


def last_edition(connection: Connection, newsletter: str, *, before: datetime) -> datetime | None:
    """Return the end of the period of the last sent edition that ends before ``before``."""
    table = schema.editions
    query = select(func.max(table.c.period_end)).where(
        table.c.newsletter == newsletter,
        table.c.variant_key == EVERY_EDITION,
        table.c.state == CUT,
        table.c.period_end < before,
        table.c.content_json.is_not(None),
    )
    return connection.execute(query).scalar()


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

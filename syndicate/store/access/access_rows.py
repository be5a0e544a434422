"""Removal of old rows of access, and the first rows of a new installation."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, func, select

from syndicate.store import schema
from syndicate.store.access.request_store import delete_old_results

# Actions that mail an edition to the user.
_TESTS = ("newsletter.test", "edition.test")
_DAY, _YEAR = timedelta(days=1), timedelta(days=365)


def prune_access(connection: Connection, now: datetime, *, audit_before: datetime) -> int:
    """Delete what has ended: attempts after a day, tokens a year after their end; return the number."""
    tokens = schema.tokens.c
    old = {
        schema.sessions: schema.sessions.c.ends <= now,
        schema.one_time_keys: schema.one_time_keys.c.ends <= now,
        schema.attempts: schema.attempts.c.at < now - _DAY,
        schema.tokens: (tokens.ends < now - _YEAR) | (tokens.revoked < now - _YEAR),
        schema.audit: schema.audit.c.at < audit_before,
    }
    deleted = [connection.execute(delete(table).where(ended)).rowcount for table, ended in old.items()]
    return sum(deleted) + delete_old_results(connection, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRows:
    """First rows of a new installation; counts stop at 1000."""

    source: str
    sources: int
    articles: int
    newsletter: str
    has_mailed: bool


def first_rows(connection: Connection) -> FirstRows:
    """Return the first source and newsletter by name, the counts, and whether a mail was sent."""

    def first(table: Table) -> str:
        return connection.scalar(select(table.c.name).order_by(table.c.id).limit(1)) or ""

    def count(table: Table) -> int:
        some = select(table.c.id).limit(1000).subquery()
        return connection.scalar(select(func.count()).select_from(some)) or 0

    deliveries, audit = schema.deliveries.c, schema.audit.c
    mailed = select(deliveries.id).where(deliveries.state == "sent").limit(1)
    tested = select(audit.id).where(audit.action.in_(_TESTS)).limit(1)
    return FirstRows(
        source=first(schema.sources),
        sources=count(schema.sources),
        articles=count(schema.articles),
        newsletter=connection.scalar(select(schema.newsletters.c.name).limit(1)) or "",
        has_mailed=bool(connection.scalar(tested) or connection.scalar(mailed)),
    )

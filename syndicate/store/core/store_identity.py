"""Identity of the store, which tells a restored or copied store from the store that sent last.

``generation`` is a counter that rises before the first mail of each batch and after the last.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, select, text
from sqlalchemy.exc import DBAPIError

from syndicate.store import schema
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.store_values import write_value
from syndicate.store.core.table_copy import read_sequences, write_sequences

_IDENTITY, _HOLD, _MOVED = "store identity", "mail held", "moved"
SKIPPED_IDS: Final = 1_000_000
_NUMBERED = ("subscribers", "subscriptions", "editions", "deliveries", "saved_searches", "events")


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreIdentity:
    """Random id and generation of the store, and the PostgreSQL database it was last seen in.

    ``marked`` is true once a marker file was written beside the SQLite file. ``timeline`` is the PostgreSQL
    history that a point-in-time recovery or a failover numbers anew.
    """

    store_id: str = field(default_factory=lambda: secrets.token_hex(16))
    generation: int = 0
    marked: bool = False
    database: str = ""
    timeline: str = ""


@dataclass(frozen=True, slots=True)
class MailHold:
    """Hold on all mail since the store was found restored, copied or moved.

    ``moved_to`` is the URL of the store that ``migrate-store`` copied it to.
    """

    since: datetime
    found: str
    moved_to: str = ""


def read_identity(connection: Connection, *, lock: bool = False) -> StoreIdentity | None:
    """Return the identity; ``lock`` makes other transactions that lock it wait for this transaction."""
    query = select(schema.meta.c.value).where(schema.meta.c.key == _IDENTITY)
    value = connection.scalars(query.with_for_update() if lock else query).first()
    return None if value is None else StoreIdentity(**json.loads(value))


def write_identity(connection: Connection, identity: StoreIdentity) -> None:
    """Replace the identity."""
    write_value(connection, _IDENTITY, json.dumps(asdict(identity)))


def has_subscriptions(connection: Connection) -> bool:
    """Return whether the store has any subscription to send to."""
    return connection.execute(select(schema.subscriptions.c.id).limit(1)).first() is not None


def database_facts(connection: Connection) -> tuple[str, str]:
    """Return PostgreSQL's cluster/database and timeline; ``""`` where unknown."""
    if connection.dialect.name == "sqlite":
        return "", ""
    cluster = "SELECT system_identifier FROM pg_control_system()"
    database = "SELECT oid FROM pg_database WHERE datname = current_database()"
    names = [_asked(connection, cluster), _asked(connection, database)]
    return "/".join(names), _asked(connection, "SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)")


def _asked(connection: Connection, question: str) -> str:
    """Return the answer to a query, ``""`` when the server refuses it, as hosted servers may."""
    try:
        with connection.begin_nested():
            return str(connection.scalars(text(question)).one())
    except DBAPIError:
        return ""


def mail_hold(connection: Connection) -> MailHold | None:
    """Return the hold on all mail, or ``None``."""
    meta = schema.meta
    query = select(meta.c.value).where(meta.c.key.in_((_HOLD, _MOVED))).order_by(meta.c.key.desc())
    value = connection.scalars(query).first()
    if value is None:
        return None
    since, *found = json.loads(value)
    return MailHold(from_microseconds(since), *found)


def hold_mail(connection: Connection, hold: MailHold) -> None:
    """Stop all sending and the cutting of editions until the hold is lifted."""
    value = json.dumps([to_microseconds(hold.since), hold.found, hold.moved_to])
    write_value(connection, _MOVED if hold.moved_to else _HOLD, value)


def lift_hold(connection: Connection) -> bool:
    """Lift the hold; return false when there was none."""
    held = schema.meta.c.key.in_((_HOLD, _MOVED))
    return connection.execute(delete(schema.meta).where(held)).rowcount > 0


def settle(connection: Connection) -> None:
    """Record the place of a store that ``migrate-store`` has moved here, so that mail is not held."""
    if identity := read_identity(connection):
        database, timeline = database_facts(connection)
        moved = replace(identity, marked=False, database=database, timeline=timeline)
        write_identity(connection, moved)


def skip_ids(connection: Connection) -> None:
    """Skip the row ids that may have been assigned since a backup.

    Message-IDs and links in mails contain them. Mail servers drop a second mail with a known Message-ID,
    and a link must not lead to another reader's subscription or search. Receivers of events expect that
    their numbers rise.
    """
    given = read_sequences(connection)
    write_sequences(connection, {name: given[name] + SKIPPED_IDS for name in _NUMBERED})

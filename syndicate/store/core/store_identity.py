"""Identity of the store, which tells a restored or copied store from the store that sent last.

``generation`` is a counter that rises before the first mail of each batch and after the last.
"""

import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, column, func, literal_column, select, table, text, update
from sqlalchemy.exc import DBAPIError

from syndicate.store import schema
from syndicate.store.core.column_types import from_microseconds, to_microseconds
from syndicate.store.core.store_values import delete_value, read_value, write_value

_IDENTITY, _HOLD = "store identity", "mail held"
SKIPPED_IDS: Final = 1_000_000
_NUMBERED = ("subscribers", "subscriptions", "editions", "deliveries")


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


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHold:
    """Hold on all mail since the store was found restored, copied or moved."""

    since: datetime
    found: str


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
    value = read_value(connection, _HOLD)
    if value is None:
        return None
    since, found = json.loads(value)
    return MailHold(since=from_microseconds(since), found=found)


def hold_mail(connection: Connection, hold: MailHold) -> None:
    """Stop all sending and the cutting of editions until the hold is lifted."""
    write_value(connection, _HOLD, json.dumps([to_microseconds(hold.since), hold.found]))


def lift_hold(connection: Connection) -> bool:
    """Lift the hold; return false when there was none."""
    return delete_value(connection, _HOLD)


def skip_ids(connection: Connection) -> None:
    """Skip the row ids that may have been assigned since a backup.

    Message-IDs and links in mails contain them. Mail servers drop a second mail with a known Message-ID,
    and a link must not lead to another reader's subscription.
    """
    sequences = table("sqlite_sequence", column("name"), column("seq"))
    if connection.dialect.name == "sqlite":
        numbered = update(sequences).where(sequences.c.name.in_(_NUMBERED))
        connection.execute(numbered.values(seq=sequences.c.seq + SKIPPED_IDS))
        return
    for name in _NUMBERED:
        last = func.coalesce(func.max(schema.metadata.tables[name].c.id), 0)
        sequence = func.pg_get_serial_sequence(name, literal_column("'id'"))
        connection.execute(select(func.setval(sequence, last + SKIPPED_IDS)))

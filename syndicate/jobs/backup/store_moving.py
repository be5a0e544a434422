"""Move of an installation to another store, with a proof that the copy is complete."""

from datetime import datetime

from syndicate.errors import StoreError
from syndicate.jobs.lease_owners import refuse_holders
from syndicate.store import Store
from syndicate.store.core import store_identity, table_copy
from syndicate.store.core.store_identity import MailHold
from syndicate.store.core.table_copy import Report
from syndicate.store.leases.worker_store import live_workers


def move_store(source: Store, target: Store, now: datetime, report: Report) -> dict[str, int]:
    """Copy all rows, prove the copy, hold the mail of the old store; return the rows by table.

    An interrupted move goes on. Processes that write to the old store wait until the end. Raises
    ``StoreError``.
    """
    with source.write() as original:
        refuse_holders([*table_copy.lease_owners(original, now), *live_workers(original)])
        table_copy.block_writers(original)
        hold = store_identity.mail_hold(original)
        if hold and hold.moved_to not in ("", target.where):
            raise StoreError(f"this store was moved to {hold.moved_to} already")
        rows = table_copy.copy_store(original, target.write, report)
        # Before the new store can be used: two stores must never send.
        store_identity.hold_mail(original, MailHold(now, "", target.where))
    with target.write() as connection:
        store_identity.settle(connection)
        table_copy.finish_copy(connection)
    return rows

"""Where the rows are, how long they stay, and who held them before us."""

from __future__ import annotations

import os
import socket
from datetime import datetime
from typing import TYPE_CHECKING

from syndicate.settings import Settings
from syndicate.store import Store, leases

if TYPE_CHECKING:
    from syndicate.jobs.prune import RetentionOptions


def free_dead_owners(store: Store, now: datetime) -> None:
    """Free what dead processes of this machine held, and what anybody took while a clock was wrong."""
    host = f"{socket.gethostname()}:"
    with store.write() as connection:
        leases.free_far(connection, now)
        for owner in leases.lease_owners(connection):
            if owner.startswith(host) and not _is_alive(owner.removeprefix(host).partition(":")[0]):
                leases.free_owner(connection, owner)


def retention_options(settings: Settings) -> RetentionOptions:
    """How long rows stay."""
    from syndicate.jobs.prune import RetentionOptions

    retention = settings.retention
    return RetentionOptions(
        articles=retention.articles,
        deliveries=retention.deliveries,
        tombstones=retention.tombstones,
        sign_ups=retention.sign_ups,
    )


def _is_alive(process: str) -> bool:
    """Whether a process of that number runs, whoever owns it; a number given out anew counts as alive."""
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError, OverflowError):
        return True
    return True


def store_url(settings: Settings) -> str:
    """The store's URL with a relative SQLite file made absolute."""
    url = settings.store.url
    prefix = "sqlite:///"
    if url.startswith(prefix) and url != prefix:
        return prefix + str(settings.path(url.removeprefix(prefix)))
    return url

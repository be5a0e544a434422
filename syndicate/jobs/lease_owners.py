"""Names of lease owners, and release of the leases of dead processes.

Hosts and containers reuse process ids. A name therefore holds the boot id, the pid namespace and the start
time of its process. Systems without /proc leave them out; there a dead process's lease expires.
"""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from syndicate.errors import StoreBusy
from syndicate.store import Store
from syndicate.store.core.server_clock import require_right_clock
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store

_PROC = Path("/proc")
_DEAD = ("Z", "X")
_FIELDS = 6
# Characters of a boot id, which is a UUID; the pid namespace follows it.
_BOOT_ID = 36


def lease_owner(*, daemon: bool) -> str:
    """Return a new name: host, process id, kernel and namespace, start time, role, and a random part."""
    role = "daemon" if daemon else "command"
    names = (socket.gethostname(), str(os.getpid()), _kernel(), _process("self")[1])
    return ":".join((*names, role, secrets.token_hex(4)))


def describe_owner(owner: str) -> str:
    """Return the holder of a lease in words: ``process 4711 on host news``."""
    host, _, process = owner.partition(":")
    return f"process {process.partition(':')[0]} on host {host}" if process else "another process"


def free_dead_owners(store: Store, now: datetime, *, daemon: bool = False) -> None:
    """Free the leases of processes that are provably dead; their deliveries become uncertain.

    ``daemon`` is true for the process that holds the daemon's lock, so that no earlier daemon can be at work.
    It also frees leases that end in the far future because the clock was wrong. Raises ``StoreError`` when
    this machine's clock is wrong now.
    """
    sweep_dead_senders(store, now, daemon=daemon)
    with store.read() as connection:
        require_right_clock(connection)
        owners = leases.lease_owners(connection)
    dead = [owner for owner in owners if is_dead(owner) or (daemon and ":daemon:" in owner)]
    if not dead and not daemon:
        return
    with store.write() as connection:
        if daemon:
            leases.release_implausible_leases(connection, now)
        for owner in dead:
            leases.release_owner_leases(connection, owner)


def sweep_dead_senders(store: Store, now: datetime, *, daemon: bool = False) -> None:
    """Mark deliveries of dead processes as uncertain before their leases expire.

    For the ``daemon``, daemons from before the host's last boot are dead too.
    """
    with store.read() as connection:
        owners = delivery_store.sending_owners(connection)
    dead = [owner for owner in owners if is_dead(owner) or (daemon and _is_before_boot(owner))]
    if dead:
        with store.write() as connection:
            delivery_store.mark_stuck_uncertain(connection, now=now, dead=dead)


def _is_before_boot(owner: str) -> bool:
    """Return true for a daemon that ran on this host before the last boot."""
    host, _, kernel, *_ = [*owner.split(":"), "", ""]
    current, former = _kernel()[:_BOOT_ID], kernel[:_BOOT_ID]
    return (
        ":daemon:" in owner
        and host == socket.gethostname()
        and "" not in (current, former)
        and current != former
    )


def is_dead(owner: str) -> bool:
    """Return true if the process of this name is provably dead."""
    fields = owner.split(":")
    if len(fields) != _FIELDS or not fields[2] or fields[2] != _kernel():
        return False
    number, started = fields[1], fields[3]
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except (PermissionError, ValueError, OverflowError):
        pass
    state, begun = _process(number)
    return state in _DEAD or bool(begun and begun != started)


def refuse_holders(owners: Iterable[str]) -> None:
    """Raise ``StoreBusy`` with the first of these owners that is not provably dead."""
    if owner := next((owner for owner in owners if not is_dead(owner)), None):
        raise StoreBusy(f"{describe_owner(owner)} works on the store; stop it first")


def _kernel() -> str:
    """Return the boot id and pid namespace of process ids, or ``""`` if they are unknown."""
    try:
        if str((_PROC / "self").readlink()) != str(os.getpid()):
            # /proc belongs to another namespace.
            return ""
        namespace = (_PROC / "self/ns/pid").readlink().name.strip("pid:[]")
        return f"{(_PROC / 'sys/kernel/random/boot_id').read_text('ascii').strip()}-{namespace}"
    except OSError:
        return ""


def _process(number: str) -> tuple[str, str]:
    """Return a process's state and its start time in ticks since boot; ``""`` if they are unknown."""
    try:
        # The process name in parentheses may contain any character.
        fields = (_PROC / number / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        return "", ""

"""Calls that Linux and macOS answer differently; the only module that imports fcntl and resource.

A default argument says what this system has. Tests pass the other system's value.
"""

import fcntl
import math
import os
import resource
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

_IS_MACOS = sys.platform == "darwin"
# Bytes per unit of ``ru_maxrss``.
_MEMORY_UNIT = 1 if _IS_MACOS else 1024
_STARTED = time.time()
_MEMORY_CHECK = 0.05  # seconds


def lock_descriptor(descriptor: int, *, wait: bool = False) -> None:
    """Lock an open file or folder for this process. Raises ``OSError`` if another process holds the lock."""
    fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)


def sync_descriptor(descriptor: int, full_sync: int | None = getattr(fcntl, "F_FULLFSYNC", None)) -> None:
    """Write a file or folder to the disk.

    ``full_sync`` is the command of macOS, where fsync stops at the cache of the drive.
    """
    if full_sync is not None:
        # Not every file system has the command.
        with suppress(OSError):
            fcntl.fcntl(descriptor, full_sync)
            return
    os.fsync(descriptor)


def seconds_since_boot(clock: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)) -> float:
    """Return the seconds since boot, including suspended time (on macOS too, unlike ``time.monotonic``)."""
    return time.clock_gettime(clock)


def allow_open_files(count: int) -> None:
    """Raise the soft limit of open files to ``count``, as far as the hard limit allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


def limit_memory(limit: int, *, by_kernel: bool = not _IS_MACOS) -> None:
    """Limit this process to ``limit`` bytes and write no core files.

    The kernel limits the address space. macOS ignores that limit: there a thread kills the process when its
    resident memory passes the limit.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if by_kernel:
        with suppress(ValueError, OSError):  # a lower hard limit
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    else:
        threading.Thread(target=_watch_memory, args=(limit,), name="memory", daemon=True).start()


def _watch_memory(limit: int) -> None:
    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MEMORY_UNIT <= limit:
        time.sleep(_MEMORY_CHECK)
    os.kill(os.getpid(), signal.SIGKILL)


def limit_processor_time(seconds: float) -> None:
    """End this process after ``seconds`` more seconds of processor time."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


def process_started() -> float:
    """Return the time at which this process started, in seconds since 1970."""
    return _STARTED


def resident_bytes() -> int:
    """Return the memory of this process in bytes; its peak on systems without /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _MEMORY_UNIT

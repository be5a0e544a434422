"""CPU time of everything that works for a benchmark."""

import time
from contextlib import suppress
from pathlib import Path


def cpu_seconds(*without: int) -> float:
    """CPU seconds of this process and its living children, those with these process ids apart."""
    return time.process_time() + sum(child_seconds(*without).values())


def child_seconds(*without: int) -> dict[int, float]:
    """CPU seconds of each living child by process id, those with these ids apart."""
    pids: set[int] = set()
    for children in Path("/proc/self/task").glob("*/children"):
        # Threads come and go meanwhile; those that start workers stay.
        with suppress(FileNotFoundError, ProcessLookupError):
            pids.update(map(int, children.read_text().split()))
    return {
        pid: int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9 for pid in pids - set(without)
    }

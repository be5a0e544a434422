"""CPU time and memory of processes, as /proc has them."""

import os
import time
from contextlib import suppress
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(*without: int) -> float:
    """CPU seconds of this process and its living children, those with these process ids apart."""
    return time.process_time() + sum(child_seconds(*without).values())


def child_seconds(*without: int) -> dict[int, float]:
    """CPU seconds of each living child by process id, those with these ids apart."""
    return {
        pid: int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
        for pid in children(os.getpid()) - set(without)
    }


def children(pid: int) -> set[int]:
    """Return the living children of a process."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        # Threads come and go meanwhile; those that start workers stay.
        with suppress(OSError):
            found.update(map(int, task.read_text().split()))
    return found


def processes(root: int) -> list[int]:
    """Return a process and all its descendants."""
    found = [root]
    for pid in found:
        found += sorted(children(pid))
    return found


def stat(pid: int) -> list[str]:
    """Return the fields of a process's ``stat`` after its name, from the state on; zeros if it has ended."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return ["0"] * 20


def seconds_of(pid: int) -> float:
    """CPU seconds of a process without its children, 0 if it has ended."""
    return sum(map(int, stat(pid)[11:13])) / TICK


def seconds_of_ended_children(pid: int) -> float:
    """CPU seconds of the children of a process that have ended."""
    return sum(map(int, stat(pid)[13:15])) / TICK


def memory_mib(pid: int, name: str) -> float:
    """MiB of a process: ``Pss``, or ``VmHWM`` or ``VmRSS`` of its ``status``; 0 if it has ended."""
    file = "status" if name.startswith("Vm") else "smaps_rollup"
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/{file}").read_text().splitlines()
        return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024
    return 0.0

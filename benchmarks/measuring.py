"""CPU time of everything that works for a benchmark."""

import time
from pathlib import Path


def cpu_seconds(*without: int) -> float:
    """CPU seconds of this process and its living children, those with these process ids apart."""
    total = time.process_time()
    for children in Path("/proc/self/task").glob("*/children"):
        for pid in children.read_text().split():
            if int(pid) not in without:
                total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    return total

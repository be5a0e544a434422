"""Runs of several mail servers side by side, and their result."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import fields
from datetime import datetime
from functools import partial

from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.jobs.delivery.deliver_result import DeliverResult


def deliver_all(
    jobs: Sequence[DeliverJob], now: datetime, *, resume: bool, progress: Callable[[int, int], None]
) -> DeliverResult:
    """Send over each server in a thread of its own, so that none waits for another; return the summed result.

    Raises the first error once all have ended.
    """
    if len(jobs) == 1:
        return jobs[0].run(now, resume=resume, progress=progress)
    stop = threading.Event()
    run = partial(DeliverJob.run, now=now, resume=resume, progress=progress, should_stop=stop.is_set)
    with ThreadPoolExecutor(len(jobs)) as pool:
        runs = [pool.submit(run, job) for job in jobs]
        try:
            wait(runs)
        finally:
            # After an interruption the servers end with the message that they are sending.
            stop.set()
    results = [ended.result() for ended in runs]
    counted = (field.name for field in fields(DeliverResult) if field.type is int)
    return DeliverResult(
        **{name: sum(getattr(result, name) for result in results) for name in counted},
        problem="; ".join(filter(None, (result.problem for result in results))),
        paused=all(result.paused for result in results),
        busy=all(result.busy for result in results),
    )

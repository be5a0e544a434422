"""Webhooks to other programs: sent at least once, in order for each object, retried for two days.

A delivery is leased in a commit, sent, and finished in another. After a crash between the two, the lease ends
and the delivery is sent again with the same id.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from zlib import crc32

from syndicate.errors import FetchError, FetchStopped
from syndicate.events.signing import signed_headers, unseal
from syndicate.jobs.run_clock import RunClock
from syndicate.net import FetchThread, SentRequest
from syndicate.store import Store
from syndicate.store.events import webhook_store
from syndicate.store.events.webhook_store import DueWebhook
from syndicate.store.leases import leases

# Deliveries that are sent at the same time, each for at most ten seconds of a lease of sixty.
AT_ONCE = 8
_MAX_REASON = 300
# Seconds after each failed attempt; the last failure is final.
RETRIES = (5, 300, 1800, 7200, 18_000, 36_000, 86_400)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSending:
    """Sends the deliveries that are due."""

    store: Store
    fetcher: Callable[[], FetchThread]
    site_url: str
    owner: str

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Send until nothing is due; return the number of sent and of failed attempts."""
        done = {"sent": 0, "failed": 0}
        with self.store.read() as connection:
            if not webhook_store.is_due(connection, now):
                return done
            secret = leases.read_secret(connection)
        clock = RunClock(now)
        send = partial(self._send, secret=secret, clock=clock, should_stop=should_stop)
        with ThreadPoolExecutor(AT_ONCE, "webhooks") as pool:
            while not should_stop():
                at = clock.now()
                with self.store.write() as connection:
                    webhook_store.note_sent_editions(connection, at)
                    claimed = webhook_store.claim_webhooks(
                        connection, owner=self.owner, now=at, limit=AT_ONCE
                    )
                if not claimed:
                    break
                for good in pool.map(send, claimed):
                    done["sent" if good else "failed"] += 1
        return done

    def _send(self, due: DueWebhook, secret: bytes, clock: RunClock, should_stop: Callable[[], bool]) -> bool:
        body = event_body(due, self.site_url)
        sealed = filter(None, (due.endpoint.secret, due.endpoint.former_secret))
        headers = signed_headers(due.uid, clock.now(), body, [unseal(text, secret) for text in sealed])
        request = SentRequest(url=due.endpoint.address, headers=headers, body=body)
        code, wait = None, None
        try:
            answer = self.fetcher().send(request, should_stop=should_stop)
            code, wait = answer.status, answer.retry_after
            error = "" if answer.is_good else f"it answered {code}"
        except FetchStopped:
            # The lease ends, and the next run sends it.
            return False
        except FetchError as failure:
            error = str(failure)[:_MAX_REASON]
        at = clock.now()
        retry = retry_at(at, due.attempts + 1, due.uid, wait) if error and code != 410 else None
        with self.store.write() as connection:
            webhook_store.finish_webhook(
                connection, due, owner=self.owner, now=at, code=code, error=error, retry=retry
            )
        return not error


def event_body(due: DueWebhook, site_url: str) -> bytes:
    """Return the JSON of an event; each path gets its link, a subscriber the address unless it is empty.

    ``sequence`` rises, so that a receiver can order events.
    """
    data = _with_links(due.data, site_url)
    data |= {"address": due.subscriber_address} if due.subscriber_address else {}
    body = {"id": due.uid, "type": due.type, "created": due.created.isoformat()}
    return json.dumps(body | {"sequence": due.event_id, "data": data}, ensure_ascii=False).encode()


def retry_at(now: datetime, attempts: int, uid: str, retry_after: float | None = None) -> datetime | None:
    """Return the time of the next attempt after ``attempts`` failures, or ``None`` after the last.

    Times differ by up to a tenth between events, so that a server that returns is not asked by all at once.
    """
    if attempts > len(RETRIES):
        return None
    share = crc32(f"{uid}{attempts}".encode()) % 201 / 1000 - 0.1
    return now + timedelta(seconds=max(RETRIES[attempts - 1] * (1 + share), retry_after or 0.0))


def _with_links(data: Mapping[str, Any], site_url: str) -> dict[str, Any]:
    linked = {
        name: [_with_links(row, site_url) if isinstance(row, Mapping) else row for row in value]
        if isinstance(value, list)
        else value
        for name, value in data.items()
    }
    return linked | ({"link": f"{site_url}/{data['path']}"} if data.get("path") else {})

"""Notify the hub of changed feeds (WebSub section 6, rule W3)."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from urllib.parse import quote

from syndicate.errors import FetchError, FetchStopped
from syndicate.net import FetchThread
from syndicate.publish.publish_options import PublishOptions
from syndicate.store import Connection, Store
from syndicate.store.output import announcements as announcement_store

log = logging.getLogger("syndicate.websub")

LEASE = timedelta(minutes=10)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=6)
MAX_REASON = 300


def note_feeds(
    connection: Connection, options: PublishOptions, documents: Mapping[str, bytes], now: datetime
) -> None:
    """Record the written documents, by path in the output folder; nothing for a site without a hub."""
    if options.hub_url:
        document_hashes = {
            f"{options.site_url}/{quote(path)}": blake2b(data, digest_size=16).hexdigest()
            for path, data in documents.items()
        }
        announcement_store.record_documents(connection, document_hashes, now)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnounceJob:
    """Post ``hub.mode=publish`` for every changed feed document; failures are retried later.

    ``hub`` is ``""`` for a site without a hub: then announcements are dropped.
    """

    store: Store
    poster: Callable[[], FetchThread]
    hub: str

    def run(self, now: datetime, *, should_stop: Callable[[], bool] = lambda: False) -> dict[str, int]:
        """Notify the hub; return counts of notified and failed documents. A stop leaves the rest due."""
        with self.store.write() as connection:
            if not self.hub:
                announcement_store.delete_announcements(connection)
                return {}
            claims = announcement_store.claim_announcements(connection, now=now, until=now + LEASE)
        done = {"told": 0, "failed": 0}
        for claim in claims:
            pause = min(FIRST_PAUSE * 2 ** min(claim.attempts, 12), LONGEST_PAUSE)
            try:
                error = self._notify_hub(claim.topic, should_stop)
            except FetchStopped:
                with self.store.write() as connection:
                    for left in claims[sum(done.values()) :]:
                        announcement_store.finish_announcement(connection, left, next_try=now, error="")
                break
            with self.store.write() as connection:
                announcement_store.finish_announcement(
                    connection, claim, next_try=now + pause if error else None, error=error
                )
            done["failed" if error else "told"] += 1
        return done

    def _notify_hub(self, topic: str, should_stop: Callable[[], bool]) -> str:
        """Notify the hub of a topic; return ``""`` or the error. Hubs read ``hub.url`` or ``hub.topic``.

        Raises ``FetchStopped`` when the program ends.
        """
        form = (("hub.mode", "publish"), ("hub.url", topic), ("hub.topic", topic))
        try:
            self.poster().post(self.hub, form, should_stop=should_stop)
        except FetchStopped:
            raise
        except FetchError as error:
            log.warning(
                "hub not notified", extra={"did": {"hub": self.hub, "topic": topic, "error": str(error)}}
            )
            return str(error)[:MAX_REASON]
        return ""

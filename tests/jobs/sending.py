"""Mail in a test: readers and an edition for them, the job over plain SMTP, and what came out."""

import email
import email.policy
from collections.abc import Callable
from datetime import timedelta
from email.message import EmailMessage
from typing import Any

from syndicate.delivery.rate_limit import RateLimits
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import TransportDown
from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.store.ingest import article_store
from syndicate.store.mail import delivery_store
from tests.factories import NOW, cut, edition_story, new_article, place
from tests.jobs.room import Room

MINUTE = timedelta(minutes=1)
NEWSLETTER = '[[newsletters]]\nname = "daily"\ntitle = "The digest"\nschedule = "daily 07:00"\n'


def mail_to(room: Room, *readers: str) -> None:
    """Subscribe readers and cut an edition for them; its text holds every reader's own link."""
    room.subscribe(*(f"{reader}@example.org" for reader in readers))
    (article_id,) = room.add(new_article(1))
    link = room.services.edition_renderer.unsubscribe_url(room.services.newsletters[0])
    with room.store.write() as connection:
        place(connection, article_id)
        article = article_store.get_articles(connection, [article_id])[article_id]
        cut(
            connection,
            [edition_story(article)],
            rendered=("The news of Tuesday", f'<p><a href="{link}">Unsubscribe</a></p>', f"Leave: {link}\n"),
        )


def job(
    room: Room,
    port: int,
    *,
    now=NOW,
    on_claim: Callable[[], object] = lambda: None,
    owner="us",
    limits: RateLimits | None = None,
    **options: Any,
) -> DeliverJob:
    """The job of these services, but over plain SMTP to a port of ours, and with the test's clock."""

    class Watched(SmtpSender):
        def run(self, next_mail: Any, record_results: Any, **facts: Any) -> TransportDown | None:
            def settled(ended: Any, beginning: Any) -> Any:
                if beginning:
                    on_claim()
                return record_results(ended, beginning)

            return super().run(next_mail, settled, **facts)

    facts: dict[str, Any] = {"tls": "none", "domain": "example.com", "timeout": 10} | options
    return DeliverJob(
        store=room.store,
        sender=lambda: Watched(SmtpOptions(host="127.0.0.1", port=port, **facts)),
        mail=room.services.mail_options,
        owner=owner,
        limits=limits or RateLimits(),
        clock=lambda: now,
    )


def states(room: Room) -> dict[str, str]:
    """State by reader."""
    with room.store.read() as connection:
        found = delivery_store.list_deliveries(connection)
    return {one.delivery.address.partition("@")[0]: one.delivery.state.value for one in found}


def messages(raw: list[bytes]) -> list[EmailMessage]:
    parsed = [email.message_from_bytes(one, policy=email.policy.default) for one in raw]
    assert all(isinstance(one, EmailMessage) for one in parsed)
    return parsed


def to(raw: list[bytes]) -> list[str]:
    return sorted(message["To"].addresses[0].username for message in messages(raw))

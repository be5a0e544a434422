"""Run of the whole pipeline on the demo's publications, with the services of ``syndicate run``."""

import email
import email.policy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import urlsplit

from syndicate.audience.mailbox_address import normalise_address
from syndicate.demo.demo_folder import DemoFolder
from syndicate.errors import SyndicateError
from syndicate.files import write_atomic
from syndicate.jobs.ingest.polls import IngestResult
from syndicate.jobs.publish.publish_job import PublishResult
from syndicate.model import DeliveryState
from syndicate.services import Services
from syndicate.store.ingest import article_store, source_store
from syndicate.store.mail import delivery_store
from syndicate.store.stories import story_store
from syndicate.store.subscribers import audience_store
from syndicate.text.plain import excerpt

# Name, address and newsletter.
READERS = (
    ("Ada Lindgren-Osei", "ada@reader.example", "daily"),
    ("Tomás O'Hara", "tomas@reader.example", "daily"),
    ("سلمى الحداد", "salma@reader.example", "arabic"),
    ("Bertil Quist", "bertil@reader.example", "daily"),
)
UNSUBSCRIBED = "bertil@reader.example"
# File name of each newsletter's edition.
DIGESTS = {"daily": "digest", "arabic": "digest-arabic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoResult:
    """Result of the demo. ``counts`` are numbers by name; ``warnings`` are sentences about sources."""

    counts: dict[str, int]
    feeds: tuple[Path, ...]
    pages: tuple[Path, ...]
    editions: tuple[Path, ...]
    messages: tuple[Path, ...]
    warnings: tuple[str, ...] = field(default=())


def run_pipeline(
    services: Services, folder: DemoFolder, now: datetime, say: Callable[[str], None] = lambda _line: None
) -> DemoResult:
    """Run every stage and the archive, then poll again, which must change nothing.

    Calls ``say`` with a line after each stage. Raises ``SyndicateError`` if a stage fails.
    """
    subscribe_readers(services, now)
    polled = services.ingest.run(now)
    say(f"ingest    {polled.new} articles from {len(polled.sources) - polled.failed} sources")
    placed = services.stories.run(now)
    say(f"stories   {placed.placed} articles placed, {placed.new_stories} stories")
    built = _published(services, now)
    say(f"publish   {len(built.feeds)} feed files, {len(built.pages)} files of the site")
    cut = services.editions.run(now)
    _require([outcome.problem or outcome.outcome for outcome in cut if outcome.outcome != "cut"])
    for outcome in cut:
        say(f"edition   {excerpt(outcome.subject, 68)}")
    archived = _published(services, now)
    say(f"publish   {len(archived.pages)} files of the newsletter's archive")
    sent = services.deliver.run(now)
    _require([sent.problem] if sent.problem else [])
    say(f"deliver   {sent.sent} messages")
    counts = {
        "duplicates": placed.duplicates,
        "feeds": len(built.feeds),
        "pages": sum(name.endswith(".html") for name in built.pages),
        "editions": len(cut),
        "edition_stories": sum(outcome.stories for outcome in cut),
    }
    messages = tuple(sorted(folder.outbox.glob("*.eml")))
    return DemoResult(
        counts=counts | _poll_again(services, now, say) | count(services),
        feeds=tuple(folder.feeds / name for name in built.feeds),
        pages=tuple(folder.feeds / name for name in (*built.pages, *archived.pages)),
        editions=write_digests(messages, folder.folder),
        messages=messages,
        warnings=_warnings(services, polled, now),
    )


def _published(services: Services, now: datetime) -> PublishResult:
    result = services.publish.run(now)
    _require(result.failures)
    return result


def _poll_again(services: Services, now: datetime, say: Callable[[str], None]) -> dict[str, int]:
    """Poll, place and publish again; nothing is new, so nothing may change."""
    again = services.ingest.run(now + timedelta(seconds=1))
    services.stories.run(now)
    rebuilt = services.publish.run(now)
    new, rewritten = again.new + again.changed, len(rebuilt.feeds) + len(rebuilt.pages)
    say(f"again     {new} articles new or changed, {rewritten} files rewritten")
    return {"second_poll_new": new, "second_poll_rewritten": rewritten}


def subscribe_readers(services: Services, now: datetime) -> None:
    """Subscribe three readers; a fourth subscribes and unsubscribes."""
    with services.store.write() as connection:
        for name, text, newsletter in READERS:
            address = normalise_address(text)
            audience_store.add_subscription(
                connection,
                address=address.display,
                address_key=address.key,
                name=name,
                language="",
                newsletter=newsletter,
                evidence="invented for the demo",
                now=now,
            )
            if text == UNSUBSCRIBED:
                audience_store.end_all_subscriptions(
                    connection, address.key, detail="invented for the demo", now=now
                )


def count(services: Services) -> dict[str, int]:
    """Return the numbers of rows in the store."""
    with services.store.read() as connection:
        ids = [row.article_id for row in story_store.story_articles(connection)]
        links = story_store.related_links(connection, ids, site_url="")
        stories, several_sources = story_store.count_stories(connection)
        deliveries = delivery_store.count_deliveries(connection)
        return {
            "sources": len(source_store.list_sources(connection)),
            "articles": article_store.count_articles(connection),
            "stories": stories,
            "stories_several_sources": several_sources,
            "related_links": sum(map(len, links.values())),
            "articles_with_related": sum(map(bool, links.values())),
            "deliveries": sum(deliveries.values()),
            "sent": deliveries.get(DeliveryState.SENT.value, 0),
        }


def write_digests(messages: Sequence[Path], folder: Path) -> tuple[Path, ...]:
    """Write each newsletter's edition as HTML and text, from the mail of a reader."""
    mails = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in messages]
    written = []
    for newsletter, name in DIGESTS.items():
        mail = next(mail for mail in mails if f"<{newsletter}." in mail["List-Id"])
        for kind, suffix in (("html", "html"), ("plain", "txt")):
            target = folder / f"{name}.{suffix}"
            write_atomic(target, _part(mail, kind).encode())
            written.append(target)
    return tuple(written)


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    if part is None:
        raise SyndicateError(f"the message has no {kind} part")
    return str(part.get_content())


def _warnings(services: Services, polled: IngestResult, now: datetime) -> tuple[str, ...]:
    with services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=now)
    moved = [
        f"{report.source.name}: moved permanently to {urlsplit(report.state.permanent_url).path}"
        for report in reports
        if report.state.permanent_url
    ]
    problems = [
        f"{source.name}: {source.error or source.warning}"
        for source in polled.sources
        if source.error or source.warning
    ]
    return tuple(sorted(moved + problems))


def _require(problems: tuple[str, ...] | list[str]) -> None:
    if problems:
        raise SyndicateError("the demo failed: " + "; ".join(problems))

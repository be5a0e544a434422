"""The whole pipeline, once, on the demo's newsroom: the same services as ``syndicate run``, then counted."""

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
from syndicate.store.mail import audience_store, delivery_store
from syndicate.store.stories import story_store
from syndicate.text.plain import excerpt

# Name, address and newsletter.
READERS = (
    ("Ada Lindgren-Osei", "ada@reader.example", "daily"),
    ("Tomás O'Hara", "tomas@reader.example", "daily"),
    ("سلمى الحداد", "salma@reader.example", "arabic"),
    ("Bertil Quist", "bertil@reader.example", "daily"),
)
LEFT_AGAIN = "bertil@reader.example"
# Where each newsletter's edition is written for looking at it.
DIGESTS = {"daily": "digest", "arabic": "digest-arabic"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Result of the demo. ``counts`` are numbers by name; ``warnings`` are sentences about single sources."""

    counts: dict[str, int]
    feeds: tuple[Path, ...]
    pages: tuple[Path, ...]
    editions: tuple[Path, ...]
    messages: tuple[Path, ...]
    warnings: tuple[str, ...] = field(default=())


def run_pipeline(
    services: Services, place: DemoFolder, now: datetime, say: Callable[[str], None] = lambda _line: None
) -> Outcome:
    """Ingest, stories, publish, edition, its archive, deliver; then poll again, which must change nothing.

    ``say`` is given one line after each stage. Raises ``SyndicateError`` when a stage did not do its work.
    """
    subscribe_readers(services, now)
    read = services.ingest.run(now)
    say(f"ingest    {read.new} articles from {len(read.sources) - read.failed} sources")
    placed = services.stories.run(now)
    say(f"stories   {placed.placed} articles placed, {placed.new_stories} stories")
    built = _published(services, now)
    say(f"publish   {len(built.feeds)} feed files, {len(built.pages)} files of the site")
    cut = services.editions.run(now)
    _insist([outcome.problem or outcome.outcome for outcome in cut if outcome.outcome != "cut"])
    for outcome in cut:
        say(f"edition   {excerpt(outcome.subject, 68)}")
    archived = _published(services, now)
    say(f"publish   {len(archived.pages)} files of the newsletter's archive")
    sent = services.deliver.run(now)
    _insist([sent.problem] if sent.problem else [])
    say(f"deliver   {sent.sent} messages")
    counts = {
        "duplicates": placed.duplicates,
        "feeds": len(built.feeds),
        "pages": sum(name.endswith(".html") for name in built.pages),
        "editions": len(cut),
        "edition_stories": sum(outcome.stories for outcome in cut),
    }
    messages = tuple(sorted(place.outbox.glob("*.eml")))
    return Outcome(
        counts=counts | _again(services, now, say) | count(services),
        feeds=tuple(place.feeds / name for name in built.feeds),
        pages=tuple(place.feeds / name for name in (*built.pages, *archived.pages)),
        editions=write_digests(messages, place.folder),
        messages=messages,
        warnings=_warnings(services, read, now),
    )


def _published(services: Services, now: datetime) -> PublishResult:
    result = services.publish.run(now)
    _insist(result.failures)
    return result


def _again(services: Services, now: datetime, say: Callable[[str], None]) -> dict[str, int]:
    """Poll, place and publish once more: nothing is new, so nothing may change."""
    again = services.ingest.run(now + timedelta(seconds=1))
    services.stories.run(now)
    rebuilt = services.publish.run(now)
    new, rewritten = again.new + again.changed, len(rebuilt.feeds) + len(rebuilt.pages)
    say(f"again     {new} articles new or changed, {rewritten} files rewritten")
    return {"second_poll_new": new, "second_poll_rewritten": rewritten}


def subscribe_readers(services: Services, now: datetime) -> None:
    """Three readers who will get the edition, and one who left before it."""
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
            if text == LEFT_AGAIN:
                audience_store.end_all_subscriptions(
                    connection, address.key, detail="invented for the demo", now=now
                )


def count(services: Services) -> dict[str, int]:
    """Return what the store holds, by the words of the house."""
    with services.store.read() as connection:
        ids = [row.article_id for row in story_store.story_articles(connection)]
        links = story_store.related_links(connection, ids, site_url="")
        stories, told_by_several = story_store.count_stories(connection)
        deliveries = delivery_store.count_deliveries(connection)
        return {
            "sources": len(source_store.list_sources(connection)),
            "articles": article_store.count_articles(connection),
            "stories": stories,
            "stories_several_sources": told_by_several,
            "related_links": sum(map(len, links.values())),
            "articles_with_related": sum(map(bool, links.values())),
            "deliveries": sum(deliveries.values()),
            "sent": deliveries.get(DeliveryState.SENT.value, 0),
        }


def write_digests(messages: Sequence[Path], folder: Path) -> tuple[Path, ...]:
    """Each newsletter's edition as one of its readers got it, as HTML and as text."""
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


def _warnings(services: Services, read: IngestResult, now: datetime) -> tuple[str, ...]:
    with services.store.read() as connection:
        reports = source_store.report_sources(connection, week_ago=now)
    moved = [
        f"{report.source.name}: moved for good to {urlsplit(report.state.permanent_url).path}"
        for report in reports
        if report.state.permanent_url
    ]
    spoken = [
        f"{source.name}: {source.error or source.warning}"
        for source in read.sources
        if source.error or source.warning
    ]
    return tuple(sorted(moved + spoken))


def _insist(problems: tuple[str, ...] | list[str]) -> None:
    if problems:
        raise SyndicateError("the demo did not work: " + "; ".join(problems))

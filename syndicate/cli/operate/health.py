"""One look at the store: how everything is doing, and what needs a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndicate.cli.common import local, plural
from syndicate.cli.editing.newsletter_commands import MISSED_SHOWN, zone_of
from syndicate.ingest.poll_schedule import believed_url
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.newsletter.due_periods import waiting_periods
from syndicate.model import (
    DeliveryState,
    EditorDecision,
    HubSubscription,
    Origin,
    Source,
    SourceListState,
    SourceState,
)
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period
from syndicate.services import Services
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.core.quarantine import Failure
from syndicate.store.core.store_identity import MailHold, mail_hold
from syndicate.store.ingest import (
    article_store,
    hub_store,
    list_store,
    page_store,
    part_store,
    source_store,
    tombstones,
)
from syndicate.store.ingest.source_store import SourceReport
from syndicate.store.mail import (
    audience_store,
    bounce_store,
    delivery_store,
    edition_store,
    period_store,
    sending_pauses,
)
from syndicate.store.mail.delivery_store import DeliveryReport
from syndicate.store.mail.edition_store import EditionReport
from syndicate.store.mail.sending_pauses import SendingPause
from syndicate.store.output import stale
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.text.privacy import hidden_address

WEEK = timedelta(days=7)
FAILURES_WORTH_A_PERSON = 3
# What is quarantined of them rests after some failures; everything else waits for a person at once.
SENT_BY_OTHERS = ("entry", "document")
# A sender that works clears its queue far sooner; one that does not should be noticed.
STUCK = timedelta(hours=1)
UNCERTAIN_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """One look at the store. ``problems`` are sentences about what a person should do something about."""

    now: datetime
    sources: tuple[SourceReport, ...]
    hubs: dict[int, HubSubscription]
    articles: int
    stories: int
    covered: int
    stale_pages: int
    editions: list[EditionReport]
    gathering: dict[str, tuple[Period, Gathered]]
    missed: dict[str, list[datetime]]
    deliveries: dict[str, int]
    bounces: dict[str, int]
    oldest_due: datetime | None
    subscriptions: dict[str, dict[str, int]]
    uncertain: list[DeliveryReport]
    deferral: str
    pause: SendingPause | None
    refused: int
    late: int
    pages: dict[str, int]
    refused_pages: list[tuple[str, int]]
    failing_parts: list[tuple[str, int, str]]
    failures: tuple[Failure, ...]
    dropped: dict[str, int]
    top: tuple[str, ...]
    decisions: list[EditorDecision]
    hold: MailHold | None = None
    lists: tuple[tuple[str, SourceListState], ...] = ()
    problems: list[str] = field(default_factory=list)


def look(services: Services, now: datetime) -> Health:
    """Read everything ``status`` shows."""
    gathering = waiting_periods(services.store, services.newsletters, now)
    with services.store.read() as connection:
        pause = sending_pauses.sending_pause(connection, now)
        stories, covered = story_store.count_stories(connection)
        top = ranked_lists.ranked_stories(connection, "top", limit=5)
        titles = article_store.get_articles(connection, [story.article_id for story in top])
        health = Health(
            now=now,
            sources=source_store.report_sources(connection, week_ago=now - WEEK),
            hubs=hub_store.list_hub_subscriptions(connection),
            articles=article_store.count_articles(connection),
            stories=stories,
            covered=covered,
            stale_pages=stale.count_stale(connection),
            editions=edition_store.report_editions(connection, limit=5),
            gathering=gathering,
            missed=period_store.missed_periods(connection, since=now - MISSED_SHOWN),
            deliveries=delivery_store.count_deliveries(connection),
            bounces=bounce_store.count_by_kind(connection),
            oldest_due=delivery_store.next_delivery(connection),
            subscriptions=audience_store.count_subscriptions_by_state(connection),
            hold=mail_hold(connection),
            uncertain=delivery_store.list_deliveries(
                connection, states=(DeliveryState.UNCERTAIN,), limit=UNCERTAIN_SHOWN + 1
            ),
            deferral=pause.reason if pause else _last_deferral(connection),
            pause=pause,
            refused=delivery_store.count_refused(connection),
            late=delivery_store.count_late(connection, since=now - WEEK),
            pages=page_store.count_pages(connection),
            refused_pages=page_store.refused_pages(connection, limit=5),
            failing_parts=part_store.failing_parts(connection, FAILURES_WORTH_A_PERSON),
            failures=quarantine.failures(connection),
            lists=_lists(services, connection),
            dropped=tombstones.count_dropped(connection),
            top=tuple(
                f"{titles[story.article_id].title} ({plural(story.coverage, 'source')})"
                for story in top
                if story.article_id in titles
            ),
            decisions=decision_store.decisions(connection, at=now),
        )
    health.problems.extend(_problems(health, services))
    return health


def _lists(services: Services, connection: Connection) -> tuple[tuple[str, SourceListState], ...]:
    states = list_store.list_states(connection)
    return tuple(
        (hidden_address(source_list.url) if source_list.private else source_list.url, states[source_list.url])
        for source_list in services.source_lists
        if source_list.url in states
    )


def _last_deferral(connection: Connection) -> str:
    """Return what the mail server, or the disk, said when it last put mail off."""
    waiting = (DeliveryState.DEFERRED, DeliveryState.PENDING)
    latest = delivery_store.list_deliveries(connection, states=waiting, limit=1)
    return latest[0].error if latest else ""


def _problems(health: Health, services: Services) -> list[str]:
    return [
        *_problems_of_sources(health),
        *_problems_of_lists(health),
        *_failures(health),
        *_missed(health, services),
        *_problems_of_mail(health, services.zone),
    ]


def _problems_of_sources(health: Health) -> list[str]:
    found = []
    for report in health.sources:
        name, state = report.source.name, report.state
        if report.source.paused:
            continue
        if state.gone:
            found.append(f"source {name} is gone for good (410): {_advice(report.source, 'remove it')}")
        elif needs_a_person(state):
            found.append(f"source {name} failed {plural(state.failures, 'time')}: {state.error}")
        if moved := shown_address(report.source, believed_url(state)):
            advice = _advice(report.source, "change its url")
            found.append(f"source {name} has moved for good to {moved}: {advice}")
    return found


def _problems_of_lists(health: Health) -> list[str]:
    return [
        f"source list {shown} failed {plural(state.failures, 'time')}: {state.error}"
        for shown, state in health.lists
        if needs_a_person(state)
    ]


def needs_a_person(state: SourceState | SourceListState) -> bool:
    """Return whether it fails again and again, or has never worked."""
    return state.failures >= FAILURES_WORTH_A_PERSON or bool(state.failures and state.last_success is None)


def _failures(health: Health) -> list[str]:
    names = {report.source.id: report.source.name for report in health.sources}
    quarantined = [
        f"{failure.kind} {failure.subject}{_belonging(failure, names)} failed "
        f"{plural(failure.attempts, 'time')}: {failure.reason}"
        for failure in health.failures
        if failure.is_quarantined or failure.kind not in SENT_BY_OTHERS
    ]
    parts = [
        f"sitemap {url} failed {plural(count, 'time')}: {error}" for url, count, error in health.failing_parts
    ]
    return quarantined + parts


def _belonging(failure: Failure, names: Mapping[int, str]) -> str:
    """Return the owner's name, unless the item's own name says it."""
    name = names.get(failure.source_id, "")
    return f" of {name}" if name and name != failure.subject else ""


def _missed(health: Health, services: Services) -> list[str]:
    return [
        f"edition of {name} for {local(end, zone_of(services, name))} was missed: "
        "nothing ran in time, or a backup was restored"
        for name, missed in health.missed.items()
        for end in missed
    ]


def _problems_of_mail(health: Health, zone: ZoneInfo) -> list[str]:
    found = [hold_text(health.hold)] if health.hold else []
    if uncertain := health.deliveries.get(DeliveryState.UNCERTAIN.value):
        found.append(f"{plural(uncertain, 'delivery')} may or may not have arrived{_uncertain(health)}")
    if health.pause and health.pause.refusals:
        found.append(
            f"the mail server refused us {plural(health.pause.refusals, 'time')} in a row: "
            f"{health.pause.reason}. Nothing is sent before {local(health.pause.until, zone)}; mend it, then "
            "`syndicate deliver --resume` tries at once"
        )
    if health.refused:
        found.append(
            f"{plural(health.refused, 'delivery')} refused for good: see `syndicate deliveries list "
            "--state failed`, then remove the address or send again"
        )
    if health.late:
        found.append(
            f"{plural(health.late, 'delivery')} could not be sent before it was too late: see `syndicate "
            "deliveries list --state failed`"
        )
    if health.oldest_due and not health.hold and health.now - health.oldest_due > STUCK:
        found.append(f"mail has waited since {local(health.oldest_due, zone)}: is `syndicate run` running?")
    return found


def _uncertain(health: Health) -> str:
    """Return the latest uncertain deliveries, and what to do about them."""
    shown = health.uncertain[:UNCERTAIN_SHOWN]
    names = [f"{report.delivery.id} to {report.delivery.address}" for report in shown]
    names += ["…"] if len(health.uncertain) > UNCERTAIN_SHOWN else []
    ids = " ".join(str(report.delivery.id) for report in shown)
    return (
        f" ({', '.join(names)}): look for the addresses in the mail server's log; `syndicate deliveries "
        f"resend {ids}` sends them again, `syndicate deliveries list --state uncertain` shows all"
    )


def _advice(source: Source, what: str) -> str:
    """Return how a source is changed, which depends on its origin."""
    if source.origin is Origin.CONFIG:
        return f"{what} in the configuration"
    if source.listed_in:
        return f"{what} in its source list, or with `syndicate sources`"
    return f"{what} with `syndicate sources`"


def shown_address(source: Source, url: str) -> str:
    """An address of a source as it may be shown."""
    return hidden_address(url) if url and source.private else url

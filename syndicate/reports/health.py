"""Health of an installation: counts and states from the store, and problems that need a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndicate import model
from syndicate.ingest.poll_schedule import confirmed_url
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.newsletter.due_periods import waiting_periods
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period
from syndicate.reports.newsletter_times import MISSED_SHOWN, zone_of
from syndicate.reports.phrases import local_time, plural
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
from syndicate.text.privacy import masked_address

WEEK = timedelta(days=7)
FAILURES_TO_REPORT = 3
# Input of other servers. It is quarantined after several failures; anything else at its first failure.
UNTRUSTED_KINDS = ("entry", "document")
# A working sender clears its queue far sooner.
STUCK = timedelta(hours=1)
UNCERTAIN_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """State of an installation at a given time. ``problems`` are sentences for the operator."""

    now: datetime
    sources: tuple[SourceReport, ...]
    hubs: Mapping[int, model.HubSubscription]
    articles: int
    stories: int
    covered: int
    stale_pages: int
    editions: Sequence[EditionReport]
    gathering: Mapping[str, tuple[Period, Gathered]]
    missed: Mapping[str, Sequence[datetime]]
    deliveries: Mapping[str, int]
    bounces: Mapping[str, int]
    oldest_due: datetime | None
    subscriptions: Mapping[str, Mapping[str, int]]
    uncertain: Sequence[DeliveryReport]
    deferral: str
    pause: SendingPause | None
    refused: int
    late: int
    pages: Mapping[str, int]
    refused_pages: Sequence[tuple[str, int]]
    failing_parts: Sequence[tuple[str, int, str]]
    failures: tuple[Failure, ...]
    dropped: Mapping[str, int]
    top: tuple[str, ...]
    decisions: Sequence[model.EditorDecision]
    hold: MailHold | None = None
    lists: tuple[tuple[str, model.SourceListState], ...] = ()
    problems: tuple[str, ...] = ()


def read_health(services: Services, now: datetime) -> Health:
    """Read the store and collect the problems."""
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
                connection, states=(model.DeliveryState.UNCERTAIN,), limit=UNCERTAIN_SHOWN + 1
            ),
            deferral=pause.reason if pause else _last_deferral(connection),
            pause=pause,
            refused=delivery_store.count_refused(connection),
            late=delivery_store.count_late(connection, since=now - WEEK),
            pages=page_store.count_pages(connection),
            refused_pages=page_store.refused_pages(connection, limit=5),
            failing_parts=part_store.failing_parts(connection, FAILURES_TO_REPORT),
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
    return replace(health, problems=_problems(health, services))


def _lists(services: Services, connection: Connection) -> tuple[tuple[str, model.SourceListState], ...]:
    states = list_store.list_states(connection)
    return tuple(
        (masked_address(source_list.url) if source_list.private else source_list.url, states[source_list.url])
        for source_list in services.source_lists
        if source_list.url in states
    )


def _last_deferral(connection: Connection) -> str:
    """Return the error of the latest deferral, from the mail server or the disk."""
    waiting = (model.DeliveryState.DEFERRED, model.DeliveryState.PENDING)
    latest = delivery_store.list_deliveries(connection, states=waiting, limit=1)
    return latest[0].error if latest else ""


def _problems(health: Health, services: Services) -> tuple[str, ...]:
    return (
        *_source_problems(health),
        *(
            f"source list {shown} failed {plural(state.failures, 'time')}: {state.error}"
            for shown, state in health.lists
            if needs_a_person(state)
        ),
        *_failures(health),
        *_missed(health, services),
        *_mail_problems(health, services.zone),
    )


def _source_problems(health: Health) -> list[str]:
    problems = []
    for report in health.sources:
        name, state = report.source.name, report.state
        if report.source.paused:
            continue
        if state.gone:
            problems.append(f"source {name} is gone for good (410): {_advice(report.source, 'remove it')}")
        elif needs_a_person(state):
            problems.append(f"source {name} failed {plural(state.failures, 'time')}: {state.error}")
        if moved := shown_address(report.source, confirmed_url(state)):
            advice = _advice(report.source, "change its url")
            problems.append(f"source {name} has moved for good to {moved}: {advice}")
    return problems


def needs_a_person(state: model.SourceState | model.SourceListState) -> bool:
    """Return true for a source or list that fails repeatedly or has never worked."""
    return state.failures >= FAILURES_TO_REPORT or bool(state.failures and state.last_success is None)


def _failures(health: Health) -> list[str]:
    names = {report.source.id: report.source.name for report in health.sources}
    quarantined = [
        f"{failure.kind} {failure.subject}{_owner(failure, names)} failed "
        f"{plural(failure.attempts, 'time')}: {failure.reason}"
        for failure in health.failures
        if failure.is_quarantined or failure.kind not in UNTRUSTED_KINDS
    ]
    parts = [
        f"sitemap {url} failed {plural(count, 'time')}: {error}" for url, count, error in health.failing_parts
    ]
    return quarantined + parts


def _owner(failure: Failure, names: Mapping[int, str]) -> str:
    """Return the source of a failed item, unless the item is named after it."""
    name = names.get(failure.source_id, "")
    return f" of {name}" if name and name != failure.subject else ""


def _missed(health: Health, services: Services) -> list[str]:
    return [
        f"edition of {name} for {local_time(end, zone_of(services, name))} was missed: "
        "the daemon did not run in time, or a backup was restored"
        for name, missed in health.missed.items()
        for end in missed
    ]


def _mail_problems(health: Health, zone: ZoneInfo) -> list[str]:
    problems = [hold_text(health.hold)] if health.hold else []
    if uncertain := health.deliveries.get(model.DeliveryState.UNCERTAIN.value):
        problems.append(f"{plural(uncertain, 'delivery')} may or may not have arrived{_uncertain(health)}")
    if health.pause and health.pause.refusals:
        problems.append(
            f"the mail server refused the sender {plural(health.pause.refusals, 'time')} in a row: "
            f"{health.pause.reason}. Sending is paused until {local_time(health.pause.until, zone)}. "
            "Fix the cause, then `syndicate deliver --resume` sends at once"
        )
    if health.refused:
        problems.append(
            f"{plural(health.refused, 'delivery')} permanently refused: see `syndicate deliveries list "
            "--state failed`, then remove the address or send again"
        )
    if health.late:
        problems.append(
            f"{plural(health.late, 'delivery')} could not be sent before it was too late: see `syndicate "
            "deliveries list --state failed`"
        )
    if health.oldest_due and not health.hold and health.now - health.oldest_due > STUCK:
        problems.append(
            f"mail has been due since {local_time(health.oldest_due, zone)}: is `syndicate run` running?"
        )
    return problems


def _uncertain(health: Health) -> str:
    """Return the latest uncertain deliveries and the commands that resolve them."""
    shown = health.uncertain[:UNCERTAIN_SHOWN]
    names = [f"{report.delivery.id} to {report.delivery.address}" for report in shown]
    names += ["…"] if len(health.uncertain) > UNCERTAIN_SHOWN else []
    ids = " ".join(str(report.delivery.id) for report in shown)
    return (
        f" ({', '.join(names)}): look for the addresses in the mail server's log; `syndicate deliveries "
        f"resend {ids}` sends them again, `syndicate deliveries list --state uncertain` shows all"
    )


def _advice(source: model.Source, change: str) -> str:
    """Return the way to change a source, which depends on its origin."""
    if source.origin is model.Origin.CONFIG:
        return f"{change} in the configuration"
    if source.listed_in:
        return f"{change} in its source list, or with `syndicate sources`"
    return f"{change} with `syndicate sources`"


def shown_address(source: model.Source, url: str) -> str:
    """Return a source's URL; the secret parts of a private source's URL are hidden."""
    return masked_address(url) if url and source.private else url

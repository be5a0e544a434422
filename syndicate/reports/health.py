"""Health of an installation: counts and states from the store, for ``status``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate import model
from syndicate.jobs.admin.needs import MISSED_SHOWN
from syndicate.jobs.backup.backup_job import BackupState, backup_state
from syndicate.jobs.newsletter.due_periods import waiting_periods
from syndicate.newsletter.period_readiness import Gathered
from syndicate.newsletter.periods import Period
from syndicate.services import Services
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.core.quarantine import Failure
from syndicate.store.ingest import article_store, hub_store, page_store, source_store, tombstones
from syndicate.store.ingest.source_store import SourceReport
from syndicate.store.mail import bounce_store, delivery_store, edition_store, period_store, sending_pauses
from syndicate.store.mail.edition_store import EditionReport
from syndicate.store.output import stale
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.store.subscribers import audience_store
from syndicate.text.phrases import plural

WEEK = timedelta(days=7)


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
    subscriptions: Mapping[str, Mapping[str, int]]
    deferral: str
    pages: Mapping[str, int]
    refused_pages: Sequence[tuple[str, int]]
    failures: tuple[Failure, ...]
    dropped: Mapping[str, int]
    top: tuple[str, ...]
    decisions: Sequence[model.EditorDecision]
    backup: BackupState | None = None
    problems: tuple[str, ...] = ()


def read_health(services: Services, now: datetime, *, totals: bool = False) -> Health:
    """Read the counts and the needs; ``totals`` is for the number of all articles of each source."""
    gathering = waiting_periods(services.store, services.newsletters, now)
    with services.store.read() as connection:
        paused = (sending_pauses.sending_pause(connection, now, job.server) for job in services.delivers)
        reasons = "; ".join(pause.reason for pause in paused if pause)
        stories, covered = story_store.count_stories(connection)
        top = ranked_lists.ranked_stories(connection, "top", limit=5)
        titles = article_store.get_articles(connection, [story.article_id for story in top])
        return Health(
            now=now,
            sources=source_store.report_sources(connection, week_ago=now - WEEK, totals=totals),
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
            subscriptions=audience_store.count_subscriptions_by_state(connection),
            deferral=reasons or _last_deferral(connection),
            pages=page_store.count_pages(connection),
            refused_pages=page_store.refused_pages(connection, limit=5),
            failures=quarantine.failures(connection),
            dropped=tombstones.count_dropped(connection),
            top=tuple(
                f"{titles[story.article_id].title} ({plural(story.coverage, 'source')})"
                for story in top
                if story.article_id in titles
            ),
            decisions=decision_store.decisions(connection, at=now),
            backup=backup_state(connection) if services.backup else None,
            problems=tuple(need.text for need in services.needs.read(connection, now) if need.is_problem),
        )


def _last_deferral(connection: Connection) -> str:
    """Return the error of the latest deferral, from the mail server or the disk."""
    waiting = (model.DeliveryState.DEFERRED, model.DeliveryState.PENDING)
    latest = delivery_store.list_deliveries(connection, states=waiting, limit=1)
    return latest[0].error if latest else ""

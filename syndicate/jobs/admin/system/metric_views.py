"""Metrics: names, labels and values from the rows, and from the counts and durations of this process."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syndicate import measures
from syndicate.jobs.admin.needs import NeedsReader
from syndicate.jobs.admin.sources.source_list_view import Ordered, SourceCondition
from syndicate.jobs.backup.backup_job import backup_state
from syndicate.jobs.stage_log import StageLog
from syndicate.store import Connection, Store
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.ingest import source_store
from syndicate.store.mail import delivery_store, review_store, sending_pauses
from syndicate.store.output import metric_rows, stage_store, stale
from syndicate.store.stories import story_store
from syndicate.store.subscribers import audience_store
from syndicate.text.tables import table_of

Values = Mapping[tuple[str, ...], float]
"""Value by the labels of a metric."""
CACHED_SECONDS = 10.0
MOST_NAMES = 200
"""Number of channels and of newsletters with a label of their own; all others are ``other``."""
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Metric:
    """Metric: name without ``syndicate_``, kind (gauge, counter, histogram), purpose and labels.

    ``measure`` is the name of a histogram's durations. A counter adds up ``facts`` of ``stages``, each by
    itself if it has a label.
    """

    name: str
    kind: str
    purpose: str
    labels: Sequence[str] = ()
    measure: str = ""
    stages: Sequence[str] = ()
    facts: Sequence[str] = ()


METRICS = tuple(Metric(name, **facts) for name, facts in table_of(__name__).items())
"""All metrics in the order of the answer, from ``metric_views.toml``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsReader:
    """Reads the values of all metrics in a read transaction, at most every ten seconds.

    ``channels`` and ``newsletters`` are declared names, ``conditions`` the condition of each source.
    """

    store: Store
    version: str
    needs: NeedsReader
    stage_log: StageLog
    channels: Collection[str]
    newsletters: Collection[str]
    conditions: Callable[[Connection, datetime], Ordered]
    clock: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, dict[str, Values]]] = field(default_factory=dict)

    def read(self, now: datetime) -> dict[str, Values]:
        """Return the values of all gauges and counters by metric."""
        read_at, values = self._cache.get("", (0.0, {}))
        if not values or self.clock() - read_at > CACHED_SECONDS:
            totals = self.stage_log.totals()
            with self.store.snapshot() as connection:
                values = {
                    **_counters(totals),
                    **self._jobs(connection, now),
                    **self._incoming(connection, now),
                    **self._outgoing(connection, now),
                }
            self._cache[""] = self.clock(), values
        return values

    def _jobs(self, connection: Connection, now: datetime) -> dict[str, Values]:
        made = backup_state(connection).made
        rows = stage_store.stage_rows(connection).values()
        return {
            "build_info": {(self.version, connection.dialect.name): 1},
            "needs_person": _by(Counter(need.kind for need in self.needs.read(connection, now))),
            "job_last_success_timestamp_seconds": {
                (row.stage,): row.success.timestamp() for row in rows if row.success
            },
            "store_bytes": {(): metric_rows.store_bytes(connection)},
            "backup_timestamp_seconds": {(): datetime.fromisoformat(made).timestamp()} if made else {},
            "webhook_deliveries": _by(metric_rows.webhook_deliveries(connection)),
        }

    def _incoming(self, connection: Connection, now: datetime) -> dict[str, Values]:
        due, names = source_store.next_check(connection), sorted(self.channels)[:MOST_NAMES]
        moving, _ = metric_rows.count_moving(connection, now - timedelta(days=1), covered_by=2)
        return {
            "sources": _by(Counter(_state(found) for _, found in self.conditions(connection, now))),
            "sources_overdue_seconds": {(): max(0.0, (now - due).total_seconds()) if due else 0.0},
            "stories_moving": {(): moving},
            "articles_unplaced": {(): story_store.count_unplaced(connection)},
            "stale_pages": {(): stale.count_stale(connection)},
            "channel_last_change_timestamp_seconds": {
                (name,): at.timestamp() for name, at in metric_rows.channel_changes(connection, names).items()
            },
        }

    def _outgoing(self, connection: Connection, now: datetime) -> dict[str, Values]:
        known = set(sorted(self.newsletters)[:MOST_NAMES])
        subscribers, waiting = Counter[tuple[str, ...]](), dict[tuple[str, ...], float]()
        for name, states in audience_store.count_subscriptions_by_state(connection).items():
            for state, count in states.items():
                subscribers[name if name in known else OTHER, state] += count
        for edition in review_store.waiting_editions(connection):
            key = (edition.newsletter if edition.newsletter in known else OTHER,)
            waiting[key] = max(waiting.get(key, 0.0), (now - edition.cut_at).total_seconds())
        editions = Counter[tuple[str, ...]]()
        for (name, state), count in metric_rows.edition_outcomes(connection, now).items():
            editions[name if name in known else OTHER, state] += count
        oldest = delivery_store.next_delivery(connection)
        return {
            "editions_total": editions,
            "edition_waiting_seconds": waiting,
            "deliveries": _by(metric_rows.unsent_deliveries(connection)),
            "delivery_oldest_seconds": {(): max(0.0, (now - oldest).total_seconds()) if oldest else 0.0},
            "sending_paused": _by(self._pauses(connection, now)),
            "subscribers": subscribers,
        }

    def _pauses(self, connection: Connection, now: datetime) -> dict[str, int]:
        pauses = [sending_pauses.sending_pause(connection, now, server) for server in self.needs.servers]
        return {
            "held": int(mail_hold(connection) is not None),
            "refused": int(any(pause and pause.refusals for pause in pauses)),
            "unreachable": int(any(pause and not pause.refusals for pause in pauses)),
        }


def histogram(metric: Metric) -> dict[tuple[str, ...], tuple[list[int], float]]:
    """Return the number of durations in each class, and their sum, by the labels of a histogram."""
    return {
        (label,) if metric.labels else (): value
        for (name, label), value in measures.durations().items()
        if name == metric.measure
    }


def _counters(totals: Counter[tuple[str, str]]) -> dict[str, Values]:
    found: dict[str, Values] = {
        metric.name: {
            (fact,) if metric.labels else (): sum(totals[stage, fact] for stage in metric.stages)
            for fact in metric.facts
        }
        for metric in METRICS
        if metric.facts
    }
    found["job_failures_total"] = {(label,): n for (name, label), n in totals.items() if name == "failures"}
    found["http_requests_total"] = {
        tuple(label.split(" ")): n for (name, label), n in totals.items() if name == "http"
    }
    return found


def _state(condition: SourceCondition) -> str:
    """Return the state of a source: gone, failing, slow, silent, paused or well."""
    word = condition.words.partition(" ")[0]
    if condition.tab == "paused" or word in ("gone", "silent"):
        return "paused" if condition.tab == "paused" else word
    return "slow" if condition.tab == "slow" else "failing" if condition.tab == "attention" else "well"


def _by(counts: Mapping[str, int]) -> Values:
    return {(label,): count for label, count in counts.items()}

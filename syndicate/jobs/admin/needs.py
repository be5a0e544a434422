"""Needs: everything that waits for a person, for ``status``, the overview, the menu, metrics and events."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from syndicate import model
from syndicate.groups import grouped
from syndicate.ingest.poll_schedule import confirmed_url
from syndicate.jobs.backup.backup_job import backup_problem, backup_state
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.jobs.lease_owners import describe_owner
from syndicate.newsletter.periods import read_zone
from syndicate.store import Connection, Store
from syndicate.store.core import quarantine
from syndicate.store.core.server_clock import database_time
from syndicate.store.core.store_identity import mail_hold
from syndicate.store.core.store_values import read_value
from syndicate.store.events import post_store, webhook_store
from syndicate.store.ingest import list_store, part_store, source_store
from syndicate.store.leases import worker_store
from syndicate.store.mail import delivery_store, period_store, review_store, sending_pauses, sending_rests
from syndicate.text.phrases import ago, local_time, plural
from syndicate.text.privacy import masked_address

FAILURES_TO_REPORT = 3
MISSED_SHOWN = timedelta(days=7)
"""Missed periods are shown for this long after they were recorded."""
# Input of other servers. It is quarantined after several failures; anything else at its first failure.
UNTRUSTED_KINDS = ("entry", "document", "webhook")
_RENDERED = ("page", "channel", "archive")
# A working sender clears its queue far sooner.
STUCK = timedelta(hours=1)
# Even a daily timer of `syndicate once` reads every source within this time.
UNREAD = timedelta(days=2)
UNCERTAIN_SHOWN = 5
CACHED_SECONDS = 10.0
FAILING_ALERTS = "alerts failing"
"""Key of the errors of alerts by way, as JSON."""
SOURCES, DELIVERIES, SYSTEM = "/admin/sources", "/admin/deliveries", "/admin/system"
# Areas without an entry of the menu, and the area whose entry counts their needs.
_AREAS = {"editions": "newsletters"}
_IS_RUNNING = "is `syndicate run` running?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that waits for a person.

    ``kind`` is ``source``, ``list``, ``quarantine``, ``edition``, ``mail``, ``backup``, ``worker``,
    ``webhook``, ``post`` or ``alert``;
    ``subject`` identifies the object in its kind. ``sentence`` and ``detail`` say what failed and why;
    ``command`` continues the detail for a person at a terminal. ``href`` is the page of the object and
    ``action`` the words of the link to it. ``is_failing`` marks a failure, as against a decision that waits.
    ``status`` lists the needs with ``is_problem``.
    """

    kind: str
    subject: str
    sentence: str
    href: str
    action: str = "Look at it"
    detail: str = ""
    command: str = ""
    since: datetime | None = None
    happens_by_itself: str = ""
    is_failing: bool = False
    is_problem: bool = True

    @property
    def text(self) -> str:
        """The need in a line, as ``status`` prints it."""
        return ": ".join(filter(None, (self.sentence, self.detail))) + self.command


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsReader:
    """Reads the needs of an installation from its rows.

    ``servers`` are the names of the mail servers, ``lists`` the URLs of the source lists with the form that
    may be shown.
    """

    store: Store
    zone: ZoneInfo
    newsletters: Sequence[model.Newsletter]
    servers: tuple[str, ...] = ("",)
    lists: tuple[tuple[str, str], ...] = ()
    backup_every: timedelta | None = None
    clock: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, tuple[Need, ...]]] = field(default_factory=dict)

    def current(self, now: datetime) -> tuple[Need, ...]:
        """Return the needs of the last ten seconds, so that every page can show their number."""
        read_at, needs = self._cache.get("", (0.0, ()))
        if not read_at or self.clock() - read_at > CACHED_SECONDS:
            with self.store.snapshot() as connection:
                needs = self.read(connection, now)
            self._cache[""] = self.clock(), needs
        return needs

    def read(self, connection: Connection, now: datetime) -> tuple[Need, ...]:
        """Return the needs, those of sources first."""
        return (
            *self._unread_need(connection, now),
            *self._source_needs(connection),
            *self._list_needs(connection),
            *_failure_needs(connection),
            *self._edition_needs(connection, now),
            *self._mail_needs(connection, now),
            *self._backup_needs(connection, now),
            *_outgoing_needs(connection),
            *worker_needs(connection),
        )

    def counts(self, now: datetime) -> dict[str, tuple[int, str]]:
        """Return the number of needs by path of the menu's entry, each with ``warn`` or ``bad``."""
        found: dict[str, tuple[int, str]] = {}
        for need in self.current(now):
            area = need.href.split("/")[2].partition("?")[0]
            for path in ("/", f"/{_AREAS.get(area, area)}"):
                count, level = found.get(path, (0, "warn"))
                found[path] = count + 1, "bad" if need.is_failing else level
        return found

    def problems(self, now: datetime) -> tuple[str, ...]:
        """Return the needs that ``status`` lists, in words."""
        with self.store.read() as connection:
            return tuple(need.text for need in self.read(connection, now) if need.is_problem)

    def _unread_need(self, connection: Connection, now: datetime) -> Iterator[Need]:
        due = source_store.next_check(connection)
        # A source that was paused for long is overdue until the next run.
        if due and now - due > UNREAD and not source_store.was_any_read(connection, now - UNREAD):
            sentence = f"sources have been due since {local_time(due, self.zone)}"
            need = partial(Need, kind="source", subject="unread", href=SYSTEM, since=due)
            yield need(sentence=sentence, detail=_IS_RUNNING, is_failing=True)

    def _source_needs(self, connection: Connection) -> Iterator[Need]:
        for source, state in source_store.sources_in_trouble(connection, FAILURES_TO_REPORT):
            need = partial(Need, kind="source", subject=str(source.id), href=f"{SOURCES}/{source.id}")
            if state.gone:
                sentence = f"source {source.name} is gone for good (410)"
                yield need(sentence=sentence, detail=_advice(source, "remove it"), since=state.last_attempt)
            elif needs_a_person(state):
                again = local_time(state.next_check, self.zone) if state.next_check else ""
                yield need(
                    sentence=f"source {source.name} failed {plural(state.failures, 'time')}",
                    detail=state.error,
                    since=state.last_success,
                    happens_by_itself=f"Read again by itself at {again}." if again else "",
                    is_failing=True,
                )
            if moved := shown_address(source, confirmed_url(state)):
                sentence = f"source {source.name} has moved for good to {moved}"
                # A source that has moved may also be gone.
                number, advice = f"{source.id} moved", _advice(source, "change its url")
                yield need(subject=number, sentence=sentence, detail=advice)

    def _list_needs(self, connection: Connection) -> Iterator[Need]:
        states = list_store.list_states(connection)
        need = partial(Need, kind="list", href=SOURCES, is_failing=True)
        for url, shown in self.lists:
            if (state := states.get(url)) and needs_a_person(state):
                sentence = f"source list {shown} failed {plural(state.failures, 'time')}"
                yield need(subject=shown, sentence=sentence, detail=state.error, since=state.last_success)

    def _edition_needs(self, connection: Connection, now: datetime) -> Iterator[Need]:
        need = partial(Need, kind="edition")
        for name, ends in period_store.missed_periods(connection, since=now - MISSED_SHOWN).items():
            for end in ends:
                sentence = f"edition of {name} for {self._local(end, name)} was missed"
                detail = "the daemon did not run in time, or a backup was restored"
                page = f"/admin/newsletters/{name}"
                yield need(subject=name, sentence=sentence, detail=detail, since=end, href=page)
        for edition in review_store.waiting_editions(connection):
            name, by = edition.newsletter, edition.approve_by
            yield need(
                subject=str(edition.id),
                sentence=f"edition of {name} waits for approval",
                since=edition.cut_at,
                happens_by_itself=f"It goes by itself at {self._local(by, name)}." if by else "",
                href=f"/admin/editions/{edition.id}",
                action="Review",
                is_problem=False,
            )

    def _local(self, at: datetime, newsletter: str) -> str:
        zones = {known.name: known.time_zone for known in self.newsletters}
        return local_time(at, read_zone(zones[newsletter]) if newsletter in zones else self.zone)

    def _mail_needs(self, connection: Connection, now: datetime) -> Iterator[Need]:
        need = partial(Need, kind="mail", href=DELIVERIES)
        if hold := mail_hold(connection):
            yield need(subject="hold", sentence=hold_text(hold), is_failing=True)
        rests = sending_rests.resting(connection)
        for rest in rests:
            what = f"sending of edition {rest.edition_id}" if rest.edition_id else "all sending"
            number = f" {rest.edition_id}" if rest.edition_id else ""
            yield need(
                subject=f"rest {rest.edition_id}",
                sentence=f"{what} rests",
                detail=f"{rest.rested_by}: {rest.reason}",
                command=f". `syndicate deliveries resume{number}` resumes it",
                since=rest.since,
                is_failing=rest.rested_by == sending_rests.BRAKE,
            )
        if uncertain := delivery_store.count_uncertain(connection):
            yield need(
                subject="uncertain",
                sentence=f"{plural(uncertain, 'delivery')} may or may not have arrived",
                command=_uncertain(connection),
                happens_by_itself="They are not sent again unless a person asks.",
                href=f"{DELIVERIES}?state=uncertain",
                action="Decide",
            )
        yield from self._refusal_needs(connection, now)
        advice = "Remove the addresses, or send again when the sender was the reason."
        failed, page = "see `syndicate deliveries list --state failed`", f"{DELIVERIES}?state=failed"
        if refused := delivery_store.count_refused(connection):
            sentence = f"{plural(refused, 'delivery')} permanently refused"
            command = f": {failed}, then remove the address or send again"
            yield need(
                subject="failed", sentence=sentence, command=command, href=page, happens_by_itself=advice
            )
        if late := delivery_store.count_late(connection, since=now - MISSED_SHOWN):
            sentence = f"{plural(late, 'delivery')} could not be sent before it was too late"
            yield need(subject="late", sentence=sentence, command=f": {failed}", href=page)
        oldest = delivery_store.next_delivery(connection)
        if oldest and not hold and not rests and now - oldest > STUCK:
            sentence, detail = f"mail has been due since {local_time(oldest, self.zone)}", _IS_RUNNING
            yield need(subject="stuck", sentence=sentence, detail=detail, since=oldest, is_failing=True)

    def _refusal_needs(self, connection: Connection, now: datetime) -> Iterator[Need]:
        """Yield a need for each mail server that refuses the sender."""
        for server in self.servers:
            if (pause := sending_pauses.sending_pause(connection, now, server)) and pause.refusals:
                at, until = f"of {server} " if server else "", local_time(pause.until, self.zone)
                times = plural(pause.refusals, "time")
                yield Need(
                    kind="mail",
                    subject="refused",
                    href=DELIVERIES,
                    sentence=f"the mail server {at}refused the sender {times} in a row",
                    detail=pause.reason,
                    command=f". Sending is paused until {until}. Fix the cause, then `syndicate deliver "
                    "--resume` sends at once",
                    happens_by_itself=f"Sending is tried again at {until}.",
                    is_failing=True,
                )

    def _backup_needs(self, connection: Connection, now: datetime) -> Iterator[Need]:
        every = self.backup_every
        if every and (problem := backup_problem(backup_state(connection), every, now)):
            yield Need(kind="backup", subject="", sentence=problem, href=SYSTEM, is_failing=True)


def worker_needs(connection: Connection) -> Iterator[Need]:
    """Yield a need for each worker without a heartbeat."""
    now = database_time(connection)
    need = partial(Need, kind="worker", href=SYSTEM, is_failing=True, is_problem=False)
    for worker in worker_store.list_workers(connection):
        if not worker.is_alive(now):
            sentence = f"{describe_owner(worker.owner)} had its last heartbeat {ago(worker.seen, now)}"
            yield need(subject=worker.owner, sentence=sentence, detail="start the worker again")


def _failure_needs(connection: Connection) -> Iterator[Need]:
    failures = [
        failure
        for failure in quarantine.failures(connection)
        if failure.is_quarantined or failure.kind not in UNTRUSTED_KINDS
    ]
    names = source_store.source_names(connection, {failure.source_id for failure in failures})
    # A mistake in a template fails for every page that it makes.
    alike = grouped(
        (failure.reason if failure.kind in _RENDERED else failure, failure) for failure in failures
    )
    for failure, *more in alike.values():
        name, times = names.get(failure.source_id, ""), plural(failure.attempts, "time")
        owner = f" of {name}" if name and name != failure.subject else ""
        others = f" and {len(more)} more" if more else ""
        yield Need(
            kind="quarantine",
            subject=f"{failure.kind} {failure.subject}",
            sentence=f"{failure.kind} {failure.subject}{owner}{others} failed {times}",
            detail=failure.reason,
            since=failure.first_failed,
            href=SYSTEM,
        )
    for url, count, error in part_store.failing_parts(connection, FAILURES_TO_REPORT):
        sentence = f"sitemap {url} failed {plural(count, 'time')}"
        yield Need(kind="source", subject=url, sentence=sentence, detail=error, href=SOURCES)


def _outgoing_needs(connection: Connection) -> Iterator[Need]:
    """Yield a need for each webhook that rests, for uncertain posts, and for alerts that fail."""
    for endpoint in webhook_store.list_endpoints(connection):
        if endpoint.state == webhook_store.RESTING:
            number, page = str(endpoint.id), f"/admin/settings/webhooks/{endpoint.id}"
            sentence = f"webhook {number} rests after {endpoint.failures} failures in a row"
            yield Need(kind="webhook", subject=number, sentence=sentence, detail=endpoint.reason, href=page)
    if uncertain := post_store.count_posts(connection).get(post_store.UNCERTAIN):
        sentence = f"{plural(uncertain, 'post')} may or may not stand on another network"
        page = f"{DELIVERIES}/posts?state=uncertain"
        command = ": see `syndicate posts list --state uncertain`"
        yield Need(kind="post", subject="uncertain", sentence=sentence, command=command, href=page)
    for way, error in json.loads(read_value(connection, FAILING_ALERTS) or "{}").items():
        sentence = f"alerts by {way} fail"
        yield Need(kind="alert", subject=way, sentence=sentence, detail=error, href="/admin/settings")


def needs_a_person(state: model.SourceState | model.SourceListState) -> bool:
    """Return true for a source or list that fails repeatedly or has never worked."""
    return state.failures >= FAILURES_TO_REPORT or bool(state.failures and state.last_success is None)


def shown_address(source: model.Source | model.SourceList, url: str) -> str:
    """Return the URL of a source or list; the secret parts of a private URL are hidden."""
    return masked_address(url) if url and source.private else url


def _uncertain(connection: Connection) -> str:
    """Return the latest uncertain deliveries and the commands that resolve them."""
    found = delivery_store.list_deliveries(
        connection, states=(model.DeliveryState.UNCERTAIN,), limit=UNCERTAIN_SHOWN + 1
    )
    shown = found[:UNCERTAIN_SHOWN]
    names = [f"{report.delivery.id} to {report.delivery.address}" for report in shown]
    names += ["…"] if len(found) > UNCERTAIN_SHOWN else []
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

"""Deliveries as the operator's pages show them: progress, uncertain and failed mail, bounces, providers."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import blake2b

from syndicate.delivery.message_ids import message_id
from syndicate.model import OPEN_DELIVERIES, DeliveryState
from syndicate.plots import Figure, StateRow, area_to, rate_columns, state_bar
from syndicate.store import Connection
from syndicate.store.leases import leases
from syndicate.store.mail import (
    delivery_figures,
    delivery_store,
    edition_figures,
    edition_store,
    sending_rests,
)
from syndicate.store.mail.delivery_figures import Progress, ProviderFigures
from syndicate.store.mail.delivery_store import DeliveryReport
from syndicate.store.mail.edition_figures import EditionFigures
from syndicate.store.mail.edition_store import EditionReport
from syndicate.store.mail.sending_rests import SendingRest
from syndicate.text.phrases import plural
from syndicate.text.privacy import mask_mailboxes, masked_mailbox

HARD_LIMIT, COMPLAINT_LIMIT = 2.0, 0.1
"""Limits of hard bounces and of complaints, in per cent of an edition's mails."""
MOST_UNDER_WAY = 3
_RATE_MINUTES = 5
_UNDER_WAY = timedelta(days=1)
_ADDRESS = re.compile(r"<?[^\s<>@]+@[^\s<>@,;]+>?")
_NUMBER = re.compile(r"\b(?=\w*\d)[\w.-]{6,}\b")
_WORDS = {
    "sent": DeliveryState.SENT,
    "waiting": DeliveryState.PENDING,
    "put off": DeliveryState.DEFERRED,
    "uncertain": DeliveryState.UNCERTAIN,
    "failed": DeliveryState.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EditionProgress:
    """Progress of an edition; ``rate`` is in mails a minute, ``limit`` says which limit holds it."""

    report: EditionReport
    rest: SendingRest | None
    bar: Figure
    curve: Figure
    rate: float
    limit: str
    expected_end: datetime | None
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryTabs:
    """Frame of all pages of deliveries: counts of the tabs, and the rest of all mail."""

    uncertain: int
    failed: int
    paused: SendingRest | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UncertainDelivery:
    """Delivery that may have arrived; its address and those in the server's answer are masked."""

    report: DeliveryReport
    address: str
    error: str
    message_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedGroup:
    """Failed deliveries with the same reply, without addresses and numbers; ``key`` names it in forms."""

    key: str
    code: int | None
    reply: str
    ids: tuple[int, ...]


def tabs(connection: Connection) -> DeliveryTabs:
    """Return the counts of the tabs."""
    states = delivery_figures.trouble_counts(connection)
    return DeliveryTabs(
        uncertain=states.get("uncertain", 0),
        failed=states.get("failed", 0),
        paused=sending_rests.pause_by_hand(connection),
    )


def under_way(connection: Connection, now: datetime, rate_limit: float = 0) -> list[EditionProgress]:
    """Return the progress of the editions under way, or of the last, with times in the zone of ``now``.

    ``rate_limit`` is in mails a minute.
    """
    ids = delivery_figures.editions_under_way(connection, limit=MOST_UNDER_WAY)
    return progress_of(connection, ids, now, rate_limit)


def progress_of(
    connection: Connection, edition_ids: Sequence[int], now: datetime, rate_limit: float = 0
) -> list[EditionProgress]:
    """Return the progress of editions, the latest first."""
    rests = {rest.edition_id: rest for rest in sending_rests.resting(connection)}
    found = {number: delivery_figures.progress(connection, number) for number in edition_ids}
    reports = edition_store.reports_of(connection, {number: part.states for number, part in found.items()})
    return [_progress(report, found[report.edition.id], rests, rate_limit, now) for report in reports]


def _progress(
    report: EditionReport,
    progress: Progress,
    rests: Mapping[int, SendingRest],
    rate_limit: float,
    now: datetime,
) -> EditionProgress:
    states, total = progress.states, sum(progress.states.values())
    sent = states.get(DeliveryState.SENT.value, 0)
    open_mails = sum(states.get(state, 0) for state in OPEN_DELIVERIES)
    recent = [count for at, count in progress.sent if at > now - timedelta(minutes=_RATE_MINUTES + 1)]
    rate = sum(recent) / _RATE_MINUTES
    rest = rests.get(report.edition.id) or rests.get(sending_rests.ALL_MAIL)
    left = states.get(DeliveryState.PENDING.value, 0)
    end = now + timedelta(minutes=left / rate) if left and rate and not rest else None
    counts, so_far = [], 0
    for at, count in progress.sent:
        so_far += count
        counts.append(((at + timedelta(minutes=1)).astimezone(now.tzinfo), float(so_far)))
    started = (progress.sent[0][0] if progress.sent else report.edition.cut_at).astimezone(now.tzinfo)
    share = f"{100 * sent / total:.1f} % sent" if total else "no mail"
    row = StateRow(
        label=f"{total:,} in all",
        note=share,
        counts={name: states.get(state.value, 0) for name, state in _WORDS.items()},
    )
    return EditionProgress(
        report=report,
        rest=rest,
        bar=state_bar("Deliveries by state", share, [row]),
        curve=area_to(
            "Sent so far",
            _finding(rate, end) if open_mails else "All mails are handed over.",
            [(started, 0.0), *counts],
            float(total),
            end,
        ),
        rate=rate,
        limit=_limit(rate, rate_limit, rest),
        expected_end=end,
        state=_state(open_mails, left, now - report.edition.cut_at),
    )


def _state(open_mails: int, pending: int, age: timedelta) -> str:
    """Return the state of an edition in words: full mailboxes keep some mails of an old edition open."""
    if not open_mails:
        return "sent"
    if pending or age < _UNDER_WAY:
        return "on its way"
    return f"sent, but for {plural(open_mails, 'mail')} that servers put off"


def _finding(rate: float, end: datetime | None) -> str:
    return f"{rate:.0f} a minute; done at {end:%H:%M %Z}." if end else f"{rate:.0f} a minute now."


def _limit(rate: float, rate_limit: float, rest: SendingRest | None) -> str:
    """Return which limit holds the rate of sending."""
    if rest:
        return f"sending rests: {rest.reason}"
    if not rate_limit:
        return "[mail] rate sets no limit; the mail server sets the pace"
    if rate >= 0.85 * rate_limit:
        return f"[mail] rate allows {rate_limit:g} a minute"
    return f"[mail] rate would allow {rate_limit:g} a minute; the mail server sets the pace"


def uncertain(connection: Connection, domain: str, *, limit: int = 50) -> list[UncertainDelivery]:
    """Return uncertain deliveries with their Message-IDs, latest first."""
    secret = leases.read_secret(connection)
    reports = delivery_store.list_deliveries(connection, states=(DeliveryState.UNCERTAIN,), limit=limit)
    return [
        UncertainDelivery(
            report=report,
            address=masked_mailbox(report.delivery.address),
            error=mask_mailboxes(report.error),
            message_id=message_id(
                secret, report.delivery.edition_id, report.delivery.subscription_id, domain
            ),
        )
        for report in reports
    ]


def failed_groups(rows: Sequence[tuple[int, int | None, str, str]]) -> list[FailedGroup]:
    """Group failures (id, code, cause, reply) by code and reply, without what differs by recipient."""
    groups: dict[tuple[int | None, str], list[int]] = {}
    for number, code, cause, error in rows:
        reply = _NUMBER.sub("…", _ADDRESS.sub("…", error))[:200] or cause
        groups.setdefault((code, reply), []).append(number)
    found = [
        FailedGroup(
            key=blake2b(f"{code} {reply}".encode("utf-8", "replace"), digest_size=8).hexdigest(),
            code=code,
            reply=reply,
            ids=tuple(ids),
        )
        for (code, reply), ids in groups.items()
    ]
    return sorted(found, key=lambda group: -len(group.ids))


def bounce_plots(connection: Connection, now: datetime) -> tuple[dict[int, EditionFigures], Figure, Figure]:
    """Return figures by edition of 14 days, and the plots of hard bounces and complaints."""
    recent = delivery_figures.sent_editions(connection, now)
    figures = edition_figures.read_figures(connection, [number for number, _ in recent])
    labels = [f"{at:%d}" for _, at in recent]
    shares = {
        name: [
            100 * getattr(figures[number], name) / max(1, figures[number].recipients) for number, _ in recent
        ]
        for name in ("hard", "complaints")
    }
    plots = (
        rate_columns(title, _above(shares[name], limit), labels, shares[name], limit)
        for title, name, limit in (
            ("Hard bounces", "hard", HARD_LIMIT),
            ("Complaints", "complaints", COMPLAINT_LIMIT),
        )
    )
    hard, complaints = plots
    return figures, hard, complaints


def _above(shares: Sequence[float], limit: float) -> str:
    above = sum(share > limit for share in shares)
    return (
        f"{above} of {len(shares)} editions were above {limit:g} %." if above else f"None above {limit:g} %."
    )


@dataclass(slots=True)
class ProviderViews:
    """Figures of providers, counted once a minute: a count reads every mail of an edition."""

    _counted: tuple[datetime, list[ProviderFigures]] | None = None

    def read(self, connection: Connection, now: datetime) -> tuple[datetime, list[ProviderFigures]]:
        """Return the time of the count, and the largest providers of the recipients of the last edition."""
        if self._counted is None or not timedelta() <= now - self._counted[0] < timedelta(minutes=1):
            ids = delivery_figures.editions_under_way(connection, limit=1)
            found = delivery_figures.providers(connection, ids, since=now - timedelta(days=30)) if ids else []
            shown = [replace(provider, reply=_ADDRESS.sub("…", provider.reply)) for provider in found]
            self._counted = now, shown
        return self._counted

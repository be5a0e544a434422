"""Alerts: tell the operator what needs attention, by mail, webhook and other services.

The store keeps what each way has told, written after the way succeeded: a restart tells nothing twice, and a
way that fails neither stops the others nor loses an alert. Mail is sent directly, beside the queue and its
pauses, because these may be the news.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from syndicate.errors import FetchError, SyndicateError, needs_extra
from syndicate.events.alert_texts import Alert, Concern, alert_of, is_quiet
from syndicate.jobs.admin.needs import FAILING_ALERTS, Need, NeedsReader
from syndicate.net import FetchThread, SentRequest
from syndicate.store import Connection, Store
from syndicate.store.core.store_values import read_value, write_value
from syndicate.store.events.event_log import add_event
from syndicate.text.hashes import hash_of

_STATE, _KNOWN = "alerts by ", "needs"
# Pauses of a way that fails, doubled to two hours.
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(minutes=2), timedelta(hours=2)
_MAX_ERROR = 300
_QUEUE_LENGTH = 50
Tell = Callable[[Alert], None]
"""Tells an alert in a way. Raises ``SyndicateError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertJob:
    """Tells changes of the list of needs. ``ways`` have a function by name.

    ``quiet_hours`` are in ``zone``. A need is told again after ``repeat``, unless that is 0. ``admin_url`` is
    ``""`` without pages for the operator.
    """

    store: Store
    needs: NeedsReader
    ways: Mapping[str, Tell]
    site_title: str
    admin_url: str
    zone: ZoneInfo
    quiet_hours: str = ""
    repeat: timedelta = timedelta(0)

    def run(self, now: datetime) -> dict[str, int]:
        """Tell each way what it has not told yet; return the number of alerts told and of failures."""
        done = {"told": 0, "failed": 0}
        with self.store.snapshot() as connection:
            concerns = {_key(need): self._concern(need) for need in self.needs.read(connection, now)}
            known = read_value(connection, _KNOWN) or "[]"
            states = {way: _WayState.read(connection, way) for way in self.ways}
            known_failing = json.loads(read_value(connection, FAILING_ALERTS) or "{}")
        if json.loads(known) != sorted(concerns):
            with self.store.write() as connection:
                write_value(connection, _KNOWN, json.dumps(sorted(concerns)))
                needs = [
                    {"key": key, "line": concern.line, "page": concern.link}
                    for key, concern in [*concerns.items()][:_QUEUE_LENGTH]
                ]
                add_event(connection, "needs.changed", "needs", {"needs": needs}, now)
        if is_quiet(self.quiet_hours, now.astimezone(self.zone).time()):
            return done
        for way, before in [*states.items()]:
            after = self._tell(way, before, concerns, now)
            if after is not None:
                done["failed" if after.error else "told"] += 1
                states[way] = after
                with self.store.write() as connection:
                    write_value(connection, _STATE + way, json.dumps(asdict(after)))
        failing = {name: state.error for name, state in states.items() if state.error}
        if failing != known_failing:
            with self.store.write() as connection:
                write_value(connection, FAILING_ALERTS, json.dumps(failing))
        return done

    def _tell(
        self, way: str, before: "_WayState", concerns: Mapping[str, Concern], now: datetime
    ) -> "_WayState | None":
        """Tell a way what is new and what is over; return its new state, ``None`` without news."""
        # A way is not told that it failed itself.
        concerns = {key: value for key, value in concerns.items() if not key.startswith(f"alert/{way}/")}
        told = {key: (line, datetime.fromisoformat(at)) for key, (line, at) in before.told.items()}
        alert = alert_of(self.site_title, concerns, told, now, self.repeat)
        if alert.is_empty or (before.next_try and datetime.fromisoformat(before.next_try) > now):
            return None
        try:
            self.ways[way](alert)
        except SyndicateError as error:
            failures, reason = before.failures + 1, str(error)[:_MAX_ERROR]
            pause = min(_FIRST_PAUSE * 2 ** min(before.failures, 6), _LONGEST_PAUSE)
            next_try = (now + pause).isoformat()
            return _WayState(told=before.told, failures=failures, error=reason, next_try=next_try)
        at = {
            key: now.isoformat() if concern in alert.new else before.told[key][1]
            for key, concern in concerns.items()
        }
        return _WayState(told={key: (concern.line, at[key]) for key, concern in concerns.items()})

    def _concern(self, need: Need) -> Concern:
        link = f"{self.admin_url}{need.href}" if self.admin_url else ""
        return Concern(line=need.sentence, detail=need.detail, link=link)


@dataclass(frozen=True, slots=True, kw_only=True)
class _WayState:
    """Concerns that a way has told, by key, with line and time; and its failures in a row."""

    told: Mapping[str, Sequence[str]]
    failures: int = 0
    error: str = ""
    next_try: str = ""

    @classmethod
    def read(cls, connection: Connection, way: str) -> "_WayState":
        value = read_value(connection, _STATE + way)
        return cls(**json.loads(value)) if value else cls(told={})


def webhook_way(fetcher: Callable[[], FetchThread], url: str) -> Tell:
    """Return a way that posts JSON with ``title`` and ``text``, which Slack and Mattermost show as well."""

    def tell(alert: Alert) -> None:
        body: dict[str, object] = {
            "title": alert.title,
            "text": f"{alert.title}\n{alert.text(details=False)}",
        }
        body |= {"new": [asdict(concern) | {"detail": ""} for concern in alert.new], "over": [*alert.over]}
        headers = {"Content-Type": "application/json"}
        request = SentRequest(url=url, headers=headers, body=json.dumps(body).encode())
        answer = fetcher().send(request)
        if not answer.is_good:
            raise FetchError(f"the address of [alerts] webhook answered {answer.status}")

    return tell


def service_way(url: str) -> Tell:
    """Return a way over a service of apprise: Slack, Matrix, Telegram, ntfy and many others."""

    def tell(alert: Alert) -> None:
        with needs_extra("alerts", "[alerts] services"):
            from apprise import Apprise  # noqa: PLC0415 - it takes half a second to import
        service = Apprise()
        if not service.add(url):
            raise SyndicateError("the address in [alerts] services is not known to apprise")
        if not service.notify(body=alert.text(details=False), title=alert.title):
            raise SyndicateError("the service did not take the message")

    return tell


def service_name(url: str) -> str:
    """Return a name for a service that does not show its keys, such as ``service slack 1f0e9a``."""
    return f"service {url.partition(':')[0]} {hash_of(url.encode())[:6]}"


def _key(need: Need) -> str:
    """Return an identity of a need that stays while its counts change."""
    since = need.since.isoformat() if need.kind == "edition" and need.since else ""
    return f"{need.kind}/{need.subject}/{need.is_failing:d}{since}"

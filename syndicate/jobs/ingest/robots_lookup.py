"""Look up robots.txt rules by origin: stored rules first, then a request for the others."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicate.errors import FetchError
from syndicate.ingest.page import robots_rules
from syndicate.net import Fetched, FetchRequest, FetchThread, next_pause
from syndicate.store import Connection, Store
from syndicate.store.ingest import robots_store

_ACCEPT = "text/plain, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRules:
    """Permission on an origin: no request before ``not_before``; ``rules`` are ``None`` while unknown."""

    rules: robots_rules.Rules | None
    not_before: datetime


def rules_for(
    store: Store,
    fetcher: FetchThread,
    origins: Iterable[str],
    agent: str,
    now: datetime,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> dict[str, OriginRules]:
    """Return the rules of each origin for the product token ``agent``, and store fetched rules.

    Leaves out origins that had not answered when the program stopped.
    """
    origins = sorted(set(origins))
    with store.read() as connection:
        known = robots_store.read_robots(connection, origins)
    rules: dict[str, OriginRules] = {}
    for origin, row in known.items():
        paused_until = max(row.next_page_at, row.busy_until)
        if row.expires > now:
            file = robots_rules.RobotsFile(status=row.status, rules=row.rules, expires=row.expires)
            rules[origin] = _origin_rules(file, paused_until, agent)
        elif paused_until > now:
            # The pause holds for the request of robots.txt, too.
            rules[origin] = OriginRules(rules=None, not_before=paused_until)
    missing = [
        FetchRequest(url=f"{origin}/robots.txt", accept=_ACCEPT, key=origin)
        for origin in origins
        if origin not in rules
    ]
    for request, response in fetcher.fetch_each(missing, should_stop=should_stop) if missing else ():
        origin = str(request.key)
        file = _parse_response(response, now)
        with store.write() as connection:
            robots_store.save_robots(connection, origin, file.status, file.rules, file.expires)
        rules[origin] = _origin_rules(file, now, agent)
    return rules


def pause_origin(connection: Connection, error: FetchError, now: datetime) -> None:
    """Pause all requests to the origin that answered 429 or 503 (see ``next_pause``)."""
    until, last = robots_store.latest_origin_pause(connection, error.busy)
    pause = next_pause(error, last, (now - until).total_seconds())
    if pause > 0:
        robots_store.set_origin_pause(connection, error.busy, now + timedelta(seconds=pause), pause)


def _parse_response(response: Fetched | FetchError, now: datetime) -> robots_rules.RobotsFile:
    if not isinstance(response, FetchError):
        return robots_rules.parse_robots_response(response.status, response.body, now)
    file = robots_rules.parse_robots_response(response.status or 0, b"", now)
    wait = timedelta(seconds=response.retry_after or 0.0)
    return file if file.reachable else replace(file, expires=max(file.expires, now + wait))


def _origin_rules(file: robots_rules.RobotsFile, not_before: datetime, agent: str) -> OriginRules:
    if not file.reachable:
        return OriginRules(rules=None, not_before=file.expires)
    return OriginRules(rules=robots_rules.parse_robots_rules(file, agent), not_before=not_before)

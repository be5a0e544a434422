"""The rules of robots.txt for the origins whose pages are due: from the store, else asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from syndicate.errors import FetchError
from syndicate.ingest.page.robots_rules import RobotsFile, Rules, read_rules, robots_file, robots_url
from syndicate.net import Fetched, FetchRequest, FetchThread, next_pause
from syndicate.store import Connection, Store
from syndicate.store.ingest import robots_store

_ACCEPT = "text/plain, */*;q=0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginRules:
    """Permission on one origin: no request before ``not_before``; ``rules`` are ``None`` while unknown."""

    rules: Rules | None
    not_before: datetime


def rules_for(
    store: Store,
    fetcher: FetchThread,
    origins: Iterable[str],
    agent: str,
    now: datetime,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> dict[str, OriginRules]:
    """The rules of each origin for the product token ``agent``. What had to be asked for is stored.

    Those that had not answered when the program stopped are left out.
    """
    wanted = sorted(set(origins))
    with store.read() as connection:
        known = robots_store.read_robots(connection, wanted)
    found: dict[str, OriginRules] = {}
    for origin, row in known.items():
        next_page_at = max(row.next_page_at, row.busy_until)
        if row.expires > now:
            found[origin] = _rules(_file_of(row), next_page_at, agent)
        elif next_page_at > now:
            # Nor is it asked for the rules of a visit that it does not want yet.
            found[origin] = OriginRules(rules=None, not_before=next_page_at)
    missing = [
        FetchRequest(url=robots_url(origin), accept=_ACCEPT, key=origin)
        for origin in wanted
        if origin not in found
    ]
    for request, answer in fetcher.fetch_each(missing, stopping=stopping) if missing else ():
        origin = str(request.key)
        file = _file_from(origin, answer, now)
        with store.write() as connection:
            robots_store.save_robots(connection, origin, file.status, file.rules, file.expires)
        found[origin] = _rules(file, now, agent)
    return found


def pause_origin(connection: Connection, error: FetchError, now: datetime) -> None:
    """Record that the origin which answered 429 or 503 is left alone for a while (see ``next_pause``)."""
    until, last = robots_store.latest_origin_pause(connection, error.busy)
    pause = next_pause(error, last, (now - until).total_seconds())
    if pause > 0:
        robots_store.set_origin_pause(connection, error.busy, now + timedelta(seconds=pause), pause)


def _file_of(row: robots_store.RobotsRow) -> RobotsFile:
    return RobotsFile(origin=row.origin, status=row.status, rules=row.rules, expires=row.expires)


def _file_from(origin: str, answer: Fetched | FetchError, now: datetime) -> RobotsFile:
    if isinstance(answer, FetchError):
        file = robots_file(origin, answer.status or 0, b"", now)
        wait = timedelta(seconds=answer.retry_after or 0.0)
        return file if file.reachable else replace(file, expires=max(file.expires, now + wait))
    return robots_file(origin, answer.status, answer.body, now)


def _rules(file: RobotsFile, next_page_at: datetime, agent: str) -> OriginRules:
    if not file.reachable:
        return OriginRules(rules=None, not_before=file.expires)
    return OriginRules(rules=read_rules(file, agent), not_before=next_page_at)

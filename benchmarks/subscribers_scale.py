"""Cost of a unit of work on subscribers at two sizes of the list, and the ratio (goal: at most 1.5).

``python -m benchmarks.subscribers_scale [--small 1000] [--large 1000000] [--url postgresql://…]`` prints CPU
microseconds of this process for each unit, the least of several runs on both stores in turn; with a
PostgreSQL server the time by the clock, since the work is the server's. Both stores get their first
subscribers through ``add_subscription``; SQL then copies these rows with other numbers, because a million
calls would take half an hour.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, text

from syndicate.model import SegmentClause, SegmentSubject
from syndicate.model.shards import shard_of
from syndicate.model.subscribers import ImportedSubscriber, Standing
from syndicate.store import Store, open_store
from syndicate.store.core.migration import shard_subscribers
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store, import_store, preference_store, segment_store
from tests import factories
from tests.factories import NOW

DOMAINS = 50
UNTIL = NOW + timedelta(minutes=1)
BATCH, RUNS = 500, 9
COPY = (
    """INSERT INTO subscribers (address, address_key, name, language, created, hour, time_zone)
       SELECT 'copy' || (id + {step}) || address, 'copy' || (id + {step}) || address_key,
              name, language, created,
              CASE WHEN id % 10 = 0 THEN id % 24 END, 'Europe/Paris'
       FROM subscribers WHERE id <= {rest}""",
    """INSERT INTO subscriptions (subscriber_id, newsletter, state, created, changed, cadence)
       SELECT id, 'daily', 'confirmed', created, created,
              CASE WHEN id % 20 = 0 THEN 'weekly' ELSE 'edition' END
       FROM subscribers WHERE id > {step}""",
)
TAGS = "INSERT INTO subscriber_tags (subscriber_id, tag) SELECT id, '{tag}' FROM subscribers WHERE {which}"
OF_TEN, OF_HALF = (SegmentClause(subject=SegmentSubject.TAG, values=(name,)) for name in ("ten", "half"))


def subscribe(connection: Connection, numbers: range) -> None:
    for number in numbers:
        address = f"reader{number}@domain{number % DOMAINS}.example"
        factories.subscribe(connection, address)


def filled(store: Store, size: int) -> None:
    """Fill a store with subscribers of one newsletter."""
    store.migrate()
    first = min(size, 1000)
    with store.write() as connection:
        leases.ensure_secret(connection)
        factories.newsroom(connection)
        subscribe(connection, range(first))
        done = first
        while done < size:
            for statement in COPY:
                connection.execute(text(statement.format(step=done, rest=size - done)))
            done += min(done, size - done)
        for tag, which in (("ten", f"id % {size // 10} = 0"), ("half", "id % 2 = 0")):
            connection.execute(text(TAGS.format(tag=tag, which=which)))
        shard_subscribers(connection)


class Work:
    """Units of work on a store, each with the number of units that a call does."""

    def __init__(self, store: Store, size: int) -> None:
        self.store = store
        self.size = size
        self._new = iter(range(10_000_000, 20_000_000, BATCH))
        self._ids = iter(range(1, size))
        self._days = iter(range(1, 100))

    def units(self) -> Iterator[tuple[str, int, Callable[[Connection], Any]]]:
        """Yield the name of each unit, the units of a call, and the call."""
        yield "cut, per subscriber", self.size, self._cut
        yield "variants, per subscriber", self.size, self._variants
        yield "claim, per delivery", BATCH, self._claim
        yield "claim of a shard, per delivery", BATCH // DOMAINS, partial(self._claim, of_shard=True)
        yield "begin and sent, per delivery", BATCH, self._send
        yield "sign-up", 100, lambda connection: subscribe(connection, range(n := next(self._new), n + 100))
        yield "import, per row", BATCH, self._import
        yield "segment of half, per subscriber", self.size, partial(self._count, segment=[OF_HALF])
        yield "segment of ten", 1, partial(self._count, segment=[OF_TEN])
        yield "preferences", 1, self._preferences
        yield "unsubscribe", 1, self._unsubscribe

    def _cut(self, connection: Connection) -> None:
        article = article_store.get_articles(connection, [1])[1]
        end = NOW + timedelta(days=next(self._days))
        factories.cut(connection, [factories.edition_story(article)], period=(end - timedelta(days=1), end))

    def _variants(self, connection: Connection) -> None:
        preference_store.variants(connection, "daily", NOW)

    def _claim(self, connection: Connection, *, of_shard: bool = False) -> list[int]:
        shard, limit = (shard_of("domain1.example"), BATCH // DOMAINS) if of_shard else (None, BATCH)
        claim = partial(delivery_store.claim_deliveries, owner="us", until=UNTIL, limit=limit, shard=shard)
        return [delivery.id for delivery in claim(connection, now=NOW)]

    def _send(self, connection: Connection) -> None:
        for start in range(0, len(ids := self._claim(connection)), 8):
            some = ids[start : start + 8]
            delivery_store.begin_sending(connection, some, owner="us", now=NOW, until=UNTIL)
            delivery_store.mark_sent(connection, some, owner="us", now=NOW)

    def _import(self, connection: Connection) -> None:
        numbers = range(start := next(self._new), start + BATCH)
        addresses = [f"new{number}@domain{number % DOMAINS}.example" for number in numbers]
        rows = [
            ImportedSubscriber(
                file="list.csv", line=line, text=address, standing=Standing.SUBSCRIBED, address=address,
                address_key=address, newsletter="daily",
            )
            for line, address in enumerate(addresses, 1)
        ]  # fmt: skip
        for _ in import_store.import_rows(connection, rows, agreed="I agree", now=NOW):
            pass

    def _count(self, connection: Connection, *, segment: list[SegmentClause]) -> None:
        segment_store.count_members(connection, segment, NOW, "daily")

    def _preferences(self, connection: Connection) -> None:
        number = next(self._ids)
        preference_store.get_preferences(connection, number)
        choices: dict[str, Any] = {"selection": "", "cadence": "edition", "hour": 7, "time_zone": ""}
        preference_store.save_preferences(connection, number, **choices, paused_until=None)
        preference_store.reschedule_waiting(connection, number, lambda _name, cut: cut, NOW)

    def _unsubscribe(self, connection: Connection) -> None:
        audience_store.end_subscription(connection, next(self._ids), detail="by the link in a mail", now=NOW)


def costs(works: Mapping[str, Work], *, by_clock: bool) -> Iterator[tuple[str, dict[str, float]]]:
    """Yield microseconds of each unit by store, the least of several runs.

    The stores take turns, so that a machine that is slow for a while is slow for all.
    """
    clock = time.perf_counter if by_clock else time.process_time
    for calls in zip(*(work.units() for work in works.values()), strict=True):
        times: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(2 if calls[0][1] == next(iter(works.values())).size else RUNS):
            for (store_name, work), (_, units, call) in zip(works.items(), calls, strict=True):
                # Only the cut stays, so that each call finds the same deliveries.
                with work.store.write() if units == work.size else work.store.dry_run() as connection:
                    start = clock()
                    call(connection)
                    times[store_name].append((clock() - start) / units * 1e6)
        yield calls[0][0], {store_name: min(taken) for store_name, taken in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=1000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument(
        "--url", help="URL of a PostgreSQL database without tables, with NAME for small or large"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="syndicate-subscribers-") as folder:
        works = {}
        for name, size in (("small", arguments.small), ("large", arguments.large)):
            url = (arguments.url or f"sqlite:///{Path(folder) / 'NAME.db'}").replace("NAME", name)
            works[name] = Work(open_store(url), size)
            filled(works[name].store, size)
        for unit, found in costs(works, by_clock=arguments.url is not None):
            small, large = found["small"], found["large"]
            print(f"{unit:<36}{small:>12.1f}{large:>12.1f}{large / small:>8.2f}", flush=True)
        for work in works.values():
            work.store.dispose()


if __name__ == "__main__":
    main()

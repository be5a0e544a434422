"""Simulation of many machines with the service times that ``benchmarks.workers`` measured.

``python -m benchmarks.capacity`` prints the load of each resource for ten machines, a million sources and ten
million subscribers, the numbers at which it saturates, and the error of the same model against the measured
runs of this machine with 1, 2 and 4 workers. It takes seconds. ``--measured FILE`` reads another output of
``benchmarks.workers --json``.

The model has messages, as the queue has: a tick takes all due work of a shard, a message waits for the lease
of its shard and for a slot of a worker, then uses the Python thread of the worker and a core of its machine
for each unit, parser processes on other cores, and the CPU and the commits of a single PostgreSQL. One worker
places articles. Pages of new articles are written in blocks of 1 000 ids, lists of pages by one worker. The
steps of a message follow each other: worker, parsers, database, disk.

Assumptions, beside the service times:

- a worker for each core; PostgreSQL on a machine of its own with ``database_cores`` cores, where commits of
  several connections share a flush and ``commits`` a second fit on the disk;
- sources publish at a log-normal interval (median 24 hours, sigma 1.5: three articles a day in the mean);
  four of five servers send validators; every source is polled when ``poll_schedule`` says; the busiest hour
  has twice the mean number of articles;
- a poll costs what a poll without news was measured to cost, and each new article what a first poll of two
  items was measured to cost; a message costs what workers take more than a single process;
- half of the new articles need their page;
- requests last half a second, and one in 200 lasts 30 seconds; all due requests of a shard run at a time;
- half of the CPU of publishing belongs to the article's own page, half to lists;
- mailbox providers: shares of ``PROVIDERS``, the rest evenly in all shards; the mail server answers a message
  in 20 ms and takes ``connections`` connections of each worker.

Not in the model: caches that grow cold, vacuum, locks of rows, the network between workers and PostgreSQL,
the cost of an article that grows with the window (1.2 times from 10 000 to 1 000 000 articles), object
storage, and readers.
"""

import argparse
import json
import math
import random
from collections import defaultdict
from collections.abc import Generator, Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import simpy

from syndicate.ingest.poll_schedule import PollingOptions, PollOutcome, after_poll
from syndicate.model import SourceState
from syndicate.model.shards import SHARDS
from syndicate.store.output.stale import PAGE_BLOCK

Process = Generator[Any, Any, None]

MEASURED = Path(__file__).with_name("service_times.json")
NOW = datetime(2026, 11, 28, 9, tzinfo=UTC)
EVERY = {"poll": 10.0, "page": 10.0, "story": 15.0, "publish": 15.0, "mail": 5.0}
"""Seconds between two ticks of a stage."""
PARALLEL = {"poll": 4, "page": 4, "story": 1, "publish": 1, "mail": 2}
"""Messages that a worker runs at a time."""
SINGLE = ("story", "publish")
"""Stages whose measured run had a single message."""
SLICE = 0.5
"""Seconds of CPU after which another message gets the thread."""
PROVIDERS = (0.30, 0.12, 0.08, 0.05, 0.05)
PEAK = 2.0
WITH_PAGE = 0.5
MINUTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """CPU seconds of a unit of work in each place, its commits, and the cost of its message."""

    worker: float
    parsers: float = 0.0
    database: float = 0.0
    server: float = 0.0
    commits: float = 0.0
    message: "Cost | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """Machines and their software. Without ``database_cores`` PostgreSQL shares the first machine.

    ``slowness`` multiplies service times: cores that other programs use.
    """

    machines: int = 10
    cores: int = 8
    workers: int = 80
    database_cores: int = 32
    commits: float = 5_000.0
    connections: int = 20
    answer: float = 0.02
    request: float = 0.5
    hanging: float = 1 / 200
    slowness: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Work that arrives in a second."""

    polls: float
    articles: float


@dataclass(slots=True)
class Worker:
    """Python thread of a worker, and the cores of its machine."""

    thread: simpy.Resource
    cores: simpy.Resource
    machine: int
    number: int


class Simulation:
    """Work of the stages on a plant.

    ``busy`` counts seconds by resource, ``done`` and ``due`` units by stage, ``lag`` the seconds until units
    were done.
    """

    def __init__(self, plant: Plant, costs: dict[str, Cost], articles_per_poll: float = 0.0) -> None:
        self.plant, self.costs, self.articles_per_poll = plant, costs, articles_per_poll
        self.env = env = simpy.Environment()
        self.busy: dict[str, float] = defaultdict(float)
        self.done: dict[str, float] = defaultdict(float)
        self.due: dict[str, dict[int, float]] = {}
        self.lag: dict[str, list[tuple[float, float]]] = {}
        self._since: dict[tuple[str, int], float] = {}
        self._waiting: set[tuple[str, int]] = set()
        self._blocks = 0.0
        self._chance = random.Random(20)
        cores = [simpy.Resource(env, plant.cores) for _ in range(plant.machines)]
        self.workers = [
            Worker(simpy.Resource(env), cores[number % plant.machines], number % plant.machines, number)
            for number in range(plant.workers)
        ]
        self.database = simpy.Resource(env, plant.database_cores) if plant.database_cores else cores[0]
        self.disk = simpy.Resource(env)
        self.slots = {name: simpy.Store(env) for name in PARALLEL}
        for name, parallel in PARALLEL.items():
            self.due[name], self.lag[name] = defaultdict(float), []
            workers = self.workers[-1:] if name == "story" else self.workers
            self.slots[name].items.extend(workers * parallel)
        self.leases = {
            name: [simpy.Resource(env) for _ in range(SHARDS)] for name in ("hosts", "publish", "mail", "one")
        }

    def _use(self, resources: Iterable[simpy.Resource], seconds: float, *names: str) -> Process:
        """Use resources together for a time."""
        if not seconds:
            return
        held = []
        for resource in resources:
            held.append((resource, resource.request()))
            yield held[-1][1]
        yield self.env.timeout(seconds)
        for resource, request in held:
            resource.release(request)
        for name in names:
            self.busy[name] += seconds

    def work(self, worker: Worker, cost: Cost, units: float) -> Process:
        """Do units of work in slices, so that messages share the thread, the cores and the database."""
        scale = units * self.plant.slowness
        slices = max(1, math.ceil(scale * (cost.worker + cost.parsers) / SLICE))
        part = scale / slices
        cores = f"machine {worker.machine}"
        for _ in range(slices):
            thread = f"thread {worker.number}"
            yield from self._use((worker.thread, worker.cores), part * cost.worker, thread, cores)
            yield from self._use((worker.cores,), part * (cost.parsers + cost.server), cores)
            yield from self._use((self.database,), part * cost.database, "database")
            yield from self._use((self.disk,), units / slices * cost.commits / self.plant.commits, "commits")

    def add(self, stage: str, shard: int, units: float) -> None:
        """Let units of work become due in a shard."""
        if units:
            self.due[stage][shard] += units
            self._since.setdefault((stage, shard), self.env.now)

    def message(self, stage: str, shard: int) -> Process:
        """Do the due work of a shard: after its lease and a slot of a worker."""
        name = {"poll": "hosts", "page": "hosts", "story": "one"}.get(stage, stage)
        lease = self.leases[name][shard]
        with lease.request() as request:
            yield request
            worker = yield self.slots[stage].get()
            units = self.due[stage].pop(shard, 0)
            since = self._since.pop((stage, shard), self.env.now)
            self._waiting.discard((stage, shard))
            started = self.env.now
            cost = self.costs[stage]
            if cost.message:
                yield from self.work(worker, cost.message, 1)
            yield from self.work(worker, cost, units)
            rest = self._latency(stage, units) - (self.env.now - started)
            if rest > 0:
                yield self.env.timeout(rest)
            self.slots[stage].put(worker)
        self.busy[f"{name} {shard}"] += self.env.now - started
        self.lag[stage].append((self.env.now - since, units))
        self.done[stage] += units
        self.follow(stage, shard, units)

    def _latency(self, stage: str, units: float) -> float:
        """Return the seconds that servers take for the requests of a message."""
        plant = self.plant
        if stage == "mail":
            return units * plant.answer / plant.connections
        if stage not in ("poll", "page"):
            return 0.0
        hangs = self._chance.random() > (1 - plant.hanging) ** units
        return 30.0 if hangs else plant.request

    def follow(self, stage: str, shard: int, units: float) -> None:
        """Queue the work that follows: pages and stories after polls, publishing after stories."""
        if stage == "poll":
            articles = units * self.articles_per_poll
            self.add("page", shard, articles * WITH_PAGE)
            self.add("story", 0, articles)
        elif stage == "story" and self.articles_per_poll:
            half = units / 2
            self.add("publish", SHARDS - 1, half)
            while half > 0:
                room = PAGE_BLOCK / 2 - self._blocks % (PAGE_BLOCK / 2)
                self.add("publish", int(self._blocks // (PAGE_BLOCK / 2)) % (SHARDS - 1), min(room, half))
                self._blocks += min(room, half)
                half -= room

    def ticks(self, stage: str, arrivals: float = 0.0) -> Process:
        """Queue a message for each shard with due work, at every tick of a stage."""
        while True:
            mean = arrivals * EVERY[stage] / SHARDS
            for shard in range(SHARDS):
                if mean:
                    self.add(stage, shard, max(0, round(self._chance.gauss(mean, math.sqrt(mean)))))
                if self.due[stage][shard] and (stage, shard) not in self._waiting:
                    self._waiting.add((stage, shard))
                    self.env.process(self.message(stage, shard))
            yield self.env.timeout(EVERY[stage])

    def utilisation(self, seconds: float) -> dict[str, float]:
        """Return the share of time in which each resource worked, of the busiest of equal resources."""

        def busiest(kind: str) -> float:
            return max((value for name, value in self.busy.items() if name.startswith(kind)), default=0.0)

        machines = sum(value for name, value in self.busy.items() if name.startswith("machine "))
        plant = self.plant
        return {
            "cores of the workers": machines / plant.machines / plant.cores / seconds,
            "the worker of stories": self.busy[f"thread {plant.workers - 1}"] / seconds,
            "lease of a shard of hosts": busiest("hosts ") / seconds,
            "lease of the lists": self.busy[f"publish {SHARDS - 1}"] / seconds,
            "CPU of PostgreSQL": self.busy["database"] / max(plant.database_cores, 1) / seconds,
            "commits of PostgreSQL": self.busy["commits"] / seconds,
        }


def demand(sources: int, *, sample: int = 4_000) -> Demand:
    """Return the work of sources in the busiest hour, polled at the times that the schedule says."""
    chance, options, polls, articles = random.Random(7), PollingOptions(), 0.0, 0.0
    for number in range(sample):
        interval = 86_400 * math.exp(chance.gauss(0, 1.5))
        name = f"source {number}"
        outcome = PollOutcome(
            source_name=name,
            etag="v" if number % 5 else "",
            published=tuple(NOW - timedelta(seconds=interval * (item + 0.5)) for item in range(10)),
        )
        next_check = after_poll(SourceState(), outcome, NOW, options).next_check
        if next_check is not None:
            polls += 1 / (next_check - NOW).total_seconds()
        articles += 1 / interval
    return Demand(polls=polls * sources / sample, articles=articles * sources / sample)


def newsroom(plant: Plant, costs: dict[str, Cost], load: Demand) -> Simulation:
    """Simulate the busiest minutes of ingest, pages, stories and publishing."""
    simulation = Simulation(plant, costs, PEAK * load.articles / load.polls)
    simulation.env.process(simulation.ticks("poll", load.polls))
    for stage in ("page", "story", "publish"):
        simulation.env.process(simulation.ticks(stage))
    simulation.env.run(MINUTES * 60)
    return simulation


def edition(plant: Plant, costs: dict[str, Cost], subscribers: int) -> tuple[Simulation, float]:
    """Simulate the mails of an edition; return the seconds until the last was sent."""
    simulation = Simulation(plant, costs)
    for number, share in enumerate(PROVIDERS):
        simulation.add("mail", number, subscribers * share)
    for shard in range(SHARDS):
        simulation.add("mail", shard, subscribers * (1 - sum(PROVIDERS)) / SHARDS)
    return simulation, drain(simulation, "mail", subscribers)


def drain(simulation: Simulation, stage: str, units: int) -> float:
    """Run until the due work of a stage is done; return the seconds."""
    simulation.env.process(simulation.ticks(stage))
    while simulation.done[stage] < units * 0.9999:
        simulation.env.step()
    return simulation.env.now


def costs_of(measured: dict[str, Any]) -> dict[str, Cost]:
    """Return the costs of each stage.

    A unit costs what it costs in one process on PostgreSQL. The rest of its cost with one worker belongs to
    the messages, of which each shard had one.
    """
    alone, found = measured["one process"]["postgresql"], {}
    for stage, run in measured["workers"]["1"].items():
        messages = 1 if stage in SINGLE else SHARDS
        unit = _cost(alone[stage])
        rest = {
            name: max(0.0, value - getattr(unit, name)) * run["units"] / messages
            for name, value in asdict(_cost(run)).items()
            if name != "message"
        }
        found[stage] = replace(unit, message=Cost(**rest))
    return found


def _cost(run: dict[str, Any]) -> Cost:
    places = {name: run[f"{name}_ms"] / 1000 for name in ("worker", "parsers", "database", "server")}
    return Cost(**places, commits=run["commits"])


def with_news(costs: dict[str, Cost], articles_per_poll: float) -> dict[str, Cost]:
    """Return costs in which polls also store the new articles that they find, without the servers' CPU."""
    old, first, share = costs["poll"], costs["first poll"], articles_per_poll
    poll = Cost(
        worker=old.worker + share * first.worker,
        parsers=old.parsers + share * first.parsers,
        database=old.database + share * first.database,
        commits=old.commits + share * first.commits,
        message=old.message,
    )
    return {name: replace(cost, server=0.0) for name, cost in (costs | {"poll": poll}).items()}


def validation(measured: dict[str, Any]) -> list[tuple[str, int, float, float]]:
    """Return (stage, workers, measured units a second, error of the model) for each measured run.

    Service times are those of one process and of one worker; the model has to find the speeds.
    """
    costs, found = costs_of(measured), []
    for workers, runs in measured["workers"].items():
        for stage, run in runs.items():
            if run["seconds"] < 1:  # too short to be a speed
                continue
            name = "poll" if stage == "first poll" else stage
            cores = measured["cores"]
            plant = Plant(
                machines=1,
                cores=cores,
                workers=int(workers),
                database_cores=0,
                commits=1e6,
                answer=0.0,
                request=0.0,
                hanging=0.0,
                slowness=cores / max(cores - run["others"], 0.2),
            )
            simulation = Simulation(plant, {name: costs[stage]})
            for shard in range(SHARDS):
                simulation.add(name, shard if name in ("poll", "page", "mail") else 0, run["units"] / SHARDS)
            speed = run["units"] / drain(simulation, name, run["units"])
            found.append((stage, int(workers), run["per_second"], speed / run["per_second"] - 1))
    return found


def saturation(
    plant: Plant, costs: dict[str, Cost], sources: int
) -> list[tuple[int, dict[str, float], float]]:
    """Return sources, utilisation and the median lag of stories, for numbers around the wanted number."""
    found = []
    for factor in (0.5, 1, 2, 4, 8):
        number = int(sources * factor)
        load = demand(number)
        simulation = newsroom(plant, with_news(costs, PEAK * load.articles / load.polls), load)
        waiting = sum(units for stage in simulation.due.values() for units in stage.values())
        share = waiting / (MINUTES * 60 * (load.polls + PEAK * load.articles))
        found.append((number, simulation.utilisation(MINUTES * 60), share))
        if share > 0.1:
            break
    return found


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--measured", type=Path, default=MEASURED)
    parser.add_argument("--machines", type=int, default=10)
    parser.add_argument("--cores", type=int, default=8, help="cores of each machine")
    parser.add_argument("--database-cores", type=int, default=32)
    parser.add_argument("--sources", type=int, default=1_000_000)
    parser.add_argument("--subscribers", type=int, default=10_000_000)
    arguments = parser.parse_args()
    measured = json.loads(arguments.measured.read_text("utf-8"))
    costs = costs_of(measured)
    plant = Plant(
        machines=arguments.machines,
        cores=arguments.cores,
        workers=arguments.machines * arguments.cores,
        database_cores=arguments.database_cores,
    )
    load = demand(arguments.sources)
    print(
        f"{plant.machines} machines of {plant.cores} cores, PostgreSQL with {plant.database_cores}; "
        f"{arguments.sources:,} sources: {load.polls:.0f} polls/s, {86_400 * load.articles:,.0f} articles a "
        f"day, {PEAK * load.articles:.0f} articles/s in the busiest hour\n"
    )
    _print_saturation(saturation(plant, costs, arguments.sources))
    _print_mail(plant, with_news(costs, 0), arguments.subscribers)
    print("\nthis machine: the model with the service times of one worker, against the measured run")
    print(f"{'stage':<12}{'workers':>8}{'measured/s':>12}{'error':>8}")
    for stage, workers, speed, error in validation(measured):
        print(f"{stage:<12}{workers:>8}{speed:>12.1f}{error:>8.0%}")


def _print_saturation(rows: list[tuple[int, dict[str, float], float]]) -> None:
    print(f"{'busy share of':<28}" + "".join(f"{number:>12,}" for number, _, _ in rows))
    for name in rows[0][1]:
        print(f"{name:<28}" + "".join(f"{found[name]:>12.0%}" for _, found, _ in rows))
    print(f"{'work that waits at the end':<28}" + "".join(f"{waiting:>12.0%}" for _, _, waiting in rows))


def _print_mail(plant: Plant, costs: dict[str, Cost], subscribers: int) -> None:
    print(f"\n{'mails of an edition':<28}{'connections':>12}{'minutes':>9}{'mails/s':>10}  busiest")
    for number in (subscribers // 10, subscribers):
        for connections in (5, 20):
            simulation, seconds = edition(replace(plant, connections=connections), costs, number)
            found = simulation.utilisation(seconds)
            found["shard of a mailbox provider"] = (
                max(value for name, value in simulation.busy.items() if name.startswith("mail ")) / seconds
            )
            name, share = max(found.items(), key=lambda item: item[1])
            print(
                f"{number:<28,}{connections:>12}{seconds / 60:>9.0f}{number / seconds:>10.0f}"
                f"  {name} ({share:.0%})"
            )


if __name__ == "__main__":
    main()

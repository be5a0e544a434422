"""Metrics for Prometheus at /metrics, as text or OpenMetrics. No other module imports prometheus_client."""

from collections.abc import Callable, Iterator
from datetime import datetime
from ipaddress import ip_address

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from syndicate import measures
from syndicate.jobs.admin.system import metric_views
from syndicate.jobs.admin.system.metric_views import METRICS, MetricsReader
from syndicate.model.actors import Actor

ActorOf = Callable[[str, datetime], Actor | None]
"""Finds the actor of a token."""
PREFIX = "syndicate_"


def metrics_response(request: Request, reader: MetricsReader, actor_of: ActorOf, now: datetime) -> Response:
    """Return the metrics: free on loopback, elsewhere for tokens with ``metrics:read``."""
    headers = {"Cache-Control": "no-store"}
    if not _is_local(request):
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        actor = actor_of(token.strip(), now) if scheme.lower() == "bearer" else None
        if actor is None:
            return Response(status_code=401, headers=headers | {"WWW-Authenticate": "Bearer"})
        if not actor.may("metrics:read"):
            return Response(status_code=403, headers=headers)
    registry = CollectorRegistry()
    registry.register(_Rows(reader, now))
    encode, media_type = choose_encoder(request.headers.get("accept", ""))
    return Response(encode(registry), 200, headers, media_type)


def _is_local(request: Request) -> bool:
    """Return whether a program on this machine asks, and not a proxy on behalf of another machine."""
    if request.client is None or {"forwarded", "x-forwarded-for", "x-real-ip"} & set(request.headers):
        return False
    try:
        return ip_address(request.client.host).is_loopback
    except ValueError:
        return False


class _Rows(Collector):
    """Collector of all metrics at a time."""

    def __init__(self, reader: MetricsReader, now: datetime) -> None:
        self._reader, self._now = reader, now

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; those without a value have no sample."""
        values = self._reader.read(self._now)
        for metric in METRICS:
            name = PREFIX + metric.name
            if metric.kind == "histogram":
                family = HistogramMetricFamily(name, metric.purpose, labels=metric.labels)
                for labels, (classes, total) in sorted(metric_views.histogram(metric).items()):
                    family.add_metric(labels, _buckets(classes), total)
                yield family
                continue
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            simple = kind(name, metric.purpose, labels=metric.labels)
            for labels, value in sorted(values.get(metric.name, {}).items()):
                simple.add_metric(labels, value)
            yield simple


def _buckets(classes: list[int]) -> list[tuple[str, float]]:
    """Return the number of durations up to each bound."""
    bounds = [*(str(bound) for bound in measures.BUCKETS), "+Inf"]
    return [(bound, float(sum(classes[: place + 1]))) for place, bound in enumerate(bounds)]

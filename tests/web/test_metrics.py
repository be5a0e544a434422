"""Metrics: complete, documented, bounded, and closed to strangers."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from syndicate import measures
from syndicate.cli.operate.serving import metrics_handler
from syndicate.jobs.admin.system.metric_views import METRICS
from syndicate.jobs.publish.site_frame import bare_frame
from syndicate.jobs.stage_log import StageRun
from syndicate.model.actors import command_actor
from syndicate.published_files import PublishedFiles
from syndicate.store import schema
from syndicate.templating import Templates
from syndicate.web import WebOptions, create_app
from syndicate.web.request_counts import counted
from tests.factories import NOW
from tests.jobs.room import Room, opened_room, source
from tests.web.conftest import Site, serving

ROOT = Path(__file__).parents[2]
DECLARED = "".join(source(f"s{n}", f"https://s{n}.example/feed") for n in range(3)) + (
    '[[channels]]\nname = "all"\n[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    measures.subtract(measures.counts())
    with opened_room(tmp_path) as room:
        room.declare(DECLARED)
        yield room
    measures.subtract(measures.counts())


@pytest.fixture
def site(room: Room, tmp_path: Path) -> Iterator[Site]:
    services, templates = room.services, Templates()
    frame = bare_frame(templates, services.publish_options)
    app = create_app(
        WebOptions(), PublishedFiles(tmp_path / "feeds"), services.unsubscribe, templates=templates,
        health=lambda: {"ok": True}, ready=lambda: {"ok": False}, frame=lambda: frame,
        metrics=metrics_handler(services),
    )  # fmt: skip
    with serving(counted(app), tmp_path / "feeds") as site:  # type: ignore[arg-type]
        yield site


def samples(text: str) -> dict[str, float]:
    return {
        sample.name + "".join(f" {value}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(site: Site, **headers: str) -> str:
    answer = site.ask("GET", "/metrics", **headers)
    assert answer.status == 200, answer.status
    return answer.body.decode()


def test_every_metric_is_answered_and_documented(site: Site):
    families = {family.name for family in text_string_to_metric_families(scraped(site))}
    documented = (ROOT / "docs" / "metrics.md").read_text("utf-8")
    for metric in METRICS:
        assert f"syndicate_{metric.name.removesuffix('_total')}" in families
        assert f"`syndicate_{metric.name}` | {metric.kind} |" in documented


def test_the_alerts_and_the_dashboard_ask_for_metrics_that_exist():
    known = {f"syndicate_{metric.name}" for metric in METRICS}
    for file in ("deploy/prometheus/syndicate.rules.yml", "deploy/grafana/syndicate.json"):
        text = (ROOT / file).read_text("utf-8")
        asked = set(re.findall(r"syndicate_\w+", text)) - {"syndicate_rules"}
        assert {name.removesuffix("_bucket") for name in asked} <= known
    assert json.loads((ROOT / "deploy/grafana/syndicate.json").read_text("utf-8"))["panels"]


@pytest.mark.parametrize("accept", ["text/plain", "application/openmetrics-text; version=1.0.0"])
def test_promtool_has_no_complaint(site: Site, room: Room, accept: str):
    room.services.stage_log.record("ingest", StageRun(NOW, 0.3, "", {"new": 2}))
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not installed (apt-get install prometheus)")
    answer = site.ask("GET", "/metrics", Accept=accept)
    assert (answer["content-type"] or "").startswith(accept.partition(";")[0])
    if "openmetrics" in accept:
        assert answer.body.endswith(b"# EOF\n")
        return
    checked = subprocess.run(
        [promtool, "check", "metrics"], input=answer.body, capture_output=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, b"")
    rules = str(ROOT / "deploy" / "prometheus" / "syndicate.rules.yml")
    assert (
        subprocess.run([promtool, "check", "rules", rules], capture_output=True, check=False).returncode == 0
    )


def test_the_values_are_those_of_the_rows(site: Site, room: Room):
    log = room.services.stage_log
    room.subscribe("jo@example.org", "kim@example.org")
    log.record("ingest", StageRun(NOW - timedelta(minutes=1), 0.3, "", {"new": 2, "changed": 1}))
    log.record("pages", StageRun(NOW, 70.0, "no store", {"new": 5}))
    found = samples(scraped(site))
    assert found["syndicate_articles_total new"] == 7
    assert found["syndicate_subscribers daily confirmed"] == 2
    assert found["syndicate_consents_total subscribed by operator"] == 2
    assert found["syndicate_sources well"] == 3
    assert found["syndicate_job_failures_total pages"] == 1
    assert (
        found["syndicate_job_last_success_timestamp_seconds ingest"]
        == (NOW - timedelta(minutes=1)).timestamp()
    )
    assert "syndicate_job_last_success_timestamp_seconds pages" not in found
    assert found["syndicate_job_duration_seconds_bucket pages 60.0"] == 0
    assert found["syndicate_job_duration_seconds_count pages"] >= 1


def test_totals_do_not_fall_when_rows_are_pruned(site: Site, room: Room):
    room.subscribe("jo@example.org")
    before = samples(scraped(site))
    with room.store.write() as connection:
        connection.execute(schema.consents.delete())
    room.services.metrics._cache.clear()
    after = samples(scraped(site))
    for name, value in before.items():
        if "_total" in name:
            assert after[name] >= value


def test_requests_are_counted_by_area_and_class(site: Site):
    site.ask("GET", "/feeds/none.rss")
    site.ask("GET", "/")
    found = samples(scraped(site))
    assert found["syndicate_http_requests_total feed 4xx"] == 1
    assert found["syndicate_http_requests_total page 3xx"] == 1
    assert found["syndicate_http_duration_seconds_count feed"] >= 1


@pytest.mark.all
def test_there_are_few_series_with_many_sources_and_newsletters(room: Room):
    many = "".join(source(f"s{number}", f"https://s{number}.example/feed") for number in range(400))
    for number in range(250):
        many += f'[[newsletters]]\nname = "n{number}"\nschedule = "daily 07:00"\n'
    room.declare(many)
    for number in range(250):
        room.subscribe(f"reader{number}@example.org", newsletter=f"n{number}")
    values = room.services.metrics.read(NOW)
    labels = [label for found in values.values() for key in found for label in key]
    assert sum(map(len, values.values())) < 500
    assert values["subscribers"]["other", "confirmed"] == 50
    assert not any(label.startswith("s1") or "example" in label for label in labels)


def test_another_machine_needs_a_token_for_metrics(site: Site, room: Room):
    proxied = {"X_Forwarded_For": "203.0.113.9"}
    assert site.ask("GET", "/metrics", **proxied).status == 401
    assert site.ask("GET", "/metrics", **proxied, Authorization="Bearer syn_wrong").status == 401
    reads, other = (_token(room, scope) for scope in ("metrics:read", "sources:read"))
    assert site.ask("GET", "/metrics", **proxied, Authorization=f"Bearer {other}").status == 403
    assert site.ask("GET", "/metrics", **proxied, Authorization=f"Bearer {reads}").status == 200


def _token(room: Room, scope: str) -> str:
    from syndicate.model.actors import Change
    from syndicate.store.access import user_store

    with room.store.write() as connection:
        address = f"{scope}@news.example"
        user = user_store.add_user(
            connection, address=address, address_key=address, name="", role="admin", now=NOW
        )
    change = Change(actor=command_actor("test"), now=NOW)
    return room.services.admin.tokens.add(change, scope, [scope], user_id=user).secret


def test_a_process_that_cannot_work_is_not_ready(site: Site):
    assert site.ask("GET", "/readyz").status == 503
    assert site.ask("GET", "/healthz").status == 200

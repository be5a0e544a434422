"""Alerts: what needs attention is told once, grouped, outside of quiet hours, and again when it is over."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
from sqlalchemy import update

from syndicate.errors import ConfigError, SyndicateError
from syndicate.events.alert_texts import Alert, is_quiet
from syndicate.jobs.admin.needs import FAILING_ALERTS, Need
from syndicate.jobs.events.alert_job import AlertJob
from syndicate.store import Store, schema
from syndicate.store.core.store_values import read_value, write_value
from tests.factories import NOW
from tests.jobs.room import Room, source
from tests.recording_server import RecordingServer

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass
class Told:
    """Way that keeps what it was told, or fails."""

    alerts: list[Alert] = field(default_factory=list)
    fails: bool = False

    def __call__(self, alert: Alert) -> None:
        if self.fails:
            raise SyndicateError("the way is closed")
        self.alerts.append(alert)


class ListedNeeds:
    """Needs of a test."""

    def __init__(self, *needs: Need) -> None:
        self.needs: Sequence[Need] = needs

    def read(self, _connection: object, _now: datetime) -> Sequence[Need]:
        return self.needs


def need(subject: str = "1", sentence: str = "source harbour failed 3 times", **more: Any) -> Need:
    return Need(kind="source", subject=subject, sentence=sentence, href=f"/admin/sources/{subject}", **more)


def job(store: Store, needs: ListedNeeds, *ways: Told, **more: Any) -> AlertJob:
    options = {"site_title": "Harbour", "admin_url": "https://news.example", "zone": UTC} | more
    named = {f"way {number}": way for number, way in enumerate(ways)}
    return AlertJob(store=store, needs=needs, ways=named, **options)  # type: ignore[arg-type]


def test_a_need_is_told_once_with_others_also_after_a_restart(store: Store) -> None:
    needs, way = ListedNeeds(need(), need("2", "source pier is gone")), Told()
    for minutes in range(3):
        job(store, needs, way).run(NOW + minutes * MINUTE)
    (alert,) = way.alerts
    assert alert.title == "Harbour: 2 items need attention"
    text = alert.text(details=False)
    assert "- Source harbour failed 3 times\n  https://news.example/admin/sources/1" in text
    assert "Source pier is gone" in text


def test_a_source_that_has_moved_and_then_is_gone_is_told_as_both(room: Room) -> None:
    room.declare(source("harbour", "https://h.example/feed"))
    needs, way = room.services.needs, Told()
    for values in ({"moved_to": "https://pier.example/feed"}, {"gone": True}):
        with room.store.write() as connection:
            connection.execute(update(schema.sources).values(values))
        job(room.store, needs, way).run(NOW)  # type: ignore[arg-type]
    assert ["moved" in way.alerts[0].new[0].line, "gone" in way.alerts[1].new[0].line] == [True, True]


def test_a_count_that_grows_is_no_news(sqlite_store: Store) -> None:
    needs, way = ListedNeeds(need()), Told()
    job(sqlite_store, needs, way).run(NOW)
    needs.needs = [need(sentence="source harbour failed 4 times")]
    job(sqlite_store, needs, way).run(NOW + HOUR)
    assert len(way.alerts) == 1


def test_the_end_of_a_need_is_told(sqlite_store: Store) -> None:
    needs, way = ListedNeeds(need()), Told()
    job(sqlite_store, needs, way).run(NOW)
    needs.needs = []
    job(sqlite_store, needs, way).run(NOW + HOUR)
    job(sqlite_store, needs, way).run(NOW + 2 * HOUR)
    assert [alert.title for alert in way.alerts][1:] == ["Harbour: nothing needs attention any more"]
    assert way.alerts[1].text(details=True) == "Over:\n\n- source harbour failed 3 times"


def test_quiet_hours_keep_alerts_until_their_end(sqlite_store: Store) -> None:
    needs, way = ListedNeeds(need()), Told()
    quiet = {"quiet_hours": "22:00-07:00"}
    late = datetime(2026, 11, 24, 23, 0, tzinfo=UTC)
    job(sqlite_store, needs, way, **quiet).run(late)
    assert way.alerts == []
    job(sqlite_store, needs, way, **quiet).run(late + 8 * HOUR)
    assert len(way.alerts) == 1


def test_what_begins_and_ends_in_quiet_hours_is_not_told(sqlite_store: Store) -> None:
    needs, way = ListedNeeds(need()), Told()
    job(sqlite_store, needs, way, quiet_hours="08:00-10:00").run(NOW)
    needs.needs = []
    job(sqlite_store, needs, way, quiet_hours="08:00-10:00").run(NOW + 2 * HOUR)
    assert way.alerts == []


@pytest.mark.parametrize(
    ("at", "quiet"), [("21:59", False), ("22:00", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_may_include_midnight(at: str, quiet: bool) -> None:
    assert is_quiet("22:00-07:00", time.fromisoformat(at)) is quiet
    assert not is_quiet("", time.fromisoformat(at))


def test_a_need_is_told_again_after_the_time_of_repeat(sqlite_store: Store) -> None:
    needs, way = ListedNeeds(need()), Told()
    for hours in (0, 12, 24, 30):
        job(sqlite_store, needs, way, repeat=24 * HOUR).run(NOW + hours * HOUR)
    assert len(way.alerts) == 2


def test_a_way_that_is_no_longer_declared_fails_no_more(sqlite_store: Store) -> None:
    broken, needs = Told(fails=True), ListedNeeds(need())
    job(sqlite_store, needs, broken).run(NOW)
    assert failing(sqlite_store) == '{"way 0": "the way is closed"}'
    job(sqlite_store, needs).run(NOW + HOUR)
    assert failing(sqlite_store) == "{}"


def test_a_way_that_fails_stops_no_other_and_tells_later(sqlite_store: Store) -> None:
    needs, broken, well = ListedNeeds(need()), Told(fails=True), Told()
    for minutes in range(3):
        job(sqlite_store, needs, broken, well).run(NOW + minutes * MINUTE)
    assert len(well.alerts) == 1
    assert failing(sqlite_store) == '{"way 0": "the way is closed"}'
    broken.fails = False
    job(sqlite_store, needs, broken, well).run(NOW + HOUR)
    assert len(broken.alerts) == 1
    assert len(well.alerts) == 1
    assert failing(sqlite_store) == "{}"


def failing(store: Store) -> str | None:
    with store.read() as connection:
        return read_value(connection, FAILING_ALERTS)


def test_details_go_to_mail_only(sqlite_store: Store) -> None:
    needs, way = ListedNeeds(need(detail="550 no such user ada@mail.example")), Told()
    job(sqlite_store, needs, way).run(NOW)
    assert "ada@mail.example" in way.alerts[0].text(details=True)
    assert "ada@mail.example" not in way.alerts[0].text(details=False)


@pytest.fixture
def server() -> Iterator[RecordingServer]:
    with RecordingServer() as server:
        yield server


def declare(room: Room, section: str) -> None:
    room.declare(f'[alerts]\n{section}\n[[sources]]\nname = "harbour"\nurl = "http://127.0.0.1:1/feed"\n')
    for days in range(4):
        room.ingest(NOW - timedelta(days=5 - days), ["harbour"])


def test_an_alert_is_mailed_although_sending_is_paused(room: Room) -> None:
    declare(room, 'to = ["ops@mail.example"]')
    with room.store.write() as connection:
        write_value(connection, "sending paused", '[99999999999999999, "550 no", 3]')
    room.services.alerts.run(NOW)
    (file,) = (room.folder / "outbox").glob("*.eml")
    mail = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert mail["Subject"] == "The Newsroom: 2 items need attention"
    assert (mail["To"], mail["Auto-Submitted"]) == ("ops@mail.example", "auto-generated")
    assert "Source harbour failed" in mail.get_content()


def test_an_alert_is_posted_as_json(room: Room, server: RecordingServer) -> None:
    declare(room, f'webhook = "{server.url("/alert")}"')
    server.reply = lambda _: (500, {}, {})
    assert room.services.alerts.run(NOW) == {"told": 0, "failed": 1}
    server.reply = lambda _: (200, {}, {})
    assert room.services.alerts.run(NOW + HOUR) == {"told": 1, "failed": 0}
    body = server.taken[1].json()
    assert body["title"] == "The Newsroom: 1 item needs attention"
    assert "harbour" in body["text"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of apprise on Python 3.11
def test_a_service_of_apprise_is_told(room: Room, server: RecordingServer) -> None:
    pytest.importorskip("apprise")
    declare(room, f'services = "{server.url("/notify").replace("http", "json", 1)}"')
    assert room.services.alerts.run(NOW) == {"told": 1, "failed": 0}
    assert "harbour" in server.taken[0].json()["message"]


def test_quiet_hours_are_checked_when_the_configuration_is_read(room: Room) -> None:
    with pytest.raises(ConfigError, match="22:00-07:00"):
        declare(room, 'quiet_hours = "nights"')

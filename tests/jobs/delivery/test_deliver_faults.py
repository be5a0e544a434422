"""Proof by fault: everybody is sent, failed, deferred or uncertain in the end, and nobody has it twice."""

import multiprocessing
import shutil
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy.engine.default import DefaultDialect

from syndicate.delivery.message import MailOptions
from syndicate.delivery.outgoing import Sender
from syndicate.delivery.rate_limit import RateLimits
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.errors import ConfigError, StoreError
from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.jobs.delivery.deliver_result import DeliverResult
from syndicate.model.shards import SHARDS, shard_of
from syndicate.services import Services
from syndicate.settings import load_settings
from syndicate.store import open_store
from syndicate.store.leases.held_lease import LEASE
from syndicate.store.mail import delivery_store
from tests.delivery.scripted_smtp import DROP, DROP_AFTER, PIPELINING, SILENCE, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import Room
from tests.jobs.sending import MINUTE, job, mail_to, states, to

OK = b"250 ok\r\n"
READERS = tuple(f"reader{number:02}" for number in range(40))
# Seconds to wait for a server that says nothing.
SHORT = 0.3
ENDED = {"sent", "failed", "deferred", "uncertain"}


@pytest.fixture
def empty_house(room: Room) -> Room:
    """A newsroom on SQLite."""
    room.declare(
        '[[newsletters]]\nname = "daily"\ntitle = "The digest"\nschedule = "daily 07:00"\n'
        '[[sources]]\nname = "harbour"\nurl = "https://harbour.example/feed"\n'
    )
    return room


@pytest.fixture
def house(empty_house: Room) -> Room:
    """The same with forty readers and an edition for them."""
    mail_to(empty_house, *READERS)
    return empty_house


FAULTS: dict[str, tuple[dict[str, Any], ...]] = {
    "drops before the reply": ({"BODY": (OK, OK, DROP)},),
    "drops after the reply": ({"BODY": (OK, OK, OK + DROP_AFTER)},),
    "drops at MAIL": ({"MAIL": (OK, OK, DROP)},),
    "drops at RCPT": ({"RCPT": (OK, DROP)},),
    "drops at DATA": ({"DATA": (b"354 go\r\n", b"354 go\r\n", DROP)},),
    "drops after the 354": ({"DATA": (b"354 go\r\n", b"354 go\r\n" + DROP_AFTER)},),
    "defers some": ({"RCPT": (OK, b"450 later\r\n") * 30, "DATA": (b"354 go\r\n", b"503 whom\r\n") * 30},),
    "refuses some bodies": ({"BODY": (OK, b"554 no\r\n", b"451 wait\r\n") * 20},),
    "says nonsense": ({"BODY": (OK, b"what?\r\n")},),
    "says nothing at MAIL": (*({"MAIL": (OK, OK, SILENCE)},) * 5, {}),
    "says nothing at RCPT": (*({"RCPT": (OK, SILENCE)},) * 5, {}),
    "says nothing at DATA": (*({"DATA": (b"354 go\r\n", b"354 go\r\n", SILENCE)},) * 5, {}),
    "says nothing about a body": (*({"BODY": (OK, OK, SILENCE)},) * 5, {}),
    "is busy": ({"MAIL": (OK, OK, b"421 busy\r\n" + DROP_AFTER)},),
}


@pytest.mark.parametrize("connections", [1, 4])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.sampled(7)
def test_D_whatever_the_server_does_nobody_has_it_twice(house: Room, fault: str, connections: int) -> None:
    patience: dict[str, Any] = {"timeout": SHORT, "final_timeout": SHORT} if "says nothing" in fault else {}
    with ScriptedSmtp(*(PIPELINING | script for script in FAULTS[fault])) as smtp:
        for round_ in range(30):
            now = NOW + round_ * 3 * MINUTE
            job(house, smtp.port, now=now, connections=connections, **patience).run(now)
            if set(states(house).values()) <= ENDED:
                break
    found = Counter(to(smtp.bodies))
    ended = states(house)
    assert set(ended.values()) <= ENDED
    for reader, state in ended.items():
        # A body that was answered with 4xx or 5xx arrived here, but the server has not taken it.
        rejected = fault == "refuses some bodies" and state in ("failed", "deferred")
        assert (
            found[reader] == 1
            if state == "sent"
            else found[reader] <= (1 if state == "uncertain" else 0) or rejected
        )


def test_DF17_two_senders_at_once(house: Room) -> None:
    with ScriptedSmtp(PIPELINING) as smtp, ThreadPoolExecutor(2) as pool:
        jobs = [job(house, smtp.port, owner=owner, connections=3) for owner in ("first", "second")]
        results = list(pool.map(lambda one: one.run(NOW), jobs))
    assert sum(result.sent for result in results) == 40
    assert to(smtp.bodies) == sorted(READERS)


@pytest.mark.all
def test_DF17_two_senders_in_two_processes_at_once(empty_house: Room) -> None:
    """More than two batches: each claims what the other has left."""
    crowd = tuple(f"crowd{number:04}" for number in range(1100))
    mail_to(empty_house, *crowd)
    empty_house.store.dispose()
    spawn = multiprocessing.get_context("spawn")
    ready, counts = spawn.Barrier(2), spawn.SimpleQueue()
    with ScriptedSmtp(PIPELINING) as smtp:
        facts = (empty_house.folder, smtp.port, ready, counts)
        senders = [spawn.Process(target=send_all, args=(owner, *facts)) for owner in ("one", "two")]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
    assert [sender.exitcode for sender in senders] == [0, 0]
    assert counts.get() + counts.get() == len(crowd)
    assert to(smtp.bodies) == list(crowd)


def send_all(owner: str, folder: Path, port: int, ready: Any, counts: Any) -> None:
    """One of several senders, in a process of its own."""
    store = open_store(f"sqlite:///{folder / 'syndicate.db'}")
    services = Services(load_settings(folder / "config.toml", {}), store)
    options = SmtpOptions(host="127.0.0.1", port=port, tls="none", domain="example.com")
    sending = DeliverJob(
        store=store,
        sender=lambda: SmtpSender(options),
        mail=services.mail_options,
        owner=owner,
        clock=lambda: NOW,
    )
    ready.wait(60)
    counts.put(sending.run(NOW).sent)
    store.dispose()


def test_D_a_full_disk_before_the_body_sends_nothing_and_the_next_run_everything(
    house: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = delivery_store.begin_sending

    def full(*_arguments: Any, **_facts: Any) -> set[int]:
        raise StoreError("no space left for the store")

    with ScriptedSmtp(PIPELINING) as smtp:
        monkeypatch.setattr(delivery_store, "begin_sending", full)
        with pytest.raises(StoreError, match="no space"):
            job(house, smtp.port).run(NOW)
        assert smtp.bodies == []
        monkeypatch.setattr(delivery_store, "begin_sending", begun)
        assert job(house, smtp.port).run(NOW) == DeliverResult(sent=40)
    assert to(smtp.bodies) == sorted(READERS)


def test_D_a_full_disk_after_the_body_leaves_one_in_doubt_for_each_connection(
    house: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = delivery_store.mark_sent
    calls: list[int] = []

    def full(connection: Any, ids: Any, **facts: Any) -> int:
        calls.append(len(ids))
        if len(calls) > 4:
            raise StoreError("no space left for the store")
        return sent(connection, ids, **facts)

    with ScriptedSmtp(PIPELINING) as smtp:
        monkeypatch.setattr(delivery_store, "mark_sent", full)
        with pytest.raises(StoreError, match="no space"):
            job(house, smtp.port, connections=3).run(NOW)
        monkeypatch.setattr(delivery_store, "mark_sent", sent)
        later = NOW + timedelta(hours=1)
        result = job(house, smtp.port, now=later).run(later)
    assert 1 <= result.swept <= 3
    counts = Counter(states(house).values())
    assert counts == {"sent": 40 - result.swept, "uncertain": result.swept}
    assert max(Counter(to(smtp.bodies)).values()) == 1


def test_D_after_a_restored_backup_nobody_gets_it_twice_once_the_rest_is_doubted(
    house: Room, tmp_path: Path
) -> None:
    with ScriptedSmtp(PIPELINING) as smtp:
        job(house, smtp.port).run(NOW, should_stop=lambda: len(smtp.bodies) >= 10)
        house.store.dispose()
        backup = Path(shutil.copytree(tmp_path, tmp_path.parent / f"{tmp_path.name}-backup"))
        known = Counter(states(house).values())["sent"]
        assert job(house, smtp.port).run(NOW) == DeliverResult(sent=40 - known)
        restored = open_store(f"sqlite:///{backup / 'syndicate.db'}")
        house.store = restored
        with restored.write() as connection:
            assert delivery_store.mark_waiting_uncertain(connection, now=NOW) == 40 - known
        assert job(house, smtp.port).run(NOW) == DeliverResult()
        assert Counter(states(house).values()) == {"sent": known, "uncertain": 40 - known}
        restored.dispose()
    assert to(smtp.bodies) == sorted(READERS)


def test_an_edition_that_cannot_be_encoded_is_set_aside_after_three_tries(house: Room) -> None:
    def mail(newsletter: str) -> MailOptions:
        return replace(house.services.mail_options(newsletter), reply_to="nobody")

    with ScriptedSmtp(PIPELINING) as smtp:
        results = [
            replace(job(house, smtp.port, now=now), mail=mail).run(now)
            for now in (NOW + n * timedelta(hours=5) for n in range(4))
        ]
        assert smtp.commands in ([], ["ehlo example.com", "QUIT"] * 3)
    assert [(result.deferred, result.failed) for result in results] == [(40, 0), (40, 0), (0, 40), (0, 0)]


def test_a_limit_puts_off_what_is_too_much_and_says_when(house: Room) -> None:
    with ScriptedSmtp(PIPELINING) as smtp:
        result = job(house, smtp.port, limits=RateLimits(domain_rate=0.5)).run(NOW)
    assert (result.sent, len(smtp.bodies)) == (1, 1)
    with house.store.read() as connection:
        assert delivery_store.count_due(connection, NOW) == 0
        assert delivery_store.count_due(connection, NOW + timedelta(minutes=21)) == 10


def test_limits_hold_over_processes_that_send_at_once(house: Room) -> None:
    limits, other = RateLimits(domain_rate=0.5), []

    def meanwhile() -> None:
        other.append(job(house, smtp.port, owner="them", limits=limits).run(NOW))

    with ScriptedSmtp(PIPELINING) as smtp:
        first = job(house, smtp.port, on_claim=meanwhile, limits=limits).run(NOW)
    assert (first.sent, other, len(smtp.bodies)) == (1, [DeliverResult()], 1)


def test_one_process_at_a_time_sends_the_mails_of_a_shard_and_only_these(house: Room) -> None:
    house.subscribe("jo@example.com", "kim@example.net")
    shard, other = shard_of("example.org"), list[DeliverResult]()

    def meanwhile() -> None:
        other.append(job(house, smtp.port, owner="them").run(NOW, shard=shard))

    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(house, smtp.port).run(NOW, shard=(shard + 1) % SHARDS) == DeliverResult()
        assert job(house, smtp.port, on_claim=meanwhile).run(NOW, shard=shard).sent == len(READERS)
    assert {result.busy or result.sent == 0 for result in other} == {True}
    assert other[0].busy


def test_what_a_killed_process_had_claimed_is_sent_a_minute_later(house: Room) -> None:
    with house.store.write() as connection:
        claim = delivery_store.claim_deliveries
        assert len(claim(connection, now=NOW, owner="dead", until=NOW + LEASE, limit=500)) == len(READERS)
    later = NOW + LEASE + timedelta(seconds=1)
    with ScriptedSmtp(PIPELINING) as smtp:
        assert job(house, smtp.port).run(NOW).sent == 0
        assert job(house, smtp.port, now=later).run(later).sent == len(READERS)


def test_a_refused_login_is_not_tried_again_before_its_time_unless_a_person_says_so(house: Room) -> None:
    refusing = {"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 no\r\n"}
    with ScriptedSmtp(refusing, {}) as smtp:
        refused = job(house, smtp.port, username="jo", password="x").run(NOW)
        assert "refused the login" in refused.problem
        for minutes in (1, 14):
            assert job(house, smtp.port).run(NOW + minutes * MINUTE).paused
        assert smtp.connections == 1
        assert job(house, smtp.port).run(NOW + MINUTE, resume=True).sent == 40


def test_a_key_that_cannot_be_read_keeps_no_other_process_waiting(house: Room) -> None:
    def unreadable() -> Sender:
        raise ConfigError("the DKIM key cannot be read")

    limits = RateLimits(rate=60_000)
    with ScriptedSmtp(PIPELINING) as smtp:
        with pytest.raises(ConfigError):
            replace(job(house, smtp.port, limits=limits), sender=unreadable).run(NOW)
        assert job(house, smtp.port, owner="them", limits=limits).run(NOW).sent == len(smtp.bodies) > 0


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_D_a_database_server_that_ends_its_connections_leaves_nobody_in_doubt(
    desk: Room, store_url: str
) -> None:
    """What the mail server has said is written down as soon as the database is back."""
    mail_to(desk, *READERS)
    with psycopg.connect(store_url) as other, ThreadPoolExecutor(1) as pool:
        ending: list[Future[None]] = []

        def shut(_done: int, _all: int) -> None:
            if not ending:
                other.execute("LOCK TABLE deliveries")
                ending.append(pool.submit(end_who_waits, other))

        with ScriptedSmtp(PIPELINING) as smtp:
            result = job(desk, smtp.port, connections=3).run(NOW, progress=shut)
        ending[0].result()
    assert (result.sent, result.problem) == (40, "")
    assert set(states(desk).values()) == {"sent"}
    assert to(smtp.bodies) == sorted(READERS)


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_D_a_commit_whose_answer_is_lost_leaves_nobody_in_doubt(
    desk: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that says that mail begins: it is there already when it is made again."""
    mail_to(desk, *READERS)
    really_commit: Callable[..., None] = DefaultDialect.do_commit
    lost = list[int]()

    def commit(dialect: DefaultDialect, connection: Any) -> None:
        really_commit(dialect, connection)
        if lost == [0]:
            lost.append(1)
            connection.dbapi_connection.close()
            raise psycopg.OperationalError("the connection is closed")

    def now(done: int, _all: int) -> None:
        if done == 1:
            lost.append(0)

    monkeypatch.setattr(DefaultDialect, "do_commit", commit)
    with ScriptedSmtp(PIPELINING) as smtp:
        result = job(desk, smtp.port, connections=1).run(NOW, progress=now)
    assert (lost, result.sent, result.cancelled) == ([0, 1], 40, 0)
    assert set(states(desk).values()) == {"sent"}
    assert to(smtp.bodies) == sorted(READERS)


def end_who_waits(holder: psycopg.Connection) -> None:
    """End the connection that waits for what another one has locked, and then let go."""
    ended = None
    while ended is None:
        ended = holder.execute(
            "SELECT pg_terminate_backend(pid, 30000) FROM pg_locks WHERE NOT granted"
            " AND relation = 'deliveries'::regclass"
        ).fetchone()
    holder.commit()

"""Brands with a mail server of their own: a broken server of one brand leaves the mail of others alone."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import dkim
import pytest
from sqlalchemy import select, update

from syndicate.cli.operate.stages import Stages
from syndicate.cli.operate.worker import parse_stages
from syndicate.delivery.dkim_keys import new_key
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.errors import ConfigError
from syndicate.jobs.delivery.mail_servers import deliver_all
from syndicate.model.shards import shard_of
from syndicate.newsletter.periods import period_at
from syndicate.newsletter.sample_edition import sample_stories
from syndicate.settings import Settings
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.mail import delivery_store, sending_pauses
from syndicate.text.names import slug
from tests.delivery.scripted_smtp import HOLD, PIPELINING, ScriptedSmtp
from tests.factories import NOW, cut, edition_story, new_article, place
from tests.jobs.room import BASE, Room, source
from tests.jobs.sending import messages, states, to

REFUSING = {"MAIL": b"550 5.7.1 this sender is not welcome\r\n"}
SOON = NOW + timedelta(minutes=1)
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
COAST = '[[newsletters]]\nname = "coast"\ntitle = "Coast letter"\nschedule = "daily 07:00"\nbrand = "coast"\n'


def brand(port: int, **more: str) -> str:
    keys = {"from": "Coast <letters@coast.example>", "list_domain": "lists.coast.example", **more}
    keys |= {"host": "127.0.0.1", "tls": "none"} if port else {}
    lines = [f'{key} = "{value}"' for key, value in keys.items()]
    return "\n".join(["[[brands]]", 'name = "coast"', *lines, *([f"port = {port}"] if port else []), ""])


def two_brands(room: Room, port: int, coast_port: int, *, keys: bool = False, **more: str) -> None:
    """Declare a newsletter of the site and a newsletter of a brand, each with two readers and an edition."""
    base = BASE + f'transport = "smtp"\nhost = "127.0.0.1"\nport = {port}\ntls = "none"\n'
    if keys:
        for name in ("site.pem", "coast.pem"):
            (room.folder / name).write_bytes(new_key("ed25519"))
        base += 'dkim_ed25519_key = "site.pem"\n'
        more |= {"dkim_ed25519_key": "coast.pem", "dkim_ed25519_selector": "c1"}
    declared = source("harbour", "https://harbour.example/feed") + DAILY + COAST
    room.declare(declared + brand(coast_port, **more), base=base)
    room.subscribe("ann@example.org", "bob@example.org")
    room.subscribe("cleo@example.org", "dora@example.org", newsletter="coast")
    (article_id,) = room.add(new_article(1))
    with room.store.write() as connection:
        place(connection, article_id)
        story = edition_story(article_store.get_articles(connection, [article_id])[article_id])
        for newsletter in ("daily", "coast"):
            cut(connection, [story], newsletter=newsletter)


def run(room: Room, at=NOW, *, resume: bool = False):
    jobs = [replace(job, clock=lambda: at) for job in room.services.delivers]
    return deliver_all(jobs, at, resume=resume, progress=lambda _done, _of: None)


def test_a_server_that_refuses_the_sender_leaves_the_other_brands_mail_alone(rooms: Room) -> None:
    with ScriptedSmtp(REFUSING) as broken, ScriptedSmtp() as good:
        two_brands(rooms, broken.port, good.port)
        result = run(rooms)
        assert (result.sent, result.failed, result.paused) == (2, 0, False)
        assert to(good.bodies) == ["cleo", "dora"]
        assert states(rooms) == {"ann": "pending", "bob": "pending", "cleo": "sent", "dora": "sent"}
        assert "not welcome" in result.problem
        with rooms.store.read() as connection:
            assert sending_pauses.sending_pause(connection, SOON)
            assert sending_pauses.sending_pause(connection, SOON, "coast") is None
        assert run(rooms, SOON).problem.startswith("The mail server")
        assert rooms.services.delivers[1].paused_reason(SOON) == ""


def test_a_pause_of_a_brand_names_it_and_ends_by_resume(rooms: Room) -> None:
    with ScriptedSmtp() as good, ScriptedSmtp(REFUSING, REFUSING, {}) as broken:
        two_brands(rooms, good.port, broken.port)
        assert run(rooms).problem.startswith("coast: ")
        assert rooms.services.deliver.paused_reason(SOON) == ""
        assert rooms.services.delivers[1].paused_reason(SOON).startswith("coast: ")
    with ScriptedSmtp() as mended:
        two = rooms.services.settings.brands[0].model_copy(update={"port": mended.port})
        rooms.services.settings = rooms.services.settings.model_copy(update={"brands": (two,)})
        rooms.services.__dict__.pop("delivers")
        assert run(rooms, SOON, resume=True).sent == 2


def test_a_slow_server_of_a_brand_delays_no_other(rooms: Room) -> None:
    with ScriptedSmtp({"BODY": HOLD + b"250 taken\r\n"}) as slow, ScriptedSmtp() as good:
        two_brands(rooms, good.port, slow.port)
        jobs = rooms.services.delivers

        def seen(_done: int, _of: int) -> None:
            if len(good.bodies) == 2:
                slow.release.set()

        # The slow server answers only once the other has taken all its mail.
        assert deliver_all(jobs, NOW, resume=False, progress=seen).sent == 4
    assert to(good.bodies) == ["ann", "bob"]


def test_each_brand_signs_with_its_own_domain_and_has_its_own_headers(rooms: Room) -> None:
    with ScriptedSmtp(PIPELINING) as site, ScriptedSmtp(PIPELINING) as coast:
        two_brands(rooms, site.port, coast.port, keys=True, reply_to="desk@coast.example")
        assert run(rooms).sent == 4
    keys: tuple[DkimKey, ...] = (*rooms.services.dkim_keys(), *rooms.services.dkim_keys("coast"))
    records = {f"{key.selector}._domainkey.{key.domain}.": key.record for key in keys}
    assert set(records) == {"ed25519._domainkey.example.com.", "c1._domainkey.coast.example."}
    for raw, domain in ((site.bodies[0], "example.com"), (coast.bodies[0], "coast.example")):
        (mail,) = messages([raw])
        own = {name: record for name, record in records.items() if name.endswith(f".{domain}.")}
        assert dkim.verify(raw, dnsfunc=lambda name, timeout=5, own=own: own[name.decode()].encode())
        assert str(mail["Message-ID"]).endswith(f"@{domain}>")
        assert mail["From"].addresses[0].domain == domain
        assert slug(domain).replace("-", "") in str(mail["Feedback-ID"]).rpartition(":")[2]
    assert str(mail["Reply-To"]) == "desk@coast.example"
    assert "<coast.lists.coast.example>" in str(mail["List-Id"])
    assert "letters@coast.example" in coast.commands[1]


def test_an_edition_is_checked_where_the_keys_are_missing_and_nothing_is_sent_there(rooms: Room) -> None:
    declared = source("harbour", "https://harbour.example/feed") + DAILY
    rooms.declare(declared, base=BASE + 'dkim_ed25519_key = "elsewhere.pem"\n')
    (newsletter,), renderer = rooms.services.newsletters, rooms.services.edition_renderer
    period = period_at(newsletter, NOW)
    assert renderer.draft(newsletter, period, sample_stories(NOW), check_links=False).problems == ()
    with pytest.raises(ConfigError, match=r"elsewhere\.pem"):
        rooms.services.mail_options("daily")


def test_an_unreadable_key_stops_only_its_brands_mail_and_status_shows_it(rooms: Room) -> None:
    with ScriptedSmtp(PIPELINING) as server:
        two_brands(rooms, server.port, 0, dkim_ed25519_key="gone.pem")
        result = run(rooms)
        assert (result.sent, result.failed, result.paused) == (2, 0, False)
        assert "gone.pem" in result.problem
        assert states(rooms) == {"ann": "sent", "bob": "sent", "cleo": "pending", "dora": "pending"}
        (problem,) = rooms.services.needs.problems(NOW)
        assert "signature of coast" in problem
        assert "gone.pem" in problem
        assert run(rooms, SOON).sent == 0

        (rooms.folder / "gone.pem").write_bytes(new_key("ed25519"))
        assert run(rooms, NOW + timedelta(minutes=6)).sent == 2
        assert rooms.services.needs.problems(NOW) == ()
    assert to(server.bodies) == ["ann", "bob", "cleo", "dora"]
    assert all(b"DKIM-Signature" in body for body in server.bodies[2:])


def test_a_brand_without_a_server_uses_the_sites_and_its_own_address(rooms: Room) -> None:
    with ScriptedSmtp() as server:
        two_brands(rooms, server.port, 0)
        assert [job.server for job in rooms.services.delivers] == [""]
        assert run(rooms).sent == 4
    senders = {message["From"].addresses[0].addr_spec for message in messages(server.bodies)}
    assert senders == {"news@example.com", "letters@coast.example"}


def test_waiting_mail_follows_a_newsletter_to_another_server(rooms: Room) -> None:
    with ScriptedSmtp() as site, ScriptedSmtp() as coast:
        two_brands(rooms, site.port, coast.port)
        with rooms.store.write() as connection:
            sent = update(schema.deliveries).where(schema.deliveries.c.address == "cleo@example.org")
            connection.execute(sent.values(state="sent"))
        base = (rooms.folder / "config.toml").read_text("utf-8")
        rooms.declare("", base=base.replace('brand = "coast"\n', ""))
        with rooms.store.read() as connection:
            table = schema.deliveries
            found = dict(connection.execute(select(table.c.address, table.c.sender)).all())
        assert found == {
            "ann@example.org": "",
            "bob@example.org": "",
            "cleo@example.org": "coast",
            "dora@example.org": "",
        }
        assert run(rooms).sent == len(site.bodies) == 3


def test_limits_of_a_server_are_its_own(rooms: Room) -> None:
    with ScriptedSmtp() as site, ScriptedSmtp() as coast:
        two_brands(rooms, site.port, coast.port)
        limited = rooms.services.settings.brands[0].model_copy(update={"rate": 0.5})
        rooms.services.settings = rooms.services.settings.model_copy(update={"brands": (limited,)})
        result = run(rooms)
    # The second message over the limited server has its slot in two minutes.
    assert (len(site.bodies), len(coast.bodies), result.sent) == (2, 1, 3)


def test_shards_and_claims_of_a_server_leave_others_alone(rooms: Room) -> None:
    two_brands(rooms, 1, 2)
    until = NOW + timedelta(minutes=5)
    with rooms.store.write() as connection:
        assert delivery_store.count_due(connection, NOW) == 4
        assert delivery_store.count_due(connection, NOW, sender="coast") == 2
        assert len(delivery_store.due_shards(connection, NOW, "coast")) == 1
        assert delivery_store.due_shards(connection, NOW, "nobody") == set()
        claimed = delivery_store.claim_deliveries(
            connection, now=NOW, owner="us", until=until, limit=9, sender="coast"
        )
    assert [delivery.address for delivery in claimed] == ["cleo@example.org", "dora@example.org"]


def test_each_server_is_a_stage_of_its_own(rooms: Room) -> None:
    two_brands(rooms, 1, 2)
    tasks = {task.name: task for task in Stages(rooms.services, bool, by_parts=True).tasks()}
    assert [name for name in tasks if name.startswith("deliver")] == ["deliver", "deliver coast"]
    assert tasks["deliver coast"].needs_clock
    shards = tasks["deliver coast"].shards
    assert shards is not None
    assert list(shards.due(NOW)) == [shard_of("example.org")]
    # A worker with the stage takes the servers of brands too.
    assert parse_stages("deliver", tuple(tasks)) == ("deliver", "deliver coast")


@pytest.mark.parametrize(
    ("own", "domain"),
    [
        ("", "example.com"),
        ('dkim_ed25519_key = "b.pem"', "coast.example"),
        ('dkim_domain = "mail.coast.example"', "mail.coast.example"),
    ],
)
def test_keys_sign_for_the_domain_of_their_owner(own: str, domain: str) -> None:
    settings = Settings.model_validate(
        {
            "mail": {"from": "news@example.com", "dkim_ed25519_key": "a.pem"},
            "brands": [{"name": "coast", "from": "x@coast.example", **_toml(own)}],
            "base": Path(),
        }
    ).branded("coast")
    found = settings.mail.dkim_domain or settings.mail.sender.rpartition("@")[2]
    assert (found, settings.mail.dkim_ed25519_key) == (domain, "b.pem" if "b.pem" in own else "a.pem")


def _toml(line: str) -> dict[str, str]:
    key, _, value = line.partition(" = ")
    return {key: value.strip('"')} if line else {}

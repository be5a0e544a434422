"""Two readers of a newsletter who choose how they want it, and the mail that they get then."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.jobs.audience.preferences_job import PreferencesJob, PreferencesView
from syndicate.jobs.delivery.deliver_result import DeliverResult
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW, new_article, place
from tests.jobs import sending
from tests.jobs.room import Room, source

NEWSLETTERS = """
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00,18:00"
time_zone = "Europe/Berlin"
[[newsletters]]
name = "weekly"
schedule = "weekly monday 07:00"
"""
EVENING = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)  # 18:00 in Berlin
JO, KIM = "jo@example.org", "kim@example.org"
KEEP = {"save": ["yes"], "newsletter": ["daily"]}
Script = Mapping[str, bytes | tuple[bytes, ...]]


def two_readers(rooms: Room) -> Room:
    """Two readers of a newsletter, and stories in two sections and languages."""
    rooms.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTERS)
    rooms.subscribe(JO, KIM)
    ids = rooms.add(
        new_article(1, section="Sport", title="Ferry wins the regatta", published=NOW, first_seen=NOW),
        new_article(2, section="Politics", title="Council votes on the pier", published=NOW, first_seen=NOW),
        new_article(
            3, section="Sport", title="Hafen gewinnt", language="de-at", published=NOW, first_seen=NOW
        ),
    )
    with rooms.store.write() as connection:
        for article_id in ids:
            place(connection, article_id)
    return rooms


def job(room: Room, now: datetime = NOW) -> PreferencesJob:
    return replace(room.services.preferences, clock=lambda: now)


def token(room: Room, address: str = JO, newsletter: str = "daily") -> str:
    with room.store.read() as connection:
        found = audience_store.subscription_of(connection, address, newsletter)
        assert found is not None
        return unsubscribe_token(leases.read_secret(connection), found)


def choose(room: Room, address: str = JO, now: datetime = NOW, **fields: Sequence[str]) -> PreferencesView:
    page = job(room, now).save(token(room, address), KEEP | fields)
    assert page is not None
    return page


def sent(room: Room, now: datetime, *scripts: Script, **facts: Any) -> tuple[DeliverResult, list[str]]:
    """Send what is due to a server with these scripts: the result, and who got a mail."""
    with ScriptedSmtp(*({**PIPELINING, **script} for script in scripts or ({},))) as smtp:
        result = sending.job(room, smtp.port, now=now, **facts).run(now)
    return result, sending.to(smtp.bodies)

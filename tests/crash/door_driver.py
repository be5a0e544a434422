"""Kills what comes in by the web server, pushes of hubs and sign-ups, right before and after every commit.

Run as a program: ``door_driver.py FOLDER HTTP``. As in ``driver.py`` there is a copy of the newsroom for each
commit of each stage, one process that is killed there, and one that does everything again, as a hub that got
no answer, or a person whose browser got none, would. Prints one JSON object a line: the folder's name and the
signal that ended the first process.
"""

import hashlib
import hmac
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from syndicate.audience.link_tokens import CONFIRM, make_token
from syndicate.model import DeliveryState, HubState
from syndicate.services import Services, open_services
from syndicate.settings import load_settings
from syndicate.store.ingest import hub_store
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from tests.crash.driver import forked, kill_everywhere, watch_commits
from tests.crash.newsroom import NOW, YESTERDAY

NETWORK = "192.0.2.0/24"
READER = "ann@example.org"


def configuration(http: str) -> str:
    """One source with a hub on loopback, which may have a secret, and a sign-up page."""
    return f"""
[site]
url = "https://news.org"
[http]
allow_private = true
host_gap = 0
[web]
listen = "127.0.0.1:0"
[[sources]]
name = "harbour"
url = "{http}/feed"
[[newsletters]]
name = "daily"
schedule = "daily 07:00"
[sign_up]
enabled = true
[mail]
transport = "folder"
from = "News <news@example.com>"
address = "1 Pier Road, Harbour Town"
"""


def subscribe(services: Services, now: datetime) -> None:
    """A first poll finds the hub, and the hub agrees."""
    services.ingest.run(now)
    with services.store.write() as connection:
        (one,) = hub_store.claim_hubs(connection, now=now, until=now, limit=1)
        asked = replace(one, state=HubState.ASKED, attempts=1)
        hub_store.save_attempt(connection, one, asked, next_try=now)
        later = now + timedelta(days=9)
        hub_store.confirm_hub_subscription(connection, one.callback, one.topic, expires=later, next_try=later)


def receive(services: Services, now: datetime) -> None:
    """The hub sends what is new, until it is told that we have it."""
    body = (services.settings.base / "push.xml").read_bytes()
    with services.store.read() as connection:
        (one,) = hub_store.list_hub_subscriptions(connection).values()
    signed = "sha256=" + hmac.new(one.secret.encode(), body, hashlib.sha256).hexdigest()
    listener = replace(services.websub, clock=lambda: now)
    assert listener.receive(one.callback, "application/rss+xml", signed, body) == 202


def ask(services: Services, now: datetime) -> None:
    """Somebody sends the form of the sign-up page."""
    assert services.sign_ups
    assert replace(services.sign_ups, clock=lambda: now).request(["daily"], READER, NETWORK)


def mail(services: Services, now: datetime) -> None:
    """The mail that asks for confirmation is prepared."""
    assert services.sign_ups
    services.sign_ups.run(now)


def confirm(services: Services, now: datetime) -> None:
    """The reader presses the button behind the link in that mail, however often."""
    with services.store.read() as connection:
        (found,) = delivery_store.list_deliveries(connection)
        token = make_token(leases.read_secret(connection), found.delivery.id, CONFIRM)
    assert found.delivery.state in (DeliveryState.SENT, DeliveryState.PENDING)
    assert services.sign_ups
    assert replace(services.sign_ups, clock=lambda: now).confirm(token, NETWORK)


STAGES: Mapping[str, Callable[[Services, datetime], object]] = {
    "subscribe": subscribe,
    "receive": receive,
    "read": lambda services, now: services.websub.read_pushes(now),
    "ask": ask,
    "mail": mail,
    "deliver": lambda services, now: services.deliver.run(now),
    "confirm": confirm,
}
KILLED = ("receive", "read", "ask", "mail", "confirm")


def main(folder: Path, http: str) -> None:
    """Prepare a newsroom stage by stage, and kill each stage at every commit."""
    base = folder / "base"
    base.mkdir()
    (base / "config.toml").write_text(configuration(http), "utf-8")
    shutil.copy(folder / "push.xml", base)
    stages = list(STAGES)
    for number, stage in enumerate(stages):
        for when in ("before", "after") if stage in KILLED else ():
            kill_everywhere(folder, base, stage, when, stages[number:], work)
        if forked(lambda stage=stage: work(base, [stage], NOW)) != 0:  # type: ignore[misc]
            sys.exit(f"{stage} failed without being killed")


def work(place: Path, stages: Sequence[str], now: datetime, *, when: str = "", fatal: int = 0) -> None:
    """Do the work of one process."""
    settings = load_settings(place / "config.toml", {})
    with open_services(settings, now=YESTERDAY) as services:
        if fatal:
            watch_commits(when, fatal)
        for stage in stages:
            STAGES[stage](services, now)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])

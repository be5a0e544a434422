"""A whole edition through a real Postfix: PIPELINING, STARTTLS, refusals, and a real notification.

Skipped where Postfix is not installed (``apt install postfix``) or nobody is root. OpenDKIM, if it is there,
verifies what arrived besides dkimpy.
"""

import shutil
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dkim
import pytest

from syndicate.delivery.bounce_mailboxes import read_maildir
from syndicate.delivery.dkim_keys import load_key, new_key
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.smtp.sender import SmtpSender
from syndicate.jobs.delivery.deliver_job import DeliverJob
from syndicate.store.subscribers import audience_store
from tests.delivery import postfix
from tests.delivery.postfix import Postfix
from tests.factories import NOW
from tests.jobs.room import Room, source
from tests.jobs.sending import NEWSLETTER, mail_to, states

pytestmark = pytest.mark.all
CERTIFICATES = Path(__file__).parents[2] / "delivery"
GOOD = tuple(f"reader{number}" for number in range(40))
ODD = ("nosuch", "full", "slow", "late")


@pytest.fixture(scope="module")
def server() -> Iterator[Postfix]:
    if reason := postfix.why_not():
        pytest.skip(reason)
    with postfix.running(CERTIFICATES / "localhost.pem") as server:
        yield server


@pytest.fixture
def keys(tmp_path: Path) -> list[DkimKey]:
    made = []
    for kind in ("rsa", "ed25519"):
        file = tmp_path / f"{kind}.pem"
        file.write_bytes(new_key(kind))
        made.append(load_key(file, domain="example.com", selector=kind))
    return made


def send(room: Room, server: Postfix, keys: list[DkimKey]) -> DeliverJob:
    trust = ssl.create_default_context(cafile=CERTIFICATES / "authority.pem")
    options = SmtpOptions(
        host="127.0.0.1", port=server.port, tls="starttls", domain="example.com", connections=4
    )
    mail = replace(room.services.mail_options("daily"), bounce_address="bounces@example.com", keys=keys)
    return DeliverJob(
        store=room.store,
        sender=lambda: SmtpSender(options, trust),
        mail=lambda _newsletter: mail,
        owner="us",
        clock=lambda: NOW,
    )


def test_an_edition_a_refusal_and_a_real_notification(
    room: Room, server: Postfix, keys: list[DkimKey]
) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTER)
    room.subscribe(*(f"{name}@example.net" for name in (*GOOD, *ODD)))
    mail_to(room)
    result = send(room, server, keys).run(NOW)
    assert result.problem == ""
    assert (result.sent, result.failed, result.deferred, result.uncertain) == (len(GOOD) + 1, 2, 1, 0)
    found = states(room)
    assert {name: found[name] for name in ODD} == {
        "nosuch": "failed",
        "full": "failed",
        "slow": "deferred",
        "late": "sent",
    }
    server.wait_for("status=sent (delivered to maildir)", len(GOOD) + 1)
    arrived = [file.read_bytes() for file in (server.maildir("example.net") / "new").iterdir()]
    assert len(arrived) == len(GOOD)
    assert sorted(header(one, "Delivered-To") for one in arrived) == sorted(
        f"{one}@example.net" for one in GOOD
    )
    verify_with_dkimpy(arrived[0], keys)
    if shutil.which("opendkim"):
        verify_with_opendkim(arrived[0], keys[0], server.folder)
    bounces = replace(room.services.bounces, sources=lambda: read_maildir(server.maildir("example.com")))
    assert bounces.run(NOW) == {"hard": 1}
    with room.store.read() as connection:
        suppressed = {
            name: audience_store.suppression(connection, f"{name}@example.net") is not None
            for name in (*ODD, GOOD[0])
        }
    assert suppressed == {"nosuch": True, "full": False, "slow": False, "late": True, GOOD[0]: False}
    assert bounces.run(NOW) == {}


def header(message: bytes, name: str) -> str:
    head = message.partition(b"\n\n")[0].decode()
    return next(line.partition(": ")[2] for line in head.splitlines() if line.startswith(f"{name}: "))


def verify_with_dkimpy(message: bytes, keys: list[DkimKey]) -> None:
    """Both signatures, as the mail lies in its mailbox."""
    records = {f"{key.selector}._domainkey.example.com.": key.record.encode() for key in keys}
    checked = dkim.DKIM(message.replace(b"\n", b"\r\n"))
    for place in range(len(keys)):
        assert checked.verify(place, dnsfunc=lambda name, **_: records[name.decode()])


def verify_with_opendkim(message: bytes, key: DkimKey, folder: Path) -> None:
    """An implementation that has nothing to do with the other one."""
    (folder / "keys").write_text(f"{key.selector}._domainkey.example.com {key.record}\n", "ascii")
    (folder / "opendkim.conf").write_text(f"Mode v\nSyslog no\nTestPublicKeys {folder / 'keys'}\n", "ascii")
    (folder / "mail.eml").write_bytes(message)
    said = subprocess.run(
        ["opendkim", "-x", folder / "opendkim.conf", "-v", "-t", folder / "mail.eml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "verification (s=rsa, d=example.com" in said.stdout + said.stderr
    assert "succeeded" in said.stdout + said.stderr

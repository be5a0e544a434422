"""What the doctor finds out by asking: a mail server, and the page behind an unsubscribe link."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import pytest

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.cli.operate.doctor import examine, try_link
from syndicate.delivery.dkim_keys import new_key
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store
from syndicate.web.readers.server_pages import ServerPages
from tests.delivery.scripted_smtp import ScriptedSmtp
from tests.jobs.room import BASE, Room, source
from tests.net.scripted_server import Answer, ScriptedServer, answer, redirect

CERTIFICATES = Path(__file__).parent.parent / "delivery"
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
FORM = b'<form method="post"><button type="submit" name="confirm" value="yes">Leave</button></form>'


def test_B1_a_sender_that_no_receiver_would_believe_is_found(room: Room, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_bytes(new_key("ed25519"))
    signed = (
        BASE.replace("example.com", "news.example")
        + 'dkim_domain = "unrelated.net"\ndkim_ed25519_key = "key.pem"\n'
    )
    room.declare('[bounces]\naddress = "bounces@mailer.other.org"\n', base=signed)
    zone = {
        ("news.example", "TXT"): ["v=spf1 mx -all"],
        ("_dmarc.news.example", "TXT"): ["v=DMARC1; p=reject; adkim=s; aspf=s"],
        ("ed25519._domainkey.unrelated.net", "TXT"): [room.services.dkim_keys()[0].record],
        ("mailer.other.org", "MX"): ["10 mx.other.org"],
    }
    found = dict(examine(room.services, lambda name, kind: zone.get((name, kind), [])))
    assert (found["SPF"].good, "mailer.other.org" in found["SPF"].detail) == (False, True)
    assert (found["DKIM"].good, found["alignment"].good) == (True, False)


def smtp_base(port: int, tls: str) -> str:
    return BASE + f'transport = "smtp"\nhost = "localhost"\nport = {port}\ntls = "{tls}"\n'


def tls_finding(room: Room) -> tuple[bool | None, str]:
    found = dict(examine(room.services, lambda name, kind: []))["TLS"]
    return found.good, found.detail


def test_a_mail_server_is_greeted_and_gets_no_mail(room: Room) -> None:
    with ScriptedSmtp() as server:
        room.declare("", base=smtp_base(server.port, "none"))
        good, detail = tls_finding(room)
    assert (good, "no PIPELINING" in detail, server.bodies) == (True, True, [])
    assert not any(line.startswith("MAIL") for line in server.commands)


def test_B2_a_certificate_that_nobody_trusts_is_bad(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "localhost.pem")
    with ScriptedSmtp(context=context) as server:
        room.declare("", base=smtp_base(server.port, "tls"))
        good, detail = tls_finding(room)
        assert (good, "cannot be trusted" in detail) == (False, True)
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "authority.pem"))
        assert tls_finding(room)[0] is True


def test_B2_a_mail_server_that_offers_no_tls_is_bad(room: Room) -> None:
    with ScriptedSmtp() as server:
        room.declare("", base=smtp_base(server.port, "starttls"))
        assert tls_finding(room)[0] is False


@pytest.mark.parametrize(
    ("right", "wrong", "good"),
    [
        (answer(200, FORM), answer(404, b"no such link"), True),
        (answer(200, b"<h1>Coming soon</h1>"), answer(404, b"no such page"), False),
        (answer(200, FORM), answer(200, FORM), False),
        (redirect("/elsewhere"), answer(404, b"no such link"), False),
        (answer(404, b"no such page"), answer(404, b"no such page"), False),
    ],
)
def test_B3_only_the_page_of_this_program_is_a_way_out(
    room: Room, right: bytes, wrong: bytes, good: bool
) -> None:
    room.declare(source("harbour", "https://harbour.example/feed") + DAILY)
    room.subscribe("ann@example.org")
    with room.store.read() as connection:
        token = unsubscribe_token(
            leases.read_secret(connection), audience_store.any_subscription(connection) or 0
        )
    answers: Mapping[str, Answer] = {f"/unsubscribe/{token}": right, "/elsewhere": answer(200, FORM)}
    other = f"/unsubscribe/{token[:-1]}{'B' if token[-1] == 'A' else 'A'}"
    with ScriptedServer({**answers, other: wrong}) as server:
        found = try_link(room.services, server.url("/unsubscribe/"), token)
    assert found.good is good
    assert token not in found.detail


def test_an_address_that_cannot_be_reached_is_explained_without_the_token(room: Room) -> None:
    with ScriptedServer({}) as server:
        page = server.url("/unsubscribe/")
    found = try_link(room.services, page, "tokeB")
    assert found.good is False
    assert "could not be read" in found.detail
    assert "tokeB" not in found.detail


def test_B3_the_page_that_ships_has_the_button_the_doctor_looks_for(room: Room) -> None:
    pages = ServerPages(room.services.templates, room.services.site_frame, at_once=True)
    page = pages.page("pages/unsubscribe.html", newsletter="News", token="t", done=False)
    with ScriptedServer({"/unsubscribe/tokeB": answer(200, bytes(page.body))}) as server:
        assert try_link(room.services, server.url("/unsubscribe/"), "tokeB").good is True

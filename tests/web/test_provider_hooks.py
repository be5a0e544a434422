"""Webhooks of mail providers over HTTP: the status that makes a provider stop, or come again."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.delivery.message_ids import message_id
from syndicate.errors import FetchError
from syndicate.store.leases import leases
from syndicate.templating import Templates
from syndicate.web import WebOptions
from tests import factories
from tests.delivery import webhook_samples as samples
from tests.net.scripted_server import Answer, ScriptedServer, answer
from tests.web.conftest import JO, Reader, Site, serving, subscribed
from tests.web_app import create_app

TOKEN = "0123456789abcdef"
SETTINGS = f'[webhooks]\nbrevo_token = "{TOKEN}"\nmailgun_key = "{TOKEN}"\n'


@pytest.fixture
def hooked(tmp_path: Path) -> Iterator[tuple[Site, Reader]]:
    with subscribed(tmp_path) as reader:
        reader.room.declare(f'{SETTINGS}[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n')
        with reader.room.store.write() as connection:
            factories.newsroom(connection)
        services = reader.room.services
        app = create_app(
            WebOptions(), tmp_path, services.unsubscribe, templates=Templates(), health=dict,
            webhooks=services.webhooks,
        )  # fmt: skip
        with serving(app, tmp_path) as site:
            yield site, reader


def bounce(reader: Reader) -> bytes:
    with reader.room.store.read() as connection:
        mail = message_id(leases.read_secret(connection), 1, 1, "news.example")
    return samples.tagged(samples.brevo(email=JO), mail[1:].partition("@")[0])


def post(site: Site, body: bytes, token: str = TOKEN, provider: str = "brevo") -> int:
    fields = {"Authorization": f"Bearer {token}"} if token else {}
    return site.ask("POST", f"/hooks/{provider}", body, **fields).status


def test_a_bounce_is_taken_once(hooked: tuple[Site, Reader]) -> None:
    site, reader = hooked
    assert [post(site, bounce(reader)), post(site, bounce(reader))] == [204, 204]
    assert not reader.subscribed


def test_a_store_that_is_busy_makes_the_provider_come_again(hooked: tuple[Site, Reader]) -> None:
    site, reader = hooked
    with reader.locked_out():
        answer = site.ask("POST", "/hooks/brevo", bounce(reader), Authorization=f"Bearer {TOKEN}")
    assert (answer.status, answer["Retry-After"]) == (503, "60")
    assert reader.subscribed
    assert post(site, bounce(reader)) == 204
    assert not reader.subscribed


@pytest.mark.parametrize(("provider", "token", "status"), [
    ("brevo", "another", 401), ("brevo", "", 401), ("postmark", TOKEN, 404), ("other", TOKEN, 404),
    ("mailgun", TOKEN, 403),
])  # fmt: skip
def test_another_request_is_refused(
    hooked: tuple[Site, Reader], provider: str, token: str, status: int
) -> None:
    site, reader = hooked
    assert post(site, bounce(reader), token, provider) == status
    assert reader.subscribed


@pytest.mark.parametrize("provider", ["brevo", "ses", "mailgun", "other"])
def test_without_any_secret_every_provider_is_unknown(tmp_path: Path, provider: str) -> None:
    with subscribed(tmp_path) as reader:
        services = reader.room.services
        app = create_app(
            WebOptions(), tmp_path, services.unsubscribe, templates=Templates(), health=dict,
            webhooks=services.webhooks,
        )  # fmt: skip
        with serving(app, tmp_path) as site:
            assert post(site, b"[]", provider=provider) == 404


def test_a_certificate_comes_from_its_own_address_without_a_redirect(tmp_path: Path) -> None:
    answers: dict[str, Answer] = {
        "/cert.pem": answer(200, b"PEM"),
        "/moved.pem": answer(302, Location="/cert.pem"),
    }
    with subscribed(tmp_path) as reader, ScriptedServer(answers) as server:
        reader.room.declare(SETTINGS)
        hooks = reader.room.services.webhooks
        assert hooks.fetch(server.url("/cert.pem")) == b"PEM"
        with pytest.raises(FetchError, match="redirected"):
            hooks.fetch(server.url("/moved.pem"))


def test_only_posts_are_taken(hooked: tuple[Site, Reader]) -> None:
    assert hooked[0].get("/hooks/brevo").status == 404
    assert hooked[0].ask("PUT", "/hooks/brevo", b"[]").status == 405


def test_a_body_that_proves_nothing_may_be_a_megabyte_long(hooked: tuple[Site, Reader]) -> None:
    site, _ = hooked
    assert post(site, b"[]" + b" " * 1_000_000, provider="mailgun") == 413
    assert post(site, b"[]" + b" " * 1_000_000) == 204
    assert post(site, json.dumps([samples.brevo("request")] * 10).encode()) == 204


def test_a_wrong_secret_costs_no_body(hooked: tuple[Site, Reader]) -> None:
    site, _ = hooked
    head = b"POST /hooks/brevo HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer no\r\n"
    head += b"Content-Length: 9000000\r\n\r\n"
    with socket.create_connection((site.server.host, site.server.port), timeout=60) as connection:
        connection.sendall(head)
        assert connection.recv(4096).startswith(b"HTTP/1.1 401 ")

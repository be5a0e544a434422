"""A signed-in client of the operator's pages over a real store and a real server."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from argon2 import PasswordHasher

from syndicate.access import passwords
from syndicate.jobs.admin.access.sign_in import Client
from syndicate.jobs.publish.site_frame import bare_frame
from syndicate.published_files import PublishedFiles
from syndicate.store.access import session_store, user_store
from syndicate.templating import Templates
from syndicate.web import WebOptions, create_app
from syndicate.web.admin.admin_app import create_admin_app
from tests.factories import NOW
from tests.jobs.room import Room, opened_room
from tests.web.conftest import Answer, Site, serving

__all__ = ["NOW"]

NORA = "nora@news.example"
COOKIE = "syndicate"


@dataclass
class AdminSite:
    """The operator's pages of a room, served at a time that tests set."""

    room: Room
    site: Site
    now: datetime = NOW

    @property
    def url(self) -> str:
        return self.site.server.url

    def add_user(self, address: str = NORA, role: str = "admin", **values: Any) -> int:
        """Add a user whose password fits none; ``values`` are further columns."""
        with self.room.store.write() as connection:
            number = user_store.add_user(
                connection, address=address, address_key=address, name="", role=role, now=self.now
            )
            user_store.change_user(connection, number, **{"password_hash": "none", **values})
        return number

    def client(self, role: str = "admin", address: str = "") -> "AdminClient":
        """Return a client that is signed in as a user with this role."""
        address = address or (NORA if role == "admin" else f"{role}@news.example")
        with self.room.store.read() as connection:
            user = user_store.find_user(connection, address_key=address)
        number = user.id if user else self.add_user(address, role)
        with self.room.store.write() as connection:
            user = user_store.find_user(connection, user_id=number)
            assert user is not None
            job = self.room.services.admin.sign_in
            session_id = job.open_session(connection, user, Client(browser="Firefox"), self.now)
        return AdminClient(self, session_id)

    def stranger(self) -> "AdminClient":
        """Return a client that is not signed in."""
        return AdminClient(self)


@dataclass
class AdminClient:
    """Browser without JavaScript: keeps its cookie and sends the tokens of forms."""

    admin: AdminSite
    session_id: str = ""
    other_cookies: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, **headers: str) -> Answer:
        return self._ask("GET", path, None, headers)

    def post(
        self, path: str, /, fields: Mapping[str, str | Sequence[str]] | None = None, **headers: str
    ) -> Answer:
        """Send a form from a page of the site, with the token of the session and a new number."""
        given: dict[str, str | Sequence[str]] = {"csrf": self.csrf, **(fields or {})}
        body = urlencode(given, doseq=True).encode()
        sent = {"Content_Type": "application/x-www-form-urlencoded", "Sec_Fetch_Site": "same-origin"}
        return self._ask("POST", path, body, {**sent, **headers})

    def upload(self, path: str, fields: Mapping[str, str], files: Mapping[str, tuple[str, bytes]]) -> Answer:
        """Send a form with files."""
        parts = [
            f'--edge\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in {"csrf": self.csrf, **fields}.items()
        ]
        for name, (file, content) in files.items():
            head = f'--edge\r\nContent-Disposition: form-data; name="{name}"; filename="{file}"\r\n\r\n'
            parts.append(head.encode() + content + b"\r\n")
        headers = {"Content_Type": "multipart/form-data; boundary=edge", "Sec_Fetch_Site": "same-origin"}
        return self._ask("POST", path, b"".join([*parts, b"--edge--\r\n"]), headers)

    def follow(self, answer: Answer) -> str:
        """Return the page behind a redirect."""
        assert answer.status == 303, (answer.status, answer.body.decode())
        page = self.get((answer["location"] or "").partition("#")[0])
        assert page.status == 200, page.body.decode()
        return page.body.decode()

    def page(self, path: str) -> str:
        """Return a page that must be there."""
        answer = self.get(path)
        assert answer.status == 200, (answer.status, answer.body.decode())
        return answer.body.decode()

    @property
    def csrf(self) -> str:
        from syndicate.access.random_keys import hash_key

        with self.admin.room.store.read() as connection:
            session = session_store.find_session(connection, hash_key(self.session_id), self.admin.now)
        return session.csrf if session else ""

    def _ask(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        kept = self.other_cookies | ({COOKIE: self.session_id} if self.session_id else {})
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in kept.items())} if kept else {}
        answer = self.admin.site.ask(method, path, body, **{**cookie, **headers})
        for value in answer.fields.get_all("set-cookie", []):
            if match := re.match(rf"(?:__Host-)?{COOKIE}=([^;]*)", value):
                self.session_id = match[1].strip('"')
            else:
                name, _, rest = value.partition("=")
                self.other_cookies[name] = rest.partition(";")[0]
        return answer


@contextmanager
def serving_admin(room: Room, folder: Path) -> Iterator[AdminSite]:
    """Serve the operator's pages and the site of a room."""
    services, templates = room.services, Templates()
    served: list[AdminSite] = []
    admin = create_admin_app(services.admin, templates, lambda: served[0].now if served else NOW)
    frame = bare_frame(templates, services.publish_options)
    app = create_app(
        WebOptions(), PublishedFiles(folder), services.unsubscribe, templates=templates,
        health=lambda: {"ok": True}, frame=lambda: frame, mounted={"admin": admin},
    )  # fmt: skip
    with serving(app, folder) as site:
        served.append(AdminSite(room, site))
        yield served[0]


@pytest.fixture(autouse=True)
def quick_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hash passwords with little work; ``tests/access`` tries the real work."""
    monkeypatch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
    # Kept for the process: a test with real work may have made it.
    monkeypatch.setattr(passwords, "_unknown_hash", cache(passwords._unknown_hash.__wrapped__))


@pytest.fixture
def admin_room(tmp_path: Path) -> Iterator[Room]:
    """A room with the operator's pages switched on."""
    with opened_room(tmp_path) as room:
        room.declare('[admin]\nenabled = true\nsecond_step = "off"\n')
        yield room


@pytest.fixture
def admin_site(admin_room: Room, tmp_path: Path) -> Iterator[AdminSite]:
    """The operator's pages; ``admin_site.client("editor")`` signs an editor in."""
    with serving_admin(admin_room, tmp_path / "feeds") as served:
        yield served


@pytest.fixture
def admin_client(admin_site: AdminSite) -> AdminClient:
    """A client signed in as an admin."""
    return admin_site.client()


@dataclass
class AdminBrowser:
    """A Chromium signed in as an admin; ``open`` returns a page, with or without JavaScript."""

    admin: AdminSite
    _browser: Any
    _contexts: list[Any] = field(default_factory=list)

    def open(self, path: str = "/admin/", *, script: bool = True, role: str = "admin", **options: Any) -> Any:
        """Return a page at an address of the operator's pages; ``role=""`` is nobody."""
        context = self._browser.new_context(java_script_enabled=script, base_url=self.admin.url, **options)
        self._contexts.append(context)
        if role:
            cookie = {"name": COOKIE, "value": self.admin.client(role).session_id, "url": self.admin.url}
            context.add_cookies([cookie])
        page = context.new_page()
        page.goto(path)
        return page

    def close(self) -> None:
        """Forget all pages with their cookies."""
        for context in self._contexts:
            context.close()


@pytest.fixture
def admin_browser(admin_site: AdminSite, browser: Any) -> Iterator[AdminBrowser]:
    """A browser for tests marked ``all``."""
    with closing(AdminBrowser(admin_site, browser)) as opened:
        yield opened

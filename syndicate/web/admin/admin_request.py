"""Request and answers of a page: values that a page function takes and returns, without HTTP."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from hashlib import sha256
from typing import Any, NamedTuple

from syndicate.errors import ActionRefused
from syndicate.jobs.admin.access.sign_in import Client, SignedIn, user_actor
from syndicate.jobs.admin.actions import last_change, refuse_stale
from syndicate.model.actors import ROLES, Change
from syndicate.services.admin_jobs import AdminJobs
from syndicate.store.access.session_store import Session
from syndicate.store.access.user_store import User


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """File of a form."""

    name: str
    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminRequest:
    """Request for a page.

    ``fields`` has the first value of each field of a form, ``lists`` all values. ``signed_in`` is ``None``
    on the pages that need no user. ``peer`` is the IP address of the connection. ``browser_key`` is the
    cookie of a browser whose form waits for a sign-in. ``is_live``: a script asks for a part of the page.
    """

    jobs: AdminJobs
    now: datetime
    method: str = "GET"
    address: str = ""
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    lists: Mapping[str, list[str]] = field(default_factory=dict)
    files: Mapping[str, UploadedFile] = field(default_factory=dict)
    signed_in: SignedIn | None = None
    peer: str = ""
    client: Client = field(default_factory=Client)
    browser_key: str = field(default="", repr=False)
    is_live: bool = False

    @property
    def user_session(self) -> SignedIn:
        """User and session of the request."""
        if self.signed_in is None:
            raise LookupError("a page without a user asked for its user")
        return self.signed_in

    @property
    def viewer(self) -> User:
        """User of the request."""
        return self.user_session.user

    @property
    def session(self) -> Session:
        """Session of the user."""
        return self.user_session.session

    @property
    def is_post(self) -> bool:
        """Return whether the request may change something."""
        return self.method == "POST"

    @property
    def key(self) -> str:
        """Number of the form, which a second press repeats."""
        return self.fields.get("key", "")

    def change(self, part: str = "") -> Change:
        """Return the change that the request asks for.

        The same form sent twice is the same change. A page that performs several actions names the
        ``part`` of each.
        """
        key = ""
        if self.key:
            typed = {name: values for name, values in self.lists.items() if name != "csrf"}
            text = repr((self.address, part, sorted(typed.items())))
            key = sha256(text.encode(errors="replace")).hexdigest()
        return Change(actor=user_actor(self.viewer, self.client.network), now=self.now, key=key)

    def edited(self, names: Iterable[str]) -> dict[str, str]:
        """Return the fields that a person changed; a box without its tick is ``""``.

        A form says in ``was-NAME`` what a field was filled with: all others may have been changed meanwhile.
        """
        names = [*names]
        seen = self.seen(names)
        given = [name for name in names if name in seen or name in self.fields]
        texts = {name: self.fields.get(name, "").strip() for name in given}
        return {name: text for name, text in texts.items() if text != seen.get(name)}

    def seen(self, names: Iterable[str]) -> dict[str, str]:
        """Return what these fields were filled with."""
        return {name: self.fields[key].strip() for name in names if (key := f"was-{name}") in self.fields}

    def edit(
        self,
        kind: str,
        object_id: object,
        names: Iterable[str],
        shown: Callable[[Any], Mapping[str, str]],
        part: str = "",
    ) -> Change:
        """Return the change of these fields, refused (stale) if a field changed since its editor saw it.

        ``shown`` returns from a connection the texts that the form is filled with now.
        """
        seen = self.seen(names)

        def check(connection: Any) -> None:
            # A text of the API may have other line ends than ``read_form`` returns.
            now = {name: text.replace("\r\n", "\n").strip() for name, text in shown(connection).items()}
            refuse_stale(now, seen, lambda _: last_change(connection, kind, str(object_id)))

        return replace(self.change(part), check=check)

    def may(self, scope: str) -> bool:
        """Return whether the user has a scope."""
        return self.signed_in is not None and scope in ROLES.get(self.viewer.role, ())


@dataclass(frozen=True, slots=True)
class Show:
    """Page of a template, which gets ``view``."""

    template: str
    view: object = None
    status: int = 200


@dataclass(frozen=True, slots=True)
class Redirect:
    """Redirect to an own address, whose page shows ``message`` once.

    ``session_id`` is the id of a new session, or ``""`` to end the session; ``stay`` keeps its cookie.
    ``browser_key`` is the cookie that shows a kept form to this browser only.
    """

    address: str
    message: str = ""
    session_id: str | None = None
    stay: bool = False
    browser_key: str = ""


@dataclass(frozen=True, slots=True)
class Download:
    """File to be saved."""

    name: str
    media_type: str
    body: bytes | Iterable[bytes]


@dataclass(frozen=True, slots=True)
class MailFrame:
    """HTML of a mail for a frame of a page."""

    html: str


Answer = Show | Redirect | Download | MailFrame
Page = Callable[[AdminRequest], Answer]
"""Function that answers a request in a thread."""


class AdminRoute(NamedTuple):
    """Route below ``/admin``.

    A user without ``scope`` gets 404; ``""`` is open to all users, ``PUBLIC`` needs none. The methods of
    ``fresh`` need a password given in the last 15 minutes.
    """

    page: Page
    path: str
    scope: str
    methods: tuple[str, ...] = ("GET",)
    purpose: str = ""
    fresh: tuple[str, ...] = ()


def read_number(text: str) -> int | None:
    """Return the number of at most 18 digits that a field or an address has; ``None`` for other texts."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None


def read_time(text: str, zone: tzinfo) -> datetime | None:
    """Return the time that a field or an address has, by default in ``zone``; ``None`` for other texts."""
    with suppress(ValueError):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=zone)
    return None


def form_status(refused: ActionRefused | None) -> int:
    """Return the status of a form that comes back: 409 if a field was changed meanwhile, 422 if it is wrong.

    Raises an error that names no field: the form cannot show it.
    """
    if refused and not refused.fields:
        raise refused
    return 200 if not refused else 409 if refused.problem == "stale" else 422


PUBLIC = "public"
BOTH = ("GET", "POST")
POST = ("POST",)

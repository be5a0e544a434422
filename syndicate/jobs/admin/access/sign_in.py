"""Sign-in: password, second step and sessions. Each attempt is a row, so a restart forgets no limit.

Some tries in 15 minutes are free; then a wait doubles with each further failure.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Thread
from typing import Any

from syndicate.access import second_step
from syndicate.access.passwords import hash_password, is_outdated, is_password
from syndicate.access.random_keys import hash_key, new_key
from syndicate.errors import ActionRefused
from syndicate.jobs.admin.access.setup_key import SETUP_LINK
from syndicate.jobs.admin.access.user_actions import STEP_KEY, UserActions, add_link, link_ended
from syndicate.model.actors import ROLES, ActionResult, Actor
from syndicate.store import Connection, Store
from syndicate.store.access import attempt_store, audit_store, one_time_keys, session_store, user_store
from syndicate.store.access.session_store import Session
from syndicate.store.access.user_store import User

DAY, STAY = timedelta(hours=24), timedelta(days=14)
FRESH = timedelta(minutes=15)
"""Time for which a password counts as just given, and for which a form waits for a sign-in."""
_TOUCH = timedelta(minutes=1)
_CODE_TIME = timedelta(minutes=5)
_ACCOUNT, _NETWORK, _SETUP, _FORM, _CONFIRM = "account", "network", "setup", "form", "confirm"
_FORM_KEY = "form"
_LONGEST_FORM = 256 * 1024
_WINDOW = timedelta(minutes=15)
_LONGEST_WAIT = _WINDOW.total_seconds()
# Free tries within the window.
_PER_ACCOUNT, _PER_NETWORK, _PER_SETUP = 5, 20, 5
_FORMS_A_MINUTE = 120

MailLink = Callable[[str, str], None]
"""Mails the key of a link to an address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """Browser of a request: the family of the browser and the network."""

    browser: str = ""
    network: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """User of a request with the session; ``needs_second_step`` is true until a required step is set up."""

    user: User
    session: Session
    needs_second_step: bool = False

    def is_fresh(self, now: datetime) -> bool:
        """Return whether the user gave the password in the last 15 minutes."""
        return now - self.session.password_at < FRESH


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """Result of a right password: the id of a session, or the key with which the code is sent."""

    session_id: str = ""
    step_key: str = ""
    stay: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptForm:
    """Form that was not saved, for a ``reason``: its address and its fields."""

    address: str
    lists: Mapping[str, list[str]]
    reason: str = "a sign-in was needed."


class SignInFailed(ActionRefused):
    """Failed sign-in, with the same message for every cause; ``seconds`` until the next try."""

    def __init__(self, seconds: int = 0) -> None:
        again = f" Try again in {seconds} seconds." if seconds else ""
        text = f"Address, password or code do not fit.{again}"
        super().__init__("sign-in-failed", text, status=429 if seconds else 422)
        self.seconds = seconds


def user_actor(user: User, network: str = "") -> Actor:
    """Return a user as the cause of a change."""
    scopes = ROLES.get(user.role, frozenset())
    return Actor(kind="user", name=user.address, user_id=user.id, scopes=scopes, network=network)


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInJob:
    """Signs users in and out; ``second_step`` has the roles that need a second step."""

    store: Store
    users: UserActions
    second_step: frozenset[str] = frozenset()

    def look(self, session_id: str, now: datetime) -> SignedIn | None:
        """Return the user of a session id, or ``None``; note once a minute that the session is in use."""
        if not session_id:
            return None
        with self.store.read() as connection:
            session = session_store.find_session(connection, hash_key(session_id), now)
            user = user_store.find_user(connection, user_id=session.user_id) if session else None
        if session is None or user is None:
            return None
        if now - session.seen >= _TOUCH:
            with self.store.write() as connection:
                session_store.change_session(connection, session.id_hash, seen=now)
        needs = user.role in self.second_step and not user.totp_secret
        return SignedIn(user=user, session=session, needs_second_step=needs)

    def has_users(self) -> bool:
        """Return whether there is a user."""
        with self.store.read() as connection:
            return user_store.has_users(connection)

    def start(
        self, address: str, password: str, client: Client, now: datetime, *, stay: bool = False
    ) -> Started:
        """Check the password; without a second step sign the user in. Raises ``SignInFailed``.

        An unknown address and an unknown password cost the same work and get the same answer.
        """
        key = address.strip().casefold()[:320]
        self._count(key, client, now)
        with self.store.read() as connection:
            user = user_store.find_user(connection, address_key=key) if key else None
        if not is_password(password, user.password_hash if user else "") or user is None:
            raise self._failed(user, key, client, now)
        fresh_hash = hash_password(password) if is_outdated(user.password_hash) else ""
        with self.store.write() as connection:
            if fresh_hash:
                user_store.change_user(connection, user.id, password_hash=fresh_hash)
            if not user.totp_secret:
                return Started(session_id=self._finish(connection, user, client, now, stay=stay), stay=stay)
            step_key = new_key()
            value, ends = "stay" if stay else "", now + _CODE_TIME
            one_time_keys.add_key(
                connection, hash_key(step_key), STEP_KEY, ends, user_id=user.id, value=value
            )
            attempt_store.take_back(connection, _NETWORK, client.network, now)
            return Started(step_key=step_key, stay=stay)

    def finish(self, step_key: str, code: str, client: Client, now: datetime) -> Started:
        """Sign in with a code of the second step or a recovery code. Raises ``SignInFailed``."""
        with self.store.read() as connection:
            found = one_time_keys.find_key(connection, hash_key(step_key), STEP_KEY, now)
            user = user_store.find_user(connection, user_id=(found.user_id or 0) if found else 0)
        if found is None or user is None:
            raise link_ended()
        self._count(user.address_key, client, now)
        stay = found.value == "stay"
        with self.store.write() as connection:
            if self._is_code(connection, user, code, now):
                if not one_time_keys.use_key(connection, found.key_hash):
                    raise link_ended()
                return Started(session_id=self._finish(connection, user, client, now, stay=stay), stay=stay)
        raise self._failed(user, user.address_key, client, now)

    def confirm_password(self, signed_in: SignedIn, password: str, client: Client, now: datetime) -> None:
        """Note that the user of a session gave the password again. Raises ``SignInFailed``.

        Failures count for the session alone: failed sign-ins elsewhere lock no signed-in user out.
        """
        user, session = signed_in.user, signed_in.session
        with self.store.write() as connection:
            self._require_room(connection, _CONFIRM, session.id_hash, _PER_ACCOUNT, now)
        is_right = is_password(password, user.password_hash)
        with self.store.write() as connection:
            if is_right:
                attempt_store.forget_attempts(connection, _CONFIRM, session.id_hash)
                session_store.change_session(connection, session.id_hash, password_at=now)
            else:
                _audit(connection, user, "user.password-failed", client, now)
        if not is_right:
            raise SignInFailed

    def enter(self, user_id: int, client: Client, now: datetime) -> str:
        """Sign in a user whom a link or a proxy has identified, and return the session's id."""
        with self.store.write() as connection:
            user = user_store.find_user(connection, user_id=user_id)
            if user is None:
                raise link_ended()
            return self._finish(connection, user, client, now)

    def enter_by_header(self, address: str, client: Client, now: datetime) -> str:
        """Sign in the user whose address a proxy names; ``""`` if there is no such user."""
        with self.store.read() as connection:
            user = user_store.find_user(connection, address_key=address.casefold())
        return self.enter(user.id, client, now) if user else ""

    def enter_after_link(self, user_id: int, client: Client, now: datetime) -> str:
        """Sign in a user who has set a password with a link; ``""`` if a code is needed as well."""
        with self.store.read() as connection:
            user = user_store.find_user(connection, user_id=user_id)
        return "" if user is None or user.totp_secret else self.enter(user_id, client, now)

    def ask_for_link(self, address: str, client: Client, now: datetime, mail_link: MailLink) -> None:
        """Mail a link for a new password to a user, from another thread: no answer tells who is a user.

        Any browser may ask, so an invitation and other links of the user stay.
        """
        key, link_key = address.strip().casefold()[:320], new_key()
        with self.store.write() as connection:
            self._require_room(connection, "link", key, _PER_SETUP, now)
            self._require_room(connection, "link", client.network, _PER_NETWORK, now)
            user = user_store.find_user(connection, address_key=key) if key else None
            if user is None:
                return
            add_link(connection, link_key, user.id, now)
            _audit(connection, user, "user.link-asked", client, now)
        Thread(target=mail_link, args=(user.address, link_key), daemon=True).start()

    def sign_out(self, session: Session) -> None:
        """End a session."""
        with self.store.write() as connection:
            session_store.end_session(connection, session.id_hash)

    def say(self, session: Session, message: str) -> None:
        """Keep a message for the next page of a session."""
        with self.store.write() as connection:
            session_store.change_session(connection, session.id_hash, message=message)

    def count_form(self, session: Session, now: datetime) -> None:
        """Count a form of a session. Raises ``ActionRefused`` (429) beyond 120 in a minute."""
        with self.store.write() as connection:
            self._require_room(
                connection, _FORM, session.id_hash, _FORMS_A_MINUTE, now, window=timedelta(minutes=1)
            )

    def require_setup_key(self, key: str, client: Client, now: datetime) -> None:
        """Raise ``ActionRefused`` once there is a user, for a wrong key, or after five wrong keys."""
        with self.store.write() as connection:
            if one_time_keys.find_key(connection, hash_key(key), SETUP_LINK, now):
                if user_store.has_users(connection):
                    text = "There is a user already. Sign in, or ask an admin for a link of your own."
                    raise ActionRefused("link-ended", text, status=410)
                return
            self._require_room(connection, _SETUP, client.network, _PER_SETUP, now)
        raise link_ended()

    def keep_form(
        self, address: str, lists: dict[str, list[str]], client: Client, now: datetime, *, browser_key: str
    ) -> str:
        """Keep a form for 15 minutes and return its key; ``""`` if it is too long or has a password.

        Only the browser with ``browser_key`` sees it: no user sees a form that another browser left.
        """
        given = {name: values for name, values in lists.items() if name not in ("csrf", "key")}
        value, key = json.dumps([address, given, hash_key(browser_key)]), new_key()
        if len(value) > _LONGEST_FORM or "password" in lists:
            return ""
        with self.store.write() as connection:
            self._require_room(connection, _FORM, client.network, _PER_NETWORK, now)
            one_time_keys.add_key(connection, hash_key(key), _FORM_KEY, now + FRESH, value=value)
        return key

    def kept_form(self, key: str, now: datetime, *, browser_key: str) -> KeptForm | None:
        """Return a kept form of this browser, once."""
        with self.store.write() as connection:
            found = one_time_keys.find_key(connection, hash_key(key), _FORM_KEY, now)
            if found is None:
                return None
            address, lists, keeper = json.loads(found.value)
            if keeper != hash_key(browser_key) or not one_time_keys.use_key(connection, found.key_hash):
                return None
        return KeptForm(address=address, lists=lists)

    def open_session(
        self, connection: Connection, user: User, client: Client, now: datetime, *, stay: bool = False
    ) -> str:
        """Store a new session and return its id for the cookie."""
        session_id = new_key()
        row: dict[str, Any] = {
            "id_hash": hash_key(session_id),
            "user_id": user.id,
            "csrf": new_key(),
            "message": "",
        }
        row |= dict.fromkeys(("created", "seen", "password_at"), now)
        row |= {"ends": now + (STAY if stay else DAY), "browser": client.browser, "network": client.network}
        session_store.add_session(connection, row)
        return session_id

    def _finish(
        self, connection: Connection, user: User, client: Client, now: datetime, *, stay: bool = False
    ) -> str:
        self._forget(connection, user, client, now)
        _audit(connection, user, "user.sign-in", client, now)
        return self.open_session(connection, user, client, now, stay=stay)

    def _is_code(self, connection: Connection, user: User, code: str, now: datetime) -> bool:
        step = second_step.accepted_step(user.totp_secret, code, user.totp_step, now)
        if step is not None:
            return user_store.use_step(connection, user.id, step)
        return user_store.use_code(connection, user.id, hash_key(second_step.plain_code(code)), now)

    def _count(self, key: str, client: Client, now: datetime) -> None:
        """Count an attempt before the password is checked, so that parallel attempts are counted too."""
        with self.store.write() as connection:
            self._require_room(connection, _ACCOUNT, key, _PER_ACCOUNT, now)
            self._require_room(connection, _NETWORK, client.network, _PER_NETWORK, now)

    def _require_room(
        self,
        connection: Connection,
        kind: str,
        subject: str,
        free: int,
        now: datetime,
        *,
        window: timedelta = _WINDOW,
    ) -> None:
        attempt_store.lock_subject(connection, kind, subject)
        before = attempt_store.attempts_since(connection, kind, subject, now - window)
        if wait := seconds_to_wait(before.count, before.last, free, now):
            if kind in (_ACCOUNT, _NETWORK, _CONFIRM):
                raise SignInFailed(wait)
            raise ActionRefused("too-often", f"Too many requests. Wait {wait} seconds.", status=429)
        attempt_store.add_attempt(connection, kind, subject, now)

    def _failed(self, user: User | None, key: str, client: Client, now: datetime) -> SignInFailed:
        """Record a failure of a known user, and return the error with the wait."""
        with self.store.write() as connection:
            if user:
                _audit(connection, user, "user.sign-in-failed", client, now)
            account = attempt_store.attempts_since(connection, _ACCOUNT, key, now - _WINDOW)
            network = attempt_store.attempts_since(connection, _NETWORK, client.network, now - _WINDOW)
        return SignInFailed(
            max(
                seconds_to_wait(account.count, account.last, _PER_ACCOUNT, now),
                seconds_to_wait(network.count, network.last, _PER_NETWORK, now),
            )
        )

    def _forget(self, connection: Connection, user: User, client: Client, now: datetime) -> None:
        attempt_store.forget_attempts(connection, _ACCOUNT, user.address_key)
        attempt_store.take_back(connection, _NETWORK, client.network, now)


def seconds_to_wait(count: int, last: datetime | None, free: int, now: datetime) -> int:
    """Return the seconds until the next try after ``count`` failures, the last at ``last``."""
    if last is None or count < free:
        return 0
    wait = min(2.0 ** min(count - free + 1, 30), _LONGEST_WAIT)
    return max(0, math.ceil(wait - (now - last).total_seconds()))


def _audit(connection: Connection, user: User, action: str, client: Client, now: datetime) -> None:
    result = ActionResult(kind="user", id=str(user.id))
    audit_store.add_row(connection, user_actor(user, client.network), action, result, now)

"""Users: add the first, invite, set the password, role and second step, and remove; links that work once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from syndicate.access import second_step
from syndicate.access.passwords import hash_password, password_problem
from syndicate.access.random_keys import hash_key, new_key
from syndicate.audience.mailbox_address import Address, normalise_address
from syndicate.errors import ActionRefused, InvalidAddress, WrongFields, existing
from syndicate.jobs.admin.access.token_actions import SecretResult
from syndicate.jobs.admin.actions import perform, recorded_as
from syndicate.model.actors import ROLES, ActionResult, Actor, Change
from syndicate.store import Connection, Store
from syndicate.store.access import one_time_keys, session_store, user_store
from syndicate.store.access.user_store import User
from syndicate.text.phrases import plural
from syndicate.text.plain import clean_line

INVITED = timedelta(hours=48)
PASSWORD_LINK, STEP_KEY = "password", "second-step"
"""Purposes of keys: to set a password, and to send the code of a second step."""
ADMIN = "admin:write"
_SETUP_ACTOR = Actor(kind="link", name="setup", scopes=frozenset({ADMIN}))


@dataclass(frozen=True, slots=True, kw_only=True)
class UserActions:
    """Changes the users of a store; ``title`` of the site is no password."""

    store: Store
    title: str = ""

    def add(
        self, change: Change, address: str, role: str, name: str = "", password: str = ""
    ) -> SecretResult:
        """Add a user with a password, or invite a user: the secret is the key of a link for 48 hours.

        Raises ``WrongFields`` for values that cannot be used, ``ActionRefused`` for a known address.
        """
        values = self._checked(address, role, name)
        password_hash = self.hash_of(password, values["address"]) if password else ""
        key = "" if password else new_key()

        def work(connection: Connection) -> ActionResult:
            if user_store.find_user(connection, address_key=values["address_key"]):
                raise WrongFields({"address": f"{values['address']} is a user already."})
            user_id = user_store.add_user(connection, **values, password_hash=password_hash, now=change.now)
            if key:
                add_link(connection, key, user_id, change.now)
            after = {"address": values["address"], "role": role}
            return ActionResult(
                kind="user", id=str(user_id), message=f"{values['address']} was added as {role}.", after=after
            )

        result = perform(self.store, change, "user.add", ADMIN, work)
        return SecretResult(result, "" if result.is_repeated else key)

    @recorded_as("user.role", ADMIN)
    def set_role(self, connection: Connection, _change: Change, user_id: int, role: str) -> ActionResult:
        """Change a role, which ends the user's sessions; the last admin stays an admin."""
        _require_role(role)
        user = existing_user(connection, user_id)
        if role != "admin":
            _keep_an_admin(connection, user)
        if user.role != role:
            user_store.change_user(connection, user_id, role=role)
            _end_sign_ins(connection, user_id)
        facts = {"before": {"role": user.role}, "after": {"role": role}, "is_change": user.role != role}
        return _changed(user, f"is now {role}", **facts)

    def set_password(self, change: Change, user_id: int, password: str) -> ActionResult:
        """Set a password, which ends the user's sessions and links."""
        with self.store.read() as connection:
            password_hash = self.hash_of(password, existing_user(connection, user_id).address)

        def work(connection: Connection, user: User) -> ActionResult:
            _replace_password(connection, user_id, password_hash)
            return _changed(user, "has a new password")

        return self._on_user(change, "user.password", user_id, work)

    def send_link(self, change: Change, user_id: int) -> SecretResult:
        """Return the key of a link with which the user sets a password; former links end."""
        key = new_key()

        def work(connection: Connection, user: User) -> ActionResult:
            one_time_keys.delete_keys(connection, PASSWORD_LINK, user_id)
            add_link(connection, key, user_id, change.now)
            return _changed(user, "can set a password with the link for 48 hours")

        result = self._on_user(change, "user.link", user_id, work)
        return SecretResult(result, "" if result.is_repeated else key)

    @recorded_as("user.remove", ADMIN)
    def remove(self, connection: Connection, _change: Change, user_id: int) -> ActionResult:
        """Remove a user with sessions and tokens; the last admin stays."""
        user = existing_user(connection, user_id)
        _keep_an_admin(connection, user)
        user_store.delete_user(connection, user_id)
        one_time_keys.delete_keys(connection, PASSWORD_LINK, user_id)
        return _changed(user, "was removed", before={"address": user.address, "role": user.role})

    def end_sessions(self, change: Change, user_id: int, *, except_hash: str = "") -> ActionResult:
        """End the sessions of a user except the session with a hash."""

        def work(connection: Connection, user: User) -> ActionResult:
            count = _end_sign_ins(connection, user_id, except_hash=except_hash)
            return _changed(user, f"was signed out of {plural(count, 'session')}", is_change=count > 0)

        return self._on_user(change, "user.sign-out", user_id, work)

    def reset_second_step(self, change: Change, user_id: int) -> ActionResult:
        """Switch the second step off, for a user whose device is lost."""

        def work(connection: Connection, user: User) -> ActionResult:
            user_store.change_user(connection, user_id, totp_secret="", totp_step=0)
            user_store.replace_codes(connection, user_id, ())
            one_time_keys.delete_keys(connection, STEP_KEY, user_id)
            return _changed(user, "has no second step", is_change=bool(user.totp_secret))

        return self._on_user(change, "user.second-step-off", user_id, work)

    def switch_second_step_on(self, change: Change, user_id: int, secret: str, code: str) -> list[str]:
        """Switch the second step on with a code of the secret; return the ten recovery codes.

        Raises ``WrongFields`` for a wrong code.
        """
        step = second_step.accepted_step(secret, code, 0, change.now)
        if step is None:
            raise WrongFields(
                {"code": "The code does not fit. Check the clock of the device, and try again."}
            )
        codes = second_step.recovery_codes()

        def work(connection: Connection, user: User) -> ActionResult:
            user_store.change_user(connection, user_id, totp_secret=secret, totp_step=step)
            user_store.replace_codes(connection, user_id, list(map(hash_key, codes)))
            return _changed(user, "has a second step")

        result = self._on_user(change, "user.second-step-on", user_id, work)
        return [] if result.is_repeated else codes

    def change_account(self, change: Change, user_id: int, *, name: str, test_address: str) -> ActionResult:
        """Change the name, and the address for test mails: ``""`` is the user's own."""
        values = {
            "name": clean_line(name, 80),
            "test_address": _address(test_address, "test_address").display,
        }

        def work(connection: Connection, user: User) -> ActionResult:
            before = {key: getattr(user, key) for key in values}
            user_store.change_user(connection, user_id, **values)
            is_change = before != values
            return _changed(user, "was changed", before=before, after=values, is_change=is_change)

        return self._on_user(change, "user.change", user_id, work)

    def set_up(self, key: str, address: str, name: str, password: str, now: datetime) -> int:
        """Add the first user, an admin, with the key of the setup address; return the id.

        Raises ``WrongFields``, and ``ActionRefused`` for a wrong or used key.
        """
        values = self._checked(address, "admin", name)
        password_hash = self.hash_of(password, values["address"])

        def work(connection: Connection) -> ActionResult:
            if user_store.has_users(connection) or not one_time_keys.use_key(connection, hash_key(key)):
                raise link_ended()
            user_id = user_store.add_user(connection, **values, password_hash=password_hash, now=now)
            after = {"address": values["address"], "role": "admin"}
            return ActionResult(kind="user", id=str(user_id), message="Welcome.", after=after)

        return int(perform(self.store, Change(actor=_SETUP_ACTOR, now=now), "user.setup", ADMIN, work).id)

    def use_link(self, key: str, password: str, now: datetime) -> int:
        """Set a password with the key of a link; return the user's id. Raises as ``set_up``."""
        with self.store.read() as connection:
            found = one_time_keys.find_key(connection, hash_key(key), PASSWORD_LINK, now)
            user = user_store.find_user(connection, user_id=(found.user_id or 0) if found else 0)
        if user is None:
            raise link_ended()
        password_hash = self.hash_of(password, user.address)

        def work(connection: Connection) -> ActionResult:
            if not one_time_keys.use_key(connection, hash_key(key)):
                raise link_ended()
            _replace_password(connection, user.id, password_hash)
            return _changed(user, "has a new password")

        actor = Actor(kind="link", name=user.address, user_id=user.id, scopes=frozenset({ADMIN}))
        perform(self.store, Change(actor=actor, now=now), "user.password", ADMIN, work)
        return user.id

    def hash_of(self, password: str, address: str) -> str:
        """Return the hash of a new password. Raises ``WrongFields`` if it cannot be used."""
        if problem := password_problem(password, address, self.title):
            raise WrongFields({"password": problem})
        return hash_password(password)

    def _on_user(
        self, change: Change, action: str, user_id: int, work: Callable[[Connection, User], ActionResult]
    ) -> ActionResult:
        """Perform an action on another user with ``admin:write``, or on the own account."""
        is_own = change.actor.kind == "user" and change.actor.user_id == user_id
        is_open = is_own and action != "user.link"
        scope = "" if is_open else ADMIN
        return perform(
            self.store, change, action, scope, lambda found: work(found, existing_user(found, user_id))
        )

    def _checked(self, address: str, role: str, name: str) -> dict[str, Any]:
        parsed = _address(address, "address", required=True)
        _require_role(role)
        named = {"name": clean_line(name, 80), "role": role}
        return {"address": parsed.display, "address_key": parsed.key, **named}


def link_ended() -> ActionRefused:
    """Return the error for a link that is unknown, used or too old."""
    return ActionRefused(
        "link-ended", "This link has been used or has ended. Ask for a new link.", status=410
    )


def add_link(connection: Connection, key: str, user_id: int, now: datetime) -> None:
    """Store the key of a link with which a user sets a password within 48 hours."""
    one_time_keys.add_key(connection, hash_key(key), PASSWORD_LINK, now + INVITED, user_id=user_id)


def _replace_password(connection: Connection, user_id: int, password_hash: str) -> None:
    user_store.change_user(connection, user_id, password_hash=password_hash)
    _end_sign_ins(connection, user_id)
    one_time_keys.delete_keys(connection, PASSWORD_LINK, user_id)


def _end_sign_ins(connection: Connection, user_id: int, *, except_hash: str = "") -> int:
    """End sessions, and sign-ins that wait for a code; return the number of sessions."""
    one_time_keys.delete_keys(connection, STEP_KEY, user_id)
    return session_store.end_sessions(connection, user_id, except_hash=except_hash)


def existing_user(connection: Connection, user_id: int) -> User:
    """Return a user. Raises ``NotFound``."""
    return existing(user_store.find_user(connection, user_id=user_id), "such user")


def _require_role(role: str) -> None:
    if role not in ROLES:
        raise WrongFields({"role": f"The roles are {' and '.join(ROLES)}."})


def _keep_an_admin(connection: Connection, user: User) -> None:
    is_admin = user.role == "admin" and user.password_hash
    if is_admin and not user_store.other_admins(connection, user.id):
        raise ActionRefused(
            "last-admin", f"{user.address} is the last admin. Make another user an admin first."
        )


def _changed(user: User, text: str, **more: Any) -> ActionResult:
    return ActionResult(kind="user", id=str(user.id), message=f"{user.address} {text}.", **more)


def _address(text: str, field: str, *, required: bool = False) -> Address:
    if not text.strip() and not required:
        return Address(display="", key="")
    try:
        return normalise_address(text)
    except InvalidAddress as error:
        raise WrongFields({field: f"{error}."}) from error

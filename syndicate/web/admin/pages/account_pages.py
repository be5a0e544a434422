"""Pages of the own account: name, password, second step, sessions."""

import re

from syndicate.access.second_step import new_secret, qr_code, setup_address
from syndicate.errors import NotFound, WrongFields
from syndicate.jobs.admin.access.access_views import UserView, user_view
from syndicate.jobs.admin.access.sign_in import SignInFailed
from syndicate.store.access import user_store
from syndicate.text.markup import clean_markup
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show

_ACCOUNT = "/admin/account"
_SECRET = re.compile(r"[A-Z2-7]{32}")


def account(request: AdminRequest) -> Answer:
    """Show the account (GET), or change name and test address (POST)."""
    if not request.is_post:
        return _show(request)
    user, fields = request.viewer, request.fields
    # Editors send tests to their own mailbox only.
    address = fields.get("test_address", "") if user.role == "admin" else user.test_address
    try:
        result = request.jobs.users.change_account(
            request.change(), user.id, name=fields.get("name", ""), test_address=address
        )
    except WrongFields as error:
        return _show(request, error.fields)
    return Redirect(_ACCOUNT, result.message)


def password(request: AdminRequest) -> Answer:
    """Change the password, which signs out everywhere and starts a new session here."""
    jobs, user, fields = request.jobs, request.viewer, request.fields
    try:
        jobs.sign_in.confirm_password(
            request.user_session, fields.get("current", ""), request.client, request.now
        )
        jobs.users.set_password(request.change(), user.id, fields.get("password", ""))
    except SignInFailed as error:
        return _show(request, {"current": str(error)})
    except WrongFields as error:
        return _show(request, error.fields)
    session_id = jobs.sign_in.enter(user.id, request.client, request.now)
    return Redirect(_ACCOUNT, session_id=session_id)


def second_step(request: AdminRequest) -> Answer:
    """Show a new secret (GET), or switch the second step on with a code (POST)."""
    user, options = request.viewer, request.jobs.options
    secret, errors = request.fields.get("secret", ""), {}
    if not _SECRET.fullmatch(secret):
        secret = new_secret()
    elif request.is_post:
        try:
            codes = request.jobs.users.switch_second_step_on(
                request.change(), user.id, secret, request.fields.get("code", "")
            )
            return Show("admin/access/recovery_codes.html", {"codes": codes})
        except WrongFields as error:
            errors = error.fields
    picture = clean_markup(qr_code(setup_address(secret, user.address, options.title)))
    is_required = user.role in options.second_step
    view = {"secret": secret, "picture": picture, "is_required": is_required, "errors": errors}
    return Show("admin/access/second_step.html", view, 422 if errors else 200)


def second_step_off(request: AdminRequest) -> Answer:
    """Switch the second step off."""
    result = request.jobs.users.reset_second_step(request.change(), request.viewer.id)
    return Redirect(_ACCOUNT, result.message)


def end_session(request: AdminRequest) -> Answer:
    """End a session of the own account, or all sessions but this one."""
    jobs, own = request.jobs, request.session.id_hash
    chosen = request.fields.get("session", "")
    if chosen == "all":
        result = jobs.users.end_sessions(request.change(), request.viewer.id, except_hash=own)
        return Redirect(_ACCOUNT, result.message)
    for session in _own(request).sessions:
        if session.public_id == chosen:
            jobs.sign_in.sign_out(session)
            return Redirect(_ACCOUNT, "The session was ended.")
    raise NotFound("There is no such session.")


def _own(request: AdminRequest) -> UserView:
    with request.jobs.store.snapshot() as connection:
        return user_view(connection, request.viewer.id, request.now)


def _show(request: AdminRequest, errors: dict[str, str] | None = None) -> Answer:
    with request.jobs.store.read() as connection:
        left = user_store.codes_left(connection, request.viewer.id)
    view = {"own": _own(request), "session_id": request.session.public_id, "codes_left": left}
    view |= {"typed": request.fields, "errors": errors or {}}
    return Show("admin/access/account.html", view, 422 if errors else 200)

"""Pages to sign in and out, to set a lost password, and to add the first user."""

from dataclasses import asdict, dataclass, field

from syndicate.errors import ActionRefused, WrongFields
from syndicate.jobs.admin.access.sign_in import SignInFailed, Started
from syndicate.store.access import access_rows
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInView:
    """Contents of a form to sign in: ``next`` is the address to show afterwards."""

    next: str = ""
    address: str = ""
    name: str = ""
    problem: str = ""
    step_key: str = ""
    note: str = ""
    can_mail: bool = False
    errors: dict[str, str] = field(default_factory=dict)


def sign_in(request: AdminRequest) -> Answer:
    """Show the form (GET), or check the password and ask for a code (POST)."""
    fields = request.fields
    if not request.is_post:
        if request.signed_in:
            return Redirect(request.query.get("next", "/admin/"))
        return Show("admin/access/sign_in.html", SignInView(next=request.query.get("next", "")))
    address, target = fields.get("address", ""), fields.get("next", "")
    try:
        started = request.jobs.sign_in.start(
            address, fields.get("password", ""), request.client, request.now, stay="stay" in fields
        )
    except SignInFailed as error:
        view = SignInView(next=target, address=address, problem=str(error))
        return Show("admin/access/sign_in.html", view, error.status)
    if started.step_key:
        return Show("admin/access/code.html", SignInView(next=target, step_key=started.step_key))
    return _entered(started, target)


def send_code(request: AdminRequest) -> Answer:
    """Sign in with a code of the second step."""
    key, target = request.fields.get("step", ""), request.fields.get("next", "")
    try:
        started = request.jobs.sign_in.finish(
            key, request.fields.get("code", ""), request.client, request.now
        )
    except SignInFailed as error:
        view = SignInView(next=target, step_key=key, problem=str(error))
        return Show("admin/access/code.html", view, error.status)
    return _entered(started, target)


def sign_out(request: AdminRequest) -> Answer:
    """End the session."""
    request.jobs.sign_in.sign_out(request.session)
    return Redirect("/admin/sign-in", session_id="")


def confirm(request: AdminRequest) -> Answer:
    """Ask for the password again (GET), and lead back to the page that needs it (POST)."""
    if not request.is_post:
        return Show("admin/access/confirm.html", SignInView(next=request.query.get("next", "")))
    target = request.fields.get("next", "")
    try:
        password = request.fields.get("password", "")
        request.jobs.sign_in.confirm_password(request.user_session, password, request.client, request.now)
    except SignInFailed as error:
        return Show("admin/access/confirm.html", SignInView(next=target, problem=str(error)), error.status)
    return Redirect(target or "/admin/")


def again(request: AdminRequest) -> Answer:
    """Show a form that waited for a sign-in, filled in, to send it now."""
    kept = request.jobs.sign_in.kept_form(request.path["key"], request.now, browser_key=request.browser_key)
    if kept is None:
        raise ActionRefused("link-ended", "The form was kept for 15 minutes and has been shown.", status=410)
    return Show("admin/access/again.html", kept)


def lost_password(request: AdminRequest) -> Answer:
    """Say how a password is set (GET), or mail a link to a user's address (POST)."""
    can_mail = request.jobs.mail_link is not None
    if not request.is_post:
        return Show("admin/access/lost_password.html", SignInView(can_mail=can_mail))
    if request.jobs.mail_link is not None:
        request.jobs.sign_in.ask_for_link(
            request.fields.get("address", ""), request.client, request.now, request.jobs.mail_link
        )
    note = "If this is the address of a user, a mail with a link is on its way."
    return Show("admin/access/lost_password.html", SignInView(can_mail=can_mail, note=note))


def set_password(request: AdminRequest) -> Answer:
    """Set a password with a link that works once, and sign in unless a second step is on."""
    if not request.is_post:
        return Show("admin/access/set_password.html", SignInView())
    users, fields = request.jobs.users, request.fields
    try:
        user_id = users.use_link(request.path["key"], fields.get("password", ""), request.now)
    except WrongFields as error:
        return Show("admin/access/set_password.html", SignInView(errors=error.fields), 422)
    session_id = request.jobs.sign_in.enter_after_link(user_id, request.client, request.now)
    return Redirect("/admin/" if session_id else "/admin/sign-in", session_id=session_id)


def set_up(request: AdminRequest) -> Answer:
    """Add the first user with the key that ``syndicate run`` printed."""
    key = request.path["key"]
    request.jobs.sign_in.require_setup_key(key, request.client, request.now)
    if not request.is_post:
        return Show("admin/access/set_up.html", SignInView())
    fields = request.fields
    address, name = fields.get("address", ""), fields.get("name", "")
    try:
        user_id = request.jobs.users.set_up(key, address, name, fields.get("password", ""), request.now)
    except WrongFields as error:
        view = SignInView(address=address, name=name, errors=error.fields)
        return Show("admin/access/set_up.html", view, 422)
    session_id = request.jobs.sign_in.enter(user_id, request.client, request.now)
    return Redirect("/admin/first-run", session_id=session_id)


def first_run(request: AdminRequest) -> Answer:
    """Show the steps of a new installation, each ticked from rows."""
    with request.jobs.store.snapshot() as connection:
        rows = access_rows.first_rows(connection)
    view = {**asdict(rows), "sends_mail": request.jobs.mail_link is not None}
    return Show("admin/access/first_run.html", view)


def _entered(started: Started, target: str) -> Answer:
    return Redirect(target or "/admin/", session_id=started.session_id, stay=started.stay)

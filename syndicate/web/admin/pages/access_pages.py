"""Pages of users and their invitations, of API tokens, and of the audit log."""

from urllib.parse import urlencode

from syndicate.errors import NotFound, WrongFields
from syndicate.jobs.admin.access.access_views import (
    AUDIT_FILTERS,
    PAGE,
    audit_page,
    export_audit,
    token_views,
    user_view,
    user_views,
)
from syndicate.jobs.admin.access.sign_in import user_actor
from syndicate.jobs.admin.access.token_actions import NEVER_FOR_TOKENS
from syndicate.model.actors import ROLES, SCOPES
from syndicate.web.admin.admin_request import AdminRequest, Answer, Download, Redirect, Show, read_number

_TOKENS, _USERS = "/admin/settings/tokens", "/admin/settings/users"


def tokens(request: AdminRequest) -> Answer:
    """Show the tokens (GET), or create a token and show it once (POST)."""
    errors, message, secret = dict[str, str](), "", ""
    fields, chosen = request.fields, tuple(request.lists.get("scopes", ()))
    if request.is_post:
        try:
            days = float(read_number(fields["days"]) or 0) if fields.get("days") else None
            added = request.jobs.tokens.add(request.change(), fields.get("name", ""), chosen, days=days)
            message, secret = added.result.message, added.secret
        except WrongFields as error:
            errors = error.fields
    with request.jobs.store.snapshot() as connection:
        found = token_views(connection, user_actor(request.viewer))
    allowed = ROLES[request.viewer.role] - NEVER_FOR_TOKENS
    scopes = [(scope, f"{scope}: {text}") for scope, text in SCOPES.items() if scope in allowed]
    view = {"tokens": found, "scopes": scopes, "errors": errors, "message": message, "secret": secret}
    view |= {"typed": fields, "chosen": chosen} if errors else {"typed": {}, "chosen": ()}
    return Show("admin/access/tokens.html", view, 422 if errors else 200)


def revoke_token(request: AdminRequest) -> Answer:
    """Revoke a token."""
    return Redirect(_TOKENS, request.jobs.tokens.revoke(request.change(), request.path["id"]).message)


def audit(request: AdminRequest) -> Answer:
    """Show the audit log with filters."""
    chosen = {name: request.query.get(name, "") for name in AUDIT_FILTERS}
    with request.jobs.store.snapshot() as connection:
        rows = audit_page(connection, chosen, read_number(request.query.get("below", "")))
    given = {name: value for name, value in chosen.items() if value}
    more = f"?{urlencode({**given, 'below': rows[-1].id})}" if len(rows) == PAGE else ""
    export = f"/admin/settings/audit.ndjson?{urlencode(given)}"
    view = {"rows": rows, "chosen": chosen, "next": more, "export": export}
    return Show("admin/access/audit.html", view)


def audit_lines(request: AdminRequest) -> Answer:
    """Save the filtered audit log as lines of JSON."""
    chosen = {name: request.query.get(name, "") for name in AUDIT_FILTERS}
    return Download("audit.ndjson", "application/x-ndjson", export_audit(request.jobs.store, chosen))


def users(request: AdminRequest) -> Answer:
    """Show the users (GET), or invite a user (POST)."""
    errors: dict[str, str] = {}
    fields = request.fields
    if request.is_post:
        try:
            added = request.jobs.users.add(
                request.change(), fields.get("address", ""), fields.get("role", ""), fields.get("name", "")
            )
            return _link(request, added.result.message, added.secret)
        except WrongFields as error:
            errors = error.fields
    with request.jobs.store.snapshot() as connection:
        found = user_views(connection, request.now)
    view = {"users": found, "typed": fields, "errors": errors}
    return Show("admin/access/users.html", view, 422 if errors else 200)


def user(request: AdminRequest) -> Answer:
    """Show a user (GET), or change the user as a button says (POST)."""
    user_id, jobs = request.path["id"], request.jobs.users
    if not request.is_post:
        with request.jobs.store.snapshot() as connection:
            return Show("admin/access/user.html", user_view(connection, user_id, request.now))
    change, action = request.change(), request.fields.get("do", "")
    if action == "link":
        made = jobs.send_link(change, user_id)
        return _link(request, made.result.message, made.secret)
    if action == "role":
        return Redirect(_USERS, jobs.set_role(change, user_id, request.fields.get("role", "")).message)
    acts = {"sign-out": jobs.end_sessions, "second-step-off": jobs.reset_second_step, "remove": jobs.remove}
    if action not in acts:
        raise NotFound("There is no such button.")
    return Redirect(_USERS, acts[action](change, user_id).message)


def _link(request: AdminRequest, message: str, key: str) -> Answer:
    """Show a link once; the answer to a form that was sent twice has no link."""
    link = f"{request.jobs.options.url}/admin/password/{key}" if key else ""
    return Show("admin/access/link.html", {"message": message, "link": link})

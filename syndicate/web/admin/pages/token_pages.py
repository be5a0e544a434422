"""Pages of API tokens and of the audit log."""

from urllib.parse import urlencode

from syndicate.errors import WrongFields
from syndicate.jobs.admin.access.access_views import (
    AUDIT_FILTERS,
    PAGE,
    audit_page,
    export_audit,
    token_views,
)
from syndicate.jobs.admin.access.sign_in import user_actor
from syndicate.jobs.admin.access.token_actions import NEVER_FOR_TOKENS
from syndicate.model.actors import ROLES, SCOPES
from syndicate.web.admin.admin_request import AdminRequest, Answer, Download, Redirect, Show, read_number

_TOKENS = "/admin/settings/tokens"


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

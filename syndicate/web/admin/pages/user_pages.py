"""Pages of the settings for admins: users and their invitations."""

from syndicate.errors import NotFound, WrongFields
from syndicate.jobs.admin.access.access_views import user_view, user_views
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show

_USERS = "/admin/settings/users"


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

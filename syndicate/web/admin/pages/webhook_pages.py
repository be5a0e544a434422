"""Pages of webhooks to other programs, and of posts to other networks."""

from syndicate.errors import WrongFields
from syndicate.jobs.admin.outgoing.event_actions import deliveries_of
from syndicate.store.events import post_store, webhook_store
from syndicate.store.events.event_log import EVENTS
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show, read_number

_WEBHOOKS = "/admin/settings/webhooks"
_POSTS = "/admin/deliveries/posts"
_STATES = ("uncertain", "failed", "deferred", "pending", "sent")


def webhooks(request: AdminRequest) -> Answer:
    """Show the endpoints (GET), or add one and show its secret once (POST)."""
    errors, message, secret = dict[str, str](), "", ""
    address, chosen = request.fields.get("address", ""), tuple(request.lists.get("events", ()))
    if request.is_post:
        try:
            added = request.jobs.webhooks.add(request.change(), address=address, events=[*chosen])
            message, secret = added.result.message, added.secret
        except WrongFields as error:
            errors = error.fields
    view: dict[str, object] = {"endpoints": request.jobs.webhooks.endpoints(), "events": _choices()}
    view |= {"address": address if errors else "", "chosen": chosen if errors else ()}
    view |= {"errors": errors, "message": message, "secret": secret}
    return Show("admin/outgoing/webhooks.html", view, 422 if errors else 200)


def webhook(request: AdminRequest) -> Answer:
    """Show an endpoint with its deliveries (GET), or do what the button says (POST)."""
    number, errors, secret = request.path["id"], dict[str, str](), ""
    message = ""
    if request.is_post:
        try:
            message, secret = _do(request, number)
        except WrongFields as error:
            errors = error.fields
        else:
            if not secret:
                gone = request.fields.get("do") == "remove"
                return Redirect(_WEBHOOKS if gone else f"{_WEBHOOKS}/{number}", message)
    with request.jobs.store.snapshot() as connection:
        found = deliveries_of(connection, number, below=read_number(request.query.get("below", "")))
        endpoint = next(each for each in webhook_store.list_endpoints(connection) if each.id == number)
    view: dict[str, object] = {"endpoint": endpoint, "deliveries": found, "message": message}
    view |= {"secret": secret, "address": endpoint.address, "chosen": endpoint.events.split()}
    if errors:
        view |= {"address": request.fields.get("address", ""), "chosen": request.lists.get("events", ())}
    more = f"?below={found[-1]['id']}" if len(found) == 50 else ""
    view |= {"events": _choices(), "errors": errors, "next": more}
    return Show("admin/outgoing/webhook.html", view, 422 if errors else 200)


def posts(request: AdminRequest) -> Answer:
    """Show the posts to other networks (GET), or decide about a post or a resting network (POST)."""
    jobs, fields = request.jobs.posts, request.fields
    if request.is_post:
        number = read_number(fields.get("post", "")) or 0
        match fields.get("do"):
            case "resend":
                done = jobs.resend(request.change(), number)
            case "arrived":
                done = jobs.mark_posted(request.change(), number)
            case _:
                done = jobs.resume(request.change(), fields.get("network", ""))
        return Redirect(_POSTS, done.message)
    state = request.query.get("state", "")
    with request.jobs.store.snapshot() as connection:
        counts = post_store.count_posts(connection)
        found = post_store.list_posts(connection, states=(state,) if state in _STATES else ())
        resting = [each for each in post_store.read_targets(connection).values() if each.reason]
    tabs = [
        (_POSTS, "All"),
        *((f"{_POSTS}?state={name}", f"{name} {counts.get(name, 0)}") for name in _STATES),
    ]
    shown = f"{_POSTS}?state={state}" if state else _POSTS
    view = {"posts": found, "resting": resting, "counts": tabs, "state": shown}
    return Show("admin/outgoing/posts.html", view)


def _do(request: AdminRequest, number: int) -> tuple[str, str]:
    """Perform the action of the pressed button; return its message and a new secret, if any."""
    jobs, change, fields = request.jobs.webhooks, request.change(), request.fields
    if fields.get("do") == "secret":
        added = jobs.new_secret(change, number)
        return added.result.message, added.secret
    match fields.get("do"):
        case "save":
            chosen = request.lists.get("events", [])
            done = jobs.edit(change, number, address=fields.get("address", ""), events=chosen)
        case "resume" | "pause" as word:
            done = jobs.turn(change, number, on=word == "resume")
        case "end-secret":
            done = jobs.end_former_secret(change, number)
        case "remove":
            done = jobs.remove(change, number)
        case "retry":
            done = jobs.retry(change, read_number(fields.get("delivery", "")) or 0)
        case _:
            done = jobs.test(change, number)
    return done.message, ""


def _choices() -> list[tuple[str, str]]:
    return [(name, f"{name}: {text}") for name, text in EVENTS.items()]

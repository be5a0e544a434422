"""Pages of webhooks to other programs, and of posts to other networks."""

from dataclasses import dataclass, field
from typing import Any

from syndicate.errors import WrongFields
from syndicate.jobs.admin.outgoing.webhook_actions import deliveries_of
from syndicate.store.events import post_store
from syndicate.store.events.event_log import EVENTS
from syndicate.store.events.post_store import PostRow, PostTarget
from syndicate.store.events.webhook_store import Endpoint
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show

_WEBHOOKS = "/admin/settings/webhooks"
_POSTS = "/admin/deliveries/posts"
_STATES = ("uncertain", "failed", "deferred", "pending", "sent")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhooksView:
    """Endpoints, and the form for a new endpoint or for the changed endpoint ``one``, with its deliveries."""

    endpoints: list[Endpoint] = field(default_factory=list)
    endpoint: Endpoint | None = None
    deliveries: list[dict[str, Any]] = field(default_factory=list)
    events: list[tuple[str, str]] = field(default_factory=list)
    address: str = ""
    chosen: tuple[str, ...] = ()
    errors: dict[str, str] = field(default_factory=dict)
    message: str = ""
    secret: str = ""
    next: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PostsView:
    """Posts in a state, and networks that rest."""

    posts: list[PostRow]
    resting: list[PostTarget]
    counts: list[tuple[str, str]]
    state: str


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
    view = WebhooksView(
        endpoints=request.jobs.webhooks.endpoints(),
        events=_choices(),
        address=address if errors else "",
        chosen=chosen if errors else (),
        errors=errors,
        message=message,
        secret=secret,
    )
    return Show("admin/outgoing/webhooks.html", view, 422 if errors else 200)


def webhook(request: AdminRequest) -> Answer:
    """Show an endpoint with its deliveries (GET), or do what the button says (POST)."""
    number, jobs, errors, secret = request.path["id"], request.jobs.webhooks, dict[str, str](), ""
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
        found = deliveries_of(connection, number, below=_number(request.query.get("below", "")) or None)
    endpoint = next(each for each in jobs.endpoints() if each.id == number)
    view = WebhooksView(
        endpoint=endpoint,
        deliveries=found,
        events=_choices(),
        address=request.fields.get("address", "") if errors else endpoint.address,
        chosen=tuple(request.lists.get("events", ())) if errors else tuple(endpoint.events.split()),
        errors=errors,
        message=message,
        secret=secret,
        next=f"?below={found[-1]['id']}" if len(found) == 50 else "",
    )
    return Show("admin/outgoing/webhook.html", view, 422 if errors else 200)


def posts(request: AdminRequest) -> Answer:
    """Show the posts to other networks (GET), or decide about a post or a resting network (POST)."""
    jobs, fields = request.jobs.posts, request.fields
    if request.is_post:
        number = _number(fields.get("post", ""))
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
    view = PostsView(
        posts=found, resting=resting, counts=tabs, state=f"{_POSTS}?state={state}" if state else _POSTS
    )
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
            done = jobs.retry(change, _number(fields.get("delivery", "")))
        case _:
            done = jobs.test(change, number)
    return done.message, ""


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _choices() -> list[tuple[str, str]]:
    return [(name, f"{name}: {text}") for name, text in EVENTS.items()]

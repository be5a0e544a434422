"""Table of all HTTP routes. HEAD is served wherever GET is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from syndicate.jobs.audience.preferences_job import PreferencesJob
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.newsletter.review_links import ReviewLinks
from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
from syndicate.web.file_routes import FileHandler
from syndicate.web.preference_routes import PreferencesHandler
from syndicate.web.private_feed_routes import PrivateFeedHandler
from syndicate.web.review_routes import ReviewHandler
from syndicate.web.server_pages import SECURITY_HEADERS, ServerPages
from syndicate.web.sign_up_routes import ConfirmHandler, SignUpHandler
from syndicate.web.unsubscribe_routes import UnsubscribeHandler
from syndicate.web.web_options import HubListener, WebOptions
from syndicate.web.websub_routes import HubCallbackHandler

Health = Callable[[], Mapping[str, object]]
Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteContext:
    """Jobs and options that handlers are made of; ``None`` for a job that is off."""

    options: WebOptions
    pages: ServerPages
    files: FileHandler
    unsubscriber: UnsubscribeJob
    health: Health
    hub_listener: HubListener | None
    sign_ups: SignUpJob | None
    preferences: PreferencesJob | None
    private_feeds: PrivateFeedsJob | None
    desk: ReviewLinks | None


class WebRoute(NamedTuple):
    """HTTP route; without ``handler`` its job is off, and it is not served."""

    path: str
    methods: tuple[str, ...]
    handler: Handler | None
    purpose: str


_READ, _FORM = ("GET",), ("GET", "POST")


def list_routes(context: RouteContext) -> list[WebRoute]:
    """Return all routes, in the order in which they are matched."""
    pages, options = context.pages, context.options
    sign_ups, preferences = context.sign_ups, context.preferences
    sign_up = SignUpHandler(sign_ups, pages).respond if sign_ups else None
    confirm = ConfirmHandler(sign_ups, pages).respond if sign_ups else None
    choices = PreferencesHandler(preferences, pages).respond if preferences else None
    feeds, hubs = context.private_feeds, context.hub_listener
    feed = PrivateFeedHandler(feeds, pages, options.feed_max_age).respond if feeds else None
    review = ReviewHandler(context.desk, pages) if context.desk else None
    hub_callback = HubCallbackHandler(hubs, options.push_bytes).respond if hubs else None
    unsubscribe = UnsubscribeHandler(context.unsubscriber, pages).respond
    desk = "/desk/{newsletter}/{editor}/{token}"
    return [
        WebRoute("/unsubscribe/{token}", _FORM, unsubscribe, "end a subscription (RFC 8058: one click)"),
        WebRoute("/subscribe", _FORM, sign_up, "sign-up form"),
        WebRoute("/confirm/{token}", _FORM, confirm, "confirm a sign-up"),
        WebRoute("/preferences/{token}", _FORM, choices, "choices of a subscriber"),
        WebRoute("/private/{name}", _READ, feed, "private feed of a subscriber (`.rss`, `.atom`, `.json`)"),
        WebRoute(desk, _FORM, review.respond if review else None, "review of editions by an editor"),
        WebRoute(desk + "/{edition}", _READ, review.mail if review else None, "mail of an edition"),
        WebRoute("/websub/{callback}", _FORM, hub_callback, "callback of WebSub hubs"),
        WebRoute("/healthz", _READ, _health(context.health), "state as JSON; 503 when it is not `ok`"),
        WebRoute("/", _READ, _front_page, "redirect to `/site/`"),
        WebRoute("/{path:path}", _READ, context.files.respond, "files of the output folder"),
    ]


def _health(health: Health) -> Handler:
    async def respond(_: Request) -> Response:
        state = await run_in_threadpool(health)
        status = 503 if state.get("ok") is False else 200
        return JSONResponse(dict(state), status, {**SECURITY_HEADERS, "Cache-Control": "no-store"})

    return respond


async def _front_page(_: Request) -> Response:
    return RedirectResponse("/site/", 302, SECURITY_HEADERS)

"""Table of all HTTP routes. HEAD is answered wherever GET is.

A route is served only if its handler exists: ``RouteContext`` has ``None`` for jobs that are off.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

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


class RouteEntry(NamedTuple):
    """HTTP route: ``make_handler`` returns its handler, or ``None`` if the route is not served."""

    path: str
    methods: tuple[str, ...]
    make_handler: Callable[[RouteContext], Handler | None]
    purpose: str


def make_routes(context: RouteContext) -> list[Route]:
    """Return the routes that this server serves, in the order of ``ROUTES``."""
    handlers = ((route, route.make_handler(context)) for route in ROUTES)
    # A bound method: Starlette takes any other callable object for an ASGI application.
    return [Route(route.path, handler, methods=[*route.methods]) for route, handler in handlers if handler]


def _unsubscribe(context: RouteContext) -> Handler:
    return UnsubscribeHandler(context.unsubscriber, context.pages).respond


def _sign_up(context: RouteContext) -> Handler | None:
    return SignUpHandler(context.sign_ups, context.pages).respond if context.sign_ups else None


def _confirm(context: RouteContext) -> Handler | None:
    return ConfirmHandler(context.sign_ups, context.pages).respond if context.sign_ups else None


def _preferences(context: RouteContext) -> Handler | None:
    return PreferencesHandler(context.preferences, context.pages).respond if context.preferences else None


def _private_feed(context: RouteContext) -> Handler | None:
    feeds, max_age = context.private_feeds, context.options.feed_max_age
    return PrivateFeedHandler(feeds, context.pages, max_age).respond if feeds else None


def _review(context: RouteContext) -> Handler | None:
    return ReviewHandler(context.desk, context.pages).respond if context.desk else None


def _review_mail(context: RouteContext) -> Handler | None:
    return ReviewHandler(context.desk, context.pages).mail if context.desk else None


def _hub_callback(context: RouteContext) -> Handler | None:
    listener = context.hub_listener
    return HubCallbackHandler(listener, context.options.push_bytes).respond if listener else None


def _health(context: RouteContext) -> Handler:
    async def respond(_: Request) -> Response:
        state = await run_in_threadpool(context.health)
        status = 503 if state.get("ok") is False else 200
        return JSONResponse(dict(state), status, {**SECURITY_HEADERS, "Cache-Control": "no-store"})

    return respond


def _front_page(_: RouteContext) -> Handler:
    async def respond(_: Request) -> Response:
        return RedirectResponse("/site/", 302, SECURITY_HEADERS)

    return respond


def _files(context: RouteContext) -> Handler:
    return context.files.respond


_READ, _FORM = ("GET",), ("GET", "POST")
ROUTES = (
    RouteEntry("/unsubscribe/{token}", _FORM, _unsubscribe, "end a subscription (RFC 8058: one click)"),
    RouteEntry("/subscribe", _FORM, _sign_up, "sign-up form"),
    RouteEntry("/confirm/{token}", _FORM, _confirm, "confirm a sign-up"),
    RouteEntry("/preferences/{token}", _FORM, _preferences, "choices of a subscriber"),
    RouteEntry(
        "/private/{name}", _READ, _private_feed, "private feed of a subscriber (`.rss`, `.atom`, `.json`)"
    ),
    RouteEntry("/desk/{newsletter}/{editor}/{token}", _FORM, _review, "review of editions by an editor"),
    RouteEntry("/desk/{newsletter}/{editor}/{token}/{edition}", _READ, _review_mail, "mail of an edition"),
    RouteEntry("/websub/{callback}", _FORM, _hub_callback, "callback of WebSub hubs"),
    RouteEntry("/healthz", _READ, _health, "state as JSON; 503 when it is not `ok`"),
    RouteEntry("/", _READ, _front_page, "redirect to `/site/`"),
    RouteEntry("/{path:path}", _READ, _files, "files of the output folder"),
)

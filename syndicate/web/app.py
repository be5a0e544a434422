"""Web application: handlers of the routes, and pages for errors."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.errors import SyndicateError
from syndicate.jobs.admin.mailing.review_links import ReviewLinks
from syndicate.jobs.audience.preferences_job import PreferencesJob
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.delivery.webhook_job import WebhookJob
from syndicate.jobs.ingest.websub_job import WebSubJob
from syndicate.jobs.publish.on_request.embeds import EmbedJob
from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob
from syndicate.jobs.publish.on_request.reader_search import ReaderSearch
from syndicate.jobs.publish.site_frame import SiteFrame
from syndicate.published_files import PublishedFiles
from syndicate.templating import Templates
from syndicate.web.readers.embed_routes import EmbedHandler
from syndicate.web.readers.file_routes import FileHandler, OnFeedRead
from syndicate.web.readers.hook_routes import HubCallbackHandler, ProviderHookHandler
from syndicate.web.readers.link_routes import PreferencesHandler, ReviewHandler, UnsubscribeHandler
from syndicate.web.readers.private_feed_routes import PrivateFeedHandler
from syndicate.web.readers.routes import ROUTES
from syndicate.web.readers.search_routes import SearchHandler
from syndicate.web.readers.served_files import OutputFolder
from syndicate.web.readers.server_pages import SECURITY_HEADERS, ServerPages
from syndicate.web.readers.sign_up_routes import ConfirmHandler, SignUpHandler
from syndicate.web.web_options import WebOptions

Health = Callable[[], Mapping[str, object]]
Handler = Callable[[Request], Response | Awaitable[Response]]
"""Handler of a route. Starlette calls a handler that is not a coroutine function in a worker thread."""


def create_app(  # noqa: PLR0913 - each job is optional
    options: WebOptions,
    output: PublishedFiles,
    unsubscriber: UnsubscribeJob,
    *,
    templates: Templates,
    health: Health,
    frame: Callable[[], SiteFrame],
    on_article_opened: Callable[[str], None] | None = None,
    on_feed_read: OnFeedRead | None = None,
    hub_listener: WebSubJob | None = None,
    webhooks: WebhookJob | None = None,
    sign_ups: SignUpJob | None = None,
    preferences: PreferencesJob | None = None,
    private_feeds: PrivateFeedsJob | None = None,
    review_links: ReviewLinks | None = None,
    search: ReaderSearch | None = None,
    embeds: EmbedJob | None = None,
    mounted: Mapping[str, ASGIApp] | None = None,
    ready: Health | None = None,
    metrics: Handler | None = None,
) -> Starlette:
    """Return the application over published files; a folder may be empty or missing.

    ``health`` is called in a worker thread for ``/healthz``; its result is the JSON body, with status 503 if
    it contains ``"ok": False``; ``ready`` is for ``/readyz``. ``on_article_opened`` gets the path of each
    article page that a person opens. Routes without their job are not served. ``frame`` returns the site
    around the server's pages. ``mounted`` are applications below their first segment, such as ``admin``.
    """
    pages = ServerPages(templates, frame)
    folder = OutputFolder(output, options.cache_bytes)
    files = FileHandler(options, folder, pages, on_article_opened, on_feed_read)
    handlers: dict[str, Handler] = {
        "unsubscribe": UnsubscribeHandler(unsubscriber, pages).respond,
        "health": _health_handler(health),
        "ready": _health_handler(ready or health),
        "front_page": _front_page,
        "files": files.respond,
    } | ({"metrics": metrics} if metrics else {})
    handlers |= _subscriber_handlers(pages, sign_ups, preferences)
    if private_feeds:
        handlers["feed"] = PrivateFeedHandler(private_feeds, pages, options.feed_max_age).respond
    if search:
        handlers |= SearchHandler(search, pages, files.respond).handlers()
    if embeds:
        handlers |= EmbedHandler(embeds, pages, files.respond, options.embed_origins).handlers()
    if review_links:
        review = ReviewHandler(review_links, pages)
        handlers |= {"review": review.respond, "mail": review.mail}
    handlers |= _program_handlers(options, hub_listener, webhooks)
    # Bound methods and functions: Starlette takes any other callable object for an ASGI application.
    served = [(route, handlers[route.handler]) for route in ROUTES if route.handler in handlers]
    routes = [Route(route.path, handler, methods=[*route.methods]) for route, handler in served]
    errors = dict.fromkeys((HTTPException, SyndicateError, Exception), _error_handler(pages))
    return _Application(files, mounted or {}, routes=routes, exception_handlers=errors)


def _subscriber_handlers(
    pages: ServerPages, sign_ups: SignUpJob | None, preferences: PreferencesJob | None
) -> dict[str, Handler]:
    handlers: dict[str, Handler] = {}
    if sign_ups:
        sign_up = SignUpHandler(sign_ups, pages)
        handlers = {"sign_up": sign_up.respond, "embedded_sign_up": sign_up.embedded}
        handlers["confirm"] = ConfirmHandler(sign_ups, pages, bool(preferences)).respond
    if preferences:
        handlers["preferences"] = PreferencesHandler(preferences, pages).respond
    return handlers


def _program_handlers(
    options: WebOptions, hub_listener: WebSubJob | None, webhooks: WebhookJob | None
) -> dict[str, Handler]:
    handlers: dict[str, Handler] = {}
    if hub_listener:
        handlers["hub_callback"] = HubCallbackHandler(hub_listener, options.push_bytes).respond
    if webhooks:
        handlers["provider_hook"] = ProviderHookHandler(webhooks).respond
    return handlers


class _Application(Starlette):
    """Starlette application that answers requests for unchanged files before it looks at its routes."""

    def __init__(self, files: FileHandler, mounted: Mapping[str, ASGIApp], **options: Any) -> None:
        super().__init__(**options)
        self._files, self._mounted = files, mounted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (app := self._mounted.get(scope["path"][1:].partition("/")[0])):
            await app(scope, receive, send)
            return
        respond: ASGIApp = super().__call__
        # An address with a query may be a search in a format that is also a file.
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not scope["query_string"]:
            respond = self._files.respond_at_once(scope) or respond
        await respond(scope, receive, send)


def _health_handler(health: Health) -> Handler:
    def respond(_: Request) -> Response:
        state = health()
        status = 503 if state.get("ok") is False else 200
        return JSONResponse(dict(state), status, {**SECURITY_HEADERS, "Cache-Control": "no-store"})

    return respond


async def _front_page(_: Request) -> Response:
    return RedirectResponse("/site/index.html", 302, SECURITY_HEADERS)


def _error_handler(pages: ServerPages) -> Callable[[Request, Exception], Response]:
    def respond(_: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return pages.problem(error.status_code, error.headers)
        if isinstance(error, SyndicateError):
            return pages.problem(503, {"Retry-After": "60"})
        return pages.problem(500)

    return respond

"""Web application: handlers of the routes, and pages for errors."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from syndicate.errors import SyndicateError
from syndicate.jobs.audience.preferences_job import PreferencesJob
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.ingest.websub_job import WebSubJob
from syndicate.jobs.newsletter.review_links import ReviewLinks
from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
from syndicate.jobs.publish.reader_search import ReaderSearch
from syndicate.jobs.publish.site_frame import SiteFrame, bare_frame
from syndicate.publish.publish_options import PublishOptions
from syndicate.templating import Templates
from syndicate.web.file_routes import FileHandler
from syndicate.web.preference_routes import PreferencesHandler
from syndicate.web.private_feed_routes import PrivateFeedHandler
from syndicate.web.review_routes import ReviewHandler
from syndicate.web.routes import ROUTES
from syndicate.web.search_routes import SearchHandler
from syndicate.web.served_files import OutputFolder
from syndicate.web.server_pages import SECURITY_HEADERS, ServerPages
from syndicate.web.sign_up_routes import ConfirmHandler, SignUpHandler
from syndicate.web.unsubscribe_routes import UnsubscribeHandler
from syndicate.web.web_options import WebOptions
from syndicate.web.websub_routes import HubCallbackHandler

Health = Callable[[], Mapping[str, object]]
Handler = Callable[[Request], Awaitable[Response]]


def create_app(  # noqa: PLR0913 - each job is optional
    options: WebOptions,
    output: Path,
    unsubscriber: UnsubscribeJob,
    *,
    templates: Templates,
    health: Health,
    on_article_opened: Callable[[str], None] | None = None,
    hub_listener: WebSubJob | None = None,
    sign_ups: SignUpJob | None = None,
    preferences: PreferencesJob | None = None,
    private_feeds: PrivateFeedsJob | None = None,
    review_links: ReviewLinks | None = None,
    search: ReaderSearch | None = None,
    frame: Callable[[], SiteFrame] | None = None,
) -> Starlette:
    """Return the application over an output folder, which may be empty or missing.

    ``health`` is called in a worker thread for ``/healthz``; its result is the JSON body, with status 503 if
    it contains ``"ok": False``. ``on_article_opened`` is called with the path of each article page that a
    person opens. Routes without their job are not served. ``frame`` returns the site around the server's
    pages; without it they have a frame of the site's title alone.
    """
    pages = ServerPages(templates, frame or _bare_frame(options, templates, has_search=search is not None))
    files = FileHandler(options, OutputFolder(output, options.cache_bytes), pages, on_article_opened)
    handlers: dict[str, Handler] = {
        "unsubscribe": UnsubscribeHandler(unsubscriber, pages).respond,
        "health": _health_handler(health),
        "front_page": _front_page,
        "files": files.respond,
    }
    if sign_ups:
        handlers["sign_up"] = SignUpHandler(sign_ups, pages).respond
        handlers["confirm"] = ConfirmHandler(sign_ups, pages, bool(preferences)).respond
    if preferences:
        handlers["preferences"] = PreferencesHandler(preferences, pages).respond
    if private_feeds:
        handlers["feed"] = PrivateFeedHandler(private_feeds, pages, options.feed_max_age).respond
    if search:
        searching = SearchHandler(search, pages, files.respond)
        handlers["search"], handlers["search_feed"] = searching.respond, searching.feed
        handlers["suggest"], handlers["open_search"] = searching.suggest, searching.describe
    if review_links:
        review = ReviewHandler(review_links, pages)
        handlers["review"], handlers["mail"] = review.respond, review.mail
    if hub_listener:
        handlers["hub_callback"] = HubCallbackHandler(hub_listener, options.push_bytes).respond
    # Bound methods and functions: Starlette takes any other callable object for an ASGI application.
    served = [(route, handlers[route.handler]) for route in ROUTES if route.handler in handlers]
    routes = [Route(route.path, handler, methods=[*route.methods]) for route, handler in served]
    errors = dict.fromkeys((HTTPException, SyndicateError, Exception), _error_handler(pages))
    return _Application(files, routes=routes, exception_handlers=errors)


def _bare_frame(options: WebOptions, templates: Templates, *, has_search: bool) -> Callable[[], SiteFrame]:
    site = PublishOptions(
        site_url=options.site_url,
        title=options.site_title,
        language=templates.language or "en",
        search=has_search,
    )
    bare = bare_frame(templates, site)
    return lambda: bare


class _Application(Starlette):
    """Starlette application that answers requests for unchanged files before it looks at its routes."""

    def __init__(self, files: FileHandler, **options: Any) -> None:
        super().__init__(**options)
        self._files = files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        respond: ASGIApp = super().__call__
        # An address with a query may be a search in a format that is also a file.
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD") and not scope["query_string"]:
            respond = self._files.respond_at_once(scope) or respond
        await respond(scope, receive, send)


def _health_handler(health: Health) -> Handler:
    async def respond(_: Request) -> Response:
        state = await run_in_threadpool(health)
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

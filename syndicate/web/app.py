"""Web application: routes, and pages for errors."""

from collections.abc import Callable
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from syndicate.errors import SyndicateError
from syndicate.jobs.audience.preferences_job import PreferencesJob
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.newsletter.review_links import ReviewLinks
from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
from syndicate.templating import Templates
from syndicate.web.file_routes import FileHandler
from syndicate.web.output import OutputFolder
from syndicate.web.routes import Health, RouteContext, list_routes
from syndicate.web.server_pages import ServerPages
from syndicate.web.web_options import HubListener, WebOptions


def create_app(
    options: WebOptions,
    output: Path,
    unsubscriber: UnsubscribeJob,
    *,
    templates: Templates,
    health: Health,
    on_article_opened: Callable[[str], None] | None = None,
    hub_listener: HubListener | None = None,
    sign_ups: SignUpJob | None = None,
    preferences: PreferencesJob | None = None,
    private_feeds: PrivateFeedsJob | None = None,
    desk: ReviewLinks | None = None,
) -> Starlette:
    """Return the application over an output folder, which may be empty or missing.

    ``health`` is called in a worker thread for ``/healthz``; its result is the JSON body, with status 503 if
    it contains ``"ok": False``. ``on_article_opened`` is called with the path of each article page that a
    person opens. Routes without their job are not served.
    """
    pages = ServerPages(templates, options.site_title)
    context = RouteContext(
        options=options,
        pages=pages,
        files=FileHandler(options, OutputFolder(output, options.cache_bytes), pages, on_article_opened),
        unsubscriber=unsubscriber,
        health=health,
        hub_listener=hub_listener,
        sign_ups=sign_ups,
        preferences=preferences,
        private_feeds=private_feeds,
        desk=desk,
    )
    handlers = dict.fromkeys((HTTPException, SyndicateError, Exception), _error_handler(pages))
    routes = [
        # A bound method or a function: Starlette takes any other callable object for an ASGI application.
        Route(route.path, route.handler, methods=[*route.methods])
        for route in list_routes(context)
        if route.handler
    ]
    return Starlette(routes=routes, exception_handlers=handlers)


def _error_handler(pages: ServerPages) -> Callable[[Request, Exception], Response]:
    def respond(_: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return pages.problem(error.status_code, error.headers)
        if isinstance(error, SyndicateError):
            return pages.problem(503, {"Retry-After": "60"})
        return pages.problem(500)

    return respond

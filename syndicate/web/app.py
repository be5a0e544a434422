"""Web application: the output folder, unsubscribing, health."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from syndicate.errors import SyndicateError
from syndicate.jobs.audience.preferences_job import PreferencesJob
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.newsletter.review_links import ReviewLinks
from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
from syndicate.templating import Templates
from syndicate.web.negotiation import accepts_gzip, is_opening, not_modified
from syndicate.web.output import FileChanged, OutputFolder, ServedFile
from syndicate.web.preference_routes import PreferencesHandler
from syndicate.web.private_feed_routes import PrivateFeedHandler
from syndicate.web.responses import content_type, list_field
from syndicate.web.review_routes import ReviewHandler
from syndicate.web.server_pages import SECURITY_HEADERS, ServerPages
from syndicate.web.sign_up_routes import ConfirmHandler, SignUpHandler
from syndicate.web.unsubscribe_routes import UnsubscribeHandler
from syndicate.web.web_options import HubListener, WebOptions
from syndicate.web.websub_routes import HubCallbackHandler

Health = Callable[[], Mapping[str, object]]
Opened = Callable[[str], None]
Page = Callable[[Request], Awaitable[Response]]

# A channel's name, and what follows it in the path of one of its documents.
_CHANNEL = re.compile(r"/([a-z0-9-]+)(\.(?:rss|atom|json)|/archive/[^/]+|/sources\.opml)")
# Feeds that are announced to the hub: of channels and newsletters, not archive pages or automatic channels.
_HUB = re.compile(r"/(?:newsletters/)?[^/]+")
_STALE = "stale-while-revalidate=3600, stale-if-error=86400"


def create_app(
    options: WebOptions,
    output: Path,
    unsubscriber: UnsubscribeJob,
    *,
    templates: Templates,
    health: Health,
    on_article_opened: Opened | None = None,
    hub_listener: HubListener | None = None,
    sign_ups: SignUpJob | None = None,
    preferences: PreferencesJob | None = None,
    private_feeds: PrivateFeedsJob | None = None,
    desk: ReviewLinks | None = None,
) -> Starlette:
    """The application over one output folder, which may be empty or absent so far.

    ``health`` is called in a worker thread for ``/healthz``; its answer goes out as JSON, with 503
    when it holds ``"ok": False``. ``on_article_opened`` is told the path of an article page that a person
    opened, and nothing else about them; without it nothing is counted. Without ``hub_listener`` there is no
    WebSub callback, without ``sign_ups`` no sign-up page, without ``preferences`` no page of choices,
    without ``private_feeds`` none of those, and without ``desk`` editors use the command line.
    """
    pages = ServerPages(templates, options.site_title)
    looks: dict[str, Page] = {}
    pages: dict[str, Page] = {"/unsubscribe/{token}": UnsubscribeHandler(unsubscriber, pages).__call__}
    if hub_listener is not None:
        pages["/websub/{callback}"] = HubCallbackHandler(hub_listener, options.push_bytes).__call__
    if sign_ups is not None:
        pages["/subscribe"] = SignUpHandler(sign_ups, pages).__call__
        pages["/confirm/{token}"] = ConfirmHandler(sign_ups, pages).__call__
    if preferences is not None:
        pages["/preferences/{token}"] = PreferencesHandler(preferences, pages).__call__
    if private_feeds is not None:
        looks["/private/{name}"] = PrivateFeedHandler(private_feeds, pages, options.feed_max_age).__call__
    if desk is not None:
        office, address = ReviewHandler(desk, pages), "/desk/{newsletter}/{editor}/{token}"
        pages[address] = office.__call__
        looks[address + "/{edition}"] = office.mail
    files = _Files(options, OutputFolder(output, options.cache_bytes), pages, on_article_opened)
    return Starlette(
        routes=[
            *(Route(path, page, methods=["GET", "POST"]) for path, page in pages.items()),
            *(Route(path, page) for path, page in looks.items()),
            Route("/", _to_front_page),
            Route("/healthz", _health_page(health)),
            Route("/{path:path}", files.answer),
        ],
        exception_handlers=dict.fromkeys((HTTPException, SyndicateError, Exception), _problem(pages)),
    )


async def _to_front_page(_: Request) -> Response:
    return RedirectResponse("/site/", 302, SECURITY_HEADERS)


def _health_page(health: Health) -> Callable[[Request], object]:
    async def page(_: Request) -> Response:
        state = await run_in_threadpool(health)
        status = 503 if state.get("ok") is False else 200
        return JSONResponse(dict(state), status, {**SECURITY_HEADERS, "Cache-Control": "no-store"})

    return page


def _problem(pages: ServerPages) -> Callable[[Request, Exception], Response]:
    def page(_: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            return pages.problem(error.status_code, error.headers)
        if isinstance(error, SyndicateError):
            return pages.problem(503, {"Retry-After": "60"})
        return pages.problem(500)

    return page


class _Files:
    """Answers for everything in the output folder."""

    def __init__(
        self,
        options: WebOptions,
        folder: OutputFolder,
        pages: ServerPages,
        on_article_opened: Opened | None,
    ) -> None:
        self._opened = on_article_opened
        self._options = options
        self._folder = folder
        self._pages = pages

    async def answer(self, request: Request) -> Response:
        """One file, a redirect to a folder's page, or 404. All file work happens in a worker thread."""
        return await run_in_threadpool(self._answer, request)

    def _answer(self, request: Request) -> Response:
        for _ in range(3):
            try:
                return self._look_up(request, request.scope["path"])
            except FileChanged:
                continue
            except OSError:
                break
        return self._pages.problem(404)

    def _look_up(self, request: Request, path: str) -> Response:
        if (document := _CHANNEL.fullmatch(path)) and (answer := self._former(*document.groups())):
            return answer
        location = self._folder.locate(path)
        if location is None:
            return self._pages.problem(404)
        if location.is_dir():
            location /= "index.html"
            if not path.endswith("/") and location.is_file():
                return RedirectResponse(quote(path) + "/", 308, SECURITY_HEADERS)
        elif path.endswith("/"):
            return self._pages.problem(404)
        return self._send(request, location)

    def _former(self, channel: str, document: str) -> Response | None:
        """Return the answer for a document of a channel that was removed or renamed."""
        if channel in self._options.gone_channels:
            return self._pages.problem(410, code="gone")
        if name := self._options.moved_channels.get(channel):
            location = f"{self._options.site_url}/{quote(name + document)}"
            headers = {**SECURITY_HEADERS, "Access-Control-Allow-Origin": "*"}
            return RedirectResponse(location, 301, headers)
        return None

    def _send(self, request: Request, location: Path) -> Response:
        served = self._folder.find(location, gzip=accepts_gzip(list_field(request, "accept-encoding")))
        if served is None:
            return self._pages.problem(404)
        if self._opened is not None and is_opening(request.method, request.headers):
            self._opened(request.scope["path"].lstrip("/"))
        headers = self._headers(served)
        if served.kind.feed and self._options.hub_url and _HUB.fullmatch(request.scope["path"]):
            address = f"{self._options.site_url}{quote(request.scope['path'])}"
            headers["Link"] = f'<{self._options.hub_url}>; rel="hub", <{address}>; rel="self"'
        fields = request.headers
        if not_modified(
            served.etag, served.modified, fields.get("if-none-match"), fields.get("if-modified-since")
        ):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = content_type(request, served.kind)
        if served.gzipped:
            headers["Content-Encoding"] = "gzip"
        return Response(self._folder.read(served), headers=headers)

    def _headers(self, served: ServedFile) -> dict[str, str]:
        """Everything a 200 and a 304 have in common (rules H1, H2, H4, H5, D4, D6)."""
        age = self._options.feed_max_age if served.kind.feed else self._options.page_max_age
        headers = {
            **SECURITY_HEADERS,
            "ETag": served.etag,
            "Last-Modified": format_datetime(datetime.fromtimestamp(served.modified, UTC), usegmt=True),
            "Cache-Control": f"public, max-age={age}, {_STALE}",
        }
        if served.kind.text:
            headers["Vary"] = (
                "Accept, Sec-Fetch-Dest, Accept-Encoding" if served.kind.styled else "Accept-Encoding"
            )
        if served.kind.feed:
            headers["Access-Control-Allow-Origin"] = "*"
        return headers

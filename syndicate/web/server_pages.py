"""The few pages the server writes itself: subscribing, choosing, leaving, and what went wrong."""

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from syndicate.errors import RenderError
from syndicate.templating import Markup, Templates

log = logging.getLogger("syndicate.web")

_PROBLEM = "pages/problem.html"
# Rules D6 and WF14. Scripts and styles come from our own files only.
_POLICY = (
    "default-src 'none'; img-src * data:; media-src *; style-src {style}; script-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
SECURITY_HEADERS = {**_COMMON, "Content-Security-Policy": _POLICY.format(style="'self'")}
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class ServerPages:
    """Renders the notices, named after the site. Their style sheet is in the page, allowed by its hash.

    With ``at_once`` each is rendered before it is returned, and raises ``RenderError``.
    """

    def __init__(self, templates: Templates, site: str = "", *, at_once: bool = False) -> None:
        self._templates = templates
        self._at_once = at_once
        self._site = site
        self._translated: dict[str, ServerPages] = {}
        style = templates.read("pages/notice.css")
        self._style = Markup(style.decode())
        digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
        policy = _POLICY.format(style=f"'sha256-{digest}'")
        self._headers = {**_COMMON, **_PRIVATE, "Content-Security-Policy": policy}

    def in_language(self, language: str) -> "ServerPages":
        """The same in another language than the site's; ``""`` is the site's own."""
        if not language:
            return self
        if language not in self._translated:
            self._translated[language] = ServerPages(
                self._templates.in_language(language), self._site, at_once=self._at_once
            )
        return self._translated[language]

    def problem(
        self, status: int, headers: Mapping[str, str] | None = None, *, code: int | str = 0
    ) -> Response:
        """The page for an error status; says the same whatever was asked for. ``code`` names other words."""
        return self._page(_PROBLEM, status, headers, code=code or status)

    def ask(self, newsletter: str, token: str) -> Response:
        """The page with the one button; showing it changes nothing."""
        return self._page("pages/unsubscribe.html", 200, newsletter=newsletter, token=token, done=False)

    def done(self, newsletter: str) -> Response:
        """The page that confirms the end of a subscription."""
        return self._page("pages/unsubscribe.html", 200, newsletter=newsletter, done=True)

    def page(self, template: str, status: int = 200, **context: object) -> Response:
        """A page of its own kind; private like all of them."""
        return self._page(template, status, None, **context)

    def foreign(self, html: str, policy: str) -> Response:
        """A page that is not of our making, under a policy of its own; private like all of them."""
        headers = {**self._headers, "Content-Security-Policy": policy}
        return Response(html, 200, headers, media_type="text/html")

    def _page(
        self, template: str, status: int, headers: Mapping[str, str] | None = None, **context: object
    ) -> Response:
        headers = {**self._headers, **(headers or {})}
        render = partial(self._templates.render, template, style=self._style, site=self._site, **context)
        if self._at_once:
            return Response(render(), status, headers, media_type="text/html")
        if template == _PROBLEM:
            render = partial(_or_plain, render, status)
        if self._templates.is_own(template):
            return _OwnPage(render, status, headers)
        return Response(render(), status, headers, media_type="text/html")


class _OwnPage(Response):
    """Page of an operator's template, rendered in a thread: the event loop does not wait for a worker."""

    def __init__(self, render: Callable[[], str], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(b"", status, headers, media_type="text/html")
        self._render_page, self._own_headers = render, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        html = await run_in_threadpool(self._render_page)
        page = Response(html, self.status_code, self._own_headers, media_type=self.media_type)
        await page(scope, receive, send)


def _or_plain(render: Callable[[], str], status: int) -> str:
    """Return a page of a line when the template of the error page fails, which has no other page."""
    try:
        return render()
    except RenderError as error:
        log.warning("%s", error)
        return f"<!DOCTYPE html>\n<title>{status}</title>\n<p>{status} {HTTPStatus(status).phrase}\n"

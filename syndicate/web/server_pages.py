"""Pages that the server renders: sign-up, preferences, unsubscribing, review and errors."""

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
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}
SECURITY_HEADERS = {**_COMMON, "Content-Security-Policy": _POLICY.format(style="'self'")}
_PRIVATE = {"Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class ServerPages:
    """Render pages with the site's title. Their style sheet is in the page, allowed by its hash.

    With ``at_once`` each page is rendered before it is returned, and raises ``RenderError``.
    """

    def __init__(self, templates: Templates, site: str = "", *, at_once: bool = False) -> None:
        self._templates = templates
        self._at_once = at_once
        self._site = site
        self._translated: dict[str, ServerPages] = {}
        style = templates.read("pages/notice.css")
        self._style = Markup(style.decode())
        style_hash = base64.b64encode(hashlib.sha256(style).digest()).decode()
        policy = _POLICY.format(style=f"'sha256-{style_hash}'")
        self._headers = {**_COMMON, **_PRIVATE, "Content-Security-Policy": policy}

    def in_language(self, language: str) -> "ServerPages":
        """Return pages in another language; ``""`` is the site's."""
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
        """Return the page of an error status, the same for all paths; ``code`` selects another text."""
        return self._page(_PROBLEM, status, headers, code=code or status)

    def foreign(self, html: str, policy: str) -> Response:
        """Return a page from other HTML under a policy of its own, private like all pages."""
        headers = {**self._headers, "Content-Security-Policy": policy}
        return Response(html, 200, headers, media_type="text/html")

    def page(self, template: str, status: int = 200, **context: object) -> Response:
        """Return the page of a template, private like all pages."""
        return self._page(template, status, None, **context)

    def _page(
        self, template: str, status: int, headers: Mapping[str, str] | None, **context: object
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
    """Page of an operator's template, rendered in a thread so that the event loop is not blocked."""

    def __init__(self, render: Callable[[], str], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(b"", status, headers, media_type="text/html")
        self._render_page, self._own_headers = render, headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        html = await run_in_threadpool(self._render_page)
        page = Response(html, self.status_code, self._own_headers, media_type=self.media_type)
        await page(scope, receive, send)


def _or_plain(render: Callable[[], str], status: int) -> str:
    """Render the error page, or a plain page if its template fails."""
    try:
        return render()
    except RenderError as error:
        log.warning("%s", error)
        return f"<!DOCTYPE html>\n<title>{status}</title>\n<p>{status} {HTTPStatus(status).phrase}\n"

"""Pages that the server renders, in the frame of the site: sign-up, preferences, review and errors."""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from http import HTTPStatus

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from syndicate.errors import RenderError
from syndicate.jobs.publish.site_frame import SiteFrame
from syndicate.publish.page_context import Page
from syndicate.templating import Templates

log = logging.getLogger("syndicate.web")

_PROBLEM = "pages/problem.html"
# Rules D6 and WF14. Scripts, styles and suggestions come from this server only.
_POLICY = (
    "default-src 'none'; img-src * data:; media-src *; style-src 'self'; script-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": _POLICY,
}


def policy_for(origins: Sequence[str], *, framed: bool) -> str:
    """Return the policy of a page whose form may lead to ``origins``, which may show it in a frame."""
    if not origins:
        return _POLICY
    sites = " ".join(origins)
    policy = _POLICY.replace("form-action 'self'", f"form-action 'self' {sites}")
    return policy.replace("frame-ancestors 'none'", f"frame-ancestors {sites}") if framed else policy


_PRIVATE = {**SECURITY_HEADERS, "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


class ServerPages:
    """Render pages in the frame of the site, which ``frame`` reads from the store or a cache.

    Pages are rendered in a thread when they are sent, so that the event loop is not blocked. With ``at_once``
    each page is rendered before it is returned, and raises ``RenderError``.
    """

    def __init__(
        self, templates: Templates, frame: Callable[[], SiteFrame], *, at_once: bool = False
    ) -> None:
        self._templates = templates
        self._frame = frame
        self._at_once = at_once
        self._problems: dict[int | str, tuple[SiteFrame, str]] = {}

    def in_language(self, language: str) -> "ServerPages":
        """Return pages in another language; ``""`` is the site's. The frame stays in the site's language."""
        if not language:
            return self
        return ServerPages(self._templates.in_language(language), self._frame, at_once=self._at_once)

    def problem(
        self, status: int, headers: Mapping[str, str] | None = None, *, code: int | str = 0
    ) -> Response:
        """Return the page of an error status, the same for all paths; ``code`` selects another text."""
        page = _Page(partial(self._problem, status, code or status), status, {**_PRIVATE, **(headers or {})})
        return page.rendered() if self._at_once else page

    def foreign(self, html: str, policy: str) -> Response:
        """Return a page from other HTML under a policy of its own, private like all pages."""
        headers = {**_PRIVATE, "Content-Security-Policy": policy}
        return Response(html, 200, headers, media_type="text/html")

    def page(self, template: str, status: int = 200, **context: object) -> Response:
        """Return the page of a template, private like all pages."""
        page = _Page(partial(self._render, template, context), status, _PRIVATE)
        return page.rendered() if self._at_once else page

    def site_page(self, template: str, path: str, page: Page) -> bytes:
        """Return a page of the site that shared caches may keep."""
        return self._frame().pages.page(template, path, page)

    def see(self, location: str) -> Response:
        """Return a redirect after a form, so that reload and Back never send the form again."""
        return Response(status_code=303, headers={**_PRIVATE, "Location": location})

    def _problem(self, status: int, code: int | str) -> str:
        """Render an error page once for each frame, or a plain page if its template fails."""
        frame = self._frame()
        former, html = self._problems.get(code, (None, ""))
        if former is frame:
            return html
        try:
            html = self._templates.render(_PROBLEM, **frame.variables(), code=code)
        except RenderError as error:
            if self._at_once:
                raise
            log.warning("%s", error)
            return f"<!DOCTYPE html>\n<title>{status}</title>\n<p>{status} {HTTPStatus(status).phrase}\n"
        self._problems[code] = frame, html
        return html

    def _render(self, template: str, context: Mapping[str, object]) -> str:
        return self._templates.render(template, **self._frame().variables(), **context)


class _Page(Response):
    """Page that is rendered in a thread when it is sent."""

    def __init__(self, render: Callable[[], str], status: int, headers: Mapping[str, str]) -> None:
        super().__init__(b"", status, headers, media_type="text/html")
        self._render_page = render

    def rendered(self) -> Response:
        """Return the rendered page. Raises ``RenderError``."""
        headers = {name: value for name, value in self.headers.items() if name != "content-length"}
        return Response(self._render_page(), self.status_code, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        page = await run_in_threadpool(self.rendered)
        await page(scope, receive, send)

"""The editor's desk at ``/desk/NEWSLETTER/EDITOR/TOKEN``; addresses are never logged.

The address is the key: no cookie goes with it, so no page of another site can make a browser use it.
Forms that come from another site are refused all the same, and each says which contents it was made for.
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import RenderError
from syndicate.jobs.newsletter.review_links import ReviewLink, ReviewLinks, ReviewPage
from syndicate.web.request_body import read_fields
from syndicate.web.server_pages import ServerPages

# A mail brings its own styles and pictures, and nothing else of it is let do anything.
_MAIL_POLICY = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'"


class ReviewHandler:
    """``GET`` shows what waits, ``POST`` does one thing to it; all bad links get the same neutral 404."""

    def __init__(self, desk: ReviewLinks, pages: ServerPages) -> None:
        self._desk = desk
        self._pages = pages

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        key = _key(request)
        if request.method != "POST":
            return self._show(await run_in_threadpool(self._desk.look, key))
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return self._pages.problem(403)
        fields = await read_fields(request)
        if fields is None:
            return self._pages.problem(413)
        return self._show(await run_in_threadpool(self._desk.act, key, fields))

    async def mail(self, request: Request) -> Response:
        """The mail of one edition as it would be sent now."""
        try:
            html = await run_in_threadpool(self._desk.mail, _key(request), request.path_params["edition"])
        except RenderError:
            return self._pages.problem(409)
        if html is None:
            return self._pages.problem(404)
        return self._pages.foreign(html, _MAIL_POLICY)

    def _show(self, view: ReviewPage | None) -> Response:
        if view is None:
            return self._pages.problem(404)
        pages = self._pages.in_language(view.newsletter.language)
        return pages.page("pages/desk.html", 409 if view.problem else 200, view=view)


def _key(request: Request) -> ReviewLink:
    parts = request.path_params
    return ReviewLink(newsletter=parts["newsletter"], editor=parts["editor"], token=parts["token"])

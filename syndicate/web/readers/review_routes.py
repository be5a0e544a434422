"""Review page of editors at ``/desk/NEWSLETTER/EDITOR/TOKEN``; addresses are never logged.

The token in the address is the key. Without cookies no other site can make a browser use it. Forms from other
sites are refused all the same, and each form names the contents that it was made for.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.errors import RenderError
from syndicate.jobs.admin.mailing.review_links import ReviewLink, ReviewLinks, ReviewPage
from syndicate.web.readers.server_pages import ServerPages
from syndicate.web.request_body import read_fields

# The form has every text of an edition.
_MAX_BYTES = 256 * 1024
# A mail may use its own styles and load images, nothing else.
_MAIL_POLICY = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class ReviewHandler:
    """Show the waiting editions (GET) or change one of them (POST); all invalid links get the same 404."""

    review_links: ReviewLinks
    pages: ServerPages

    async def respond(self, request: Request) -> Response:
        """Respond to a request."""
        key = _key(request)
        if request.method != "POST":
            return self._show(await run_in_threadpool(self.review_links.look, key))
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return self.pages.problem(403)
        fields = await read_fields(request, _MAX_BYTES)
        return self._show(await run_in_threadpool(self.review_links.act, key, fields))

    async def mail(self, request: Request) -> Response:
        """Respond with the mail of an edition as it would be sent now."""
        try:
            html = await run_in_threadpool(
                self.review_links.mail, _key(request), request.path_params["edition"]
            )
        except RenderError:
            return self.pages.problem(409)
        if html is None:
            return self.pages.problem(404)
        return self.pages.foreign(html, _MAIL_POLICY)

    def _show(self, view: ReviewPage | None) -> Response:
        if view is None:
            return self.pages.problem(404)
        pages = self.pages.in_language(view.newsletter.language)
        return pages.page("pages/desk.html", 409 if view.problem else 200, view=view)


def _key(request: Request) -> ReviewLink:
    parts = request.path_params
    return ReviewLink(newsletter=parts["newsletter"], editor=parts["editor"], token=parts["token"])

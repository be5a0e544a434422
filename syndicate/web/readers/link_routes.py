"""Pages behind signed links in mails, whose addresses are never logged.

Unsubscribing: a page with a button for people, a POST for mail programs (RFC 8058). Preferences at
``/preferences/TOKEN``: a subscriber's choices, without an account. Review of editions by editors at
``/desk/NEWSLETTER/EDITOR/TOKEN``.

The token in the address is the key. Without cookies no other site can make a browser use it.
"""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.audience.choices import PAUSES, time_zones
from syndicate.errors import RenderError
from syndicate.jobs.admin.mailing.review_links import ReviewLink, ReviewLinks, ReviewPage
from syndicate.jobs.audience.preferences_job import PreferencesJob, PreferencesView
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.web.readers.server_pages import ServerPages
from syndicate.web.request_body import MAX_FORM_BYTES, parse_form, read_body, read_fields

# RFC 8058 section 3.2. Without a Content-Type the first is assumed.
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "")
# Results that the preferences page states after a redirect.
_DONE = ("saved", "feed", "subscribed")
# The form of a review has every text of an edition.
_MAX_REVIEW_BYTES = 256 * 1024
# A mail may use its own styles and load images, nothing else.
_MAIL_POLICY = "default-src 'none'; img-src * data:; style-src 'unsafe-inline'; sandbox; base-uri 'none'"


@dataclass(frozen=True, slots=True)
class UnsubscribeHandler:
    """Show the newsletter (GET) or unsubscribe (POST). Tokens are never logged."""

    unsubscriber: UnsubscribeJob
    pages: ServerPages

    async def respond(self, request: Request) -> Response:
        """Respond to a request; all invalid tokens get the same 404."""
        token = request.path_params["token"]
        if request.method == "POST":
            kind = request.headers.get("content-type", "")
            if kind.partition(";")[0].strip().lower() not in _FORMS:
                return self.pages.problem(415, {"Accept-Post": ", ".join(filter(None, _FORMS))})
            body = await read_body(request, MAX_FORM_BYTES)
            form = parse_form(kind, body)
            if not is_confirmation(form):
                return self.pages.problem(400)
        title = await run_in_threadpool(self.unsubscriber.newsletter_title, token)
        if title is None:
            return self.pages.problem(404)
        if request.method != "POST":
            ended = "done" in request.query_params
            ended = ended and await run_in_threadpool(self.unsubscriber.has_ended, token)
            return self.pages.page("pages/unsubscribe.html", newsletter=title, token=token, done=ended)
        if not await run_in_threadpool(self.unsubscriber.unsubscribe, token):
            return self.pages.problem(404)
        # Mail programs follow no redirect (RFC 8058, section 3.1).
        if "List-Unsubscribe" not in form:
            return self.pages.see("?done=yes")
        return self.pages.page("pages/unsubscribe.html", newsletter=title, token=token, done=True)


def is_confirmation(form: dict[str, str]) -> bool:
    """Return whether a form is the body of RFC 8058 section 3.2, or of the page's button."""
    return form.get("List-Unsubscribe") == "One-Click" or form.get("confirm") == "yes"


@dataclass(frozen=True, slots=True)
class PreferencesHandler:
    """Show the choices (GET), save them or renew the private feed (POST); an invalid token gets 404.

    A saved form is followed by a redirect, so that reload and Back never send it again.
    """

    preferences: PreferencesJob
    pages: ServerPages

    async def respond(self, request: Request) -> Response:
        """Respond to a request."""
        token = request.path_params["token"]
        if request.method != "POST":
            done = request.query_params.get("done", "")
            view = await run_in_threadpool(self.preferences.view, token)
            return self._show(view, token, done=done if done in _DONE else "")
        fields = await read_fields(request)
        if fields.get("feed") == ["new"]:
            renewed = await run_in_threadpool(self.preferences.renew_feed, token)
            return self.pages.see("?done=feed") if renewed else self.pages.problem(404)
        if "search" in fields:
            added = await run_in_threadpool(self.preferences.add_search, token, fields["search"][0])
            if added and not added.wrong_search:
                return self.pages.see("?done=saved#searches")
            return self._show(added, token)
        if fields.get("save") != ["yes"]:
            return self.pages.problem(400)
        saved = await run_in_threadpool(self.preferences.save, token, fields)
        if saved and not saved.problem:
            return self.pages.see("?done=saved")
        return self._show(saved, token)

    def _show(self, page: PreferencesView | None, token: str, *, done: str = "") -> Response:
        if page is None:
            return self.pages.problem(404)
        return self.pages.page(
            "pages/preferences.html",
            422 if page.problem or page.wrong_search else 200,
            page=page,
            token=token,
            done=done,
            zones=time_zones(),
            pauses=PAUSES,
        )


@dataclass(frozen=True, slots=True)
class ReviewHandler:
    """Show the waiting editions (GET) or change an edition (POST); all invalid links get the same 404.

    Forms from other sites are refused all the same, and each form names the contents that it was made for.
    """

    review_links: ReviewLinks
    pages: ServerPages

    async def respond(self, request: Request) -> Response:
        """Respond to a request."""
        key = _key(request)
        if request.method != "POST":
            return self._show(await run_in_threadpool(self.review_links.look, key))
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return self.pages.problem(403)
        fields = await read_fields(request, _MAX_REVIEW_BYTES)
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

"""Unsubscribing: a page with a button for people, a POST for mail programs (RFC 8058)."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.web.readers.server_pages import ServerPages
from syndicate.web.request_body import MAX_FORM_BYTES, parse_form, read_body

# RFC 8058 section 3.2. Without a Content-Type the first is assumed.
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "")


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

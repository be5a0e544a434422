"""Unsubscribing: a page with one button for people, one POST for mail programs (RFC 8058)."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.web.request_body import LONGEST_FORM, parse_form, read_body
from syndicate.web.server_pages import ServerPages

_LONGEST_TOKEN = 512
# RFC 8058 section 3.2. A client that names no type is believed to mean the first.
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "")


class UnsubscribePage:
    """``GET`` shows who would be unsubscribed from what, ``POST`` does it. Tokens are never logged."""

    def __init__(self, unsubscriber: UnsubscribeJob, notices: ServerPages) -> None:
        self._unsubscriber = unsubscriber
        self._notices = notices

    async def __call__(self, request: Request) -> Response:
        """Answer one request; all bad tokens get the same neutral 404."""
        token = request.path_params["token"]
        if request.method == "POST":
            kind = request.headers.get("content-type", "")
            if kind.partition(";")[0].strip().lower() not in _FORMS:
                return self._notices.problem(415, {"Accept-Post": ", ".join(filter(None, _FORMS))})
            body = await read_body(request, LONGEST_FORM)
            if body is None:
                return self._notices.problem(413)
            if not is_confirmation(parse_form(kind, body)):
                return self._notices.problem(400)
        title = await self._look(token)
        if title is None:
            return self._notices.problem(404)
        if request.method != "POST":
            return self._notices.ask(title, token)
        if not await run_in_threadpool(self._unsubscriber.unsubscribe, token):
            return self._notices.problem(404)
        return self._notices.done(title)

    async def _look(self, token: str) -> str | None:
        if len(token) > _LONGEST_TOKEN or not token.isascii():
            return None
        return await run_in_threadpool(self._unsubscriber.look, token)


def is_confirmation(form: dict[str, str]) -> bool:
    """True for the body of RFC 8058 section 3.2, and for our own button."""
    return form.get("List-Unsubscribe") == "One-Click" or form.get("confirm") == "yes"

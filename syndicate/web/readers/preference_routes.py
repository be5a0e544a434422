"""Preferences page at ``/preferences/TOKEN``: a subscriber's choices, without an account."""

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.audience.choices import PAUSES, time_zones
from syndicate.jobs.audience.preferences_job import PreferencesJob, PreferencesView
from syndicate.web.readers.server_pages import ServerPages
from syndicate.web.request_body import read_fields

_DONE = ("saved", "feed", "subscribed")


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

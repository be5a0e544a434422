"""The page at ``/preferences/TOKEN``: what a reader gets, how often and when, without an account."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.audience.preferences import PAUSES, Choices, Offer, time_zones
from syndicate.web.forms import read_fields
from syndicate.web.pages import Notices


class ReaderPage(Protocol):
    """What the page shows."""

    @property
    def address(self) -> str:
        """A hint at the mailbox."""

    @property
    def newsletter(self) -> str:
        """The title of the newsletter the link came with."""

    @property
    def offer(self) -> Offer:
        """What there is to choose from."""

    @property
    def choices(self) -> Choices:
        """What is chosen."""

    @property
    def feed(self) -> str:
        """The address of the reader's private feed as RSS, or ``""``."""

    @property
    def problem(self) -> str:
        """The list of which nothing was ticked, so that nothing was saved; else ``""``."""


class Readers(Protocol):
    """What the page asks for. All methods are called in worker threads and may block."""

    def look(self, token: str) -> ReaderPage | None:
        """A reader's choices, or ``None``; changes nothing."""

    def save(self, token: str, fields: Mapping[str, Sequence[str]]) -> ReaderPage | None:
        """Take over what a form sends; the choices as they are then."""

    def renew_feed(self, token: str) -> ReaderPage | None:
        """Give the reader another address for the private feed; the old one ends."""


class PreferencesPage:
    """``GET`` shows the choices, ``POST`` saves them or makes a new address for the private feed.

    All bad tokens get the same neutral 404.
    """

    def __init__(self, readers: Readers, notices: Notices) -> None:
        self._readers = readers
        self._notices = notices

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        token = request.path_params["token"]
        if request.method != "POST":
            return self._show(await run_in_threadpool(self._readers.look, token), token)
        fields = await read_fields(request)
        if fields is None:
            return self._notices.problem(413)
        if fields.get("feed") == ["new"]:
            return self._show(await run_in_threadpool(self._readers.renew_feed, token), token, done="feed")
        if fields.get("save") != ["yes"]:
            return self._notices.problem(400)
        return self._show(await run_in_threadpool(self._readers.save, token, fields), token, done="saved")

    def _show(self, page: ReaderPage | None, token: str, *, done: str = "") -> Response:
        if page is None:
            return self._notices.problem(404)
        return self._notices.page(
            "pages/preferences.html",
            422 if page.problem else 200,
            page=page,
            token=token,
            done=done,
            zones=time_zones(),
            pauses=PAUSES,
        )

"""Callback for hubs: verification (GET) and new content (POST), W3C WebSub sections 5.3 and 7."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from syndicate.web.request_body import read_body
from syndicate.web.server_pages import SECURITY_HEADERS
from syndicate.web.web_options import HubListener

_MAX_CALLBACK_LENGTH = 128
_HEADERS = {**SECURITY_HEADERS, "Cache-Control": "no-store"}


class HubCallbackHandler:
    """Answers on ``/websub/{callback}``. What is sent is only written down; it is read by a job."""

    def __init__(self, listener: HubListener, longest_body: int) -> None:
        self._listener = listener
        self._longest_body = longest_body

    async def __call__(self, request: Request) -> Response:
        """One question or one delivery; callbacks are capabilities and never logged."""
        callback = request.path_params["callback"]
        if len(callback) > _MAX_CALLBACK_LENGTH or not (callback.isascii() and callback.isprintable()):
            return _plain(404)
        if request.method != "POST":
            query = dict(request.query_params)
            echo = await run_in_threadpool(self._listener.verify, callback, query)
            return _plain(404) if echo is None else _plain(200, echo)
        # Nobody we do not wait for makes us read megabytes.
        status = await run_in_threadpool(self._listener.expects, callback)
        if status >= 400:
            return _plain(status)
        body = await read_body(request, self._longest_body)
        if body is None:
            return _plain(413)
        fields = request.headers
        status = await run_in_threadpool(
            self._listener.receive,
            callback,
            fields.get("content-type", ""),
            fields.get("x-hub-signature", ""),
            body,
        )
        return _plain(status)


def _plain(status: int, text: str = "") -> Response:
    return PlainTextResponse(text, status, _HEADERS)

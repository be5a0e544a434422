"""Private feeds at ``/private/TOKEN.rss`` (``.atom``, ``.json``); tokens are never logged.

Caches and search engines must not keep a reader's feed, so answers are ``private`` and ``noindex``; a copy
that is still good costs no body (304).
"""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from syndicate.jobs.publish.private_feed_job import PrivateFeedsJob
from syndicate.web.media import kind_of
from syndicate.web.negotiation import accepts_gzip, not_modified
from syndicate.web.output import gzip_body
from syndicate.web.responses import content_type, list_field
from syndicate.web.server_pages import SECURITY_HEADERS, ServerPages


class PrivateFeedPage:
    """``GET`` answers with the feed; all addresses that lead nowhere get the same neutral 404."""

    def __init__(self, feeds: PrivateFeedsJob, notices: ServerPages, max_age: int) -> None:
        self._feeds = feeds
        self._notices = notices
        self._age = max_age

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return await run_in_threadpool(self._answer, request)

    def _answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        token, _, suffix = name.partition(".")
        kind, feed = kind_of(name), self._feeds.read(token, suffix)
        if kind is None or feed is None:
            return self._notices.problem(404)
        gzip = accepts_gzip(list_field(request, "accept-encoding"))
        headers = {
            **SECURITY_HEADERS,
            "ETag": f'"{feed.content_hash}-gzip"' if gzip else f'"{feed.content_hash}"',
            "Cache-Control": f"private, max-age={self._age}",
            "X-Robots-Tag": "noindex",
            "Vary": "Accept, Sec-Fetch-Dest, Accept-Encoding" if kind.styled else "Accept-Encoding",
        }
        if not_modified(headers["ETag"], 0, request.headers.get("if-none-match"), None):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = content_type(request, kind)
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return Response(gzip_body(feed.body) if gzip else feed.body, headers=headers)

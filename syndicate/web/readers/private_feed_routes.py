"""Private feeds at ``/private/TOKEN.rss`` (``.atom``, ``.json``); tokens are never logged.

Shared caches and search engines must not keep a subscriber's feed, so responses are ``private`` and
``noindex``.
"""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from syndicate.jobs.publish.on_request.private_feed_job import PrivateFeedsJob
from syndicate.served_types import served_type_of
from syndicate.web.readers.negotiation import accepts_gzip, content_type, fields_of, not_modified
from syndicate.web.readers.served_files import gzip_body
from syndicate.web.readers.server_pages import SECURITY_HEADERS, ServerPages


@dataclass(frozen=True, slots=True)
class PrivateFeedHandler:
    """Respond with a subscriber's feed; all unknown addresses get the same 404."""

    feeds: PrivateFeedsJob
    pages: ServerPages
    max_age: int

    def respond(self, request: Request) -> Response:
        """Respond to a request, in a worker thread."""
        name = request.path_params["name"]
        token, _, suffix = name.partition(".")
        kind, feed = served_type_of(name), self.feeds.read(token, suffix)
        if kind is None or feed is None:
            return self.pages.problem(404)
        fields = fields_of(request.scope)
        gzip = accepts_gzip(fields.get("accept-encoding", ""))
        headers = {
            **SECURITY_HEADERS,
            "ETag": f'"{feed.content_hash}-gzip"' if gzip else f'"{feed.content_hash}"',
            "Cache-Control": f"private, max-age={self.max_age}",
            "X-Robots-Tag": "noindex",
            "Vary": kind.vary,
        }
        if not_modified(headers["ETag"], 0, fields.get("if-none-match"), None):
            return Response(status_code=304, headers=headers)
        headers["Content-Type"] = content_type(fields, kind)
        if gzip:
            headers["Content-Encoding"] = "gzip"
        return Response(gzip_body(feed.body) if gzip else feed.body, headers=headers)

"""Documents for frames on other sites, and oEmbed (https://oembed.com), which describes them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from syndicate.jobs.publish.on_request.embeds import EmbedJob
from syndicate.web.readers.server_pages import SECURITY_HEADERS, ServerPages

_TOP = ("top", "top.html")


@dataclass(frozen=True, slots=True)
class EmbedHandler:
    """Respond with documents that pages of ``origins`` may frame."""

    embeds: EmbedJob
    pages: ServerPages
    files: Callable[[Request], Response]
    origins: Sequence[str]

    def handlers(self) -> dict[str, Callable[[Request], Awaitable[Response]]]:
        """Return the handlers by their names in the table of routes."""
        return {"embed": self.respond, "embedded_story": self.story, "oembed": self.describe}

    async def respond(self, request: Request) -> Response:
        """Return the top stories; other names are files of the folder."""
        if request.path_params["name"] not in _TOP:
            return await run_in_threadpool(self.files, request)
        return self._framed(await run_in_threadpool(self.embeds.top))

    async def story(self, request: Request) -> Response:
        """Return a story."""
        number = request.path_params["number"]
        html = await run_in_threadpool(self.embeds.story, number) if number < 2**63 else ""
        return self._framed(html) if html else self.pages.problem(404)

    async def describe(self, request: Request) -> Response:
        """Return the description of an address of this site as JSON; 404 for others, 501 for XML."""
        query = request.query_params
        if query.get("format", "json") != "json":
            return self.pages.problem(501)
        url, width, height = query.get("url", ""), query.get("maxwidth", ""), query.get("maxheight", "")
        found = self.embeds.describe(url, _size(width), _size(height))
        if found is None:
            return self.pages.problem(404)
        headers = {"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"}
        return JSONResponse(dict(found), 200, SECURITY_HEADERS | headers)

    def _framed(self, html: str) -> Response:
        policy = (
            "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; "
            f"frame-ancestors {' '.join(self.origins)}"
        )
        headers = {
            **SECURITY_HEADERS, "Content-Security-Policy": policy, "Cache-Control": "public, max-age=60",
            "X-Robots-Tag": "noindex",
        }  # fmt: skip
        return Response(html, 200, headers, "text/html")


def _size(text: str) -> int:
    return max(1, int(text)) if text.isdecimal() and len(text) < 6 else 10_000

"""Counts and durations of answered requests by area, for the metrics."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from syndicate import measures

_AREAS = {
    "admin": "admin",
    "api": "api",
    "feeds": "feed",
    "private": "feed",
    "subscribe": "reader",
    "confirm": "reader",
    "preferences": "reader",
    "unsubscribe": "reader",
    "search": "reader",
}


def counted(app: ASGIApp) -> ASGIApp:
    """Return an application that counts and times each answered request by area."""

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started, answered = perf_counter(), []

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                answered.append(message["status"])
            await send(message)

        try:
            await app(scope, receive, note)
        finally:
            path, status = scope["path"], answered[0] if answered else 500
            area = _AREAS.get(path[1:].partition("/")[0], "page")
            measures.count("http", f"{area} {status // 100}xx")
            measures.observe("http", area, perf_counter() - started)
            if path.startswith("/admin/sign-in") and status in (403, 422, 429):
                measures.count("sign-in failures")

    return respond

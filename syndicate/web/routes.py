"""Table of all HTTP routes, in the order in which they are matched. HEAD is served wherever GET is."""

from typing import NamedTuple


class WebRoute(NamedTuple):
    """HTTP route; ``create_app`` serves it if it has a handler of this name."""

    handler: str
    path: str
    methods: tuple[str, ...]
    purpose: str


_READ, _FORM = ("GET",), ("GET", "POST")
ROUTES = (
    WebRoute("unsubscribe", "/unsubscribe/{token}", _FORM, "end a subscription (RFC 8058: one click)"),
    WebRoute("sign_up", "/subscribe", _FORM, "sign up for newsletters (`?newsletter=NAME` ticks one)"),
    WebRoute("confirm", "/confirm/{token}", _FORM, "confirm a sign-up"),
    WebRoute("preferences", "/preferences/{token}", _FORM, "choices of a subscriber"),
    WebRoute("feed", "/private/{name}", _READ, "private feed of a subscriber (`.rss`, `.atom`, `.json`)"),
    WebRoute("search", "/search", _READ, "search of the articles"),
    WebRoute("search_feed", "/search.{suffix}", _READ, "feed of a search (`.rss`, `.atom`, `.json`)"),
    WebRoute("suggest", "/search/suggest", _READ, "suggestions while a search is being typed, as JSON"),
    WebRoute("open_search", "/opensearch.xml", _READ, "description of the search for browsers (OpenSearch)"),
    WebRoute("review", "/desk/{newsletter}/{editor}/{token}", _FORM, "review of editions by an editor"),
    WebRoute("mail", "/desk/{newsletter}/{editor}/{token}/{edition}", _READ, "mail of an edition"),
    WebRoute("hub_callback", "/websub/{callback}", _FORM, "callback of WebSub hubs"),
    WebRoute("health", "/healthz", _READ, "state as JSON; 503 when it is not `ok`"),
    WebRoute("front_page", "/", _READ, "redirect to `/site/index.html`"),
    WebRoute("files", "/{path:path}", _READ, "files of the output folder"),
)

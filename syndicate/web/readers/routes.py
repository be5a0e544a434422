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
    WebRoute(
        "unsubscribe",
        "/unsubscribe/{token}",
        _FORM,
        "end a subscription or a saved search (RFC 8058: one click)",
    ),
    WebRoute(
        "sign_up", "/subscribe", (*_FORM, "OPTIONS"), "sign up for newsletters (`?newsletter=NAME` ticks one)"
    ),
    WebRoute("embedded_sign_up", "/subscribe/form", _FORM, "sign-up form in a frame on another site"),
    WebRoute("confirm", "/confirm/{token}", _FORM, "confirm a sign-up"),
    WebRoute("preferences", "/preferences/{token}", _FORM, "choices of a subscriber"),
    WebRoute(
        "feed",
        "/private/{name}",
        _READ,
        "private feed of a subscriber or of a saved search (`.rss`, `.atom`, `.json`)",
    ),
    WebRoute("search", "/search", _READ, "search of the articles"),
    WebRoute("search_feed", "/search.{suffix}", _READ, "feed of a search (`.rss`, `.atom`, `.json`)"),
    WebRoute("suggest", "/search/suggest", _READ, "suggestions while a search is being typed, as JSON"),
    WebRoute("open_search", "/opensearch.xml", _READ, "description of the search for browsers (OpenSearch)"),
    WebRoute("embedded_story", "/embed/story/{number:int}", _READ, "a story in a frame on another site"),
    WebRoute("embed", "/embed/{name}", _READ, "top stories in a frame on another site"),
    WebRoute("oembed", "/oembed", _READ, "description of `?url=` for embedding (oEmbed)"),
    WebRoute("review", "/desk/{newsletter}/{editor}/{token}", _FORM, "review of editions by an editor"),
    WebRoute("mail", "/desk/{newsletter}/{editor}/{token}/{edition}", _READ, "mail of an edition"),
    WebRoute("hub_callback", "/websub/{callback}", _FORM, "callback of WebSub hubs"),
    WebRoute("provider_hook", "/hooks/{provider}", ("POST",), "bounces and complaints from mail providers"),
    WebRoute("health", "/healthz", _READ, "state as JSON; 503 when it is not `ok`"),
    WebRoute("ready", "/readyz", _READ, "whether the process can work, as JSON; 503 when it cannot"),
    WebRoute("metrics", "/metrics", _READ, "metrics for Prometheus"),
    WebRoute("front_page", "/", _READ, "redirect to `/site/index.html`"),
    WebRoute("files", "/{path:path}", _READ, "files of the output folder"),
)

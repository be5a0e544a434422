"""HTTP requests for sources and parse requests for their documents, for polls and for previews."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.errors import ParseError
from syndicate.ingest.folder.folder_reader import ReadFile, read_folder
from syndicate.ingest.page.sitemap_parser import MAX_SITEMAP_BYTES
from syndicate.ingest.poll_schedule import PollOutcome, polled_url
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import DocumentKind, ParseRequest
from syndicate.model import (
    Entry,
    ParsedSource,
    Push,
    Source,
    SourceKind,
    SourceList,
    SourceListState,
    SourceState,
)
from syndicate.net import (
    FEED_ACCEPT,
    PAGE_ACCEPT,
    SITEMAP_ACCEPT,
    Fetched,
    FetchRequest,
    FetchThread,
    UserAgent,
    read_credentials,
)
from syndicate.net.response_headers import media_type
from syndicate.store import Store
from syndicate.store.ingest import robots_store, source_store
from syndicate.text.privacy import mask_address
from syndicate.text.urls import host_of, origin_of, same_site

_ACCEPTED = {SourceKind.SITEMAP: SITEMAP_ACCEPT, SourceKind.PAGE: PAGE_ACCEPT}


def conditional_request(
    owner: Source | SourceList, state: SourceState | SourceListState, **more: Any
) -> FetchRequest:
    """Return the request for a source or a source list, with its secret and the validators in ``state``.

    Raises ``FetchError`` when the secret cannot be read.
    """
    return FetchRequest(
        etag=state.etag,
        last_modified=state.last_modified,
        known_hash=state.body_hash,
        credentials=read_credentials(owner.access) if owner.access else None,
        private=owner.private,
        **more,
    )


def source_request(
    source: Source,
    state: SourceState | None = None,
    *,
    url: str = "",
    key: object = None,
    agent: UserAgent | None = None,
) -> FetchRequest:
    """Return the HTTP request for a source, or for its part at ``url``; the default key is the source's id.

    With ``state`` the request carries the validators of the last poll. With ``agent`` the request states the
    number of readers. Raises ``FetchError`` as ``conditional_request`` does.
    """
    state = state or SourceState()
    return conditional_request(
        source,
        state,
        url=url or polled_url(source.url, state),
        accept=_ACCEPTED.get(source.kind, FEED_ACCEPT),
        max_body=MAX_SITEMAP_BYTES if source.kind is SourceKind.SITEMAP else None,
        key=source.id if key is None else key,
        user_agent=agent.for_source(source.id) if agent else "",
    )


def pause_asked(store: Store, source: Source, now: datetime) -> datetime | None:
    """Return the end of the pause that a source's server asked for (Retry-After), or ``None``."""
    with store.read() as connection:
        stored = source_store.get_source(connection, source.id)
        url = polled_url(source.url, stored[1]) if stored else source.url
        busy_until = robots_store.paused_origins(connection, now).get(origin_of(url))
    not_before = stored[1].not_before if stored else None
    return max((until for until in (not_before, busy_until) if until and until > now), default=None)


def parse_request(
    response: Fetched,
    kind: DocumentKind = DocumentKind.FEED,
    *,
    body: bytes | None = None,
    known: frozenset[str] = frozenset(),
    **options: object,
) -> ParseRequest:
    """Return the parse request for a response; ``body`` replaces the response's own."""
    return ParseRequest(
        body=response.body if body is None else body,
        url=response.url,
        content_type=response.content_type,
        charset=response.charset,
        known=known,
        kind=kind,
        options=options,
    )


def push_parse_request(push: Push, known: frozenset[str]) -> ParseRequest:
    """Return the parse request for content that a hub sent."""
    kind, charset = media_type(push.content_type)
    return ParseRequest(body=push.body, url=push.url, content_type=kind, charset=charset, known=known)


def parser_options(source: Source, requested_url: str = "") -> dict[str, Any]:
    """Return the kind of a source's documents and their parser's options, as ``parse_request`` takes them."""
    requested_url = requested_url or source.url
    if source.kind is SourceKind.SITEMAP:
        return {"kind": DocumentKind.SITEMAP, "requested_url": requested_url}
    if source.kind is SourceKind.PAGE and source.select:
        return {"kind": DocumentKind.LISTING, "select": source.select}
    if source.kind is SourceKind.PAGE:
        return {"kind": DocumentKind.PAGE, "requested_url": requested_url, "paywall": source.paywall}
    return {"kind": DocumentKind.FEED}


def parse_response(
    parser: ParserPool, response: Fetched, kind: DocumentKind = DocumentKind.FEED, **options: Any
) -> ParsedSource:
    """Parse a whole response; errors of a private request hide its address."""
    try:
        return parser.parse(parse_request(response, kind, **options))
    except ParseError as error:
        if not response.request.private:
            raise
        hidden = type(error)(mask_address(str(error), response.request.url))
    # Outside the handler: the original error, with the address, must not be the context.
    raise hidden


def file_parser(parser: Callable[[], ParserPool], zone: ZoneInfo) -> ReadFile:
    """Return a function that parses a file of a folder in a worker process; its author may be untrusted."""

    def parse_file(name: str, data: bytes, item_hash: str) -> Entry:
        options = {"item_hash": item_hash, "zone": zone}
        request = ParseRequest(body=data, url=name, kind=DocumentKind.FILE, options=options)
        return parser().parse(request).entries[0]

    return parse_file


def read_now(
    source: Source, fetcher: Callable[[], FetchThread], parser: Callable[[], ParserPool], zone: ZoneInfo
) -> tuple[ParsedSource, Fetched | None]:
    """Return the current content of a source and the response, which is ``None`` for a folder.

    Raises ``FetchError`` or ``ParseError`` when the source cannot be read.
    """
    if source.kind.is_local:
        return read_folder(Path(source.url), known=frozenset(), read=file_parser(parser, zone)), None
    response = fetcher().fetch_one(source_request(source))
    return parse_response(parser(), response, **parser_options(source)), response


def outcome_of(source: Source, response: Fetched) -> PollOutcome:
    """Return the facts of a response that schedule the next poll, except the facts in its body."""
    same = {name: getattr(response, name) for name in ("etag", "last_modified", "max_age", "permanent_url")}
    return PollOutcome(
        source_name=source.name,
        body_hash=response.wire_hash,
        not_modified=response.status == 304,
        read=not response.unchanged,
        **same,
    )


def other_site(source: Source, response: Fetched) -> str:
    """Return the host of a response that came from another site than the source's, else ``""``."""
    is_elsewhere = response.url != source.url and not same_site(source.url, response.url)
    return host_of(response.url) if is_elsewhere else ""

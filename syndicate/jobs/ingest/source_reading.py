"""Requests to sources and reading of answers, for polls and for dry runs, which change nothing."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from syndicate.errors import ParseError
from syndicate.ingest.folder.folder_reader import ReadFile, read_folder
from syndicate.ingest.page.sitemap_parser import MAX_BYTES as MAX_SITEMAP
from syndicate.ingest.poll_schedule import PollOutcome, polled_url
from syndicate.ingest.worker.parser_pool import ParserPool
from syndicate.ingest.worker.parsers import DocumentKind
from syndicate.model import Entry, ParsedSource, Source, SourceKind, SourceState
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
from syndicate.store import Store
from syndicate.store.ingest import robots_store, source_store
from syndicate.text.privacy import hide_address
from syndicate.text.urls import host_of, origin_of, same_site

_ACCEPTED = {SourceKind.SITEMAP: SITEMAP_ACCEPT, SourceKind.PAGE: PAGE_ACCEPT}


def source_request(
    source: Source,
    state: SourceState | None = None,
    *,
    url: str = "",
    key: object = None,
    agent: UserAgent | None = None,
) -> FetchRequest:
    """Return what to ask for a source, or for a part of it at ``url``; the key is the source's id.

    With what its last poll left behind; without ``state``, for everything at its own address. With ``agent``
    it says for how many readers we ask. Raises ``FetchError`` when the secret of a private source is not
    where it should be.
    """
    state = state or SourceState()
    return FetchRequest(
        url=url or polled_url(source.url, state),
        etag=state.etag,
        last_modified=state.last_modified,
        known_hash=state.body_hash,
        credentials=read_credentials(source.access) if source.access else None,
        private=source.private,
        accept=_ACCEPTED.get(source.kind, FEED_ACCEPT),
        max_body=MAX_SITEMAP if source.kind is SourceKind.SITEMAP else None,
        key=source.id if key is None else key,
        user_agent=agent.for_source(source.id) if agent else "",
    )


def pause_asked(store: Store, source: Source, now: datetime) -> datetime | None:
    """Until when the server of a source wants to be left alone (Retry-After), ``None`` when it does not."""
    with store.read() as connection:
        found = source_store.get_source(connection, source.id)
        url = polled_url(source.url, found[1]) if found else source.url
        busy = robots_store.paused_origins(connection, now).get(origin_of(url))
    own = found[1].not_before if found else None
    return max((item for item in (own, busy) if item and item > now), default=None)


def reading_of(source: Source) -> dict[str, Any]:
    """Return the kind of a source's documents and the arguments of their reader."""
    if source.kind is SourceKind.SITEMAP:
        return {"kind": DocumentKind.SITEMAP, "asked": source.url}
    if source.kind is SourceKind.PAGE and source.select:
        return {"kind": DocumentKind.LISTING, "select": source.select}
    if source.kind is SourceKind.PAGE:
        return {"kind": DocumentKind.PAGE, "asked": source.url, "paywall": source.paywall}
    return {"kind": DocumentKind.FEED}


def outcome_of(source: Source, answer: Fetched) -> PollOutcome:
    """Return what an answer means for the next poll, before its body was looked at."""
    return PollOutcome(
        source_name=source.name,
        etag=answer.etag,
        last_modified=answer.last_modified,
        body_hash=answer.wire_hash,
        not_modified=answer.status == 304,
        read=not answer.unchanged,
        max_age=answer.max_age,
        permanent_url=answer.permanent_url,
    )


def other_site(source: Source, answer: Fetched) -> str:
    """The host this answer came from if it is another site's than the source's, else ``""``."""
    elsewhere = answer.url != source.url and not same_site(source.url, answer.url)
    return host_of(answer.url) if elsewhere else ""


def parse_answer(
    parser: ParserPool, answer: Fetched, kind: DocumentKind = DocumentKind.FEED, **more: object
) -> ParsedSource:
    """Everything in an answer, known or not; errors of a private request do not tell its address."""
    try:
        return parser.parse(
            answer.body,
            url=answer.url,
            content_type=answer.content_type,
            charset=answer.charset,
            known=frozenset(),
            kind=kind,
            **more,
        )
    except ParseError as error:
        if not answer.request.private:
            raise
        hidden = type(error)(hide_address(str(error), answer.request.url))
    # Outside the handler: the error that is hidden must not be shown as its context.
    raise hidden


def file_reader(parser: Callable[[], ParserPool], zone: ZoneInfo) -> ReadFile:
    """Reads the files of a folder in a worker process: who may write them is not always who runs us."""

    def read(name: str, data: bytes, item_hash: str) -> Entry:
        parsed = parser().parse(
            data,
            url=name,
            content_type="",
            charset="",
            known=frozenset(),
            kind=DocumentKind.FILE,
            item_hash=item_hash,
            zone=zone,
        )
        return parsed.entries[0]

    return read


def read_now(
    source: Source, fetcher: Callable[[], FetchThread], parser: Callable[[], ParserPool], zone: ZoneInfo
) -> tuple[ParsedSource, Fetched | None]:
    """All that a source holds right now, with the answer it came in (none for a folder).

    Raises ``FetchError`` or ``ParseError`` when it cannot be read.
    """
    if source.kind is SourceKind.FOLDER:
        read = file_reader(parser, zone)
        return read_folder(Path(source.url), known=frozenset(), read=read), None
    answer = fetcher().fetch_one(source_request(source))
    return parse_answer(parser(), answer, **reading_of(source)), answer

"""What to ask for a source, and how its answer is to be read, and by whom."""

from typing import Any, Protocol

from syndicate.ingest.polling import PollOutcome
from syndicate.ingest.readers import Document
from syndicate.ingest.sitemaps import MAX_BYTES as MAX_SITEMAP
from syndicate.model import ParsedSource, Source, SourceKind, SourceState
from syndicate.net import FEED_ACCEPT, PAGE_ACCEPT, SITEMAP_ACCEPT, Fetched, FetchRequest


class Parser(Protocol):
    """Turns a body into entries where a crash cannot hurt us; see ``ingest.isolation.ParserPool``."""

    def parse(
        self,
        body: bytes,
        *,
        url: str,
        content_type: str,
        charset: str,
        known: frozenset[str],
        kind: Document = Document.FEED,
        **more: object,
    ) -> ParsedSource:
        """Raises ``ParseError``."""


_ACCEPTED = {SourceKind.SITEMAP: SITEMAP_ACCEPT, SourceKind.PAGE: PAGE_ACCEPT}


def request_of(source: Source, state: SourceState, *, url: str = "", key: object = None) -> FetchRequest:
    """A conditional request for a source, or for a part of it at ``url``; the key is the source's id."""
    return FetchRequest(
        url=url or source.url,
        etag=state.etag,
        last_modified=state.last_modified,
        known_hash=state.body_hash,
        accept=_ACCEPTED.get(source.kind, FEED_ACCEPT),
        max_body=MAX_SITEMAP if source.kind is SourceKind.SITEMAP else None,
        key=source.id if key is None else key,
    )


def reading_of(source: Source) -> dict[str, Any]:
    """How the parser is to take what a source sends: the kind of document, and what its reader needs."""
    if source.kind is SourceKind.SITEMAP:
        return {"kind": Document.SITEMAP, "asked": source.url}
    if source.kind is SourceKind.PAGE and source.select:
        return {"kind": Document.LISTING, "select": source.select}
    if source.kind is SourceKind.PAGE:
        return {"kind": Document.PAGE, "asked": source.url}
    return {"kind": Document.FEED}


def outcome_of(source: Source, answer: Fetched) -> PollOutcome:
    """What an answer means for the next poll, before its body was looked at."""
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

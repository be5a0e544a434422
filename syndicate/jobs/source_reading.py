"""How a source is asked, and read outside the ordinary polls: for rehearsals and looks, changing nothing."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from syndicate.errors import ParseError
from syndicate.ingest.folders import read_folder
from syndicate.ingest.readers import Document
from syndicate.model import ParsedSource, Source, SourceKind, SourceState
from syndicate.net import Fetched, FetchRequest, FetchThread, read_credentials
from syndicate.text.privacy import hide_address


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
    ) -> ParsedSource:
        """Raises ``ParseError``."""


def source_request(source: Source, state: SourceState | None = None) -> FetchRequest:
    """What to ask for a source, with what its last poll left behind; without it, for everything.

    Raises ``FetchError`` when the secret of a private source is not where it should be.
    """
    state = state or SourceState()
    return FetchRequest(
        url=source.url,
        etag=state.etag,
        last_modified=state.last_modified,
        known_hash=state.body_hash,
        credentials=read_credentials(source.access) if source.access else None,
        private=source.private,
        key=source.id,
    )


def parse_answer(parser: Parser, answer: Fetched, kind: Document = Document.FEED) -> ParsedSource:
    """Everything in an answer, known or not; errors of a private request do not tell its address."""
    try:
        return parser.parse(
            answer.body,
            url=answer.url,
            content_type=answer.content_type,
            charset=answer.charset,
            known=frozenset(),
            kind=kind,
        )
    except ParseError as error:
        if not answer.request.private:
            raise
        hidden = type(error)(hide_address(str(error), answer.request.url))
    # Outside the handler: the error that is hidden must not be shown as its context.
    raise hidden


def read_now(
    source: Source, fetcher: Callable[[], FetchThread], parser: Callable[[], Parser], zone: ZoneInfo
) -> tuple[ParsedSource, Fetched | None]:
    """All that a source holds right now, with the answer it came in (none for a folder).

    Raises ``FetchError`` or ``ParseError`` when it cannot be read.
    """
    if source.kind is SourceKind.FOLDER:
        return read_folder(Path(source.url), known=frozenset(), zone=zone), None
    answer = fetcher().fetch_one(source_request(source))
    return parse_answer(parser(), answer), answer

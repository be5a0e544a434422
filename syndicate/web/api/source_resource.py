"""Sources: read, add, change, pause, remove; their polls, lists of sources, discovery, and rules."""

from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any

from pydantic import BeforeValidator, Field
from starlette.responses import Response

from syndicate.errors import WrongFields, existing
from syndicate.jobs.admin.sources.source_fields import checked_url, with_fields
from syndicate.model import FullText, Republish, Source, SourceKind
from syndicate.store import Connection
from syndicate.store.access import api_lists
from syndicate.store.ingest import source_store
from syndicate.text.privacy import mask_address, masked_address
from syndicate.web.api.api_body import Address, Flag, Given, Id, Line, Number, RowId, Whole
from syndicate.web.api.api_call import Call, ListQuery, PageOfItems, Shown, row_of
from syndicate.web.api.api_router import MATCHED, Resource

routes = Resource("sources")


class ShownSource(Shown):
    """Source. A private source shows the host of its ``url`` only; no secret is ever shown.

    ``origin`` is ``config`` for a source of ``config.toml``, which only that file changes.
    """

    id: Id
    name: str
    kind: str
    url: str
    origin: str
    section: str
    language: str
    weight: float
    own: bool
    private: bool
    republish: str
    full_text: str
    paused: bool
    gone: bool
    failures: int
    error: str
    warning: str
    last_attempt: datetime | None
    last_success: datetime | None
    next_check: datetime | None
    check_reason: str
    not_before: datetime | None
    moved_to: str
    created: datetime


class ShownPoll(Shown):
    """Poll of a source: ``new``, ``unchanged``, ``equal``, ``cut``, ``failed`` or ``put_off``."""

    id: Id
    at: datetime
    outcome: str
    status: int
    ms: int
    bytes: int
    new: int
    changed: int


class ShownFeed(Shown):
    """Feed or sitemap that discovery found, with its latest titles."""

    url: str
    how: str
    format: str
    title: str
    entries: int
    newest: datetime | None
    latest: list[Annotated[str, BeforeValidator(attrgetter("title"))]]
    warnings: list[str]


class ShownDiscovery(Shown):
    """Result of discovery: POST the ``url`` of a feed to ``/sources`` to add it."""

    url: str
    feeds: list[ShownFeed]
    failures: list[dict[str, str]]


class ShownTest(Shown):
    """Article through the rules of today: the rules that match with their changes, and a drop."""

    title: str
    source: str
    published: datetime
    dropped_by: str
    hits: list[dict[str, Any]]


class SourceFields(Given):
    """Fields of a source; absent fields stay, or have their defaults."""

    name: Line | None = None
    section: Line | None = None
    language: Line | None = None
    weight: Annotated[Number, Field(ge=0, le=100)] | None = None
    republish: Republish | None = None
    full_text: FullText | None = None
    private: Flag | None = None

    def texts(self) -> dict[str, str]:
        """Return the given fields as the texts that forms have."""
        values = self.model_dump(mode="json", exclude_none=True, exclude={"kind", "own"})
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in values.items()
        }


class ChangedSource(SourceFields):
    """Fields of a source to change. ``url`` moves it, ``paused`` pauses or resumes it."""

    url: Address | None = None
    paused: Flag | None = None


class GivenSource(SourceFields):
    """Source to add. Kind ``api`` takes own articles from programs; its ``url`` is the site it stands for."""

    url: Address
    kind: SourceKind = SourceKind.FEED
    own: Flag = False


class GivenDiscovery(Given):
    """Address of any page."""

    url: Address


class GivenTest(Given):
    """Articles to try: of a source, read now, or the latest of the store."""

    source: Id = ""
    limit: Annotated[Whole, Field(ge=1, le=100)] = 20


@routes.page("/sources", ShownSource)
def list_sources(
    call: Call,
    paging: ListQuery,
    name: str = "",
    section: str = "",
    origin: str = "",
    paused: bool | None = None,
    failing: bool | None = None,
) -> Response:
    """List the sources, the first added first."""
    filters: dict[str, Any] = {"name": name, "section": section, "origin": origin}
    filters |= {"paused": paused, "failing": failing}
    return call.page(api_lists.SOURCES, paging, ShownSource, shown=_shown, **filters)


@routes.write("POST", "/sources", "source-known", status=201)
def add_source(call: Call, given: GivenSource) -> Response:
    """Add a source, read at once. Find its address with `/discoveries`."""
    if given.kind.is_local:
        raise WrongFields({"kind": "A folder is declared in config.toml."})
    texts = {key: text for key, text in given.texts().items() if text or key != "name"}
    source = Source(id=0, name="", url=checked_url(given.url), kind=given.kind, own=given.own)
    filled = with_fields(source, texts, lambda _: None)
    result = call.jobs.sources.add(call.change(), filled)
    return call.done(result, status=201, location=f"/sources/{result.id}")


@routes.write("PATCH", "/sources/{source_id}", "declared-in-config", *MATCHED)
def change_source(call: Call, source_id: RowId, given: ChangedSource) -> Response:
    """Change, move, pause or resume a source that was added."""
    actions, fields = call.jobs.sources, given.texts()
    change = call.change(lambda connection: shown_source(connection, source_id))
    if ("url" in fields) + ("paused" in fields) + bool(fields.keys() - {"url", "paused"}) != 1:
        raise WrongFields({"": "Change either the url, or paused, or other fields."})
    if "url" in fields:
        return call.done(actions.move(change, source_id, fields["url"]))
    if "paused" in fields:
        return call.done(actions.on_chosen(change, "pause" if given.paused else "resume", [source_id]))
    return call.done(actions.edit(change, source_id, fields))


@routes.write("DELETE", "/sources/{source_id}", "declared-in-config", "only-your-own", *MATCHED)
def remove_source(call: Call, source_id: RowId) -> Response:
    """Remove a source that was added; its articles stay."""
    change = call.change(lambda connection: shown_source(connection, source_id))
    return call.done(call.jobs.sources.on_chosen(change, "remove", [source_id]))


@routes.page("/sources/{source_id}/polls", ShownPoll)
def list_polls(call: Call, paging: ListQuery, source_id: RowId, outcome: str = "") -> Response:
    """List the polls of a source, the last first."""
    with call.store.snapshot() as connection:
        shown_source(connection, source_id)
    return call.page(api_lists.POLLS, paging, ShownPoll, source=source_id, outcome=outcome)


@routes.write("POST", "/sources/{source_id}/polls", "server-asked-for-pause", "source-paused", status=202)
def poll_source(call: Call, source_id: RowId) -> Response:
    """Read a source now. The polls of the source show the result."""
    result = call.jobs.sources.on_chosen(call.change(), "read", [source_id])
    return call.done(result, status=202, location=f"/sources/{source_id}/polls")


@routes.read("/sources/{source_id}/polls/{poll_id}", ShownPoll)
def read_poll(call: Call, source_id: RowId, poll_id: RowId) -> Response:
    """Return a poll."""
    return call.one(api_lists.POLLS, ShownPoll, "such poll", source=source_id, id=poll_id)


@routes.write("POST", "/discoveries", "not-fetched", answer=ShownDiscovery)
def discover(call: Call, given: GivenDiscovery) -> Response:
    """Find the feeds of a page; nothing is stored."""
    found = call.jobs.discovery.discover(checked_url(given.url))
    feeds = [*map(ShownFeed.model_validate, found.choices)]
    failures = [{"url": url, "reason": reason} for url, reason in found.failures]
    return call.show(ShownDiscovery(url=found.url, feeds=feeds, failures=failures))


@routes.write(
    "POST", "/rules/test", "not-fetched", "not-found", answer=PageOfItems[ShownTest], scope="sources:read"
)
def try_rules(call: Call, given: GivenTest) -> Response:
    """Try the rules on the articles of a source, read now, or on the latest stored articles."""
    if given.source:
        with call.store.read() as connection:
            source = _source(connection, given.source)
        tried = call.jobs.rules.read(source, call.now, given.limit)
    else:
        tried = call.jobs.rules.stored(given.limit)
    tests = [
        ShownTest(
            title=article.title,
            source=source.name,
            published=article.published,
            dropped_by=result.dropped_by,
            hits=[{"rule": hit.rule, "changes": list(hit.changes)} for hit in result.hits],
        )
        for source, article, result in tried
    ]
    return call.show(PageOfItems(items=tests))


@routes.document("/sources/opml", "text/x-opml")
def export_sources(call: Call) -> Response:
    """Return the sources as OPML, without private sources and folders."""
    body = call.jobs.sources.export_opml(call.jobs.options.title, call.now)
    return Response(body, 200, {"Cache-Control": "no-store"}, "text/x-opml")


@routes.write("PUT", "/sources/opml", body="text/x-opml")
def import_sources(call: Call, section: Line = "") -> Response:
    """Add the feeds of an OPML file; the facts name the added, known and refused feeds."""
    return call.done(call.jobs.sources.import_opml(call.change(), call.body, section=section))


@routes.read("/sources/{source_id}", ShownSource)
def read_source(call: Call, source_id: RowId) -> Response:
    """Return a source."""
    return call.one(api_lists.SOURCES, ShownSource, "such source", shown=_shown, id=source_id)


def shown_source(connection: Connection, source_id: int) -> ShownSource:
    """Return a source as GET shows it. Raises ``NotFound``."""
    row = row_of(connection, api_lists.SOURCES, "such source", id=source_id)
    return ShownSource.model_validate(_shown(connection, [row])[0])


def _shown(_: Connection, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    for row in rows:
        if row["private"]:
            for name in ("error", "warning"):
                row[name] = mask_address(row[name], row["url"])
            for name in ("url", "moved_to"):
                row[name] = row[name] and masked_address(row[name])
    return rows


def _source(connection: Connection, source_id: str) -> Source:
    row = (
        source_store.get_source(connection, int(source_id))
        if source_id.isdecimal() and len(source_id) < 19
        else None
    )
    return existing(row, "such source")[0]

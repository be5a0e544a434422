"""Pages of sources: the list, a source, its polls and last bytes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlencode

from syndicate.audience.importing.csv_text import csv_chunks
from syndicate.errors import ActionRefused, NotFound, ParseError, existing
from syndicate.jobs.admin.sources.source_actions import CHOSEN, present_source
from syndicate.jobs.admin.sources.source_list_view import Filter
from syndicate.jobs.admin.sources.source_view import SourceView, secret_place
from syndicate.jobs.ingest.dry_run import RuledArticle
from syndicate.model import Entry, FullText, Republish, Source
from syndicate.plots.figure import Figure
from syndicate.plots.time_plots import Dot, dots
from syndicate.store import Connection
from syndicate.store.ingest import poll_store, source_figures
from syndicate.store.ingest.poll_store import PollRow
from syndicate.text.phrases import plural
from syndicate.text.plain import visible
from syndicate.web.admin.admin_request import (
    AdminRequest,
    Answer,
    Download,
    Redirect,
    Show,
    form_status,
    read_number,
    read_time,
)

LIST = "/admin/sources"
_KEPT = ("q", "section", "origin", "tab")
_TABS = (
    ("", "All"),
    ("attention", "Needs attention"),
    ("slow", "Slow or silent"),
    ("well", "Well"),
    ("paused", "Paused"),
)
_EDITED = ("name", "url", "section", "language", "weight", "republish", "full_text", "private")
_MARKS = {"new": "new", "cut": "cut", "failed": "failed"}
_VIEWS = (
    ("", "As it came"),
    ("read", "As it was read"),
    ("rules", "Through the rules"),
    ("text", "Newest text"),
)
_POLL_PAGE = 100


Pairs = Sequence[tuple[str, str]]


def pairs(values: Iterable[str]) -> Pairs:
    """Return values as the options of a field: each names itself."""
    return tuple((str(value), str(value)) for value in values)


REPUBLISH, FULL_TEXT = pairs(Republish), pairs(FullText)


def sources(request: AdminRequest) -> Answer:
    """Show the list (GET), or act on chosen sources (POST)."""
    if request.is_post:
        return _act(
            request, [number for text in request.lists.get("chosen", []) if (number := read_number(text))]
        )
    return _list(request, {})


def _list(request: AdminRequest, wrong: Mapping[str, str]) -> Answer:
    query = {name: text for name in _KEPT if (text := request.query.get(name, ""))}
    with request.jobs.store.snapshot() as connection:
        view = request.jobs.source_list.page(
            connection, request.now, _filter(query), request.query.get("after", "")
        )
    tabs = [(_address(query | {"tab": tab}), f"{text} {view.counts[tab]:,}") for tab, text in _TABS]
    page = {
        "view": view,
        "query": query,
        "tabs": tabs,
        "current": _address(query),
        "sections": pairs(view.sections),
        "next": _address(query | {"after": view.after}) if view.after else "",
        "csv": _address(query, f"{LIST}.csv"),
        "wrong": wrong,
    }
    return Show("admin/sources/list.html", page, 422 if wrong else 200)


def sources_csv(request: AdminRequest) -> Answer:
    """Return all chosen rows as CSV; cells that look like formulas are text."""
    with request.jobs.store.snapshot() as connection:
        rows = request.jobs.source_list.conditions(connection, request.now)
        rows = _filter(request.query).rows(connection, rows)
        known = source_figures.addresses(connection)
    cells = ((str(at), name, known[at][0], state.words, known[at][1]) for (at, name), state in rows)
    file = csv_chunks(("id", "name", "section", "state", "address"), cells)
    return Download("sources.csv", "text/csv; charset=utf-8", file)


def export(request: AdminRequest) -> Answer:
    """Return the sources as OPML, without private sources."""
    title = f"{request.jobs.options.title}: sources"
    return Download("sources.opml", "text/x-opml", request.jobs.sources.export_opml(title, request.now))


def source(request: AdminRequest) -> Answer:
    """Show a source (GET), or act on it (POST)."""
    source_id = request.path["id"]
    if request.is_post:
        if request.fields.get("do") == "test":
            return _test(request, source_id)
        return _act(request, [source_id])
    with request.jobs.store.snapshot() as connection:
        details = request.jobs.source_details
        view = existing(details.view(connection, source_id, request.now), "such source")
        may_see_bytes = view.has_answer and (not view.source.private or request.may("admin:write"))
        answer = poll_store.last_answer(connection, source_id) if may_see_bytes else None
        shown = request.query.get("bytes", "")
        title, html = "", ""
        if answer and shown == "text":
            title, html = details.newest_text(connection, view.source)
    page = {
        "view": view,
        "figure": _dots(view, request) if view.polls else None,
        "secret": secret_place(view.source) if request.may("admin:write") else "",
        "answer": _bytes(request, view, answer, shown, title, html) if answer else None,
    }
    return Show("admin/sources/source.html", page)


def polls(request: AdminRequest) -> Answer:
    """Show all kept polls of a source."""
    before = read_time(request.query.get("before", ""), request.jobs.options.zone)
    with request.jobs.store.snapshot() as connection:
        source, _ = present_source(connection, request.path["id"])
        rows = poll_store.polls_of(connection, source.id, before=before, limit=_POLL_PAGE)
    more = urlencode({"before": rows[-1].at.isoformat()}) if len(rows) == _POLL_PAGE else ""
    address = f"{LIST}/{source.id}/polls?{more}" if more else ""
    page = {"id": source.id, "name": source.name, "polls": rows, "next": address}
    return Show("admin/sources/polls.html", page)


def edit(request: AdminRequest) -> Answer:
    """Show the form of an added source (GET), or save it (POST)."""
    source_id, actions = request.path["id"], request.jobs.sources
    entered, refused = request.edited(_EDITED) if request.is_post else {}, None

    def shown(connection: Connection) -> dict[str, str]:
        return _filled(request, present_source(connection, source_id)[0])

    if request.is_post:
        fields = {name: text for name, text in entered.items() if name != "url"}
        try:
            change = request.edit("source", source_id, fields, shown, "edit")
            result = actions.edit(change, source_id, fields)
            if moved := entered.get("url"):
                change = request.edit("source", source_id, ("url",), shown, "move")
                result = actions.move(change, source_id, moved)
            return Redirect(f"{LIST}/{source_id}", result.message)
        except ActionRefused as error:
            refused = error
    status = form_status(refused)
    with request.jobs.store.snapshot() as connection:
        source, _ = present_source(connection, source_id)
    stored, errors = _filled(request, source), refused.fields if refused else {}
    seen = {} if status == 409 else request.seen(entered)
    page = {"id": source_id, "name": source.name, "is_list": bool(source.listed_in), "wrong": errors}
    page |= {"typed": {**stored, **entered}, "seen": {**stored, **seen}}
    page |= {"republish": REPUBLISH, "full_text": FULL_TEXT}
    return Show("admin/sources/edit.html", page, status)


def _filled(request: AdminRequest, source: Source) -> dict[str, str]:
    """Return the texts that the form of a source is filled with."""
    texts = {name: str(getattr(source, name)) for name in _EDITED}
    texts |= {"weight": f"{source.weight:g}", "private": "true" if source.private else ""}
    return texts | {"url": ""} if source.private and not request.may("admin:write") else texts


def _act(request: AdminRequest, ids: Sequence[int]) -> Answer:
    """Do what the button of a form says; ask first before sources are removed or get a section."""
    do, fields = request.fields.get("do", ""), request.fields
    back = f"{LIST}/{ids[0]}" if "id" in request.path and do != "remove" else LIST
    if do not in CHOSEN:
        raise NotFound("There is no such action.")
    if not ids:
        return _list(request, {"chosen": "Choose at least one source."})
    if do in ("remove", "section") and "sure" not in fields:
        with request.jobs.store.snapshot() as connection:
            found = [(number, present_source(connection, number)[0].name) for number in ids]
            sections = source_figures.source_sections(connection)
        return Show("admin/sources/chosen.html", {"do": do, "chosen": found, "sections": sections})
    result = request.jobs.sources.on_chosen(request.change(), do, ids, fields.get("section", "").strip())
    return Redirect(back, result.message)


def _test(request: AdminRequest, source_id: int) -> Answer:
    with request.jobs.store.snapshot() as connection:
        source, _ = present_source(connection, source_id)
    lookup = request.jobs.lookups.test(request.change(), source)
    return Redirect(f"{LIST}/look/{lookup.id}")


def _bytes(
    request: AdminRequest, view: SourceView, answer: poll_store.LastAnswer, shown: str, title: str, html: str
) -> dict[str, object]:
    """Return the last answer in one of its views; ``problem`` says why it cannot be read."""
    here = f"{LIST}/{view.source.id}"
    tabs = [(f"{here}?bytes={name}#bytes" if name else f"{here}#bytes", text) for name, text in _VIEWS]
    current = next((tab[0] for tab, (name, _) in zip(tabs, _VIEWS, strict=True) if name == shown), tabs[0][0])
    raw, entries, ruled, problem = "", list[Entry](), list[RuledArticle](), ""
    try:
        if shown == "read":
            entries = list(request.jobs.source_details.entries(view.source, answer).entries)
        elif shown == "rules":
            ruled = list(request.jobs.source_details.ruled(view.source, answer, request.now))
        elif shown == "text":
            raw = visible(html)
        else:
            raw = visible(f"{answer.headers}\n\n{answer.body.decode('utf-8', 'replace')}")
    except ParseError as error:
        problem = str(error)
    found: dict[str, object] = {"raw": raw, "entries": entries, "ruled": ruled, "title": title}
    return {**found, "tabs": tabs, "current": current, "problem": problem, "at": answer.at}


def _dots(view: SourceView, request: AdminRequest) -> Figure:
    zone = request.jobs.options.zone
    rows = [
        Dot(poll.at.astimezone(zone), poll.ms, _MARKS.get(poll.outcome, "same"), poll_words(poll))
        for poll in reversed(view.polls)
        if poll.outcome != "put_off"
    ]
    failed = sum(poll.outcome == "failed" for poll in view.polls)
    finding = (
        f"{plural(len(rows), 'poll')} in four days, {failed} of them failed. Time on a logarithmic scale."
    )
    end = request.now.astimezone(zone)
    return dots("Polls", finding, rows, end - timedelta(days=4), end)


def poll_words(poll: PollRow) -> str:
    """Return the outcome of a poll in words."""
    answer = str(poll.status) if poll.status else "no answer"
    return {
        "new": f"{answer}, new articles",
        "unchanged": "304, not modified",
        "equal": f"{answer}, nothing new",
        "cut": f"{answer}, cut off",
        "failed": f"{answer}, failed",
        "put_off": "not asked: its server wants a pause",
    }[poll.outcome]


def _filter(query: Mapping[str, str]) -> Filter:
    return Filter(
        words=query.get("q", "").strip(),
        section=query.get("section", ""),
        origin=query.get("origin", ""),
        tab=query.get("tab", ""),
    )


def _address(query: Mapping[str, str], path: str = LIST) -> str:
    given = urlencode({name: text for name, text in query.items() if text})
    return f"{path}?{given}" if given else path

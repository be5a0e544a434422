"""Pages that add sources: by an address, and by an OPML file; and the page that tries the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syndicate.errors import NotFound, ParseError, SyndicateError, WrongFields
from syndicate.jobs.ingest.dry_run import RuledArticle
from syndicate.model import AccessKind
from syndicate.store.ingest import source_figures
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show, read_number
from syndicate.web.admin.pages.source_pages import FULL_TEXT, LIST, REPUBLISH, pairs

_MAX_TRIED = 50
# Variables of the forms for an address and for a list, before anything is typed.
_ADD_PAGE: dict[str, object] = {
    "typed": {},
    "wrong": {},
    "kinds": pairs(AccessKind),
    "republish": REPUBLISH,
    "full_text": FULL_TEXT,
}
_IMPORT_PAGE: dict[str, object] = {"wrong": {}, "typed": {}, "lookup": None, "result": None}


def add(request: AdminRequest) -> Answer:
    """Show the form for an address (GET), or start to look at it (POST)."""
    if not request.is_post:
        return _add_page(200, typed=request.query)
    try:
        lookup = request.jobs.lookups.find(request.change(), request.fields)
    except WrongFields as error:
        return _add_page(422, typed=request.fields, wrong=error.fields)
    return Redirect(f"{LIST}/look/{lookup.id}")


def look(request: AdminRequest) -> Answer:
    """Show what a look-up has found (GET), or add the chosen source (POST)."""
    lookup = request.jobs.lookups.get(request.path["look"], request.viewer.address)
    if lookup is None:
        lost = "The search is gone: it was an hour ago, or the program was restarted. Look again."
        return _add_page(410, wrong={"url": lost})
    given = request.fields if request.is_post else request.query
    choice = read_number(given.get("choice", "")) or 0
    chosen = lookup.found[choice] if choice < len(lookup.found) else None
    wrong: Mapping[str, str] = {}
    if request.is_post:
        fields = {"private": "false", **request.fields}
        try:
            result = request.jobs.lookups.add(request.change(), lookup, choice, fields)
            return Redirect(f"{LIST}/{result.id}", result.message)
        except WrongFields as error:
            wrong = error.fields
    with request.jobs.store.snapshot() as connection:
        sections = source_figures.source_sections(connection)
    typed = {} if lookup.is_test else {**lookup.fields, "url": lookup.url, **request.fields}
    page = {"lookup": lookup, "choice": choice, "chosen": chosen, "sections": sections}
    page |= {"is_test": lookup.is_test, "posted": request.is_post}
    page = {**_ADD_PAGE, **page, "typed": typed, "wrong": wrong}
    return Show("admin/sources/look.html", page, 422 if wrong else 200)


def _add_page(status: int, **facts: object) -> Answer:
    return Show("admin/sources/add.html", {**_ADD_PAGE, **facts}, status)


def import_list(request: AdminRequest) -> Answer:
    """Show the form for an OPML list (GET), or read the list (POST)."""
    if not request.is_post:
        return _import_page(200)
    file = request.files.get("file")
    try:
        lookup = request.jobs.lookups.read_list(request.change(), request.fields, file.body if file else b"")
    except (WrongFields, ParseError) as error:
        wrong = error.fields if isinstance(error, WrongFields) else {"file": str(error)}
        return _import_page(422, wrong=wrong, typed=request.fields)
    return Redirect(f"{LIST}/import/{lookup.id}")


def review_import(request: AdminRequest) -> Answer:
    """Show what an import would do (GET), or import (POST)."""
    lookup = request.jobs.lookups.get(request.path["look"], request.viewer.address)
    if lookup is None:
        lost = "The list is gone: it was an hour ago, or the program was restarted. Choose it again."
        return _import_page(410, wrong={"file": lost})
    if not lookup.is_done:
        return _import_page(200, lookup=lookup)
    if lookup.problem:
        wrong = {"url": lookup.problem}
        return _import_page(422, wrong=wrong, typed=lookup.fields)
    change, section = replace(request.change(), dry_run=not request.is_post), lookup.fields.get("section", "")
    try:
        result = request.jobs.sources.import_opml(change, lookup.document, section=section)
    except SyndicateError as error:
        wrong = {"url" if lookup.url else "file": str(error)}
        return _import_page(422, wrong=wrong, typed=lookup.fields)
    if request.is_post:
        return Redirect(LIST, result.message)
    return _import_page(200, lookup=lookup, result=result)


def _import_page(status: int, **facts: object) -> Answer:
    return Show("admin/sources/import.html", {**_IMPORT_PAGE, **facts}, status)


def rules(request: AdminRequest) -> Answer:
    """Show the rules, tried on the latest stored articles or on the last answer of a source."""
    details, name, wrong = request.jobs.source_details, request.query.get("source", "").strip(), ""
    job = details.rules()
    tried: Sequence[RuledArticle] = ()
    if not name:
        tried = job.stored(_MAX_TRIED)
    else:
        with request.jobs.store.snapshot() as connection:
            found = details.named(connection, name)
        if found is None:
            wrong = "No source has this name."
        elif found[0].private and not request.may("admin:write"):
            raise NotFound("There is no such source.")
        elif found[1] is None:
            wrong = "The source has no answer yet: read it first."
        else:
            try:
                tried = details.ruled(found[0], found[1], request.now)
            except ParseError as error:
                wrong = str(error)
    declared = [rule for rule in job.rules() if not rule.show_tags]
    page = {"rules": declared, "tried": tried, "source": name, "wrong": {"source": wrong} if wrong else {}}
    return Show("admin/sources/rules.html", page, 422 if wrong else 200)

"""Pages that add sources: by an address, and by an OPML file; and the page that tries the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from syndicate.errors import NotFound, ParseError, SyndicateError, WrongFields
from syndicate.ingest.article_rules import Rule
from syndicate.jobs.admin.sources.source_lookups import FoundSource, Lookup
from syndicate.jobs.ingest.dry_run import RuledArticle
from syndicate.model import AccessKind
from syndicate.model.actors import ActionResult
from syndicate.store.ingest import source_figures
from syndicate.web.admin.admin_request import AdminRequest, Answer, Redirect, Show
from syndicate.web.admin.pages.source_pages import FULL_TEXT, LIST, REPUBLISH, Pairs, pairs

_MAX_TRIED = 50
_KINDS = pairs(AccessKind)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPage:
    """Form for an address, what was found, and the form of the chosen source as it was typed."""

    typed: Mapping[str, str] = field(default_factory=dict)
    wrong: Mapping[str, str] = field(default_factory=dict)
    lookup: Lookup | None = None
    choice: int = 0
    chosen: FoundSource | None = None
    sections: Sequence[str] = ()
    is_test: bool = False
    posted: bool = False
    kinds: Pairs = _KINDS
    republish: Pairs = REPUBLISH
    full_text: Pairs = FULL_TEXT


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage:
    """Form for an OPML list, and what its import would do."""

    wrong: Mapping[str, str] = field(default_factory=dict)
    typed: Mapping[str, str] = field(default_factory=dict)
    lookup: Lookup | None = None
    result: ActionResult | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RulesPage:
    """Rules in force, and the articles they were tried on."""

    rules: Sequence[Rule]
    tried: Sequence[RuledArticle]
    source: str
    wrong: Mapping[str, str] = field(default_factory=dict)


def add(request: AdminRequest) -> Answer:
    """Show the form for an address (GET), or start to look at it (POST)."""
    if not request.is_post:
        return Show("admin/sources/add.html", AddPage(typed=request.query))
    try:
        lookup = request.jobs.lookups.find(request.change(), request.fields)
    except WrongFields as error:
        return Show("admin/sources/add.html", AddPage(typed=request.fields, wrong=error.fields), 422)
    return Redirect(f"{LIST}/look/{lookup.id}")


def look(request: AdminRequest) -> Answer:
    """Show what a look-up has found (GET), or add the chosen source (POST)."""
    lookup = request.jobs.lookups.get(request.path["look"], request.viewer.address)
    if lookup is None:
        lost = "The search is gone: it was an hour ago, or the program was restarted. Look again."
        return Show("admin/sources/add.html", AddPage(wrong={"url": lost}), 410)
    given = request.fields if request.is_post else request.query
    text = given.get("choice", "0")
    choice = int(text) if text.isdecimal() else 0
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
    page = AddPage(
        typed={**lookup.fields, "url": lookup.url, **request.fields} if not lookup.is_test else {},
        wrong=wrong,
        lookup=lookup,
        choice=choice,
        chosen=chosen,
        sections=sections,
        is_test=lookup.is_test,
        posted=request.is_post,
    )
    return Show("admin/sources/look.html", page, 422 if wrong else 200)


def import_list(request: AdminRequest) -> Answer:
    """Show the form for an OPML list (GET), or read the list (POST)."""
    if not request.is_post:
        return Show("admin/sources/import.html", ImportPage())
    file = request.files.get("file")
    try:
        lookup = request.jobs.lookups.read_list(request.change(), request.fields, file.body if file else b"")
    except (WrongFields, ParseError) as error:
        wrong = error.fields if isinstance(error, WrongFields) else {"file": str(error)}
        return Show("admin/sources/import.html", ImportPage(wrong=wrong, typed=request.fields), 422)
    return Redirect(f"{LIST}/import/{lookup.id}")


def review_import(request: AdminRequest) -> Answer:
    """Show what an import would do (GET), or import (POST)."""
    lookup = request.jobs.lookups.get(request.path["look"], request.viewer.address)
    if lookup is None:
        lost = "The list is gone: it was an hour ago, or the program was restarted. Choose it again."
        return Show("admin/sources/import.html", ImportPage(wrong={"file": lost}), 410)
    if not lookup.is_done:
        return Show("admin/sources/import.html", ImportPage(lookup=lookup))
    if lookup.problem:
        wrong = {"url": lookup.problem}
        return Show("admin/sources/import.html", ImportPage(wrong=wrong, typed=lookup.fields), 422)
    change, section = replace(request.change(), dry_run=not request.is_post), lookup.fields.get("section", "")
    try:
        result = request.jobs.sources.import_opml(change, lookup.document, section=section)
    except SyndicateError as error:
        wrong = {"url" if lookup.url else "file": str(error)}
        return Show("admin/sources/import.html", ImportPage(wrong=wrong, typed=lookup.fields), 422)
    if request.is_post:
        return Redirect(LIST, result.message)
    return Show("admin/sources/import.html", ImportPage(lookup=lookup, result=result))


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
    page = RulesPage(rules=job.rules, tried=tried, source=name, wrong={"source": wrong} if wrong else {})
    return Show("admin/sources/rules.html", page, 422 if wrong else 200)

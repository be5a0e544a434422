"""Command that imports lists of subscribers, with a report before anything is written."""

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

import click

from syndicate.audience.fields import read_tag
from syndicate.audience.importing.list_rows import ImportChoices, SubscriberList, without_duplicates
from syndicate.audience.importing.products import MEANINGS, PRODUCTS, heading_key
from syndicate.cli.arguments import check_names, newsletter_named, newsletter_names
from syndicate.cli.options import Call, action_options, dry_run_option
from syndicate.cli.output import attributes, say, table
from syndicate.errors import ParseError
from syndicate.model import ImportedSubscriber, Standing
from syndicate.services import Services
from syndicate.store.subscribers import import_store
from syndicate.text.phrases import listed_counts, plural
from syndicate.zip_files import read_files

newsletter_option = click.option(
    "--newsletter", default=None, help="The newsletter; needed when there are several."
)
agreed_option = click.option(
    "--agreed", default="", metavar="TEXT", help="The text they agreed to, for the record of consent."
)
_SHOWN = 20  # rows
_EXAMPLES = 3  # rows of each outcome, beyond ``_SHOWN`` rows
_COLUMNS = ("file", "line", "address", "outcome", "reason")
_STATES = [standing.value for standing in Standing][:-3]  # not the states of rows
_PRODUCTS = [name for name, product in PRODUCTS.items() if not product.refused]


@click.command("import")
@action_options
@newsletter_option
@agreed_option
@dry_run_option
@click.option("--from", "product", type=click.Choice(_PRODUCTS), help="The lists' product.")
@click.option(
    "--map", "meanings", multiple=True, metavar="COLUMN=MEANING", help="Meaning or field of a column."
)
@click.option("--tag", "tags", multiple=True, help="A tag for all of them.")
@click.option("--state", type=click.Choice(_STATES), default="subscribed", help="The best state of all rows.")
@click.option("--rows", "all_rows", is_flag=True, help="Show every row that is not added.")
@click.option("--yes", is_flag=True, help="Import without asking, also on a terminal.")
@click.argument(
    "paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path), metavar="FILE..."
)
def import_list(
    call: Call, newsletter: str | None, agreed: str, dry_run: bool, paths: Sequence[Path], **given: Any
) -> None:
    """Import the subscribers of each FILE.

    A FILE is CSV, a list of addresses, or a folder or ZIP archive of them. Reads the exports of Mailchimp,
    Substack, Ghost, listmonk, Buttondown, MailPoet and Mailman. Mailboxes that left, bounced or complained
    are never subscribed. Reports first; asks on a terminal before it writes. The import is a single
    transaction.
    """
    asks = sys.stdin.isatty() and sys.stdout.isatty() and not (dry_run or given["yes"] or call.as_json)
    with call.services() as services:
        choices = _choices(services, newsletter, given)
        lists = list(_lists(paths, choices))
        # All rows are read before the transaction, which keeps other writers waiting.
        rows = list(_rows(services, lists, choices))
        for rehearsal in (True, False) if asks else (dry_run,):
            report = _ImportReport(lists, every_row=call.as_json or given["all_rows"])
            change = replace(call.change, dry_run=rehearsal)
            services.commands.subscribers.import_list(change, rows, agreed, tell=report.add)
            if rehearsal or not asks:
                call.show(report.answer() | {"dry_run": dry_run}, report.print)
            if rehearsal and asks:
                click.confirm("Import them?", abort=True)
    if asks:
        click.echo(f"Imported: {report.summary}.")
    if report.counts[Standing.INVALID.value]:
        raise SystemExit(1)


def _choices(services: Services, newsletter: str | None, given: Mapping[str, Any]) -> ImportChoices:
    """Return the choices that the options make. Raises ``UsageError`` for an unknown name."""
    names = newsletter_names(services)
    if newsletter or len(names) < 2:
        newsletter = newsletter_named(services, newsletter, option="--newsletter").name
    fields = {field.name: f"field:{field.name}" for field in services.subscriber_fields}
    targets = {meaning: meaning for meaning in MEANINGS} | fields | {"ignore": ""}
    meanings = {}
    for text in given["meanings"]:
        column, _, meaning = text.rpartition("=")
        check_names((meaning,), list(targets), "meaning or field")
        meanings[heading_key(column)] = targets[meaning]
    return ImportChoices(
        product=given["product"] or "",
        newsletter=newsletter or "",
        newsletters=tuple(names),
        meanings=meanings,
        fields=services.subscriber_fields,
        tags=tuple(read_tag(tag) for tag in given["tags"]),
        standing=Standing(given["state"]),
    )


def _rows(
    services: Services, lists: Sequence[SubscriberList], choices: ImportChoices
) -> Iterator[ImportedSubscriber]:
    """Yield the rows of all files. Raises ``UsageError`` for an unknown column or newsletter."""
    headings = {heading_key(heading) for read in lists for heading in read.columns.headings}
    for column in choices.meanings:
        check_names((column,), sorted(headings), "column")
    for row in without_duplicates(chain.from_iterable(read.rows() for read in lists)):
        if row.address_key and row.newsletter not in choices.newsletters:
            newsletter_named(services, row.newsletter or None, option="--newsletter")
        yield row


def _lists(paths: Sequence[Path], choices: ImportChoices) -> Iterator[SubscriberList]:
    for path in paths:
        found = False
        for name, data in read_files(path, {".csv", ".tsv", ".txt", path.suffix.lower()} - {".zip"}):
            # The addresses in this folder belong to deliveries of Substack's posts.
            if name.startswith("posts/"):
                continue
            read = SubscriberList(name if name == path.name else f"{path.name}/{name}", data, choices)
            if name == path.name or read.has_addresses:
                found = True
                yield read
        if not found:
            raise ParseError(f"{path.name} holds no list of subscribers. Export it as CSV.")


class _ImportReport:
    """Report of an import: columns, counts, and the rows that were not added."""

    def __init__(self, lists: Sequence[SubscriberList], *, every_row: bool) -> None:
        self.lists = lists
        self.counts: Counter[str] = Counter()
        self._every_row = every_row
        self._rows: list[tuple[Any, ...]] = []

    def add(self, row: ImportedSubscriber, outcome: str) -> None:
        """Count a row; keep it if it is to be shown."""
        self.counts[outcome] += 1
        if self._every_row or (outcome != "added" and self.counts[outcome] <= _SHOWN):
            reason = row.reason or import_store.NOT_ADDED.get(outcome, "")
            self._rows.append((row.file, row.line, row.text, outcome, reason))

    @property
    def summary(self) -> str:
        """Counts by outcome."""
        return listed_counts(dict(sorted(self.counts.items()))) or "No rows."

    def answer(self) -> dict[str, Any]:
        """Return the report in its JSON form."""
        files = [
            attributes(read, "file=name product=columns.product.title columns=columns.titles")
            | {"dropped": [[*what, count] for what, count in read.dropped.items()]}
            for read in self.lists
        ]
        rows = [dict(zip(_COLUMNS, row, strict=True)) for row in sorted(self._rows)]
        return {"counts": self.counts, "files": files, "rows": rows}

    def print(self) -> None:
        """Print columns, notes, rows that are not added, and counts."""
        titles = dict(pair for read in self.lists for pair in read.columns.titles.items())
        names = dict.fromkeys(read.columns.product.title for read in self.lists)
        say(f"{', '.join(names)}, {plural(len(self.lists), 'file')}, {plural(self.counts.total(), 'row')}.")
        say("Read: " + ", ".join(f"{heading} ({title})" for heading, title in titles.items() if title) + ".")
        if lost := ", ".join(heading for heading, title in titles.items() if not title):
            say(f"Not read: {lost}. --map COLUMN=FIELD keeps a column.")
        for (column, why), count in sum((read.dropped for read in self.lists), Counter()).items():
            say(f"Not kept: {plural(count, 'value')} of {column}: {why}.")
        for note in dict.fromkeys(filter(None, (read.columns.product.note for read in self.lists))):
            say(note)
        few = self._every_row or self.counts.total() - self.counts["added"] <= _SHOWN
        shown: Counter[object] = Counter()
        first, rows = int(len(self.lists) < 2), []
        for row in sorted(self._rows):
            shown[row[3]] += 1
            if row[3] != "added" and (few or shown[row[3]] <= _EXAMPLES):
                rows.append((PurePosixPath(str(row[0])).name, *row[1:])[first:])
        if rows:
            table(_COLUMNS[first:], rows, right=(1 - first,))
        if not few:
            say("Examples of each outcome; --rows shows every row.")
        click.echo(self.summary)

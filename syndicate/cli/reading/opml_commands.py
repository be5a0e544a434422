"""Commands that import and export sources as OPML."""

from pathlib import Path

import click

from syndicate.cli.arguments import file_argument
from syndicate.cli.options import Call, config_option, now_option, tried_options
from syndicate.cli.output import table, write_result
from syndicate.jobs.ingest import source_list_job
from syndicate.model import Absence
from syndicate.net import FetchRequest
from syndicate.opml import write_opml
from syndicate.services import Services
from syndicate.store.ingest import source_store
from syndicate.text.phrases import plural
from syndicate.text.privacy import looks_secret
from syndicate.text.urls import is_web_url


@click.command("import")
@tried_options
@click.option("--section", default="", help="Prefix for the section of every feed.")
@click.argument("place")
def import_(call: Call, section: str, place: str) -> None:
    """Add every feed of an OPML file at PLACE: a path or a URL. Folders become sections.

    Existing feeds stay unchanged. The import is a single transaction.
    """
    with call.services() as services:
        document = _read(place, services)
        result = services.commands.sources.import_opml(call.change, document, section=section)
    facts = result.facts or {}

    def text() -> None:
        for name, columns in (("refused", ("left out", "reason")), ("notes", ("feed", "note"))):
            if facts[name]:
                table(columns, [tuple(row.values()) for row in facts[name]])
        click.echo(f"{'Would be: ' if call.dry_run else ''}{result.message}")

    call.show({**facts, "dry_run": call.dry_run}, text)
    if facts["refused"]:
        raise SystemExit(1)


@click.command()
@config_option
@now_option
@file_argument
def export(call: Call, file: Path) -> None:
    """Write all feeds to an OPML FILE. "-" means standard output.

    Private sources and folders are left out.
    """
    with call.services() as services, services.store.read() as connection:
        sources = source_store.list_sources(connection)
    outlines = source_list_job.export_outlines(sources)
    document = write_opml(f"{services.settings.site.title}: sources", outlines, created=call.now)
    write_result(file, document)
    left_out = sum(source.private and source.absent is not Absence.REMOVED for source in sources)
    more = f" {plural(left_out, 'private source')} left out." if left_out else ""
    click.echo(f"{plural(len(outlines), 'feed')} written.{more}", err=True)


def _read(place: str, services: Services) -> bytes:
    if is_web_url(place):
        return services.fetcher.fetch_one(FetchRequest(url=place, private=looks_secret(place))).body
    return source_list_job.read_list_file(Path(place))

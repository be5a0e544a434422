"""Output of a source's content by ``sources add`` and ``sources test``."""

from datetime import datetime
from typing import Any

import click

from syndicate.cli.common import table
from syndicate.cli.wrapping import say
from syndicate.jobs.ingest.discovery_job import PREVIEWED, SourcePreview
from syndicate.model import Entry
from syndicate.reports.phrases import plural
from syndicate.text.plain import clean_line


def look_facts(look: SourcePreview, shown_url: str) -> dict[str, Any]:
    """A look as JSON."""
    return {
        "url": shown_url,
        "how": look.how,
        "format": look.format,
        "title": look.title,
        "entries": look.entries,
        "newest": look.newest,
        "latest": [
            {"title": entry.title, "url": entry.url, "published": entry.published or entry.updated}
            for entry in look.latest
        ],
        "warnings": list(look.warnings),
        "refused": look.refused,
    }


def print_look(look: SourcePreview, shown_url: str) -> None:
    """A look for people: what it is, and its latest articles."""
    click.echo(f"{look.title or shown_url} ({look.format}, {plural(look.entries, 'article')})")
    print_latest(look)
    for warning in look.warnings:
        say(f"  {warning}", err=True)
    if look.refused:
        click.echo(f"  {plural(look.refused, 'article')} could not be read", err=True)


def print_latest(look: SourcePreview, heading: str = "latest articles", most: int = PREVIEWED) -> None:
    """The latest articles with their dates."""
    table(("date", heading), [(day(_date(entry)), _title(entry)) for entry in look.latest[:most]])


def day(moment: datetime | None) -> str:
    """A date in UTC, or a dash."""
    return f"{moment:%Y-%m-%d %H:%M}" if moment else "–"


def _date(entry: Entry) -> datetime | None:
    return entry.published or entry.updated


def _title(entry: Entry) -> str:
    return clean_line(entry.title or entry.summary or entry.text or entry.url, 100)

"""Output of a source preview by ``sources add`` and ``sources test``."""

from datetime import datetime
from typing import Any

import click

from syndicate.cli.output import say, table
from syndicate.jobs.ingest.discovery_job import PREVIEWED, SourcePreview
from syndicate.model import Entry
from syndicate.reports.phrases import plural
from syndicate.text.plain import clean_line


def preview_facts(preview: SourcePreview, shown_url: str) -> dict[str, Any]:
    """Return the JSON form of a preview."""
    return {
        "url": shown_url,
        "how": preview.how,
        "format": preview.format,
        "title": preview.title,
        "entries": preview.entries,
        "newest": preview.newest,
        "latest": [
            {"title": entry.title, "url": entry.url, "published": _date(entry)} for entry in preview.latest
        ],
        "warnings": list(preview.warnings),
        "refused": preview.refused,
    }


def print_preview(preview: SourcePreview, shown_url: str) -> None:
    """Print a preview: title, format and latest articles."""
    click.echo(f"{preview.title or shown_url} ({preview.format}, {plural(preview.entries, 'article')})")
    print_latest(preview)
    for warning in preview.warnings:
        say(f"  {warning}", err=True)
    if preview.refused:
        click.echo(f"  {plural(preview.refused, 'article')} could not be read", err=True)


def print_latest(preview: SourcePreview, heading: str = "latest articles", most: int = PREVIEWED) -> None:
    """Print the latest articles with their dates."""
    rows = [
        (utc_time(_date(entry)), clean_line(entry.title or entry.summary or entry.text or entry.url, 100))
        for entry in preview.latest[:most]
    ]
    table(("date", heading), rows)


def utc_time(at: datetime | None) -> str:
    """Format a time in UTC; a dash for no time."""
    return f"{at:%Y-%m-%d %H:%M}" if at else "–"


def _date(entry: Entry) -> datetime | None:
    return entry.published or entry.updated

"""Output of a source preview by ``sources add`` and ``sources test``."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from syndicate.cli.output import attributes, say, table
from syndicate.ingest.poll_schedule import confirmed_url, status_message
from syndicate.jobs.admin.needs import shown_address
from syndicate.model import Entry
from syndicate.store.ingest.source_store import SourceReport
from syndicate.text.phrases import plural
from syndicate.text.plain import clean_line

if TYPE_CHECKING:
    from syndicate.jobs.ingest.discovery_job import SourcePreview


def preview_facts(preview: SourcePreview, shown_url: str) -> dict[str, Any]:
    """Return the JSON form of a preview."""
    latest = [attributes(entry, "title url") | {"published": _date(entry)} for entry in preview.latest]
    facts = attributes(preview, "how format title entries newest warnings refused")
    return {"url": shown_url, **facts, "latest": latest}


def source_answer(report: SourceReport) -> dict[str, Any]:
    """Return the JSON form of a source and its state."""
    source, state = report.source, report.state
    return {
        **attributes(source, "name private origin"),
        "url": shown_address(source, source.url),
        **attributes(state, "last_success next_check failures error"),
        "warning": status_message(state.warning, state.read_from),
        "moved_to": shown_address(source, confirmed_url(state)),
        "articles": report.articles,
        "articles_per_day": round(report.articles_last_week / 7, 2),
    }


def print_preview(preview: SourcePreview, shown_url: str) -> None:
    """Print a preview: title, format and latest articles."""
    click.echo(f"{preview.title or shown_url} ({preview.format}, {plural(preview.entries, 'article')})")
    print_latest(preview)
    for warning in preview.warnings:
        say(f"  {warning}", err=True)
    if preview.refused:
        click.echo(f"  {plural(preview.refused, 'article')} could not be read", err=True)


def print_latest(preview: SourcePreview, heading: str = "latest articles", most: int | None = None) -> None:
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

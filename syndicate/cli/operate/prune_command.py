"""Command that prunes old rows. The daemon does the same every hour."""

from datetime import datetime
from pathlib import Path

import click

from syndicate.cli.options import current_time, dry_run_option, services_of, timed_options
from syndicate.cli.output import say, show
from syndicate.jobs.summary import summary_of


@click.command()
@timed_options
@dry_run_option
def prune(config: Path, as_json: bool, now: datetime | None, dry_run: bool) -> None:
    """Remove articles and deliveries older than [retention] says. Pages on disk stay."""
    with services_of(config, now) as (_, services):
        pruned = services.prune.run(current_time(now), dry_run=dry_run)
    answer = {"dry_run": dry_run, **summary_of(pruned)}
    verb = "would be removed" if dry_run else "removed"
    show(
        answer,
        as_json,
        lambda: say(
            f"{pruned.articles} articles, {pruned.stories} empty stories, {pruned.deliveries} deliveries and "
            f"{pruned.tombstones} tombstones {verb}."
        ),
    )

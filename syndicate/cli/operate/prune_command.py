"""Command that prunes old rows. The daemon does the same every hour."""

import click

from syndicate.cli.options import Call, dry_run_option, timed_options
from syndicate.cli.output import say
from syndicate.jobs.summary import summary_of


@click.command()
@timed_options
@dry_run_option
def prune(call: Call, dry_run: bool) -> None:
    """Remove articles and deliveries older than [retention] says. Pages on disk stay."""
    with call.services() as services:
        pruned = services.prune.run(call.now, dry_run=dry_run)
    text = (
        f"{pruned.articles} articles, {pruned.stories} empty stories, {pruned.deliveries} deliveries and "
        f"{pruned.tombstones} tombstones {'would be removed' if dry_run else 'removed'}."
    )
    call.show({"dry_run": dry_run, **summary_of(pruned)}, lambda: say(text))

"""The ``lint`` command: problems of a newsletter before it is sent."""

from datetime import datetime

import click

from syndicate.cli.arguments import ROW_NUMBER, newsletters_named
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import attributes, say
from syndicate.errors import SyndicateError
from syndicate.jobs.newsletter.renderer import CheckedEdition
from syndicate.model import Newsletter
from syndicate.newsletter.lint.findings import Severity
from syndicate.services import Services
from syndicate.text.phrases import plural


@click.command()
@timed_options
@click.option("--edition", "edition_id", type=ROW_NUMBER, help="Id of an edition that is already cut.")
@click.argument("newsletters", nargs=-1)
def lint(call: Call, edition_id: int | None, newsletters: tuple[str, ...]) -> None:
    """Find problems of the next edition of NEWSLETTERS (default: all), or of an edition.

    Checks the welcome mail and the series of each newsletter, too.
    Checks a sample edition if there is no news. Opens no connection. Errors prevent sending (exit code 1);
    warnings do not.
    """
    if newsletters and edition_id is not None:
        raise click.UsageError("use NEWSLETTERS or --edition, not both")
    with call.services() as services:
        if edition_id is not None:
            editions = {f"edition {edition_id}": services.review.check(edition_id)}
        else:
            chosen = newsletters_named(services, newsletters)
            editions = {newsletter.name: _next(services, newsletter, call.now) for newsletter in chosen}
            editions |= {
                f"{newsletter.name}, {step.name}": services.messages.check(newsletter, step, call.now)
                for newsletter in chosen
                for step in newsletter.messages
            }
    answer = {
        name: {
            "findings": [attributes(finding, "rule severity place message") for finding in checked.findings],
            "trimmed": checked.trimmed,
        }
        for name, checked in editions.items()
    }
    call.show({"linted": answer}, lambda: _print(editions))
    if any(checked.errors for checked in editions.values()):
        raise SystemExit(1)


def _print(editions: dict[str, CheckedEdition]) -> None:
    for name, checked in editions.items():
        for finding in checked.findings:
            say(f"{name}: {finding.severity.value} [{finding.rule}] {finding}")
        for line in checked.trimmed:
            say(f"{name}: trimmed: {line}")
        errors = len(checked.errors)
        warnings = sum(finding.severity is Severity.WARNING for finding in checked.findings)
        say(f"{name}: {plural(errors, 'error')}, {plural(warnings, 'warning')}.")


def _next(services: Services, newsletter: Newsletter, now: datetime) -> CheckedEdition:
    """Return the next edition, or a sample edition if there is no news."""
    found = services.previewer.next(newsletter, now, sample=True)
    if found is None:
        raise SyndicateError(f"{newsletter.name} has no edition to check")
    return found.checked

"""Commands with which an editor pins, drops, retitles and boosts stories."""

from collections.abc import Callable
from datetime import timedelta
from math import isnan
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import ROW_NUMBER, article_named, by_option
from syndicate.cli.options import Call, dry_run_option, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.errors import SyndicateError
from syndicate.model import EditorAction, EditorDecision
from syndicate.reports.phrases import local_time
from syndicate.settings.values import read_duration
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.stories import decision_store
from syndicate.text.plain import clean_line

MAX_HEADLINE = 300
DESCRIPTIONS = {
    EditorAction.PIN: "at place {value}",
    EditorAction.DROP: "out of the lists",
    EditorAction.RETITLE: "as “{value}”",
    EditorAction.BOOST: "score × {value}",
    EditorAction.UNDO: "undone",
}


@click.group()
def editor() -> None:
    """Pin, drop, retitle or boost stories; each decision is logged with its author.

    ARTICLE is an id, uid, URL, page path, words of a title, or story:NUMBER; it must match a single article.
    A decision holds for the article's whole story, also after a merge. A headline holds for the article
    alone.
    """


def _duration(_context: click.Context, _parameter: click.Parameter, value: str | None) -> timedelta | None:
    try:
        return None if value is None else timedelta(seconds=read_duration(value))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _decision_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that all decisions share."""
    valid_for = click.option("--for", "valid_for", callback=_duration, help="Validity, such as 12h or 3d.")
    return timed_options(by_option(valid_for(dry_run_option(command))))


@editor.command()
@_decision_options
@click.option(
    "--place", type=click.IntRange(1, 50), default=1, show_default=True, help="The place in the top list."
)
@click.argument("article")
def pin(call: Call, article: str, place: int, **given: Any) -> None:
    """Pin the story of ARTICLE to a place of the top list. Editions show it first."""
    _decide(call, article, EditorAction.PIN, str(place), **given)


@editor.command()
@_decision_options
@click.argument("article")
def drop(call: Call, article: str, **given: Any) -> None:
    """Keep the story of ARTICLE out of the lists and editions. Its pages and feed items stay."""
    _decide(call, article, EditorAction.DROP, "", **given)


@editor.command()
@_decision_options
@click.argument("article")
@click.argument("headline")
def retitle(call: Call, article: str, headline: str, **given: Any) -> None:
    """Show ARTICLE under another HEADLINE. Its page also shows the publisher's."""
    words = clean_line(headline, MAX_HEADLINE)
    if not words:
        raise click.UsageError("HEADLINE is empty")
    _decide(call, article, EditorAction.RETITLE, words, **given)


@editor.command()
@_decision_options
@click.argument("article")
@click.argument("factor", type=click.FloatRange(0.01, 100))
def boost(call: Call, article: str, factor: float, **given: Any) -> None:
    """Multiply the score of the story of ARTICLE. A FACTOR below 1 lowers it."""
    if isnan(factor):
        raise click.UsageError("FACTOR must be a number from 0.01 to 100")
    _decide(call, article, EditorAction.BOOST, f"{factor:g}", **given)


@editor.command()
@timed_options
@by_option
@click.argument("number", type=ROW_NUMBER)
def undo(call: Call, by: str, number: int) -> None:
    """Undo the decision with this NUMBER."""
    at = call.now
    with call.services() as services, services.store.write() as connection:
        undone = decision_store.undo_decision(connection, number, who=by, now=at)
        if undone is None:
            raise SyndicateError(
                f"decision {number} is not in force; `syndicate editor list` shows the current decisions"
            )
        decision_store.sync_headlines(connection, at=at)
    text = f"Undone: {undone.action} {_description(undone)}. {_WHEN_VISIBLE}"
    call.show({"undone": number}, lambda: say(text))


@editor.command("list")
@timed_options
@click.option("--all", "everything", is_flag=True, help="The whole log, with expired and undone decisions.")
def list_decisions(call: Call, everything: bool) -> None:
    """Show the decisions in force."""
    at = call.now
    with call.services() as services, services.store.read() as connection:
        current = decision_store.decisions(connection, at=at)
        shown = decision_store.decision_log(connection) if everything else current
        rows = [
            (
                decision.id,
                f"{decision.action} {_description(decision)}",
                f"{decision.recorded.astimezone(services.zone):%d %b %H:%M}",
                f"{decision.expires.astimezone(services.zone):%d %b %H:%M}" if decision.expires else "",
                decision.who,
                _title(connection, decision),
            )
            for decision in shown
        ]
    numbers = {decision.id for decision in current}
    answer = {
        "decisions": [decision_answer(decision) | {"holds": decision.id in numbers} for decision in shown]
    }

    headers = ("no", "what", "when", "until", "who", "article")
    empty = "There are no decisions" + ("." if everything else " in force.")
    call.show(answer, (lambda: table(headers, rows, right=(0,))) if rows else empty)


_WHEN_VISIBLE = "Lists change within a minute under `syndicate run`, or with `syndicate stories`."


def decision_line(decision: EditorDecision, zone: ZoneInfo) -> str:
    """Return a decision as text: ``pin at place 1, by kim, Tue 24 Nov 09:00 UTC (no 3)``."""
    until = f", until {local_time(decision.expires, zone)}" if decision.expires else ""
    return (
        f"{decision.action} {_description(decision)}, by {decision.who}, "
        f"{local_time(decision.recorded, zone)}{until} (no {decision.id})"
    )


def decision_answer(decision: EditorDecision) -> dict[str, Any]:
    """Return the JSON form of a decision."""
    return attributes(decision, "id action article=article_uid value who recorded expires undoes")


def _decide(
    call: Call,
    text: str,
    action: EditorAction,
    value: str,
    *,
    by: str,
    valid_for: timedelta | None,
    dry_run: bool,
) -> None:
    at = call.now
    with call.services() as services:
        with services.store.read() as connection:
            article = article_named(connection, text)
        facts: dict[str, Any] = {"who": by, "action": action, "article_uid": article.uid, "value": value}
        facts["expires"] = at + valid_for if valid_for else None
        decision = EditorDecision(id=0, recorded=at, **facts)
        number = 0
        if not dry_run:
            with services.store.write() as connection:
                number = decision_store.add_decision(connection, **facts, now=at)
                decision_store.sync_headlines(connection, at=at)
    answer = decision_answer(decision) | {"id": number or None, "title": article.title, "dry_run": dry_run}

    def text_output() -> None:
        click.echo(f"{article.title}\n  {action} {_description(decision)}")
        say("Nothing was changed." if dry_run else f"Decision {number}. {_WHEN_VISIBLE}")

    call.show(answer, text_output)


def _title(connection: Connection, decision: EditorDecision) -> str:
    article = article_store.find_article(connection, decision.article_uid)
    return article.title if article else f"{decision.article_uid} (pruned)"


def _description(decision: EditorDecision) -> str:
    if decision.undoes is not None:
        return f"no {decision.undoes}"
    return DESCRIPTIONS[decision.action].format(value=decision.value)

"""Commands with which an editor pins, drops, retitles and boosts stories."""

from collections.abc import Callable
from datetime import datetime, timedelta
from math import isnan
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import ROW_NUMBER, article_named, by_option
from syndicate.cli.options import current_time, dry_run_option, services_of, timed_options
from syndicate.cli.output import say, show, table
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
def pin(article: str, place: int, **common: Any) -> None:
    """Pin the story of ARTICLE to a place of the top list. Editions show it first."""
    _decide(article, EditorAction.PIN, str(place), **common)


@editor.command()
@_decision_options
@click.argument("article")
def drop(article: str, **common: Any) -> None:
    """Keep the story of ARTICLE out of the lists and editions. Its pages and feed items stay."""
    _decide(article, EditorAction.DROP, "", **common)


@editor.command()
@_decision_options
@click.argument("article")
@click.argument("headline")
def retitle(article: str, headline: str, **common: Any) -> None:
    """Show ARTICLE under another HEADLINE. Its page also shows the publisher's."""
    words = clean_line(headline, MAX_HEADLINE)
    if not words:
        raise click.UsageError("HEADLINE is empty")
    _decide(article, EditorAction.RETITLE, words, **common)


@editor.command()
@_decision_options
@click.argument("article")
@click.argument("factor", type=click.FloatRange(0.01, 100))
def boost(article: str, factor: float, **common: Any) -> None:
    """Multiply the score of the story of ARTICLE. A FACTOR below 1 lowers it."""
    if isnan(factor):
        raise click.UsageError("FACTOR must be a number from 0.01 to 100")
    _decide(article, EditorAction.BOOST, f"{factor:g}", **common)


@editor.command()
@timed_options
@by_option
@click.argument("number", type=ROW_NUMBER)
def undo(config: Path, as_json: bool, now: datetime | None, by: str, number: int) -> None:
    """Undo the decision with this NUMBER."""
    at = current_time(now)
    with services_of(config, now) as (_, services), services.store.write() as connection:
        undone = decision_store.undo_decision(connection, number, who=by, now=at)
        if undone is None:
            raise SyndicateError(
                f"decision {number} is not in force; `syndicate editor list` shows the current decisions"
            )
        decision_store.sync_headlines(connection, at=at)
    show(
        {"undone": number},
        as_json,
        lambda: say(f"Undone: {undone.action.value} {_description(undone)}. {_WHEN_VISIBLE}"),
    )


@editor.command("list")
@timed_options
@click.option("--all", "everything", is_flag=True, help="The whole log, with expired and undone decisions.")
def list_decisions(config: Path, as_json: bool, now: datetime | None, everything: bool) -> None:
    """Show the decisions in force."""
    at = current_time(now)
    with services_of(config, now) as (_, services), services.store.read() as connection:
        current = decision_store.decisions(connection, at=at)
        shown = decision_store.decision_log(connection) if everything else current
        rows = [(decision, _title(connection, decision)) for decision in shown]
        zone = services.zone
    numbers = {decision.id for decision in current}
    answer = {
        "decisions": [decision_answer(decision) | {"holds": decision.id in numbers} for decision in shown]
    }

    def text() -> None:
        if not rows:
            click.echo("There are no decisions" + ("." if everything else " in force."))
            return
        table(
            ("no", "what", "when", "until", "who", "article"),
            [
                (
                    decision.id,
                    f"{decision.action.value} {_description(decision)}",
                    f"{decision.recorded.astimezone(zone):%d %b %H:%M}",
                    f"{decision.expires.astimezone(zone):%d %b %H:%M}" if decision.expires else "",
                    decision.who,
                    title,
                )
                for decision, title in rows
            ],
            right=(0,),
        )

    show(answer, as_json, text)


_WHEN_VISIBLE = "Lists change within a minute under `syndicate run`, or with `syndicate stories`."


def decision_line(decision: EditorDecision, zone: ZoneInfo) -> str:
    """Return a decision as text: ``pin at place 1, by kim, Tue 24 Nov 09:00 UTC (no 3)``."""
    until = f", until {local_time(decision.expires, zone)}" if decision.expires else ""
    return (
        f"{decision.action.value} {_description(decision)}, by {decision.who}, "
        f"{local_time(decision.recorded, zone)}{until} (no {decision.id})"
    )


def decision_answer(decision: EditorDecision) -> dict[str, Any]:
    """Return the JSON form of a decision."""
    return {
        "id": decision.id,
        "action": decision.action.value,
        "article": decision.article_uid,
        "value": decision.value,
        "who": decision.who,
        "recorded": decision.recorded,
        "expires": decision.expires,
        "undoes": decision.undoes,
    }


def _decide(
    text: str,
    action: EditorAction,
    value: str,
    *,
    config: Path,
    as_json: bool,
    now: datetime | None,
    by: str,
    valid_for: timedelta | None,
    dry_run: bool,
) -> None:
    at = current_time(now)
    with services_of(config, now) as (_, services):
        with services.store.read() as connection:
            article = article_named(connection, text)
        decision = EditorDecision(
            id=0,
            recorded=at,
            who=by,
            action=action,
            article_uid=article.uid,
            value=value,
            expires=at + valid_for if valid_for else None,
        )
        number = 0
        if not dry_run:
            with services.store.write() as connection:
                number = decision_store.add_decision(
                    connection,
                    who=by,
                    action=action,
                    article_uid=article.uid,
                    value=value,
                    expires=decision.expires,
                    now=at,
                )
                decision_store.sync_headlines(connection, at=at)
    answer = decision_answer(decision) | {"id": number or None, "title": article.title, "dry_run": dry_run}

    def text_output() -> None:
        click.echo(f"{article.title}\n  {action.value} {_description(decision)}")
        say("Nothing was changed." if dry_run else f"Decision {number}. {_WHEN_VISIBLE}")

    show(answer, as_json, text_output)


def _title(connection: Connection, decision: EditorDecision) -> str:
    article = article_store.find_article(connection, decision.article_uid)
    return article.title if article else f"{decision.article_uid} (pruned)"


def _description(decision: EditorDecision) -> str:
    if decision.undoes is not None:
        return f"no {decision.undoes}"
    return DESCRIPTIONS[decision.action].format(value=decision.value)

"""Commands with which an editor pins, drops, retitles, boosts, merges and splits stories."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from math import isnan
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import ROW_NUMBER, article_named, duration_value
from syndicate.cli.options import Call, Command, action_options, add_command, timed_options, tried_options
from syndicate.cli.output import attributes, say, table
from syndicate.jobs.admin.stories.admin_story_views import decision_words
from syndicate.jobs.admin.stories.story_actions import MAX_HEADLINE, StoryActions, decision_value
from syndicate.model import EditorAction, EditorDecision
from syndicate.model.actors import ActionResult
from syndicate.store import Connection
from syndicate.store.ingest import article_store
from syndicate.store.stories import decision_store
from syndicate.text.phrases import local_time
from syndicate.text.plain import clean_line


@click.group()
def editor() -> None:
    """Pin, drop, retitle, boost, merge or split stories; each decision is logged with its author.

    ARTICLE is an id, uid, URL, page path, words of a title, or story:NUMBER; it must match a single article.
    A decision holds for the article's whole story, also after a merge. A headline holds for the article
    alone.
    """


def _decision(
    action: EditorAction,
    text: str,
    *parameters: Callable[[Command], Command],
    value: Callable[..., str] = lambda: "",
) -> None:
    """Add the command of a decision; ``value`` returns its value from the parameters beside ARTICLE."""

    def run(call: Call, article: str, valid_for: timedelta | None, **given: Any) -> None:
        _decide(call, article, action, value(**given), valid_for)

    add_command(
        editor, action, text, run, _valid_for, click.argument("article"), *parameters, options=tried_options
    )


def _headline(headline: str) -> str:
    if not clean_line(headline, MAX_HEADLINE):
        raise click.UsageError("HEADLINE is empty")
    return headline


def _factor(factor: float) -> str:
    if isnan(factor):
        raise click.UsageError("FACTOR must be a number from 0.01 to 100")
    return f"{factor:g}"


_valid_for = click.option("--for", "valid_for", callback=duration_value, help="Validity, such as 12h or 3d.")
_place = click.option(
    "--place", type=click.IntRange(1, 50), default=1, show_default=True, help="The place in the top list."
)
_of_factor = click.argument("factor", type=click.FloatRange(0.01, 100))
_PIN = "Pin the story of ARTICLE to a place of the top list. Editions show it first."
_DROP = "Keep the story of ARTICLE out of the lists and editions. Its pages and feed items stay."
_RETITLE = "Show ARTICLE under another HEADLINE. Its page also shows the publisher's."
_BOOST = "Multiply the score of the story of ARTICLE. A FACTOR below 1 lowers it."
_decision(EditorAction.PIN, _PIN, _place, value=lambda place: f"{place}")
_decision(EditorAction.DROP, _DROP)
_decision(EditorAction.RETITLE, _RETITLE, click.argument("headline"), value=_headline)
_decision(EditorAction.BOOST, _BOOST, _of_factor, value=_factor)
_decision(EditorAction.LEAD, "Let ARTICLE lead its story.")


@editor.command()
@action_options
@click.argument("articles", nargs=-1, required=True)
def merge(call: Call, articles: tuple[str, ...]) -> None:
    """Merge the stories of ARTICLES into the oldest story.

    A newer decision ends it.
    """
    if len(articles) < 2:
        raise click.UsageError("name at least two ARTICLES")
    _regroup(call, articles, lambda actions, uids: actions.merge(call.change, uids))


@editor.command()
@action_options
@click.option("--to", help="Move them to the story of this article instead.")
@click.argument("articles", nargs=-1, required=True)
def split(call: Call, to: str | None, articles: tuple[str, ...]) -> None:
    """Give ARTICLES of a story a story of their own.

    Later articles do not bring them together again.
    """

    def split_off(actions: StoryActions, uids: list[str]) -> ActionResult:
        moved, target = (uids, "") if to is None else (uids[:-1], uids[-1])
        return actions.split(call.change, moved, target)

    _regroup(call, articles if to is None else (*articles, to), split_off)


@editor.command()
@action_options
@click.argument("number", type=ROW_NUMBER)
def undo(call: Call, number: int) -> None:
    """Undo the decision with this NUMBER. Articles that it moved are placed anew."""
    with call.services() as services:
        result = services.admin.stories.undo(call.change, number)
    call.show({"undone": number}, lambda: say(result.message))


def _regroup(
    call: Call, articles: Sequence[str], work: Callable[[StoryActions, list[str]], ActionResult]
) -> None:
    with call.services() as services:
        with services.store.read() as connection:
            found = [article_named(connection, text) for text in articles]
        result = work(services.admin.stories, [article.uid for article in found])
    answer = {**(result.facts or {}), "articles": [article.uid for article in found]}

    def text_output() -> None:
        for article in found:
            click.echo(article.title)
        say(result.message)

    call.show(answer, text_output)


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
                f"{decision.action} {decision_words(decision)}",
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


def decision_line(decision: EditorDecision, zone: ZoneInfo) -> str:
    """Return a decision as text: ``pin at place 1, by kim, Tue 24 Nov 09:00 UTC (no 3)``."""
    until = f", until {local_time(decision.expires, zone)}" if decision.expires else ""
    return (
        f"{decision.action} {decision_words(decision)}, by {decision.who}, "
        f"{local_time(decision.recorded, zone)}{until} (no {decision.id})"
    )


def decision_answer(decision: EditorDecision) -> dict[str, Any]:
    """Return the JSON form of a decision."""
    return attributes(decision, "id action article=article_uid value who recorded expires undoes")


def _decide(call: Call, text: str, action: EditorAction, value: str, valid_for: timedelta | None) -> None:
    at = call.now
    with call.services() as services:
        with services.store.read() as connection:
            article = article_named(connection, text)
        expires = at + valid_for if valid_for else None
        facts: dict[str, Any] = {"action": action, "article_uid": article.uid, "expires": expires}
        value = decision_value(action, value)
        decision = EditorDecision(id=0, recorded=at, who=call.change.actor.name, value=value, **facts)
        result = services.admin.stories.decide(call.change, article.uid, action, value, expires)
    number = None if call.dry_run else int(result.id)
    answer = decision_answer(decision) | {"id": number, "title": article.title, "dry_run": call.dry_run}

    def text_output() -> None:
        click.echo(f"{article.title}\n  {action} {decision_words(decision)}")
        say("Nothing was changed." if call.dry_run else result.message)

    call.show(answer, text_output)


def _title(connection: Connection, decision: EditorDecision) -> str:
    article = article_store.find_article(connection, decision.article_uid)
    return article.title if article else f"{decision.article_uid} (pruned)"

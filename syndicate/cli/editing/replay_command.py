"""Command that replays past lists and editions with the present rules."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.options import Call, IsoTime, timed_options
from syndicate.cli.output import attributes
from syndicate.jobs.stories.replay_job import ReplayedEdition, ReplayedLists
from syndicate.model import Article
from syndicate.reports.newsletter_times import zone_of
from syndicate.services import Services
from syndicate.store.ingest import article_store
from syndicate.text.phrases import plural

# A replay of every minute of years would not end.
MAX_LISTS = 10_000


@click.command()
@timed_options
@click.option("--from", "start", type=IsoTime(), required=True, help="The first time, ISO 8601.")
@click.option("--to", "end", type=IsoTime(), required=True, help="The last time, ISO 8601.")
@click.option(
    "--every", type=click.IntRange(1, 8760), default=24, show_default=True, help="Hours between lists."
)
@click.option(
    "--places", type=click.IntRange(1, 200), default=10, show_default=True, help="Places shown of each list."
)
def replay(call: Call, start: datetime, end: datetime, every: int, places: int) -> None:
    """Show past lists and editions as the present rules would make them.

    Sends nothing and changes nothing.
    """
    if end < start:
        raise click.UsageError("--to is before --from")
    if (end - start) / timedelta(hours=every) > MAX_LISTS:
        raise click.UsageError(f"more than {MAX_LISTS} lists; choose a longer --every or a shorter time")
    with call.services() as services:
        lists = list(services.replay.lists(start, end, timedelta(hours=every)))
        editions = [
            edition
            for newsletter in services.newsletters
            for edition in services.replay.newsletter(newsletter, start, end)
        ]
        titles = _titles(services, lists, editions)
        answer = {
            "lists": [_list_answer(replayed_lists, titles, places) for replayed_lists in lists],
            "editions": [_edition_answer(edition, titles) for edition in editions],
        }
        call.show(answer, lambda: _print(lists, editions, titles, places, services))


def _titles(
    services: Services, lists: Sequence[ReplayedLists], editions: Sequence[ReplayedEdition]
) -> dict[int, Article]:
    ids = {
        story.article_id
        for replayed_lists in lists
        for ranked in replayed_lists.lists.values()
        for story in ranked
    }
    ids |= {story.lead.article.id for edition in editions for story in edition.stories}
    ids |= {left.article_id for edition in editions for left in edition.left_out}
    with services.store.read() as connection:
        return article_store.get_articles(connection, sorted(ids))


def _print(
    lists: Sequence[ReplayedLists],
    editions: Sequence[ReplayedEdition],
    titles: dict[int, Article],
    places: int,
    services: Services,
) -> None:
    for replayed_lists in lists:
        click.echo(_time(replayed_lists.at, services.zone))
        for name, ranked in replayed_lists.lists.items():
            click.echo(f"  {name.capitalize()}{'' if ranked else ': nothing'}")
            for story in ranked[:places]:
                click.echo(_line(story.position, story.score, story.coverage, titles[story.article_id].title))
    for edition in editions:
        end = _time(edition.period.end, zone_of(services, edition.newsletter))
        click.echo(f"\nEdition of {edition.newsletter}, {end}")
        if not edition.stories:
            click.echo("  none: nothing new")
        for chosen in edition.stories:
            title = ("Update: " if chosen.follow_up else "") + chosen.lead.article.title
            click.echo(_line(chosen.position, chosen.score, chosen.coverage, title))
        for reason, count in sorted(Counter(left.reason.value for left in edition.left_out).items()):
            click.echo(f"  left out, {reason}: {plural(count, 'article')}")


def _time(at: datetime, zone: ZoneInfo) -> str:
    """Format a time with its year, because replayed articles may be years old."""
    return f"{at.astimezone(zone):%a %d %b %Y %H:%M %Z}"


def _line(position: int, score: float, coverage: int, title: str) -> str:
    line = f"  {position:3}  {score:7.3f}  {coverage:2} {'source ' if coverage == 1 else 'sources'}  {title}"
    return line if len(line) <= 80 else line[:79] + "…"


def _list_answer(replayed: ReplayedLists, titles: dict[int, Article], places: int) -> dict[str, Any]:
    return {
        "moment": replayed.at,
        **{
            name: [
                attributes(story, "position score coverage")
                | attributes(titles[story.article_id], "story=story_id article=uid title")
                | {"parts": dict(story.parts)}
                for story in ranked[:places]
            ]
            for name, ranked in replayed.lists.items()
        },
    }


def _edition_answer(edition: ReplayedEdition, titles: dict[int, Article]) -> dict[str, Any]:
    return {
        **attributes(edition, "newsletter period_start=period.start period_end=period.end"),
        "stories": [
            attributes(story, "position kind score coverage follow_up")
            | attributes(titles[story.lead.article.id], "story=story_id")
            | attributes(story.lead.article, "article=uid title")
            for story in edition.stories
        ],
        "left_out": [
            attributes(titles[left.article_id], "article=uid title") | attributes(left, "reason detail")
            for left in edition.left_out
        ],
    }

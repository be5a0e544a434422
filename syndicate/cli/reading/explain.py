"""The ``explain`` command: an article's story, related links, ranks, newsletters and channels."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import article_lines, articles_named, check_names
from syndicate.cli.editing.editor_commands import decision_answer, decision_line
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import attributes, say, table
from syndicate.jobs.publish.channel_lookup import channel_absence
from syndicate.jobs.stories.ranking_job import MARKS
from syndicate.model import Article, RankedStory, Story
from syndicate.reports.explanation import Explanation, explain_article
from syndicate.services import Services
from syndicate.store.stories.story_moves import MERGED, StoryMove, StoryReason
from syndicate.stories import RankingOptions
from syndicate.text.phrases import local_time, plural


@click.command()
@timed_options
@click.option("--channel", "channel_name", help="Say why the article is, or is not, in this channel.")
@click.argument("article")
def explain(call: Call, channel_name: str | None, article: str) -> None:
    """Explain an ARTICLE: its story, related links, ranks, and the newsletters that carried it or not.

    ARTICLE is an id, uid, URL, page path, words of a title, or story:NUMBER. The latest of several matches is
    explained; the others are listed.
    """
    with call.services() as services:
        with services.store.read() as connection:
            match, *others = articles_named(connection, article)
            if channel_name is None:
                found = explain_article(connection, services, match, others, call.now)
        if channel_name is not None:
            _explain_channel(call, services, channel_name, match)
            return
        call.show(_answer(found), lambda: _print(found, services.ranking, services.zone))


def _explain_channel(call: Call, services: Services, name: str, article: Article) -> None:
    name = services.moved_channels.get(name, name)
    check_names((name,), [channel.name for channel in services.channels], "channel")
    channel = next(channel for channel in services.channels if channel.name == name)
    reasons = channel_absence(
        services.store, channel, article, services.published, services.ranking, call.now
    )
    answer = {
        "article": attributes(article, "id title"),
        "channel": name,
        "in_channel": not reasons,
        "reasons": [asdict(reason) for reason in reasons],
    }

    def text() -> None:
        click.echo(article.title)
        say(f"  {'not ' if reasons else ''}in channel {name}")
        for reason in reasons:
            say(f"  - {reason.text}")

    call.show(answer, text)


def _print(found: Explanation, options: RankingOptions, zone: ZoneInfo) -> None:
    article = found.article
    click.echo(article.title)
    if article.original_title:
        click.echo(f"  the publisher's headline: {article.original_title}")
    click.echo(f"  {found.source}, {_date(article, zone)}, {article.minutes} min read, id {article.id}")
    if article.declared_title:
        click.echo(f"  the publisher's title before rules: {article.declared_title}")
    say(f"  tags that readers do not see: {', '.join(article.hidden_tags) or 'none'}")
    if article.boost != 1.0:
        click.echo(f"  rules multiply its weight by {article.boost:g}")
    for twin in found.twins:
        click.echo(f"  the same text as article {twin.article_id}: {twin.title} ({twin.source_name})")
    if found.others:
        say(f"\nThis is the latest match. Others:\n{article_lines(found.others)}")
    if found.story is None:
        say("\nIt has no story yet, so feeds and lists do not show it. `syndicate stories` gives it one.")
    else:
        _print_story(found, found.story, zone)
    click.echo("\nRelated" if found.related else "\nRelated: none")
    for link in found.related:
        click.echo(f"  {link.score:.3f}  {link.title} ({link.source_name})")
        parts = " + ".join(f"{name} {value:.3f}" for name, value in link.parts.items() if value)
        click.echo(f"         {parts}")
        if words := found.shared.get(link.article_id):
            say(f"         shared: {', '.join(words)}")
    for name, rank in found.ranks.items():
        _print_rank(name, rank, found)
    click.echo("\nNewsletters" if found.newsletters else "\nNewsletters: none is declared")
    for newsletter in found.newsletters:
        say(f"  {newsletter.newsletter}: {newsletter.text}")
    for decision in found.decisions:
        click.echo(f"\nEditor: {decision_line(decision, zone)}")
    click.echo(
        "\nTop adds up, for each source, weight × learned weight × decay by its\n"
        f"age (half-life {options.half_life_hours:g} h), times theme and boost."
    )


def _print_story(found: Explanation, story: Story, zone: ZoneInfo) -> None:
    foreign = f" ({found.foreign_sources} in other languages)" if found.foreign_sources else ""
    click.echo(
        f"\nStory {story.id}: {plural(story.articles, 'article')} from "
        f"{plural(story.coverage, 'source')}{foreign}, led by article {story.lead_id}"
    )
    if found.reason is not None:
        click.echo(_reason(found.reason))
    for move in found.moves:
        click.echo(f"  {local_time(move.moved, zone)}: {_move(move, story.id)}")
    if found.coverage:
        table(
            ("article", "source", "language", "title"),
            [(link.article_id, link.source_name, link.language, link.title) for link in found.coverage],
        )


def _reason(reason: StoryReason) -> str:
    joined = "joined" if reason.similarity >= reason.threshold else f"did not join story {reason.story_id}"
    return (
        f"  {joined}: similarity {reason.similarity:.3f}, threshold {reason.threshold:.3f}\n"
        f"    {reason.nearest:.3f} to its nearest, article {reason.nearest_id}\n"
        f"    {reason.mean_similarity:.3f} on average to {plural(reason.n_compared, 'article')} of the story"
    )


def _move(move: StoryMove, story_id: int) -> str:
    moved = plural(move.articles, "article")
    if move.kind == MERGED:
        change = f"story {move.from_story} ({moved}) was merged into it"
    elif move.to_story == story_id:
        change = f"{moved} came from story {move.from_story}"
    else:
        change = f"{moved} left for story {move.to_story}"
    if move.decision:
        return f"{change} by decision {move.decision} of an editor"
    return (
        f"{change} when article {move.article_id} came\n"
        f"    similarity {move.similarity:.3f}, threshold {move.threshold:.3f}"
    )


def _print_rank(name: str, rank: RankedStory | None, found: Explanation) -> None:
    if rank is None:
        reason = "" if found.article.dated else ", because its date is unknown"
        click.echo(f"\n{name.capitalize()}: not in the list{reason}")
    else:
        click.echo(f"\n{name.capitalize()}: place {rank.position}, score {rank.score:.3f}")
        for part, value in sorted(rank.parts.items(), key=_order):
            part_name, learned = _part_name(part, found.sources), ""
            if weight := found.learned.get(part_name.removeprefix("from ")):
                learned = f" (learned weight {weight.weight:.2f} of {plural(weight.articles, 'article')})"
            shown = f"{value:5g}" if part.startswith(MARKS) else f"{value:.3f}"
            click.echo(f"  {shown}  {part_name}{learned}")
    if name == "top" and found.pending:
        say(f"  the next `syndicate stories` applies {' and '.join(found.pending)}")


_PARTS = {
    "source": "from {}",
    "reads": "opened by readers",
    "theme": "× for its theme: the sources of the nearest articles",
    "boost": "× by the editor",
    "recent": "sources in the last {} hours",
    "slow": "hours looked back on a slow day",
    "rare": "place reserved for sources that publish rarely",
    "pin": "place pinned by an editor",
}
# Factors and marks stand below the scores, in this order.
_BELOW_SCORES = ("theme", "boost", "recent", "slow", "rare", "pin")


def _order(part: tuple[str, float]) -> tuple[int, float]:
    """Return the sort key of a part: scores, the largest first, then factors and marks."""
    kind = part[0].partition(":")[0]
    return _BELOW_SCORES.index(kind) if kind in _BELOW_SCORES else -1, -part[1]


def _part_name(part: str, sources: Mapping[int, str]) -> str:
    """Return the readable name of a part: ``source:3`` is named after the source."""
    kind, _, number = part.partition(":")
    name = sources.get(int(number), number) if kind == "source" else number
    return _PARTS.get(kind, part).format(name)


def _answer(found: Explanation) -> dict[str, Any]:
    article = found.article
    return {
        "article": {
            **attributes(article, "id uid title url path first_seen declared_title boost tags hidden_tags"),
            "source": found.source,
            "published": article.published if article.dated else None,
            "same_text": [attributes(twin, "id=article_id source=source_name title") for twin in found.twins],
            "original_title": article.original_title or None,
        },
        "others": [
            attributes(other, "id title") | {"published": other.published if other.dated else None}
            for other in found.others
        ],
        "editor": [decision_answer(decision) for decision in found.decisions],
        "learned_weights": {source: weight.weight for source, weight in found.learned.items()},
        "story": found.story
        and {
            **attributes(found.story, "id lead=lead_id articles coverage"),
            "foreign_sources": found.foreign_sources,
            "reason": found.reason and asdict(found.reason),
            "moves": [asdict(move) for move in found.moves],
        },
        "coverage": [
            attributes(link, "id=article_id source=source_name language title") for link in found.coverage
        ],
        "related": [
            attributes(link, "id=article_id title source=source_name url score parts")
            | {"shared": found.shared.get(link.article_id, ())}
            for link in found.related
        ],
        "newsletters": [asdict(newsletter) for newsletter in found.newsletters],
        "ranks": {
            name: rank
            and attributes(rank, "position score")
            | {"parts": {_part_name(part, found.sources): value for part, value in rank.parts.items()}}
            for name, rank in found.ranks.items()
        },
        "pending": found.pending,
    }


def _date(article: Article, zone: tzinfo) -> str:
    if article.dated:
        return f"{article.published.astimezone(zone):%d %b %Y %H:%M %Z}"
    return f"date unknown, first seen {article.first_seen.astimezone(zone):%d %b %Y %H:%M %Z}"

"""The ``explain`` command: an article's story, its related links with scores, every part of its rank."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from syndicate.cli.arguments import article_lines, articles_named
from syndicate.cli.common import local, moment, plural, services_of, show, table, timed_options
from syndicate.cli.editing.editor_commands import decision_answer, decision_line
from syndicate.cli.wrapping import say
from syndicate.jobs.newsletter.outcome_lookup import article_outcomes
from syndicate.model import Article, EditorDecision, RankedStory, RelatedLink, Story
from syndicate.newsletter.article_outcomes import ArticleOutcome
from syndicate.services import Services
from syndicate.store import Connection
from syndicate.store.ingest import article_store, source_store
from syndicate.store.stories import decision_store, ranked_lists, story_store
from syndicate.store.stories.ranked_lists import SourceWeight
from syndicate.store.stories.story_moves import MERGED, StoryMove, StoryReason, story_moves, story_reason
from syndicate.stories import RankingOptions, shared_terms, usual_stems
from syndicate.text.language import count_sources

# Texts of other stories that tell which words are usual.
USUAL_FROM = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything known about why an article is where it is."""

    article: Article
    others: list[Article]
    source: str
    story: Story | None
    reason: StoryReason | None
    moves: list[StoryMove]
    coverage: list[RelatedLink]
    foreign_sources: int
    twins: list[RelatedLink]
    related: list[RelatedLink]
    shared: Mapping[int, tuple[str, ...]]
    ranks: Mapping[str, RankedStory | None]
    sources: Mapping[int, str]
    learned: Mapping[str, SourceWeight]
    decisions: list[EditorDecision]
    newsletters: list[ArticleOutcome]


@click.command()
@timed_options
@click.argument("article")
def explain(config: Path, as_json: bool, now: datetime | None, article: str) -> None:
    """Say why an ARTICLE is where it is.

    ARTICLE is an id, uid, URL, page path, words of a title, or story:NUMBER. Of several that match it is the
    latest; the others are named.
    """
    with services_of(config, now) as (_, services), services.store.read() as connection:
        found = explanation(connection, services, article, moment(now))
        show(_answer(found), as_json, lambda: _print(found, services.ranking, services.zone))


def explanation(connection: Connection, services: Services, text: str, now: datetime) -> Explanation:
    """Collect what the store knows. Raises ``SyndicateError`` when no article is meant by ``text``."""
    article, *others = articles_named(connection, text)
    site_url = services.settings.site.url
    sources = {source.id: source.name for source in source_store.list_sources(connection)}
    related = story_store.related_links(connection, [article.id], site_url=site_url).get(article.id, [])
    story_id = article.story_id or 0
    told = story_store.coverage_links(connection, [story_id], site_url=site_url).get(story_id, [])
    usual = usual_stems(
        article_store.lead_texts(connection, article.language, limit=USUAL_FROM), article.language
    )
    bodies = article_store.get_bodies(connection, [article.id, *(link.article_id for link in related)])
    return Explanation(
        article=article,
        others=others,
        source=sources[article.source_id],
        story=story_store.get_stories(connection, [story_id]).get(story_id),
        reason=story_reason(connection, article.id),
        moves=story_moves(connection, story_id),
        coverage=[link for link in told if link.article_id != article.id],
        foreign_sources=count_sources(sources[article.source_id], article.language, told)[1],
        twins=story_store.same_text_links(connection, article, site_url=site_url),
        related=related,
        shared={
            link.article_id: shared_terms(
                article.title,
                bodies[article.id].text,
                link.title,
                bodies[link.article_id].text,
                article.language,
                usual=usual,
            )
            for link in related
        },
        ranks={name: _rank(connection, name, article.story_id) for name in ("top", "trending")},
        sources=sources,
        learned={
            sources[number]: weight
            for number, weight in ranked_lists.source_weights(connection).items()
            if number in sources
        },
        decisions=_decisions(connection, article, now),
        newsletters=article_outcomes(connection, services.newsletters, article, now),
    )


def _rank(connection: Connection, name: str, story_id: int | None) -> RankedStory | None:
    found = (story for story in ranked_lists.ranked_stories(connection, name) if story.story_id == story_id)
    return next(found, None)


def _decisions(connection: Connection, article: Article, now: datetime) -> list[EditorDecision]:
    """Return what the editor decided about the story, or about the article before it had one."""
    if article.story_id is None:
        return decision_store.decisions(connection, at=now, article_uids=[article.uid])
    return decision_store.story_decisions(connection, at=now).get(article.story_id, [])


def _print(found: Explanation, options: RankingOptions, zone: ZoneInfo) -> None:
    article = found.article
    click.echo(article.title)
    if article.original_title:
        click.echo(f"  the publisher's headline: {article.original_title}")
    click.echo(f"  {found.source}, {_date(article, zone)}, {article.minutes} min read, id {article.id}")
    if article.declared_title:
        click.echo(f"  called by its publisher: {article.declared_title}")
    if article.boost != 1.0:
        click.echo(f"  rules multiply what it counts by {article.boost:g}")
    for twin in found.twins:
        click.echo(f"  the same text as article {twin.article_id}: {twin.title} ({twin.source_name})")
    if found.others:
        say(f"\nThis is the latest that matches; others are\n{article_lines(found.others)}")
    if found.story is None:
        say("\nIt has no story yet, so feeds and lists do not show it: `syndicate stories` gives it one.")
    else:
        _print_story(found, found.story, zone)
    click.echo("\nRelated" if found.related else "\nRelated: nothing deserves it")
    for link in found.related:
        click.echo(f"  {link.score:.3f}  {link.title} ({link.source_name})")
        click.echo(f"         {_parts(link.parts)}")
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
        "\nTop adds up, for each source, weight × learned weight × what is left after its\n"
        f"age (half-life {options.half_life_hours:g} h), times theme and boost.\n"
        "docs/ranking.md has the formulas."
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
        click.echo(f"  {local(move.moved, zone)}: {_move(move, story.id)}")
    if found.coverage:
        table(
            ("article", "source", "language", "title"),
            [(link.article_id, link.source_name, link.language, link.title) for link in found.coverage],
        )


def _reason(reason: StoryReason) -> str:
    joined = "joined" if reason.similarity >= reason.threshold else f"did not join story {reason.story_id}"
    return (
        f"  {joined}: likeness {reason.similarity:.3f}, needed {reason.threshold:.3f}\n"
        f"    {reason.nearest:.3f} to its nearest, article {reason.nearest_id}\n"
        f"    {reason.mean_similarity:.3f} on average to {plural(reason.n_compared, 'article')} of the story"
    )


def _move(move: StoryMove, story_id: int) -> str:
    went = plural(move.articles, "article")
    if move.kind == MERGED:
        what = f"story {move.from_story} ({went}) was merged into it"
    elif move.to_story == story_id:
        what = f"{went} came from story {move.from_story}"
    else:
        what = f"{went} left for story {move.to_story}"
    return (
        f"{what} when article {move.article_id} came\n"
        f"    likeness {move.similarity:.3f}, limit {move.threshold:.3f}"
    )


def _print_rank(name: str, rank: RankedStory | None, found: Explanation) -> None:
    if rank is None:
        reason = "" if found.article.dated else ", because its date is unknown"
        click.echo(f"\n{name.capitalize()}: not in the list{reason}")
        return
    click.echo(f"\n{name.capitalize()}: place {rank.position}, score {rank.score:.3f}")
    for part, value in _named(rank.parts, found.sources).items():
        told = ""
        if weight := found.learned.get(part.removeprefix("from ")):
            told = f" (learned weight {weight.weight:.2f} of {plural(weight.articles, 'article')})"
        click.echo(f"  {value:.3f}  {part}{told}")


_PARTS = {
    "theme": "× for its theme: the sources that tell its related stories",
    "boost": "× by the editor",
    "pin": "the place an editor wants",
    "rare": "a place kept for sources that publish rarely",
    "slow": "hours looked back, for it is a slow day",
    "reads": "opened by readers",
}


def _named(parts: Mapping[str, float], sources: Mapping[int, str]) -> dict[str, float]:
    """Parts with names people know: ``source:3`` is the source called so."""
    named = {}
    for part, value in sorted(parts.items(), key=lambda item: -item[1]):
        kind, _, number = part.partition(":")
        if kind == "source" and int(number) in sources:
            named[f"from {sources[int(number)]}"] = value
        elif kind == "recent":
            named[f"sources in the last {number} hours"] = value
        else:
            named[_PARTS.get(part, part)] = value
    return named


def _parts(parts: Mapping[str, float]) -> str:
    return " + ".join(f"{name} {value:.3f}" for name, value in parts.items() if value)


def _answer(found: Explanation) -> dict[str, Any]:
    return {
        "article": _article(found),
        "others": [
            {"id": other.id, "title": other.title, "published": other.published if other.dated else None}
            for other in found.others
        ],
        "editor": [decision_answer(decision) for decision in found.decisions],
        "learned_weights": {source: weight.weight for source, weight in found.learned.items()},
        "story": _story(found),
        "coverage": [
            {
                "id": link.article_id,
                "source": link.source_name,
                "language": link.language,
                "title": link.title,
            }
            for link in found.coverage
        ],
        "related": [_related(link, found) for link in found.related],
        "newsletters": [asdict(newsletter) for newsletter in found.newsletters],
        "ranks": {name: rank and _place(rank, found.sources) for name, rank in found.ranks.items()},
    }


def _article(found: Explanation) -> dict[str, Any]:
    article = found.article
    return {
        "id": article.id,
        "uid": article.uid,
        "title": article.title,
        "url": article.url,
        "path": article.path,
        "source": found.source,
        "published": article.published if article.dated else None,
        "first_seen": article.first_seen,
        "same_text": [
            {"id": twin.article_id, "source": twin.source_name, "title": twin.title} for twin in found.twins
        ],
        "original_title": article.original_title or None,
        "declared_title": article.declared_title,
        "boost": article.boost,
    }


def _story(found: Explanation) -> dict[str, Any] | None:
    if found.story is None:
        return None
    return {
        "id": found.story.id,
        "lead": found.story.lead_id,
        "articles": found.story.articles,
        "coverage": found.story.coverage,
        "foreign_sources": found.foreign_sources,
        "reason": None if found.reason is None else asdict(found.reason),
        "moves": [asdict(move) for move in found.moves],
    }


def _related(link: RelatedLink, found: Explanation) -> dict[str, Any]:
    return {
        "id": link.article_id,
        "title": link.title,
        "source": link.source_name,
        "url": link.url,
        "score": link.score,
        "parts": dict(link.parts),
        "shared": list(found.shared.get(link.article_id, ())),
    }


def _place(rank: RankedStory, sources: Mapping[int, str]) -> dict[str, Any]:
    return {"position": rank.position, "score": rank.score, "parts": _named(rank.parts, sources)}


def _date(article: Article, zone: tzinfo) -> str:
    if article.dated:
        return f"{article.published.astimezone(zone):%d %b %Y %H:%M %Z}"
    return f"date unknown, first seen {article.first_seen.astimezone(zone):%d %b %Y %H:%M %Z}"

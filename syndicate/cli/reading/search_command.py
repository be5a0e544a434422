"""Command that searches the articles, as readers do."""

from typing import Any

import click

from syndicate.cli.options import Call, timed_options
from syndicate.publish.search.search_query import RELEVANCE, TIME, parse_search
from syndicate.publish.search.search_results import SearchPage
from syndicate.publish.site_headline import Headline
from syndicate.templating import Markup
from syndicate.text.phrases import plural


class _WordsCommand(click.Command):
    """Command that explains an unknown option: a word with a minus looks like an option."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            said = f"{error.message} Write -- before words with a minus: syndicate search -- tax -sales"
            raise click.UsageError(said, ctx) from error


@click.command(cls=_WordsCommand)
@timed_options
@click.argument("words", nargs=-1, required=True)
@click.option("--section", default="", help="Only this section.")
@click.option("--source", default="", help="Only this source.")
@click.option("--language", default="", help="Only this language, such as en.")
@click.option(
    "--from", "since", default="", metavar="DAY", help="Published on this day (2026-11-24) or later."
)
@click.option("--until", default="", metavar="DAY", help="Published on this day or earlier.")
@click.option("--order", type=click.Choice([RELEVANCE, TIME]), default=RELEVANCE, show_default=True)
@click.option("--page", type=click.IntRange(1, 100), default=1, show_default=True)
def search(call: Call, words: tuple[str, ...], page: int, **values: str) -> None:
    """Search titles, summaries, tags, and the texts that may be shown in full.

    The number before a result is that of its story.

    Quotation marks look for the exact words, a minus leaves articles with a word out. Write -- before a
    WORD that begins with a minus: syndicate search -- tax -sales
    """
    asked = {"q": " ".join(words), "from": values.pop("since"), "page": str(page), **values}
    with call.services() as services:
        found = services.search.page(parse_search(asked), call.now)
    call.show(_answer(found), lambda: _print(found))


def _print(page: SearchPage) -> None:
    if page.problem:
        click.echo("There is no word to look for. Write one beside filters and words with a minus.")
        return
    more = "More than " if page.capped else ""
    click.echo(f"{more}{plural(page.articles, 'article')} in {plural(page.stories, 'story')}.")
    for story in page.found:
        for headline in (story.best, *story.others):
            start = f"{story.story_id}  " if headline is story.best else "  also "
            day = f"{headline.published:%Y-%m-%d} " if headline.dated else ""
            click.echo(f"{start}{_plain(headline.title)} ({headline.source_name}) {day}{headline.link}")
        if story.more:
            click.echo(f"  and {story.more} more")
    for word in page.words_alone:
        click.echo(f"{word.label}: {plural(word.count, 'article')}")


def _answer(page: SearchPage) -> dict[str, Any]:
    return {
        "articles": page.articles,
        "capped": page.capped,
        "stories": page.stories,
        "found": [
            {
                "story": story.story_id,
                "articles": [_facts(headline) for headline in (story.best, *story.others)],
                "more": story.more,
            }
            for story in page.found
        ],
        "words": {word.label: word.count for word in page.words_alone},
        "sources": {facet.label: facet.count for facet in page.in_sources},
        "sections": {facet.label: facet.count for facet in page.in_sections},
        "days": {facet.label: facet.count for facet in page.days},
    }


def _facts(headline: Headline) -> dict[str, Any]:
    return {
        "title": _plain(headline.title),
        "source": headline.source_name,
        "published": headline.published if headline.dated else None,
        "link": headline.link,
        "path": headline.path,
        "excerpt": _plain(headline.summary),
    }


def _plain(text: str) -> str:
    return text.striptags() if isinstance(text, Markup) else text

"""Command that tries the rules for new articles."""

from typing import Any

import click

from syndicate import DOCUMENTATION
from syndicate.cli.arguments import force_option, source_to_fetch
from syndicate.cli.options import Call, timed_options
from syndicate.cli.output import attributes
from syndicate.errors import ConfigError
from syndicate.jobs.ingest.dry_run import RuledArticle
from syndicate.model import Source
from syndicate.text.phrases import plural
from syndicate.text.urls import is_web_url


@click.group()
def rules() -> None:
    """Try the rules of the configuration."""


@rules.command("test")
@timed_options
@click.option("--source", "name", help="Read this source now.")
@click.option("--url", help="Read this feed now, declared or not.")
@force_option
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="Articles to try.")
def try_rules(call: Call, name: str | None, url: str | None, limit: int, force: bool) -> None:
    """Show the rules that match the latest articles, and their changes. Changes nothing.

    Without --source and --url, tries the latest articles in the store.
    """
    if name and url:
        raise click.UsageError("--source and --url exclude each other")
    with call.services() as services:
        if not services.rules:
            raise ConfigError(f"{call.config} has no [[rules]]. See {DOCUMENTATION}/configuration.md#rules")
        if name or url:
            at = call.now
            source = (
                source_to_fetch(services, name, at, force=force) if name else _undeclared_source(str(url))
            )
            judged = services.rule_dry_run.read(source, at, limit)
        else:
            judged = services.rule_dry_run.stored(limit)
    call.show(_answer(judged), lambda: _print(judged))


def _undeclared_source(url: str) -> Source:
    if not is_web_url(url):
        raise click.UsageError(f"--url {url!r} is not an http or https address")
    return Source(id=0, name=url, url=url)


def _print(judged: list[RuledArticle]) -> None:
    matched = [row for row in judged if row[2].hits]
    for source, article, ruled in matched:
        click.echo(f"{article.title} ({source.name})")
        for hit in ruled.hits:
            click.echo(f"  {hit.rule}: {', '.join(hit.changes) or 'no change'}")
    dropped = sum(1 for _, _, ruled in judged if ruled.dropped_by)
    click.echo(
        f"{plural(len(judged), 'article')}: {len(matched)} matched by rules, {dropped} dropped. "
        "Nothing was changed."
    )


def _answer(judged: list[RuledArticle]) -> dict[str, Any]:
    return {
        "articles": [
            {
                **attributes(article, "title url"),
                "source": source.name,
                "published": article.published if article.dated else None,
                "hits": [attributes(hit, "rule changes") for hit in ruled.hits],
                "dropped_by": ruled.dropped_by,
                "after": attributes(ruled.article, "tags hidden_tags section title boost"),
            }
            for source, article, ruled in judged
        ],
        "dropped": sum(1 for _, _, ruled in judged if ruled.dropped_by),
    }

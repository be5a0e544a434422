"""Arguments and options that several commands share: articles, sources and newsletters."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click

from syndicate.errors import ConfigError, SyndicateError
from syndicate.model import Article, Newsletter, Source, known_since
from syndicate.services import Services
from syndicate.settings.values import read_duration
from syndicate.store import Connection
from syndicate.store.ingest import added_sources, article_store

ROW_NUMBER = click.IntRange(1, 2**63 - 1)
"""Type of a row id, valid on SQLite and PostgreSQL."""
_MAX_MATCHES = 6
NO_NEWSLETTER = (
    "There is no newsletter. Declare it in [[newsletters]], or see `syndicate newsletters add --help`."
)
"""Message of commands that need a newsletter."""


def articles_named(connection: Connection, text: str) -> list[Article]:
    """Return up to six articles that match ``text``, the latest first.

    Raises ``SyndicateError`` without a match.
    """
    found = article_store.find_articles(connection, text, _MAX_MATCHES)
    if not found:
        raise SyndicateError(
            f"no article matches {text!r}. Give an id, a URL, words of its title, or story:NUMBER."
        )
    return found


def article_named(connection: Connection, text: str) -> Article:
    """Return the article that matches ``text``. Raises ``SyndicateError`` for no match or several."""
    found = articles_named(connection, text)
    if len(found) > 1:
        raise SyndicateError(f"several articles match {text!r}. Give an id:\n{article_lines(found)}")
    return found[0]


def article_lines(articles: Sequence[Article]) -> str:
    """Format articles as lines: ``  id 12, 24 Nov 2026: A title``."""
    return "\n".join(
        f"  id {article.id}, {known_since(article.published):%d %b %Y}: {article.title}"
        for article in articles
    )


def source_named(connection: Connection, name: str) -> Source:
    """Return the source of that name. Raises ``UsageError`` for an unknown name."""
    source = added_sources.find_source(connection, name)
    if source is None:
        raise click.UsageError(f"No source is named {name!r}. `syndicate sources list` shows the names.")
    return source


def source_to_fetch(services: Services, name: str, now: datetime, *, force: bool) -> Source:
    """Return the source of that name before a command fetches it.

    Raises ``UsageError`` for an unknown name. Without ``force``, raises ``SyndicateError`` while the server
    asks for a pause.
    """
    from syndicate.jobs.ingest.source_reading import pause_asked

    with services.store.read() as connection:
        source = source_named(connection, name)
    until = None if force else pause_asked(services.store, source, now)
    if until:
        raise SyndicateError(
            f"{name} was not fetched: its server asks clients to wait until {until:%d %b %Y %H:%M} UTC "
            "(Retry-After). --force fetches it anyway."
        )
    return source


def newsletter_named(services: Services, name: str | None, *, option: str = "its name") -> Newsletter:
    """Return the newsletter of that name, or the only newsletter without a name.

    ``option`` names the command's option for the error. Raises like ``newsletters_named``.
    """
    if name is None and len(services.newsletters) > 1:
        known = _listed(newsletter_names(services))
        raise click.UsageError(f"There are several newsletters. Choose with {option}: {known}.")
    return newsletters_named(services, () if name is None else (name,))[0]


def newsletters_named(services: Services, names: Sequence[str]) -> tuple[Newsletter, ...]:
    """Return the newsletters of these names, or every newsletter without names.

    Raises ``UsageError`` for an unknown name, and ``ConfigError`` if there is no newsletter.
    """
    if not services.newsletters:
        raise ConfigError(NO_NEWSLETTER)
    check_names(names, newsletter_names(services), "newsletter")
    by_name = {newsletter.name: newsletter for newsletter in services.newsletters}
    return tuple(by_name[name] for name in names or by_name)


def newsletter_names(services: Services) -> list[str]:
    """Return the names of the declared newsletters."""
    return [newsletter.name for newsletter in services.newsletters]


def check_names(names: Sequence[str], known: Sequence[str], noun: str) -> None:
    """Raise ``UsageError`` for the first unknown name."""
    for name in names:
        if name not in known:
            raise click.UsageError(f"No {noun} is named {name!r}. Known names: {_listed(known)}.")


def duration_value(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> timedelta | None:
    """Return the duration of an option such as ``12h``. Raises ``BadParameter`` for any other text."""
    try:
        return None if text is None else timedelta(seconds=read_duration(text))
    except ValueError as error:
        raise click.BadParameter(str(error)) from error


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def limit_option(default: int, noun: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option ``--limit`` for a number of rows."""
    text = f"Maximum number of {noun}."
    return click.option("--limit", type=click.IntRange(min=1), default=default, show_default=True, help=text)


file_argument = click.argument("file", type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
force_option = click.option(
    "--force", is_flag=True, help="Fetch it although its server asked for a pause (Retry-After)."
)

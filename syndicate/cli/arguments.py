"""Arguments of several commands: an article, a source, a newsletter, the person who decides."""

import getpass
from collections.abc import Sequence
from datetime import datetime

import click

from syndicate.errors import ConfigError, SyndicateError
from syndicate.model import Article, Newsletter, Source, known_since
from syndicate.services import Services
from syndicate.store import Connection
from syndicate.store.ingest import added_sources, article_store
from syndicate.text.plain import clean_line

ROW_NUMBER = click.IntRange(1, 2**63 - 1)
"""What a row of the store can be called by, on either engine."""
_LONGEST_NAME = 100
_MOST_SHOWN = 6


def articles_named(connection: Connection, text: str) -> list[Article]:
    """The articles that may be meant, the latest first, and only some of many.

    Raises ``SyndicateError`` when there is none.
    """
    found = article_store.find_articles(connection, text, _MOST_SHOWN)
    if not found:
        raise SyndicateError(
            f"no article matches {text!r}: give an id, a URL, words of its title, or story:NUMBER"
        )
    return found


def article_named(connection: Connection, text: str) -> Article:
    """The one article that is meant. Raises ``SyndicateError`` when there is none, or several may be."""
    found = articles_named(connection, text)
    if len(found) > 1:
        raise SyndicateError(f"several articles match {text!r}: give the id of one\n{article_lines(found)}")
    return found[0]


def article_lines(articles: Sequence[Article]) -> str:
    """Articles to choose from, each in a line of its own: ``  id 12, 24 Nov 2026: A title``."""
    return "\n".join(
        f"  id {article.id}, {known_since(article.published):%d %b %Y}: {article.title}"
        for article in articles
    )


def source_named(connection: Connection, name: str) -> Source:
    """Return the source of that name, however it came in. Raises ``UsageError`` when there is none."""
    source = added_sources.find_source(connection, name)
    if source is None:
        raise click.UsageError(f"there is no source named {name!r}; see `syndicate sources list`")
    return source


def patient_source(services: Services, name: str, now: datetime, *, force: bool) -> Source:
    """The source of that name, which is going to be read now.

    Raises as above, and ``SyndicateError`` while its server asks for a pause, unless ``force`` is set.
    """
    from syndicate.jobs.ingest.source_reading import pause_asked

    with services.store.read() as connection:
        source = source_named(connection, name)
    until = None if force else pause_asked(services.store, source, now)
    if until:
        raise SyndicateError(
            f"{name} was not asked: its server wants to be left alone until {until:%d %b %Y %H:%M} UTC "
            "(Retry-After); --force asks it all the same"
        )
    return source


def newsletter_named(services: Services, name: str | None, *, told_by: str = "its name") -> Newsletter:
    """The newsletter of that name; without a name the only one there is. Raises as below.

    ``told_by`` is how the command is told which one: an option, or just the name.
    """
    if name is None and len(services.newsletters) > 1:
        known = _listed(newsletter_names(services))
        raise click.UsageError(f"there are several newsletters: say which by {told_by}; known: {known}")
    return newsletters_named(services, () if name is None else (name,))[0]


def newsletters_named(services: Services, names: Sequence[str]) -> tuple[Newsletter, ...]:
    """The newsletters of these names, all of them without names.

    Raises ``UsageError`` for a name that is none, and ``ConfigError`` when none is declared.
    """
    if not services.newsletters:
        raise ConfigError("there are no [[newsletters]] in the configuration: declare one first")
    check_names(names, newsletter_names(services), "newsletter")
    by_name = {newsletter.name: newsletter for newsletter in services.newsletters}
    return tuple(by_name[name] for name in names or by_name)


def newsletter_names(services: Services) -> list[str]:
    """The names of the declared newsletters."""
    return [newsletter.name for newsletter in services.newsletters]


def check_names(names: Sequence[str], known: Sequence[str], what: str) -> None:
    """Raise ``UsageError`` for the first name that is not known."""
    for name in names:
        if name not in known:
            raise click.UsageError(f"there is no {what} named {name!r}; known: {_listed(known)}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"


def _decider(_context: click.Context, _parameter: click.Parameter, given: str) -> str:
    """Return who decides: as told, else whose account this is."""
    try:
        return clean_line(given, _LONGEST_NAME) or getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


force_option = click.option(
    "--force", is_flag=True, help="Read it although its server asked for a pause (Retry-After)."
)
by_option = click.option(
    "--by", default="", callback=_decider, help="Who decides; your user name unless given."
)

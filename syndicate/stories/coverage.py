"""Coverage: the number of sources with an article in a story."""

from collections.abc import Iterable

from syndicate.model import RelatedLink
from syndicate.text.language import is_foreign


def count_sources(name: str, language: str, others: Iterable[RelatedLink]) -> tuple[int, int]:
    """Return the number of sources of a story, and of sources only in other languages.

    ``name`` and ``language`` are the source and the language of an article; ``others`` are the other
    articles.
    """
    links = list(others)
    own = {name, *(link.source_name for link in links if not is_foreign(link.language, language))}
    sources = len({name, *(link.source_name for link in links)})
    return sources, sources - len(own)

"""XML namespaces of feeds, in lower case as feedparser compares them. Part of feedparser's fast path."""

from functools import lru_cache

# RSS in all its versions, and Atom 1.0.
CORE = (
    "",
    "http://www.w3.org/2005/atom",
    "http://purl.org/rss/1.0/",
    "http://my.netscape.com/rdf/simple/0.9/",
    "http://backend.userland.com/rss",
    "http://backend.userland.com/rss2",
    "http://blogs.law.harvard.edu/tech/rss",
)
PREFIXES = {
    **dict.fromkeys(CORE, ""),
    "http://www.w3.org/1999/02/22-rdf-syntax-ns#": "rdf:",
    "http://www.w3.org/xml/1998/namespace": "xml:",
    "http://www.w3.org/1999/xhtml": "xhtml:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/dc/terms/": "dcterms:",
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/syndication/": "sy:",
    "http://rssnamespace.org/feedburner/ext/1.0": "feedburner:",
    "http://search.yahoo.com/mrss": "media:",
    "http://search.yahoo.com/mrss/": "media:",
    "http://www.itunes.com/dtds/podcast-1.0.dtd": "itunes:",
}
"""Usual prefix of every namespace that a field is read from."""

MAX_NAME = 200
"""Characters of an element's name with its namespace; cached longer names could fill the memory."""


def qualified_name(name: str) -> str:
    """Convert expat's ``uri local [prefix]`` to the usual prefix and lower-case name, ``""`` if unknown."""
    return _qualified_name(name) if len(name) <= MAX_NAME else ""


@lru_cache(maxsize=1024)
def _qualified_name(name: str) -> str:
    uri, _, local = name.partition(" ")
    if not local:
        uri, local = "", uri
    prefix = PREFIXES.get(uri.lower())
    return "" if prefix is None else prefix + local.partition(" ")[0].lower()

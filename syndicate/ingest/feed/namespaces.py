"""XML namespaces of feeds, in lower case as feedparser compares them. Part of feedparser's fast path."""

from functools import lru_cache

from syndicate.text.tables import table_of

_TABLE = table_of(__name__)
CORE = ("", *_TABLE["core"])
"""Namespaces of RSS in all its versions, and of Atom 1.0; "" is that of elements without one."""
PREFIXES: dict[str, str] = dict.fromkeys(CORE, "") | _TABLE["prefixes"]
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

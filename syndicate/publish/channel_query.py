r"""Query language that selects the articles of a channel.

A query is a list of clauses separated by spaces; an article belongs to the channel if every clause holds. The
empty query holds for every article.

``section:world,europe``   the section is in the list
``tag:climate``            a tag is in the list
``source:"The Harbour"``   the name of the source is in the list
``language:ar``            the language is in the list (``en`` also covers ``en-gb``)
``word:flood``             title, summary or a tag has the word; ``flood`` alone means the same
``"climate summit"``       title, summary or tags have the phrase
``top``, ``trending``      the article leads a story on that list, in the channel's language if it can
``-tag:opinion``           a minus negates any clause

A value with a space, a comma, a colon, a leading minus or a quotation mark goes between quotation marks, with
``\"`` and ``\\`` for themselves; so does the plain word ``"top"``.
"""

import re
from dataclasses import replace

from syndicate.model import Channel, Clause, ClauseField
from syndicate.text.language import main_language
from syndicate.text.names import tag_key
from syndicate.text.query_scanner import read_clauses, read_values, refuse

_LISTS = ("top", "trending")
_FIELDS = {field.value: field for field in ClauseField if field is not ClauseField.LIST}
_FIELD = re.compile(r"([^\W\d_]+):")
_HELP = (
    "use section:, tag:, source:, language:, word:, top, trending, or put plain text between quotation marks"
)


def parse_query(text: str) -> tuple[Clause, ...]:
    """Parse a channel query into clauses for the store.

    Raises ``ConfigError`` with the position, counted from 1, and a remedy.
    """
    return read_clauses(text, _clause)


def in_language(clauses: tuple[Clause, ...], *languages: str) -> tuple[Clause, ...]:
    """Return the clauses with the languages of listed stories: from the query, else ``languages``."""
    named = [
        clause.values for clause in clauses if clause.field is ClauseField.LANGUAGE and not clause.negated
    ]
    chosen = named[0] if named else tuple(map(main_language, languages))
    return tuple(
        replace(clause, languages=chosen) if clause.field is ClauseField.LIST else clause
        for clause in clauses
    )


def only_section(channel: Channel) -> str:
    """Return the key of the only section of a channel; "" for any other query."""
    if len(channel.clauses) != 1:
        return ""
    clause = channel.clauses[0]
    exact = clause.field is ClauseField.SECTION and not clause.negated and len(clause.values) == 1
    return tag_key(clause.values[0]) if exact else ""


def _clause(text: str, position: int) -> tuple[Clause, int]:
    negated = text[position] == "-"
    start = position + negated
    named = _FIELD.match(text, start)
    if named is None:
        values, end, quoted = read_values(text, start)
        return _plain_clause(text, start, values, negated=negated, quoted=quoted), end
    field = _FIELDS.get(named[1].lower())
    if field is None:
        refuse(text, start, f"there is no field {named[1]!r}", _HELP)
    values, end, _ = read_values(text, named.end())
    if field is ClauseField.LANGUAGE:
        values = tuple(dict.fromkeys(value.lower() for value in values))
    return Clause(field=field, values=values, negated=negated), end


def _plain_clause(text: str, start: int, values: tuple[str, ...], *, negated: bool, quoted: bool) -> Clause:
    named = [value in _LISTS for value in values]
    if quoted or not any(named):
        return Clause(field=ClauseField.WORD, values=values, negated=negated)
    if not all(named):
        refuse(text, start, "top and trending cannot share a clause with words", "separate them by a space")
    return Clause(field=ClauseField.LIST, values=values, negated=negated)

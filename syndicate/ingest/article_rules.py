"""Apply the operator's rules to new articles: keep, drop, tag, hide tags, section, title, boost. Pure.

Rules run in the order of the configuration. Each rule sees the changes of earlier rules. The first matching
rule that keeps or drops the article ends the evaluation.

A condition is ``field: words`` or ``field: /expression/``. Words must stand in the field in this order, as
whole words, in any case. Expressions use RE2, whose running time is linear in the length of the text, so no
untrusted text (such as ``aaaa…`` for ``(a+)+``) can block the process. RE2 is an extra, since it has no
wheel for musl. Without it, expressions are refused: those of Python can take hours for one title.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache
from typing import Any

from syndicate.errors import ConfigError, needs_extra
from syndicate.ingest.limits import MAX_TAG_CHARACTERS
from syndicate.model import Clause, ClauseField, NewArticle, Source
from syndicate.text.names import spellings, tag_key
from syndicate.text.plain import UNSPACED, clean_line, folded_words
from syndicate.text.tables import table_of
from syndicate.text.urls import site_host

MAX_PATTERN = 1_000
MAX_SEARCHED = 100_000
"""Characters of a field that an expression searches; the slowest expression takes half a second for these."""
MAX_TITLE = 300

CHANGES = ("tags", "hide_tags", "section", "title", "boost")
"""Fields of a rule that change the article."""

_TABLE = table_of(__name__)
_PREFIXES = tuple(_TABLE["prefixes"].split())
# Numbers alone, and parts with "=", or with ":" and a number: "2026", "pos=3", "arXiv:2602.02667".
_MACHINE_WRITTEN = re.compile(r"\d+|[\w.-]+=\S*|[\w.-]+:[\w.-]*\d[\w.-]*")

_GROUP = re.compile(r"\\(\d)")

_FIELDS: Mapping[str, Callable[[NewArticle, Source], tuple[str, ...]]] = {
    "title": lambda article, _: (article.title,),
    "summary": lambda article, _: (article.summary,),
    "text": lambda article, _: (article.text,),
    "author": lambda article, _: article.authors,
    "tag": lambda article, _: (*article.tags, *article.hidden_tags),
    "section": lambda article, _: (article.section,),
    "url": lambda article, _: (article.url,),
    "language": lambda article, _: (article.language,),
    "source": lambda _, source: (source.name,),
    "anywhere": lambda new, source: (new.title, new.summary, new.text, *_FIELDS["tag"](new, source)),
}


@lru_cache(maxsize=256)
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    """Return a pattern for the keys of tags with these names; "*" stands for all, or for further words."""
    keys = (re.escape(tag_key(name)) + "( .*)?" * name.endswith("*") for name in names if name != "*")
    return re.compile(".*" if "*" in names else "|".join(keys))


_HIDDEN = _any_of(tuple(_TABLE["names"]))


def hidden_tags(tags: Collection[str], source: Source) -> tuple[str, ...]:
    """Return the tags that are no subject: by the tables, written by machines, cut, or the source's name.

    A name of one word, such as "Politics", may be a subject. Own articles show the tags they were given.
    """
    if source.own or not tags:
        return ()
    own = {key for name in (source.name, source.title) if " " in (key := tag_key(name))}
    own.add(tag_key(site_host(source.home_url)))
    return tuple(
        tag
        for tag in tags
        if len(tag) >= MAX_TAG_CHARACTERS
        or _MACHINE_WRITTEN.fullmatch(tag)
        or (tag.casefold().startswith(_PREFIXES) and len(tag.split()) == 1)
        or tag_key(tag) in own
        or _HIDDEN.fullmatch(tag_key(tag))
    )


class Verdict(StrEnum):
    """Verdict that ends the rules for an article."""

    KEEP = "keep"
    DROP = "drop"


_DONE = {Verdict.KEEP: "kept", Verdict.DROP: "dropped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """Words that a field must contain, or an expression that it must match."""

    field: str
    words: str = ""
    pattern: str = ""

    def holds(self, article: NewArticle, source: Source) -> bool:
        """Return whether any value of the field matches."""
        values = _FIELDS[self.field](article, source)
        if self.pattern:
            expression = _compiled(self.pattern)
            return any(expression.search(value[:MAX_SEARCHED]) for value in values)
        return any(self.words in folded_words(value) for value in values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    r"""Replacement of every match of an expression in a title by ``put``; ``\1`` inserts the first group."""

    pattern: str
    put: str = ""

    def apply(self, title: str) -> str:
        """Return the new title, or the old title if the new title would be empty."""
        rewritten = _compiled(self.pattern).sub(self._put, title[:MAX_TITLE])
        return clean_line(rewritten, MAX_TITLE) or title

    def _put(self, match: Any) -> str:
        # RE2's own templates support ASCII only.
        return _GROUP.sub(lambda group: match[int(group[1])] or "", self.put)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Rule with conditions and changes.

    A rule matches if all conditions in ``all``, any in ``any`` (unless it is empty) and none in ``none``
    hold. ``sources`` are the names of sources, empty for every source. ``tags`` are shown, also if they were
    hidden; ``hide_tags`` are not. A rule with ``show_tags`` (keys) matches articles with such hidden tags and
    shows these. ``section`` is ``None`` to keep the article's section. ``boost`` multiplies
    the article's weight in the ranking.
    """

    name: str
    sources: frozenset[str] = frozenset()
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    verdict: Verdict | None = None
    tags: tuple[str, ...] = ()
    hide_tags: tuple[str, ...] = ()
    show_tags: frozenset[str] = frozenset()
    section: str | None = None
    title: Rewrite | None = None
    boost: float = 1.0

    def matches(self, article: NewArticle, source: Source) -> bool:
        """Return whether the rule matches this article."""
        if self.sources and source.name not in self.sources:
            return False
        if self.show_tags and not self._shown(article):
            return False
        return (
            all(condition.holds(article, source) for condition in self.all)
            and (not self.any or any(condition.holds(article, source) for condition in self.any))
            and not any(condition.holds(article, source) for condition in self.none)
        )

    def change(self, article: NewArticle) -> NewArticle:
        """Return the article with the rule's changes."""
        hidden = [tag for tag in article.tags if _any_of(self.hide_tags).fullmatch(tag_key(tag))]
        kept = (tag for tag in article.tags if tag not in hidden)
        tags = spellings((*kept, *self._shown(article), *self.tags))
        title = self.title.apply(article.title) if self.title else article.title
        return replace(
            article,
            title=title,
            declared_title=article.declared_title or (article.title if title != article.title else ""),
            tags=tuple(tags.values()),
            hidden_tags=tuple(tag for tag in (*article.hidden_tags, *hidden) if tag_key(tag) not in tags),
            section=article.section if self.section is None else self.section,
            boost=article.boost * self.boost,
        )

    def _shown(self, article: NewArticle) -> list[str]:
        return [tag for tag in article.hidden_tags if tag_key(tag) in self.show_tags]


def rules_of_queries(clauses: Iterable[Clause]) -> tuple[Rule, ...]:
    """Return a rule that shows the hidden tags which clauses of queries name, if any does."""
    values = (value for clause in clauses if clause.field is ClauseField.TAG for value in clause.values)
    named = frozenset(map(tag_key, values))
    return (Rule(name="tags of channels and newsletters", show_tags=named),) if named else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMatch:
    """Matching rule by its name, and its changes as text."""

    rule: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """Article after the rules; ``dropped_by`` names the rule that drops the article."""

    article: NewArticle
    hits: tuple[RuleMatch, ...] = ()
    dropped_by: str = ""


def apply_rules(rules: Iterable[Rule], article: NewArticle, source: Source) -> RuleResult:
    """Apply the rules to an article in order."""
    hits: list[RuleMatch] = []
    for rule in rules:
        if not rule.matches(article, source):
            continue
        changed = rule.change(article)
        verdict = (_DONE[rule.verdict],) if rule.verdict else ()
        hits.append(RuleMatch(rule=rule.name, changes=(*_changes(article, changed), *verdict)))
        article = changed
        if rule.verdict:
            dropped_by = rule.name if rule.verdict is Verdict.DROP else ""
            return RuleResult(article=article, hits=tuple(hits), dropped_by=dropped_by)
    return RuleResult(article=article, hits=tuple(hits))


def parse_condition(text: str) -> Condition:
    """Read ``field: words`` or ``field: /expression/``. Raises ``ConfigError``."""
    field, colon, value = text.partition(":")
    field, value = field.strip(), value.strip()
    if not colon or field not in _FIELDS:
        raise ConfigError(f"{text!r} must begin with a field and a colon; fields: {', '.join(_FIELDS)}")
    if len(value) > 1 and value.startswith("/") and value.endswith("/"):
        return Condition(field=field, pattern=check_pattern(value[1:-1]))
    words = folded_words(value)
    if not words.strip():
        raise ConfigError(f"{text!r} names no words; write some, or an expression such as {field}: /^Live/")
    # In scripts without spaces between words a match may begin and end anywhere.
    start = "" if UNSPACED.match(words[1]) else " "
    end = "" if UNSPACED.match(words[-2]) else " "
    return Condition(field=field, words=f"{start}{words.strip()}{end}")


def parse_rewrite(pattern: str, put: str) -> Rewrite:
    """Build a title rewrite. Raises ``ConfigError`` for an invalid expression or a missing group."""
    groups = _compiled(check_pattern(pattern)).groups
    if any(int(number) > groups for number in _GROUP.findall(put)):
        raise ConfigError(f"{put!r} names a group that {pattern!r} does not have: it has {groups}")
    return Rewrite(pattern=pattern, put=put)


def check_pattern(pattern: str) -> str:
    """Return the expression if RE2 accepts it. Raises ``ConfigError`` with RE2's reason."""
    if not pattern or len(pattern) > MAX_PATTERN:
        raise ConfigError(f"an expression has 1 to {MAX_PATTERN} characters")
    _compiled(pattern)
    return pattern


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> Any:
    with needs_extra("re2", f"the expression /{pattern}/"):
        import re2  # noqa: PLC0415 - an extra
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else str(error)
        raise ConfigError(
            f"/{pattern}/ is not a valid RE2 expression: {reason}. RE2 has no look-around and no "
            "back-references"
        ) from error


def _changes(before: NewArticle, after: NewArticle) -> tuple[str, ...]:
    changes = []
    if after.title != before.title:
        changes.append(f'title "{before.title}" → "{after.title}"')
    if after.section != before.section:
        changes.append(f'section "{before.section}" → "{after.section}"')
    changes += [f"tag {tag}" for tag in after.tags if tag not in before.tags]
    changes += [f"hidden tag {tag}" for tag in after.hidden_tags if tag not in before.hidden_tags]
    if after.boost != before.boost:
        changes.append(f"boost {after.boost:g}")
    return tuple(changes)

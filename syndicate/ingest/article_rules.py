"""The operator's rules for new articles: keep, drop, tag, section, title, boost. Pure.

Rules run in the order of the configuration. Each one sees what those before it changed, and every rule that
matches does its work; the first that keeps or drops ends the run for this article.

A condition is ``field: words`` or ``field: /expression/``. Words stand in the field one after another, as
whole words, whatever their case. Expressions are RE2's: their time grows with the length of the text alone,
whatever a stranger writes into it (no ``(a+)+`` runs away), so they need no process that can be killed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

import re2

from syndicate.errors import ConfigError
from syndicate.model import NewArticle, Source
from syndicate.text.names import tag_key
from syndicate.text.plain import clean_line, folded_words

MAX_PATTERN = 1_000
MAX_SEARCHED = 100_000
"""Characters of a field that an expression looks at: a page of text at worst takes half a second."""
MAX_TITLE = 300

# Scripts that write no spaces between words: there, words begin and end anywhere.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
_GROUP = re.compile(r"\\(\d)")

_FIELDS: Mapping[str, Callable[[NewArticle, Source], tuple[str, ...]]] = {
    "title": lambda article, _: (article.title,),
    "summary": lambda article, _: (article.summary,),
    "text": lambda article, _: (article.text,),
    "author": lambda article, _: article.authors,
    "tag": lambda article, _: article.tags,
    "section": lambda article, _: (article.section,),
    "url": lambda article, _: (article.url,),
    "language": lambda article, _: (article.language,),
    "source": lambda _, source: (source.name,),
    "anywhere": lambda article, _: (article.title, article.summary, article.text, *article.tags),
}


class Verdict(StrEnum):
    """Verdict that ends the rules for an article."""

    KEEP = "keep"
    DROP = "drop"


_DONE = {Verdict.KEEP: "kept", Verdict.DROP: "dropped"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A field that must hold these words, or match this expression."""

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
    """Every match of the expression in a title becomes ``put``; a backslash and 1 are its first group."""

    pattern: str
    put: str = ""

    def apply(self, title: str) -> str:
        """The new title; the old one when nothing would be left."""
        found = _compiled(self.pattern).sub(self._put, title[:MAX_TITLE])
        return clean_line(found, MAX_TITLE) or title

    def _put(self, match: re2._Match) -> str:
        # RE2's own templates know only ASCII.
        return _GROUP.sub(lambda group: match[int(group[1])] or "", self.put)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. Every ``all``, one ``any`` (if there are some) and no ``none`` must hold.

    ``sources`` are names, empty for every source; ``section`` is ``None`` when it stays as it is; ``boost``
    multiplies what the article counts in the ranking.
    """

    name: str
    sources: frozenset[str] = frozenset()
    all: tuple[Condition, ...] = ()
    any: tuple[Condition, ...] = ()
    none: tuple[Condition, ...] = ()
    verdict: Verdict | None = None
    tags: tuple[str, ...] = ()
    section: str | None = None
    title: Rewrite | None = None
    boost: float = 1.0

    def matches(self, article: NewArticle, source: Source) -> bool:
        """Return whether the rule is about this article."""
        if self.sources and source.name not in self.sources:
            return False
        return (
            all(condition.holds(article, source) for condition in self.all)
            and (not self.any or any(condition.holds(article, source) for condition in self.any))
            and not any(condition.holds(article, source) for condition in self.none)
        )

    def change(self, article: NewArticle) -> NewArticle:
        """The article as this rule leaves it."""
        known = {tag_key(tag) for tag in article.tags}
        title = self.title.apply(article.title) if self.title else article.title
        return replace(
            article,
            title=title,
            declared_title=article.declared_title or (article.title if title != article.title else ""),
            tags=(*article.tags, *(tag for tag in self.tags if tag_key(tag) not in known)),
            section=article.section if self.section is None else self.section,
            boost=article.boost * self.boost,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A rule that matched, and what it changed, in words."""

    rule: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleResult:
    """An article after the rules; ``dropped_by`` names the rule that wants it gone."""

    article: NewArticle
    hits: tuple[Hit, ...] = ()
    dropped_by: str = ""


def apply_rules(rules: Iterable[Rule], article: NewArticle, source: Source) -> RuleResult:
    """Take an article through the rules."""
    hits: list[Hit] = []
    for rule in rules:
        if not rule.matches(article, source):
            continue
        changed = rule.change(article)
        verdict = (_DONE[rule.verdict],) if rule.verdict else ()
        hits.append(Hit(rule=rule.name, changes=(*_changes(article, changed), *verdict)))
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
    start = "" if _UNSPACED.match(words[1]) else " "
    end = "" if _UNSPACED.match(words[-2]) else " "
    return Condition(field=field, words=f"{start}{words.strip()}{end}")


def parse_rewrite(pattern: str, put: str) -> Rewrite:
    """A rewriting of titles. Raises ``ConfigError`` for an expression or a group that cannot be."""
    groups = _compiled(check_pattern(pattern)).groups
    if any(int(number) > groups for number in _GROUP.findall(put)):
        raise ConfigError(f"{put!r} names a group that {pattern!r} does not have: it has {groups}")
    return Rewrite(pattern=pattern, put=put)


def check_pattern(pattern: str) -> str:
    """The expression, if RE2 can read it. Raises ``ConfigError`` with its reason."""
    if not pattern or len(pattern) > MAX_PATTERN:
        raise ConfigError(f"an expression has 1 to {MAX_PATTERN} characters")
    try:
        _compiled(pattern)
    except (re2.error, UnicodeEncodeError) as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error, re2.error) else str(error)
        raise ConfigError(
            f"/{pattern}/ cannot be read: {reason}. Expressions are those of RE2, without look-around and "
            "back-references"
        ) from error
    return pattern


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> re2._Regexp:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(pattern, options)


def _changes(before: NewArticle, after: NewArticle) -> tuple[str, ...]:
    changes = []
    if after.title != before.title:
        changes.append(f'title "{before.title}" → "{after.title}"')
    if after.section != before.section:
        changes.append(f'section "{before.section}" → "{after.section}"')
    changes += [f"tag {tag}" for tag in after.tags[len(before.tags) :]]
    if after.boost != before.boost:
        changes.append(f"boost {after.boost:g}")
    return tuple(changes)

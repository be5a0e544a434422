"""Reasons that keep an article out of a channel. Pure."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from syndicate.model import Article, Channel, Clause, ClauseField, RankedStory
from syndicate.text.language import main_language


@dataclass(frozen=True, slots=True)
class AbsenceReason:
    """Reason that keeps an article out of a channel.

    ``kind`` is ``not placed``, ``query``, ``language``, ``undated``, ``editor``, ``age``, ``rank``, ``lead``,
    ``same text``, ``limit``, ``failed`` or ``not written``.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFacts:
    """Facts about an article and a channel.

    ``failing`` are the clauses that do not hold. ``ranks`` has the place of the article's story in each list.
    ``dropped_by`` is the editor who dropped the story, or ``""``. ``shown_instead`` is the article that shows
    the same text. ``oldest`` is the last article of a full channel if it is newer, and ``archive_page`` the
    page that holds the article, or 0. ``failure`` is the error of the channel's last build. ``written`` is
    true if the feed on disk has the article.
    """

    article: Article
    source: str
    failing: tuple[Clause, ...] = ()
    ranks: Mapping[str, RankedStory | None]
    story_updated: datetime | None = None
    dropped_by: str = ""
    shown_instead: Article | None = None
    oldest: Article | None = None
    archive_page: int = 0
    failure: str = ""
    written: bool = True


def absence_reasons(
    channel: Channel, facts: ChannelFacts, *, now: datetime, window_hours: float
) -> tuple[AbsenceReason, ...]:
    """Return every reason that keeps the article out of the channel; none if the channel carries it.

    ``window_hours`` is the age at which stories leave the ranked lists.
    """
    reasons = [_clause(clause, facts, now, window_hours) for clause in facts.failing]
    if facts.article.story_id is None:
        text = "it has no story yet: `syndicate stories` gives it one"
        reasons.insert(0, AbsenceReason("not placed", text))
    if other := facts.shown_instead:
        text = f"article {other.id} has the same text, was published first, and stands for it: {other.title}"
        reasons.append(AbsenceReason("same text", text))
    if facts.oldest:
        reasons.append(_limit(channel, facts, facts.oldest))
    if facts.failure:
        text = f"the channel could not be written: {facts.failure}"
        reasons.append(AbsenceReason("failed", text))
    if not reasons and not facts.written:
        text = "the feed on disk lacks it: `syndicate publish` adds it, unless the feed has its maximum size"
        reasons.append(AbsenceReason("not written", text))
    return tuple(reasons)


def clause_text(clause: Clause) -> str:
    """Return a clause as a channel query writes it: ``-section:world,europe``."""
    values = ",".join(
        json.dumps(value, ensure_ascii=False) if set(value) & set(' ,:"') or value.startswith("-") else value
        for value in clause.values
    )
    field = "" if clause.field is ClauseField.LIST else f"{clause.field.value}:"
    return f"{'-' if clause.negated else ''}{field}{values}"


def _clause(clause: Clause, facts: ChannelFacts, now: datetime, window_hours: float) -> AbsenceReason:
    if clause.field is ClauseField.LIST and not clause.negated:
        return _unlisted(clause, facts, now, window_hours)
    kind = "language" if clause.field is ClauseField.LANGUAGE else "query"
    return AbsenceReason(kind, f"{clause_text(clause)} does not hold: {_VALUES[clause.field](facts)}")


def _unlisted(clause: Clause, facts: ChannelFacts, now: datetime, window_hours: float) -> AbsenceReason:
    """Return the reason that keeps an article out of top or trending."""
    article, names = facts.article, " and ".join(clause.values)
    if not article.dated:
        return AbsenceReason("undated", f"its date is unknown, so it is not in {names}")
    rank = next(filter(None, map(facts.ranks.get, clause.values)), None)
    if rank is None:
        if facts.dropped_by:
            return AbsenceReason("editor", f"{facts.dropped_by} dropped its story from {names}")
        if facts.story_updated and now - facts.story_updated > timedelta(hours=window_hours):
            text = f"its story is older than {window_hours:g} h, so it is not in {names}"
            return AbsenceReason("age", text)
        return AbsenceReason("rank", f"its story has no place in {names}")
    if clause.languages and article.language and main_language(article.language) not in clause.languages:
        text = f"{names}: its story is shown in {', '.join(clause.languages)}, the article is in"
        return AbsenceReason("language", f"{text} {article.language}")
    text = f"{names}: its story has place {rank.position}, led by article {rank.article_id}"
    return AbsenceReason("lead", text)


def _limit(channel: Channel, facts: ChannelFacts, oldest: Article) -> AbsenceReason:
    since = f" since {oldest.published:%d %b %Y %H:%M} UTC" if oldest.dated else ""
    undated = "" if facts.article.dated else "; its date is unknown, so it comes after every dated article"
    archive = f"; archive page {facts.archive_page} holds it" if facts.archive_page else ""
    return AbsenceReason(
        "limit", f"the channel is full with {channel.limit} articles{since}{undated}{archive}"
    )


_VALUES: Mapping[ClauseField, Callable[[ChannelFacts], str]] = {
    ClauseField.SECTION: lambda facts: f"its section is {facts.article.section or 'empty'}",
    ClauseField.TAG: lambda facts: ", hidden: ".join(
        [f"its tags are {', '.join(facts.article.tags) or 'empty'}", *facts.article.hidden_tags]
    ),
    ClauseField.SOURCE: lambda facts: f"its source is {facts.source}",
    ClauseField.LANGUAGE: lambda facts: f"its language is {facts.article.language or 'unknown'}",
    ClauseField.WORD: lambda _facts: "the words of its title, summary and tags decide",
    ClauseField.LIST: lambda _facts: "its story is in that list",
}

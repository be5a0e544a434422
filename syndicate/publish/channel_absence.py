"""Reasons that keep an article out of a channel. Pure."""

import json
from collections.abc import Callable, Iterator, Mapping
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
    reasons = [
        *_unplaced(facts),
        *(reason for clause in facts.failing for reason in _clause(clause, facts, now, window_hours)),
        *_same_text(facts),
        *_limit(channel, facts),
        *_failed(facts),
    ]
    if not reasons and not facts.written:
        text = "the feed on disk lacks it: `syndicate publish` adds it, unless the feed has its maximum size"
        reasons = [AbsenceReason("not written", text)]
    return tuple(reasons)


def clause_text(clause: Clause) -> str:
    """Return a clause as a channel query writes it: ``-section:world,europe``."""
    values = ",".join(
        json.dumps(value, ensure_ascii=False) if set(value) & set(' ,:"') or value.startswith("-") else value
        for value in clause.values
    )
    field = "" if clause.field is ClauseField.LIST else f"{clause.field.value}:"
    return f"{'-' if clause.negated else ''}{field}{values}"


def _unplaced(facts: ChannelFacts) -> Iterator[AbsenceReason]:
    if facts.article.story_id is None:
        yield AbsenceReason("not placed", "it has no story yet: `syndicate stories` gives it one")


def _clause(
    clause: Clause, facts: ChannelFacts, now: datetime, window_hours: float
) -> Iterator[AbsenceReason]:
    if clause.field is ClauseField.LIST and not clause.negated:
        yield _unlisted(clause, facts, now, window_hours)
        return
    kind = "language" if clause.field is ClauseField.LANGUAGE else "query"
    yield AbsenceReason(kind, f"{clause_text(clause)} does not hold: {_VALUES[clause.field](facts)}")


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


def _same_text(facts: ChannelFacts) -> Iterator[AbsenceReason]:
    if other := facts.shown_instead:
        text = f"article {other.id} has the same text, was published first, and stands for it: {other.title}"
        yield AbsenceReason("same text", text)


def _limit(channel: Channel, facts: ChannelFacts) -> Iterator[AbsenceReason]:
    if facts.oldest is None:
        return
    since = f" since {facts.oldest.published:%d %b %Y %H:%M} UTC" if facts.oldest.dated else ""
    text = f"the channel is full with {channel.limit} articles{since}"
    if not facts.article.dated:
        text += "; its date is unknown, so it comes after every dated article"
    if facts.archive_page:
        text += f"; archive page {facts.archive_page} holds it"
    yield AbsenceReason("limit", text)


def _failed(facts: ChannelFacts) -> Iterator[AbsenceReason]:
    if facts.failure:
        yield AbsenceReason("failed", f"the channel could not be written: {facts.failure}")


_VALUES: Mapping[ClauseField, Callable[[ChannelFacts], str]] = {
    ClauseField.SECTION: lambda facts: f"its section is {facts.article.section or 'empty'}",
    ClauseField.TAG: lambda facts: f"its tags are {', '.join(facts.article.tags) or 'empty'}",
    ClauseField.SOURCE: lambda facts: f"its source is {facts.source}",
    ClauseField.LANGUAGE: lambda facts: f"its language is {facts.article.language or 'unknown'}",
    ClauseField.WORD: lambda _facts: "the words of its title, summary and tags decide",
    ClauseField.LIST: lambda _facts: "its story is in that list",
}

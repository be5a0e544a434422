"""Outcome of one article in a newsletter, from the records of its editions. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syndicate.model import Article, EditionArticle, LeaveReason, Newsletter
from syndicate.newsletter.periods import Period, is_late, period_at

Answer = tuple[str, str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleOutcome:
    """Answer for one newsletter.

    ``outcome`` is ``told``, ``left out``, ``waits``, ``too old``, ``undated``, ``not placed``, ``no match``,
    ``withdrawn``, ``missed``, ``failed`` or ``paused``. ``edition_id`` is that of the edition meant, if any.
    """

    newsletter: str
    outcome: str
    text: str
    edition_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """Facts about an article and a newsletter.

    ``matches``: the query takes it. ``newest``: no article that its source had before is newer. ``editions``
    is what editions did with it, the latest first; ``leads`` has the titles of their leads by id. Periods
    that ended before ``known_since`` have no edition. ``failure`` is the error of the last edition, or
    ``""``. ``state`` and ``edition_id`` belong to the edition of the article's period, if there is one.
    """

    article: Article
    matches: bool
    known_since: datetime
    newest: bool = False
    editions: Sequence[EditionArticle] = ()
    leads: Mapping[int, str] = field(default_factory=dict)
    paused: bool = False
    failure: str = ""
    state: str = ""
    edition_id: int | None = None


def period_of(newsletter: Newsletter, facts: ArticleFacts) -> Period | None:
    """Return the period in which an article is news.

    That is the period in which it was published, or a later one if it was first seen in that; ``None`` if it
    is undated, or was first seen too late for any.
    """
    article = facts.article
    if not article.dated:
        return None
    period = period_at(newsletter, article.published)
    if article.first_seen < period.end:
        return period
    late = period_at(newsletter, article.first_seen)
    return late if facts.newest or is_late(article.published, article.first_seen, late) else None


def outcome_of(
    newsletter: Newsletter,
    facts: ArticleFacts,
    period: Period | None,
    *,
    now: datetime,
    show: Callable[[datetime], str],
) -> ArticleOutcome:
    """Return what became of an article in a newsletter. ``show`` writes a time on the newsletter's clock."""
    found = _by_editions(facts, show)
    if found is None and period is not None:
        due = f"the edition of {show(period.end)}"
        running = period_at(newsletter, now)
        found = _by_period(facts, period, due, running) or _by_clock(newsletter, facts, period, now, due)
    late = "too old", "first seen more than a period after the period it was published in", None
    outcome, text, edition_id = found or late
    return ArticleOutcome(newsletter=newsletter.name, outcome=outcome, text=text, edition_id=edition_id)


def _by_editions(facts: ArticleFacts, show: Callable[[datetime], str]) -> Answer | None:
    """Answer from the article and what editions recorded about it."""
    sent = [edition for edition in facts.editions if edition.state != "withdrawn"]
    told = [article for article in sent if not article.reason]
    one = next(iter(told or sent or facts.editions), None)
    edition = f"edition {one.edition_id} of {show(one.period_end)}" if one else ""
    if one and told:
        return "told", f"told in {edition}{_part(facts, one)}", one.edition_id
    if not facts.matches:
        return "no match", "its query does not take the article", None
    if facts.article.story_id is None:
        return "not placed", "waits for its place in a story: `syndicate stories` gives it one", None
    if not facts.article.dated:
        return "undated", "its date is unknown, so it is news of no period", None
    if one is None:
        return None
    if not sent:
        return "withdrawn", f"{edition} was withdrawn and never sent", one.edition_id
    outcome = "waits" if one.reason in EditionArticle.WAITS else "left out"
    return outcome, _left_out(one, edition), one.edition_id


def _part(facts: ArticleFacts, one: EditionArticle) -> str:
    title = "" if one.lead_id == facts.article.id else facts.leads.get(one.lead_id, "")
    return f', as part of the story "{title}"' if title else ""


def _left_out(one: EditionArticle, edition: str) -> str:
    place, _, places = one.detail.partition("/")
    rank = "its story is in no list" if place == "-" else f"place {place} for {places} stories"
    texts = {
        LeaveReason.REPEATS: f"repeats what edition {one.detail} told; left out of {edition}",
        LeaveReason.NO_ROOM: f"no room in {edition}: {rank}",
        LeaveReason.SHARE: f"no room in {edition}: its source had {one.detail} stories there already",
        LeaveReason.LANGUAGE: f"left out of {edition}: the newsletter tells its story in another language",
        LeaveReason.EDITOR: f"an editor left it out of {edition}",
        LeaveReason.SIZE: f"{edition} had no space for it in the mail; it waits for the next edition",
        LeaveReason.TEMPLATE: f"a template fails with it; left out of {edition}, it waits for the next",
        LeaveReason.GONE: f"left out of {edition}: its page was gone",
    }
    return texts[LeaveReason(one.reason)]


def _by_period(facts: ArticleFacts, period: Period, edition: str, running: Period) -> Answer | None:
    """Answer from what became of the article's period, of which no edition has a record of the article."""
    if facts.edition_id is None:
        return None
    if facts.state == "missed":
        return "missed", f"{edition} was missed", facts.edition_id
    if facts.article.published < period.start:
        return "too old", f"published before the period of {edition}", facts.edition_id
    if period.end >= running.start:
        return "waits", f"placed after {edition} was cut: it waits for the next edition", facts.edition_id
    return "left out", f"{edition} did not carry it", facts.edition_id


def _by_clock(
    newsletter: Newsletter, facts: ArticleFacts, period: Period, now: datetime, edition: str
) -> Answer:
    """Answer for a period that has no edition yet."""
    if facts.paused:
        return "paused", f"the newsletter is paused: `syndicate newsletters resume {newsletter.name}`", None
    if period.end > now:
        return "waits", f"waits for {edition}", None
    if period.end <= facts.known_since and newsletter.first_edition != "latest":
        return "too old", "published before the newsletter's first period", None
    if facts.failure:
        return "failed", f"{edition} failed and is tried again: {facts.failure}", None
    if (now - period.end).total_seconds() <= newsletter.max_lateness:
        return "waits", f"waits for {edition}, which is due", None
    return "missed", f"{edition} was missed", None

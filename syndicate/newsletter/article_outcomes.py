"""Outcome of an article in a newsletter, from the records of its editions. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syndicate.model import Article, EditionArticle, LeaveReason, Newsletter
from syndicate.newsletter.periods import Period, is_late, period_at

Answer = tuple[str, str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleOutcome:
    """Answer for a newsletter.

    ``outcome`` is ``told``, ``left out``, ``waits``, ``too old``, ``undated``, ``not placed``, ``no match``,
    ``withdrawn``, ``missed``, ``failed`` or ``paused``. ``edition_id`` is the edition of the answer, if any.
    """

    newsletter: str
    outcome: str
    text: str
    edition_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """Facts about an article and a newsletter.

    ``matches``: the query takes the article. ``newest``: no earlier article of its source is newer.
    ``editions`` are the article's records in editions, the latest first; ``leads`` has the titles of their
    leads by id. Periods that ended before ``known_since`` have no edition. ``failure`` is the error of the
    last edition, or ``""``. ``state`` and ``edition_id`` belong to the edition of the article's period.
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

    It is the period of publication, or the later period in which the article was first seen. ``None`` if the
    article is undated, or was first seen too late.
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
    """Return the outcome of an article. ``show`` writes a time in the newsletter's time zone."""
    answer = _by_editions(facts, show)
    if answer is None and period is not None:
        due = f"the edition of {show(period.end)}"
        running = period_at(newsletter, now)
        answer = _by_period(facts, period, due, running) or _by_clock(newsletter, facts, period, now, due)
    late = "too old", "first seen more than a period after the period of its publication", None
    outcome, text, edition_id = answer or late
    return ArticleOutcome(newsletter=newsletter.name, outcome=outcome, text=text, edition_id=edition_id)


def _by_editions(facts: ArticleFacts, show: Callable[[datetime], str]) -> Answer | None:
    """Answer from the article and its records in editions."""
    sent = [edition for edition in facts.editions if edition.state != "withdrawn"]
    told = [article for article in sent if not article.reason]
    record = next(iter(told or sent or facts.editions), None)
    edition = f"edition {record.edition_id} of {show(record.period_end)}" if record else ""
    if record and told:
        return "told", f"told in {edition}{_part(facts, record)}", record.edition_id
    if not facts.matches:
        return "no match", "its query does not take the article", None
    if facts.article.story_id is None:
        return "not placed", "it belongs to no story yet: run `syndicate stories`", None
    if not facts.article.dated:
        return "undated", "its date is unknown, so it is news of no period", None
    if record is None:
        return None
    if not sent:
        return "withdrawn", f"{edition} was withdrawn and never sent", record.edition_id
    outcome = "waits" if record.reason in EditionArticle.WAITS else "left out"
    return outcome, _left_out(record, edition), record.edition_id


def _part(facts: ArticleFacts, record: EditionArticle) -> str:
    title = "" if record.lead_id == facts.article.id else facts.leads.get(record.lead_id, "")
    return f', as part of the story "{title}"' if title else ""


def _left_out(record: EditionArticle, edition: str) -> str:
    place, _, places = record.detail.partition("/")
    rank = "its story is in no list" if place == "-" else f"place {place} for {places} stories"
    texts = {
        LeaveReason.REPEATS: f"repeats what edition {record.detail} told; left out of {edition}",
        LeaveReason.NO_ROOM: f"no room in {edition}: {rank}",
        LeaveReason.SHARE: f"no room in {edition}: its source had {record.detail} stories there already",
        LeaveReason.LANGUAGE: f"left out of {edition}: the newsletter tells its story in another language",
        LeaveReason.EDITOR: f"an editor left it out of {edition}",
        LeaveReason.SIZE: f"{edition} had no space for it in the mail; it waits for the next edition",
        LeaveReason.TEMPLATE: f"a template fails with it; left out of {edition}, it waits for the next",
        LeaveReason.GONE: f"left out of {edition}: its page was gone",
    }
    return texts[LeaveReason(record.reason)]


def _by_period(facts: ArticleFacts, period: Period, edition: str, running: Period) -> Answer | None:
    """Answer from the edition of the article's period, which has no record of the article."""
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

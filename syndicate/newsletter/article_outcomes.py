"""What became of one article in a newsletter: one answer, from what its editions recorded. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from syndicate.model import LeaveReason, Newsletter
from syndicate.newsletter.periods import Period, is_late, latest_period, parse_schedule, read_zone


class Outcome(StrEnum):
    """State of an article in a newsletter."""

    TOLD = "told"
    LEFT_OUT = "left out"
    WAITS = "waits"
    TOO_OLD = "too old"
    UNDATED = "undated"
    UNPLACED = "not placed"
    NO_MATCH = "no match"
    WITHDRAWN = "withdrawn"
    MISSED = "missed"
    FAILED = "failed"
    PAUSED = "paused"


Show = Callable[[datetime], str]
Answer = tuple[Outcome, str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleOutcome:
    """The answer for one newsletter. ``edition_id`` is the edition it is about, if it is about one."""

    newsletter: str
    outcome: Outcome
    text: str
    edition_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An article in one edition, as recorded. ``lead`` is the title of the item's lead if another led it."""

    edition_id: int
    period_end: datetime
    withdrawn: bool
    reason: str
    detail: str
    lead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleFacts:
    """Facts about an article. ``matches``: the newsletter's query takes it."""

    published: datetime
    first_seen: datetime
    dated: bool
    placed: bool
    matches: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterState:
    """Facts about a newsletter. ``failure`` is why its last edition failed, or ``""``.

    ``known_since``: periods that ended before this moment have no edition.
    """

    known_since: datetime
    paused: bool = False
    failure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeriodRecord:
    """Record of one period: the state and id of its edition, ``""`` and ``None`` if it has none yet."""

    state: str
    edition_id: int | None


def period_of(newsletter: Newsletter, article: ArticleFacts) -> Period | None:
    """Return the period in which an article is news; ``None`` if it was first seen too late for any.

    That is the period in which it was published, or the next one if it was first seen in that.
    """
    schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)

    def holding(at: datetime) -> Period:
        return Period(
            start=latest_period(schedule, zone, at).end, end=schedule.next_runs(zone, at, 1)[0], key=""
        )

    period = holding(article.published)
    if article.first_seen < period.end:
        return period
    late = holding(article.first_seen)
    return late if is_late(article.published, article.first_seen, late) else None


def outcome_of(
    newsletter: Newsletter,
    article: ArticleFacts,
    recorded: Sequence[Recorded],
    state: NewsletterState,
    period: Period | None,
    record: PeriodRecord,
    *,
    now: datetime,
    show: Show,
) -> ArticleOutcome:
    """Return what became of an article in a newsletter.

    ``recorded`` is what its editions did with the article, the latest first; ``period`` is ``period_of`` it,
    ``record`` what became of that period. ``show`` writes a time on the newsletter's clock.
    """
    found = _by_editions(article, recorded, show)
    if found is None and period is not None:
        found = _by_record(article, period, record, show) or _by_clock(newsletter, state, period, now, show)
    late = Outcome.TOO_OLD, "first seen more than a period after the period it was published in", None
    outcome, text, edition_id = found or late
    return ArticleOutcome(newsletter=newsletter.name, outcome=outcome, text=text, edition_id=edition_id)


def _by_editions(article: ArticleFacts, recorded: Sequence[Recorded], show: Show) -> Answer | None:
    """Answer from the article and what editions recorded about it."""
    sent = [one for one in recorded if not one.withdrawn]
    told = next((one for one in sent if one.reason in ("", LeaveReason.SAME_EVENT)), None)
    if told:
        return Outcome.TOLD, f"told in {_edition(told, show)}{_part(told)}", told.edition_id
    if not article.matches:
        return Outcome.NO_MATCH, "its query does not take the article", None
    if not article.placed:
        return Outcome.UNPLACED, "waits for its place in a story: `syndicate stories` gives it one", None
    if not article.dated:
        return Outcome.UNDATED, "its date is unknown, so it is news of no period", None
    if sent:
        waits = sent[0].reason == LeaveReason.SIZE
        return Outcome.WAITS if waits else Outcome.LEFT_OUT, _left_out(sent[0], show), sent[0].edition_id
    if recorded:
        text = f"{_edition(recorded[0], show)} was withdrawn and never sent"
        return Outcome.WITHDRAWN, text, recorded[0].edition_id
    return None


def _by_record(article: ArticleFacts, period: Period, record: PeriodRecord, show: Show) -> Answer | None:
    """Answer from what became of the article's period."""
    if record.edition_id is None:
        return None
    edition = f"edition {record.edition_id} of {show(period.end)}"
    if record.state == "missed":
        return Outcome.MISSED, f"{edition} was missed", record.edition_id
    if article.published < period.start:
        return Outcome.TOO_OLD, f"published before the period of {edition}", record.edition_id
    return Outcome.LEFT_OUT, f"no room in {edition}: its story was in no list", record.edition_id


def _by_clock(
    newsletter: Newsletter, state: NewsletterState, period: Period, now: datetime, show: Show
) -> Answer:
    """Answer for a period that has no edition yet."""
    due = f"the edition of {show(period.end)}"
    if state.paused:
        text = f"the newsletter is paused: `syndicate newsletters resume {newsletter.name}`"
        return Outcome.PAUSED, text, None
    if period.end > now:
        return Outcome.WAITS, f"waits for {due}", None
    if period.end <= state.known_since and newsletter.first_edition != "latest":
        text = f"older than the newsletter, whose periods count from {show(state.known_since)}"
        return Outcome.TOO_OLD, text, None
    if state.failure:
        return Outcome.FAILED, f"{due} failed and is tried again: {state.failure}", None
    if (now - period.end).total_seconds() <= newsletter.max_lateness:
        return Outcome.WAITS, f"waits for {due}, which is due", None
    return Outcome.MISSED, f"{due} was missed", None


def _edition(one: Recorded, show: Show) -> str:
    return f"edition {one.edition_id} of {show(one.period_end)}"


def _part(one: Recorded) -> str:
    if one.reason:
        return f", whose article {one.detail} tells the same event"
    return f', as part of the story "{one.lead}"' if one.lead else ""


def _left_out(one: Recorded, show: Show) -> str:
    edition = _edition(one, show)
    place, _, places = one.detail.partition("/")
    texts = {
        LeaveReason.REPEATS: f"repeats what edition {one.detail} told; left out of {edition}",
        LeaveReason.NO_ROOM: f"no room in {edition}: place {place} for {places} stories",
        LeaveReason.SHARE: f"no room in {edition}: its source had {one.detail} stories there already",
        LeaveReason.EDITOR: f"an editor left it out of {edition}",
        LeaveReason.SIZE: f"{edition} had no space for it in the mail; it waits for the next edition",
        LeaveReason.GONE: f"left out of {edition}: its page was gone",
    }
    if one.reason == LeaveReason.NO_ROOM and place == "-":
        return f"no room in {edition}: its story was in no list"
    return texts[LeaveReason(one.reason)]

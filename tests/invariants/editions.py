"""Truth about editions in histories: what each one has to carry, and what is wrong with it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from syndicate.jobs.newsletter.outcome_lookup import article_outcomes
from syndicate.model import EVERY_EDITION, LeaveReason
from syndicate.newsletter.compose import is_news
from syndicate.newsletter.periods import latest_period, parse_schedule, read_zone
from syndicate.store import schema
from syndicate.store.ingest import article_store

if TYPE_CHECKING:
    from tests.invariants.newsroom import Newsroom
    from tests.invariants.rows import Row

ONE_SOURCE = "alpha"
"""The newsletter of one source: every post of it is an item of its own."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The result of the edition job for one period: the readers it had to have, and what is wrong with it."""

    newsletter: str
    edition_id: int | None
    readers: frozenset[str]
    defects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """The article that leads an item of an edition."""

    edition: int
    lead: int


@dataclass(frozen=True, slots=True)
class Expected:
    """Facts known right before an edition was cut.

    ``due`` are the articles that belong to its period and match its newsletter, ``labels`` tell texts apart.
    ``unread`` are the addresses of further ones, of sources that should have been read before.
    """

    newsletter: str
    period_end: datetime
    due: tuple["Row", ...]
    earlier: tuple[Item, ...]
    labels: Mapping[int, int]
    unread: frozenset[str]


def expected(newsroom: "Newsroom", newsletter: Any, period: Any) -> Expected:
    """Return what the edition of a period has to be about."""
    earlier = tuple(items(newsroom, newsletter.name))
    at = min(newsroom.now, period.end)
    due = (
        row
        for row in newsroom.rows()
        if row.story is not None
        and row.dated
        and (newsletter.name != ONE_SOURCE or row.source == ONE_SOURCE)
        and min(row.published, row.first_seen) <= at
        and is_news(row.published, row.first_seen, period, first=not earlier)
    )
    unread = (
        url
        for url in newsroom.unread(period)
        if newsletter.name != ONE_SOURCE or url.startswith(f"https://{ONE_SOURCE}.")
    )
    labels = newsroom.labels()
    return Expected(newsletter.name, period.end, tuple(due), earlier, labels, frozenset(unread))


def defects(newsroom: "Newsroom", known: Expected, edition_id: int | None) -> Iterator[str]:
    """Yield what is wrong with an edition that was cut, or found empty (``None``)."""
    name = f"the edition of {known.newsletter} for {known.period_end:%d %H:%M}"
    new = [one for one in items(newsroom, known.newsletter) if one.edition == edition_id]
    if known.unread and edition_id is None:
        yield f"{name} is empty, though {sorted(known.unread)} were not read"
    texts = {known.labels.get(one.lead, -one.lead): one.edition for one in known.earlier}
    for one in new:
        label = known.labels.get(one.lead, -one.lead)
        if label in texts:
            yield f"{name} repeats the text of article {one.lead}, which edition {texts[label]} carried"
        texts[label] = one.edition
    leads = [row for row in newsroom.rows() if row.id in {one.lead for one in new}]
    if len({row.source for row in leads}) > 1 and len({row.story for row in leads}) < len(leads):
        yield f"{name} has several items of one story: {[(row.id, row.story, row.title) for row in leads]}"
    records = _records(newsroom, known.newsletter)
    for article_id, found in records.items():
        if len(told := [edition for edition, reason in found if not reason]) > 1:
            yield f"{known.newsletter} told article {article_id} in the editions {told}"
    for row in known.due:
        found = records.get(row.id, [])
        if not found:
            yield f"{name} lacks article {row.id} ({row.title}), which no rule keeps out"
        before = any(not reason for edition, reason in found if edition != edition_id)
        spared = before or LeaveReason.EDITOR in {reason for _, reason in found}
        if known.newsletter == ONE_SOURCE and not spared and known.labels[row.id] not in texts:
            yield f"{name} lacks post {row.id} ({row.title}), whose text no edition carried"


def _records(newsroom: "Newsroom", newsletter: str) -> dict[int, list[tuple[int, str]]]:
    """Return what the editions of a newsletter did with each article: told it (``""``), or why not."""
    table, editions = schema.edition_articles, schema.editions
    query = select(table.c.article_id, table.c.edition_id, table.c.reason)
    query = query.join(editions, editions.c.id == table.c.edition_id)
    query = query.where(editions.c.newsletter == newsletter).order_by(editions.c.period_end)
    found: dict[int, list[tuple[int, str]]] = defaultdict(list)
    with newsroom.store.read() as connection:
        for row in connection.execute(query):
            found[row.article_id].append((row.edition_id, row.reason))
    return found


def lost_periods(newsroom: "Newsroom") -> Iterator[str]:
    """Yield periods with articles that ended and have neither an edition nor a record of why."""
    table = schema.editions
    for newsletter in newsroom.services.newsletters:
        query = select(table.c.period_start, table.c.period_end).where(
            table.c.newsletter == newsletter.name, table.c.variant_key == EVERY_EDITION
        )
        with newsroom.store.read() as connection:
            periods = [(row.period_start, row.period_end) for row in connection.execute(query)]
        # Periods before the first record are none: the newsletter was being set up.
        began = min((start for start, _ in periods), default=newsroom.now)
        ended = max((end for _, end in periods), default=newsroom.now)
        if ended > newsroom.now:
            yield f"{newsletter.name} has a record of the period that ends at {ended}, which is to come"
        schedule, zone = parse_schedule(newsletter.schedule), read_zone(newsletter.time_zone)
        if latest_period(schedule, zone, newsroom.now).end not in {end for _, end in periods}:
            yield f"{newsletter.name} has no edition of its latest period and does not say why"
        for row in newsroom.rows():
            within = any(start <= row.published < end for start, end in periods)
            if row.dated and began <= row.published < ended and not within:
                yield f"{newsletter.name} has no record of the period of {row.published} ({row.title})"


def wrong_answers(newsroom: "Newsroom") -> Iterator[str]:
    """Yield articles of which ``explain`` says something else than the rows, or nothing that is a rule."""
    newsletters, rows = newsroom.services.newsletters, newsroom.rows()
    records = {one.name: _records(newsroom, one.name) for one in newsletters}
    with newsroom.store.read() as connection:
        articles = article_store.get_articles(connection, [row.id for row in rows])
        answers = {
            row.id: article_outcomes(connection, newsletters, articles[row.id], newsroom.now) for row in rows
        }
    for row in rows:
        for answer in answers[row.id]:
            found = records[answer.newsletter].get(row.id, [])
            told = [edition for edition, reason in found if not reason]
            if answer.newsletter == ONE_SOURCE != row.source and not told:
                right = answer.outcome == "no match"
            elif found:
                right = answer.outcome == ("told" if told else "left out")
                right = right and answer.edition_id in (told or [edition for edition, _ in found])
            elif not row.dated or row.story is None:
                right = answer.outcome == ("not placed" if row.story is None else "undated")
            else:
                right = answer.outcome in ("waits", "too old", "missed")
            if not right:
                yield f"{answer.newsletter} says of article {row.id}: {answer.text}; its records: {found}"


def items(newsroom: "Newsroom", newsletter: str) -> Iterator[Item]:
    """Yield the items of a newsletter's editions, in the order of editions."""
    table, editions = schema.edition_articles, schema.editions
    query = select(table.c.edition_id, table.c.article_id).where(table.c.article_id == table.c.lead_id)
    query = query.join(editions, editions.c.id == table.c.edition_id)
    query = query.where(editions.c.newsletter == newsletter)
    with newsroom.store.read() as connection:
        found = connection.execute(query.order_by(table.c.edition_id, table.c.article_id)).all()
    return (Item(row.edition_id, row.article_id) for row in found)

"""Articles that editions carried or left out, with the reason."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, insert, or_, select, update

from syndicate.model import EVERY_EDITION, ISSUE, EditionArticle, EditionStory, LeaveReason, LeftOut
from syndicate.store.core.batches import in_batches, rows_with
from syndicate.store.core.upsert import replacing
from syndicate.store.schema import edition_articles as articles
from syndicate.store.schema import editions

_OPEN = ("waiting", "held")
_WITHDRAWN = "withdrawn"
_MISSED = "missed"
_SENT_ISSUE = ("cut", "waiting")
_LATE = timedelta(days=1)
_CARRY = replacing(articles, lambda _new: articles.c.reason != "")


def save_articles(
    connection: Connection,
    edition_id: int,
    *,
    stories: Iterable[EditionStory] = (),
    left_out: Iterable[LeftOut] = (),
) -> None:
    """Record the articles that an edition carries or leaves out."""
    carried = [
        (article_id, story.lead.article.id, "", "")
        for story in stories
        for article_id in story.tells or (story.lead.article.id,)
    ]
    rows = carried + [(left.article_id, 0, str(left.reason), left.detail) for left in left_out]
    names = ("article_id", "lead_id", "reason", "detail")
    values = [{"edition_id": edition_id, **dict(zip(names, row, strict=True))} for row in rows]
    for batch in in_batches(values):
        connection.execute(insert(articles), batch)


def replace_stories(connection: Connection, edition_id: int, stories: Iterable[EditionStory]) -> None:
    """Replace the articles that an open edition carries."""
    connection.execute(delete(articles).where(articles.c.edition_id == edition_id))
    save_articles(connection, edition_id, stories=stories)


def leave_out_items(
    connection: Connection, edition_id: int, *, kept: Collection[int], reasons: Mapping[int, LeaveReason]
) -> None:
    """Record that an open edition carries only the items with these leads.

    The articles of the other items get a reason: the editor's decision, unless ``reasons`` has another for
    the lead.
    """
    gone = and_(articles.c.edition_id == edition_id, articles.c.reason == "", articles.c.lead_id.not_in(kept))
    for lead_id, reason in reasons.items():
        led = articles.c.lead_id == lead_id
        connection.execute(update(articles).where(gone, led).values(reason=str(reason), lead_id=0))
    connection.execute(update(articles).where(gone).values(reason=str(LeaveReason.EDITOR), lead_id=0))


def carry_item(connection: Connection, edition_id: int, lead_id: int, tells: Iterable[int]) -> None:
    """Record that an open edition carries an item again, or also; other items keep their articles."""
    values = [
        {"edition_id": edition_id, "article_id": number, "lead_id": lead_id, "reason": "", "detail": ""}
        for number in {lead_id, *tells}
    ]
    _CARRY.execute_many(connection, values)


def carried_articles(
    connection: Connection,
    newsletter: str,
    *,
    before: datetime,
    variant_key: str = EVERY_EDITION,
    article_ids: Sequence[int] | None = None,
) -> dict[int, EditionArticle]:
    """Return the articles in editions for periods that ended before a time, each with the latest edition.

    A withdrawn edition does not count, because it was never sent. An edition that waits for its editor
    counts, because it is sent unless an editor stops it. Issues to all subscribers count once approved.
    """
    # An edition may be cut late: an issue that was sent meanwhile counts, too.
    issued = and_(*_carried_by(newsletter, ISSUE, before + _LATE), editions.c.segment == "")
    issued = and_(issued, editions.c.state.in_(_SENT_ISSUE))
    told = or_(and_(*_carried_by(newsletter, variant_key, before)), issued)
    query = _articles().where(told, articles.c.reason == "")
    query = query.order_by(editions.c.period_end)
    if article_ids is None:
        rows = iter(connection.execute(query))
    else:
        rows = rows_with(connection, query, articles.c.article_id, article_ids)
    return {row.article_id: EditionArticle(**row._asdict()) for row in rows}


def waiting_articles(
    connection: Connection, newsletter: str, *, before: datetime, variant_key: str = EVERY_EDITION
) -> list[int] | None:
    """Return the articles that the last edition left to the next edition; ``None`` without an edition."""
    last = (
        select(editions.c.id)
        .where(*_carried_by(newsletter, variant_key, before))
        .order_by(editions.c.period_end.desc())
    )
    edition_id = connection.scalars(last.limit(1)).first()
    if edition_id is None:
        return None
    query = select(articles.c.article_id).where(
        articles.c.edition_id == edition_id, articles.c.reason.in_(EditionArticle.WAITS)
    )
    return list(connection.scalars(query.order_by(articles.c.article_id)))


def unrecorded_articles(
    connection: Connection, newsletter: str, *, period_end: datetime, article_ids: Sequence[int]
) -> set[int]:
    """Return the articles among these that no edition of a newsletter recorded.

    They were placed in a story after the edition for the period ending at ``period_end`` was cut or found
    empty. Without such an edition the result is empty.
    """
    line = editions.c.newsletter == newsletter, editions.c.variant_key == EVERY_EDITION
    cut = select(editions.c.id).where(*line, editions.c.period_end == period_end, editions.c.state != _MISSED)
    if not article_ids or connection.execute(cut.limit(1)).first() is None:
        return set()
    query = select(articles.c.article_id).join(editions, editions.c.id == articles.c.edition_id).where(*line)
    recorded = rows_with(connection, query, articles.c.article_id, article_ids)
    return set(article_ids) - {row.article_id for row in recorded}


def article_editions(connection: Connection, article_id: int) -> list[EditionArticle]:
    """Return each edition's record of an article, the latest first."""
    query = _articles().where(articles.c.article_id == article_id)
    query = query.order_by(editions.c.period_end.desc(), editions.c.id.desc())
    return [EditionArticle(**row._asdict()) for row in connection.execute(query)]


def open_editions_with(connection: Connection, article_ids: Sequence[int]) -> list[tuple[int, str]]:
    """Return (id, newsletter) of the editions that wait for an editor and carry any of these articles."""
    query = select(editions.c.id, editions.c.newsletter).distinct()
    query = query.join(articles, articles.c.edition_id == editions.c.id)
    carried = query.where(editions.c.state.in_(_OPEN), articles.c.reason == "")
    rows = rows_with(connection, carried, articles.c.article_id, article_ids)
    return sorted({(row.id, row.newsletter) for row in rows})


def _carried_by(newsletter: str, variant_key: str, before: datetime) -> list[ColumnElement[bool]]:
    return [
        editions.c.newsletter == newsletter,
        editions.c.variant_key == variant_key,
        editions.c.period_end < before,
        editions.c.state != _WITHDRAWN,
        editions.c.stories > 0,
    ]


def _articles() -> Select[Any]:
    own = (articles.c[name] for name in ("article_id", "edition_id", "lead_id", "reason", "detail"))
    further = (editions.c[name] for name in ("variant_key", "newsletter", "state", "period_end", "cut_at"))
    return select(*own, *further).join(editions, editions.c.id == articles.c.edition_id)

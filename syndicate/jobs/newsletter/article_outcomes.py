"""The answers to "why was this article (not) mailed?", from the rows of each newsletter."""

from collections.abc import Sequence
from datetime import datetime

from syndicate.model import EVERY_EDITION, Article, Newsletter
from syndicate.newsletter.article_outcomes import (
    ArticleFacts,
    ArticleOutcome,
    NewsletterState,
    PeriodRecord,
    Recorded,
    outcome_of,
    period_of,
)
from syndicate.newsletter.periods import read_zone
from syndicate.store import Connection, desk, edition_articles, quarantine
from syndicate.store import articles as article_store
from syndicate.store import channels as channel_store
from syndicate.store import newsletters as newsletter_store
from syndicate.store.editions import WITHDRAWN


def article_outcomes(
    connection: Connection, newsletters: Sequence[Newsletter], article: Article, now: datetime
) -> list[ArticleOutcome]:
    """Return one answer for each newsletter, about the edition that everybody gets."""
    rows = [
        row
        for row in edition_articles.article_editions(connection, article.id)
        if row.cadence == EVERY_EDITION
    ]
    leads = article_store.get_articles(connection, [row.lead_id for row in rows])
    paused = newsletter_store.paused_newsletters(connection)
    failures = {one.subject: one.reason for one in quarantine.failures(connection, kind="newsletter")}
    found = []
    for newsletter in newsletters:
        recorded = [
            Recorded(
                edition_id=row.edition_id,
                period_end=row.period_end,
                withdrawn=row.state == WITHDRAWN,
                reason=row.reason,
                detail=row.detail,
                lead=leads[row.lead_id].title if row.lead_id in leads and row.lead_id != article.id else "",
            )
            for row in rows
            if row.newsletter == newsletter.name
        ]
        facts = ArticleFacts(
            published=article.published,
            first_seen=article.first_seen,
            dated=article.dated,
            placed=article.story_id is not None,
            matches=bool(channel_store.matching_articles(connection, newsletter.clauses, [article.id])),
        )
        period = period_of(newsletter, facts) if facts.dated else None
        issue = desk.issue_of(connection, newsletter.name, period.end) if period else None
        zone = read_zone(newsletter.time_zone)
        found.append(
            outcome_of(
                newsletter,
                facts,
                recorded,
                NewsletterState(
                    known_since=newsletter_store.known_since(connection, newsletter.name) or now,
                    paused=newsletter.name in paused,
                    failure=failures.get(newsletter.name, ""),
                ),
                period,
                PeriodRecord(
                    state=issue.state if issue else "", edition_id=issue.edition.id if issue else None
                ),
                now=now,
                show=lambda at, zone=zone: f"{at.astimezone(zone):%a %d %b %H:%M %Z}",  # type: ignore[misc]
            )
        )
    return found

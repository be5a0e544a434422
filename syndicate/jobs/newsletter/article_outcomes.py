"""Answers to "why was this article (not) mailed?", from the rows of each newsletter."""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from syndicate.model import EVERY_EDITION, Article, Newsletter
from syndicate.newsletter.article_outcomes import (
    ArticleFacts,
    ArticleOutcome,
    NewsletterFacts,
    outcome_of,
    period_of,
)
from syndicate.newsletter.periods import latest_period, parse_schedule, read_zone
from syndicate.store import Connection, desk, edition_articles, quarantine
from syndicate.store import articles as article_store
from syndicate.store import channels as channel_store
from syndicate.store import newsletters as newsletter_store


def article_outcomes(
    connection: Connection, newsletters: Sequence[Newsletter], article: Article, now: datetime
) -> list[ArticleOutcome]:
    """Return one answer for each newsletter, about its main edition."""
    rows = edition_articles.article_editions(connection, article.id)
    leads = article_store.get_articles(connection, [row.lead_id for row in rows])
    titles = {lead_id: lead.title for lead_id, lead in leads.items()}
    paused = newsletter_store.paused_newsletters(connection)
    failures = {one.subject: one.reason for one in quarantine.failures(connection, kind="newsletter")}
    found = []
    for newsletter in newsletters:
        zone = read_zone(newsletter.time_zone)
        start = latest_period(parse_schedule(newsletter.schedule), zone, article.first_seen).end
        newest = article_store.newest_before(connection, [article.source_id], first_seen=start)
        line = newsletter.name, EVERY_EDITION
        facts = ArticleFacts(
            article_id=article.id,
            published=article.published,
            first_seen=article.first_seen,
            dated=article.dated,
            placed=article.story_id is not None,
            matches=bool(channel_store.matching_articles(connection, newsletter.clauses, [article.id])),
            newest=article.published > newest.get(article.source_id, article.published),
            editions=[row for row in rows if (row.newsletter, row.cadence) == line],
            leads=titles,
        )
        period = period_of(newsletter, facts) if facts.dated else None
        issue = desk.issue_of(connection, newsletter.name, period.end) if period else None
        state = NewsletterFacts(
            known_since=newsletter_store.known_since(connection, newsletter.name) or now,
            paused=newsletter.name in paused,
            failure=failures.get(newsletter.name, ""),
            state=issue.state if issue else "",
            edition_id=issue.edition.id if issue else None,
        )

        def show(at: datetime, zone: tzinfo = zone) -> str:
            return f"{at.astimezone(zone):%a %d %b %H:%M %Z}"

        found.append(outcome_of(newsletter, facts, period, state, now=now, show=show))
    return found

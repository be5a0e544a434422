"""Answer to "why was this article (not) mailed?", read from the store for each newsletter."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo

from syndicate.model import EVERY_EDITION, Article, Newsletter
from syndicate.newsletter.article_outcomes import ArticleFacts, ArticleOutcome, outcome_of, period_of
from syndicate.newsletter.periods import period_at, read_zone
from syndicate.store import Connection
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store
from syndicate.store.mail import edition_articles, newsletter_store, review_store
from syndicate.store.output import channel_store


def article_outcomes(
    connection: Connection, newsletters: Sequence[Newsletter], article: Article, now: datetime
) -> list[ArticleOutcome]:
    """Return an answer for each newsletter, about its main edition."""
    rows = edition_articles.article_editions(connection, article.id)
    leads = article_store.get_articles(connection, [row.lead_id for row in rows])
    titles = {lead_id: lead.title for lead_id, lead in leads.items()}
    paused = newsletter_store.paused_newsletters(connection)
    failures = {
        failure.subject: failure.reason for failure in quarantine.failures(connection, kind="newsletter")
    }
    outcomes = []
    for newsletter in newsletters:
        zone = read_zone(newsletter.time_zone)
        start = period_at(newsletter, article.first_seen).start
        newest = article_store.newest_before(connection, [article.source_id], first_seen=start)
        name = newsletter.name
        facts = ArticleFacts(
            article=article,
            matches=bool(channel_store.matching_articles(connection, newsletter.clauses, [article.id])),
            known_since=newsletter_store.known_since(connection, name) or now,
            newest=article.published > newest.get(article.source_id, article.published),
            editions=[row for row in rows if (row.newsletter, row.variant_key) == (name, EVERY_EDITION)],
            leads=titles,
            paused=name in paused,
            failure=failures.get(name, ""),
        )
        period = period_of(newsletter, facts)
        if period and (main := review_store.main_edition(connection, name, period.end)):
            facts = replace(facts, state=main.state, edition_id=main.edition.id)

        def show(at: datetime, zone: tzinfo = zone) -> str:
            return f"{at.astimezone(zone):%a %d %b %H:%M %Z}"

        outcomes.append(outcome_of(newsletter, facts, period, now=now, show=show))
    return outcomes

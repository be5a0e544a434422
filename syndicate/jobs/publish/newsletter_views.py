"""Newsletters as pages show them, from their declarations and their sent editions."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote

from syndicate.model import Newsletter, archive_feed, archive_folder
from syndicate.newsletter.periods import parse_schedule, period_at, read_zone
from syndicate.publish.newsletter_archive import edition_link
from syndicate.publish.newsletter_view import NewsletterView, Rhythm
from syndicate.store import Connection
from syndicate.store.mail import newsletter_store
from syndicate.store.mail.archive_store import SentEdition, edition_contents, sent_editions
from syndicate.text.language import direction_of

HEADLINES = 3

Sent = Mapping[str, Sequence[SentEdition]]


def read_sent(connection: Connection, newsletters: Sequence[Newsletter]) -> Sent:
    """Return the sent editions of each newsletter by its name, newest first."""
    return {newsletter.name: sent_editions(connection, newsletter.name) for newsletter in newsletters}


def newsletter_views(
    connection: Connection, newsletters: Sequence[Newsletter], sent: Sent, language: str, now: datetime
) -> list[NewsletterView]:
    """Return the newsletters, in order. ``language`` is that of newsletters without a language."""
    paused = newsletter_store.paused_newsletters(connection)
    contents = edition_contents(connection, [editions[0].id for editions in sent.values() if editions])
    views = []
    for newsletter in newsletters:
        editions, schedule = sent[newsletter.name], parse_schedule(newsletter.schedule)
        newest = editions[0] if editions else None
        spoken = newsletter.language or language
        views.append(
            NewsletterView(
                name=newsletter.name,
                title=newsletter.title,
                description=newsletter.description,
                language=spoken,
                direction=direction_of(spoken),
                zone=read_zone(newsletter.time_zone),
                path=f"{quote(archive_folder(newsletter.name))}/index.html",
                feed=quote(archive_feed(newsletter.name)),
                rhythm=Rhythm(
                    kind=schedule.cadence.value,
                    times=tuple(f"{time:%H:%M}" for time in schedule.times),
                    day=schedule.day,
                ),
                next=None if newsletter.name in paused else period_at(newsletter, now).end,
                latest=edition_link(newsletter, newest.period_end, newest.subject, newest.published)
                if newest
                else None,
                headlines=tuple(story.title for story in contents[newest.id][1].stories[:HEADLINES])
                if newest
                else (),
                editions=len(editions),
                first=editions[-1].published if editions else None,
            )
        )
    return views

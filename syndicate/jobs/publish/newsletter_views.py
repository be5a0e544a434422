"""Newsletters as pages show them, from their declarations and their sent editions."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote

from syndicate.jobs.publish.context import PublishContext
from syndicate.model import Newsletter, archive_feed, archive_folder, edition_path
from syndicate.newsletter.periods import parse_schedule, period_at, read_zone
from syndicate.publish.newsletter_archive import edition_link
from syndicate.publish.site_view import NewsletterView
from syndicate.store import Connection
from syndicate.store.mail import newsletter_store
from syndicate.store.mail.archive_store import EditionRow, edition_contents, sent_editions
from syndicate.text.language import direction_of
from syndicate.text.markup import clean_markup

HEADLINES = 3

Sent = Mapping[str, Sequence[EditionRow]]


def read_sent(connection: Connection, newsletters: Sequence[Newsletter], now: datetime) -> Sent:
    """Return the sent editions of each newsletter by its name, newest first."""
    return {newsletter.name: sent_editions(connection, newsletter.name, now) for newsletter in newsletters}


def views_of(context: PublishContext, connection: Connection, sent: Sent) -> list[NewsletterView]:
    """Return the newsletters of a publish run, in order, with words in the site's language."""
    templates, options = context.templates, context.options
    paused = newsletter_store.paused_newsletters(connection)
    contents = edition_contents(connection, [editions[0].id for editions in sent.values() if editions])
    views = []
    for newsletter in context.newsletters:
        editions, own_zone = sent[newsletter.name], read_zone(newsletter.time_zone)
        newest = editions[0] if editions else None
        due, language = period_at(newsletter, context.now).end, newsletter.language or options.language
        frequency = templates.fragment(
            "pages/parts/frequency.html",
            schedule=parse_schedule(newsletter.schedule),
            due=due,
            zone=own_zone if own_zone != options.time_zone else None,
        )
        latest = newest and replace(
            edition_link(
                edition_path(newsletter.name, newest.period_end, newest.variant_key),
                newsletter,
                newest.subject,
                newest.published,
            ),
            headlines=tuple(story.title for story in contents[newest.id][1].stories[:HEADLINES]),
        )
        views.append(
            NewsletterView(
                name=newsletter.name,
                title=newsletter.title,
                description=newsletter.description,
                brand=newsletter.brand,
                intro=newsletter.intro,
                footer=newsletter.footer,
                frequency=clean_markup(frequency.strip()),
                archive=f"{quote(archive_folder(newsletter.name))}/index.html",
                latest=latest or None,
                language=language,
                direction=direction_of(language),
                zone=own_zone,
                feed=quote(archive_feed(newsletter.name)),
                next=None if newsletter.name in paused else due,
                editions=len(editions),
                first=editions[-1].published if editions else None,
            )
        )
    return views

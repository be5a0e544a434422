"""Variables of the mail templates ``mail/digest.*``; ``docs/templates.md`` describes every field."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syndicate.groups import grouped
from syndicate.model import (
    Brand,
    ContentAnnouncement,
    ContentPart,
    ContentStory,
    EditionContent,
    Newsletter,
    is_dated,
)
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_views import SiteFacts, harmless
from syndicate.text.dates import clock_time, human_day
from syndicate.text.language import direction_of
from syndicate.text.markup import clean_markup
from syndicate.text.names import tag_key
from syndicate.text.reading_time import measure_reading

# Age from which a story shows its date without a time of day.
DATED_FROM = timedelta(days=6)
_PREHEADER_LIMIT = 130
_CONTENTS = 5
_SHORT_TITLE = 45
_LEAST_TITLE = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSection:
    """Stories under one heading: the names of one section, of two, or of none, and the stories in order.

    The stories have no ``section``: the heading has it.
    """

    names: tuple[str, ...]
    stories: tuple[ContentStory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestBlock:
    """A rendered block of a digest: its name, its rows of HTML, and its lines of the text part."""

    name: str
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContext:
    """Context of an edition's mail: each field is a variable of the templates.

    ``unsubscribe_url`` is an ``https`` link with ``TOKEN``, or a ``mailto:`` without a web server.
    ``preferences_url`` has ``TOKEN`` too, or is ``""`` without a web server. ``reason``, ``subject``,
    ``preheader``, ``forward_url`` and ``blocks`` are variables of the later templates; ``None`` is no
    variable.

    ``brand`` is the newsletter's, as in ``site``. ``sections`` are the stories after the first by section;
    ``contents`` are the first stories with short titles; ``minutes`` is the reading time of the mail.
    ``logo_url``, ``day_url`` (page of the day), ``subscribe_url`` (page of the newsletters) and
    ``previous_url`` (edition before this one) are ``""`` without such a page or image. ``forward_url`` opens
    a mail with the address of the edition. ``parts`` make up a written edition.
    """

    newsletter: Newsletter
    period: Period
    site: SiteFacts
    brand: Brand
    zone: ZoneInfo
    language: str
    direction: str
    stories: tuple[ContentStory, ...]
    trending: tuple[ContentStory, ...]
    note: str
    correction: str
    unsubscribe_url: str
    preferences_url: str = ""
    web_url: str = ""
    logo_url: str = ""
    day_url: str = ""
    subscribe_url: str = ""
    previous_url: str = ""
    announcements: tuple[ContentAnnouncement, ...] = ()
    sections: tuple[DigestSection, ...] = ()
    contents: tuple[ContentStory, ...] = ()
    minutes: int = 1
    parts: tuple[ContentPart, ...] = ()
    reason: str | None = None
    subject: str | None = None
    preheader: str | None = None
    forward_url: str | None = None
    blocks: tuple[DigestBlock, ...] | None = None

    @classmethod
    def build(
        cls, newsletter: Newsletter, content: EditionContent, period: Period, site: SiteFacts, **urls: Any
    ) -> "DigestContext":
        """Return the context of an edition; ``urls`` are the fields ``unsubscribe_url`` and so on."""
        zone, language = ZoneInfo(newsletter.time_zone), newsletter.language or site.language

        def timed(story: ContentStory) -> ContentStory:
            shown = story_time(story.published, period, zone, language)
            updated = story_time(story.updated, period, zone, language) if story.updated else ""
            return replace(story, time=shown, updated_time="" if updated == shown else updated)

        top = tuple(map(timed, content.top))
        parts = tuple(
            replace(part, html=clean_markup(part.html), story=part.story and timed(part.story))
            for part in content.body
        )
        return cls(
            newsletter=newsletter,
            period=period,
            site=site,
            brand=site.brand,
            zone=zone,
            language=language,
            direction=direction_of(language),
            stories=top,
            trending=tuple(map(timed, content.trending)),
            note=content.note,
            correction=content.correction,
            announcements=tuple(
                replace(notice, html=clean_markup(notice.html)) for notice in content.announcements
            ),
            sections=by_section(top[1:], newsletter.sections),
            contents=tuple(map(_short, (*content.top, *content.trending)[:_CONTENTS])),
            minutes=measure_reading(content.text, language).minutes,
            parts=parts,
            preheader=content.preheader or None,
            **urls,
        )

    def variables(self) -> dict[str, object]:
        """Return the variables by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def preheader(context: DigestContext) -> str:
    """Return the line that mailboxes show beside the subject: the second story, and the third if it fits."""
    stories = context.stories + context.trending
    line = " · ".join(story.title for story in stories[1:3])
    if len(line) > _PREHEADER_LIMIT:
        line = stories[1].title
    prose = " ".join(part.text for part in context.parts)
    summary = stories[0].summary if stories else ""
    written = context.correction or context.preheader or context.note
    return harmless(written or prose or line or summary, _PREHEADER_LIMIT)


def forward_link(subject: str, web_url: str) -> str:
    """Return a ``mailto:`` link that sends the address of an edition on; ``""`` without an address.

    It holds no token of the subscriber, so that the receiver cannot unsubscribe the sender.
    """
    return f"mailto:?subject={quote(subject, safe='')}&body={quote(web_url, safe='')}" if web_url else ""


def by_section(stories: Sequence[ContentStory], chosen: Sequence[str] = ()) -> tuple[DigestSection, ...]:
    """Return stories by section: the chosen sections, then the others in the order of their first story.

    Two neighbours with a single story each share a heading. Stories without a section have no heading.
    """
    groups = grouped((story.section, story) for story in stories)
    places = {tag_key(name): place for place, name in enumerate(chosen)}
    sections: list[DigestSection] = []
    for name, group in sorted(groups.items(), key=lambda named: places.get(tag_key(named[0]), len(places))):
        before = sections[-1] if sections else None
        named = tuple(replace(story, section="") for story in group)
        section = DigestSection(names=(name,) if name else (), stories=named)
        if before and len(before.stories) == len(group) == len(before.names) == len(section.names):
            sections[-1] = DigestSection(
                names=before.names + section.names, stories=before.stories + section.stories
            )
        else:
            sections.append(section)
    return tuple(sections)


def _short(story: ContentStory) -> ContentStory:
    """Return a story with a short title that ends at a word, or in a script without spaces at a character."""
    title, whole = story.title, story.title[:_SHORT_TITLE].rpartition(" ")[0]
    if len(title) > _SHORT_TITLE and len(whole) >= _LEAST_TITLE:
        return replace(story, title=harmless(f"{whole.rstrip(' .,;:–—-')}…", _SHORT_TITLE))
    return replace(story, title=harmless(title, _SHORT_TITLE))


def story_time(published: datetime, period: Period, zone: ZoneInfo, language: str) -> str:
    """Return the time of publication as a mail shows it, or ``""`` when the date is unknown.

    Articles of the day of the cut show the time of day; earlier days add the weekday. From ``DATED_FROM`` on
    the date stands alone. So does the date of an article dated at midnight: its publisher gave a day only.
    """
    if not is_dated(published):
        return ""
    if published.time() == time.min:
        return human_day(published, UTC, language)
    if period.end - published >= DATED_FROM:
        return human_day(published, zone, language)
    today = published.astimezone(zone).date() == period.end.astimezone(zone).date()
    return clock_time(published, zone, language, weekday=not today)

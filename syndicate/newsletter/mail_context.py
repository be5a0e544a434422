"""Variables of the mail templates ``mail/digest.*``; ``docs/templates.md`` describes every field."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syndicate.model import ContentStory, EditionContent, Newsletter, is_dated
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_views import SiteFacts, harmless
from syndicate.text.dates import clock_time, human_day
from syndicate.text.language import direction_of
from syndicate.text.reading_time import measure_reading

# Age from which a story shows its date without a time of day.
DATED_FROM = timedelta(days=6)
_PREHEADER_LIMIT = 130
_CONTENTS = 5
_SHORT_TITLE = 45


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSection:
    """Stories under one heading: the names of one section, of two, or of none, and the stories in order.

    The stories have no ``section``: the heading has it.
    """

    names: tuple[str, ...]
    stories: tuple[ContentStory, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestContext:
    """Context of an edition's mail: each field is a variable of the templates.

    ``unsubscribe_url`` is an ``https`` link with ``TOKEN``, or a ``mailto:`` without a web server.
    ``preferences_url`` has ``TOKEN`` too, or is ``""`` without a web server. ``reason``, ``subject`` and
    ``preheader`` are variables of the later templates; ``None`` is no variable.

    ``sections`` are the stories after the first by section; ``contents`` are the first stories with short
    titles; ``minutes`` is the reading time of the mail. ``logo_url``, ``day_url`` (page of the day) and
    ``subscribe_url`` (page of the newsletters) are ``""`` without such a page or image.
    """

    newsletter: Newsletter
    period: Period
    site: SiteFacts
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
    sections: tuple[DigestSection, ...] = ()
    contents: tuple[ContentStory, ...] = ()
    minutes: int = 1
    reason: str | None = None
    subject: str | None = None
    preheader: str | None = None

    @classmethod
    def build(
        cls, newsletter: Newsletter, content: EditionContent, period: Period, site: SiteFacts, **urls: str
    ) -> "DigestContext":
        """Return the context of an edition; ``urls`` are the fields ``unsubscribe_url`` and so on."""
        zone, language = ZoneInfo(newsletter.time_zone), newsletter.language or site.language

        def timed(story: ContentStory) -> ContentStory:
            return replace(story, time=story_time(story.published, period, zone, language))

        top = tuple(map(timed, content.top))
        text = " ".join(f"{story.title} {story.summary}" for story in content.stories)
        return cls(
            newsletter=newsletter,
            period=period,
            site=site,
            zone=zone,
            language=language,
            direction=direction_of(language),
            stories=top,
            trending=tuple(map(timed, content.trending)),
            note=content.note,
            correction=content.correction,
            sections=by_section(top[1:]),
            contents=tuple(map(_short, (*content.top, *content.trending)[:_CONTENTS])),
            minutes=measure_reading(text, language).minutes,
            **urls,
        )

    def variables(self) -> dict[str, object]:
        """Return the variables by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def preheader(context: DigestContext) -> str:
    """Return the line that mailboxes show beside the subject: the stories that the subject does not name."""
    stories = context.stories + context.trending
    others = " · ".join(story.title for story in context.contents[1:])
    summary = stories[0].summary if stories else ""
    return harmless(context.correction or context.note or others or summary, _PREHEADER_LIMIT)


def by_section(stories: Sequence[ContentStory]) -> tuple[DigestSection, ...]:
    """Return stories by section, in the order of each section's first story.

    Two neighbours with a single story each share a heading. Stories without a section have no heading.
    """
    groups: dict[str, list[ContentStory]] = {}
    for story in stories:
        groups.setdefault(story.section, []).append(story)
    sections: list[DigestSection] = []
    for name, group in groups.items():
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
    return replace(story, title=harmless(story.title, _SHORT_TITLE))


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

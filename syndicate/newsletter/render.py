"""An edition as mail: subject, HTML with its styles inlined, and a text part. The only importer of premailer.

Styles are inlined once for each edition, never for each reader. premailer as it comes would fetch style
sheets from the network, drop ``!important`` (which dark mode needs), and parse the style sheet again for
nearly every rule, because its cache holds 128 entries (measured: 113 → 40 ms a digest).
"""

import logging
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from syndicate.errors import RenderError
from syndicate.model import Digest, DigestStory, Newsletter, is_dated
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_views import TOKEN, SiteFacts, harmless
from syndicate.templating import Templates
from syndicate.text.dates import clock_time, human_day
from syndicate.text.language import direction_of

__all__ = [
    "SUBJECT_LIMIT",
    "TOKEN",
    "RenderedEdition",
    "SiteFacts",
    "inline_styles",
    "preheader",
    "render_edition",
]

# Of the 1,300 headlines of 69 real feeds, 98 % are shorter.
SUBJECT_LIMIT = 100
_PREHEADER_LIMIT = 130
DATED_FROM = timedelta(days=6)
# Characters, ten times what any mail program shows; inlining the styles of more takes minutes.
HTML_LIMIT = 1_000_000
_REMOTE_STYLE = re.compile(r"@import|<link[^>]*\bstylesheet\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEdition:
    """A whole mail but for the reader's token, for which ``TOKEN`` stands in its two links.

    ``unsubscribe_url``, ``postal_address`` and ``reason`` are what every template must show, and
    ``preferences_url``, if there is one, is what it should; ``lint`` checks that it does.
    """

    subject: str
    html: str
    text: str
    unsubscribe_url: str
    postal_address: str
    reason: str
    preferences_url: str = ""


def render_edition(
    templates: Templates,
    newsletter: Newsletter,
    digest: Digest,
    *,
    period: Period,
    site: SiteFacts,
    unsubscribe_url: str,
    web_url: str = "",
    preferences_url: str = "",
) -> RenderedEdition:
    """Render the templates ``mail/digest.*`` for one edition.

    ``unsubscribe_url`` is the ``https`` link, or a ``mailto:`` when no web server answers one, and holds
    ``TOKEN``; ``preferences_url`` does too, or is ``""`` without a web server. ``web_url`` is this edition on
    the web, or ``""``. ``RenderError`` names the template and what is wrong with it.
    """
    zone = ZoneInfo(newsletter.time_zone)
    context = _context(newsletter, digest, site, period, zone) | {
        "unsubscribe_url": unsubscribe_url,
        "preferences_url": preferences_url,
        "web_url": web_url,
    }
    templates = templates.in_language(newsletter.language or site.language)
    subject = digest.title or templates.render("mail/digest.subject.txt", **context)
    subject = harmless(subject, SUBJECT_LIMIT)
    reason = harmless(templates.render("mail/digest.reason.txt", **context))
    context |= {"subject": subject, "preheader": preheader(digest), "reason": reason}
    return RenderedEdition(
        subject=subject,
        html=inline_styles(_bounded(templates.render("mail/digest.html", **context))),
        text=_tidy(templates.render("mail/digest.txt", **context)),
        unsubscribe_url=unsubscribe_url,
        postal_address=site.postal_address,
        reason=reason,
        preferences_url=preferences_url,
    )


def _bounded(html: str) -> str:
    if len(html) > HTML_LIMIT:
        raise RenderError(
            f"Template mail/digest.html makes {len(html):,} characters; at most {HTML_LIMIT:,} make a mail: "
            "look for a loop or a text that repeats."
        )
    return html


def _context(
    newsletter: Newsletter, digest: Digest, site: SiteFacts, period: Period, zone: ZoneInfo
) -> dict[str, object]:
    language = newsletter.language or site.language

    def timed(story: DigestStory) -> DigestStory:
        return replace(story, time=story_time(story.published, period, zone, language))

    return {
        "newsletter": newsletter,
        "period": period,
        "zone": zone,
        "stories": tuple(map(timed, digest.top)),
        "trending": tuple(map(timed, digest.trending)),
        "note": digest.note,
        "correction": digest.correction,
        "site": site,
        "language": language,
        "direction": direction_of(language),
    }


def story_time(published: datetime, period: Period, zone: ZoneInfo, language: str) -> str:
    """Return the time of publication as a mail shows it, or ``""`` when the date is unknown.

    The time of day is enough for the day on which the edition is cut; earlier days add the weekday. From
    ``DATED_FROM`` on the date stands alone, and so it does for an article that is dated at midnight: its
    publisher gave a day only.
    """
    if not is_dated(published):
        return ""
    if published.time() == time.min:
        return human_day(published, UTC, language)
    if period.end - published >= DATED_FROM:
        return human_day(published, zone, language)
    today = published.astimezone(zone).date() == period.end.astimezone(zone).date()
    return clock_time(published, zone, language, weekday=not today)


def inline_styles(html: str) -> str:
    """Move the rules of every ``<style>`` into ``style`` attributes; ``@media`` rules stay where they are.

    A ``<style data-premailer="ignore">`` stays as it is. ``RenderError`` for style sheets from elsewhere,
    and for what is no page.
    """
    if _REMOTE_STYLE.search(html):
        raise RenderError(
            "The mail template loads a style sheet from elsewhere (<link> or @import). "
            "Mail programs do not; write the rules into its <style>."
        )
    # The cache takes its size when it is imported; importing costs 0.1 s, which only editions should pay.
    os.environ.setdefault("PREMAILER_CACHE_MAXSIZE", "100000")
    from premailer import Premailer  # noqa: PLC0415

    inliner = Premailer(
        html,
        allow_network=False,
        strip_important=False,
        disable_validation=True,
        # It reads the style of each picture with validation, whose grammar takes 70 ms to compile.
        align_floating_images="float" in html,
        disable_basic_attributes=["width", "height", "text-align", "vertical-align"],
        cssutils_logging_level=logging.CRITICAL,
    )
    try:
        return str(inliner.transform(pretty_print=False)).strip() + "\n"
    except Exception as error:
        # It may raise anything for what a template makes.
        why = f"({type(error).__name__}: {error})" if html.strip() else "but nothing"
        raise RenderError(
            f"Template mail/digest.html makes no page that a mail can show {why}. "
            "Compare it with the shipped template."
        ) from error


def preheader(digest: Digest) -> str:
    """Return what a mailbox shows beside the subject: the stories the subject does not name."""
    stories: tuple[DigestStory, ...] = digest.top + digest.trending
    others = " · ".join(story.title for story in stories[1:])
    summary = stories[0].summary if stories else ""
    return harmless(digest.correction or digest.note or others or summary, _PREHEADER_LIMIT)


def _tidy(text: str) -> str:
    """At most one blank line in a row, none at the ends of lines."""
    lines = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", lines).strip() + "\n"

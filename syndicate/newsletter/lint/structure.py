"""Checks of the subject, the headers, and features that spam filters distrust."""

import email
import email.policy
import re
from collections.abc import Iterator

from syndicate.newsletter.lint.findings import LintFinding, Origins, error, warning
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.newsletter.render import SUBJECT_LIMIT
from syndicate.text.urls import absolute_url, site_host

_HEADERS = "config.toml, [mail]"
_MIN_TEXT = 200
_SHORTENERS = frozenset({"bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly"})
_MAX_LINE = 998
_REQUIRED = (
    *(("E1", name) for name in ("From", "To", "Date", "Subject", "Message-ID", "MIME-Version")),
    ("E8", "List-Unsubscribe"),
    ("E8", "List-Id"),
    ("E11", "Auto-Submitted"),
)


def check_structure(subject: str, page: MailPage, origins: Origins) -> Iterator[LintFinding]:
    """Check the subject, the ratio of text to images, and links that hide their target."""
    yield from _subject(subject, origins.titled(subject))
    yield from _links(page, origins)
    if page.all("img") and len(page.text) < _MIN_TEXT:
        message = f"There are images but only {len(page.text)} characters of text; filters distrust that."
        yield warning("spam", message, origins.template("<img"))
    titles = [" ".join(element.inner.split()) for element in page.all("title")]
    if subject and titles and titles[0] != " ".join(subject.split()):
        yield warning("M11", "The title of the HTML part is not the subject.", origins.template("<title"))
    if len(page.all("h1")) > 1:
        yield warning("M7", "There is more than one h1.", origins.template("<h1"))


def check_headers(message: bytes) -> Iterator[LintFinding]:
    """Check the headers of the raw message for a subscriber."""
    head = message.partition(b"\r\n\r\n")[0]
    parsed = email.message_from_bytes(head + b"\r\n\r\n", policy=email.policy.compat32)
    for rule, name in _REQUIRED:
        count = len(parsed.get_all(name, []))
        if count != 1:
            yield error(rule, f"{name} is there {count} times, not once.", _HEADERS)
    unsubscribe = str(parsed.get("List-Unsubscribe", ""))
    one_click = str(parsed.get("List-Unsubscribe-Post", ""))
    if "<https://" in unsubscribe and one_click != "List-Unsubscribe=One-Click":
        yield error("E9", "List-Unsubscribe-Post is missing (RFC 8058).", _HEADERS)
    if not one_click:
        yield warning(
            "E9", "There is no one-click unsubscribe: it needs site.url with https and web.listen.", _HEADERS
        )
    lines = head.split(b"\r\n")
    if any(len(line) > _MAX_LINE for line in lines) or b"\n" in head.replace(b"\r\n", b""):
        yield error("E2", "A header line is too long or broken (RFC 5322, 2.1.1).", _HEADERS)
    if any(byte > 126 for byte in head):
        yield error("E2", "A header holds bytes that are not ASCII (RFC 5322, 2.2).", _HEADERS)


def _subject(subject: str, place: str) -> Iterator[LintFinding]:
    if not subject.strip():
        yield error("M15", "The subject is empty.", place)
        return
    if len(subject) > SUBJECT_LIMIT:
        message = f"The subject has {len(subject)} characters; mail programs cut it off at {SUBJECT_LIMIT}."
        yield error("M15", message, place)
    if subject.endswith("…"):
        yield warning("M15", "The subject was cut off.", place)
    letters = [letter for letter in subject if letter.isalpha()]
    cased = [letter for letter in letters if letter.lower() != letter.upper()]
    if len(letters) > 8 and cased and all(letter.isupper() for letter in cased):
        yield warning("spam", "The subject is all capitals; filters distrust that.", place)
    if re.match(r"(?:re|fwd?|aw|wg)\s*:", subject, re.IGNORECASE):
        yield warning("spam", "The subject pretends to be an answer or a forwarded mail.", place)
    if re.search(r"[!?$€]{2,}", subject):
        yield warning("spam", "The subject has several of ! ? $ € in a row.", place)


def _links(page: MailPage, origins: Origins) -> Iterator[LintFinding]:
    for link in page.all("a"):
        href = link.attributes.get("href", "")
        host, text = site_host(absolute_url("", href)), link.inner.strip()
        shown = site_host(text) if re.fullmatch(r"https?://\S+", text) else ""
        if shown and host and shown != host:
            message = f"A link shows {shown} but leads to {host}; filters take that for phishing."
            # A warning, so that a publisher's headline cannot stop an edition.
            yield warning("spam", message, origins.of(href))
        if host in _SHORTENERS:
            yield warning("spam", f"A link hides behind {host}; filters distrust that.", origins.of(href))
        if not text and not any(image.parent is link for image in page.all("img")):
            yield warning("M7", f"A link has no text: {href[:80]}", origins.of(href))

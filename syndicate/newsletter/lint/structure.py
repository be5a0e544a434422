"""Checks for spam filters, and of the subject and the headers."""

import email
import email.policy
import re
from urllib.parse import urlsplit

from syndicate.newsletter.lint.findings import LintFinding, Origins, Severity
from syndicate.newsletter.lint.mail_page import Element, MailPage
from syndicate.newsletter.render import SUBJECT_LIMIT

_HEADERS = "config.toml, [mail]"
_LEAST_TEXT = 200
_SHORTENERS = frozenset({"bit.ly", "t.co", "tinyurl.com", "goo.gl", "ow.ly", "is.gd", "buff.ly"})
_LONGEST_LINE = 998
_WANTED = (
    *(("E1", name) for name in ("From", "To", "Date", "Subject", "Message-ID", "MIME-Version")),
    ("E8", "List-Unsubscribe"),
    ("E8", "List-Id"),
    ("E11", "Auto-Submitted"),
)


def check_structure(subject: str, page: MailPage, origins: Origins) -> list[LintFinding]:
    """Rules about the subject, the ratio of text and pictures, and links that hide where they lead."""
    found = [*_subject(subject, origins.titled(subject)), *_links(page, origins)]
    if page.all("img") and len(page.text) < _LEAST_TEXT:
        message = f"There are pictures but only {len(page.text)} characters of text; filters distrust that."
        found.append(_warning("spam", message, origins.template("<img")))
    titles = [" ".join(element.inner.split()) for element in page.all("title")]
    if subject and titles and titles[0] != " ".join(subject.split()):
        found.append(
            _warning("M11", "The title of the HTML part is not the subject.", origins.template("<title"))
        )
    if len(page.all("h1")) > 1:
        found.append(_warning("M7", "There is more than one h1.", origins.template("<h1")))
    return found


def check_headers(message: bytes) -> list[LintFinding]:
    """Rules about the headers, on the raw bytes one reader would get."""
    head = message.partition(b"\r\n\r\n")[0]
    parsed = email.message_from_bytes(head + b"\r\n\r\n", policy=email.policy.compat32)
    found = []
    for rule, name in _WANTED:
        count = len(parsed.get_all(name, []))
        if count != 1:
            found.append(
                LintFinding(rule=rule, message=f"{name} is there {count} times, not once.", place=_HEADERS)
            )
    unsubscribe = str(parsed.get("List-Unsubscribe", ""))
    one_click = str(parsed.get("List-Unsubscribe-Post", ""))
    if "<https://" in unsubscribe and one_click != "List-Unsubscribe=One-Click":
        message_ = "List-Unsubscribe-Post is missing (RFC 8058)."
        found.append(LintFinding(rule="E9", message=message_, place=_HEADERS))
    if not one_click:
        message_ = "There is no one-click unsubscribe: it needs site.url with https and web.listen."
        found.append(_warning("E9", message_, _HEADERS))
    lines = head.split(b"\r\n")
    if any(len(line) > _LONGEST_LINE for line in lines) or b"\n" in head.replace(b"\r\n", b""):
        message_ = "A header line is too long or broken (RFC 5322, 2.1.1)."
        found.append(LintFinding(rule="E2", message=message_, place=_HEADERS))
    if any(byte > 126 for byte in head):
        message_ = "A header holds bytes that are not ASCII (RFC 5322, 2.2)."
        found.append(LintFinding(rule="E2", message=message_, place=_HEADERS))
    return found


def _subject(subject: str, place: str) -> list[LintFinding]:
    found = []
    if not subject.strip():
        return [LintFinding(rule="M15", message="The subject is empty.", place=place)]
    if len(subject) > SUBJECT_LIMIT:
        message = f"The subject has {len(subject)} characters; mail programs cut it off at {SUBJECT_LIMIT}."
        found.append(LintFinding(rule="M15", message=message, place=place))
    if subject.endswith("…"):
        found.append(_warning("M15", f"The subject was cut at {SUBJECT_LIMIT} characters.", place))
    letters = [letter for letter in subject if letter.isalpha()]
    if len(letters) > 8 and all(letter.isupper() for letter in letters if letter.lower() != letter.upper()):
        cased = any(letter.lower() != letter.upper() for letter in letters)
        if cased:
            found.append(_warning("spam", "The subject is all capitals; filters distrust that.", place))
    if re.match(r"(?:re|fwd?|aw|wg)\s*:", subject, re.IGNORECASE):
        found.append(_warning("spam", "The subject pretends to be an answer or a forwarded mail.", place))
    if re.search(r"[!?$€]{2,}", subject):
        found.append(_warning("spam", "The subject has several of ! ? $ € in a row.", place))
    return found


def _links(page: MailPage, origins: Origins) -> list[LintFinding]:
    found = []
    for link in page.all("a"):
        href = link.attributes.get("href", "")
        host, shown = _host(href), _shown_host(link)
        if shown and host and shown != host:
            message = f"A link shows {shown} but leads to {host}; filters take that for phishing."
            # A warning: no headline of a publisher may stop an edition.
            found.append(_warning("spam", message, origins.of(href)))
        if host in _SHORTENERS:
            message = f"A link hides behind {host}; filters distrust that."
            found.append(_warning("spam", message, origins.of(href)))
        if not link.inner.strip() and not _has_picture(page, link):
            found.append(_warning("M7", f"A link has no text: {href[:80]}", origins.of(href)))
    return found


def _has_picture(page: MailPage, link: Element) -> bool:
    return any(picture.parent is link for picture in page.all("img"))


def _shown_host(link: Element) -> str:
    text = link.inner.strip()
    return _host(text) if re.fullmatch(r"https?://\S+", text) else ""


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _warning(rule: str, message: str, place: str) -> LintFinding:
    return LintFinding(rule=rule, message=message, place=place, severity=Severity.WARNING)

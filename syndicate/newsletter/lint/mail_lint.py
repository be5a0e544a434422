"""Rules for rendered mails of any template, checked before each send.

The law and large mailbox providers require an unsubscribe link, a postal address and a reason in every mail.
The other rules keep the mail readable everywhere. No connection is opened. See ``docs/rules.md`` for the ids.
"""

import re
from collections.abc import Collection, Iterable, Iterator

from syndicate.model import EditionContent
from syndicate.newsletter.lint.colours import check_colours
from syndicate.newsletter.lint.findings import (
    HTML,
    REASON,
    TEXT,
    DoubtfulLinks,
    LintFinding,
    Origins,
    Severity,
    error,
    warning,
)
from syndicate.newsletter.lint.html_support import check_support
from syndicate.newsletter.lint.mail_page import Element, MailPage
from syndicate.newsletter.lint.structure import check_structure
from syndicate.newsletter.render import RenderedEdition
from syndicate.newsletter.story_views import TOKEN, is_mail_image

# Gmail truncates a longer HTML part (measured at 102 to 105 KB), and with it the unsubscribe link.
HTML_LIMIT_BYTES = 102 * 1024
HTML_WARNING_BYTES = 80 * 1024
# Number of bytes by which the longest token exceeds its placeholder.
TOKEN_GROWTH = 64

URL = re.compile(r"(?:https?://|mailto:)\S+")
_ENDS = ".,;:!?)]}>\"'»”’：。、」）\u2069"
_FORBIDDEN = frozenset({"script", "form", "iframe", "object", "embed", "link", "base"})
_FOOTER = ("block footer", "</body>")


def lint_mail(
    rendered: RenderedEdition,
    origins: Origins | None = None,
    doubtful: DoubtfulLinks | None = None,
    page: MailPage | None = None,
    content: EditionContent | None = None,
) -> tuple[LintFinding, ...]:
    """Check a rendered edition; return the findings, errors first. Without an error it may be sent.

    ``page`` is its HTML part, if it was parsed already; ``content`` is the content it was rendered from.
    """
    origins = origins or Origins()
    page = page or MailPage(rendered.html)
    findings = [
        *_unsubscribe_link(rendered, page, origins),
        *_preferences_link(rendered, page, origins),
        *_required(rendered, page, origins),
        *_misplaced_token(rendered, origins),
        *check_elements(page, origins),
        *_dead(page, origins, doubtful or DoubtfulLinks()),
        *_different_links(rendered, page, origins, content),
        *_size(rendered, origins),
        *_lacking_words(rendered, content),
        *check_structure(rendered.subject, page, origins),
        *check_support(page, origins),
        *check_colours(page, origins),
    ]
    return errors_first(findings)


def errors_first(findings: Iterable[LintFinding]) -> tuple[LintFinding, ...]:
    """Return each finding once, errors before warnings."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.severity is not Severity.ERROR))


def errors_of(findings: tuple[LintFinding, ...]) -> tuple[str, ...]:
    """Return the errors as sentences."""
    return tuple(str(finding) for finding in findings if finding.severity is Severity.ERROR)


def html_size(html: str) -> int:
    """Return the largest size in bytes of the HTML part with a subscriber's token in it."""
    return len(html.encode()) + TOKEN_GROWTH * html.count(TOKEN)


def _size(rendered: RenderedEdition, origins: Origins) -> list[LintFinding]:
    size = html_size(rendered.html)
    if size <= HTML_WARNING_BYTES:
        return []
    finding = error if size > HTML_LIMIT_BYTES else warning
    limit = HTML_LIMIT_BYTES // 1024
    message = f"The HTML part has {size // 1024} KB; Gmail truncates it at {limit} KB. Carry fewer stories."
    return [finding("M1", message, origins.line(HTML, "in stories"))]


def _lacking_words(rendered: RenderedEdition, content: EditionContent | None) -> list[LintFinding]:
    """Check that the text part has every headline, the editor's note and the correction."""
    if content is None:
        return []
    text = plain(rendered.text)
    origins = Origins(content)
    required = [
        (f'headline "{story.title}"', story.title, origins.titled(story.title)) for story in content.stories
    ]
    required += [("editor's note", content.note, f"mail/{TEXT}, line 1")]
    required += [("correction", content.correction, f"mail/{TEXT}, line 1")]
    return [
        error("E5", f"The text part does not have the {what}.", place)
        for what, words, place in required
        if plain(words) not in text
    ]


def _unsubscribe_link(rendered: RenderedEdition, page: MailPage, origins: Origins) -> Iterator[LintFinding]:
    footer = origins.template("unsubscribe_url", *_FOOTER)
    if rendered.unsubscribe_url not in links_of(page):
        yield error("B3", "The HTML part has no link to unsubscribe_url.", footer)
    if rendered.unsubscribe_url not in rendered.text:
        message = "The text part does not show unsubscribe_url."
        yield error("B3", message, origins.line(TEXT, "unsubscribe", "reason"))
    if rendered.unsubscribe_url.count(TOKEN) != 1:
        yield error("B3", "unsubscribe_url does not hold the reader's token.", footer)


def _preferences_link(rendered: RenderedEdition, page: MailPage, origins: Origins) -> list[LintFinding]:
    """Check for the link to the page of choices; its absence is a warning."""
    url, parts = rendered.preferences_url, {"HTML": links_of(page), "text": set(URL.findall(rendered.text))}
    if not url:
        return []
    return [
        warning(
            "C10",
            f"The {name} part has no link to preferences_url.",
            origins.line(TEXT, "unsubscribe_url")
            if name == "text"
            else origins.template("unsubscribe_url", *_FOOTER),
        )
        for name, links in parts.items()
        if url not in links
    ]


def _required(rendered: RenderedEdition, page: MailPage, origins: Origins) -> Iterator[LintFinding]:
    places = (
        ("HTML", page.text, origins.template(*_FOOTER)),
        ("text", plain(rendered.text), origins.line(TEXT, "unsubscribe_url")),
    )
    for what, value, place in (
        ("postal address (site.postal_address)", rendered.postal_address, "config.toml, [mail] address"),
        ("reason for the mail (reason)", rendered.reason, origins.line(REASON, "reason")),
    ):
        if not value.strip():
            yield error("M12", f"There is no {what}. Write one.", place)
            continue
        yield from [
            error("M12", f"The {name} part does not show the {what}.", place)
            for name, text, place in places
            if plain(value) not in text
        ]


def _misplaced_token(rendered: RenderedEdition, origins: Origins) -> list[LintFinding]:
    """Check that the token is only in the footer's links: its holder can unsubscribe the subscriber."""
    urls = [url for url in (rendered.unsubscribe_url, rendered.preferences_url) if url]

    def in_links(text: str) -> int:
        text = text.replace("&amp;", "&")
        return sum(text.count(url) for url in urls)

    return [
        error("C10", f"The {name} has the reader's token outside the links of the footer.", place)
        for name, text, place in (
            ("subject", rendered.subject, origins.titled(rendered.subject)),
            ("HTML part", rendered.html, origins.template("unsubscribe_url")),
            ("text part", rendered.text, origins.line(TEXT, "unsubscribe_url")),
        )
        if text.count(TOKEN) != in_links(text)
    ]


def check_elements(page: MailPage, origins: Origins) -> Iterator[LintFinding]:
    """Check for elements that mail programs refuse, and images and links that do not work in a mail."""
    for element in page.elements:
        if element.tag in _FORBIDDEN:
            message = f"The HTML part has a <{element.tag}> element, which mail programs remove or refuse."
            yield error("M9", message, origins.template(f"<{element.tag}"))
        elif element.tag == "img":
            yield from _image(element, origins)
        elif element.tag == "a":
            yield from _link(element, origins)


def _image(element: Element, origins: Origins) -> Iterator[LintFinding]:
    source = element.attributes.get("src", "")
    place = origins.of(source, "<img")
    if not is_mail_image(source):
        yield error("M6", "The HTML part has an image whose address does not begin with https://.", place)
    if "alt" not in element.attributes:
        yield error("M6", f'The HTML part has an image without an alt text: "{source[:80]}".', place)
    elif not element.attributes["alt"].strip() and element.parent is not None and element.parent.tag == "a":
        yield error("M6", f'The image "{source[:80]}" is a link: its alt text must name the target.', place)


def _link(element: Element, origins: Origins) -> list[LintFinding]:
    href = element.attributes.get("href", "")
    if URL.fullmatch(href):
        return []
    kind = "is relative" if href and ":" not in href and not href.startswith("#") else "leads nowhere"
    message = f'The HTML part has a link that {kind}: "{href[:80]}".'
    return [error("M9", message, origins.of(href, f'href="{href}"'))]


def _dead(page: MailPage, origins: Origins, links: DoubtfulLinks) -> list[LintFinding]:
    images = {element.attributes.get("src", "") for element in page.all("img")}
    there = links_of(page) | images
    problems = [
        *((url, f"is dead: {why}", error) for url, why in sorted(links.dead.items())),
        *((url, f"may be dead: {why}", warning) for url, why in sorted(links.unknown.items())),
    ]
    return [
        finding("M7", f"The {'image' if url in images else 'link'} {url} {problem}.", origins.of(url))
        for url, problem, finding in problems
        if url in there
    ]


def _different_links(
    rendered: RenderedEdition, page: MailPage, origins: Origins, content: EditionContent | None
) -> list[LintFinding]:
    """Check that both parts have the same links: readers of the text miss nothing, and filters compare.

    Further links of stories, and links to lists of the site, may be missing: a template may be of an operator
    who replaced a single part.
    """
    further: set[str] = set()
    for story in content.stories if content else ():
        further.update((story.coverage_url, *(link.url for link in story.links)))
    # A mail program forwards the text part without a link, and the text part shows mail addresses alone.
    links = {url for url in links_of(page) if not url.startswith("mailto:?")}
    in_text = _urls_in(rendered.text, links)
    in_text |= {url for url in links if url[:7] == "mailto:" and url[7:] in rendered.text}
    in_html = links | _urls_in(page.text, links)
    lacking = [(url, "text part lacks a link of the HTML part") for url in sorted(links - in_text)]
    lacking += [(url, "HTML part lacks a link of the text part") for url in sorted(in_text - in_html)]
    return [
        (warning if url in further or origins.leads_on(url) else error)(
            "E5", f"The {what}: {url}", origins.of_text(url)
        )
        for url, what in lacking
    ]


def _urls_in(text: str, links: Collection[str]) -> set[str]:
    """Return the URLs in a text; the end of a sentence, quotation or parenthesis is no part of a URL."""
    return {url if url in links else url.rstrip(_ENDS) for url in URL.findall(text)}


def links_of(page: MailPage) -> set[str]:
    """Return the URLs of the links of an HTML part."""
    return {href for element in page.all("a") if URL.fullmatch(href := element.attributes.get("href", ""))}


def plain(text: str) -> str:
    """Return a text with single spaces, as in ``MailPage.text``."""
    return " ".join(text.split())

"""Rules for rendered mails from any template, checked before each send.

The law and the large mailbox providers want a way out, an address and a reason in every mail; the rest
keeps it readable everywhere. No connection is opened. Rule ids are those of the project's list of mail rules.
"""

import re
from collections.abc import Iterable

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
)
from syndicate.newsletter.lint.html_support import check_support
from syndicate.newsletter.lint.mail_page import Element, MailPage
from syndicate.newsletter.lint.structure import check_structure
from syndicate.newsletter.render import RenderedEdition
from syndicate.newsletter.story_views import TOKEN, is_mail_image

# Gmail cuts the HTML part off beyond this (measured at 102 to 105 KB), and the unsubscribe link with it.
HTML_LIMIT_BYTES = 102 * 1024
HTML_WARNING_BYTES = 80 * 1024
# The longest token is this much longer than what stands for it.
TOKEN_GROWTH = 64

URL = re.compile(r"(?:https?://|mailto:)\S+")
_FORBIDDEN = frozenset({"script", "form", "iframe", "object", "embed", "link", "base"})
_FOOTER = ("block footer", "</body>")


def lint_mail(
    rendered: RenderedEdition,
    origins: Origins | None = None,
    doubtful: DoubtfulLinks | None = None,
    page: MailPage | None = None,
    content: EditionContent | None = None,
) -> tuple[LintFinding, ...]:
    """All that is wrong with a rendered edition, errors first; without an error it may be sent.

    ``page`` is its HTML part, if it was read; ``content`` what it is made from.
    """
    origins = origins or Origins()
    page = page or MailPage(rendered.html)
    findings = [
        *_way_out(rendered, page, origins),
        *_way_to_choose(rendered, page, origins),
        *_required(rendered, page, origins),
        *_misplaced_token(rendered, origins),
        *check_elements(page, origins),
        *_dead(page, origins, doubtful or DoubtfulLinks()),
        *_different_links(rendered, page, origins),
        *_size(rendered, origins),
        *_lacking_words(rendered, content),
        *check_structure(rendered.subject, page, origins),
        *check_support(page, origins),
        *check_colours(page, origins),
    ]
    return errors_first(findings)


def errors_first(findings: Iterable[LintFinding]) -> tuple[LintFinding, ...]:
    """Each finding once, what stops a send before what does not."""
    return tuple(sorted(dict.fromkeys(findings), key=lambda finding: finding.severity is not Severity.ERROR))


def errors_of(findings: tuple[LintFinding, ...]) -> tuple[str, ...]:
    """Return what stops a send, as sentences."""
    return tuple(str(finding) for finding in findings if finding.severity is Severity.ERROR)


def html_size(html: str) -> int:
    """Return how many bytes the HTML part has at most when the reader's token stands in it."""
    return len(html.encode()) + TOKEN_GROWTH * html.count(TOKEN)


def _size(rendered: RenderedEdition, origins: Origins) -> list[LintFinding]:
    size = html_size(rendered.html)
    if size <= HTML_WARNING_BYTES:
        return []
    severity = Severity.ERROR if size > HTML_LIMIT_BYTES else Severity.WARNING
    message = f"The HTML part has {size // 1024} KB; mail programs cut it off at 102 KB. Carry fewer stories."
    place = origins.line(HTML, "in stories")
    return [LintFinding(rule="M1", message=message, place=place, severity=severity)]


def _lacking_words(rendered: RenderedEdition, content: EditionContent | None) -> list[LintFinding]:
    """Check that the text part has every headline, the editor's note and the correction."""
    if content is None:
        return []
    text = plain(rendered.text)
    origins = Origins(content)
    wanted = [
        (f'headline "{story.title}"', story.title, origins.titled(story.title)) for story in content.stories
    ]
    wanted += [("editor's note", content.note, f"mail/{TEXT}, line 1")]
    wanted += [("correction", content.correction, f"mail/{TEXT}, line 1")]
    return [
        LintFinding(rule="E5", message=f"The text part does not have the {what}.", place=place)
        for what, words, place in wanted
        if plain(words) not in text
    ]


def _way_out(rendered: RenderedEdition, page: MailPage, origins: Origins) -> list[LintFinding]:
    found = []
    footer = origins.template("unsubscribe_url", *_FOOTER)
    if rendered.unsubscribe_url not in links_of(page):
        message = "The HTML part has no link to unsubscribe_url."
        found.append(LintFinding(rule="B3", message=message, place=footer))
    if rendered.unsubscribe_url not in rendered.text:
        message = "The text part does not show unsubscribe_url."
        found.append(
            LintFinding(rule="B3", message=message, place=origins.line(TEXT, "unsubscribe", "reason"))
        )
    if rendered.unsubscribe_url.count(TOKEN) != 1:
        message = "unsubscribe_url does not hold the reader's token."
        found.append(LintFinding(rule="B3", message=message, place=footer))
    return found


def _way_to_choose(rendered: RenderedEdition, page: MailPage, origins: Origins) -> list[LintFinding]:
    """Check for the link to the page of choices; a template without it may still be sent."""
    url, parts = rendered.preferences_url, {"HTML": links_of(page), "text": set(URL.findall(rendered.text))}
    if not url:
        return []
    return [
        LintFinding(
            rule="C10",
            message=f"The {name} part has no link to preferences_url.",
            place=origins.line(TEXT, "unsubscribe_url")
            if name == "text"
            else origins.template("unsubscribe_url", *_FOOTER),
            severity=Severity.WARNING,
        )
        for name, links in parts.items()
        if url not in links
    ]


def _required(rendered: RenderedEdition, page: MailPage, origins: Origins) -> list[LintFinding]:
    found = []
    places = (
        ("HTML", page.text, origins.template(*_FOOTER)),
        ("text", plain(rendered.text), origins.line(TEXT, "unsubscribe_url")),
    )
    for what, value, place in (
        ("postal address (site.postal_address)", rendered.postal_address, "config.toml, [mail] address"),
        ("reason for the mail (reason)", rendered.reason, origins.line(REASON, "reason")),
    ):
        if not value.strip():
            found.append(LintFinding(rule="M12", message=f"There is no {what}. Write one.", place=place))
            continue
        found += [
            LintFinding(rule="M12", message=f"The {name} part does not show the {what}.", place=place)
            for name, text, place in places
            if plain(value) not in text
        ]
    return found


def _misplaced_token(rendered: RenderedEdition, origins: Origins) -> list[LintFinding]:
    """The token lets its holder unsubscribe a reader, so it stands in the footer's links only."""
    urls = [url for url in (rendered.unsubscribe_url, rendered.preferences_url) if url]

    def in_links(text: str) -> int:
        text = text.replace("&amp;", "&")
        return sum(text.count(url) for url in urls)

    return [
        LintFinding(
            rule="C10",
            message=f"The {name} has the reader's token outside the links of the footer.",
            place=place,
        )
        for name, text, place in (
            ("subject", rendered.subject, origins.titled(rendered.subject)),
            ("HTML part", rendered.html, origins.template("unsubscribe_url")),
            ("text part", rendered.text, origins.line(TEXT, "unsubscribe_url")),
        )
        if text.count(TOKEN) != in_links(text)
    ]


def check_elements(page: MailPage, origins: Origins) -> list[LintFinding]:
    """Elements that no mail may have, pictures and links that do not work in one."""
    found = []
    for element in page.elements:
        if element.tag in _FORBIDDEN:
            message = f"The HTML part has a <{element.tag}> element, which mail programs remove or refuse."
            found.append(LintFinding(rule="M9", message=message, place=origins.template(f"<{element.tag}")))
        elif element.tag == "img":
            found += _picture(element, origins)
        elif element.tag == "a":
            found += _link(element, origins)
    return found


def _picture(element: Element, origins: Origins) -> list[LintFinding]:
    source = element.attributes.get("src", "")
    place = origins.of(source, "<img")
    found = []
    if not is_mail_image(source):
        message = "The HTML part has a picture whose address does not begin with https://."
        found.append(LintFinding(rule="M6", message=message, place=place))
    if "alt" not in element.attributes:
        message = f'The HTML part has a picture without an alt text: "{source[:80]}".'
        found.append(LintFinding(rule="M6", message=message, place=place))
    elif not element.attributes["alt"].strip() and element.parent is not None and element.parent.tag == "a":
        message = f'The picture "{source[:80]}" is a link, so its alt text must say where it leads.'
        found.append(LintFinding(rule="M6", message=message, place=place))
    return found


def _link(element: Element, origins: Origins) -> list[LintFinding]:
    href = element.attributes.get("href", "")
    if URL.fullmatch(href):
        return []
    kind = "is relative" if href and ":" not in href and not href.startswith("#") else "leads nowhere"
    message = f'The HTML part has a link that {kind}: "{href[:80]}".'
    return [LintFinding(rule="M9", message=message, place=origins.of(href, f'href="{href}"'))]


def _dead(page: MailPage, origins: Origins, links: DoubtfulLinks) -> list[LintFinding]:
    pictures = {element.attributes.get("src", "") for element in page.all("img")}
    there = links_of(page) | pictures
    found = [
        *((url, f"is dead: {why}", Severity.ERROR) for url, why in sorted(links.dead.items())),
        *((url, f"may be dead: {why}", Severity.WARNING) for url, why in sorted(links.unknown.items())),
    ]
    return [
        LintFinding(
            rule="M7",
            message=f"The {'picture' if url in pictures else 'link'} {url} {said}.",
            place=origins.of(url),
            severity=severity,
        )
        for url, said, severity in found
        if url in there
    ]


def _different_links(rendered: RenderedEdition, page: MailPage, origins: Origins) -> list[LintFinding]:
    """Both parts must lead to the same places: those who read the text miss nothing, and filters compare."""
    links, in_text = links_of(page), set(URL.findall(rendered.text))
    in_html = links | set(URL.findall(page.text))
    lacking = [(url, "text part lacks a link of the HTML part") for url in sorted(links - in_text)]
    lacking += [(url, "HTML part lacks a link of the text part") for url in sorted(in_text - in_html)]
    return [
        LintFinding(rule="E5", message=f"The {what}: {url}", place=origins.of_text(url))
        for url, what in lacking
    ]


def links_of(page: MailPage) -> set[str]:
    """The addresses that the links of an HTML part lead to."""
    return {href for element in page.all("a") if URL.fullmatch(href := element.attributes.get("href", ""))}


def plain(text: str) -> str:
    """A text with single spaces, as ``MailPage.text`` has it."""
    return " ".join(text.split())

"""Checks of the confirmation mail, the first mail that a subscriber gets."""

from collections.abc import Sequence
from functools import reduce

from syndicate.newsletter.lint.colours import check_colours
from syndicate.newsletter.lint.findings import LintFinding, Origins, error
from syndicate.newsletter.lint.html_support import check_support
from syndicate.newsletter.lint.mail_lint import URL, check_elements, errors_first, links_of, plain
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.newsletter.lint.structure import check_structure

# Stem of the names of its templates.
CONFIRM = "confirm"
_TEXT = "confirm.txt"


def lint_confirmation(
    parts: tuple[str, str, str],
    *,
    confirm_url: str,
    postal_address: str,
    origins: Origins,
    declared: Sequence[str] = (),
) -> tuple[LintFinding, ...]:
    """Check (subject, html, text); return the findings, errors first. Without an error it may be sent.

    ``declared`` are texts of the operator, which may name an address, as that of the terms, but not link.
    """
    subject, html, text = parts
    page = MailPage(html)
    own_text = reduce(lambda rest, words: rest.replace(words, " "), filter(None, declared), text)
    links, in_text = links_of(page), set(URL.findall(own_text))
    findings = [
        error("C1", f"The {name} part has no link to confirm_url.", place)
        for name, urls, place in (
            ("HTML", links, origins.template("confirm_url", "</body>")),
            ("text", in_text, origins.line(_TEXT, "confirm_url")),
        )
        if confirm_url not in urls
    ]
    findings += [
        error("M12", f"The {name} part does not show the postal address.", place)
        for name, words, place in (
            ("HTML", page.text, origins.template("postal_address", "</body>")),
            ("text", plain(text), origins.line(_TEXT, "postal_address")),
        )
        if plain(postal_address) not in words
    ]
    findings += [
        error("C2", f"The mail links to {url}; only confirm_url is allowed.", origins.of(url))
        for url in sorted((links | in_text) - {confirm_url})
    ]
    findings += check_elements(page, origins)
    findings += check_structure(subject, page, origins)
    findings += check_support(page, origins)
    findings += check_colours(page, origins)
    return errors_first(findings)

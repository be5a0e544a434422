"""The mail that asks for confirmation, looked at like an edition: the first that a reader sees of us."""

from syndicate.newsletter.lint.colours import check_colours
from syndicate.newsletter.lint.findings import LintFinding, Origins
from syndicate.newsletter.lint.html_support import check_support
from syndicate.newsletter.lint.mail_lint import URL, check_elements, errors_first, links_of, plain
from syndicate.newsletter.lint.mail_page import MailPage
from syndicate.newsletter.lint.structure import check_structure

CONFIRM = "confirm"
"""How the names of its templates begin."""
_TEXT = "confirm.txt"


def lint_confirmation(
    parts: tuple[str, str, str], *, confirm_url: str, postal_address: str, origins: Origins
) -> tuple[LintFinding, ...]:
    """All that is wrong with (subject, html, text), errors first; without an error it may be sent."""
    subject, html, text = parts
    page = MailPage(html)
    links, in_text = links_of(page), set(URL.findall(text))
    found = [
        LintFinding(rule="C1", message=f"The {name} part has no link to confirm_url.", place=place)
        for name, urls, place in (
            ("HTML", links, origins.template("confirm_url", "</body>")),
            ("text", in_text, origins.line(_TEXT, "confirm_url")),
        )
        if confirm_url not in urls
    ]
    found += [
        LintFinding(rule="M12", message=f"The {name} part does not show the postal address.", place=place)
        for name, words, place in (
            ("HTML", page.text, origins.template("postal_address", "</body>")),
            ("text", plain(text), origins.line(_TEXT, "postal_address")),
        )
        if plain(postal_address) not in words
    ]
    found += [
        LintFinding(rule="C2", message=f"The mail leads to {url}; it may only ask.", place=origins.of(url))
        for url in sorted((links | in_text) - {confirm_url})
    ]
    found += check_elements(page, origins)
    found += check_structure(subject, page, origins)
    found += check_support(page, origins)
    found += check_colours(page, origins)
    return errors_first(found)

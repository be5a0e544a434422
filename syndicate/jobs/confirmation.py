"""The mail that asks for confirmation, rendered and looked at by lint before anybody gets it."""

from syndicate.audience.confirmation import render_confirmation
from syndicate.errors import RenderError
from syndicate.newsletter.findings import Origins
from syndicate.newsletter.lint import errors_of
from syndicate.newsletter.lint_confirmation import CONFIRM, lint_confirmation
from syndicate.templating import Templates


def proofed_confirmation(
    templates: Templates,
    *,
    newsletter_title: str,
    site_title: str,
    language: str,
    postal_address: str,
    agreed: str,
    confirm_url: str,
    hours: int,
) -> tuple[str, str, str]:
    """(subject, html, text). ``RenderError`` when a template fails, or when lint finds what stops a send."""
    parts = render_confirmation(
        templates,
        newsletter_title=newsletter_title,
        site_title=site_title,
        language=language,
        postal_address=postal_address,
        agreed=agreed,
        confirm_url=confirm_url,
        hours=hours,
    )

    def find(text: str, file: str) -> str:
        return templates.find(text, "mail/", f"{CONFIRM}.*" if file == "*.*" else file)

    findings = lint_confirmation(
        parts,
        confirm_url=confirm_url,
        postal_address=postal_address,
        origins=Origins(find=find, stem=CONFIRM),
    )
    if errors := errors_of(findings):
        raise RenderError("; ".join(errors))
    return parts

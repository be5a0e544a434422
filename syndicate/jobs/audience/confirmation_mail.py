"""Confirmation mail, rendered and linted."""

from syndicate.audience.confirmation import ConfirmationContent, render_confirmation
from syndicate.errors import RenderError
from syndicate.newsletter.lint.confirmation_lint import CONFIRM, lint_confirmation
from syndicate.newsletter.lint.findings import Origins
from syndicate.newsletter.lint.mail_lint import errors_of
from syndicate.templating import Templates


def linted_confirmation(templates: Templates, content: ConfirmationContent) -> tuple[str, str, str]:
    """Render (subject, html, text). Raises ``RenderError`` when a template fails or lint finds an error."""
    parts = render_confirmation(templates, content)

    def find(text: str, file: str) -> str:
        return templates.find(text, "mail/", f"{CONFIRM}.*" if file == "*.*" else file)

    findings = lint_confirmation(
        parts,
        confirm_url=content.confirm_url,
        postal_address=content.postal_address,
        origins=Origins(find=find, stem=CONFIRM),
    )
    if errors := errors_of(findings):
        raise RenderError("; ".join(errors))
    return parts

"""The mail that asks for confirmation, rendered and looked at by lint before anybody gets it."""

from syndicate.audience.confirmation import ConfirmationContent, render_confirmation
from syndicate.errors import RenderError
from syndicate.newsletter.lint.confirmation_lint import CONFIRM, lint_confirmation
from syndicate.newsletter.lint.findings import Origins
from syndicate.newsletter.lint.mail_lint import errors_of
from syndicate.templating import Templates


def linted_confirmation(templates: Templates, question: ConfirmationContent) -> tuple[str, str, str]:
    """(subject, html, text). ``RenderError`` when a template fails, or when lint finds what stops a send."""
    parts = render_confirmation(templates, question)

    def find(text: str, file: str) -> str:
        return templates.find(text, "mail/", f"{CONFIRM}.*" if file == "*.*" else file)

    findings = lint_confirmation(
        parts,
        confirm_url=question.confirm_url,
        postal_address=question.postal_address,
        origins=Origins(find=find, stem=CONFIRM),
    )
    if errors := errors_of(findings):
        raise RenderError("; ".join(errors))
    return parts

"""The mail that asks for confirmation: plain, short, nothing to sell (rules C1 and C2)."""

from dataclasses import dataclass

from syndicate.templating import Templates
from syndicate.text.language import direction_of
from syndicate.text.plain import clean_line

_SUBJECT_LIMIT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationContent:
    """Content of the confirmation mail: the same for all recipients but for the token in ``confirm_url``.

    ``agreed`` is what the reader agrees to; ``hours`` is how long the link can be used.
    """

    newsletter_title: str
    site_title: str
    language: str
    postal_address: str
    agreed: str
    confirm_url: str
    hours: int


def render_confirmation(templates: Templates, question: ConfirmationContent) -> tuple[str, str, str]:
    """(subject, html, text) of the mail. ``RenderError`` when a template fails."""
    templates = templates.in_language(question.language)
    context = {
        "newsletter": question.newsletter_title,
        "site": question.site_title,
        "language": question.language,
        "direction": direction_of(question.language),
        "postal_address": question.postal_address,
        "agreed": question.agreed,
        "confirm_url": question.confirm_url,
        "hours": question.hours,
    }
    subject = clean_line(templates.render("mail/confirm.subject.txt", **context), _SUBJECT_LIMIT)
    context["subject"] = subject
    html = templates.render("mail/confirm.html", **context)
    text = templates.render("mail/confirm.txt", **context)
    return subject, html, text

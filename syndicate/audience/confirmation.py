"""Confirmation mail: short, without advertising (rules C1 and C2)."""

from dataclasses import dataclass

from syndicate.templating import Templates
from syndicate.text.language import direction_of
from syndicate.text.plain import clean_line

_SUBJECT_LIMIT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationContent:
    """Content of the confirmation mail; ``agreed`` is the consent, ``hours`` the lifetime of the link."""

    newsletter_title: str
    site_title: str
    language: str
    postal_address: str
    agreed: str
    confirm_url: str
    hours: int


def render_confirmation(templates: Templates, content: ConfirmationContent) -> tuple[str, str, str]:
    """Render (subject, html, text). Raises ``RenderError`` when a template fails."""
    templates = templates.in_language(content.language)
    context = {
        "newsletter": content.newsletter_title,
        "site": content.site_title,
        "language": content.language,
        "direction": direction_of(content.language),
        "postal_address": content.postal_address,
        "agreed": content.agreed,
        "confirm_url": content.confirm_url,
        "hours": content.hours,
    }
    subject = clean_line(templates.render("mail/confirm.subject.txt", **context), _SUBJECT_LIMIT)
    context["subject"] = subject
    html = templates.render("mail/confirm.html", **context)
    text = templates.render("mail/confirm.txt", **context)
    return subject, html, text

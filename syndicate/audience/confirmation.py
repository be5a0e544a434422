"""The mail that asks for confirmation: plain, short, nothing to sell (rules C1 and C2)."""

from syndicate.templating import Templates
from syndicate.text.language import direction_of
from syndicate.text.plain import clean_line

_SUBJECT_LIMIT = 70


def render_confirmation(
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
    """(subject, html, text) of the mail; the same for everybody but for the token in ``confirm_url``.

    ``hours`` is how long the link can be used. ``RenderError`` when a template fails.
    """
    templates = templates.in_language(language)
    context = {
        "newsletter": newsletter_title,
        "site": site_title,
        "language": language,
        "direction": direction_of(language),
        "postal_address": postal_address,
        "agreed": agreed,
        "confirm_url": confirm_url,
        "hours": hours,
    }
    subject = clean_line(templates.render("mail/confirm.subject.txt", **context), _SUBJECT_LIMIT)
    context["subject"] = subject
    html = templates.render("mail/confirm.html", **context)
    text = templates.render("mail/confirm.txt", **context)
    return subject, html, text

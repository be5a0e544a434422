"""Confirmation mail: short, without advertising (rules C1 and C2)."""

from dataclasses import asdict, dataclass

from syndicate.templating import Templates
from syndicate.text.language import direction_of
from syndicate.text.plain import clean_line

_SUBJECT_LIMIT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationContent:
    """Variables of the confirmation mail's templates.

    ``newsletter`` and ``site`` are titles, ``agreed`` is the consent, ``hours`` the lifetime of the link.
    ``accent`` and ``accent_dark`` are the site's colours, or ``""``.
    """

    newsletter: str
    site: str
    language: str
    postal_address: str
    agreed: str
    confirm_url: str
    hours: int
    accent: str = ""
    accent_dark: str = ""


def render_confirmation(templates: Templates, content: ConfirmationContent) -> tuple[str, str, str]:
    """Render (subject, html, text). Raises ``RenderError`` when a template fails."""
    templates = templates.in_language(content.language)
    context = asdict(content) | {"direction": direction_of(content.language)}
    subject = clean_line(templates.render("mail/confirm.subject.txt", **context), _SUBJECT_LIMIT)
    html, text = (
        templates.render(f"mail/confirm.{kind}", subject=subject, **context) for kind in ("html", "txt")
    )
    return subject, html, text

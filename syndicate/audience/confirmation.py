"""Confirmation mail: short, without advertising (rules C1 and C2)."""

from dataclasses import dataclass, fields

from syndicate.model import Brand
from syndicate.templating import Templates
from syndicate.text.language import direction_of
from syndicate.text.plain import clean_line

_SUBJECT_LIMIT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmationContent:
    """Variables of the confirmation mail's templates.

    ``newsletter`` is a title, ``brand`` the newsletter's, ``agreed`` the consent, ``hours`` the lifetime of
    the link. The title, the address and the colours of the brand are variables too, as in older templates.
    """

    newsletter: str
    brand: Brand
    language: str
    agreed: str
    confirm_url: str
    hours: int


def render_confirmation(templates: Templates, content: ConfirmationContent) -> tuple[str, str, str]:
    """Render (subject, html, text). Raises ``RenderError`` when a template fails."""
    templates = templates.in_language(content.language)
    brand = content.brand
    context = {field.name: getattr(content, field.name) for field in fields(content)}
    context |= {name: getattr(brand, name) for name in ("postal_address", "accent", "accent_dark")}
    context |= {"site": brand.title, "direction": direction_of(content.language)}
    subject = clean_line(templates.render("mail/confirm.subject.txt", **context), _SUBJECT_LIMIT)
    html, text = (
        templates.render(f"mail/confirm.{kind}", subject=subject, **context) for kind in ("html", "txt")
    )
    return subject, html, text

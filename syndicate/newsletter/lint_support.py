"""HTML and CSS that a widely used mail program does not support, by the table made from caniemail."""

from collections.abc import Iterator

from syndicate.newsletter.findings import Finding, Origins
from syndicate.newsletter.mail_page import MailPage, declarations
from syndicate.newsletter.mail_support import UNSUPPORTED

# Where these are missing the mail is still whole: less pretty, or as wide as the window.
DEGRADES = frozenset(
    {"@media", "<style>", "<body>", "display:none", "height", "max-height", "overflow", "color-scheme"}
    | {"border-radius", "box-shadow", "box-sizing", "cursor", "opacity", "outline", "system-ui"}
    | {"text-decoration", "text-decoration-color", "text-shadow", "transition", "word-break", "word-wrap"}
    | {"overflow-wrap", "background-image", "background-position", "background-repeat", "background-size"}
    | {"text-underline-offset", "list-style", "white-space", "min-width", "table-layout"}
)


def check_support(page: MailPage, origins: Origins) -> list[Finding]:
    """A finding for each feature some mail program lacks and the mail cannot do without."""
    found: dict[str, Finding] = {}
    for feature, written in _features(page):
        programs = UNSUPPORTED.get(feature)
        if programs and feature not in DEGRADES and feature not in found:
            found[feature] = Finding(
                rule="caniemail",
                message=f"{feature} is not supported by {programs.replace(' ', ', ')}. "
                "Use tables, padding on cells and plain colours.",
                place=origins.template(*written),
            )
    return list(found.values())


def _features(page: MailPage) -> Iterator[tuple[str, tuple[str, ...]]]:
    for tag, style in dict.fromkeys((one.tag, one.attributes.get("style", "")) for one in page.elements):
        yield f"<{tag}>", (f"<{tag}",)
        yield from _declared(declarations(style))
    for rule in page.rules:
        if rule.media:
            yield rule.media.split()[0], (rule.media.split()[0],)
        yield from _declared(rule.values)


def _declared(values: dict[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in values.items():
        plain = value.replace("!important", "").strip()
        written = f"{name}: {plain}", f"{name}:{plain}", f"{name}:"
        yield name, written
        yield f"{name}:{plain}", written
        for function in (
            "clamp(",
            "min(",
            "max(",
            "light-dark(",
            "rgba(",
            "lab(",
            "lch(",
            "oklab(",
            "oklch(",
        ):
            if plain.startswith(function) or f" {function}" in plain:
                yield function, written

"""Check for HTML and CSS that a widely used mail program does not support, by the table from caniemail."""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import resources

from syndicate.newsletter.lint.findings import LintFinding, Origins, Severity
from syndicate.newsletter.lint.mail_page import MailPage, declarations
from syndicate.text.tables import table_of

DEGRADES = frozenset(table_of(__name__)["degrades"])
_FUNCTION = re.compile(r"[a-z-]+\(")
_WORD = re.compile(r"(?<![\w#-])[a-z][a-z-]*(?![\w(-])")
_UNIT = re.compile(r"(?<![\w#])[\d.]+([a-z]+)")
_TEXT = re.compile(r"""url\([^)]*\)|"[^"]*"|'[^']*'""")
_PSEUDO = re.compile(r"::?[a-z-]+")
_COMBINED = (("+", "a + b"), (">", "a > b"), ("~", "a ~ b"), ("[", "[attribute]"))
# CSS 2 writes these pseudo-elements with a single colon.
_ELEMENTS = frozenset({":after", ":before", ":first-letter", ":first-line"})


@lru_cache(maxsize=1)
def support_table() -> dict[str, dict[str, str]]:
    """Return the programs without a feature, by ``unsupported`` or ``partial`` and the feature."""
    text = resources.files(__package__).joinpath("mail_support.txt").read_text("utf-8")
    table: dict[str, dict[str, str]] = {}
    for line in text.splitlines():
        programs, _, features = line.partition(": ")
        if line.startswith("["):
            part = table[line.strip("[]")] = {}
        elif features and not line.startswith("#"):
            part |= dict.fromkeys(features.split(", "), programs)
    return table


def check_support(page: MailPage, origins: Origins) -> list[LintFinding]:
    """Return a finding for each required feature that a mail program lacks.

    Partial support, and unsupported selectors, are warnings: a mail without that rule is only less pretty.
    """
    findings: dict[str, LintFinding] = {}
    unsupported, partial = support_table()["unsupported"], support_table()["partial"]
    for feature, written in _features(page):
        lacking, partly = unsupported.get(feature, ""), partial.get(feature, "")
        if not (lacking or partly) or feature in DEGRADES or feature in findings:
            continue
        how = "not supported" if lacking else "supported only in part"
        error = lacking and not feature.startswith((":", "[", "a "))
        findings[feature] = LintFinding(
            rule="caniemail",
            message=f"{feature.removeprefix('=')} is {how} by {(lacking or partly).replace(' ', ', ')}. "
            "Use tables, padding on cells and plain colours.",
            place=origins.template(*written),
            severity=Severity.ERROR if error else Severity.WARNING,
        )
    return list(findings.values())


def _features(page: MailPage) -> Iterator[tuple[str, tuple[str, ...]]]:
    for tag, style in dict.fromkeys(
        (element.tag, element.attributes.get("style", "")) for element in page.elements
    ):
        yield f"<{tag}>", (f"<{tag}",)
        yield from _declared(declarations(style))
    for rule in page.rules:
        if rule.media:
            yield rule.media.split()[0], (rule.media.split()[0],)
        yield from _selected(rule.selector)
        yield from _declared(rule.values)


def _selected(selector: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    for pseudo in _PSEUDO.findall(selector):
        yield f":{pseudo}" if pseudo in _ELEMENTS else pseudo, (selector, pseudo)
    for sign, feature in _COMBINED:
        if sign in selector:
            yield feature, (selector, sign)


def _declared(values: dict[str, str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for name, value in values.items():
        if "!important" in value:
            yield "!important", (value,)
        plain = value.replace("!important", "").strip()
        written = f"{name}: {plain}", f"{name}:{plain}", f"{name}:"
        yield name, written
        yield f"{name}:{plain}", written
        for part in _parts(plain):
            yield part, written


@lru_cache(maxsize=1024)
def _parts(value: str) -> tuple[str, ...]:
    """Return the functions, keywords and units of a value, cached: a mail repeats a few values."""
    value = _TEXT.sub("", value.lower())
    words, units = _WORD.findall(value), _UNIT.findall(value)
    return *_FUNCTION.findall(value), *(f"={word}" for word in words), *(f"1{unit}" for unit in units)

"""Translate XPath 1.0 expressions of other feed readers to CSS selectors that find the same elements. Pure.

Translated are paths of element names on the axes that CSS has, positions among siblings, and tests of
attributes, children and text. An expression that CSS cannot say exactly raises ``ConfigError`` with the part.
A path that starts at the context element becomes ``:scope > …``.
"""

import re
from collections.abc import Iterator
from typing import NoReturn

from syndicate.errors import ConfigError
from syndicate.ingest.page.css_selectors import check_selector

_STEP = re.compile(
    r"\s*(?P<join>//?|)\s*(?:(?P<axis>[a-z-]+)\s*::\s*)?(?P<name>\*|\.\.|[A-Za-z][\w-]*)(?![\w(:])"
)
_VALUE = r"""(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)')"""
_ATTRIBUTE = r"@(?P<name>[A-Za-z][\w-]*)"
_BLANK = r"""(?:"\x20"|'\x20')"""
_PADDED = rf"concat\( {_BLANK} , (?:normalize-space\( )?{_ATTRIBUTE} (?:\) )?, {_BLANK} \)"
# Tests of an attribute or the text, as XPath and as CSS.
_TESTS = tuple(
    (re.compile(pattern.replace(" ", r"\s*")), css)
    for pattern, css in (
        (_ATTRIBUTE, "[{name}]"),
        (rf"{_ATTRIBUTE} = {_VALUE}", "[{name}={value}]"),
        (rf"{_VALUE} = {_ATTRIBUTE}", "[{name}={value}]"),
        (rf"{_ATTRIBUTE} != {_VALUE}", "[{name}]:not([{name}={value}])"),
        (rf"string-length\( {_ATTRIBUTE} \) (?:>|!=) 0", '[{name}]:not([{name}=""])'),
        (rf"starts-with\( {_ATTRIBUTE} , {_VALUE} \)", "[{name}^={value}]"),
        (rf"contains\( {_ATTRIBUTE} , {_VALUE} \)", "[{name}*={value}]"),
        (rf"contains\( {_PADDED} , {_VALUE} \)", "[{name}~={value}]"),
        (rf"contains\( \. , {_VALUE} \)", ":contains({value})"),
        (r"self :: (?P<name>[a-z][\w-]*)", ":is({name})"),
    )
)
_POSITION = re.compile(r"(?:position\(\)\s*=\s*)?(?P<number>[1-9]\d{0,3})|last\(\)")
_CLOSING = {"(": ")", "[": "]"}


def xpath_to_css(expression: str) -> str:
    """Return the CSS selector for an XPath expression. Raises ``ConfigError`` if there is none."""
    selectors = [_path(part) for part in _split(expression, r"\|")]
    # ``:scope`` stands alone or before a child, in a list of a single selector.
    css = ", ".join(selectors)
    if css.startswith(":scope ~") or (selectors[1:] and ":scope" in css):
        _refuse(expression)
    check_selector(css)
    return css


def _path(text: str) -> str:
    """Return the selector of a location path."""
    text = text.strip()
    if text == ".":
        return ":scope"
    # Selectors are searched below ``html``, whose children are ``head`` and ``body``.
    start = re.match(r"(?:/html)?(?=//)|/html(?=/(?:body|head)\b)|\.(?=/)|(?!/)", text) or _refuse(text)
    is_relative = not text.startswith("/")
    css, steps, end = "", 0, start.end()
    while end < len(text):
        match = _STEP.match(text, end)
        if match is None or (steps and not match["join"]):
            _refuse(text)
        predicates, end = _predicates(text, match.end())
        axis, name = match["axis"] or "child", match["name"].lower()
        if name == "..":
            axis, name = "parent", "*"
        compound = name + "".join(_conditions(predicates, name, axis))
        is_parent = axis in ("parent", "ancestor") and match["join"] == "/" and steps == 1 and not is_relative
        if is_parent:
            css = f"{compound}:has({'> ' if axis == 'parent' else ''}{css})"
        elif axis == "following-sibling" and match["join"] != "//" and (css or is_relative):
            css = f"{css or ':scope'} ~ {compound}"
        elif axis == "descendant" or (axis == "child" and match["join"] == "//"):
            css = f"{css} {compound}".strip()
        elif axis == "child":
            css = f"{css} > {compound}" if css else f":scope > {compound}" if is_relative else compound
        else:
            _refuse(text)
        steps += 1
    return css or _refuse(text)


def _predicates(text: str, start: int) -> tuple[list[str], int]:
    """Return the predicates ``[…]`` at ``start``, and the index behind them."""
    found = []
    while text[start:].lstrip().startswith("["):
        opening = text.index("[", start)
        start = _closing(text, opening) + 1
        found.append(text[opening + 1 : start - 1].strip())
    return found, start


def _conditions(predicates: list[str], name: str, axis: str) -> Iterator[str]:
    for place, predicate in enumerate(predicates):
        position = _POSITION.fullmatch(predicate)
        if position is None:
            yield _condition(predicate)
        elif place or axis != "child":
            _refuse(f"[{predicate}]")
        else:
            kind = "child" if name == "*" else "of-type"
            number = position["number"]
            yield f":nth-{kind}({number})" if number else f":nth-last-{kind}(1)"


def _condition(text: str) -> str:
    """Return the selector of a predicate without positions."""
    text = text.strip()
    for word in ("or", "and"):
        parts = _split(text, rf"(?<![\w@:/.-]){word}(?![\w-])")
        if parts[1:]:
            selectors = [_condition(part) for part in parts]
            return f":is({', '.join(selectors)})" if word == "or" else "".join(selectors)
    opening = re.match(r"not\s*\(|\(", text)
    if opening and _closing(text, opening.end() - 1) == len(text) - 1:
        inner = _condition(text[opening.end() : -1])
        return inner if opening[0] == "(" else f":not({inner})"
    for pattern, css in _TESTS:
        if match := pattern.fullmatch(text):
            return css.format(**_named(match, css, text))
    attribute = re.search(rf"/\s*{_ATTRIBUTE}\Z", text)
    path = _path(text[: attribute.start()] if attribute else text)
    if path == ":scope" or text.startswith("/"):
        _refuse(text)
    has = f"[{attribute['name']}]" if attribute else ""
    return f":has({path.removeprefix(':scope ')}{has})"


def _named(match: re.Match[str], css: str, text: str) -> dict[str, str]:
    """Return the attribute's name and the value as a CSS string."""
    groups = match.groupdict()
    value = groups.get("double") or groups.get("single") or ""
    if "~=" in css:
        value = value[1:-1] if re.fullmatch(r" \S+ ", value) else ""
    if not value.isprintable() or (not value and re.search(r"[~^*]=|contains", css)):
        _refuse(text)
    quoted = value.replace("\\", "\\\\").replace('"', '\\"')
    return {"name": (groups.get("name") or "").lower(), "value": f'"{quoted}"'}


def _split(text: str, separator: str) -> list[str]:
    """Split at a separator outside of quotes and brackets."""
    outside = {place for place, depth in _depths(text, 0) if not depth}
    cuts = [match for match in re.finditer(separator, text) if match.start() in outside]
    starts, ends = [0, *(cut.end() for cut in cuts)], [*(cut.start() for cut in cuts), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _closing(text: str, opening: int) -> int:
    """Return the index of the bracket that closes the bracket at ``opening``."""
    return next((place for place, depth in _depths(text, opening) if not depth), 0) or _refuse(text)


def _depths(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the index of each character outside of quotes and the depth of brackets after it."""
    depth, quote = 0, ""
    for place in range(start, len(text)):
        character = text[place]
        if quote:
            quote = "" if character == quote else quote
            continue
        if character in "\"'":
            quote = character
            continue
        depth += (character in _CLOSING) - (character in _CLOSING.values())
        yield place, depth


def _refuse(text: str) -> NoReturn:
    raise ConfigError(f"CSS cannot say {text.strip()[:80]!r}")

"""Check the operator's selectors and convert them to XPath. The only importer of cssselect."""

from functools import lru_cache

from cssselect import HTMLTranslator, SelectorError

from syndicate.errors import ConfigError

XPATH = "xpath:"
"""Precedes a selector that is an XPath 1.0 expression, as other feed readers have them."""


def check_selector(text: str) -> None:
    """Raise ``ConfigError`` for an invalid or unsupported selector."""
    xpath_of(text)


@lru_cache(maxsize=256)
def xpath_of(text: str) -> str:
    """Convert a selector to XPath; raises ``ConfigError`` if it is not supported.

    CSS becomes a search of descendants. ``:scope`` is the element itself; ``:scope > a`` finds its children.
    An XPath expression is compiled, but not tried: on untrusted expressions that may take for ever.
    """
    if text.startswith(XPATH):
        # Few processes need it.
        from lxml import etree  # noqa: PLC0415 - see above

        expression = text.removeprefix(XPATH)
        try:
            etree.XPath(expression)
        except (etree.XPathError, ValueError) as error:
            raise ConfigError(f"{expression[:80]!r} is not an XPath expression: {error}") from error
        return expression
    if text == ":scope":
        return "self::*"
    child = text.removeprefix(":scope > ")
    try:
        return HTMLTranslator().css_to_xpath(child, prefix="descendant::" if child == text else "child::")
    except SelectorError as error:
        raise ConfigError(f"{text!r} is not a CSS selector that syndicate supports: {error}") from error

"""Check the operator's CSS selectors and convert them to XPath. The only importer of cssselect."""

from functools import lru_cache

from cssselect import HTMLTranslator, SelectorError

from syndicate.errors import ConfigError


def check_selector(text: str) -> None:
    """Raise ``ConfigError`` for an invalid or unsupported CSS selector."""
    xpath_of(text)


@lru_cache(maxsize=256)
def xpath_of(text: str) -> str:
    """Convert a CSS selector to XPath for descendants; raises ``ConfigError`` if it is not supported.

    ``:scope`` is the element itself; ``:scope > a`` finds its children.
    """
    if text == ":scope":
        return "self::*"
    child = text.removeprefix(":scope > ")
    try:
        return HTMLTranslator().css_to_xpath(child, prefix="descendant::" if child == text else "child::")
    except SelectorError as error:
        raise ConfigError(f"{text!r} is not a CSS selector that syndicate supports: {error}") from error

"""CSS selectors as an operator writes them: checked when the configuration is read, then used on pages.

The only importer of cssselect.
"""

from functools import lru_cache

from cssselect import HTMLTranslator, SelectorError

from syndicate.errors import ConfigError


def check_selector(text: str) -> None:
    """Raises ``ConfigError`` for what is not a CSS selector, or one that we cannot follow."""
    xpath_of(text)


@lru_cache(maxsize=256)
def xpath_of(text: str) -> str:
    """The XPath expression that finds, below an element, what the CSS selector means.

    Raises ``ConfigError``.
    """
    try:
        return HTMLTranslator().css_to_xpath(text, prefix="descendant::")
    except SelectorError as error:
        raise ConfigError(f"{text!r} is not a CSS selector that we know ({error})") from error

"""Checks of the URLs that may be requested, and of redirects."""

from urllib.parse import urljoin

from yarl import URL

from syndicate.errors import FetchError

_SCHEMES = ("http", "https")


def check_url(text: str) -> URL:
    """Return the URL to request, with path and query exactly as written.

    Raises ``FetchError`` for other schemes than http and https, for credentials in the URL, and for control
    characters and backslashes, which URL parsers read differently.
    """
    if "\\" in text or any(character < " " or character == "\x7f" for character in text):
        raise FetchError(
            f"{text!r} cannot be fetched: control characters and backslashes are not allowed in a URL"
        )
    try:
        # Requoting would change signed paths and queries: requote only invalid text.
        url = URL(text, encoded=text.isascii() and " " not in text).with_fragment(None)
        host = url.host
    except ValueError as error:
        raise FetchError(f"{text!r} cannot be fetched: it is not a valid URL ({error})") from error
    if url.scheme not in _SCHEMES:
        raise FetchError(f"{text!r} cannot be fetched: only http and https URLs are")
    if not host or " " in host or "%" in host:
        raise FetchError(f"{text!r} cannot be fetched: the URL names no valid host")
    if url.user is not None or url.password is not None:
        raise FetchError(
            f"{url.with_user(None)} cannot be fetched: take user name and password out of the URL"
        )
    return url


def redirect_target(source: URL, location: str) -> URL:
    """Return the target of a redirect; raises ``FetchError`` for a target not to follow."""
    if not location:
        raise FetchError(f"{source} redirects without saying where to; tell its owner")
    try:
        target = check_url(urljoin(str(source), location))
    except ValueError as error:
        raise FetchError(f"{source} redirects to {location!r}, which is not a valid URL ({error})") from error
    if source.scheme == "https" and target.scheme == "http":
        raise FetchError(f"{source} redirects from https to {target}, which is not encrypted; not followed")
    return target

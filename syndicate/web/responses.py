"""Common headers of the responses for feeds and files."""

from starlette.requests import Request

from syndicate.web.media import ServedType
from syndicate.web.negotiation import is_navigation


def list_field(request: Request, name: str) -> str:
    """Join all lines of a list header (RFC 9110 section 5.3)."""
    return ", ".join(request.headers.getlist(name))


def content_type(request: Request, kind: ServedType) -> str:
    """Return the Content-Type; a browser that opens a feed gets plain XML, which it styles (rule D4)."""
    if kind.styled and is_navigation(list_field(request, "sec-fetch-dest"), list_field(request, "accept")):
        return "application/xml; charset=utf-8"
    return kind.content_type

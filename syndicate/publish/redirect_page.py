"""Page at a former address, which leads to the present address."""

from html import escape
from posixpath import dirname, relpath
from urllib.parse import quote


def redirect_page(path: str, target: str, site_url: str) -> bytes:
    """Return the page at ``path`` that sends browsers to ``target``; both are paths in the output folder.

    The web server recognises the first three lines and responds with 301.
    """
    relative = escape(quote(relpath(target, dirname(path) or ".")))
    address = f"{escape(site_url)}/{quote(target)}"
    return (
        '<!DOCTYPE html>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="0; url={relative}">\n'
        f'<link rel="canonical" href="{address}">\n'
        f'<title>{address}</title>\n<p><a href="{relative}">{address}</a></p>\n'
    ).encode()

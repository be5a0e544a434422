"""Page at a former address, which leads to the present address."""

from html import escape
from posixpath import dirname, relpath
from urllib.parse import quote


def redirect_page(path: str, target: str, site_url: str) -> bytes:
    """Return the page at ``path`` that sends browsers to ``target``; both are paths in the output folder.

    The web server recognises the first three lines and responds with 301.
    """
    relative = quote(relpath(target, dirname(path) or "."))
    return (
        '<!DOCTYPE html>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="refresh" content="0; url={escape(relative)}">\n'
        f'<link rel="canonical" href="{escape(site_url)}/{quote(target)}">\n'
        f'<p><a href="{escape(relative)}">{escape(site_url)}/{quote(target)}</a></p>\n'
    ).encode()

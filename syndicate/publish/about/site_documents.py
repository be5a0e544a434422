"""Documents for programs: robots.txt, sitemaps, web app manifest and security.txt."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import quote, urlsplit

from syndicate.publish.publish_options import PublishOptions
from syndicate.text.dates import rfc3339
from syndicate.text.language import direction_of

ACCENT: Final = "#0a5c55"
"""Accent colour of the shipped style sheet."""
SITEMAP_PATH: Final = "sitemap.xml"
MANIFEST_PATH: Final = "site/manifest.webmanifest"
SECURITY_PATH: Final = ".well-known/security.txt"
# Routes of the web server whose addresses hold tokens or are endless; crawlers have no business there.
_PRIVATE: Final = (
    "unsubscribe/", "confirm/", "preferences/", "private/", "desk/", "websub/", "hooks/", "search?"
)  # fmt: skip
_SCHEMA: Final = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
_XML: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_SECURITY_LIFE: Final = timedelta(days=180)

# Page in a sitemap: its path, and the time of its last change if a row knows it.
SitemapPage = tuple[str, datetime | None]


def robots_txt(options: PublishOptions) -> bytes:
    """Return the rules for crawlers; they count only if the site has a host of its own."""
    base = f"{urlsplit(options.site_url).path}/"
    rules = "".join(f"Disallow: {base}{route}\n" for route in _PRIVATE)
    sitemaps = "".join(f"Sitemap: {options.site_url}/{path}\n" for path in (SITEMAP_PATH, "news-sitemap.xml"))
    return f"User-agent: *\n{rules}\n{sitemaps}".encode()


def sitemap_part(pages: Iterable[SitemapPage], site_url: str) -> bytes:
    """Return a sitemap of pages (https://www.sitemaps.org/protocol.html)."""
    rows = "".join(
        f"<url><loc>{_address(site_url, path)}</loc>{_changed(rfc3339(at) if at else '')}</url>\n"
        for path, at in pages
    )
    return f"{_XML}<urlset {_SCHEMA}>\n{rows}</urlset>\n".encode()


def sitemap_index(parts: Mapping[str, str], site_url: str) -> bytes:
    """Return the list of sitemaps: their paths, each with its last change or ``""``."""
    rows = "".join(
        f"<sitemap><loc>{_address(site_url, path)}</loc>{_changed(at)}</sitemap>\n"
        for path, at in sorted(parts.items())
    )
    return f"{_XML}<sitemapindex {_SCHEMA}>\n{rows}</sitemapindex>\n".encode()


def manifest(options: PublishOptions) -> bytes:
    """Return the web app manifest, by which browsers put the site on a home screen."""
    images = [("icon-192.png", "192x192"), ("icon-512.png", "512x512")]
    icons = [{"src": f"assets/{name}", "sizes": sizes, "type": "image/png"} for name, sizes in images]
    facts = {
        "name": options.title,
        "short_name": options.title,
        "description": options.description,
        "lang": options.language,
        "dir": direction_of(options.language),
        "start_url": "index.html",
        "scope": "./",
        "display": "minimal-ui",
        "background_color": "#ffffff",
        "theme_color": options.brand.accent or ACCENT,
        "icons": [*icons, {"src": "assets/favicon.svg", "sizes": "any", "type": "image/svg+xml"}],
    }
    return json.dumps(facts, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n"


def security_txt(options: PublishOptions, now: datetime) -> bytes:
    """Return the contact for reports of security problems (RFC 9116), which expires within seven months."""
    contact = options.contact if "://" in options.contact else f"mailto:{options.contact}"
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {contact}",
        f"Expires: {rfc3339(month + _SECURITY_LIFE)}",
        f"Preferred-Languages: {options.language}",
        f"Canonical: {options.site_url}/{SECURITY_PATH}",
    ]
    return "".join(f"{line}\n" for line in lines).encode()


def _address(site_url: str, path: str) -> str:
    return escape(f"{site_url}/{quote(path)}")


def _changed(at: str) -> str:
    return f"<lastmod>{at}</lastmod>" if at else ""

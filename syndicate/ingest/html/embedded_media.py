"""Turn embedded players into links, since feeds, mail and pages of the site show no frames.

Fourteen of 69 real feeds embed videos; an item that is only a video would be empty without its link.
"""

import re
from html import escape
from itertools import count
from urllib.parse import parse_qs, unquote, urlsplit

from syndicate.ingest.html.hidden_media import hide_media, may_hide
from syndicate.ingest.html.tag_scanner import INSIDE, NO_TAGS, TAG, parse_attributes
from syndicate.ingest.html.tracking_pixels import is_tracking_pixel
from syndicate.text.plain import clean_line
from syndicate.text.tables import table_of
from syndicate.text.urls import absolute_url, site_host

MAX_MEDIA = 50
"""Links per text; of 1 318 texts of real feeds, the largest number is 16."""
MAX_TITLE_CHARACTERS = 200
# Much faster than a pattern whose first character may be of either case.
_PLAYER = re.compile("<(?i:iframe|video|audio)")
# Players hold no players; comments, code and the attributes of other elements hold none either.
_ELEMENT = re.compile(
    rf"<(?P<name>iframe|video|audio)(?P<inside>(?:[\s/]{INSIDE})?)(?:>|\Z)"
    rf"(?:(?P<content>(?:(?!{_PLAYER.pattern}).){{0,4000}}?)</(?P=name)\s*>)?|{NO_TAGS}|{TAG.pattern}",
    re.DOTALL | re.IGNORECASE,
)
_SOURCE = re.compile(rf"<source([\s/]{INSIDE})(?:>|\Z)", re.IGNORECASE)
_TABLE = table_of(__name__)
_NO_MEDIA = re.compile(rf"https?://(?:www\.)?(?:{'|'.join(_TABLE['no_media'])})", re.IGNORECASE)
_NAMELESS = re.compile(r"(?:\W*(?:youtube|vimeo|embedded|embed|media|video|audio|player|content|frame))*\W*")


def media_as_links(html: str, base: str) -> str:
    """Return HTML with a paragraph and a link in place of each embedded player, for the sanitiser.

    Relative addresses are resolved against ``base``. The sanitiser drops hidden frames, buttons and trackers.
    """
    numbers = count(1)

    def link(match: re.Match[str]) -> str:
        is_player = match["name"] and next(numbers) <= MAX_MEDIA
        # The sanitiser would drop all text after a frame without an end tag.
        kept = "" if match["name"] and match["content"] is None else match[0]
        return (_paragraph(match, base) if is_player else "") or kept

    return _ELEMENT.sub(link, hide_media(html) if may_hide(html) else html) if _PLAYER.search(html) else html


def _paragraph(element: re.Match[str], base: str) -> str:
    attributes = parse_attributes(element["inside"])
    address = _address(attributes, element["content"] or "", base)
    if not address or is_tracking_pixel(attributes | {"src": address}) or _NO_MEDIA.match(address):
        return ""
    title = clean_line(attributes.get("title") or attributes.get("aria-label", ""), MAX_TITLE_CHARACTERS)
    title = "" if _NAMELESS.fullmatch(title.casefold()) else title
    host = site_host(address)
    if not title and element["name"].lower() != "iframe":
        title = clean_line(unquote(urlsplit(address).path.rpartition("/")[2]), MAX_TITLE_CHARACTERS)
    link = f'<a href="{escape(address)}">{escape(title or host, quote=False)}</a>'
    return f"<p>{link} ({host})</p>" if title else f"<p>{link}</p>"


def _address(attributes: dict[str, str], content: str, base: str) -> str:
    """Return the first address of a player: its own, that of a late load, or that of a source."""
    named = [attributes.get(name, "") for name in ("src", "data-src", "data-lazy-src")]
    named += [parse_attributes(source).get("src", "") for source in _SOURCE.findall(content)]
    return next((_page_of(url) for name in named if (url := absolute_url(base, name)).startswith("http")), "")


def _page_of(url: str) -> str:
    """Return the page that shows what a frame plays; the frame's own address for unknown hosts."""
    address, _, query = url.partition("?")
    for pattern, page in _TABLE["pages"].items():
        if match := re.fullmatch(f"https?://{pattern}", address):
            start = parse_qs(query).get("start", [""])[0]
            found = match.expand(f"https://{page}")
            return f"{found}&t={start}s" if start.isdecimal() and "watch?" in found else found
    return url

"""Choose an article's lead image. Pure.

Declared images come first, then the first image of the text. Avatars, share buttons, badges, logos, emoji,
formulas, advertisements, spacers and trackers are excluded, by host, folder, file name, size, alternative
text, and the link around them.
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from syndicate.ingest.html.item_boilerplate import is_read_more
from syndicate.ingest.html.tracking_pixels import MAX_PIXEL_SIDE, is_tracker_url
from syndicate.model import Image
from syndicate.text.tables import table_of
from syndicate.text.urls import absolute_url

MIN_SIDE = 64
"""Pixels. An image with a shorter side is an icon, a button or a banner."""
MIN_LONG_SIDE = 100
"""Pixels that the longer side of an image in the text, and the width of a declared image, must have."""
MIN_LOGO_SIDE = 200
"""Pixels. An image with both sides this long is no decoration, even if its name says "logo"."""
_MAX_LINK_CHARACTERS = 600

_TABLE = table_of(__name__)
# Patterns for addresses in lower case.
_DECORATION_HOSTS = re.compile(rf"https?://(?:[^/?#]*\.)?(?:{'|'.join(_TABLE['hosts'])})(?:[/?:]|\Z)")
# In names of gif and png files only: a photograph "style-icon.jpg" may show the article's subject.
_WORDS = r"(?:badge|button|btn|donate|emoji|emoticon|icon|share|smiley|spacer|sprite|subscribe)s?"
_SURE_WORDS = r"(?:avatar|favicon|gravatar|logo)s?"
_SUFFIX = r"(?:[-_.@](?:\d++(?:x\d*+)?+(?:px)?+|small|large|full|scaled|white|black|rss|e\d+))*"
_DECORATION_NAMES = re.compile(
    rf"""[^?\#]*/(?:
        (?:{_WORDS}|{_SURE_WORDS}|smilies|tracking|display-ads?|ads)/
        |(?:[^/?\#]*[-_.])?(?:{_WORDS}{_SUFFIX}\.(?:gif|png)|{_SURE_WORDS}{_SUFFIX}\.\w{{3,4}})(?:[?\#]|\Z)
    )""",
    re.VERBOSE,
)
# Logos and diagrams, which mail programs do not show.
_VECTOR_GRAPHIC = re.compile(r"[^?#]*\.svgz?(?:[?#]|\Z)")
_SIZE_IN_NAME = re.compile(r"[-_](\d{1,4})x(\d{1,4})(?=\.\w{3,4}(?:[?#]|\Z))")
_LINK_BEFORE = re.compile(r'<a href="([^"]*)"[^<>]*>\s*\Z')
_SHARING = re.compile(rf"mailto:|https?://(?:[^/?#]*\.)?(?:{'|'.join(_TABLE['sharing'])})", re.IGNORECASE)


def lead_image(declared: Iterable[Image], text_image: Image | None, base: str) -> Image | None:
    """Return the widest declared image (the first without sizes), else the image of the text.

    ``base`` resolves relative URLs. A declared image narrower than ``MIN_LONG_SIDE`` loses against the image
    of the text. If both are the same image, each supplies a missing size or alternative text.
    """
    images = [replace(image, url=absolute_url(base, image.url)) for image in declared]
    images = [image for image in images if image.url.startswith("http") and not _is_excluded(image)]
    if not images:
        return text_image
    best = max(images, key=lambda image: image.width or 0)
    if text_image is None:
        return best
    if best.width is not None and best.width < MIN_LONG_SIDE:
        return text_image
    if _url_without_size(text_image.url) != _url_without_size(best.url):
        return best
    if best.width is None and text_image.url == best.url:
        best = replace(best, width=text_image.width, height=text_image.height)
    return replace(best, alt=best.alt or text_image.alt)


def _is_excluded(image: Image) -> bool:
    is_line = any(side is not None and side <= MAX_PIXEL_SIDE for side in (image.width, image.height))
    return is_line or is_tracker_url(image.url) or is_decoration(image)


def is_decoration(image: Image) -> bool:
    """Return whether an image is a decoration, by its URL, size and alternative text."""
    url = image.url.lower()
    if _DECORATION_HOSTS.match(url) or _VECTOR_GRAPHIC.match(url):
        return True
    # A button, or an emoji.
    if image.alt and (is_read_more(image.alt) or not any(map(str.isalnum, image.alt))):
        return True
    if not _DECORATION_NAMES.match(url):
        return False
    width, height = image.width, image.height
    if width is None and (size := _SIZE_IN_NAME.search(image.url)):
        width, height = int(size[1]), int(size[2])
    return min(width or 0, height or 0) < MIN_LOGO_SIDE


def may_lead(image: Image, html: str, at: int) -> bool:
    """Return whether the image at offset ``at`` in cleaned HTML may be the lead image."""
    sides = [side for side in (image.width, image.height) if side is not None]
    if any(side < MIN_SIDE for side in sides) or (len(sides) > 1 and max(sides) < MIN_LONG_SIDE):
        return False
    link_at = html.rfind("<a ", max(at - _MAX_LINK_CHARACTERS, 0), at)
    link = _LINK_BEFORE.match(html, link_at, at) if link_at >= 0 else None
    return not (link and _SHARING.match(link[1])) and not is_decoration(image)


def _url_without_size(url: str) -> str:
    return _SIZE_IN_NAME.sub("", url.partition("?")[0]).partition(":")[2]

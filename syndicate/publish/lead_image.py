"""Lead image above a text, unless the text shows it already."""

import re
from functools import lru_cache
from html import escape, unescape
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from syndicate.model import Image

_SOURCE: Final = re.compile(r'<img [^<>]*?src="([^"]*)"')
# Parameters, parts of a file's name and folders by which servers offer an image in several sizes.
_SIZE_PARAMETERS: Final = frozenset(
    {
        "auto", "crop", "dpr", "dpi", "fit", "fm", "format", "h", "height", "maxheight", "maxwidth", "q",
        "quality", "resize", "s", "size", "sig", "ssl", "strip", "usm", "w", "width", "zoom",
    }
)  # fmt: skip
_SIZE_IN_NAME: Final = re.compile(r"(?:[-_]\d{2,4}x\d{2,4}|-scaled|@\dx)+(?=\.\w+\Z|\Z)")
_SIZE_FOLDER: Final = re.compile(r"\d{2,4}(?:x\d{0,4})?|(?:\w{1,3}[_-][\w.:-]+,)*[wh][_-]?\d+(?:,[\w.:,-]+)?")
_STEM_END: Final = re.compile(r"[^A-Za-z0-9]")
_PROXY: Final = re.compile(r"https?://i\d\.wp\.com/")


def with_lead_image(html: str, image: Image | None) -> str:
    """Return clean HTML after its lead image, unless the HTML shows the image in any size."""
    if image is None or shows_image(html, image.url):
        return html
    size = "".join(
        f' {side}="{pixels}"' for side, pixels in (("width", image.width), ("height", image.height)) if pixels
    )
    return f'<p><img src="{escape(image.url)}" alt="{escape(image.alt)}"{size}></p>{html}'


def shows_image(html: str, url: str) -> bool:
    """Return whether clean HTML shows the image at an address, in this or another size."""
    if "<img " not in html:
        return False
    # The beginning of the file's name is the same in every size.
    stem = _STEM_END.split(url.partition("?")[0].rpartition("/")[2], maxsplit=1)[0]
    if stem not in html:
        return False
    sources = [unescape(source) for source in _SOURCE.findall(html) if stem in source]
    return url in sources or any(_without_size(source) == _without_size(url) for source in sources)


# Cached: an article's feeds and page ask for the same addresses.
@lru_cache(maxsize=2048)
def _without_size(url: str) -> tuple[str, ...]:
    """Return the parts of an address that do not depend on the size of the image."""
    try:
        parts = urlsplit(_PROXY.sub("https://", url))
    except ValueError:
        return (url,)
    *folders, name = parts.path.split("/")
    kept = [folder for folder in folders if folder and not _SIZE_FOLDER.fullmatch(folder)]
    query = [f"{key}={value}" for key, value in parse_qsl(parts.query) if key.lower() not in _SIZE_PARAMETERS]
    return parts.netloc.removeprefix("www."), *kept, _SIZE_IN_NAME.sub("", name), *sorted(query)

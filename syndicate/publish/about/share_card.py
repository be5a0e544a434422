"""Picture for previews of links to pages without a picture: the site's accent colour and a sign."""

from struct import pack
from typing import Final
from zlib import compress, crc32

CARD_PATH: Final = "site/assets/card.png"
WIDTH: Final = 1200
HEIGHT: Final = 630
# The bars of the icon, in pixels: left, top, width, height. Each begins and ends at a multiple of eight.
_BARS: Final = (
    (496, 219, 208, 40), (496, 299, 120, 32), (496, 355, 120, 32), (648, 299, 56, 88), (496, 411, 208, 24)
)  # fmt: skip


def share_card(accent: str) -> bytes:
    """Return the card as a PNG with two colours; ``accent`` is a colour as ``#rrggbb``.

    It has no words: the title stands beside it in every preview, and words would need fonts for all scripts.
    """
    rows = [bytearray(WIDTH // 8) for _ in range(HEIGHT)]
    for left, top, width, height in _BARS:
        for row in rows[top : top + height]:
            row[left // 8 : (left + width) // 8] = b"\xff" * (width // 8)
    chunks = {
        # One bit for each pixel, colours by palette.
        b"IHDR": pack(">IIBBBBB", WIDTH, HEIGHT, 1, 3, 0, 0, 0),
        b"PLTE": bytes.fromhex(accent.removeprefix("#")) + b"\xff\xff\xff",
        b"IDAT": compress(b"".join(b"\0" + row for row in rows), 9),
        b"IEND": b"",
    }
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data)) for kind, data in chunks.items()
    )

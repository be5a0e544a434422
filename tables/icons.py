"""Draws the icons of the site in ``templates/pages`` from the shapes of ``favicon.svg``.

    python -m tables.icons templates/pages

Each pixel has the mean of 8 by 8 points. Run it again after a change of the shapes below.
"""

import sys
from pathlib import Path
from struct import pack
from zlib import compress, crc32

import numpy as np

ACCENT = (0x0A, 0x5C, 0x55)
# The shapes in a square of 96 units: radius of the corners, and bars as left, top, width, height.
UNITS, RADIUS = 96, 20
BARS = ((22, 24, 52, 10), (22, 44, 30, 8), (22, 58, 30, 8), (60, 44, 14, 22), (22, 72, 52, 6))
POINTS = 8
PNGS = {"favicon.png": 96, "icon-192.png": 192, "icon-512.png": 512}
ICO = (16, 32, 48)


def icon(size: int, *, radius: float = RADIUS) -> bytes:
    """Return the icon as a PNG of so many pixels."""
    grid = (np.arange(size * POINTS) + 0.5) * UNITS / (size * POINTS)
    x, y = grid[None, :], grid[:, None]
    outside = [np.maximum(np.maximum(radius - axis, axis - (UNITS - radius)), 0) for axis in (x, y)]
    field = np.hypot(*outside) <= radius if radius else np.ones((grid.size, grid.size), bool)
    bars = np.zeros_like(field)
    for left, top, width, height in BARS:
        bars |= (x >= left) & (x < left + width) & (y >= top) & (y < top + height)
    alpha, white = (
        shape.reshape(size, POINTS, size, POINTS).mean(axis=(1, 3))[..., None] for shape in (field, bars)
    )
    colour = np.array(ACCENT) * (1 - white) + 255 * white
    pixels = np.concatenate([colour, 255 * alpha], axis=2).round().astype(np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    chunks = (
        (b"IHDR", pack(">IIBBBBB", size, size, 8, 6, 0, 0, 0)),
        (b"IDAT", compress(rows, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(data)) + kind + data + pack(">I", crc32(kind + data)) for kind, data in chunks
    )


def ico(sizes: tuple[int, ...]) -> bytes:
    """Return an icon file with a PNG for each size."""
    images = [icon(size) for size in sizes]
    starts = [6 + 16 * len(sizes) + sum(map(len, images[:place])) for place in range(len(sizes))]
    heads = [
        pack("<BBBBHHII", size, size, 0, 0, 1, 32, len(image), start)
        for size, image, start in zip(sizes, images, starts, strict=True)
    ]
    return pack("<HHH", 0, 1, len(sizes)) + b"".join(heads + images)


def main(folder: Path) -> None:
    """Write the icons. A home screen rounds the corners itself: its icon is a full square."""
    for name, size in PNGS.items():
        (folder / name).write_bytes(icon(size))
    (folder / "icon-180.png").write_bytes(icon(180, radius=0))
    (folder / "favicon.ico").write_bytes(ico(ICO))


if __name__ == "__main__":
    main(Path(sys.argv[1]))

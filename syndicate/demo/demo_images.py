"""Images for demo articles: two-tone landscapes in pure Python, the same image for the same name."""

import math
import zlib
from hashlib import blake2b
from random import Random

WIDTH, HEIGHT = 800, 450

# Dark and light colour of each pair, as red, green, blue.
_PAIRS = (
    ((24, 48, 73), (244, 226, 198)),
    ((33, 62, 60), (238, 233, 206)),
    ((66, 39, 66), (250, 221, 204)),
    ((29, 53, 87), (214, 232, 236)),
    ((84, 44, 36), (249, 229, 196)),
    ((45, 49, 66), (233, 220, 229)),
    ((22, 64, 77), (252, 236, 210)),
    ((58, 64, 38), (243, 238, 214)),
)


def draw_image(name: str) -> bytes:
    """Return a PNG of 800 × 450 pixels for a name."""
    seed = int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
    random = Random(seed)  # noqa: S311 the image is decoration
    sky = bytes(168 + 79 * row // HEIGHT for row in range(HEIGHT))
    sun_x, sun_y, radius = random.randint(120, 680), random.randint(70, 190), random.randint(34, 74)
    layers, columns = _hills(random), []
    for x in range(WIDTH):
        column = bytearray(sky)
        if (distance := abs(x - sun_x)) < radius:
            half = int(math.sqrt(radius**2 - distance**2))
            column[sun_y - half : sun_y + half] = b"\xff" * (2 * half)
        for shade, skyline in layers:
            top = min(max(round(skyline[x]), 0), HEIGHT)
            column[top:] = bytes([shade]) * (HEIGHT - top)
        columns.append(column)
    return _png([bytes(row) for row in zip(*columns, strict=True)], *_PAIRS[seed % len(_PAIRS)])


Layers = list[tuple[int, list[float]]]
"""Shade of each layer (0 dark to 255 light), and its upper edge in each column of pixels."""


def _hills(random: Random) -> Layers:
    layers = []
    for number, shade in enumerate((148, 107, 66, 26)):
        waves = [(34 / wave, random.uniform(260, 620) / wave, random.uniform(0, 6.3)) for wave in (1, 2, 3)]
        skyline = [
            210
            + 58 * number
            + sum(height * math.sin(math.tau * x / length + start) for height, length, start in waves)
            for x in range(WIDTH)
        ]
        layers.append((shade, skyline))
    return layers


def _png(rows: list[bytes], dark: tuple[int, ...], light: tuple[int, ...]) -> bytes:
    """Encode rows of palette indexes as PNG (ISO/IEC 15948); the palette has 256 steps from dark to light."""
    palette = bytes(
        (low * (255 - step) + high * step) // 255
        for step in range(256)
        for low, high in zip(dark, light, strict=True)
    )
    size = WIDTH.to_bytes(4) + HEIGHT.to_bytes(4)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", size + bytes([8, 3, 0, 0, 0]))
        + _chunk(b"PLTE", palette)
        + _chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

"""Small pictures for articles: calm two-tone landscapes, the same for the same name every time.

PNG with a palette of 256 steps between two colours: 5 to 40 kB for 800 × 450.
"""

import zlib
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 800, 450

# Dark and light end of each pair, as red, green, blue.
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

Plane = NDArray[np.float32]


def picture(name: str) -> bytes:
    """A PNG of 800 × 450 for a name."""
    seed = int.from_bytes(blake2b(name.encode(), digest_size=8).digest())
    random = np.random.default_rng(seed)
    light = _sky(random)
    draw = (_hills, _waves, _town)[seed % 3]
    draw(light, random)
    dark, bright = _PAIRS[seed // 3 % len(_PAIRS)]
    steps = np.linspace(0, 1, 256)[:, None]
    palette = np.round(np.array(dark) * (1 - steps) + np.array(bright) * steps).astype(np.uint8)
    return _png(np.round(np.clip(light, 0, 1) * 255).astype(np.uint8), palette)


def _sky(random: np.random.Generator) -> Plane:
    down = np.linspace(0.66, 0.97, HEIGHT, dtype=np.float32)[:, None]
    light = np.repeat(down, WIDTH, axis=1)
    x, y, radius = random.uniform(120, 680), random.uniform(70, 190), random.uniform(34, 74)
    across, along = np.meshgrid(np.arange(WIDTH, dtype=np.float32), np.arange(HEIGHT, dtype=np.float32))
    distance = np.hypot(across - x, along - y)
    glow = np.exp(-((distance / (radius * 3)) ** 2)) * 0.12
    disc = np.clip(radius - distance + 0.5, 0, 1)
    return np.asarray((light + glow) * (1 - disc) + disc, dtype=np.float32)


def _lay(light: Plane, skyline: Plane, shade: float) -> None:
    """Everything below a line gets one shade, a little lighter towards the bottom; the edge is soft."""
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None]
    cover = np.clip(rows - skyline[None, :] + 0.5, 0, 1)
    tone = shade + 0.10 * np.clip((rows - skyline[None, :]) / HEIGHT, 0, 1)
    light[:] = light * (1 - cover) + tone * cover


def _hills(light: Plane, random: np.random.Generator) -> None:
    x = np.arange(WIDTH, dtype=np.float32)
    for layer, shade in enumerate((0.58, 0.42, 0.26, 0.10)):
        base = 210 + 58 * layer
        line = np.full(WIDTH, base, dtype=np.float32)
        for wave in range(1, 4):
            length = random.uniform(260, 620) / wave
            line += (34 / wave) * np.sin(2 * np.pi * x / length + random.uniform(0, 6.3)).astype(np.float32)
        _lay(light, line, shade)


def _waves(light: Plane, random: np.random.Generator) -> None:
    x = np.arange(WIDTH, dtype=np.float32)
    _lay(light, np.full(WIDTH, 236, dtype=np.float32), 0.50)
    for layer, shade in enumerate((0.42, 0.32, 0.22, 0.12)):
        length, start = random.uniform(120, 190) + 46 * layer, random.uniform(0, 6.3)
        swell = np.abs(np.sin(np.pi * x / length + start)) ** 0.8
        _lay(light, np.asarray(274 + 48 * layer - (9 + 5 * layer) * swell, dtype=np.float32), shade)


def _town(light: Plane, random: np.random.Generator) -> None:
    for layer, shade in enumerate((0.52, 0.34, 0.14)):
        line = np.empty(WIDTH, dtype=np.float32)
        x = 0
        while x < WIDTH:
            width = int(random.integers(26, 78))
            top = 250 + 58 * layer - random.uniform(0, 96)
            roof = np.arange(width, dtype=np.float32)
            pitched = random.random() < 0.4
            slope = np.abs(roof - width / 2) * 0.7 - width * 0.35 if pitched else np.zeros(width)
            end = min(x + width, WIDTH)
            line[x:end] = (top + slope)[: end - x]
            x += width
        _lay(light, line, shade)


def _png(pixels: NDArray[np.uint8], palette: NDArray[np.uint8]) -> bytes:
    """PNG (ISO/IEC 15948): 8-bit palette, every row stored as the difference to the row above (filter 2)."""
    rows = pixels.copy()
    rows[1:] -= pixels[:-1]
    filtered = np.hstack([np.full((HEIGHT, 1), 2, dtype=np.uint8), rows])
    size = WIDTH.to_bytes(4) + HEIGHT.to_bytes(4)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", size + bytes([8, 3, 0, 0, 0]))
        + _chunk(b"PLTE", palette.tobytes())
        + _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 9))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

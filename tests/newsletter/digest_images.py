"""Golden images of the digest: ``./run python -m tests.newsletter.digest_images`` makes them; look at each.

The demo's own edition of a fixed time is drawn at 600 and 375 pixels, in dark mode and from right to left.
Its next edition has a brand with logos, small images and an advertisement; it is drawn in light and dark
mode and with images off. ``docs/images/digest.txt`` records the hash of the templates and of the content,
so that a test fails while the images show former templates. No pixels are compared, since fonts differ.
"""

import base64
import os
import shutil
import subprocess
import sys
import zlib
from hashlib import blake2b
from pathlib import Path
from struct import pack
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from syndicate.demo.demo_images import draw_image

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "images"
RECORD = FOLDER / "digest.txt"
COMMAND = "./run python -m tests.newsletter.digest_images"
_TIME = "2026-11-27T06:30:00Z"
_HEIGHT = 1800
# Returns the pixels of a PNG as RGBA in base64.
_DECODE = """async png => {
    const image = new Image();
    image.src = "data:image/png;base64," + png;
    await image.decode();
    const canvas = new OffscreenCanvas(image.width, image.height), context = canvas.getContext("2d");
    context.drawImage(image, 0, 0);
    const blob = new Blob([context.getImageData(0, 0, image.width, image.height).data]);
    const reader = new FileReader();
    await new Promise(done => { reader.onload = done; reader.readAsDataURL(blob); });
    return reader.result.split(",")[1];
}"""
# Name, page, width in pixels, colour scheme, images shown.
IMAGES = (
    ("digest-600", "digest.html", 600, "light", True),
    ("digest-375", "digest.html", 375, "light", True),
    ("digest-dark", "digest.html", 375, "dark", True),
    ("digest-rtl", "digest-arabic.html", 600, "light", True),
    ("digest-brand", "preview/daily.html", 600, "light", True),
    ("digest-brand-dark", "preview/daily.html", 375, "dark", True),
    ("digest-images-off", "preview/daily.html", 375, "light", False),
)
# Colours of ink and paper of each logo.
LOGOS = {
    "harbour.png": ((122, 31, 61), (255, 255, 255)),
    "harbour-dark.png": ((242, 160, 181), (23, 25, 26)),
}
_LETTER = """
brand = "harbour"
images = "all"
intro = "Good morning from **Harbour Town**."
footer = "[About us](https://harbour.example/about)"
"""
_BRAND = """
[[brands]]
name = "harbour"
title = "Harbour News"
logo = "harbour.png"
logo_dark = "harbour-dark.png"
accent = "#7a1f3d"
font = "georgia"
address = "Harbour News, 2 Quay Street, Harbour Town"

[[announcements]]
name = "quay"
text = "New at Quay Books: **Tides**, a novel of the coast."
link = "https://quay.example/tides"
"""
_SEEN = (
    # Without the confirmation mail.
    *(
        "templates/mail/[!c]*",
        "templates/mail/blocks/*",
        "templates/common/*",
        "templates/words/ar.txt",
        "syndicate/demo/config.toml",
    ),
    *("syndicate/demo/sources/**/*", "syndicate/demo/demo_images.py", "tests/newsletter/digest_images.py"),
)


def fingerprint() -> str:
    """Return the hash of the templates and of the content that the images show."""
    hasher = blake2b(digest_size=16)
    for file in sorted({file for pattern in _SEEN for file in ROOT.glob(pattern) if file.is_file()}):
        hasher.update(f"{file.relative_to(ROOT).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return hasher.hexdigest()


def palette_png(pixels: np.ndarray) -> bytes:
    """Return an image of height × width × RGB as a PNG with the 256 commonest of its rounded colours."""
    rounded = (pixels.astype(np.uint32) + 2) // 5
    codes = rounded[..., 0] << 16 | rounded[..., 1] << 8 | rounded[..., 2]
    found, where, counts = np.unique(codes, return_inverse=True, return_counts=True)
    common = np.sort(found[np.argsort(-counts, kind="stable")[:256]])
    split = np.stack([found >> 16, found >> 8 & 255, found & 255], axis=-1).astype(int)
    kept = split[np.isin(found, common)]
    nearest = np.array([np.abs(kept - colour).sum(axis=1).argmin() for colour in split], dtype=np.uint8)
    rows = nearest[where].reshape(codes.shape)
    data = b"".join(b"\0" + row.tobytes() for row in rows)
    header = pack(">IIBBBBB", codes.shape[1], codes.shape[0], 8, 3, 0, 0, 0)
    parts = (b"IHDR", header), (b"PLTE", np.minimum(kept * 5, 255).astype(np.uint8).tobytes())
    chunks = (*parts, (b"IDAT", zlib.compress(data, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        pack(">I", len(body)) + kind + body + pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )


def draw_logo(ink: tuple[int, int, int], paper: tuple[int, int, int]) -> bytes:
    """Return waves in a circle as a PNG of 88 × 88 pixels."""
    y, x = np.mgrid[:88, :88] - 43.5
    inked = (x**2 + y**2 < 43.5**2) & (np.abs(y - 10 * np.sin(x / 9)) % 22 >= 9)
    return palette_png(np.where(inked[..., None], ink, paper).astype(np.uint8))


def add_brand(folder: Path) -> None:
    """Give the demo's newsletter a brand, and write its next edition to ``preview``."""
    for name, colours in LOGOS.items():
        (folder / name).write_bytes(draw_logo(*colours))
    config = folder / "config.toml"
    first, name, rest = config.read_text("utf-8").partition('[[newsletters]]\nname = "daily"')
    config.write_text(first + name + _LETTER + rest + _BRAND, "utf-8")
    for command in (["publish"], ["preview", "daily"]):
        arguments = [sys.executable, "-m", "syndicate", *command, "--now", _TIME]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        subprocess.run(arguments, cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def draw(browser: Any, folder: Path, name: str, page: str, width: int, scheme: str, images: bool) -> None:
    """Draw a page of the demo in ``folder`` as ``docs/images/NAME.png``."""
    context = browser.new_context(viewport={"width": width, "height": 700}, color_scheme=scheme)
    tab = context.new_page()

    def answer(route: Any) -> None:
        path = urlsplit(route.request.url).path
        logo = LOGOS.get(path.rpartition("/")[2].removeprefix("brand-"))
        body = draw_logo(*logo) if logo else draw_image(path)
        route.fulfill(body=body, content_type="image/png") if images else route.abort()

    tab.route("**/*.png", answer)
    tab.goto((folder / page).as_uri())
    shot = tab.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": width, "height": _HEIGHT})
    pixels = base64.b64decode(tab.evaluate(_DECODE, base64.b64encode(shot).decode()))
    context.close()
    rgba = np.frombuffer(pixels, dtype=np.uint8).reshape(_HEIGHT, width, 4)
    (FOLDER / f"{name}.png").write_bytes(palette_png(rgba[..., :3]))


def main() -> None:
    """Run the demo, draw every image, and record the hash."""
    from playwright.sync_api import sync_playwright

    chromium = os.environ.get("SYNDICATE_TEST_BROWSER") or shutil.which("chromium")
    with TemporaryDirectory() as place, sync_playwright() as playwright:
        command = [sys.executable, "-m", "syndicate", "demo", "--out", place, "--now", _TIME]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        add_brand(Path(place))
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for image in IMAGES:
            draw(browser, Path(place), *image)
        browser.close()
    RECORD.write_text(f"{fingerprint()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()

"""Place of the title in a browser, with and without the logo above it."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from syndicate.audience.confirmation import ConfirmationContent, render_confirmation
from syndicate.templating import Templates
from tests.newsletter.digest_images import draw_logo, palette_png
from tests.newsletter.rendering import LINK, SITE, render
from tests.newsletter.stories import newsletter

pytestmark = pytest.mark.all
LOGO, DARK = "https://news.example.com/logo.png", "https://news.example.com/dark.png"


def boxes(page: Any, html: str) -> dict[str, dict[str, float]]:
    """Return the boxes of the visible logos by address, and those of the title and the lead's headline."""
    page.set_content(html)
    page.wait_for_function("[...document.images].every(image => image.complete)")
    logos = {
        image.get_attribute("src"): image.bounding_box()
        for image in page.locator("img.sign").all()
        if (image.bounding_box() or {}).get("height")
    }
    places = {name: page.locator(name).first.bounding_box() for name in (".nameplate", ".first")}
    return logos | places


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", ["en", "ar"])
@pytest.mark.parametrize("width", [375, 600])
def test_a_logo_stands_above_the_title_and_leaves_nothing_where_images_are_off(
    browser: Any, width: int, language: str, scheme: str
) -> None:
    site = replace(SITE, brand=replace(SITE.brand, logo_dark_url=DARK))
    letter = newsletter(language=language)
    plain, branded = render(letter=letter).html, render(letter=letter, site=site, logo_url=LOGO).html
    page = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
    page.route("**/*", lambda route: route.abort())
    expected = boxes(page, plain)
    assert boxes(page, branded) == expected
    page.unroute("**/*")
    logo = draw_logo((0, 0, 0), (255, 255, 255))
    page.route("**/*", lambda route: route.fulfill(body=logo, content_type="image/png"))
    shown = boxes(page, branded)
    box, title = shown[LOGO if scheme == "light" else DARK], shown[".nameplate"]
    assert (DARK if scheme == "light" else LOGO) not in shown
    assert box["height"] == 44
    assert box["y"] + 44 < title["y"]
    edges = (box["x"], title["x"])
    if language == "ar":
        edges = (box["x"] + box["width"], title["x"] + title["width"])
    assert edges[0] == edges[1]
    page.close()


def test_a_wide_logo_fits_a_phone_in_both_kinds_of_mail(browser: Any) -> None:
    brand = replace(SITE.brand, logo_url=LOGO)
    question = ConfirmationContent(
        newsletter="The Brief", brand=brand, language="en", agreed="Yes.", confirm_url=LINK, hours=72
    )
    page = browser.new_page(viewport={"width": 375, "height": 700})
    wide = palette_png(np.zeros((88, 1200, 3), dtype=np.uint8))
    page.route("**/*", lambda route: route.fulfill(body=wide, content_type="image/png"))
    for html in (render(logo_url=LOGO).html, render_confirmation(Templates(), question)[1]):
        page.set_content(html)
        page.wait_for_function("[...document.images].every(image => image.complete)")
        box = page.locator(f'img[src="{LOGO}"]').bounding_box()
        assert box["x"] + box["width"] <= 375 - 18
        assert box["height"] <= 44
        assert page.evaluate("document.documentElement.scrollWidth") == 375
    page.close()

"""Choice of an article's lead image."""

import pytest

from syndicate.ingest.html.image_choice import lead_image
from syndicate.ingest.html.sanitise import clean_html
from syndicate.model import Image

PAGE = "https://news.example/2026/bridge"
PHOTO = "https://news.example/bridge.jpg"


@pytest.mark.parametrize(
    "decoration",
    [
        '<img src="https://1.gravatar.com/avatar/dc3e?s=96">',
        '<img src="https://s.w.org/images/core/emoji/15.0.3/72x72/21a9.png" alt="↩">',
        '<img src="https://news.example/smile.png" alt="😀">',
        '<img src="https://news.example/images/site-logo.png" width="300" height="90">',
        '<img src="https://news.example/logo-white-2x.png">',
        '<img src="https://news.example/avatars/kari.jpg">',
        '<img src="https://news.example/Icons/Kari.PNG">',
        '<img src="https://news.example/Figure.SVG">',
        '<img src="https://news.example/share-button.png">',
        '<img src="https://img.shields.io/badge/build-passing">',
        '<img src="https://news.example/figure.svg" width="800" height="600">',
        '<img src="https://news.example/read.png" alt="Keep reading">',
        '<img src="https://news.example/banner.jpg" width="468" height="60">',
        '<img src="https://news.example/kari.jpg" width="96" height="96">',
        '<img src="https://news.example/tracking/npr-rss-pixel.png?story=1">',
        '<img src="https://feeds.feedburner.com/~r/news/~4/abc">',
        '<img src="https://news.example/undefined" alt="A bridge">',
        '<a href="https://www.facebook.com/sharer/sharer.php?u=x"><img src="https://news.example/f.png"></a>',
        '<a href="https://twitter.com/intent/tweet?u=x"> <img src="https://news.example/t.png"></a>',
        '<a href="mailto:a@b.example"><img src="https://news.example/m.png"></a>',
    ],
)
def test_decorations_do_not_stand_for_an_article(decoration):
    assert clean_html(decoration, PAGE).image is None
    found = clean_html(f'{decoration}<img src="{PHOTO}" width="640" height="480" alt="A bridge">', PAGE).image
    assert found == Image(url=PHOTO, width=640, height=480, alt="A bridge")


@pytest.mark.parametrize(
    "photo",
    [
        '<img src="https://news.example/new-airline-logo-1024x683.jpg">',
        '<img src="https://news.example/brand-logo.png" width="800" height="500">',
        '<img src="https://news.example/share-seven-poems.jpeg">',
        '<img src="https://news.example/badge_main_screen.webp" alt="A badge">',
        '<img src="https://news.example/google-pixel.jpg">',
        f'<a href="{PAGE}"><img src="https://news.example/1.jpg"></a>',
    ],
)
def test_photographs_with_names_like_decorations_stand_for_an_article(photo):
    assert clean_html(photo, PAGE).image


def test_declared_images_come_first_without_decorations():
    avatar, small = Image(url="https://0.gravatar.com/avatar/1"), Image(url="/a.jpg", width=300, height=200)
    found = Image(url=PHOTO, alt="A bridge")
    assert lead_image([avatar, small], found, PAGE) == Image(
        url="https://news.example/a.jpg", width=300, height=200
    )
    assert lead_image([avatar], found, PAGE) == found
    assert lead_image([Image(url="/icon.jpg", width=48)], found, PAGE) == found


def test_size_and_alternative_text_come_from_either_place():
    found = Image(url="https://news.example/b-300x200.jpg?x=1", width=300, height=200, alt="A bridge")
    declared = Image(url="https://news.example/b-1024x683.jpg", width=1024, height=683)
    assert lead_image([declared], found, PAGE) == Image(
        url=declared.url, width=1024, height=683, alt="A bridge"
    )
    same = Image(url=found.url)
    assert lead_image([same], found, PAGE) == found

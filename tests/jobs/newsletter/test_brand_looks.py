"""A newsletter with a brand: its mail, its pages, and the pages of the web server show it."""

from pathlib import Path

import pytest

from syndicate.newsletter.periods import period_at
from syndicate.web.readers.server_pages import ServerPages
from tests.jobs.newsletter.test_editions import DECLARED, HOUR, SEVEN, STRIKE, news
from tests.jobs.room import BASE, Room, source

LOGO = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360f8cfc0f01f00050001ff56c72f0d0000000049454e44ae426082"
)
HARBOUR = source("harbour", "https://harbour.example/feed")
BRAND = """
[[brands]]
name = "coast"
title = "Coast & Co"
accent = "#7a1f3d"
logo = "coast.png"
logo_dark = "coast-dark.png"
font = "georgia"
address = "Coast & Co, 9 Pier Road"
"""
LETTER = """
[[newsletters]]
name = "daily"
title = "Coast letter"
schedule = "daily 07:00"
brand = "coast"
intro = "Good *morning*. [Write](https://coast.example/write) to us."
footer = "Made <b>here</b>."
"""
PLAIN = '[[newsletters]]\nname = "plain"\ntitle = "Plain letter"\nschedule = "daily 07:00"\n'
SITES = "[sign_up]\nenabled = true\n"


@pytest.fixture
def room(room: Room, tmp_path: Path) -> Room:
    for name in ("coast.png", "coast-dark.png"):
        (tmp_path / name).write_bytes(LOGO)
    room.declare(HARBOUR + SITES + BRAND + LETTER + PLAIN, now=DECLARED)
    room.add(news(1, SEVEN - 5 * HOUR, "Ferry strike closes the northern harbour", STRIKE))
    room.services.stories.run(SEVEN)
    room.services.publish.run(SEVEN)
    return room


def mail(room: Room, name: str) -> tuple[str, str]:
    """Return the HTML and the text of a newsletter's edition; lint finds no error."""
    (letter,) = (letter for letter in room.services.newsletters if letter.name == name)
    checked = room.services.editions.draft(letter, period_at(letter, SEVEN - HOUR), SEVEN).checked
    assert checked is not None
    assert checked.errors == ()
    return checked.rendered.html, checked.rendered.text


@pytest.mark.all
def test_the_mail_has_the_brands_logo_colours_fonts_words_and_address(room: Room) -> None:
    html, text = mail(room, "daily")
    assert "#7a1f3d" in html
    assert "#0a5c55" not in html
    assert "font-family:Georgia" in html
    assert "Charter" not in html
    for logo in ("brand-coast.png", "brand-coast-dark.png"):
        assert html.count(f"https://news.example/site/assets/{logo}") == 1
    for part in (html, text):
        assert "https://coast.example/write" in part
        assert "9 Pier Road" in part
        assert "1 Pier Road" not in part
    assert "<em>morning</em>" in html
    # Raw HTML of a configuration is text.
    assert "Made &lt;b&gt;here&lt;/b&gt;." in html
    assert text.index("Good morning. Write") < text.index("Ferry strike")


def test_a_newsletter_without_brand_looks_like_the_site(room: Room) -> None:
    html, text = mail(room, "plain")
    assert "#0a5c55" in html
    assert "Georgia, &quot;Times" not in html
    assert "coast" not in (html + text).lower()
    assert "1 Pier Road" in text


def test_its_archive_has_the_brands_style_sheet_logo_and_words(room: Room) -> None:
    room.services.publish.run_archive(SEVEN)
    output = room.services.output
    page = (output / "site/newsletters/daily/index.html").read_text("utf-8")
    assert 'href="../../../site/assets/brand-coast.css"' in page
    assert 'srcset="../../../site/assets/brand-coast-dark.png" media="(prefers-color-scheme: dark)"' in page
    assert 'alt="Coast &amp; Co"' in page
    assert "<em>morning</em>" in page
    assert "Made &lt;b&gt;here&lt;/b&gt;." in page
    assert "Coast &amp; Co, 9 Pier Road" in page
    css = (output / "site/assets/brand-coast.css").read_text("utf-8")
    assert "--accent: #7a1f3d" in css
    # Lightened for dark pages, since the brand names no dark accent.
    assert css.count("--accent: #") == 2
    assert "--serif: Georgia" in css
    assert (output / "site/assets/brand-coast.png").read_bytes() == LOGO
    plain = (output / "site/newsletters/plain/index.html").read_text("utf-8")
    assert "brand-coast" not in plain
    assert "1 Pier Road" not in plain
    assert "style=" not in page


def test_pages_of_the_web_server_show_the_brand_of_their_newsletter(room: Room) -> None:
    pages = ServerPages(room.services.templates, room.services.site_frame, at_once=True)

    def form(*selected: str, page: str = "pages/subscribe.html") -> str:
        names = [(letter.name, letter.title) for letter in room.services.newsletters]
        facts = {"consent": "I want it.", "address": "", "problem": "", "done": False}
        facts |= {"entered": None, "wrong_fields": ()}
        answer = pages.page(page, 200, newsletters=names, selected=selected, **facts)
        return bytes(answer.body).decode()

    assert "brand-coast.css" in form("daily")
    assert "<em>morning</em>" in form("daily")
    assert "9 Pier Road" in form("daily")
    assert "brand-coast.css" in form("daily", page="pages/embedded.html")
    assert "brand-coast.css" not in form("plain")
    assert "brand-coast.css" not in form("daily", "plain")
    for title, shown in (("Coast letter", True), ("Plain letter", False)):
        leave = pages.page("pages/unsubscribe.html", newsletter=title, token="t", done=False)
        assert ("brand-coast.css" in bytes(leave.body).decode()) is shown


def test_the_confirmation_mail_is_the_brands(room: Room) -> None:
    sign_ups = room.services.sign_ups
    assert sign_ups is not None
    _, html, text = sign_ups._mail(room.services.newsletters[:1])
    assert "Coast & Co" in text
    assert "9 Pier Road" in text
    assert "#7a1f3d" in html
    for logo in ("brand-coast.png", "brand-coast-dark.png"):
        assert html.count(f'src="https://news.example/site/assets/{logo}" alt="Coast &amp; Co"') == 1
    assert "Georgia, 'Times New Roman'" in html
    options = room.services.mail_options("daily")
    assert (options.sender_name, options.sender_address) == ("Coast & Co", "news@example.com")
    assert room.services.mail_options("plain").sender_name == "The Newsroom"


@pytest.mark.all
def test_a_site_has_a_font_and_a_dark_logo_of_its_own(room: Room) -> None:
    look = 'logo = "coast.png"\nlogo_dark = "coast-dark.png"\nfont = "verdana"\n'
    room.declare(HARBOUR + PLAIN, base=BASE.replace("title", look + "title"))
    room.services.publish.run(SEVEN)
    output = room.services.output
    front = (output / "site/index.html").read_text("utf-8")
    assert 'srcset="../site/assets/logo-dark.png"' in front
    assert "--sans: Verdana" in (output / "site/assets/site.css").read_text("utf-8")
    assert "font-family:Verdana" in mail(room, "plain")[0]

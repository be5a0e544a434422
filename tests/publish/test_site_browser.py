"""What only a browser can tell: controls without a script, nothing wider than the window, D6's policy."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from syndicate.model import Image, StoryLinks
from syndicate.publish.front_choice import choose_front
from syndicate.publish.page_context import FrontPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, SectionBlock
from syndicate.publish.site_paths import FRONT_PATH, section_path
from syndicate.publish.site_view import NewsletterOffer
from syndicate.templating import Templates
from tests.publish.samples import NOW, OPTIONS, OURS, list_page, page_of, published, related

pytestmark = pytest.mark.all

POLICY = (
    "default-src 'none'; img-src *; media-src *; style-src 'self'; script-src 'self'; form-action 'self';"
    " connect-src 'self' https://news.example"
)
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"
WIDE = (
    f"<h4>{LONG_WORD}</h4><pre>{'x' * 300}</pre><p>https://harbour.example/{'a' * 200}</p>"
    f"<table><tr>{'<td>twelve words in a cell</td>' * 12}</tr></table>"
)
ARTICLE = published(1, source=OURS, title=LONG_WORD, html=WIDE, image=None)
ARABIC = published(
    2, language="ar", direction="rtl", title="البرلمان يقرّ خطة لتوسيع شبكة القطارات", image=None
)


class Handler(SimpleHTTPRequestHandler):
    def end_headers(self) -> None:
        self.send_header("Content-Security-Policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name is the base class's
        pass


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("output")
    write_site(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def write_site(folder: Path) -> None:
    offers = [NewsletterOffer(name="tide", title="The Tide", archive="newsletters/tide/index.html")]
    options = replace(OPTIONS, sign_up=True, search=True)
    pages = SitePages(Templates(), options, sections=["world", "business"], offers=offers)
    headlines = [Headline.of(item) for item in (ARTICLE, ARABIC)]
    top = [told(number) for number in range(3, 24)] + headlines
    block = SectionBlock(name="world", path=section_path("world"), headlines=[*headlines, *top])
    places = choose_front(top, top[9:], [*headlines, *top], [block], NOW)
    front = FrontPage(
        canonical="https://news.example/",
        description=OPTIONS.description,
        top=top,
        places=places,
        offers=offers,
    )
    files = {item.article.path: page_of(pages, item, top=headlines) for item in (ARTICLE, ARABIC)}
    files[FRONT_PATH] = pages.page("pages/front.html", FRONT_PATH, front, updated=NOW)
    files[section_path("world")] = list_page(pages, "section", "world", headlines)
    for path, data in {**files, **pages.assets()}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


def told(number: int) -> Headline:
    """Return a headline that four other sources report too; one in two has a picture."""
    links = tuple(
        related(100 * number + place, source_name=f"Source {place}", same_text=100 * number + place)
        for place in range(4)
    )
    image = Image(url="/site/assets/favicon.png", width=96, height=96) if number % 2 else None
    story = StoryLinks(path=f"site/stories/{number}.html", links=links)
    return Headline.of(replace(published(number, image=image), sources=5, story=story))


@pytest.mark.parametrize("width", [320, 768, 1280])
@pytest.mark.parametrize(
    "path", [FRONT_PATH, ARTICLE.article.path, ARABIC.article.path, section_path("world")]
)
def test_D7_no_page_is_wider_than_the_window_and_the_policy_stops_nothing(browser, address, path, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.goto(address + path)

    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert complaints == []
    page.close()


def test_a_picture_that_does_not_load_keeps_its_field_and_says_what_it_was(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address + FRONT_PATH)
    before = page.locator(".lead img").bounding_box()
    page.route("**/assets/favicon.png", lambda route: route.abort())
    page.reload()

    picture = page.locator(".lead img").first

    assert picture.get_attribute("alt") == "The Harbour & Pier"
    assert picture.bounding_box() == before
    page.close()


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize("path", [FRONT_PATH, ARTICLE.article.path, ARABIC.article.path])
def test_nothing_moves_while_a_page_loads(browser, address, path, width):
    page = browser.new_page(viewport={"width": width, "height": 800}, timezone_id="Asia/Tokyo")
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach("
        "(entry) => { window.shift += entry.value; })).observe({ type: 'layout-shift', buffered: true });"
    )

    page.goto(address + path)
    page.wait_for_function("document.querySelector('[data-zone]').textContent !== 'times in UTC'")

    assert page.evaluate("new Promise((done) => requestAnimationFrame(() => done(window.shift)))") == 0
    page.close()


@pytest.mark.parametrize("path", [FRONT_PATH, ARTICLE.article.path])
def test_a_page_asks_no_other_host_for_anything_but_pictures(browser, address, path):
    page = browser.new_page()
    asked: list[tuple[str, str]] = []
    page.on("request", lambda request: asked.append((request.resource_type, request.url)))

    page.goto(address + path)

    assert {kind for kind, url in asked if not url.startswith(address)} <= {"image"}
    page.close()


def test_the_keyboard_alone_reaches_search_sections_and_text_and_shows_where_it_is(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address + ARTICLE.article.path)
    reached = []
    for _ in range(24):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate(
                "[document.activeElement.getAttribute('href') || document.activeElement.name"
                " || document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle]"
            )
        )

    names = [name for name, _ in reached]
    assert names[0] == "#content"
    assert any(name and name.endswith("latest.html") for name in names)
    assert {"q", "size", "read-mode"} <= set(names)
    shown = [style for name, style in reached if name not in ("size", "read-mode")]
    assert set(shown) <= {"solid", "auto"}
    page.close()


@pytest.mark.parametrize("path", [FRONT_PATH, ARTICLE.article.path, ARABIC.article.path])
def test_text_of_twice_the_size_fits_the_window(browser, address, path):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address + path)

    page.evaluate("document.documentElement.style.fontSize = '32px'")

    assert page.evaluate("document.documentElement.scrollWidth") == 1280
    page.close()


def test_nothing_moves_for_readers_who_want_no_motion(browser, address):
    page = browser.new_page(reduced_motion="reduce")
    page.goto(address + FRONT_PATH)

    moving = page.evaluate(
        "[...document.querySelectorAll('*')].filter((element) => { const style = getComputedStyle(element);"
        " return style.transitionDuration !== '0s' || style.animationName !== 'none'; }).length"
    )

    assert moving == 0
    page.close()


def test_without_a_script_all_of_the_front_page_is_there_and_no_dead_button(browser, address):
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(address + ARTICLE.article.path)
    assert page.locator(".toolbar button:visible").count() == 0

    page.goto(address + FRONT_PATH)

    assert page.locator(".river h3").count() >= 13
    assert page.get_by_text("times in UTC").is_visible()
    context.close()


def test_times_are_told_in_the_readers_zone(browser, address):
    page = browser.new_page(timezone_id="Asia/Tokyo", viewport={"width": 1280, "height": 800})
    page.clock.set_fixed_time(NOW)
    page.goto(address + ARTICLE.article.path)

    time = page.locator(".dates time").first

    assert time.inner_text() in ("1 hr ago", "1 hr. ago")
    assert time.get_attribute("title") == "17:00"
    assert page.get_by_text("Tuesday 24 November 2026").or_(page.get_by_text("Tuesday, 24 November")).count()
    page.close()


def test_the_address_is_copied_and_the_button_says_so(browser, address):
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(address + ARTICLE.article.path)

    page.get_by_role("button", name="Copy link").click()

    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == ARTICLE.link
    context.close()


def test_suggestions_are_chosen_with_the_arrow_keys(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    found = '{"suggestions": [{"text": "Tides", "path": "site/tags/tides/index.html", "kind": "tag"}]}'
    page.route("**/search/suggest*", lambda route: route.fulfill(body=found, content_type="application/json"))
    page.route("**/tags/tides/**", lambda route: route.fulfill(body="<title>Tides</title>"))
    page.goto(address + FRONT_PATH)

    page.get_by_role("combobox").fill("ti")
    page.get_by_role("option").wait_for()
    page.keyboard.press("ArrowDown")
    assert page.get_by_role("combobox").get_attribute("aria-activedescendant") == "suggestion-0"
    page.keyboard.press("Enter")

    page.wait_for_url("**/site/tags/tides/index.html")
    page.close()


def test_D7_read_mode_works_without_a_script_and_keeps_the_source_in_sight(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + ARABIC.article.path)
    assert page.locator(".rail").is_visible()

    page.get_by_text("Reader view").click()

    assert not page.locator(".rail").is_visible()
    assert not page.locator(".masthead").is_visible()
    assert page.locator(".dates b").is_visible()
    context.close()


def test_D7_the_text_grows_without_a_script(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + ARTICLE.article.path)
    before = page.locator(".body p").bounding_box()["height"]

    page.locator("label[for=size-largest]").click()

    assert page.locator(".body p").bounding_box()["height"] > before
    context.close()


def test_on_paper_the_text_has_the_size_of_print(browser, address):
    page = browser.new_page()
    page.goto(address + ARTICLE.article.path)
    page.emulate_media(media="print")

    size = page.locator(".body").evaluate("element => parseFloat(getComputedStyle(element).fontSize)")

    assert 11 <= size * 72 / 96 < 12
    page.close()


def test_the_text_size_is_remembered_on_the_next_page(browser, address):
    context = browser.new_context()
    page = context.new_page()
    page.goto(address + ARTICLE.article.path)
    page.locator("label[for=size-large]").click()

    page.goto(address + ARABIC.article.path)

    assert page.locator("#size-large").is_checked()
    context.close()

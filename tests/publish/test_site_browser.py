"""What only a browser can tell: controls without a script, nothing wider than the window, D6's policy."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from syndicate.model import Image
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, Reason, SectionBlock
from syndicate.publish.site_paths import FRONT_PATH, section_path
from syndicate.templating import Templates
from tests.publish.samples import OPTIONS, OURS, published

pytestmark = pytest.mark.all

POLICY = "default-src 'none'; img-src *; media-src *; style-src 'self'; script-src 'self'"
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitänswitwenrentenauszahlungsstelle"
WIDE = (
    f"<h4>{LONG_WORD}</h4><pre>{'x' * 300}</pre><p>https://harbour.example/{'a' * 200}</p>"
    f"<table><tr>{'<td>twelve words in a cell</td>' * 12}</tr></table>"
)
ARTICLE = published(1, source=OURS, title=LONG_WORD, html=WIDE, image=None)
ARABIC = published(
    2, language="ar", direction="rtl", title="البرلمان يقرّ خطة لتوسيع شبكة القطارات", image=None
)

# Of the text, whatever box it stands in.
EDGES = """element => {
  const text = document.createRange();
  text.selectNodeContents(element);
  return text.getBoundingClientRect();
}"""


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
    pages = SitePages(Templates(), OPTIONS, sections=["world"])
    headlines = [replace(Headline.of(item), why=[Reason("pin")]) for item in (ARTICLE, ARABIC)]
    pictured = Headline.of(published(3, image=Image(url="/site/assets/favicon.png")))
    files = {item.article.path: pages.article_page(item, top=headlines) for item in (ARTICLE, ARABIC)}
    files[FRONT_PATH] = pages.front_page(
        top=[*headlines, pictured, *headlines * 2],
        trending=headlines,
        sections=[SectionBlock(name="world", path=section_path("world"), headlines=headlines)],
    )
    files[section_path("world")] = pages.section_page("world", headlines, top=headlines)
    for path, data in {**files, **pages.assets()}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-quic"]
        )
        yield running
        running.close()


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


@pytest.mark.parametrize("width", [768, 1280])
def test_a_card_without_a_picture_is_as_high_as_its_neighbour_with_one(browser, address, width):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(address + FRONT_PATH)

    plain, pictured = (page.locator(f".cards > {kind}").first for kind in (".plain", ".card:not(.plain)"))

    assert plain.bounding_box()["height"] == pictured.bounding_box()["height"]
    assert plain.bounding_box()["y"] == pictured.bounding_box()["y"]
    page.close()


@pytest.mark.parametrize("width", [375, 1280])
@pytest.mark.parametrize(("direction", "side"), [("ltr", "left"), ("rtl", "right")])
def test_why_a_story_is_here_stands_on_the_side_from_which_its_headline_is_read(
    browser, address, direction, side, width
):
    page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(address + FRONT_PATH)
    card = page.locator(f".card[dir={direction}]:has(details)").first
    card.locator("summary").click()

    edges = [card.locator(part).first.evaluate(EDGES) for part in ("h3 a", "summary bdi", "li bdi")]

    # The marker, or what the list is set in by, lies between.
    headline, why, reason = [edge[side] for edge in edges]
    assert 5 < abs(why - headline) < 25
    assert 5 < abs(reason - headline) < 25
    page.close()


def test_a_picture_that_does_not_load_takes_a_line_and_no_more(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.route("**/assets/favicon.png", lambda route: route.abort())
    page.goto(address + FRONT_PATH)

    picture = page.locator(".card img").first

    assert picture.get_attribute("alt") == "The Harbour & Pier"
    assert picture.bounding_box()["height"] < 30
    page.close()


def test_D7_read_mode_works_without_a_script_and_keeps_the_source_in_sight(browser, address):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address + ARABIC.article.path)
    assert page.locator(".rail").is_visible()

    page.get_by_text("Reader view").click()

    assert not page.locator(".rail").is_visible()
    assert not page.locator(".masthead").is_visible()
    assert page.locator(".origin a").is_visible()
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

"""Every page of the operators in axe and the Nu HTML Checker; skipped where they are not installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.jobs.room import opened_room
from tests.jobs.sending import mail_to
from tests.jobs.stories.test_decisions import write_news
from tests.jobs.stories.test_story_moves import declare
from tests.web.admin.conftest import COOKIE, AdminClient, AdminSite, serving_admin
from tests.web.admin.test_hostile_rows import MORE, NO_DOWNLOADS

pytestmark = [pytest.mark.all, pytest.mark.timeout(1800)]
WIDTHS = (360, 390, 1280)
AXE = """() => axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa",
    "best-practice"]}).then(found => found.violations.map(
    rule => rule.id + ": " + rule.nodes.map(node => node.html + " " + node.failureSummary).join(", ")))"""


@pytest.fixture(scope="module")
def full_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminSite]:
    """A newsroom with stories, an edition, subscribers and a webhook."""
    folder = tmp_path_factory.mktemp("newsroom")
    with opened_room(folder) as room:
        declare(room, MORE)
        mail_to(room, "ann", "bob")
        write_news(room)
        with serving_admin(room, folder / "feeds") as site:
            yield site


def pages(client: AdminClient) -> dict[str, str]:
    """Return a page of each kind that links lead to, by its address."""
    found, kinds = dict[str, str](), set[str]()
    waiting = ["/admin/", "/admin/settings/audit", "/admin/account", "/admin/first-run"]
    while waiting:
        path = waiting.pop(0)
        kind = re.sub(r"/\d+|/articles/[^/?]+|(?<==)[^&]*", "/N", path)
        if kind in kinds:
            continue
        kinds.add(kind)
        answer = client.get(path)
        if answer.status == 200:
            found[path] = answer.body.decode()
            links = map(unescape, re.findall(r'href="([^"#]*)"', found[path]))
            waiting += [link for link in links if NO_DOWNLOADS.fullmatch(link)]
    return found


def test_no_page_violates_a_rule_of_axe_or_scrolls_sideways(full_site: AdminSite, browser: Any):
    script = Path(os.environ.get("SYNDICATE_AXE", "axe.min.js"))
    if not script.is_file():
        pytest.skip("No axe: npm install axe-core, and set SYNDICATE_AXE to the path of its axe.min.js")
    client = full_site.client()
    # Colours that fade to those of the other scheme have no contrast for a moment.
    context = browser.new_context(base_url=full_site.url, reduced_motion="reduce")
    context.add_cookies([{"name": COOKIE, "value": client.session_id, "url": full_site.url}])
    opened, wrong = context.new_page(), list[str]()
    for path in pages(client):
        opened.goto(path)
        opened.evaluate(script.read_text("utf-8"))
        for width in WIDTHS:
            opened.set_viewport_size({"width": width, "height": 900})
            if opened.evaluate("document.documentElement.scrollWidth") > width:
                wrong.append(f"{path} at {width}: scrolls sideways")
            for scheme in ("light", "dark"):
                opened.emulate_media(color_scheme=scheme)
                wrong += [f"{path} at {width}, {scheme}: {rule}" for rule in opened.evaluate(AXE)]
    context.close()
    assert not wrong


def test_the_nu_checker_has_no_complaint_about_any_page(full_site: AdminSite, tmp_path: Path):
    checker = [os.environ.get("SYNDICATE_VNU") or shutil.which("vnu") or ""]
    if not checker[0]:
        pytest.skip("No Nu checker: apt install vnu, or set SYNDICATE_VNU to vnu or to the path of vnu.jar")
    if checker[0].endswith(".jar"):
        checker = ["java", "-jar", *checker]
    for number, html in enumerate(pages(full_site.client()).values()):
        (tmp_path / f"{number}.html").write_text(html, "utf-8")
    command = [*checker, "--Werror", "--stdout", "--format", "text", str(tmp_path)]
    checked = subprocess.run(command, check=False, capture_output=True, text=True, timeout=600)
    assert checked.returncode == 0, checked.stdout

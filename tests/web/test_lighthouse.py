"""Scores of the pages in Lighthouse, as the web server sends them; skipped where it is not installed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from syndicate.publish.about.site_documents import MANIFEST_PATH, manifest
from syndicate.publish.site_paths import FRONT_PATH
from tests.publish import test_site_browser, test_story_page
from tests.publish.samples import OPTIONS
from tests.web.conftest import Site

pytestmark = pytest.mark.all
STORY = "site/stories/flood-1a.html"
PAGES = {"front": FRONT_PATH, "story": STORY, "article": test_site_browser.ARTICLE.article.path}


@pytest.mark.parametrize("page", PAGES)
def test_lighthouse_gives_each_category_at_least_98(page: str, site: Site, chromium: str, tmp_path: Path):
    lighthouse = shutil.which("lighthouse")
    if not lighthouse:
        pytest.skip("No Lighthouse: npm install --global lighthouse@12.2.3")
    test_site_browser.write_site(site.folder)
    site.put(STORY, test_story_page.page(2, 5, 40, image=None))
    site.put(MANIFEST_PATH, manifest(OPTIONS))
    report = tmp_path / "report.json"

    address = f"http://{site.server.host}:{site.server.port}/{PAGES[page]}"
    subprocess.run(
        [
            lighthouse, address, "--quiet", "--preset=desktop", "--output=json", f"--output-path={report}",
            "--chrome-flags=--headless=new --no-sandbox --disable-gpu",
        ],
        env={**os.environ, "CHROME_PATH": chromium}, check=True, timeout=120,
    )  # fmt: skip

    found = json.loads(report.read_text("utf-8"))
    failed = {name for name, audit in found["audits"].items() if audit["score"] == 0}
    scores = {name: category["score"] for name, category in found["categories"].items()}
    assert min(scores.values()) >= 0.98, (scores, failed)

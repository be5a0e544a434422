"""Scripts of the pages, read by a browser: a syntax error silences a whole file."""

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.all
TEMPLATES = Path(__file__).parents[2] / "templates"


def test_a_browser_reads_each_script_without_a_syntax_error(browser: Any):
    scripts = sorted(TEMPLATES.rglob("*.js"))
    page = browser.new_page()

    for script in scripts:
        page.evaluate("(text) => { new Function(text) }", script.read_text("utf-8"))

    assert scripts
    page.close()

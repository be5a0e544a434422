"""The first five minutes: ``syndicate init``, ``syndicate run``, one address, and a browser."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from syndicate.cli.operate.setup import init
from tests.net.scripted_server import ScriptedServer
from tests.runners.daemon import running
from tests.runners.test_daemon import FEED

pytestmark = [pytest.mark.all, pytest.mark.timeout(900)]
FIVE_MINUTES = 300
PASSWORD = "seven quiet harbours"


@pytest.mark.parametrize("script", [True, False])
def test_from_nothing_to_a_first_test_mail_in_a_browser(tmp_path: Path, browser: Any, script: bool):
    # The first five minutes of the specification, in a browser.
    began = time.monotonic()
    assert CliRunner().invoke(init, [str(tmp_path)]).exit_code == 0
    config = tmp_path / "config.toml"
    text = config.read_text("utf-8").replace('listen = "127.0.0.1:8000"', 'listen = "127.0.0.1:0"')
    config.write_text(text.replace("allow_private = false", "allow_private = true"), "utf-8")
    with ScriptedServer({"/feed": FEED}) as server, running(config) as daemon:
        address = daemon.wait_for("no users yet")["url"]
        context = browser.new_context(java_script_enabled=script)
        page = context.new_page()
        page.goto(address)
        page.fill("[name=address]", "nora@example.org")
        page.fill("[name=password]", PASSWORD)
        page.click("main button")
        page.fill("main [name=url]", server.url("/feed"))
        page.click("text=Look for feeds")
        page.click("text=Add and read it now", timeout=30_000)
        assert page.is_visible("[role=status]")
        daemon.wait_for("ingest", new=1)
        for _ in range(30):
            page.click("a[href='/admin/first-run'] >> visible=true")
            if page.is_visible("text=/articles? came in/"):
                break
            page.wait_for_timeout(1000)
        assert page.is_visible("text=/articles? came in/")
        page.click("text=Plan a newsletter")
        page.fill("[name=name]", "morning")
        page.fill("[name=title]", "The morning")
        page.fill("[name=address]", "1 Pier Road, Harbour Town")
        page.click("main button:has-text('Add the newsletter')")
        assert page.text_content("h1") == "The morning"
        page.click("main button:has-text('Send it')", timeout=30_000)
        assert "nora@example.org" in (page.text_content("[role=status]") or "")
        (mail,) = (tmp_path / "outbox").glob("*.eml")
        assert b"To: nora@example.org" in mail.read_bytes()
        page.goto(page.url.partition("/admin/")[0] + "/admin/first-run")
        assert page.locator(".steps > .done").count() == 5
        context.close()
        daemon.end(signal.SIGTERM)
    assert time.monotonic() - began < FIVE_MINUTES

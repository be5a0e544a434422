"""Pages of the server from templates of the operator that fail or loop."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from starlette.applications import Starlette

from syndicate.templating import Templates
from syndicate.web.web_options import WebOptions
from syndicate.workers.rendering import RenderPool
from tests.web.conftest import Reader, Site, serving
from tests.web_app import create_app

LOOP = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@contextmanager
def site_with(reader: Reader, folder: Path, name: str, text: str) -> Iterator[Site]:
    mine, output = folder / "mine", folder / "feeds"
    (mine / "pages").mkdir(parents=True)
    output.mkdir()
    (mine / "pages" / name).write_text(text, "utf-8")
    templates = Templates(mine, pool=RenderPool(mine, time_limit=3))
    job = reader.room.services.unsubscribe
    app: Starlette = create_app(WebOptions(), output, job, templates=templates, health=lambda: {"ok": True})
    with serving(app, output) as site:
        yield site
    templates.close()


def test_an_error_page_that_fails_leaves_a_plain_line(
    running_site: tuple[Site, Reader], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with site_with(running_site[1], tmp_path, "problem.html", "{{ nope }}") as site:
        answer = site.get("/nowhere")
    assert (answer.status, b"404 Not Found" in answer.body) == (404, True)
    assert "pages/problem.html, line 1: 'nope' is undefined" in caplog.text


@pytest.mark.all
def test_a_page_that_loops_holds_up_no_other(running_site: tuple[Site, Reader], tmp_path: Path) -> None:
    with site_with(running_site[1], tmp_path, "problem.html", LOOP) as site:
        slow = threading.Thread(target=site.get, args=("/nowhere",))
        slow.start()
        assert site.get("/healthz").status == 200
        assert slow.is_alive()
        slow.join()

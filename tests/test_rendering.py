"""Operators' templates in worker processes: a mistake in a template costs one document."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from syndicate.errors import RenderError, RenderStopped
from syndicate.model import EditionContent
from syndicate.templating import Markup, Templates
from syndicate.workers.rendering import RenderPool

LOOP = "fine\n{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
# One step of a built-in function, which no signal interrupts.
STEP = "{{ (9 ** (9 ** n))|string|length }}"


class Own:
    """A folder of the operator and its templates, rendered within so many seconds each."""

    def __init__(self, folder: Path, time_limit: float) -> None:
        self.folder = folder
        self.now = 0.0
        self.pool = RenderPool(folder, time_limit=time_limit, timeouts=2, clock=lambda: self.now)
        self.templates = Templates(folder, "en", pool=self.pool)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / name).write_text(text, "utf-8")

    def render(self, text: str, **context: object) -> str:
        self.write("a.html", text)
        return Templates(self.folder, "en", pool=self.pool).render("a.html", **context)

    def error(self, text: str, **context: object) -> str:
        """Return the error about a template in a folder that no worker has read yet."""
        name = f"e{len(list(self.folder.iterdir()))}.html"
        self.write(name, text)
        with pytest.raises(RenderError) as caught:
            self.templates.render(name, **context)
        return str(caught.value).replace(name, "a.html")

    def worker(self) -> int:
        """The one process that renders."""
        (found,) = children()
        return found


def children() -> list[int]:
    """Processes of this one that render templates."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(os.getpid()) and b"syndicate.templating" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Own]:
    own = Own(tmp_path, 30)
    yield own
    own.pool.close()


@pytest.fixture
def brief(tmp_path: Path) -> Iterator[Own]:
    """The same within one second."""
    own = Own(tmp_path, 1)
    yield own
    own.pool.close()


def test_shipped_templates_need_no_process(own: Own) -> None:
    own.write("pages/article.html", "mine")
    content = EditionContent(stories=(), note="Good morning.")
    facts = {"parts": (), "content": content}
    assert "Good morning." in own.templates.render("pages/parts/edition_item.html", **facts)
    assert children() == []
    assert own.templates.render("pages/article.html") == "mine"
    assert len(children()) == 1


@pytest.mark.parametrize(
    ("name", "shipped"),
    [("pages/words.html", "pages/unsubscribe.html"), ("pages/notice.html", "pages/problem.html")],
)
def test_a_template_that_takes_anything_from_the_folder_is_the_operators(
    own: Own, name: str, shipped: str
) -> None:
    assert not own.templates.is_own(shipped)
    own.write(name, Templates().read(name).decode())
    assert Templates(own.folder).is_own(shipped)
    assert not Templates(own.folder).is_own("mail/digest.txt")


def test_a_template_that_computes_a_name_may_take_anything(own: Own) -> None:
    own.write("a.html", "{% include other %}")
    own.write("b.html", "<{{ x }}>")
    assert own.templates.render("a.html", other="b.html", x=Markup("<b>")) == "<<b>>"


def test_macros_of_the_folder_work_and_their_line_is_named(own: Own) -> None:
    own.write("mine/macros.html", "{% macro m(x) %}\n{{ 6 // x }}{% endmacro %}")
    text = '{% from "mine/macros.html" import m %}{{ m(x) }}'
    assert own.render(text, x=2).strip() == "3"
    assert own.error(text, x=0).startswith("Template mine/macros.html, line 2: ZeroDivisionError")


def test_an_error_says_what_it_says_without_a_worker(own: Own) -> None:
    for text in ("\n{{ nope }}", "{% if %}", "{{ 1 // 0 }}", "{{ 1|nope }}", '{% include "no.html" %}'):
        own.write("a.html", text)
        with pytest.raises(RenderError) as here:
            Templates(own.folder).render("a.html")
        assert own.error(text) == str(here.value)


@pytest.mark.all
def test_an_endless_loop_is_stopped_and_its_line_named(brief: Own) -> None:
    assert brief.error(LOOP) == (
        "Template a.html, line 2 did not finish within 1 s and was stopped: look for an endless loop."
    )
    assert brief.render("{{ 1 + 1 }}") == "2"


@pytest.mark.all
def test_a_step_that_nothing_interrupts_is_killed_with_its_worker(brief: Own) -> None:
    assert "did not finish within 1 s" in brief.error(STEP, n=9)
    assert brief.render("{{ 1 + 1 }}") == "2"


@pytest.mark.parametrize(
    "text", ["{{ x * 500_000_000 }}", "{{ 'x' * 500000000 }}", "{{ range(10**9)|list }}"]
)
def test_what_fills_the_memory_is_stopped(own: Own, text: str) -> None:
    assert "needs more than 384 MB of memory" in own.error(text, x="x")
    assert own.render("{{ 1 + 1 }}") == "2"


def test_a_document_that_is_too_long_and_endless_recursion_are_errors(own: Own) -> None:
    assert "more than 16 million characters" in own.error("{{ x * 17_000_000 }}", x="x")
    assert "RecursionError" in own.error("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}")


def test_a_lone_surrogate_becomes_a_question_mark(own: Own) -> None:
    assert own.render(r"{{ '\ud800' }} é") == "? é"


def test_checking_a_template_compiles_it_in_the_worker(own: Own) -> None:
    own.write("typo.html", "{% if %}")
    own.write("good.html", "{{ anything }}")
    (typo,) = own.templates.check(["good.html", "typo.html"])
    assert typo.startswith("Template typo.html, line 1")
    assert len(children()) == 1


@pytest.mark.all
def test_a_worker_killed_from_outside_is_replaced_and_costs_nothing(own: Own) -> None:
    own.render("1")
    before = own.worker()
    os.kill(before, signal.SIGKILL)
    assert own.render("1") == "1"
    assert own.worker() != before


def test_a_template_that_forks_gives_one_answer(own: Own) -> None:
    assert own.render("{{ lipsum.__globals__.os.fork() > 0 }}") == "True"
    for word in ("next", "last"):
        own.write(f"{word}.html", word)
        assert own.templates.render(f"{word}.html") == word


@pytest.mark.all
def test_of_several_documents_only_those_that_fail_are_lost(brief: Own) -> None:
    brief.write("a.html", "{% if n == 2 %}{{ nope }}{% elif n == 3 %}{{ n.x.y }}{% endif %}{{ n }}")
    found = brief.templates.render_each("a.html", [{"n": n} for n in range(1, 6)])
    assert [one if isinstance(one, str) else type(one) for one in found] == [
        "1",
        RenderError,
        RenderError,
        "4",
        "5",
    ]
    brief.write(
        "b.html", "{% if n == 2 %}" + LOOP + "{% elif n == 3 %}{{ 'x' * n * 200000000 }}{% endif %}{{ n }}"
    )
    found = brief.templates.render_each("b.html", [{"n": n} for n in range(1, 6)])
    assert [one if isinstance(one, str) else "" for one in found] == ["1", "", "", "4", "5"]
    assert "line 2 did not finish" in str(found[1])


@pytest.mark.all
def test_a_template_that_never_finishes_rests_for_ten_minutes(brief: Own) -> None:
    brief.write("a.html", "{% if loops %}" + LOOP + "{% endif %}done")

    def said() -> str:
        try:
            return brief.templates.render("a.html", loops=True)
        except RenderError as error:
            return str(error)

    assert "line 2 did not finish" in said()
    assert brief.templates.render("a.html", loops=False) == "done"
    assert ["was stopped" in said(), "was stopped" in said()] == [True, True]
    asked = time.monotonic()
    assert "2 times in a row" in said()
    assert time.monotonic() - asked < 0.9
    brief.now += 601
    assert brief.templates.render("a.html", loops=False) == "done"


def test_the_end_of_the_program_stops_rendering_and_blames_no_template(own: Own) -> None:
    own.pool = pool = RenderPool(own.folder, time_limit=60)
    own.write("a.html", LOOP)
    templates = Templates(own.folder, pool=pool)
    asked = time.monotonic()
    pool.stop(0.5)
    with pytest.raises(RenderStopped, match="the program stops"):
        templates.render("a.html")
    assert time.monotonic() - asked < 10
    assert children() == []

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

from syndicate.model.brands import FONTS
from syndicate.templating import Markup, Templates
from syndicate.text.markup import clean_markup, font_stack, marked_parts, script_json
from tests.template_variables import MAIL_LANGUAGES

TOP = Path(__file__).parents[2]
PACKAGE, TEMPLATES = TOP / "syndicate", TOP / "templates"
MAKER = PACKAGE / "text" / "markup.py"
SOURCES = sorted(file for file in TEMPLATES.rglob("*") if file.suffix in {".html", ".txt", ".css", ".j2"})


def calls(tree: ast.AST) -> Iterator[str]:
    """The names that a module calls, without what they are attributes of."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.value if isinstance(node.func, ast.Attribute) else node.func
            yield called.id if isinstance(called, ast.Name) else ""


def test_one_module_makes_markup():
    modules = [file for file in PACKAGE.rglob("*.py") if file != MAKER]
    makers = [file for file in modules if "Markup" in calls(ast.parse(file.read_text("utf-8")))]
    assert makers == []


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.relative_to(TEMPLATES).as_posix())
def test_no_template_marks_a_text_as_safe(file):
    tree = Environment(autoescape=True).parse(file.read_text("utf-8"))
    assert not {found.name for found in tree.find_all(nodes.Filter)} & {"safe", "forceescape", "xmlattr"}
    assert not [*tree.find_all((nodes.EvalContextModifier, nodes.MarkSafe))]


@pytest.mark.parametrize("language", ["", *MAIL_LANGUAGES])
@pytest.mark.parametrize("name", ["mail/words.txt", "feeds/words.txt", "common/words.txt"])
def test_words_of_a_text_file_hold_no_elements(name, language):
    source, _ = Templates(None, language)._source(name)
    assert not re.search(r"</?[a-z]", re.sub(r"{#.*?#}", "", source, flags=re.DOTALL))


def test_a_macro_of_a_text_file_is_text_that_its_caller_escapes(tmp_path):
    (tmp_path / "words.txt").write_text("{% macro hello(name) %}Hello {{ name }}!{% endmacro %}")
    (tmp_path / "parts.html").write_text("{% macro bold(name) %}<b>{{ name }}</b>{% endmacro %}")
    page = "{% import 'words.txt' as words %}{% from 'parts.html' import bold %}"
    (tmp_path / "page.html").write_text(page + "{{ words.hello(x) }} {{ bold(words.hello(x)) }}")
    (tmp_path / "letter.txt").write_text(page + "{{ words.hello(x) }}")

    templates = Templates(tmp_path)

    assert templates.render("page.html", x="<i>&") == "Hello &lt;i&gt;&amp;! <b>Hello &lt;i&gt;&amp;!</b>"
    assert templates.render("letter.txt", x="<i>&") == "Hello <i>&!"


def test_a_call_block_of_a_page_stays_markup(tmp_path):
    (tmp_path / "parts.html").write_text("{% macro box(name) %}<p>{{ name }}{{ caller() }}</p>{% endmacro %}")
    (tmp_path / "page.html").write_text(
        "{% from 'parts.html' import box %}{% call box(x) %}<b>{{ x }}</b>{% endcall %}"
    )
    assert Templates(tmp_path).render("page.html", x="&") == "<p>&amp;<b>&amp;</b></p>"


def test_matches_are_marked_and_all_else_is_escaped():
    assert marked_parts([("<a>", False), ("b&", True)]) == Markup("&lt;a&gt;<mark>b&amp;</mark>")
    assert marked_parts([]) == Markup("")


def test_json_cannot_end_a_script():
    assert (
        script_json({"a": "</script><!--\u2028&"}) == '{"a":"\\u003c/script\\u003e\\u003c!--\\u2028\\u0026"}'
    )


def test_only_font_stacks_of_brands_are_markup():
    for stacks in FONTS.values():
        assert all(font_stack(stack) == clean_markup(stack) for stack in stacks)
    with pytest.raises(ValueError, match="no font stack"):
        font_stack("x; } </style><script>")

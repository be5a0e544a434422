"""docs/status.md says what to do for each line that ``syndicate status`` can show."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest

from syndicate.cli.operate import status
from syndicate.jobs.admin import needs
from syndicate.jobs.delivery import restore_guard

TEXT = (Path(__file__).parents[2] / "docs" / "status.md").read_text("utf-8")
ROWS = [line.split("|")[1].strip().replace("`", "") for line in TEXT.splitlines() if line.startswith("| ")]
WORKERS = Path(status.__file__).with_name("worker_status.py")
PRINTERS = ("echo", "say", "_print_counts")


def shown(node: ast.AST | None) -> Iterator[str]:
    """The texts of an expression, with … for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = [str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values]
        yield "".join(parts)
    elif isinstance(node, ast.IfExp):
        yield from shown(node.body)
        yield from shown(node.orelse)


def functions(module: object, names: str) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(inspect.getsource(module))):  # type: ignore[arg-type]
        if isinstance(node, ast.FunctionDef) and re.fullmatch(names, node.name):
            yield node


def is_shown(node: ast.AST) -> TypeGuard[ast.FunctionDef]:
    return isinstance(node, ast.FunctionDef) and node.name in ("lines", "problems")


def needs_sentences() -> Iterator[str]:
    """Sentences of needs: assigned to a name, or given to a need."""
    for node in ast.walk(ast.parse(inspect.getsource(needs))):
        if isinstance(node, ast.Assign) and "sentence" in ast.dump(node.targets[0]):
            values = node.value.elts if isinstance(node.value, ast.Tuple) else [node.value]
            yield from shown(values[0])
        elif isinstance(node, ast.keyword) and node.arg == "sentence":
            yield from shown(node.value)


def problems() -> Iterator[str]:
    """The sentences of needs that ``status`` lists, and what else it puts into a list of problems."""
    sentences = list(needs_sentences())
    assert len(sentences) > 10
    yield from sentences
    found = [*functions(restore_guard, "hold_text")]
    assert len(found) == 1
    if WORKERS.exists():
        # Its lines and its problems have the form of the problems here.
        found += [node for node in ast.walk(ast.parse(WORKERS.read_text("utf-8"))) if is_shown(node)]
    for node in (node for function in found for node in ast.walk(function)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
            yield from shown(node.args[0])
        elif isinstance(node, ast.List):
            for element in node.elts:
                yield from shown(element)
        elif isinstance(node, ast.ListComp | ast.GeneratorExp):
            yield from shown(node.elt)
        elif isinstance(node, ast.Return):
            yield from shown(node.value)


def lines() -> Iterator[str]:
    """What ``status`` prints otherwise; ``label: counts`` for counts."""
    for node in (node for function in functions(status, "_print.*") for node in ast.walk(function)):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in PRINTERS and node.args:
                colon = ": …" if name == "_print_counts" else ""
                yield from (text + colon for text in shown(node.args[0]))
            elif name == "table":
                assert isinstance(node.args[0], ast.Tuple)
                yield ", ".join(text for element in node.args[0].elts for text in shown(element))


def plain(text: str) -> str:
    """The words before the first detail, without what is filled in."""
    words = re.sub(r"\(410\)|\d+|times", "", text.strip().strip("-").replace("…", " "))
    return re.sub(r"[\s.]+", " ", words.partition(": ")[0].rstrip(" :")).strip()


DOCUMENTED = {plain(row) for row in ROWS}
SHOWN = sorted({text for text in [*problems(), *lines()] if plain(text) not in ("", "…")})


def test_there_are_lines_and_problems():
    assert len(SHOWN) > 20


def test_every_line_is_documented():
    rows = tuple(row for row in DOCUMENTED if row)
    assert [plain(text) for text in SHOWN if not plain(text).startswith(rows)] == []


@pytest.mark.parametrize("kind", ["entry", "document", "webhook"])
def test_every_kind_of_untrusted_input_is_documented(kind: str):
    assert kind in needs.UNTRUSTED_KINDS
    assert any(row.startswith(f"{kind} …") for row in ROWS)

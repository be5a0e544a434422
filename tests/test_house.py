"""Rules of the house that no tool checks: size, docstrings, nothing unfinished, SQL in one room."""

import ast
import itertools
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = CHECKOUT / "syndicate"
MODULES = sorted(PACKAGE.rglob("*.py"))
OUTSIDE_THE_STORE = [module for module in MODULES if PACKAGE / "store" not in module.parents]
LONGEST_MODULE = 400  # lines
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
STATEMENT = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|DROP|ALTER)\s+(TABLE|INDEX))\b",
    re.DOTALL,
)
MACHINE_PATH = re.compile(rb"(?<![\w.])/(root|home/\w+|work)/\w")


def short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def tracked_files() -> list[Path]:
    """What git keeps or would keep; an unpacked source archive has no git, and nothing foreign either."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        check=False,
    )
    names = done.stdout.decode().split("\0") if done.returncode == 0 else []
    return [path for name in names if name and (path := CHECKOUT / name).is_file()]


def test_every_module_fits_in_a_readers_head():
    lines = {short(module): len(module.read_text().splitlines()) for module in MODULES}
    assert {module: count for module, count in lines.items() if count > LONGEST_MODULE} == {}


def test_every_module_says_what_it_is_for():
    assert [short(module) for module in MODULES if not ast.get_docstring(ast.parse(module.read_text()))] == []


def test_nothing_is_left_unfinished():
    assert [short(module) for module in MODULES if UNFINISHED.search(module.read_text())] == []


def test_every_sql_statement_is_in_the_store():
    assert [short(module) for module in OUTSIDE_THE_STORE if has_statement(module)] == []


def has_statement(module: Path) -> bool:
    texts = [node.value for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant)]
    return any(isinstance(text, str) and STATEMENT.match(text) for text in texts)


def test_every_package_we_import_is_declared():
    """Not merely there because another package brings it."""
    trees = [ast.parse(module.read_text()) for module in MODULES]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and not node.level}
    foreign = {name.split(".")[0] for name in names} - sys.stdlib_module_names - {"syndicate"}
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wishes = [*project["dependencies"], *itertools.chain(*project["optional-dependencies"].values())]
    declared = {canonical(re.split(r"[<>=!~\[ ]", wish)[0]) for wish in wishes}
    origins = packages_distributions()
    undeclared = {name for name in foreign if not declared & set(map(canonical, origins.get(name, [])))}
    assert undeclared == set()


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_no_file_knows_the_machine_it_was_written_on():
    guilty = [path for path in tracked_files() if MACHINE_PATH.search(path.read_bytes())]
    assert [short(path) for path in guilty] == []

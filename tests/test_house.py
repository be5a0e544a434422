"""Rules of the house that no tool checks: sizes, names, words, rule ids, SQL in one room."""

import ast
import io
import itertools
import re
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGE = CHECKOUT / "syndicate"
MODULES = sorted(PACKAGE.rglob("*.py"))
OUTSIDE_THE_STORE = [module for module in MODULES if PACKAGE / "store" not in module.parents]
LONGEST_MODULE = 600  # lines
LONGEST_FUNCTION = 60  # lines
LARGEST_FOLDER = 20  # modules
ID = re.compile(r"(?<![\w%#&+=/.\\-])(?:RL|[A-Z]F?)[1-9]\d?(?![\w%;])")
ID_OF_A_TEST = re.compile(r"def test_((?:(?:RL|[A-Z]F?)\d{1,2}_(?:to_)?)+)")
DEFINED = re.compile(r"^\| ((?:RL|[A-Z]F?)\d+) \|", re.MULTILINE)
QUESTION = re.compile(r"(what|who|whom|whose|how|whether|where|those|why|which)\b", re.IGNORECASE)
METAPHORS = re.compile(
    r"\b(whomever|whoever|nobody|somebody|someone|everybody|anybody|strangers?|ours|company|bells?|patience"
    r"|furniture|likeness|departures|rhythm|killers|courier|acquitted)\b",
    re.IGNORECASE,
)
SHARED_CLOCK = re.compile(r"setattr\(\s*(time,|\"time\.)")
UNCLOSED = re.compile(r"(?<!closing\()sqlite3\.connect\(")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")
STATEMENT = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(CREATE|DROP|ALTER)\s+(TABLE|INDEX))\b",
    re.DOTALL,
)
VERB = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER)\s")
MACHINE_PATH = re.compile(rb"(?<![\w.])/(root|home/\w+|work)/\w")


@cache
def tree_of(module: Path) -> ast.Module:
    return ast.parse(module.read_text())


@cache
def nodes_of(module: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(module)))


def short(path: Path) -> str:
    return str(path.relative_to(CHECKOUT))


def tracked_files() -> list[Path]:
    """List the files that git keeps or would keep; none in an unpacked source archive."""
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


def test_no_test_changes_the_clock_of_other_threads():
    """A timer that a running event loop sets meanwhile would not end for hours."""
    tests = [path for path in (CHECKOUT / "tests").rglob("*.py") if path.name != "test_house.py"]
    assert [short(path) for path in tests if SHARED_CLOCK.search(path.read_text())] == []


def test_every_connection_of_sqlite3_is_closed():
    """Its own ``with`` only ends a transaction; since Python 3.13 a warning then fails any later test."""
    tests = [path for path in (CHECKOUT / "tests").rglob("*.py") if path.name != "test_house.py"]
    assert [short(path) for path in [*MODULES, *tests] if UNCLOSED.search(path.read_text())] == []


def test_every_module_says_what_it_is_for():
    assert [short(module) for module in MODULES if not ast.get_docstring(tree_of(module))] == []


def functions_of(module: Path) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    return [node for node in nodes_of(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def docstrings_of(module: Path) -> list[tuple[str, str]]:
    """Return name and docstring of the module, its classes and its functions."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    nodes = [node for node in nodes_of(module) if isinstance(node, documented)]
    return [(getattr(node, "name", "module"), text) for node in nodes if (text := ast.get_docstring(node))]


def test_every_function_fits_a_screen():
    lengths = {
        f"{short(module)}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for module in MODULES
        for function in functions_of(module)
    }
    assert {name: count for name, count in lengths.items() if count > LONGEST_FUNCTION} == {}


def test_no_folder_is_too_large():
    sizes = Counter(short(module.parent) for module in MODULES if module.name != "__init__.py")
    assert {folder: size for folder, size in sizes.items() if size > LARGEST_FOLDER} == {}


def test_a_module_is_found_by_its_name():
    names = Counter(module.stem for module in MODULES if not module.stem.startswith("__"))
    assert [name for name, count in names.items() if count > 1] == []


def test_a_public_class_is_found_by_its_name():
    nodes = [node for module in MODULES for node in nodes_of(module)]
    names = Counter(node.name for node in nodes if isinstance(node, ast.ClassDef))
    assert [name for name, count in names.items() if count > 1 and not name.startswith("_")] == []


def test_a_docstring_opens_with_a_verb_or_a_noun():
    texts = [(short(module), *pair) for module in MODULES for pair in docstrings_of(module)]
    assert [text for text in texts if QUESTION.match(text[2])] == []


def test_a_docstring_has_the_words_of_the_field():
    """The list is short: words of this kind that crept in before."""
    texts = [(short(module), *pair) for module in MODULES for pair in docstrings_of(module)]
    assert [(*text[:2], found[0]) for text in texts if (found := METAPHORS.search(text[2]))] == []


def cited_rules() -> set[str]:
    """Return the ids in comments and strings of the package and in names of tests."""
    tokens = [token for module in MODULES for token in tokens_of(module)]
    ids = {name for text in tokens for name in ID.findall(text)}
    tests = [module.read_text() for module in (CHECKOUT / "tests").rglob("*.py")]
    names = [name for text in tests for name in ID_OF_A_TEST.findall(text)]
    return ids | {part for name in names for part in name.split("_") if part and part != "to"}


def tokens_of(module: Path) -> list[str]:
    text = module.read_text()
    if not ID.search(text):
        return []
    kinds = {tokenize.COMMENT, tokenize.STRING, getattr(tokenize, "FSTRING_MIDDLE", tokenize.STRING)}
    read = tokenize.generate_tokens(io.StringIO(text).readline)
    return [token.string for token in read if token.type in kinds]


def test_every_rule_that_is_cited_is_defined_and_no_other():
    defined = DEFINED.findall((CHECKOUT / "docs" / "rules.md").read_text())
    assert len(defined) == len(set(defined))
    assert cited_rules() ^ set(defined) == set()


def test_nothing_is_left_unfinished():
    assert [short(module) for module in MODULES if UNFINISHED.search(module.read_text())] == []


def test_every_sql_statement_is_in_the_store():
    assert [short(module) for module in OUTSIDE_THE_STORE if has_statement(module)] == []


def has_statement(module: Path) -> bool:
    if not VERB.search(module.read_text()):
        return False
    texts = [node.value for node in nodes_of(module) if isinstance(node, ast.Constant)]
    return any(isinstance(text, str) and STATEMENT.match(text) for text in texts)


def test_every_package_we_import_is_declared():
    """Not merely there because another package brings it."""
    nodes = [node for module in MODULES for node in nodes_of(module)]
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

"""Extras are small, complete, and named where one is missing."""

import re
import sys
import tomllib
from pathlib import Path

import pytest

from syndicate.errors import ConfigError, MissingExtra, needs_extra
from syndicate.ingest import article_rules
from syndicate.store import open_store

CHECKOUT = Path(__file__).resolve().parent.parent.parent
EXTRAS = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
NEEDED = re.compile(r'needs_extra\(\s*"([^"]+)"')


def missing(monkeypatch: pytest.MonkeyPatch, *packages: str) -> None:
    """Let imports of these packages fail as if they were not installed."""
    for name in [*packages, *(loaded for loaded in sys.modules if loaded.startswith(packages))]:
        monkeypatch.setitem(sys.modules, name, None)


def test_all_is_every_other_extra():
    (requirement,) = EXTRAS["all"]
    assert requirement == f"syndicate-news[{','.join(sorted(set(EXTRAS) - {'all'}))}]"


def test_every_extra_that_the_code_asks_for_exists():
    asked = {
        name for file in (CHECKOUT / "syndicate").rglob("*.py") for name in NEEDED.findall(file.read_text())
    }
    assert {"postgres", "re2"} <= asked <= set(EXTRAS)


def test_every_extra_is_documented():
    text = (CHECKOUT / "docs" / "installing.md").read_text()
    assert [name for name in EXTRAS if f"| `{name}` |" not in text] == []


def test_a_missing_package_is_a_mistake_of_the_configuration_with_the_extra_to_install():
    with pytest.raises(MissingExtra, match=r"worker needs the package procrastinate, .*'\.\[workers\]'"):
        use_a_worker_without_procrastinate()


def use_a_worker_without_procrastinate() -> None:
    with needs_extra("workers", "syndicate worker"):
        raise ModuleNotFoundError(name="procrastinate")


def test_postgresql_without_its_package_names_the_extra(monkeypatch):
    missing(monkeypatch, "psycopg")
    with pytest.raises(ConfigError, match=r"PostgreSQL.*psycopg.*'\.\[postgres\]'"):
        open_store("postgresql://news@127.0.0.1/news")


def test_an_expression_without_re2_is_refused_and_words_are_not(monkeypatch):
    missing(monkeypatch, "re2")
    article_rules._compiled.cache_clear()
    with pytest.raises(ConfigError, match=r"\^Live.*'\.\[re2\]'"):
        article_rules.parse_condition("title: /^Live/")
    assert article_rules.parse_condition("title: live").words == " live "

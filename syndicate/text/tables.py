"""Tables of words, names and patterns: TOML files beside the modules that use them."""

import tomllib
from importlib import resources
from typing import Any


def table_of(module: str) -> dict[str, Any]:
    """Return the table of a module (its ``__name__``): the TOML file of the same name."""
    package, _, name = module.rpartition(".")
    return tomllib.loads((resources.files(package) / f"{name}.toml").read_text("utf-8"))

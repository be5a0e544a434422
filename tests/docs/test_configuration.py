"""docs/configuration.md and config.toml describe exactly the settings there are, with their true defaults."""

import re
import tomllib
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from syndicate.settings import Settings, load_settings

CHECKOUT = Path(__file__).parents[2]
HEADER = "| key | default | meaning | example |"
# What a table says where the default follows from another key.
FOLLOWS = {
    ("sources", "republish"): "by `own`",
    ("sources", "private"): "by `url` and `auth`",
    ("sources", "auth"): "none",
    ("source_lists", "private"): "by `url` and `auth`",
    ("source_lists", "auth"): "none",
    ("rules", "section"): "unchanged",
    ("rules", "title"): "unchanged",
    ("announcements", "from"): "at once",
    ("announcements", "until"): "for ever",
}


def section_model(name: str) -> type[BaseModel]:
    annotation = Settings.model_fields[name].annotation
    model = next((part for part in get_args(annotation) if part is not ...), annotation)
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model


def documented() -> dict[str, dict[str, list[str]]]:
    """Section → key → the cells after the key."""
    found: dict[str, dict[str, list[str]]] = {}
    section, in_table = "", False
    for line in (CHECKOUT / "docs" / "configuration.md").read_text("utf-8").splitlines():
        if heading := re.fullmatch(r"## \[{1,2}(\w+)\]{1,2}", line):
            section = heading[1]
            found[section] = {}
        in_table = line == HEADER or (in_table and line.startswith("|"))
        if in_table and (row := re.match(r"\| `(\w+)` \| (.*) \|$", line)):
            found[section][row[1]] = row[2].split(" | ")
    return found


DOCUMENTED = documented()
SECTIONS = [name for name in Settings.model_fields if name not in ("base", "file", "file_hash")]
FIELDS = [
    (section, field.alias or name, name)
    for section in SECTIONS
    for name, field in section_model(section).model_fields.items()
]


def keys_of(section: str) -> list[tuple[str, str]]:
    """Each key with the name of its field."""
    return [(key, name) for where, key, name in FIELDS if where == section]


def default_of(section: str, name: str) -> object:
    return section_model(section).model_fields[name].get_default()


def value_of(section: str, key: str, name: str, cell: str) -> object:
    """The setting that the value in a cell, in backticks, becomes in a whole configuration."""
    written = re.fullmatch(r"`(.*)`", cell)
    assert written, f"{section}.{key}: {cell} is not a value in backticks"
    table = minimum(section) | tomllib.loads(f"{key} = {written[1]}")
    return getattr(section_model(section).model_validate(table), name)


def test_every_section_is_documented_and_no_other():
    assert set(DOCUMENTED) == set(SECTIONS)


@pytest.mark.parametrize("section", SECTIONS)
def test_every_key_is_documented_and_no_other(section: str):
    assert set(DOCUMENTED[section]) == {key for where, key, _ in FIELDS if where == section}


@pytest.mark.parametrize("section", SECTIONS)
def test_documented_defaults_are_true(section: str):
    for key, name in keys_of(section):
        cell = DOCUMENTED[section][key][0]

        if section_model(section).model_fields[name].is_required():
            assert cell == "required", key
        elif (section, key) in FOLLOWS:
            assert (cell, default_of(section, name)) == (FOLLOWS[section, key], None), key
        else:
            expected = getattr(section_model(section).model_validate(minimum(section)), name)
            assert value_of(section, key, name, cell) == expected, key


def minimum(section: str) -> dict[str, str]:
    """The required keys of a section."""
    values = {"name": "a", "url": "https://a.example", "schedule": "daily 07:00", "query": "tag:a"}
    values |= {"text": "a", "kind": "webhook"}
    fields = section_model(section).model_fields.items()
    return {name: values[name] for name, field in fields if field.is_required()}


@pytest.mark.parametrize("section", SECTIONS)
def test_documented_examples_are_valid(section: str):
    for key, name in keys_of(section):
        value_of(section, key, name, DOCUMENTED[section][key][2])


@pytest.mark.parametrize("section", SECTIONS)
def test_the_default_configuration_shows_every_key(section: str):
    text = (CHECKOUT / "config.toml").read_text("utf-8")
    parts = re.split(r"^(?:# )?\[{1,2}(\w+)\]{1,2}$", text, flags=re.MULTILINE)
    blocks = dict(zip(parts[1::2], parts[2::2], strict=True))

    shown = re.findall(r"^(?:# )?(\w+) = ", blocks[section], re.MULTILINE)
    assert {key for key, _ in keys_of(section)} - set(shown) == set()


def test_the_default_configuration_is_the_defaults():
    loaded = load_settings(CHECKOUT / "config.toml", {})
    assert loaded == Settings(base=CHECKOUT, file_hash=loaded.file_hash)

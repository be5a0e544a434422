"""Reading of ``config.toml`` and the environment, with a report of all mistakes."""

import json
import os
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError

from syndicate import DOCUMENTATION
from syndicate.audience.segments import parse_segment
from syndicate.errors import ConfigError
from syndicate.settings.tree import Settings
from syndicate.settings.values import Section
from syndicate.text.plain import clean_line
from syndicate.toml_lines import line_of

_DOCUMENTED_AT = f"{DOCUMENTATION}/configuration.md"
_ENVIRONMENT = "SYNDICATE_"
_MIN_SECRET = 16
_OF_THE_FILE = ("base", "file", "file_hash")
# Lists of tables whose keys the environment can set.
_NAMED = ("brands", "networks")
_UNIQUE = (
    ("source_lists", "url"),
    *((section, "name") for section in ("sources", "rules", "channels", "newsletters")),
    *((section, "name") for section in ("announcements", "fields", "segments", "brands", "networks")),
)


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration file and the environment.

    Raises ``ConfigError`` with all mistakes of keys and values, or else with all inconsistencies, each on a
    line: ``file:line: section.key: message``.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{file} does not exist: run `syndicate init` to write it, or name another file with --config"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    base = file.absolute().parent
    problems = _from_environment(data, environment)
    try:
        place = {"base": base, "file": file.name, "file_hash": sha256(text.encode()).hexdigest()}
        settings = Settings.model_validate({**data, **place})
    except ValidationError as error:
        mistakes = sorted(error.errors(), key=lambda details: line_of(text, details["loc"]) or 1)
        problems += [
            _explain(file, text, _key(data, details["loc"]), environment, details) for details in mistakes
        ]
        raise ConfigError("\n".join(problems)) from None
    problems += [
        f"{file}:{line_of(text, path) or 1}: {_key(data, path)}: {message}"
        for path, message in _inconsistencies(settings)
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return _with_secrets(settings, file, text)


def _from_environment(data: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    problems = []
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_ENVIRONMENT):
            continue
        if "__" not in variable:
            problems += _misspelt_variable(variable)
            continue
        section, key = variable.removeprefix(_ENVIRONMENT).lower().split("__", 1)
        model = Settings.model_fields.get(section)
        if section in _NAMED and "__" in key:
            name, key = key.split("__", 1)
            table = _named_table(data, section, name)
        elif model is not None and isinstance(model.default, Section):
            table = data.setdefault(section, {})
        else:
            table = None
        if table is None:
            problems.append(f"environment: {variable}: there is no section [{section}] to set")
            continue
        if isinstance(table, dict):
            table[key] = _value(value)
    return problems


def _named_table(data: dict[str, Any], section: str, name: str) -> dict[str, Any] | None:
    """Return the table of a brand or network, in whose name a variable has underscores for hyphens."""
    found = data.get(section)
    tables = [table for table in found if isinstance(table, dict)] if isinstance(found, list) else []
    return next((table for table in tables if str(table.get("name")).replace("-", "_") == name), None)


def _misspelt_variable(variable: str) -> list[str]:
    """Reject a name without the second underscore. Other unknown names may belong to other programs."""
    for name, field in Settings.model_fields.items():
        key = variable.lower().removeprefix(f"{_ENVIRONMENT}{name}_".lower())
        if isinstance(field.default, Section) and key in type(field.default).model_fields:
            correct = f"{_ENVIRONMENT}{name}__{key}".upper()
            return [f"environment: {variable}: write {correct}, with two underscores"]
    return []


def _value(text: str) -> object:
    """Parse a JSON list. Other values are text, which pydantic converts."""
    if text.startswith("["):
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    return text


def _key(data: Mapping[str, Any], path: tuple[str | int, ...]) -> str:
    """Return the path of a key as text, ``segments.press.query``; a table without a name has its index."""
    parts, value = list[str](), dict[Any, Any](data)
    for part in path:
        try:
            value = value[part]
            parts.append(clean_line(str(value["name"]), 80) or str(part) if isinstance(part, int) else part)
        except (KeyError, IndexError, TypeError):
            parts.append(str(part))
    return ".".join(parts)


def _explain(file: Path, text: str, key: str, environment: Mapping[str, str], details: Any) -> str:
    path = details["loc"]
    message = explain_value(details)
    variable = _ENVIRONMENT + "__".join(str(part) for part in path[:2]).upper()
    if variable in environment:
        return f"environment: {variable}: {message}"
    return f"{file}:{line_of(text, path) or 1}: {key}: {message}"


def explain_value(details: Any) -> str:
    """Return the message for an invalid value, without programmers' terms."""
    limits, value = details.get("ctx", {}), details["input"]
    match details["type"]:
        case "extra_forbidden":
            return f"there is no such key{_suggestion(details['loc'])}; see {_DOCUMENTED_AT}"
        case "missing":
            return "this key is required, but missing"
        case "int_parsing" | "int_type" | "int_from_float":
            return f"{value!r} is not a whole number"
        case "float_parsing" | "float_type":
            return f"{value!r} is not a number"
        case "bool_parsing" | "bool_type":
            return f"{value!r} is neither true nor false"
        case "tuple_type" if isinstance(value, dict):
            return f"there may be several of these: write [[{details['loc'][-1]}]], in double brackets"
        case "tuple_type":
            return "this is a list: put it between square brackets"
        case "model_type":
            return f"this is one table, with keys of its own; see {_DOCUMENTED_AT}"
        case "string_type":
            return "this is not text: put it between quotation marks"
        case "greater_than_equal":
            return f"{value!r} is less than {limits['ge']:g}"
        case "less_than_equal":
            return f"{value!r} is more than {limits['le']:g}"
    return str(details["msg"]).removeprefix("Value error, ")


def _suggestion(path: tuple[str | int, ...]) -> str:
    """Return the key that is most similar to an unknown key, as a question."""
    model: type[BaseModel] = Settings
    for part in path[:-1]:
        kind = model.model_fields[part].annotation if isinstance(part, str) else model
        # A table, a list of tables, or an optional table.
        types = (kind, *get_args(kind))
        model = next(known for known in types if isinstance(known, type) and issubclass(known, BaseModel))
    names = [field.alias or name for name, field in model.model_fields.items() if name not in _OF_THE_FILE]
    similar = get_close_matches(str(path[-1]), names, n=1)
    return f" (did you mean {similar[0]}?)" if similar else ""


def _inconsistencies(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the path of a key and the conflict of its value with other values."""
    for section, key in _UNIQUE:
        values = [getattr(declared, key) for declared in getattr(settings, section)]
        for position, value in enumerate(values):
            if value in values[:position]:
                yield (section, position, key), f"{value!r} is used twice"
    names = {channel.name for channel in settings.channels}
    for position, channel in enumerate(settings.channels):
        for old in channel.moved_from:
            if old in names:
                path = "channels", position, "moved_from"
                yield path, f"{old!r} is a present or former name of another channel"
            names.add(old)
    networks = {network.name for network in settings.networks}
    posting = ((place, set(channel.post_to) - networks) for place, channel in enumerate(settings.channels))
    for place, unknown in posting:
        yield from (
            (("channels", place, "post_to"), f"there is no [[networks]] {name!r}") for name in unknown
        )
    for section in ("rules", "fields", "networks"):
        for position, declared in enumerate(getattr(settings, section)):
            if mistake := declared.mistake():
                yield (section, position), mistake
    yield from _mistaken_segments(settings)
    if settings.sign_up.lifetime > settings.retention.sign_ups:
        yield ("sign_up", "lifetime"), "longer than retention.sign_ups, so links would expire too early"
    yield from _newsletter_inconsistencies(settings)
    if not all(settings.branded(newsletter.brand).mail.address for newsletter in settings.newsletters):
        yield (
            ("mail", "address"),
            "newsletters need your postal address: write it, or set SYNDICATE_MAIL__ADDRESS for each command",
        )


def _mistaken_segments(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    fields = [field.declared() for field in settings.fields]
    for position, segment in enumerate(settings.segments):
        try:
            # Its newsletters may be those that were added to the store; `check` and each use look for them.
            parse_segment(segment.query, fields)
        except ConfigError as error:
            yield ("segments", position, "query"), str(error)


def _newsletter_inconsistencies(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the conflicts of newsletters and announcements, as ``_inconsistencies`` does."""
    brands = {"", *(brand.name for brand in settings.brands)}
    for position, newsletter in enumerate(settings.newsletters):
        if newsletter.brand not in brands:
            yield ("newsletters", position, "brand"), f"there is no [[brands]] {newsletter.brand!r}"
        needed = ("correction", "note", "lead", "sections", *(("trending",) if newsletter.trending else ()))
        for block in needed:
            if newsletter.blocks.count(block) != 1:
                message = f"{block} must stand there once, so that every edition shows all it holds"
                yield ("newsletters", position, "blocks"), message
    declared = {newsletter.name for newsletter in settings.newsletters}
    for position, announcement in enumerate(settings.announcements):
        for name in set(announcement.newsletters) - declared:
            yield ("announcements", position, "newsletters"), f"there is no newsletter {name!r}"


def _with_secrets(settings: Settings, file: Path, text: str) -> Settings:
    """Return the settings with the secrets of ``password_file`` and the other keys with ``_file``."""
    updates: dict[str, Any] = {
        name: _with_secrets_of(settings, section, (name,), file, text)
        for name, section in settings
        if isinstance(section, Section)
    }
    for section in _NAMED:
        updates[section] = tuple(
            _with_secrets_of(settings, part, (section, position), file, text)
            for position, part in enumerate(getattr(settings, section))
        )
    short = [name for name, secret in updates["webhooks"].secrets().items() if len(secret) < _MIN_SECRET]
    if short:
        line = line_of(text, ("webhooks",)) or 1
        raise ConfigError(
            f"{file}:{line}: webhooks: the secret of {short[0]} is shorter than {_MIN_SECRET} characters: "
            "anyone could guess it, so take a long random text"
        )
    return settings.model_copy(update=updates)


def _with_secrets_of(
    settings: Settings, part: Section, path: tuple[str | int, ...], file: Path, text: str
) -> Section:
    secrets = {}
    for key, name in part:
        if not key.endswith("_file") or not name:
            continue
        try:
            secret = settings.path(name).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            full, line = _key(tomllib.loads(text), (*path, key)), line_of(text, (*path, key)) or 1
            raise ConfigError(f"{file}:{line}: {full}: {name} cannot be read: {error}") from error
        secrets[key.removesuffix("_file")] = SecretStr(secret)
    return part.model_copy(update=secrets)

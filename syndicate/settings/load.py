"""Read ``config.toml`` and the environment; report every mistake at once."""

import json
import os
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import SecretStr, ValidationError

from syndicate.errors import ConfigError
from syndicate.settings.section import Section
from syndicate.settings.tree import Settings
from syndicate.toml_lines import line_of

_ENVIRONMENT = "SYNDICATE_"
_UNIQUE = (
    ("sources", "name"),
    ("source_lists", "url"),
    ("rules", "name"),
    ("channels", "name"),
    ("newsletters", "name"),
)


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration file and the environment.

    Raises ``ConfigError`` with every mistake, one a line: ``file:line: section.key: what to do``.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{file} does not exist: run `syndicate init` to write one, or name yours with --config"
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
        settings = Settings.model_validate({**data, "base": base})
    except ValidationError as error:
        problems += [_explain(file, text, environment, details) for details in error.errors()]
        raise ConfigError("\n".join(problems)) from None
    problems += [
        f"{file}:{line_of(text, path) or 1}: {message}" for path, message in _inconsistencies(settings)
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return _with_secrets(settings, file, text)


def _from_environment(data: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    problems = []
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_ENVIRONMENT) or "__" not in variable:
            continue
        section, key = variable.removeprefix(_ENVIRONMENT).lower().split("__", 1)
        model = Settings.model_fields.get(section)
        if model is None or not isinstance(model.default, Section):
            problems.append(f"environment: {variable}: there is no section [{section}] to set")
            continue
        table = data.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = _value(value)
    return problems


def _value(text: str) -> object:
    """A list is written as JSON; everything else is text, which the models read as what they need."""
    if text.startswith("["):
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    return text


def _explain(file: Path, text: str, environment: Mapping[str, str], details: Any) -> str:
    path = details["loc"]
    key = ".".join(str(part) for part in path)
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = "there is no such key; see docs/configuration.md"
    variable = _ENVIRONMENT + "__".join(str(part) for part in path[:2]).upper()
    if variable in environment:
        return f"environment: {variable}: {message}"
    return f"{file}:{line_of(text, path) or 1}: {key}: {message}"


def _inconsistencies(settings: Settings) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    for section, key in _UNIQUE:
        seen: set[str] = set()
        for position, item in enumerate(getattr(settings, section)):
            value = getattr(item, key)
            if value in seen:
                message = f"{section}.{position}.{key}: {value!r} is used twice"
                found.append(((section, position, key), message))
            seen.add(value)
    for position, rule in enumerate(settings.rules):
        if mistake := rule.mistake():
            found.append((("rules", position), f"rules.{position}: {mistake}"))
    if settings.sign_up.lifetime > settings.retention.sign_ups:
        message = "sign_up.lifetime: longer than retention.sign_ups, so links would end before their time"
        found.append((("sign_up", "lifetime"), message))
    if settings.newsletters and not settings.mail.address:
        message = "mail.address: newsletters need your postal address in the footer"
        found.append((("mail", "address"), message))
    return found


def _with_secrets(settings: Settings, file: Path, text: str) -> Settings:
    """The passwords that are kept in files of their own."""
    found = {}
    for section in ("mail", "bounces"):
        part = getattr(settings, section)
        if name := part.password_file:
            try:
                secret = settings.path(name).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                line = line_of(text, (section, "password_file")) or 1
                raise ConfigError(
                    f"{file}:{line}: {section}.password_file: {name} cannot be read: {error}"
                ) from error
            found[section] = part.model_copy(update={"password": SecretStr(secret)})
    return settings.model_copy(update=found)

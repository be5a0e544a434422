"""Settings in force as the operators see them: values as text, and where each comes from."""

import os
from collections.abc import Iterator, Mapping
from datetime import timedelta

from syndicate.jobs.admin.system.system_views import SettingRow
from syndicate.settings.tree import Settings
from syndicate.settings.values import Section, is_duration
from syndicate.toml_lines import lines_of_paths

_UNITS = (("d", 86_400), ("h", 3_600), ("min", 60))


def setting_rows(settings: Settings, environment: Mapping[str, str] = os.environ) -> list[SettingRow]:
    """Return every setting; the tables of sources, channels and newsletters have pages of their own."""
    try:
        lines = lines_of_paths(settings.path(settings.file).read_text("utf-8"))
    except (OSError, UnicodeDecodeError):
        lines = {}
    return [
        row for name in type(settings).model_fields for row in _section(settings, name, lines, environment)
    ]


def _section(
    settings: Settings,
    section: str,
    lines: Mapping[tuple[str | int, ...], int],
    environment: Mapping[str, str],
) -> Iterator[SettingRow]:
    values = getattr(settings, section)
    if not isinstance(values, Section):
        return
    for key, field in type(values).model_fields.items():
        variable = f"SYNDICATE_{section}__{key}".upper()
        line = lines.get((section, key))
        origin = f"line {line} of {settings.file}" if line else "default"
        value = getattr(values, key)
        if is_duration(field.metadata):
            value = timedelta(seconds=value)
        # The URL of a store may hold a password, before the host or among its parameters.
        has_password = section == "store" and ("@" in str(value) or "password" in str(value).lower())
        is_secret = type(value).__name__ == "SecretStr" or has_password
        shown = _shown_value(value, is_secret=is_secret)
        yield SettingRow(section, key, shown, variable if variable in environment else origin)


def _shown_value(value: object, *, is_secret: bool) -> str:
    """Return the value of a setting as text; a secret is never shown."""
    if is_secret:
        return "set, never shown" if value else "not set"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, timedelta):
        seconds = value.total_seconds()
        exact = [(name, size) for name, size in _UNITS if seconds and not seconds % size]
        name, size = exact[0] if exact else ("s", 1)
        return f"{seconds / size:g} {name}"
    if isinstance(value, Mapping):
        return ", ".join(f"{name} = {_shown_value(each, is_secret=False)}" for name, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_shown_value(each, is_secret=False) for each in value)
    return "" if value is None else str(value)

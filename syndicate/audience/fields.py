"""Custom fields of subscribers, declared in ``[[fields]]``, and their values."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from syndicate.errors import InvalidField
from syndicate.text.names import tag_key
from syndicate.text.plain import clean_line

FieldType = Literal["text", "number", "date", "yes_no", "choice"]
MAX_TEXT = 500
"""Maximum number of characters of a value."""
MAX_TAG = 60
"""Maximum number of characters of a tag."""
_DIGITS = 15
"""Digits that a double-precision number keeps exactly."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)", re.ASCII)
_YES = frozenset({"yes", "true", "on", "1", "y"})
_NO = frozenset({"no", "false", "off", "0", "n"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriberField:
    """Custom field. Forms for subscribers have it if ``sign_up``, and need a value if ``required``."""

    name: str
    title: str = ""
    type: FieldType = "text"
    choices: tuple[str, ...] = ()
    sign_up: bool = False
    required: bool = False


def read_value(field: SubscriberField, text: str) -> str:
    """Return the canonical text of a value, ``""`` for a blank; raises ``InvalidField``.

    Numbers lose signs and zeros without meaning (``007.50`` is ``7.5``), dates are ISO dates, and yes or no
    is ``yes`` or ``no``.
    """
    text = clean_line(text, 2 * MAX_TEXT)
    if len(text) > MAX_TEXT:
        raise _invalid(field, text, f"longer than {MAX_TEXT} characters")
    if not text or field.type == "text":
        return text
    read, form = _TYPES[field.type]
    value = read(field, text)
    if not value:
        raise _invalid(field, text, f"not {form}" + "".join(f", {choice}" for choice in field.choices)[1:])
    return value


def read_values(
    fields: Iterable[SubscriberField], given: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return canonical values and errors by field name, of the given fields and all required fields."""
    values: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field in fields:
        try:
            if field.name in given or field.required:
                values[field.name] = read_value(field, given.get(field.name, ""))
            if field.required and not values[field.name]:
                errors[field.name] = f"{field.title or field.name}: a value is required."
        except InvalidField as error:
            errors[field.name] = str(error)
    return values, errors


def given_values(fields: Iterable[SubscriberField], form: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the texts of a form by field name; the input of a field is named ``field.NAME``."""
    inputs = {field.name: form.get(f"field.{field.name}") for field in fields}
    return {name: texts[0] for name, texts in inputs.items() if texts}


def read_tag(text: str) -> str:
    """Return the canonical text of a tag; raises ``InvalidField`` for an empty or long text."""
    tag = tag_key(clean_line(text))
    if not 0 < len(tag) <= MAX_TAG:
        raise InvalidField(f"{text!r} is not a tag. Write 1 to {MAX_TAG} characters, such as vip.")
    return tag


def _number(_field: SubscriberField, text: str) -> str:
    number = format(Decimal(text).normalize() + 0, "f") if _NUMBER.fullmatch(text) else ""
    return number if sum(map(str.isdigit, number)) <= _DIGITS else ""


def _date(_field: SubscriberField, text: str) -> str:
    try:
        return date.fromisoformat(text[:10] if text[10:11] in ("T", " ") else text).isoformat()
    except ValueError:
        return ""


def _yes_no(_field: SubscriberField, text: str) -> str:
    return "yes" if text.lower() in _YES else "no" if text.lower() in _NO else ""


def _choice(field: SubscriberField, text: str) -> str:
    return next((choice for choice in field.choices if choice.casefold() == text.casefold()), "")


def _invalid(field: SubscriberField, text: str, problem: str) -> InvalidField:
    return InvalidField(f"{field.title or field.name}: {clean_line(text, 80)!r} is {problem}.")


# Each reader returns "" for a text that is no value.
_TYPES: Mapping[str, tuple[Callable[[SubscriberField, str], str], str]] = {
    "number": (_number, f"a number of at most {_DIGITS} digits such as 12 or 3.5"),
    "date": (_date, "a date such as 2026-01-31"),
    "yes_no": (_yes_no, "yes or no"),
    "choice": (_choice, "among its choices:"),
}

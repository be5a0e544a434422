"""Fields of a source as a person or a program writes them: read, checked, and described for the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from syndicate.errors import SyndicateError, WrongFields
from syndicate.jobs.ingest.source_list_job import MAX_NAME_LENGTH, MAX_WEIGHT
from syndicate.model import Access, FullText, Republish, Source
from syndicate.text.language import normalise_language
from syndicate.text.plain import clean_line
from syndicate.text.privacy import has_credentials, masked_address
from syndicate.text.urls import is_web_url

ACCESS_FIELDS = ("auth", "username", "header", "secret_file", "secret_env")
ReadAccess = Callable[[Mapping[str, str]], Access | None]
"""Returns the authentication in the fields ``ACCESS_FIELDS``; raises ``SyndicateError``."""


def _name(text: str) -> str:
    if not (name := clean_line(text, MAX_NAME_LENGTH)):
        raise ValueError
    return name


def _language(text: str) -> str:
    language = normalise_language(text)
    if text.strip() and not language:
        raise ValueError
    return language


def _weight(text: str) -> float:
    if not 0 <= (weight := float(text)) <= MAX_WEIGHT:
        raise ValueError
    return weight


_READ: Mapping[str, tuple[Callable[[str], Any], str]] = {
    "name": (_name, "Write a name."),
    "section": (lambda text: clean_line(text, 100), ""),
    "language": (_language, "Write a language tag, such as en or pt-br, or leave it empty."),
    "weight": (_weight, f"Write a number from 0 to {MAX_WEIGHT:g}."),
    "republish": (Republish, "Choose one of the values."),
    "full_text": (FullText, "Choose one of the values."),
    "private": (lambda text: text == "true", ""),
}


def with_fields(source: Source, fields: Mapping[str, str], read_access: ReadAccess) -> Source:
    """Return the source with the given fields; absent fields stay. Raises ``WrongFields``.

    The authentication changes only with ``auth`` among the fields.
    """
    values: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for name in _READ.keys() & fields.keys():
        read, advice = _READ[name]
        try:
            values[name] = read(fields[name])
        except ValueError:
            wrong[name] = advice
    if "auth" in fields:
        try:
            values["access"] = read_access(fields)
        except SyndicateError as error:
            wrong["auth"] = str(error)
    if wrong:
        raise WrongFields(wrong)
    return replace(source, **values)


def checked_url(text: str) -> str:
    """Return an address that a source can have. Raises ``WrongFields``."""
    url = text.strip()
    if has_credentials(url) or not is_web_url(url):
        raise WrongFields({"url": "Write an http or https address without user name and password."})
    return url


def facts_of(source: Source) -> dict[str, Any]:
    """Return the fields of a source for the audit log, without secrets."""
    facts = {name: getattr(source, name) for name in ("name", "section", "language", "weight", "private")}
    facts |= {name: getattr(source, name).value for name in ("kind", "republish", "full_text")}
    facts["url"] = masked_address(source.url) if source.private else source.url
    return facts | {"auth": source.access.kind.value if source.access else ""}

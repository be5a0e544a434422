"""The Jinja environment of all templates: where they lie, their filters, and compiling each text once."""

import re
from collections.abc import Callable, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, Final
from urllib.parse import urlsplit

from jinja2 import (
    BytecodeCache,
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    nodes,
)
from jinja2.bccache import Bucket
from jinja2.compiler import CodeGenerator, Frame
from markupsafe import Markup, escape

from syndicate.text.dates import full_date, human_date, human_day, language_name
from syndicate.text.media_types import file_name, human_size

BUILTIN_PREFIX: Final = "!builtin"
_WORDS: Final = "words"
_SPECIAL: Final = re.compile("[&<>\"']").search


def _zone_name(value: datetime, zone: tzinfo = UTC) -> str:
    """Return what a zone is called at that time: "CET"; an offset when it has no name."""
    return value.astimezone(zone).tzname() or ""


@lru_cache(maxsize=1024)
def iso_date(value: datetime, zone: tzinfo = UTC) -> str:
    """RFC 3339 with an offset and whole seconds: "2026-11-24T09:00:00+00:00"."""
    return value.astimezone(zone).isoformat(timespec="seconds")


def reading_time(minutes: int) -> str:
    """Reading time as shown beside a title: "3 min read"."""
    return f"{max(1, minutes)} min read"


def _host(url: str) -> str:
    """The host a reader recognises: no "www.", no port; "" when there is none."""
    try:
        name = urlsplit(url).hostname or ""
    except ValueError:
        return ""
    return name.removeprefix("www.")


def _escapes(name: str | None) -> bool:
    """Only plain text goes unescaped."""
    return name is None or not name.removesuffix(".j2").endswith(".txt")


class _Folder(FileSystemLoader):
    """One folder. Where a template asks for words, it gets those of the language, if the folder has them."""

    def __init__(self, folder: Path, language: str) -> None:
        super().__init__(folder)
        parts = language.lower().split("-") if language else []
        self._tags = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        stem, _, suffix = template.rpartition(".")
        if stem.rpartition("/")[2] == _WORDS:
            for tag in self._tags:
                with suppress(TemplateNotFound):
                    return super().get_source(environment, f"{stem}.{tag}.{suffix}")
        return super().get_source(environment, template)


def _escaped(value: Any) -> str:
    """Return what ``escape`` gives; a value that stays as it is comes back at once, not wrapped first."""
    kind = type(value)
    plain = kind is Markup or (kind is str and not _SPECIAL(value))
    return value if plain else escape(value)


class _CodeGenerator(CodeGenerator):
    """Compiles ``{{ value }}`` to a quicker call: pages put in a hundred values, nearly all plain text."""

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if frame.eval_ctx.autoescape and not frame.eval_ctx.volatile and finalize.src is None:
            self.write("environment.escaped(")
        else:
            super()._output_child_pre(node, frame, finalize)


class _CompiledOnce(BytecodeCache):
    """The code of each text, kept while the process lives: most are the same in every language."""

    def __init__(self) -> None:
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._codes[bucket.key, bucket.checksum] = bucket.code


_COMPILED: Final = _CompiledOnce()


class _Environment(Environment):
    code_generator_class = _CodeGenerator
    escaped = staticmethod(_escaped)

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """One dictionary: each render copies it, and a chain of two takes ten times as long to copy."""
        return self.globals | dict(d or {})


def make_environment(folders: Sequence[Path], builtin: Path, language: str) -> Environment:
    """Return an environment whose templates come from the first of ``folders`` that has them."""
    loaders = [_Folder(place, language) for place in folders]
    environment = _Environment(
        loader=ChoiceLoader([*loaders, PrefixLoader({BUILTIN_PREFIX: FileSystemLoader(builtin)})]),
        bytecode_cache=_COMPILED,
        autoescape=_escapes,
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        date=human_date,
        day=human_day,
        full_date=full_date,
        zone_name=_zone_name,
        iso=iso_date,
        language_name=language_name,
        minutes=reading_time,
        host=_host,
        file_name=file_name,
        file_size=human_size,
    )
    return environment

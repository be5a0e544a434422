"""Jinja environment of all templates: loaders, filters and a cache of compiled templates."""

import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemBytecodeCache,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
)
from jinja2 import __version__ as jinja_version
from jinja2.bccache import Bucket
from jinja2.runtime import Context, Macro
from markupsafe import Markup, escape

from syndicate.text.dates import (
    calendar_date,
    clock_time,
    day_of_week,
    full_date,
    human_date,
    human_day,
    joined_names,
    language_name,
    month_and_year,
    near_date,
    weekday_name,
)
from syndicate.text.initials import hue, initials
from syndicate.text.language import is_foreign
from syndicate.text.markdown import markdown_html, markdown_text
from syndicate.text.markup import clean_markup, font_stack
from syndicate.text.media_types import file_name, human_size
from syndicate.text.phrases import plural
from syndicate.text.urls import site_host

BUILTIN_PREFIX: Final = "!builtin"
_WORDS: Final = "words"
# The folder of translations: a file for each language, with a part for each file of English words.
TRANSLATIONS: Final = "words"
# The folder of words that pages and mails share.
COMMON: Final = "common"
_PART: Final = re.compile(r"{# (\w+/words\.\w+) #}")


@lru_cache(maxsize=1024)
def iso_date(value: datetime, zone: tzinfo = UTC) -> str:
    """Format a time by RFC 3339 with whole seconds: "2026-11-24T09:00:00+00:00"."""
    return value.astimezone(zone).isoformat(timespec="seconds")


def reading_time(minutes: int, words: Mapping[str, Any] | None = None) -> str:
    """Format a reading time: "3 min read", or in the language of ``words``."""
    text: str = words["minutes"] if words else "{} min read"
    return text.format(max(1, minutes))


def _section_name(name: str, words: Mapping[str, Any]) -> str:
    """Return the name of a usual section in the language of ``words``; other names stay as written."""
    translated: str = words["sections"].get(name.strip().casefold(), name)
    return name if translated.casefold() == name.casefold() else translated


class _Folder(FileSystemLoader):
    """Loader for a folder. A file called ``words`` is replaced by its translation if the folder has it.

    The translation of ``pages/words.html`` is ``pages/words.ar.html`` or a part of ``words/ar.txt``. The
    shipped English words stand before a translation on its first line: a word that it lacks is English.
    """

    def __init__(self, folder: Path, language: str, builtin: Path) -> None:
        super().__init__(folder)
        self._builtin = builtin
        parts = language.lower().split("-") if language else []
        self._tags = ["-".join(parts[:length]) for length in range(len(parts), 0, -1)]

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        stem, _, suffix = template.rpartition(".")
        if stem.rpartition("/")[2] == _WORDS:
            for tag in self._tags:
                with suppress(TemplateNotFound):
                    return self._complete(template, super().get_source(environment, f"{stem}.{tag}.{suffix}"))
                with suppress(TemplateNotFound):
                    text, file, fresh = super().get_source(environment, f"{TRANSLATIONS}/{tag}.txt")
                    return self._complete(template, (_part(template, text), file, fresh))
            return self._complete(template, super().get_source(environment, template))
        return super().get_source(environment, template)

    def _complete(
        self, template: str, source: tuple[str, str, Callable[[], bool]]
    ) -> tuple[str, str, Callable[[], bool]]:
        english = self._builtin / template
        if not english.exists() or source[1] == str(english):
            return source
        return english.read_text("utf-8").replace("\n", "") + source[0], *source[1:]


def _part(template: str, text: str) -> str:
    """Return the head of a language's file and the part below ``{# pages/words.html #}``, in their lines."""
    pieces = _PART.split(text)
    for index in range(1, len(pieces), 2):
        if pieces[index] == template:
            lines = sum(piece.count("\n") for piece in pieces[2:index:2])
            return pieces[0] + "\n" * lines + pieces[index + 1]
    raise TemplateNotFound(template)


# Another version of Jinja or of this module may compile the same source to other code.
_VERSION: Final = f"{jinja_version} {Path(__file__).read_text('utf-8')}"


def _compiled_folder() -> str:
    """Return the cache folder of a systemd service, else a folder of the user below the temporary folder.

    Compiled templates are programs, so others must not write them. Both folders are checked each time: where
    old temporary files are removed, another user could make one while the daemon runs.
    """
    if given := os.environ.get("CACHE_DIRECTORY", "").partition(":")[0]:
        with suppress(OSError):
            state = Path(given).stat()
            if state.st_uid in (0, os.getuid()) and not state.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return given
    return FileSystemBytecodeCache().directory


class _Compiled(FileSystemBytecodeCache):
    """Cache of compiled templates; compiling those of a site takes as long as rendering a thousand pages."""

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(_VERSION + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(Exception):
            self.directory = _compiled_folder()
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError, RuntimeError):
            self.directory = _compiled_folder()
            super().dump_bytecode(bucket)


_COMPILED: Final = _Compiled("", "syndicate_%s.cache")


# Maximum number of characters of a text that is kept with its escaped form.
_MAX_KEPT: Final = 300


def _escape_text(text: str) -> str:
    """Escape as markupsafe does, but return a plain text: templates only join their texts."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text.replace('"', "&#34;").replace("'", "&#39;")


_escape_short_text: Final = lru_cache(maxsize=4096)(_escape_text)


def _escaped(value: object) -> str:
    """Escape a value that a template writes; most are short texts that were escaped before, or are markup."""
    if type(value) is str:
        return _escape_short_text(value) if len(value) <= _MAX_KEPT else _escape_text(value)
    if type(value) is Markup:
        return value
    return str(value) if type(value) is int else escape(value)


class _Macro(Macro):
    """Macro whose result is markup only if its own template escapes, as Jinja's does by the caller's."""

    def __call__(self, *arguments: Any, **named: Any) -> str:
        # Without Jinja's mark ``pass_eval_context`` nobody passes the caller's way of escaping.
        text: str = super().__call__(*arguments, **named)
        return text


class _Template(Template):
    @classmethod
    def from_code(cls, *arguments: Any, **more: Any) -> Template:
        """Return a template whose compiled code uses ``_escaped`` as ``escape`` and ``_Macro`` as ``Macro``.

        Each block is one text for the templates around it, which would hand on its pieces one by one.
        """
        template = super().from_code(*arguments, **more)
        blocks = {name: _joined(block) for name, block in template.blocks.items()}
        # ``super()`` looks for the block that its code names.
        named = {block.__name__: blocks[name] for name, block in template.blocks.items()}
        template.root_render_func.__globals__.update(named, escape=_escaped, Macro=_Macro)
        template.root_render_func, template.blocks = _joined(template.root_render_func), blocks
        return template


def _joined(render: Callable[[Context], Iterable[str]]) -> Callable[[Context], Iterator[str]]:
    def joined(context: Context) -> Iterator[str]:
        yield "".join(render(context))

    return joined


class _Environment(Environment):
    template_class = _Template

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return a plain dict: each render and each import copies it, which a ``ChainMap`` does slowly."""
        return {**self.globals, **(d or {})}


def make_environment(folders: Sequence[Path], builtin: Path, language: str) -> Environment:
    """Return an environment that takes each template from the first of ``folders`` that has it."""
    loaders = [_Folder(folder, language, builtin) for folder in folders]
    environment = _Environment(
        loader=ChoiceLoader([*loaders, PrefixLoader({BUILTIN_PREFIX: FileSystemLoader(builtin)})]),
        bytecode_cache=_COMPILED,
        autoescape=lambda name: name is None or not name.removesuffix(".j2").endswith(".txt"),
        undefined=StrictUndefined,
        auto_reload=False,
        cache_size=-1,
        # Folding constants, of which templates have few, takes an eighth of compiling.
        optimized=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )

    @cache
    def words() -> Mapping[str, Any]:
        return vars(environment.get_template(f"{COMMON}/words.txt").module)

    upper = environment.filters["upper"]
    if language.lower().startswith(("tr", "az")):
        upper = lambda text: str(text).replace("i", "İ").upper()  # noqa: E731 - the capital of "i" has a dot
    environment.filters.update(
        upper=upper,
        capital=lambda name: upper(name[:1]) + name[1:],
        date=human_date,
        day=human_day,
        full_date=full_date,
        when=near_date,
        clock=clock_time,
        weekday=day_of_week,
        calendar=calendar_date,
        zone_name=lambda value, zone=UTC: value.astimezone(zone).tzname() or "",
        iso=iso_date,
        language_name=language_name,
        is_foreign=is_foreign,
        joined=joined_names,
        month=month_and_year,
        plural=plural,
        weekday_name=weekday_name,
        minutes=lambda minutes: reading_time(minutes, words()),
        section_name=lambda name: _section_name(name, words()),
        host=site_host,
        initials=initials,
        hue=hue,
        file_name=file_name,
        file_size=human_size,
        markdown=lambda text: clean_markup(markdown_html(text)),
        fonts=font_stack,
        markdown_text=markdown_text,
    )
    return environment

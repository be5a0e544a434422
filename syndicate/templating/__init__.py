"""Templates: the operator's folder first, then the shipped templates. No other room imports jinja2.

A file ``pages/article.html`` in the operator's folder overrides the shipped template of that name. The
override may extend the shipped template, which is always called ``!builtin/pages/article.html``.
``docs/templates.md`` lists the variables of every template.

The words of a template are in a file called ``words``. ``words/ar.txt`` holds the Arabic words of pages,
mails and feed items; an operator's ``pages/words.ar.html`` comes before it.

Templates are not sandboxed: the operator can run any code on the machine. A template that uses a file of the
operator's folder is rendered in a worker process (``workers.rendering``). Its limits on time and memory
protect against mistakes. Shipped templates are rendered in this process.
"""

import signal
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, NoReturn

from jinja2 import Environment, TemplateError, TemplateNotFound, TemplateSyntaxError, meta
from markupsafe import Markup, escape

from syndicate.errors import ConfigError, RenderError
from syndicate.templating.environment import (
    BUILTIN_PREFIX,
    COMMON,
    TRANSLATIONS,
    iso_date,
    make_environment,
    reading_time,
)
from syndicate.text.markup import clean_markup
from syndicate.workers.process import Answer
from syndicate.workers.rendering import MAX_TEXT, RenderPool, caught

__all__ = ["Markup", "Templates", "caught", "escape", "iso_date", "reading_time"]

_SOURCES: Final = frozenset({".html", ".txt", ".css"})


def _builtin_folder() -> Path:
    """Return ``syndicate/templates`` of an installed wheel, or ``templates`` of a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


def _files(root: Path, folder: str, pattern: str = "*") -> set[Path]:
    """Return the files below a folder, and the files of words that it shares with others."""
    return {file for name in (folder, TRANSLATIONS, COMMON) for file in (root / name).rglob(pattern)}


class Templates:
    """All templates by name (``pages/article.html``), compiled once per process.

    ``folder`` is the operator's folder or ``None``; a missing folder raises ``ConfigError``. ``language`` is
    the BCP 47 tag of the templates' own words; words without a translation are English. Only a new
    ``Templates`` sees changes on disk, so that a run is consistent. The ``pool`` renders templates that use
    a file of ``folder``.
    """

    def __init__(
        self, folder: Path | None = None, language: str = "", *, pool: RenderPool | None = None
    ) -> None:
        if folder is not None and not folder.is_dir():
            raise ConfigError(
                f"The templates folder {folder} does not exist. Create it, or remove the setting."
            )
        builtin = _builtin_folder()
        self._folders = (builtin,) if folder is None else (folder, builtin)
        self._folder, self._translated = folder, {language: self}
        self.language, self.pool = language, pool
        self._own: dict[str, bool] = {}
        self._environment = make_environment(self._folders, builtin, language)
        self._fingerprints: dict[str, str] = {}

    def in_language(self, language: str) -> "Templates":
        """Return the same templates with the words of another language."""
        if language not in self._translated:
            self._translated[language] = Templates(self._folder, language, pool=self.pool)
        return self._translated[language]

    def render(self, name: str, /, **context: object) -> str:
        """Render a template. ``RenderError`` names the template, the line and the cause."""
        if self.pool is not None and self.is_own(name):
            return self.pool.render(self.language, name, context)
        return self._render(name, context)

    def render_each(self, name: str, contexts: Sequence[Mapping[str, object]]) -> list[str | RenderError]:
        """Render a template for each context; an error takes the place of the text."""
        if self.pool is not None and self.is_own(name):
            return self.pool.render_each(self.language, name, contexts)
        return [caught(partial(self._render, name, context)) for context in contexts]

    def is_own(self, name: str) -> bool:
        """Return true if a template, or any template it may refer to, is in the operator's folder."""
        if self._folder is None:
            return False
        if name not in self._own:
            self._own[name] = self._takes_own(name, set())
        return self._own[name]

    def _takes_own(self, name: str, seen: set[str]) -> bool:
        seen.add(name)
        try:
            source, file = self._source(name)
            if Path(file).is_relative_to(self._folder or file):
                return True
            others = _references(source)
        except (TemplateError, OSError, UnicodeDecodeError, RecursionError):
            return True
        # A computed name (``None``) may refer to any template.
        return None in others or any(self._takes_own(str(other), seen) for other in others - seen)

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(name).render(context)
        except Exception as error:  # a template may call anything, so anything may be raised
            raise RenderError(self._explain(name, error)) from error

    def close(self) -> None:
        """End the worker processes."""
        if self.pool is not None:
            self.pool.close()

    def fragment(self, name: str, /, **context: object) -> Markup:
        """Render a template as markup, which other templates insert without escaping."""
        return clean_markup(self.render(name, **context))

    def words(self, name: str) -> Mapping[str, Any]:
        """Return the words that a template defines, by name."""
        return vars(self._environment.get_template(name).module)

    def read(self, name: str) -> bytes:
        """Return a static file, such as a style sheet or image. Raises ``RenderError`` if it is missing."""
        parts = name.split("/")
        if ".." in parts or "" in parts:
            raise RenderError(f"{name!r} is not the name of a file in the templates folder.")
        for folder in self._folders:
            try:
                return folder.joinpath(*parts).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RenderError(f"Cannot read {folder / name}: {error.strerror}.") from error
        raise RenderError(f"There is no file {name} in {self._searched()}.")

    def names(self) -> tuple[str, ...]:
        """Return the names of all templates, without static files, sorted."""
        return tuple(
            name
            for name in self._environment.list_templates(extensions=("html", "txt", "j2"))
            if not name.startswith(BUILTIN_PREFIX)
        )

    def find(self, text: str, folder: str = "", file: str = "*.*", but: str = "") -> str:
        """Return the first line that contains ``text``, as ``mail/base.html, line 3``, or ``""``.

        ``file`` is a file name or a pattern of them; names that begin with ``but`` are not searched.
        """
        seen: set[str] = set()
        for root in self._folders:
            for path in sorted(path for path in _files(root, folder, file) if path.suffix in _SOURCES):
                if but and path.name.startswith(but):
                    continue
                name = path.relative_to(root).as_posix()
                if name in seen:
                    continue
                seen.add(name)
                for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
                    if text in line:
                        return f"{name}, line {number}"
        return ""

    def check(self, names: Iterable[str]) -> tuple[str, ...]:
        """Compile each template and look up its references; return each problem once, as a sentence."""
        problems: list[str] = []
        for name in names:
            if self.pool is not None and self.is_own(name):
                try:
                    problems += filter(None, [self.pool.render(self.language, name, None)])
                except RenderError as error:
                    problems.append(str(error))
                continue
            try:
                self._environment.get_template(name)
                for other in sorted(filter(None, _references(self._source(name)[0]))):
                    self._environment.get_template(other)
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                problems.append(self._explain(name, error))
        return tuple(dict.fromkeys(problems))

    def answer(self, name: str, context: Mapping[str, object] | None) -> Answer:
        """Render a template in a worker process; without a context only compile it.

        Returns a state and a text: ``done`` with the rendered text, ``failed`` with an error message,
        ``timeout`` or ``memory`` with the line at which the limit was reached.
        """
        try:
            if context is None:
                return "done", "\n".join(self.check([name]))
            text = self._render(name, context)
        except RenderError as error:
            cause = error.__cause__
            if isinstance(cause, MemoryError | _RenderTimeout):
                return "memory" if isinstance(cause, MemoryError) else "timeout", self._where(cause)
            return "failed", str(error)
        if len(text) > MAX_TEXT:
            return "failed", f"Template {name} renders more than {MAX_TEXT >> 20} million characters."
        # A lone surrogate cannot be encoded as UTF-8; replace it instead of losing the document.
        return "done", text.encode(errors="replace").decode()

    def fingerprint(self, folder: str = "") -> str:
        """Return a hex hash of every file below ``folder`` (``"pages/"``) and of words, to detect changes.

        The hash is computed once, at the first call. A later hash would store output of an old template under
        the hash of the new template, which would then never be rendered.
        """
        if folder not in self._fingerprints:
            self._fingerprints[folder] = self._hash(folder)
        return self._fingerprints[folder]

    def _hash(self, folder: str) -> str:
        hasher = blake2b(digest_size=16)
        for root in self._folders:
            for file in sorted(path for path in _files(root, folder) if path.is_file()):
                data = file.read_bytes()
                hasher.update(f"{file.relative_to(root).as_posix()}\0{len(data)}\0".encode())
                hasher.update(data)
        return hasher.hexdigest()

    def _source(self, name: str) -> tuple[str, str]:
        """Return the source of a template and the path of its file."""
        loader = self._environment.loader
        assert loader is not None  # noqa: S101 set in __init__; jinja2's type allows None
        source, file, _ = loader.get_source(self._environment, name)
        return source, file or ""

    def _searched(self) -> str:
        return " or ".join(str(folder) for folder in self._folders)

    def _explain(self, name: str, error: Exception) -> str:
        if isinstance(error, TemplateSyntaxError):
            # A part of a language's file has the name of the English file.
            file = self._relative(error.filename or "") or error.name or name
            return f"Template {file}, line {error.lineno}: {error.message}"
        if isinstance(error, TemplateNotFound):
            return f"Template {name}: there is no template {error.name} in {self._searched()}."
        where = self._where(error)
        cause = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
        return f"Template {where or name}: {cause}"

    def _where(self, error: BaseException) -> str:
        """Return ``name, line n`` of the innermost template line in the traceback."""
        line = ""
        trace = error.__traceback__
        while trace is not None:
            if file := self._relative(trace.tb_frame.f_code.co_filename):
                line = f"{file}, line {trace.tb_lineno}"
            trace = trace.tb_next
        return line

    def _relative(self, file: str) -> str:
        """Return the path of a template's file in its folder; "" for any other file."""
        found = [folder for folder in self._folders if Path(file).is_relative_to(folder)]
        return Path(file).relative_to(found[-1]).as_posix() if found else ""


@lru_cache(maxsize=512)
def _references(source: str) -> frozenset[str | None]:
    return frozenset(meta.find_referenced_templates(Environment(autoescape=True).parse(source)))


class _RenderTimeout(Exception):
    """Time limit of a template, raised inside it by SIGALRM."""


@lru_cache(maxsize=64)
def _in_worker(folder: Path, language: str) -> Templates:
    return Templates(folder, language)


def _interrupt(*_: object) -> NoReturn:
    raise _RenderTimeout


def answer(request: tuple[Path, str, str, Mapping[str, object] | None, float]) -> Answer:
    """Answer a request of a ``RenderPool`` in a worker process."""
    folder, language, name, context, time_limit = request
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, time_limit)
    try:
        return _in_worker(folder, language).answer(name, context)
    except _RenderTimeout:
        return "timeout", ""
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

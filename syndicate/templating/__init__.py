"""Templates: the user's own folder first, then the shipped templates. The only importer of jinja2.

A user overrides ``pages/article.html`` by putting a file of that name into their folder. The
override may start from ours: ``{% extends "!builtin/pages/article.html" %}`` always means the
shipped one. ``docs/templates.md`` lists what every template is given.

The words of a template are in a file called ``words``. ``words.ar.html`` beside ``words.html`` is
the same in Arabic, and taken instead where Arabic is wanted.

Templates come from the operator, who can run any code on this machine anyway; they are not sandboxed.
A template that takes anything from the operator's folder is rendered in a worker process with limits on time
and memory (``workers.rendering``), which protects against mistakes. Shipped templates are rendered here.
"""

import signal
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache, partial
from hashlib import blake2b
from pathlib import Path
from typing import Final, NoReturn

from jinja2 import TemplateError, TemplateNotFound, TemplateSyntaxError, meta
from markupsafe import Markup, escape

from syndicate.errors import ConfigError, RenderError
from syndicate.templating.environment import BUILTIN_PREFIX, iso_date, make_environment, reading_time
from syndicate.workers.process import Answer
from syndicate.workers.rendering import MAX_TEXT, RenderPool, caught

__all__ = ["Markup", "Templates", "escape", "iso_date", "reading_time"]

_SOURCES: Final = frozenset({".html", ".txt", ".css"})


def _builtin_folder() -> Path:
    """``syndicate/templates`` in an installed wheel, ``templates`` beside the package in a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "templates"
    return packaged if packaged.is_dir() else package.parent / "templates"


class Templates:
    """Every template by its name (``pages/article.html``), compiled once in the life of the process.

    ``folder`` is the user's own folder or ``None``; ``ConfigError`` when it is not there. ``language`` (BCP
    47) is that of the words a template says by itself; those it has no translation for are English. Changes
    on disk are seen by a new ``Templates``, never by one in use, so a run is consistent. With a ``pool``,
    whatever takes anything from ``folder`` is rendered there.
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
        """The same templates with the words of another language."""
        if language not in self._translated:
            self._translated[language] = Templates(self._folder, language, pool=self.pool)
        return self._translated[language]

    def render(self, name: str, /, **context: object) -> str:
        """The text of one template; ``RenderError`` names the template, the line and the cause."""
        if self.pool is not None and self.is_own(name):
            return self.pool.render(self.language, name, context)
        return self._render(name, context)

    def render_each(self, name: str, contexts: Sequence[Mapping[str, object]]) -> list[str | RenderError]:
        """The text of one template for each context, or the error in its place."""
        if self.pool is not None and self.is_own(name):
            return self.pool.render_each(self.language, name, contexts)
        return [caught(partial(self._render, name, context)) for context in contexts]

    def is_own(self, name: str) -> bool:
        """Return whether a template, or any that it may refer to, lies in the operator's folder."""
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
            tree = self._environment.parse(source, name=name)
        except (TemplateError, OSError, UnicodeDecodeError, RecursionError):
            return True
        others = set(meta.find_referenced_templates(tree))
        # A name that is computed (``None``) may be that of any template.
        return None in others or any(self._takes_own(str(other), seen) for other in others - seen)

    def _render(self, name: str, context: Mapping[str, object]) -> str:
        try:
            return self._environment.get_template(name).render(context)
        except Exception as error:  # a template may call anything, so anything may be raised
            raise RenderError(self._explain(name, error)) from error

    def close(self) -> None:
        """End the worker processes, if there are any."""
        if self.pool is not None:
            self.pool.close()

    def fragment(self, name: str, /, **context: object) -> Markup:
        """Like ``render``, as markup that other templates insert without escaping it again."""
        return Markup(self.render(name, **context))  # noqa: S704 the template escaped its own values

    def read(self, name: str) -> bytes:
        """A static file (style sheet, script, picture) from the same chain; ``RenderError`` if absent."""
        parts = name.split("/")
        if ".." in parts or "" in parts:
            raise RenderError(f"{name!r} is not the name of a file in the templates folder.")
        for folder in self._folders:
            try:
                return folder.joinpath(*parts).read_bytes()
            except FileNotFoundError:
                continue
            except OSError as error:
                raise RenderError(f"{folder / name} could not be read: {error.strerror}.") from error
        raise RenderError(f"There is no file {name} in {self._places()}.")

    def names(self) -> tuple[str, ...]:
        """All templates (not static files), sorted."""
        return tuple(
            name
            for name in self._environment.list_templates(extensions=("html", "txt", "j2"))
            if not name.startswith(BUILTIN_PREFIX)
        )

    def find(self, text: str, folder: str = "", file: str = "*.*") -> str:
        """The first line that holds a text, as ``mail/base.html, line 3``; ``""`` if none does.

        ``file`` is the name, or a pattern of names, to look in.
        """
        seen: set[str] = set()
        for place in self._folders:
            for path in sorted(path for path in (place / folder).rglob(file) if path.suffix in _SOURCES):
                name = path.relative_to(place).as_posix()
                if name in seen:
                    continue
                seen.add(name)
                for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1):
                    if text in line:
                        return f"{name}, line {number}"
        return ""

    def check(self, names: Iterable[str]) -> tuple[str, ...]:
        """Compile each template and look up its references; return a sentence for each problem."""
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
                for other in self._references(name):
                    self._environment.get_template(other)
            except (TemplateError, UnicodeDecodeError, OSError) as error:
                problems.append(self._explain(name, error))
        return tuple(problems)

    def answer(self, name: str, context: Mapping[str, object] | None) -> Answer:
        """Render a template in a worker, or without a context only compile it.

        Gives the text (``done``), the message of an error (``failed``), or the line at which the time was
        over (``timeout``) or the memory used up (``memory``).
        """
        try:
            if context is None:
                return "done", "\n".join(self.check([name]))
            text = self._render(name, context)
        except RenderError as error:
            cause = error.__cause__
            if isinstance(cause, MemoryError | _TimeIsOver):
                return "memory" if isinstance(cause, MemoryError) else "timeout", self._where(cause)
            return "failed", str(error)
        if len(text) > MAX_TEXT:
            return "failed", f"Template {name} makes a text of more than {MAX_TEXT >> 20} million characters."
        # A lone surrogate cannot be written or mailed, and must not cost the document.
        return "done", text.encode(errors="replace").decode()

    def fingerprint(self, folder: str = "") -> str:
        """Hex digest of every file below ``folder`` (``"pages/"``), so that a changed look is noticed.

        Taken once, when first asked for: like the templates, it does not follow changes on disk. Otherwise
        what an old template rendered would be remembered as the new one's, and never rendered again.
        """
        if folder not in self._fingerprints:
            self._fingerprints[folder] = self._hash_files(folder)
        return self._fingerprints[folder]

    def _hash_files(self, folder: str) -> str:
        hasher = blake2b(digest_size=16)
        for place in self._folders:
            for file in sorted(path for path in (place / folder).rglob("*") if path.is_file()):
                data = file.read_bytes()
                hasher.update(f"{file.relative_to(place).as_posix()}\0{len(data)}\0".encode())
                hasher.update(data)
        return hasher.hexdigest()

    def _source(self, name: str) -> tuple[str, str]:
        """Return the text of a template and its file."""
        loader = self._environment.loader
        assert loader is not None  # noqa: S101 set in __init__; jinja2's type allows None
        source, file, _ = loader.get_source(self._environment, name)
        return source, file or ""

    def _references(self, name: str) -> list[str]:
        tree = self._environment.parse(self._source(name)[0], name=name)
        return sorted(other for other in meta.find_referenced_templates(tree) if other is not None)

    def _places(self) -> str:
        return " or ".join(str(folder) for folder in self._folders)

    def _explain(self, name: str, error: Exception) -> str:
        if isinstance(error, TemplateSyntaxError):
            return f"Template {error.name or name}, line {error.lineno}: {error.message}"
        if isinstance(error, TemplateNotFound):
            return f"Template {name}: there is no template {error.name} in {self._places()}."
        where = self._where(error)
        cause = str(error) if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
        return f"Template {where or name}: {cause}"

    def _where(self, error: BaseException) -> str:
        """``name, line n`` of the innermost template line in the traceback, which jinja2 rewrites."""
        found = ""
        trace = error.__traceback__
        while trace is not None:
            file = Path(trace.tb_frame.f_code.co_filename)
            for folder in self._folders:
                if file.is_relative_to(folder):
                    found = f"{file.relative_to(folder).as_posix()}, line {trace.tb_lineno}"
            trace = trace.tb_next
        return found


class _TimeIsOver(Exception):
    """Raised inside a template at its time limit."""


@lru_cache(maxsize=64)
def _in_worker(folder: Path, language: str) -> Templates:
    return Templates(folder, language)


def _interrupt(*_: object) -> NoReturn:
    raise _TimeIsOver


def answer(request: tuple[Path, str, str, Mapping[str, object] | None, float]) -> Answer:
    """Answer one request of a ``RenderPool``, in a worker process."""
    folder, language, name, context, time_limit = request
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, time_limit)
    try:
        return _in_worker(folder, language).answer(name, context)
    except _TimeIsOver:
        return "timeout", ""
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)

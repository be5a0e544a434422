"""Findings of lint with their origin: a line of a template, an article, or a setting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syndicate.model import EditionContent


class Severity(StrEnum):
    """An error stops a send, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One thing that is wrong. ``place`` is where to mend it."""

    rule: str
    message: str
    place: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulLinks:
    """Reasons why addresses are ``dead``, and why the state of others is ``unknown``."""

    dead: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


HTML = "digest.html"
TEXT = "digest.txt"
REASON = "digest.reason.txt"

Find = Callable[[str, str], str]
"""Looks a text up in the mail templates of a name or pattern: ``mail/base.html, line 3``, or ``""``."""


def _nowhere(_text: str, _file: str) -> str:
    return ""


class Origins:
    """Origins of the parts of a rendered mail.

    ``variables`` gives, for addresses that no article brought, what a template calls them; ``stem`` is how
    the names of the mail's own templates begin.
    """

    def __init__(
        self,
        content: EditionContent | None = None,
        find: Find = _nowhere,
        variables: Mapping[str, str] | None = None,
        stem: str = "digest",
    ) -> None:
        self._stem = stem
        self._find = find
        self._variables = variables or {}
        self._articles: dict[str, str] = {}
        self._titles: dict[str, str] = {}
        for story in content.stories if content else ():
            name = f'article {story.article_id} "{story.title[:60]}"'
            self._titles.setdefault(story.title, name)
            named = (*story.also_from, *story.covered_by, *story.related, *story.other_languages)
            links = [link.url for link in named]
            parts = [part.url for part in (story.image, story.media) if part]
            for url in (story.url, *parts, *links):
                self._articles.setdefault(url, name)

    def article(self, url: str) -> str:
        """The article whose address, picture or further link this is, or ``""``."""
        return self._articles.get(url, "") if url else ""

    def titled(self, text: str) -> str:
        """The article whose headline, or a part of it, stands in a subject; else the subject's template."""
        end = text.partition(": ")[2].removesuffix("…").strip()
        told = (name for title, name in self._titles.items() if title in text or (end and end in title))
        return next(told, "") or self.line(f"{self._stem}.subject.txt", "title")

    def template(self, *texts: str) -> str:
        """The first template line that holds one of the texts; where the digest's begins if none does."""
        return self.line("*.*", *texts)

    def line(self, file: str, *texts: str) -> str:
        """The first line of one template that holds one of the texts; its first line if none does."""
        found = (self._find(text, file) for text in texts if text)
        return next(filter(None, found), f"mail/{self._stem + '.html' if file == '*.*' else file}, line 1")

    def of(self, url: str, *texts: str) -> str:
        """The article that brought a URL, else the template line."""
        return self.article(url) or self.template(self._variables.get(url, ""), url, *texts)

    def of_text(self, url: str) -> str:
        """The same for a URL of the text part."""
        name = self._variables.get(url, "")
        return self.article(url) or self.line(f"{self._stem}.txt", name, url, "reason")

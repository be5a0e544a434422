"""Findings of lint with their origin: a line of a template, an article, or a setting."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from syndicate.model import EditionContent


class Severity(StrEnum):
    """Severity of a finding: an error stops a send, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """Problem of a mail. ``place`` is the line, article or setting to change."""

    rule: str
    message: str
    place: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


def error(rule: str, message: str, place: str) -> LintFinding:
    """Return a finding that stops a send."""
    return LintFinding(rule=rule, message=message, place=place)


def warning(rule: str, message: str, place: str) -> LintFinding:
    """Return a finding that does not stop a send."""
    return LintFinding(rule=rule, message=message, place=place, severity=Severity.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class DoubtfulLinks:
    """Reasons by URL for links that are ``dead``, and for links whose state is ``unknown``."""

    dead: Mapping[str, str] = field(default_factory=dict)
    unknown: Mapping[str, str] = field(default_factory=dict)


HTML = "digest.html"
TEXT = "digest.txt"
REASON = "digest.reason.txt"

# Finds a text in the mail templates of a name or pattern: ``mail/base.html, line 3``, or ``""``.
Find = Callable[[str, str], str]


class Origins:
    """Origins of the parts of a rendered mail.

    ``variables`` has the template's names of URLs that no article brought. ``stem`` is the stem of the names
    of the mail's own templates.
    """

    def __init__(
        self,
        content: EditionContent | None = None,
        find: Find = lambda _text, _file: "",
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
            links = [link.url for link in story.links]
            parts = [part.url for part in (story.image, story.media) if part]
            for url in (story.url, *parts, *links):
                self._articles.setdefault(url, name)

    def article(self, url: str) -> str:
        """Return the article whose URL, image or further link this is, or ``""``."""
        return self._articles.get(url, "") if url else ""

    def leads_on(self, url: str) -> bool:
        """Return whether a template leads on to this page of the site, which no mail must do."""
        return self._variables.get(url) in ("day_url", "subscribe_url")

    def titled(self, text: str) -> str:
        """Return the article whose headline, or a part of it, is in a subject, else the template line."""
        end = text.partition(": ")[2].removesuffix("…").strip()
        names = (name for title, name in self._titles.items() if title in text or (end and end in title))
        return next(names, "") or self.line(f"{self._stem}.subject.txt", "title")

    def template(self, *texts: str) -> str:
        """Return the first template line with any of the texts, else the first line of the template."""
        return self.line("*.*", *texts)

    def line(self, file: str, *texts: str) -> str:
        """Return the first line of a template with any of the texts, else its first line."""
        places = (self._find(text, file) for text in texts if text)
        return next(filter(None, places), f"mail/{self._stem + '.html' if file == '*.*' else file}, line 1")

    def of(self, url: str, *texts: str) -> str:
        """Return the article that brought a URL, else the template line."""
        return self.article(url) or self.template(self._variables.get(url, ""), url, *texts)

    def of_text(self, url: str) -> str:
        """Return the article that brought a URL of the text part, else the template line."""
        name = self._variables.get(url, "")
        return self.article(url) or self.line(f"{self._stem}.txt", name, url, "reason")

"""What lint found, and where it comes from: a line of a template, an article, or a setting."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from syndicate.model import Digest


class Severity(StrEnum):
    """An error stops a send, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. ``place`` is where to mend it."""

    rule: str
    message: str
    place: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.place}: {self.message}"


class Origins:
    """Where something in a rendered mail comes from.

    ``find`` looks a text up in the mail templates and answers ``mail/base.html, line 3``, or ``""``.
    """

    def __init__(self, digest: Digest | None = None, find: Callable[[str], str] = lambda _text: "") -> None:
        self._find = find
        self._articles: dict[str, str] = {}
        for story in digest.stories if digest else ():
            name = f'article {story.article_id} "{story.title[:60]}"'
            links = [link.url for link in (*story.covered_by, *story.related)]
            for url in (story.url, story.image.url if story.image else "", *links):
                self._articles.setdefault(url, name)

    def article(self, url: str) -> str:
        """The article whose address, picture or further link this is, or ``""``."""
        return self._articles.get(url, "") if url else ""

    def template(self, *texts: str) -> str:
        """The first template line that holds one of the texts; the digest's template when none does."""
        return next(filter(None, map(self._find, filter(None, texts))), "template mail/digest.html")

    def of(self, url: str, *texts: str) -> str:
        """The article that brought a URL, else the template line."""
        return self.article(url) or self.template(url, *texts)

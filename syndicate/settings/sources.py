"""What comes in: [http], [pages] and [[sources]]."""

from typing import Literal, Self

from pydantic import Field, model_validator

from syndicate.model import FullText, Republish
from syndicate.settings.section import Section
from syndicate.settings.values import Duration, OptionalSelector, Private, SourceUrl
from syndicate.text.urls import is_web_url


class HttpSettings(Section):
    """How we behave towards other people's servers."""

    allow_private: Private = False
    min_interval: Duration = 3600.0
    max_interval: Duration = 86_400.0
    websub: bool = True
    host_gap: Duration = 1.0
    user_agent: str = Field("", pattern=r"^[\x20-\x7e]*$")


class PageSettings(Section):
    """How the pages of articles are read: for sitemaps, lists of articles, and full text."""

    first: int = Field(20, ge=1, le=1000)
    per_poll: int = Field(20, ge=1, le=1000)
    window: Duration = 7 * 86400.0


class SelectSettings(Section):
    """Where a page that lists articles keeps them: CSS selectors. Without ``item`` it lists none."""

    item: OptionalSelector = ""
    link: OptionalSelector = ""
    title: OptionalSelector = ""
    date: OptionalSelector = ""
    summary: OptionalSelector = ""
    author: OptionalSelector = ""
    image: OptionalSelector = ""


class SourceSettings(Section):
    """One source. A ``url`` that is not http or https is a folder, relative to ``config.toml``."""

    name: str = Field(min_length=1, max_length=100)
    url: SourceUrl
    kind: Literal["", "feed", "sitemap", "page", "folder"] = ""
    section: str = ""
    language: str = ""
    own: bool = False
    weight: float = Field(1.0, ge=0, le=100)
    republish: Republish | None = None
    full_text: FullText = FullText.AUTO
    select: SelectSettings = SelectSettings()
    paused: bool = False

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        is_folder = not is_web_url(self.url)
        if self.kind and (self.kind == "folder") != is_folder:
            raise ValueError(f"{self.url!r} is {'a path' if is_folder else 'an address'}: no {self.kind}")
        if self.select != SelectSettings():
            if self.kind not in ("", "page") or is_folder:
                raise ValueError('selectors are for pages that list articles: write kind = "page"')
            if not self.select.item:
                raise ValueError("select needs item: the selector that finds one article of the list")
        return self

"""Settings of sources: [http], [pages], [[sources]], [[source_lists]] and [[rules]]."""

from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from syndicate.errors import ConfigError
from syndicate.ingest.article_rules import CHANGES, Rule, Verdict, parse_condition, parse_rewrite
from syndicate.model import AccessKind, FullText, Paywall, Republish, SourceKind
from syndicate.settings import values
from syndicate.settings.values import Section
from syndicate.text.plain import clean_line
from syndicate.text.urls import is_web_url


class HttpSettings(Section):
    """Options of requests to other servers."""

    allow_private: values.Private = False
    min_interval: values.Duration = 3600.0
    max_interval: values.Duration = 86_400.0
    websub: bool = True
    host_gap: values.Duration = 1.0
    user_agent: str = Field("", pattern=r"^[\x20-\x7e]*$")


class AuthSettings(Section):
    """Authentication at a private source. The secret is in a file or an environment variable."""

    type: AccessKind
    username: str = Field("", pattern=r"^[^:\x00-\x1f\x7f]*$")
    header: values.HeaderName = ""
    secret_file: str = ""
    secret_env: str = Field("", pattern=r"^\w*$")

    @model_validator(mode="after")
    def _check_secret(self) -> Self:
        """Check that there is exactly one secret, and that the keys belong to the type."""
        if bool(self.secret_file) == bool(self.secret_env):
            raise ValueError("name the place of the secret: either secret_file or secret_env")
        if (self.type is AccessKind.BASIC) != bool(self.username):
            raise ValueError('username belongs to type = "basic", and is needed there')
        if (self.type is AccessKind.HEADER) != bool(self.header):
            raise ValueError('header belongs to type = "header", and is needed there')
        return self


class PageSettings(Section):
    """Reading of article pages, for sitemaps, lists of articles, and full text."""

    first: int = Field(20, ge=1, le=1000)
    per_poll: int = Field(20, ge=1, le=1000)
    window: values.Duration = 7 * 86400.0


class SelectSettings(Section):
    """CSS or XPath selectors for a page that lists articles. Without ``item`` there is no list."""

    item: values.OptionalSelector = ""
    link: values.OptionalSelector = ""
    title: values.OptionalSelector = ""
    date: values.OptionalSelector = ""
    summary: values.OptionalSelector = ""
    author: values.OptionalSelector = ""
    image: values.OptionalSelector = ""


class SourceSettings(Section):
    """A source. A ``url`` without http or https is a folder, relative to ``config.toml``."""

    name: str = Field(min_length=1, max_length=100)
    url: values.SourceUrl
    kind: Annotated[SourceKind | None, BeforeValidator(lambda kind: None if kind == "" else kind)] = None
    section: str = ""
    language: str = ""
    own: bool = False
    weight: float = Field(1.0, ge=0, le=100)
    republish: Republish | None = None
    full_text: FullText = FullText.AUTO
    interval: values.Duration = 0.0
    paywall: Paywall = Paywall.RESPECT
    select: SelectSettings = SelectSettings()
    paused: bool = False
    private: bool | None = None
    auth: AuthSettings | None = None

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        is_folder = not is_web_url(self.url)
        if self.kind and self.kind.is_local != is_folder:
            raise ValueError(f"{self.url!r} is {'a path' if is_folder else 'an address'}: no {self.kind}")
        if self.select != SelectSettings():
            if self.kind not in (None, SourceKind.PAGE) or is_folder:
                raise ValueError('selectors are for pages that list articles: write kind = "page"')
            if not self.select.item:
                raise ValueError("select needs item: the selector of an article in the list")
        return self


class SourceListSettings(Section):
    """A list of sources (OPML) that is read at an interval; a ``url`` without http or https is a file."""

    url: values.SourceUrl
    every: values.Span = 86400.0
    section: str = ""
    private: bool | None = None
    auth: AuthSettings | None = None


class TitleRewrite(Section):
    """Replacement in a title."""

    find: values.Expression
    put: str = Field("", max_length=300)

    @model_validator(mode="after")
    def _groups(self) -> Self:
        try:
            parse_rewrite(self.find, self.put)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self


class RuleSettings(Section):
    """Rule for new articles."""

    name: str = Field(min_length=1, max_length=100)
    sources: tuple[str, ...] = ()
    all: tuple[values.ConditionText, ...] = ()
    any: tuple[values.ConditionText, ...] = ()
    none: tuple[values.ConditionText, ...] = ()
    keep: bool = False
    drop: bool = False
    tags: tuple[values.RuleTag, ...] = ()
    hide_tags: tuple[values.RuleTag, ...] = ()
    section: str | None = None
    title: TitleRewrite | None = None
    boost: float = Field(1.0, ge=0, le=100)

    def rule(self) -> Rule:
        """Return the rule as the ingest stage applies it."""
        return Rule(
            name=self.name,
            sources=frozenset(self.sources),
            all=tuple(map(parse_condition, self.all)),
            any=tuple(map(parse_condition, self.any)),
            none=tuple(map(parse_condition, self.none)),
            verdict=Verdict.DROP if self.drop else Verdict.KEEP if self.keep else None,
            tags=tuple(filter(None, map(clean_line, self.tags))),
            hide_tags=tuple(filter(None, map(clean_line, self.hide_tags))),
            section=None if self.section is None else clean_line(self.section, 100),
            title=parse_rewrite(self.title.find, self.title.put) if self.title else None,
            boost=self.boost,
        )

    def mistake(self) -> str:
        """Return the conflict between the rule's actions, or ``""``."""
        changes = any(getattr(self, name) != type(self).model_fields[name].default for name in CHANGES)
        if self.keep and self.drop:
            return "a rule either keeps or drops"
        if self.drop and changes:
            return "a dropped article cannot be changed as well: write two rules"
        if not (self.keep or self.drop or changes):
            return f"this rule does nothing: give it keep, drop, {', '.join(CHANGES[:-1])} or {CHANGES[-1]}"
        return ""

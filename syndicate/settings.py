"""``config.toml`` and the environment as one frozen tree. The only place that knows pydantic.

Defaults < ``config.toml`` < ``SYNDICATE_SECTION__KEY``. A secret may also come from a file, named by
the same key with ``_file``. Every mistake is reported at once, with file, line and key. The program
never writes the file after ``init``.
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from syndicate.errors import ConfigError
from syndicate.model import Republish
from syndicate.newsletter.periods import parse_schedule
from syndicate.publish.channels import parse_query
from syndicate.text.urls import is_web_url
from syndicate.toml_lines import line_of

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_ENVIRONMENT = "SYNDICATE_"


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", value)
        if match is None:
            raise ValueError(
                f'{value!r} is not a duration: write a number and s, m, h, d or w, such as "15m"'
            )
        return float(match[1]) * _UNITS[match[2]]
    return value


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f'{value!r} is not a time zone: write a name such as "Europe/Berlin"') from error
    return value


def _web_url(value: str) -> str:
    if not is_web_url(value):
        raise ValueError(f"{value!r} is not an http or https address")
    return value.rstrip("/")


def _source_url(value: str) -> str:
    if "://" in value and not is_web_url(value):
        raise ValueError(f"{value!r} must be an http or https address, or a path to a folder")
    return value


def _optional_url(value: str) -> str:
    return _web_url(value) if value else ""


def _optional_zone(value: str) -> str:
    return _zone(value) if value else ""


def _private(value: object) -> object:
    hosts = isinstance(value, (list, tuple)) and all(isinstance(host, str) for host in value)
    if not hosts and value not in (True, False, "true", "false"):
        raise ValueError('write true, false, or a list of hosts and networks such as ["10.0.0.0/8"]')
    return value


def _query(value: str) -> str:
    try:
        parse_query(value)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return value


def _schedule(value: str) -> str:
    try:
        parse_schedule(value)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return value


def _own_folder(value: Path) -> Path:
    if value in (Path(), Path("/")):
        raise ValueError("name a folder that holds nothing else, such as feeds")
    return value


def _listen(value: str) -> str:
    if value and int(value.rpartition(":")[2]) > 65535:
        raise ValueError(f"{value!r} names no port: ports end at 65535")
    return value


def _name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", value):
        raise ValueError(
            f"{value!r} becomes a file name: use small letters, digits and hyphens, such as world-news"
        )
    return value


# A hundred years: more would carry dates beyond the calendar.
_LONGEST = 36_500 * 86400.0
Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=_LONGEST)]
# What the ranking divides by must not be nothing.
Span = Annotated[float, BeforeValidator(_seconds), Field(ge=60, le=_LONGEST)]
ZoneName = Annotated[str, AfterValidator(_zone)]
OptionalZone = Annotated[str, AfterValidator(_optional_zone)]
Private = Annotated[bool | tuple[str, ...], BeforeValidator(_private)]
WebUrl = Annotated[str, AfterValidator(_web_url)]
OptionalUrl = Annotated[str, AfterValidator(_optional_url)]
Query = Annotated[str, AfterValidator(_query)]
ScheduleText = Annotated[str, AfterValidator(_schedule)]
FileName = Annotated[str, AfterValidator(_name)]
OwnFolder = Annotated[Path, AfterValidator(_own_folder)]
Days = Annotated[float, BeforeValidator(_seconds), Field(ge=86400, le=_LONGEST)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class SiteSettings(_Section):
    """What readers see: where the output folder is served, and as what."""

    url: WebUrl = "http://127.0.0.1:8000"
    title: str = Field("My news", min_length=1)
    description: str = ""
    language: str = Field("en", pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    time_zone: ZoneName = "UTC"
    google_news_url: OptionalUrl = ""


class StoreSettings(_Section):
    """Where the rows are."""

    url: str = "sqlite:///syndicate.db"


class OutputSettings(_Section):
    """Where feeds and pages are written: a folder of its own, for what is left over in it is cleared away."""

    folder: OwnFolder = Path("feeds")


class TemplateSettings(_Section):
    """The user's own templates; empty means ours."""

    folder: str = ""


class HttpSettings(_Section):
    """How we behave towards other people's servers."""

    allow_private: Private = False
    min_interval: Duration = 3600.0
    host_gap: Duration = 1.0
    user_agent: str = Field("", pattern=r"^[\x20-\x7e]*$")


class SourceSettings(_Section):
    """One source. A ``url`` that is not http or https is a folder, relative to ``config.toml``."""

    name: str = Field(min_length=1, max_length=100)
    url: Annotated[str, Field(min_length=1), AfterValidator(_source_url)]
    section: str = ""
    language: str = ""
    own: bool = False
    weight: float = Field(1.0, ge=0, le=100)
    republish: Republish | None = None
    paused: bool = False


class ChannelSettings(_Section):
    """One output feed."""

    name: FileName
    title: str = ""
    query: Query = ""
    limit: int = Field(50, ge=1, le=100)
    language: str = ""
    description: str = ""


class NewsletterSettings(_Section):
    """One recurring selection of stories."""

    name: FileName
    title: str = ""
    schedule: ScheduleText
    time_zone: OptionalZone = ""
    query: Query = ""
    stories: int = Field(10, ge=1, le=50)
    trending: int = Field(5, ge=0, le=20)
    language: str = ""
    max_lateness: Duration = 6 * 3600.0
    first_edition: Literal["next", "latest"] = "next"


class MailSettings(_Section):
    """Who writes, and how the mail leaves."""

    sender: str = Field("Newsletter <newsletter@example.com>", alias="from")
    reply_to: str = ""
    address: str = ""
    transport: Literal["folder", "smtp"] = "folder"
    folder: Path = Path("outbox")
    host: str = "localhost"
    port: int = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""


class WebSettings(_Section):
    """Where ``syndicate run`` listens; empty means no web server."""

    listen: Annotated[str, Field(pattern=r"^$|^.+:[0-9]{1,5}$"), AfterValidator(_listen)] = "127.0.0.1:8000"


class RankingSettings(_Section):
    """How top and trending are computed (``docs/ranking.md`` has the formulas)."""

    half_life: Span = 6 * 3600.0
    window: Span = 24 * 3600.0
    slow_window: Span = 72 * 3600.0
    burst: Span = 3 * 3600.0
    history: Span = 24 * 3600.0
    size: int = Field(50, ge=1, le=200)
    per_source: int = Field(3, ge=1)
    step: Span = 900.0


class StorySettings(_Section):
    """How articles become stories."""

    window: Duration = 7 * 86400.0
    related: int = Field(5, ge=0, le=5)


class RetentionSettings(_Section):
    """How long rows are kept. Pages already written stay."""

    articles: Days = 365 * 86400.0
    deliveries: Days = 90 * 86400.0
    tombstones: Days = 730 * 86400.0


class Settings(_Section):
    """Everything an operator decides. ``base`` is the folder relative paths start from."""

    site: SiteSettings = SiteSettings()
    store: StoreSettings = StoreSettings()
    output: OutputSettings = OutputSettings()
    templates: TemplateSettings = TemplateSettings()
    http: HttpSettings = HttpSettings()
    sources: tuple[SourceSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = (ChannelSettings(name="news", title="News"),)
    newsletters: tuple[NewsletterSettings, ...] = ()
    mail: MailSettings = MailSettings()
    web: WebSettings = WebSettings()
    ranking: RankingSettings = RankingSettings()
    stories: StorySettings = StorySettings()
    retention: RetentionSettings = RetentionSettings()
    base: Path = Field(Path(), exclude=True, repr=False)

    def path(self, relative: str | Path) -> Path:
        """A path from the configuration, seen from the folder of ``config.toml``."""
        return (self.base / relative).absolute()


def load_settings(file: Path, environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the configuration file and the environment.

    Raises ``ConfigError`` with every mistake, one a line: ``file:line: section.key: what to do``.
    """
    try:
        text = file.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            f"{file} does not exist: run `syndicate init` to write one, or name yours with --config"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{file}: not valid TOML: {error}") from error
    base = file.absolute().parent
    problems = _from_environment(data, environment)
    try:
        settings = Settings.model_validate({**data, "base": base})
    except ValidationError as error:
        problems += [_explain(file, text, environment, details) for details in error.errors()]
        raise ConfigError("\n".join(problems)) from None
    problems += [
        f"{file}:{line_of(text, path) or 1}: {message}" for path, message in _inconsistencies(settings)
    ]
    if problems:
        raise ConfigError("\n".join(problems))
    return _with_secrets(settings, file, text)


def _from_environment(data: dict[str, Any], environment: Mapping[str, str]) -> list[str]:
    problems = []
    for variable, value in sorted(environment.items()):
        if not variable.startswith(_ENVIRONMENT) or "__" not in variable:
            continue
        section, key = variable.removeprefix(_ENVIRONMENT).lower().split("__", 1)
        model = Settings.model_fields.get(section)
        if model is None or not isinstance(model.default, _Section):
            problems.append(f"environment: {variable}: there is no section [{section}] to set")
            continue
        table = data.setdefault(section, {})
        if isinstance(table, dict):
            table[key] = _value(value)
    return problems


def _value(text: str) -> object:
    """A list is written as JSON; everything else is text, which the models read as what they need."""
    if text.startswith("["):
        with suppress(json.JSONDecodeError):
            return json.loads(text)
    return text


def _explain(file: Path, text: str, environment: Mapping[str, str], details: Any) -> str:
    path = details["loc"]
    key = ".".join(str(part) for part in path)
    message = details["msg"].removeprefix("Value error, ")
    if details["type"] == "extra_forbidden":
        message = "there is no such key; see docs/configuration.md"
    variable = _ENVIRONMENT + "__".join(str(part) for part in path[:2]).upper()
    if variable in environment:
        return f"environment: {variable}: {message}"
    return f"{file}:{line_of(text, path) or 1}: {key}: {message}"


def _inconsistencies(settings: Settings) -> list[tuple[tuple[str | int, ...], str]]:
    found: list[tuple[tuple[str | int, ...], str]] = []
    for section in ("sources", "channels", "newsletters"):
        seen: set[str] = set()
        for position, item in enumerate(getattr(settings, section)):
            if item.name in seen:
                found.append(
                    ((section, position, "name"), f"{section}.{position}.name: {item.name!r} is used twice")
                )
            seen.add(item.name)
    if settings.newsletters and not settings.mail.address:
        message = "mail.address: newsletters need your postal address in the footer"
        found.append((("mail", "address"), message))
    return found


def _with_secrets(settings: Settings, file: Path, text: str) -> Settings:
    name = settings.mail.password_file
    if not name:
        return settings
    try:
        secret = settings.path(name).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        line = line_of(text, ("mail", "password_file")) or 1
        raise ConfigError(f"{file}:{line}: mail.password_file: {name} cannot be read: {error}") from error
    mail = settings.mail.model_copy(update={"password": SecretStr(secret)})
    return settings.model_copy(update={"mail": mail})

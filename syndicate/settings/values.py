"""Base class of sections, and types of values. Each error says how to correct the value."""

import re
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from syndicate.errors import ConfigError
from syndicate.ingest.article_rules import check_pattern, parse_condition
from syndicate.ingest.page.css_selectors import check_selector
from syndicate.model import DIGEST_BLOCKS
from syndicate.model.brands import FONTS
from syndicate.newsletter.periods import parse_schedule
from syndicate.publish.channel_query import parse_query
from syndicate.text.accent import LEAST_CONTRAST, accent_contrast
from syndicate.text.plain import clean_line
from syndicate.text.privacy import has_credentials
from syndicate.text.urls import is_web_url, origin_of

T = TypeVar("T")


class Section(BaseModel):
    """Frozen section of the configuration that rejects unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    def as_options(self, options: type[T], **others: Any) -> T:
        """Return a room's options: the values of all fields that have the same name here, and ``others``."""
        shared = {field.name for field in fields(options)} & type(self).model_fields.keys()  # type: ignore[arg-type]
        return options(**{name: getattr(self, name) for name in shared} | others)


# Header fields that the HTTP client sets.
_CLIENT_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "connection", "content-length", "host", "if-modified-since",
        "if-none-match", "keep-alive", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
        "user-agent",
    }
)  # fmt: skip
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*", value)
        if match is None:
            raise ValueError(
                f'{value!r} is not a duration: write a number and s, m, h, d or w, such as "15m"'
            )
        return float(match[1]) * _UNITS[match[2]]
    return value


def read_duration(text: str) -> float:
    """Return the seconds of a duration such as ``15m`` or ``3d``. Raises ``ValueError`` with a correction."""
    seconds = _seconds(text)
    if not isinstance(seconds, float) or not 0 < seconds <= _MAX_DURATION:
        raise ValueError(f"{text!r} is not a duration between nothing and a hundred years")
    return seconds


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


def _web_origin(value: str) -> str:
    if not is_web_url(value) or not re.fullmatch(r"https?://[^/?#@]+/?", value, re.IGNORECASE):
        raise ValueError(
            f'{value!r} is not an origin: write scheme and host, such as "https://www.example.org"'
        )
    return origin_of(value)


def _source_url(value: str) -> str:
    if has_credentials(value):
        # The value is not repeated, because it contains a password.
        raise ValueError("remove user name and password from the URL; use auth instead")
    if "://" in value and not is_web_url(value):
        raise ValueError(f"{value!r} must be an http or https address, or a path to a folder")
    return value


def _header_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value) or value.lower() in _CLIENT_HEADERS:
        raise ValueError(f"{value!r} is not a header for authentication, such as X-Api-Key")
    return value


def _accent(value: str, *, dark: bool) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
        raise ValueError(f"{value!r} is not a colour such as #0a5c55")
    if (found := accent_contrast(value, dark=dark)) < LEAST_CONTRAST:
        side = "lighter" if dark else "darker"
        raise ValueError(
            f"{value} has a contrast of {found:.1f} on the pages: take a {side} colour, for at least 4.5"
        )
    return value.lower()


def _contact(value: str) -> str:
    if not is_web_url(value) and not re.fullmatch(r"[^\s@:/]+@[^\s@:/]+", value):
        raise ValueError(f"{value!r} must be a mail address, or the http or https address of a page")
    return value


def _private(value: object) -> object:
    hosts = isinstance(value, (list, tuple)) and all(isinstance(host, str) for host in value)
    if not hosts and value not in (True, False, "true", "false"):
        raise ValueError('write true, false, or a list of hosts and networks such as ["10.0.0.0/8"]')
    return value


def _output_place(value: str) -> str:
    if "://" in value:
        if not re.fullmatch(r"(s3|gs|az|azure)://[^\s/?#@]+(/[^?#]*)?", value):
            raise ValueError(f"{value!r} is not a bucket: write an address such as s3://bucket/folder")
    elif Path(value) in (Path(), Path("/")):
        raise ValueError("name a folder without other files, such as feeds")
    return value


def _listen(value: str) -> str:
    if not re.fullmatch(r".+:[0-9]{1,5}", value):
        raise ValueError(f'{value!r} is not a host and a port: write both, such as "127.0.0.1:8000"')
    if int(value.rpartition(":")[2]) > 65535:
        raise ValueError(f"{value!r} has no valid port: the maximum is 65535")
    return value


def _network(value: str) -> str:
    try:
        return str(ip_network(value, strict=False))
    except ValueError as error:
        raise ValueError(
            f'{value!r} is not a network: write an address or a network such as "10.0.0.0/8"'
        ) from error


def _optional(check: Callable[[str], str]) -> AfterValidator:
    """Return a validator that accepts an empty text."""
    return AfterValidator(lambda value: check(value) if value else "")


def _parsed_by(parse: Callable[[str], object]) -> Callable[[str], str]:
    """Return a check that parses the text; a ``ConfigError`` of the parser is the message."""

    def check(value: str) -> str:
        try:
            parse(value)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return value

    return check


def _matching(pattern: str, correction: str) -> Callable[[str], str]:
    """Return a check that the whole text matches a pattern; the message quotes it before ``correction``."""

    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"{value!r} {correction}")
        return value

    return check


_language = _matching(
    r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*", 'is not a language tag: write a tag such as "en" or "pt-BR"'
)
_name = _matching(
    r"[a-z0-9][a-z0-9-]{0,62}",
    "becomes a file name: use lower-case letters, digits and hyphens, such as world-news",
)
# Other columns of an export have the excluded names.
_field_name = _matching(
    r"(?!(?:email|name|language|newsletter|state|tags)$)[a-z][a-z0-9_-]{0,39}",
    "is not a name for a field: use lower-case letters, digits, - and _, such as city",
)
_logo = _matching(r"(?is).+\.(svg|png)", "is not an SVG or PNG file")
_font = _matching("|".join(FONTS), f"is not a font of mail: write {', '.join(FONTS)}")
_digest_block = _matching("|".join(DIGEST_BLOCKS), f"is no block: take {', '.join(DIGEST_BLOCKS)}")
_dns_label = _matching(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", "becomes a name in DNS: use lower-case letters, digits and hyphens"
)
_domain = _matching(
    r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]+", "is not a domain: write a name such as news.example.org"
)
_mail_address = _matching(
    r"[A-Za-z0-9._-]{1,24}@[A-Za-z0-9.-]+",
    "must be a plain address such as bounces@news.example, with at most 24 characters before the @: "
    "a number and a signature are added to it",
)
_topic = _matching(
    r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_.-]+",
    "is not the ARN of an SNS topic, such as arn:aws:sns:eu-west-1:123456789012:bounces",
)
# A hundred years, so that dates stay within the calendar.
_MAX_DURATION = 36_500 * 86400.0
Duration = Annotated[float, BeforeValidator(_seconds), Field(ge=0, le=_MAX_DURATION)]
# The ranking divides by these durations, so they cannot be 0.
Span = Annotated[float, BeforeValidator(_seconds), Field(ge=60, le=_MAX_DURATION)]


def is_duration(metadata: Sequence[object]) -> bool:
    """Return true for the metadata of a field whose value is a number of seconds."""
    return any(getattr(item, "func", None) is _seconds for item in metadata)


ZoneName = Annotated[str, AfterValidator(_zone)]
OptionalZone = Annotated[str, _optional(_zone)]
Private = Annotated[bool | tuple[str, ...], BeforeValidator(_private)]
WebOrigin = Annotated[str, AfterValidator(_web_origin)]
EmbedOrigin = Annotated[str, AfterValidator(lambda value: value if value == "*" else _web_origin(value))]
WebUrl = Annotated[str, AfterValidator(_web_url)]
AccentColour = Annotated[str, _optional(partial(_accent, dark=False))]
DarkAccentColour = Annotated[str, _optional(partial(_accent, dark=True))]
FontName = Annotated[str, _optional(_font)]
LogoFile = Annotated[str, _optional(_logo)]
Contact = Annotated[str, _optional(_contact)]
OptionalUrl = Annotated[str, _optional(_web_url)]
Query = Annotated[str, AfterValidator(_parsed_by(parse_query))]
ConditionText = Annotated[str, AfterValidator(_parsed_by(parse_condition))]
Expression = Annotated[str, AfterValidator(_parsed_by(check_pattern))]
RuleTag = Annotated[str, Field(min_length=1, max_length=60)]
OptionalSelector = Annotated[str, _optional(_parsed_by(check_selector))]
ScheduleText = Annotated[str, AfterValidator(_parsed_by(parse_schedule))]
ChoiceText = Annotated[str, AfterValidator(clean_line), Field(min_length=1, max_length=100)]
FieldName = Annotated[str, AfterValidator(_field_name)]
FileName = Annotated[str, AfterValidator(_name)]
OutputPlace = Annotated[str, AfterValidator(_output_place)]
Days = Annotated[float, BeforeValidator(_seconds), Field(ge=86400, le=_MAX_DURATION)]
SourceUrl = Annotated[str, Field(min_length=1), AfterValidator(_source_url)]
HeaderName = Annotated[str, _optional(_header_name)]
LanguageTag = Annotated[str, AfterValidator(_language)]
Network = Annotated[str, AfterValidator(_network)]
Listen = Annotated[str, _optional(_listen)]
TopicArn = Annotated[str, AfterValidator(_topic)]
DnsLabel = Annotated[str, AfterValidator(_dns_label)]
Link = Annotated[str, _optional(_matching(r"https?://\S+", "is not an http or https address"))]
ImageUrl = Annotated[str, _optional(_matching(r"https://\S+", "is not an https address, as mails need"))]
DigestBlock = Annotated[str, AfterValidator(_digest_block)]
OptionalDomain = Annotated[str, _optional(_domain)]
MailAddress = Annotated[str, _optional(_mail_address)]

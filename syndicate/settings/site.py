"""Where things are, and what readers see: everything that is neither news nor mail."""

from pathlib import Path

from pydantic import Field

from syndicate.settings.section import Section
from syndicate.settings.values import (
    Days,
    Duration,
    LanguageTag,
    Listen,
    OptionalUrl,
    OwnFolder,
    WebUrl,
    ZoneName,
)


class SiteSettings(Section):
    """What readers see: where the output folder is served, and as what."""

    url: WebUrl = "http://127.0.0.1:8000"
    title: str = Field("My news", min_length=1)
    description: str = ""
    language: LanguageTag = "en"
    time_zone: ZoneName = "UTC"
    google_news_url: OptionalUrl = ""
    hub: OptionalUrl = ""
    automatic_channels: bool = True


class StoreSettings(Section):
    """Where the rows are."""

    url: str = "sqlite:///syndicate.db"


class OutputSettings(Section):
    """Where feeds and pages are written: a folder of its own, for what is left over in it is cleared away."""

    folder: OwnFolder = Path("feeds")


class TemplateSettings(Section):
    """The user's own templates; empty means ours."""

    folder: str = ""


class WebSettings(Section):
    """Where ``syndicate run`` listens; empty means no web server."""

    listen: Listen = "127.0.0.1:8000"


class SignUpSettings(Section):
    """The public sign-up page. ``per_address`` is mails a day, the other limits are requests an hour."""

    enabled: bool = False
    consent: str = Field(
        "I want to get this newsletter by mail. I can leave at any time with one click.", min_length=1
    )
    lifetime: Duration = Field(72 * 3600.0, ge=3600)
    per_address: int = Field(3, ge=1)
    per_network: int = Field(20, ge=1)
    per_newsletter: int = Field(1000, ge=1)


class RetentionSettings(Section):
    """How long rows are kept. Pages already written stay."""

    articles: Days = 365 * 86400.0
    deliveries: Days = 90 * 86400.0
    tombstones: Days = 730 * 86400.0
    sign_ups: Days = 10 * 86400.0

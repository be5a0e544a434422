"""Settings of site, store, output and web server."""

from pathlib import Path

from pydantic import Field

from syndicate.settings import values
from syndicate.settings.values import Section


class SiteSettings(Section):
    """Address, title, language and look of the site."""

    url: values.WebUrl = "http://127.0.0.1:8000"
    title: str = Field("My news", min_length=1)
    description: str = ""
    language: values.LanguageTag = "en"
    time_zone: values.ZoneName = "UTC"
    google_news_url: values.OptionalUrl = ""
    hub: values.OptionalUrl = ""
    automatic_channels: bool = True
    accent: values.AccentColour = ""
    accent_dark: values.DarkAccentColour = ""
    logo: values.LogoFile = ""


class StoreSettings(Section):
    """Database URL."""

    url: str = "sqlite:///syndicate.db"


class OutputSettings(Section):
    """Output folder. It must hold no other files, because temporary files in it are removed."""

    folder: values.OwnFolder = Path("feeds")


class TemplateSettings(Section):
    """Folder of the operator's templates; empty for the shipped templates."""

    folder: str = ""


class WebSettings(Section):
    """Address on which ``syndicate run`` listens; empty means no web server."""

    listen: values.Listen = "127.0.0.1:8000"


class SignUpSettings(Section):
    """Sign-up page. ``per_address`` is mails per day; the other limits are requests per hour."""

    enabled: bool = False
    consent: str = Field(
        "I want to get this newsletter by mail. I can leave at any time with one click.", min_length=1
    )
    lifetime: values.Duration = Field(72 * 3600.0, ge=3600)
    per_address: int = Field(3, ge=1)
    per_network: int = Field(20, ge=1)
    per_newsletter: int = Field(1000, ge=1)


class RetentionSettings(Section):
    """Retention of rows. Pages already written stay."""

    articles: values.Days = 365 * 86400.0
    deliveries: values.Days = 90 * 86400.0
    tombstones: values.Days = 730 * 86400.0
    sign_ups: values.Days = 10 * 86400.0

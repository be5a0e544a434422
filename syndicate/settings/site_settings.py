"""Settings of site, store, output and web server."""

from typing import Literal

from pydantic import Field

from syndicate.settings import values
from syndicate.settings.values import Section


class LookSettings(Section):
    """Colours, logo and fonts, of the site or of a brand."""

    accent: values.AccentColour = ""
    accent_dark: values.DarkAccentColour = ""
    logo: values.LogoFile = ""
    logo_dark: values.LogoFile = ""
    font: values.FontName = "default"


class SiteSettings(LookSettings):
    """Address, title, language and look of the site."""

    url: values.WebUrl = "http://127.0.0.1:8000"
    title: str = Field("My news", min_length=1)
    description: str = ""
    language: values.LanguageTag = "en"
    time_zone: values.ZoneName = "UTC"
    google_news_url: values.OptionalUrl = ""
    hub: values.OptionalUrl = ""
    automatic_channels: bool = True
    contact: values.Contact = ""
    imprint: str = ""


class StoreSettings(Section):
    """Database URL."""

    url: str = "sqlite:///syndicate.db"


class OutputSettings(Section):
    """Output folder, or the URL of a bucket. It must hold no other files: temporary files are removed.

    ``endpoint`` is the address of a server with the interface of Amazon S3.
    """

    folder: values.OutputPlace = "feeds"
    endpoint: values.OptionalUrl = ""


class TemplateSettings(Section):
    """Folder of the operator's templates; empty for the shipped templates."""

    folder: str = ""


class WebSettings(Section):
    """Address on which ``syndicate run`` listens; empty means no web server.

    Pages of ``embed_origins`` may frame the documents below ``/embed/``; ``"*"`` is every site.
    """

    listen: values.Listen = "127.0.0.1:8000"
    embed_origins: tuple[values.EmbedOrigin, ...] = ()


class AdminSettings(Section):
    """Operator's web at /admin/.

    An empty ``listen`` is that of [web], an empty ``url`` the site's. ``second_step`` says who needs a
    second step: no role (``off``), admins or all; ``auto`` is ``off`` on loopback, else ``admins``.
    ``user_header`` holds the address of the user in requests of ``proxies``.
    """

    enabled: bool = False
    listen: values.Listen = ""
    url: values.OptionalUrl = ""
    second_step: Literal["auto", "off", "admins", "all"] = "auto"
    user_header: values.HeaderName = ""
    proxies: tuple[values.Network, ...] = ()
    take_back: values.Duration = Field(60.0, le=3600)


class ApiSettings(Section):
    """API at /api/v1: whether programs without a token may read what the site publishes."""

    public: bool = False


class SignUpSettings(Section):
    """Sign-up page. ``per_address`` is mails per day; the other limits are requests per hour.

    ``origins`` may have forms of their own. ``proof_of_work`` is the number of zero bits, 0 for none.
    """

    enabled: bool = False
    consent: str = ""
    lifetime: values.Duration = Field(72 * 3600.0, ge=3600)
    per_address: int = Field(3, ge=1)
    per_network: int = Field(20, ge=1)
    per_newsletter: int = Field(1000, ge=1)
    origins: tuple[values.WebOrigin, ...] = ()
    proof_of_work: int = Field(0, ge=0, le=24)


class RetentionSettings(Section):
    """Retention of rows. Pages already written stay."""

    articles: values.Days = 365 * 86400.0
    deliveries: values.Days = 90 * 86400.0
    tombstones: values.Days = 730 * 86400.0
    sign_ups: values.Days = 10 * 86400.0
    audit: values.Days = 730 * 86400.0
    polls: values.Days = 30 * 86400.0


class BackupSettings(Section):
    """Scheduled backups; an empty folder turns them off."""

    folder: str = ""
    every: values.Duration = Field(86400.0, ge=600)
    keep: int = Field(7, ge=1)

"""Tree of all settings."""

from pathlib import Path
from typing import Any

from pydantic import Field

from syndicate.settings import site_settings, source_settings
from syndicate.settings.mail_settings import (
    AnnouncementSettings,
    BounceSettings,
    BrandSettings,
    FieldSettings,
    MailSettings,
    NewsletterSettings,
    SegmentSettings,
    WebhookSettings,
)
from syndicate.settings.outgoing_settings import AlertSettings, NetworkSettings
from syndicate.settings.story_settings import ChannelSettings, RankingSettings, StorySettings
from syndicate.settings.values import Section
from syndicate.text.accent import lightened

# Keys of a brand that are meant together: of a server, and of signatures.
_SERVER = ("host", "port", "tls", "username", "password", "connections", "rate", "domain_rate")
_SIGNING = ("dkim_rsa_key", "dkim_rsa_selector", "dkim_ed25519_key", "dkim_ed25519_selector")


class Settings(Section):
    """All settings. Relative paths start from the folder ``base``, which has the ``file``."""

    site: site_settings.SiteSettings = site_settings.SiteSettings()
    store: site_settings.StoreSettings = site_settings.StoreSettings()
    output: site_settings.OutputSettings = site_settings.OutputSettings()
    templates: site_settings.TemplateSettings = site_settings.TemplateSettings()
    http: source_settings.HttpSettings = source_settings.HttpSettings()
    pages: source_settings.PageSettings = source_settings.PageSettings()
    sources: tuple[source_settings.SourceSettings, ...] = ()
    source_lists: tuple[source_settings.SourceListSettings, ...] = ()
    rules: tuple[source_settings.RuleSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = (ChannelSettings(name="news", title="News"),)
    newsletters: tuple[NewsletterSettings, ...] = ()
    announcements: tuple[AnnouncementSettings, ...] = ()
    fields: tuple[FieldSettings, ...] = ()
    segments: tuple[SegmentSettings, ...] = ()
    mail: MailSettings = MailSettings()
    brands: tuple[BrandSettings, ...] = ()
    bounces: BounceSettings = BounceSettings()
    webhooks: WebhookSettings = WebhookSettings()
    alerts: AlertSettings = AlertSettings()
    networks: tuple[NetworkSettings, ...] = ()
    web: site_settings.WebSettings = site_settings.WebSettings()
    admin: site_settings.AdminSettings = site_settings.AdminSettings()
    api: site_settings.ApiSettings = site_settings.ApiSettings()
    sign_up: site_settings.SignUpSettings = site_settings.SignUpSettings()
    ranking: RankingSettings = RankingSettings()
    stories: StorySettings = StorySettings()
    retention: site_settings.RetentionSettings = site_settings.RetentionSettings()
    backup: site_settings.BackupSettings = site_settings.BackupSettings()
    base: Path = Field(Path(), exclude=True, repr=False)
    file: str = Field("config.toml", exclude=True, repr=False)
    file_hash: str = Field("", exclude=True, repr=False)

    def branded(self, name: str) -> "Settings":
        """Return the settings with a brand's keys in [site] and [mail]; ``""`` is no brand.

        An accent without ``accent_dark`` is lightened for dark pages. The keys of [mail] sign for the domain
        of [mail], unless the brand has a ``dkim_domain``.
        """
        brand = next((brand for brand in self.brands if brand.name == name), None)
        if brand is None:
            return self
        mail, own_keys = self.mail, brand.dkim_rsa_key or brand.dkim_ed25519_key
        given: dict[str, Any] = {key: value for key, value in brand if value}
        if brand.title and not brand.sender:
            # The address alone, so that the title of the brand is the sender's name.
            given["sender"] = mail.sender.rpartition("<")[2].rstrip("> ")
        if brand.accent:
            given.setdefault("accent_dark", lightened(brand.accent))
        if brand.logo:
            given.setdefault("logo_dark", "")
        for keys, own in ((_SERVER, brand.host), (_SIGNING, own_keys)):
            given |= {key: getattr(brand if own else mail, key) for key in keys}
        kept = "" if own_keys else mail.dkim_domain or mail.sender.rstrip("> ").rpartition("@")[2]
        given.setdefault("dkim_domain", kept)

        def of(section: Section) -> Section:
            known = type(section).model_fields.keys() & given.keys()
            return section.model_copy(update={key: given[key] for key in known})

        return self.model_copy(update={"site": of(self.site), "mail": of(mail)})

    def path(self, relative: str | Path) -> Path:
        """Return a configured path as an absolute path, relative to the folder of ``config.toml``."""
        return (self.base / relative).absolute()

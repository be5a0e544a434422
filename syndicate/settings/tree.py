"""Tree of all settings."""

from pathlib import Path

from pydantic import Field

from syndicate.settings import site_settings, source_settings
from syndicate.settings.mail_settings import BounceSettings, MailSettings, NewsletterSettings
from syndicate.settings.story_settings import ChannelSettings, RankingSettings, StorySettings
from syndicate.settings.values import Section


class Settings(Section):
    """All settings. Relative paths start from the folder ``base``."""

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
    mail: MailSettings = MailSettings()
    bounces: BounceSettings = BounceSettings()
    web: site_settings.WebSettings = site_settings.WebSettings()
    sign_up: site_settings.SignUpSettings = site_settings.SignUpSettings()
    ranking: RankingSettings = RankingSettings()
    stories: StorySettings = StorySettings()
    retention: site_settings.RetentionSettings = site_settings.RetentionSettings()
    base: Path = Field(Path(), exclude=True, repr=False)

    def path(self, relative: str | Path) -> Path:
        """Return a configured path as an absolute path, relative to the folder of ``config.toml``."""
        return (self.base / relative).absolute()

"""Tree of all settings."""

from pathlib import Path

from pydantic import Field

from syndicate.settings.mail_settings import BounceSettings, MailSettings, NewsletterSettings
from syndicate.settings.site_settings import (
    OutputSettings,
    RetentionSettings,
    SignUpSettings,
    SiteSettings,
    StoreSettings,
    TemplateSettings,
    WebSettings,
)
from syndicate.settings.source_settings import (
    HttpSettings,
    PageSettings,
    RuleSettings,
    SourceListSettings,
    SourceSettings,
)
from syndicate.settings.story_settings import ChannelSettings, RankingSettings, StorySettings
from syndicate.settings.values import Section


class Settings(Section):
    """All settings. Relative paths start from the folder ``base``."""

    site: SiteSettings = SiteSettings()
    store: StoreSettings = StoreSettings()
    output: OutputSettings = OutputSettings()
    templates: TemplateSettings = TemplateSettings()
    http: HttpSettings = HttpSettings()
    pages: PageSettings = PageSettings()
    sources: tuple[SourceSettings, ...] = ()
    source_lists: tuple[SourceListSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
    channels: tuple[ChannelSettings, ...] = (ChannelSettings(name="news", title="News"),)
    newsletters: tuple[NewsletterSettings, ...] = ()
    mail: MailSettings = MailSettings()
    bounces: BounceSettings = BounceSettings()
    web: WebSettings = WebSettings()
    sign_up: SignUpSettings = SignUpSettings()
    ranking: RankingSettings = RankingSettings()
    stories: StorySettings = StorySettings()
    retention: RetentionSettings = RetentionSettings()
    base: Path = Field(Path(), exclude=True, repr=False)

    def path(self, relative: str | Path) -> Path:
        """Return a configured path as an absolute path, relative to the folder of ``config.toml``."""
        return (self.base / relative).absolute()

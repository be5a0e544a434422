"""The whole configuration as one frozen tree."""

from pathlib import Path

from pydantic import Field

from syndicate.settings.mail import MailSettings, NewsletterSettings
from syndicate.settings.section import Section
from syndicate.settings.site import (
    OutputSettings,
    RetentionSettings,
    SiteSettings,
    StoreSettings,
    TemplateSettings,
    WebSettings,
)
from syndicate.settings.sources import HttpSettings, RuleSettings, SourceListSettings, SourceSettings
from syndicate.settings.stories import ChannelSettings, RankingSettings, StorySettings


class Settings(Section):
    """Everything an operator decides. ``base`` is the folder relative paths start from."""

    site: SiteSettings = SiteSettings()
    store: StoreSettings = StoreSettings()
    output: OutputSettings = OutputSettings()
    templates: TemplateSettings = TemplateSettings()
    http: HttpSettings = HttpSettings()
    sources: tuple[SourceSettings, ...] = ()
    source_lists: tuple[SourceListSettings, ...] = ()
    rules: tuple[RuleSettings, ...] = ()
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

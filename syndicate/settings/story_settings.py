"""Settings of output: [[channels]], [stories] and [ranking]."""

from pydantic import Field

from syndicate.settings.values import Duration, FileName, Query, Section, Span


class ChannelSettings(Section):
    """A channel: an output feed and its query."""

    name: FileName
    title: str = ""
    query: Query = ""
    limit: int = Field(50, ge=1, le=100)
    language: str = ""
    description: str = ""
    moved_from: tuple[FileName, ...] = ()
    post_to: tuple[FileName, ...] = ()


class RankingSettings(Section):
    """Parameters of the lists top and trending. ``docs/ranking.md`` has the formulas."""

    half_life: Span = 4 * 3600.0
    window: Span = 24 * 3600.0
    slow_window: Span = 72 * 3600.0
    burst: Span = 3 * 3600.0
    history: Span = 24 * 3600.0
    size: int = Field(50, ge=1, le=200)
    per_source: int = Field(3, ge=1)
    step: Span = 900.0
    floor: float = Field(0.05, ge=0, le=100)
    learn: Duration = 60 * 86400.0
    clicks: bool = False


class StorySettings(Section):
    """Parameters of stories."""

    window: Duration = 7 * 86400.0
    max_articles: int = Field(1_000_000, ge=1_000)
    related: int = Field(5, ge=0, le=5)
    across_languages: bool = True

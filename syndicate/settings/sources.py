"""What comes in: [http] and [[sources]]."""

from pydantic import Field

from syndicate.model import Republish
from syndicate.settings.section import Section
from syndicate.settings.values import Duration, Private, SourceUrl


class HttpSettings(Section):
    """How we behave towards other people's servers."""

    allow_private: Private = False
    min_interval: Duration = 3600.0
    max_interval: Duration = 86_400.0
    websub: bool = True
    host_gap: Duration = 1.0
    user_agent: str = Field("", pattern=r"^[\x20-\x7e]*$")


class SourceSettings(Section):
    """One source. A ``url`` that is not http or https is a folder, relative to ``config.toml``."""

    name: str = Field(min_length=1, max_length=100)
    url: SourceUrl
    section: str = ""
    language: str = ""
    own: bool = False
    weight: float = Field(1.0, ge=0, le=100)
    republish: Republish | None = None
    paused: bool = False

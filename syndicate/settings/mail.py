"""What goes out by mail: [[newsletters]] and [mail]."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from syndicate.settings.section import Section
from syndicate.settings.values import (
    Duration,
    FileName,
    OptionalZone,
    Query,
    ScheduleText,
)


class NewsletterSettings(Section):
    """One recurring selection of stories."""

    name: FileName
    title: str = ""
    schedule: ScheduleText
    time_zone: OptionalZone = ""
    query: Query = ""
    stories: int = Field(10, ge=1, le=50)
    trending: int = Field(5, ge=0, le=20)
    language: str = ""
    max_lateness: Duration = 6 * 3600.0
    first_edition: Literal["next", "latest"] = "next"
    approval: Duration = 0.0


class MailSettings(Section):
    """Who writes, and how the mail leaves."""

    sender: str = Field("Newsletter <newsletter@example.com>", alias="from")
    reply_to: str = ""
    address: str = ""
    transport: Literal["folder", "smtp"] = "folder"
    folder: Path = Path("outbox")
    host: str = "localhost"
    port: int = Field(587, ge=1, le=65535)
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""

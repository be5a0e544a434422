"""Settings of mail: [[newsletters]] and [mail]."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr

from syndicate.settings import values
from syndicate.settings.values import Section


class NewsletterSettings(Section):
    """A newsletter: schedule, selection of stories and approval."""

    name: values.FileName
    title: str = ""
    schedule: values.ScheduleText
    time_zone: values.OptionalZone = ""
    query: values.Query = ""
    stories: int = Field(10, ge=1, le=50)
    trending: int = Field(5, ge=0, le=20)
    language: str = ""
    max_lateness: values.Duration = 6 * 3600.0
    first_edition: Literal["next", "latest"] = "next"
    approval: values.Duration = 0.0


class MailSettings(Section):
    """Sender and transport of mail."""

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
    connections: int = Field(5, ge=1, le=50)
    rate: float = Field(0, ge=0)
    domain_rate: float = Field(0, ge=0)
    dkim_domain: str = ""
    dkim_rsa_key: str = ""
    dkim_rsa_selector: values.DnsLabel = "rsa"
    dkim_ed25519_key: str = ""
    dkim_ed25519_selector: values.DnsLabel = "ed25519"


class BounceSettings(Section):
    """Bounce mailbox, and limits after which an address is suppressed."""

    address: values.MailAddress = ""
    maildir: str = ""
    host: str = ""
    port: int = Field(993, ge=1, le=65535)
    username: str = ""
    password: SecretStr = SecretStr("")
    password_file: str = ""
    folder: str = "INBOX"
    soft_limit: int = Field(5, ge=1, le=100)
    soft_window: values.Days = 30 * 86400.0

"""Settings of mail: [[newsletters]], [[fields]], [[segments]], [mail] and [[brands]]."""

from datetime import date, datetime
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, model_validator

from syndicate.audience.fields import FieldType, SubscriberField
from syndicate.model import DIGEST_BLOCKS
from syndicate.settings import values
from syndicate.settings.site_settings import LookSettings
from syndicate.settings.values import Section


class SeriesSettings(Section):
    """A mail of a series, ``days`` after the confirmation of a subscription."""

    days: int = Field(ge=1, le=366)
    file: str = Field(min_length=1)


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
    description: str = ""
    max_lateness: values.Duration = 6 * 3600.0
    first_edition: Literal["next", "latest"] = "next"
    approval: values.Duration = 0.0
    welcome: str = ""
    series: tuple[SeriesSettings, ...] = ()
    blocks: tuple[values.DigestBlock, ...] = DIGEST_BLOCKS
    sections: tuple[str, ...] = ()
    images: Literal["lead", "all", "none"] = "lead"
    subject_name: bool = False
    brand: str = ""
    intro: str = ""
    footer: str = ""

    @model_validator(mode="after")
    def _different_days(self) -> Self:
        days = [mail.days for mail in self.series]
        if len(set(days)) < len(days):
            raise ValueError("two mails of the series have the same days; join them or choose other days")
        return self


class FieldSettings(Section):
    """A custom field of subscribers."""

    name: values.FieldName
    title: str = Field("", max_length=100)
    type: FieldType = "text"
    choices: tuple[values.ChoiceText, ...] = ()
    sign_up: bool = False
    required: bool = False

    def mistake(self) -> str:
        """Return the conflict between the field's keys, or ``""``."""
        if (self.type == "choice") != bool(self.choices):
            return 'choices belong to type = "choice", and are needed there'
        if len({choice.casefold() for choice in self.choices}) < len(self.choices):
            return "choices must differ by more than capital letters"
        if self.required and not self.sign_up:
            return "required is for fields of the sign-up form: write sign_up = true, too"
        return ""

    def declared(self) -> SubscriberField:
        """Return the field; its title is by default its name."""
        title = self.title or self.name.replace("_", " ").capitalize()
        return SubscriberField(**self.model_dump() | {"title": title})


class SegmentSettings(Section):
    """A segment: a query over subscribers."""

    name: values.FileName
    query: str


class AnnouncementSettings(Section):
    """An announcement in newsletters; ``from`` and ``until`` are dates or times."""

    name: values.FileName
    label: str = Field("", max_length=60)
    text: str = Field(min_length=1)
    image: values.ImageUrl = ""
    link: values.Link = ""
    newsletters: tuple[str, ...] = ()
    start: datetime | date | None = Field(None, alias="from")
    until: datetime | date | None = None


class SenderSettings(Section):
    """Sender, mail server and signatures, of all mail or of a brand."""

    sender: str = Field("", alias="from")
    reply_to: str = ""
    address: str = ""
    list_domain: values.OptionalDomain = ""
    host: str = ""
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


class MailSettings(SenderSettings):
    """Sender and transport of mail."""

    sender: str = Field("Newsletter <newsletter@example.com>", alias="from")
    transport: Literal["folder", "smtp"] = "folder"
    folder: Path = Path("outbox")
    host: str = "localhost"


class BrandSettings(LookSettings, SenderSettings):
    """Brand of newsletters. A key left empty is that of [site] or [mail]; the server's keys go together."""

    name: values.FileName
    title: str = ""
    font: values.FontName = ""


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


class WebhookSettings(Section):
    """Secrets of the mail providers that report bounces; a provider without its secret has no route."""

    ses_topics: tuple[values.TopicArn, ...] = ()
    postmark_password: SecretStr = SecretStr("")
    postmark_password_file: str = ""
    mailgun_key: SecretStr = SecretStr("")
    mailgun_key_file: str = ""
    sendgrid_key: SecretStr = SecretStr("")
    sendgrid_key_file: str = ""
    brevo_token: SecretStr = SecretStr("")
    brevo_token_file: str = ""
    mailjet_password: SecretStr = SecretStr("")
    mailjet_password_file: str = ""
    sparkpost_password: SecretStr = SecretStr("")
    sparkpost_password_file: str = ""

    def secrets(self) -> dict[str, str]:
        """Return the secrets that are set, by provider, with whose name the key begins."""
        found = ((name, value) for name, value in self if isinstance(value, SecretStr))
        return {name.partition("_")[0]: value.get_secret_value() for name, value in found if value}

    def providers(self) -> list[str]:
        """Return the names of the providers with a secret or a topic."""
        return [*(["ses"] if self.ses_topics else []), *self.secrets()]

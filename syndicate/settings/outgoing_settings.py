"""Settings of [alerts] and [[networks]]."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from syndicate.events.alert_texts import has_quiet_form
from syndicate.posting import KINDS, Network
from syndicate.posting.post_text import template_mistake
from syndicate.settings import values
from syndicate.settings.values import Section


def _quiet(value: str) -> str:
    if value and not has_quiet_form(value):
        raise ValueError(f'{value!r} is not a span of hours: write one such as "22:00-07:00"')
    return value


def _kind(value: str) -> str:
    if value not in KINDS:
        raise ValueError(f"{value!r} is no network: take {', '.join(KINDS)}")
    return value


def _template(value: str) -> str:
    if mistake := template_mistake(value):
        raise ValueError(mistake)
    return value


class AlertSettings(Section):
    """Alerts of what needs attention. ``services`` are addresses for apprise, separated by spaces."""

    to: tuple[str, ...] = ()
    webhook: SecretStr = SecretStr("")
    webhook_file: str = ""
    services: SecretStr = SecretStr("")
    services_file: str = ""
    quiet_hours: Annotated[str, AfterValidator(_quiet)] = ""
    repeat: values.Duration = 0.0


class NetworkSettings(Section):
    """A network that channels post to. ``rate`` is the number of posts in an hour."""

    name: values.FileName
    kind: Annotated[str, AfterValidator(_kind)]
    address: values.OptionalUrl = ""
    to: str = ""
    secret: SecretStr = SecretStr("")
    secret_file: str = ""
    template: Annotated[str, AfterValidator(_template)] = ""
    rate: int = Field(6, ge=1, le=60)
    max_age: values.Span = 3 * 3600.0

    def mistake(self) -> str:
        """Return the key that the kind of network needs and that is missing, or ``""``."""
        if not self.secret.get_secret_value() and not self.secret_file:
            return "it needs a secret: write secret_file"
        missing = [key for key in KINDS[self.kind].needs if not getattr(self, key)]
        return f"{self.kind} needs {' and '.join(missing)}" if missing else ""

    def declared(self) -> Network:
        """Return the network."""
        facts = self.model_dump(exclude={"secret", "secret_file", "max_age"})
        secret = self.secret.get_secret_value()
        return Network(**facts, secret=secret, max_age=timedelta(seconds=self.max_age))

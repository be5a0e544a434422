"""Validation of channels and newsletters that are added to the store, with the types of ``config.toml``."""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import Field, ValidationError

from syndicate.errors import WrongFields
from syndicate.settings.load import explain_value
from syndicate.settings.mail_settings import NewsletterSettings
from syndicate.settings.story_settings import ChannelSettings
from syndicate.settings.values import Section

S = TypeVar("S", bound=Section)
CHANNEL_FIELDS = ("name", "title", "query", "limit", "language", "description", "post_to")
# Without the keys that name files of the machine or brands.
NEWSLETTER_FIELDS = (
    *("name", "title", "schedule", "time_zone", "query", "stories", "trending", "language", "description"),
    *("max_lateness", "approval", "images", "subject_name", "intro", "footer", "address"),
)
_MAX_TEXT = 10_000


class AddedNewsletterSettings(NewsletterSettings):
    """A newsletter with a postal address of its own; ``""`` is that of ``[mail]``."""

    address: str = Field("", max_length=500)


def read_channel(values: Mapping[str, Any]) -> ChannelSettings:
    """Return the settings of an added channel. Raises ``WrongFields``."""
    return _read(ChannelSettings, CHANNEL_FIELDS, values)


def read_newsletter(values: Mapping[str, Any]) -> AddedNewsletterSettings:
    """Return the settings of an added newsletter. Raises ``WrongFields``."""
    return _read(AddedNewsletterSettings, NEWSLETTER_FIELDS, values)


def _read(model: type[S], fields: tuple[str, ...], values: Mapping[str, Any]) -> S:
    unknown = {name: f"There is no field {name!r}." for name in values if name not in fields}
    long = {
        name: f"At most {_MAX_TEXT:,} characters."
        for name, value in values.items()
        if isinstance(value, str) and len(value) > _MAX_TEXT
    }
    if problems := unknown | long:
        raise WrongFields(problems)
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        raise WrongFields(
            {str(details["loc"][0]): explain_value(details) for details in error.errors()}
        ) from None

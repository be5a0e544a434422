"""Base class of the configuration's sections."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Frozen section that rejects unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

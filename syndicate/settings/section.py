"""Base of every section of the configuration."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section: frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

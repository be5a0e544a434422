"""Settings: ``config.toml`` and the environment as a frozen tree. No other room imports pydantic.

``SYNDICATE_SECTION__KEY`` overrides ``config.toml``, which overrides the defaults. A secret may also come
from a file, named by the key with ``_file``. An error lists every mistake with file, line and key. Only
``init`` writes the file.
"""

from syndicate.settings.load import load_settings
from syndicate.settings.tree import Settings

__all__ = ["Settings", "load_settings"]

"""``config.toml`` and the environment as one frozen tree. The only place that knows pydantic.

Defaults < ``config.toml`` < ``SYNDICATE_SECTION__KEY``. A secret may also come from a file, named by
the same key with ``_file``. Every mistake is reported at once, with file, line and key. The program
never writes the file after ``init``.
"""

from syndicate.settings.load import load_settings
from syndicate.settings.tree import Settings

__all__ = ["Settings", "load_settings"]

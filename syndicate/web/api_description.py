"""OpenAPI document of the API, which ships with the program: making it takes 0.7 s and 9 MB."""

from pathlib import Path


def description_file() -> Path:
    """Return ``syndicate/openapi.json`` of an installed wheel, or ``docs/openapi.json`` of a checkout."""
    package = Path(__file__).parents[1]
    packaged = package / "openapi.json"
    return packaged if packaged.is_file() else package.parent / "docs" / packaged.name

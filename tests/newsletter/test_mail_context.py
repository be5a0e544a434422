"""docs/templates.md describes every variable of the mail templates, and every field of a story in them."""

import json
import re
from dataclasses import fields
from pathlib import Path

import pytest

from syndicate.model import (
    Brand,
    ContentAnnouncement,
    ContentImage,
    ContentLink,
    ContentMedia,
    ContentStory,
    EditionContent,
)
from syndicate.newsletter.mail_context import DigestContext
from syndicate.newsletter.periods import Period
from syndicate.newsletter.story_views import SiteFacts, content_from_stories
from syndicate.reports.sample_data import NEWSLETTER, review_page
from tests.newsletter.edition import full_edition
from tests.newsletter.rendering import SITE
from tests.newsletter.stories import NOW

DOCS = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")


def documented(heading: str) -> set[str]:
    """Return the names in the first column of a table, from the row under its heading on."""
    rows = DOCS.split(f"\n| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    cells = (row.split("|")[1] for row in rows)
    return {name for cell in cells for name in re.findall(r"`\.?([a-z_]+)`", cell)}


@pytest.mark.parametrize(
    ("heading", "kind", "properties"),
    [
        ("story", ContentStory, {"links"}),
        ("link", ContentLink, set()),
        ("image", ContentImage, set()),
        ("media", ContentMedia, set()),
        ("announcement", ContentAnnouncement, set()),
    ],
)
def test_every_field_of_a_story_is_documented(heading: str, kind: type, properties: set[str]) -> None:
    assert documented(heading) == {field.name for field in fields(kind)} | properties


def test_every_variable_is_documented() -> None:
    table = DOCS.split("### Variables of the mail templates", 1)[1].split("\n\n", 2)[1]
    names = {name for row in table.splitlines()[2:] for name in re.findall(r"`([a-z_]+)`", row.split("|")[1])}
    assert names == {field.name for field in fields(DigestContext)}
    for kind, variable in ((SiteFacts, "site"), (Brand, "brand"), (Period, "period")):
        (row,) = (row for row in table.splitlines() if row.startswith(f"| `{variable}` |"))
        properties = {name for name, value in vars(kind).items() if isinstance(value, property)} - {"before"}
        assert set(re.findall(r"`\.([a-z_]+)`", row)) == {field.name for field in fields(kind)} | properties


def test_a_story_knows_all_its_links() -> None:
    content = content_from_stories(full_edition(), SITE)
    story = content.stories[0]
    assert set(story.covered_by + story.related) <= set(story.links)
    assert story.without_links().links == ()


def test_content_is_read_back_as_it_was_stored() -> None:
    content = content_from_stories(full_edition(), SITE)
    assert EditionContent.from_json(content.to_json()) == content
    assert EditionContent.from_json(None).stories == ()
    stored = json.loads(json.dumps(content.to_json()))
    stored["stories"][0] |= {"later": 1, "image": stored["stories"][0]["image"] | {"later": 1}}
    assert EditionContent.from_json(stored | {"later": 1}) == content


def test_former_names_that_templates_of_operators_know_work() -> None:
    page = review_page(NEWSLETTER, NOW)
    view, edition = page.waiting[0], page.waiting[0].reviewed.edition
    assert (page.sheets, view.found, view.digest) == (page.waiting, view.reviewed, view.content)
    assert (view.forms, edition.variant_key, edition.is_variant) == (
        view.variants,
        edition.variant_key,
        False,
    )

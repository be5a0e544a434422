"""The list of sources names its groups only where there are several."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from lxml import html as lxml_html

from syndicate.publish.lists.sources_page import SourceFacts, sources_page
from syndicate.publish.site import SitePages
from syndicate.templating import Templates
from tests.publish.samples import HARBOUR, NOW, OPTIONS, OURS


def headings(*sections: str, newest: datetime = NOW) -> list[str]:
    pages = SitePages(Templates(), OPTIONS, sections=sections)
    facts = [SourceFacts(replace(HARBOUR, section="World"), NOW, 3), SourceFacts(OURS, newest, 3)]
    page: Any = lxml_html.document_fromstring(sources_page(pages, facts).decode())
    assert len(page.xpath("//main//li")) == len(facts)
    return [heading.text_content() for heading in page.xpath("//main//h2")]


def test_sources_of_a_site_without_sections_have_no_heading() -> None:
    assert headings() == []


def test_sources_without_a_section_follow_the_sections() -> None:
    assert headings("World") == ["World", "Other sources"]


def test_quiet_sources_have_a_heading_and_no_other_source_is_called_other() -> None:
    assert headings(newest=NOW - timedelta(days=30)) == ["Quiet for 14 days"]

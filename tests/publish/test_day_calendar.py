"""Calendar on the pages of a month and its days, which share its markup."""

from datetime import UTC, date
from typing import Any

from lxml import html as lxml_html

from syndicate.publish.lists.day_page import DayArticle, DayLink, DayPage, day_page, month_page, weeks_of
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline
from syndicate.templating import Templates
from tests.publish.samples import NOW, OPTIONS, published

COUNTS = {1: 3, 2: 1, 11: 7, 21: 2, 22: 1}


def days_of(page: bytes, attributes: str = "") -> list[str]:
    document: Any = lxml_html.document_fromstring(page.decode())
    return [link.text for link in document.xpath(f"//table[@class='calendar']//a{attributes}")]


def test_the_page_of_a_day_marks_its_own_day_in_the_calendar_and_no_other() -> None:
    pages, articles = SitePages(Templates(), OPTIONS), [DayArticle(Headline.of(published(1)))]

    for number in COUNTS:
        day = DayPage(
            day=date(NOW.year, NOW.month, number),
            sources=1,
            stories=1,
            previous=None,
            next=None,
            weeks=weeks_of(NOW.date(), COUNTS),
            covered=(),
        )
        page = day_page(pages, day, articles, 1, UTC)
        assert days_of(page) == list(map(str, COUNTS))
        assert days_of(page, "[@aria-current='page']") == [str(number)]


def test_the_page_of_a_month_marks_no_day() -> None:
    month = date(NOW.year, NOW.month, 1)
    days = [DayLink(month.replace(day=number), "day.html", count) for number, count in COUNTS.items()]
    page = month_page(SitePages(Templates(), OPTIONS), month, days, weeks_of(month, COUNTS), None, None)

    assert days_of(page) == list(map(str, COUNTS))
    assert days_of(page, "[@aria-current]") == []

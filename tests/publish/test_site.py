from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

import pytest
from lxml import html as lxml_html

from syndicate.model import Channel, Clause, ClauseField, Image, PublishedArticle, Republish, StoryLinks
from syndicate.publish.front_choice import choose_front
from syndicate.publish.lists.day_page import latest_page
from syndicate.publish.lists.list_page import latest_path
from syndicate.publish.page_context import FrontPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Headline, SectionBlock
from syndicate.publish.site_paths import (
    ABOUT_PATH,
    ARCHIVE_PATH,
    FEEDS_PATH,
    FRONT_PATH,
    LATEST_PATH,
    SOURCES_PATH,
    day_path,
    list_feed,
    section_path,
    source_path,
    tag_path,
)
from syndicate.templating import Templates
from tests.publish.samples import HARBOUR, NOW, OPTIONS, OURS, list_page, page_of, published, related

SECTION = (Clause(field=ClauseField.SECTION, values=("world",)),)
CHANNELS = (
    Channel(name="latest", title="The Daily Tide", query=""),
    Channel(name="world", title="World & sea", query="section:world", clauses=SECTION),
)
TEMPLATES = Templates()
TOP = [Headline.of(published(number)) for number in (11, 12, 13)]
TRENDING = [Headline.of(published(number)) for number in (21, 22)]
MORE = [Headline.of(published(number)) for number in (31, 32)]


def site(**changes: Any) -> SitePages:
    options = replace(OPTIONS, **changes)
    return SitePages(TEMPLATES, options, channels=CHANNELS, sections=["world", "business"], tags={"tides"})


def article_page(
    item: PublishedArticle, *, pages: SitePages | None = None, **lists: Sequence[Headline]
) -> Any:
    return lxml_html.document_fromstring(page_of(pages or site(), item, **lists).decode())


def front_page(
    pages: SitePages,
    top: Sequence[Headline] = (),
    trending: Sequence[Headline] = (),
    sections: Sequence[SectionBlock] = (),
) -> bytes:
    places = choose_front(top, trending, top, sections, NOW)
    page = FrontPage(canonical=pages.absolute(FRONT_PATH), top=top, places=places)
    return pages.page("pages/front.html", FRONT_PATH, page, updated=NOW)


def attribute(page: Any, path: str) -> str:
    (value,) = page.xpath(path)
    return str(value)


def links_under(page: Any, heading: str) -> list[str]:
    found = page.xpath(f"//section[.//h2[normalize-space()='{heading}']]//h3/a/@href")
    return [str(link) for link in found]


def words(page: Any) -> str:
    return " ".join(page.text_content().split())


def test_S10_anothers_article_is_noindex_and_its_canonical_is_the_publishers_page():
    page = article_page(published(1))

    assert attribute(page, "//meta[@name='robots']/@content") == "noindex"
    assert attribute(page, "//link[@rel='canonical']/@href") == "https://harbour.example/1?x=1&y=2"
    assert attribute(page, "//meta[@property='og:site_name']/@content") == "The Harbour & Pier"


def test_S10_our_own_article_is_indexable_and_its_canonical_is_our_page():
    page = article_page(published(1, source=OURS))

    assert "noindex" not in attribute(page, "//meta[@name='robots']/@content")
    ours = "https://news.example/site/articles/2026/11/flood-1.html"
    assert attribute(page, "//link[@rel='canonical']/@href") == ours
    assert page.xpath("//p[@class='full']") == []


def test_the_publisher_is_named_and_linked_below_the_headline_and_after_the_text():
    page = article_page(published(1))

    bar, after = page.xpath("//header/p[@class='meta dates']//a | //p[@class='full']/a")

    assert bar.text_content() == "The Harbour & Pier"
    assert after.text_content() == "Read the full story at The Harbour & Pier"
    assert bar.get("href") == after.get("href") == "https://harbour.example/1?x=1&y=2"


def test_an_article_without_a_page_of_its_own_leads_to_its_publishers_home():
    ours = "https://news.example/site/articles/2026/11/flood-1.html"
    page = article_page(published(1, url="", link=ours))

    assert attribute(page, "//p[@class='full']/a/@href") == "https://harbour.example/"
    assert attribute(page, "//link[@rel='canonical']/@href") == ours
    assert attribute(page, "//meta[@name='robots']/@content") == "noindex"


def test_both_times_are_shown_in_the_sites_zone_with_the_reading_time():
    page = article_page(published(1, minutes=3), pages=site(time_zone=ZoneInfo("Asia/Tokyo")))

    shown = words(page.xpath("//p[@class='meta dates']")[0])

    assert shown == "The Harbour & Pier Published 24 Nov 2026, 17:00 Updated 24 Nov 2026, 17:20 3 min read"
    assert page.xpath("//p[@class='meta dates']//time/@datetime") == [
        "2026-11-24T17:00:00+09:00",
        "2026-11-24T17:20:00+09:00",
    ]


def test_an_update_within_a_minute_is_not_shown():
    item = published(1)

    page = article_page(published(1, updated=item.article.published + timedelta(seconds=59)))

    assert "Updated" not in words(page)


def test_a_text_that_may_not_be_republished_appears_nowhere():
    silent = published(1, source=replace(HARBOUR, republish=Republish.NONE), html="")

    page = page_of(site(), silent).decode()

    assert "Water &amp; wind" not in page
    assert "i.jpg" not in page
    assert "Flood &amp; &lt;storm&gt; 1" in page


def test_the_lists_of_an_article_page_lead_where_readers_should_go():
    item = replace(published(1), coverage=(related(103), related(104)))

    page = article_page(item, top=TOP, trending=TRENDING, more=[Headline.of(published(31, source=OURS))])

    assert links_under(page, "Read more")[0] == "https://pilot.example/101?a=1&b=2"
    assert links_under(page, "More from world") == ["../../../../site/articles/2026/11/flood-31.html"]
    assert links_under(page, "Top stories")[0] == "https://harbour.example/11?x=1&y=2"
    assert len(links_under(page, "Trending")) == 2


def test_who_else_tells_the_story_is_a_list_of_their_headlines():
    arabic = related(104, source_name="صحيفة المرفأ", title="فيضان نهر سِن", language="ar", direction="rtl")
    item = replace(published(1), coverage=(related(103, title="Pumps & <hope>"), arabic))

    page = article_page(item)
    reports = page.xpath("//section[@class='panel others']//li/div")

    assert [report.xpath("string(a)") for report in reports] == ["Pumps & <hope>", "فيضان نهر سِن"]
    assert [report.xpath("string(.//bdi)") for report in reports] == ["The <Pilot>", "صحيفة المرفأ"]
    assert [(report.get("lang"), report.get("dir")) for report in reports] == [(None, None), ("ar", "rtl")]
    assert told_by_others(page) == [
        "https://pilot.example/103?a=1&b=2",
        "https://pilot.example/104?a=1&b=2",
    ]


def told_by_others(page: Any) -> list[str]:
    return [str(link) for link in page.xpath("//section[@class='panel others']//li/div/a/@href")]


def test_read_more_and_more_from_the_section_leave_out_who_else_tells_the_story():
    item = published(1)
    told = item.related[0]
    page = article_page(
        replace(item, coverage=(told,)),
        more=[Headline.of_related(told), Headline.of(published(31))],
    )
    assert len(told_by_others(page)) == 1
    shown = [*links_under(page, "Read more"), *links_under(page, "More from world")]
    assert not set(shown) & set(told_by_others(page))


def test_more_from_the_section_leaves_out_what_read_more_shows():
    other = Headline.of(published(31))
    twice = Headline.of_related(related(101))

    page = article_page(published(1), more=[twice, other])

    assert links_under(page, "More from world") == [other.link]


def test_RL9_the_page_has_the_related_list_as_plain_markup_under_a_heading():
    page = article_page(published(1))

    assert [heading.tag for heading in page.xpath("//h2[normalize-space()='Read more']")] == ["h2"]
    assert "isRelatedTo" not in lxml_html.tostring(page).decode()


def test_read_more_names_a_links_language_only_if_it_is_another_than_the_articles():
    links = (related(105, language="en-gb"), related(106, language="de-at"), related(107, language=""))

    page = article_page(replace(published(1, language="en-us"), related=links))
    lines = page.xpath("//section[@class='next'][.//h2[.='Read more']]//p[@class='meta']")

    assert [line.xpath("string(span)") for line in lines] == ["", "German", ""]


def test_no_list_shows_the_article_itself():
    item = published(12)

    page = article_page(item, top=TOP, trending=TRENDING, more=[Headline.of(item), *MORE])

    assert len(links_under(page, "Top stories")) == 2
    assert len(links_under(page, "More from world")) == 2


def test_more_from_the_section_leaves_out_what_top_and_trending_show():
    page = article_page(published(1), top=TOP, trending=TRENDING, more=[*TOP, *TRENDING, *MORE])

    assert links_under(page, "More from world") == [headline.link for headline in MORE]


def test_lists_left_out_for_one_article_are_whole_on_the_next():
    pages = site()
    article_page(published(12), pages=pages, top=TOP, trending=TRENDING)

    assert (
        len(links_under(article_page(published(1), pages=pages, top=TOP, trending=TRENDING), "Top stories"))
        == 3
    )


def test_a_list_with_nothing_in_it_has_no_heading():
    page = article_page(published(1, related=()))

    assert [str(heading) for heading in page.xpath("//main//h2/text()")] == ["Tags"]


def test_the_configured_google_news_channel_is_offered():
    news = "https://news.google.com/publications/x"

    page = article_page(published(1), pages=site(google_news_url=news))

    assert page.xpath(f"//footer//a[@href='{news}']/text()") == ["Follow us on Google News"]
    assert "Google News" not in words(article_page(published(1)))


def test_X8_a_right_to_left_article_keeps_its_direction_inside_the_site():
    page = article_page(published(1, language="ar", direction="rtl", title="البرلمان يقرّ الخطة"))

    article = page.xpath("//main//article")[0]

    assert (page.get("lang"), page.get("dir")) == ("en", "ltr")
    assert (article.get("lang"), article.get("dir")) == ("ar", "rtl")
    assert page.xpath("//article//p[@class='meta dates']/@lang") == ["en"]
    assert set(page.xpath("//article//p[@class='meta dates']/span/@dir")) == {"ltr"}
    assert page.xpath("//p[@class='byline']/bdi/bdi/text()") == ["Ann O'Neil", "Bo Åkerlund"]


def test_X8_a_site_in_a_right_to_left_language_is_laid_out_so():
    page = article_page(published(1), pages=site(language="ar"))

    assert page.get("dir") == "rtl"
    assert page.xpath("//main/div/article/@dir") == ["ltr"]


def test_D1_every_page_offers_its_feeds_rss_first_and_the_sections_own_before_all():
    page = article_page(published(1))

    found = [str(href) for href in page.xpath("//head/link[@rel='alternate']/@href")]
    titles = page.xpath("//head/link[@rel='alternate']/@title")

    names = [
        "world.rss",
        "world.atom",
        "world.json",
        *(f"{list_feed('sources', HARBOUR.name)}.{kind}" for kind in ("rss", "atom", "json")),
        "latest.rss",
        "latest.atom",
        "latest.json",
        "sources.opml",
    ]
    assert found == ["../../../../" + name for name in names]
    assert len(set(titles)) == len(titles)


def test_D2_every_feed_is_linked_in_sight():
    page: Any = lxml_html.document_fromstring(front_page(site()).decode())

    assert page.xpath("//footer//a[contains(@aria-label, ':')]/@href") == [
        f"../{name}.{kind}" for name in ("latest", "world") for kind in ("rss", "atom", "json")
    ]


def test_D6_no_page_needs_inline_script_or_style():
    pages = site()
    everything = [
        page_of(pages, published(1), top=TOP),
        front_page(pages, TOP, TRENDING, [SectionBlock(name="world", path="x", headlines=TOP)]),
        list_page(pages, "section", "world", TOP),
    ]

    for page in everything:
        tree: Any = lxml_html.document_fromstring(page.decode())
        assert tree.xpath("//script[not(@src) and @type!='application/ld+json'] | //style | //@style") == []
        assert list(tree.xpath("//@*[starts-with(name(), 'on')]")) == []


def test_D7_reading_mode_and_text_size_are_labelled_form_controls_that_need_no_script():
    page = article_page(published(1))

    inputs = page.xpath("//div[@class='toolbar']//input")

    assert [field.get("id") for field in inputs if field.get("type") == "checkbox"] == ["read-mode"]
    assert len([field for field in inputs if field.get("type") == "radio"]) == 4
    for field in inputs:
        assert words(page.xpath(f"//label[@for='{field.get('id')}']")[0])
    style = site().assets()["site/assets/site.css"].decode()
    assert all(f"#{field.get('id')}:checked" in style or field.get("id") == "size-normal" for field in inputs)


def test_a_picture_already_in_the_text_is_not_shown_twice():
    inside = '<p>x</p><img src="https://harbour.example/i.jpg?w=1&amp;h=2" alt="">'

    assert article_page(published(1, html=inside)).xpath("//figure") == []
    assert article_page(published(1)).xpath("//figure/img/@alt") == ['A "boat"']


@pytest.mark.parametrize(("alternative", "shown"), [("A boat", "A boat"), ("", "The Harbour & Pier")])
def test_a_rows_picture_has_a_text_and_its_link_is_not_heard_twice(alternative, shown):
    picture = Image(url="https://harbour.example/i.jpg", alt=alternative)
    headline = Headline.of(published(1, image=picture))

    page = lxml_html.document_fromstring(list_page(site(), "section", "world", [headline]).decode())

    assert page.xpath("//article//img/@alt") == [shown]
    assert page.xpath("//article//a[@class='picture']/@aria-hidden") == ["true"]


def test_the_mail_link_carries_title_and_address_whole():
    href = attribute(article_page(published(1, title="50% off? “Q&A” #1")), "//p[@class='share']/a/@href")

    assert parse_qs(urlsplit(href).query) == {
        "subject": ["50% off? “Q&A” #1"],
        "body": ["https://harbour.example/1?x=1&y=2"],
    }


def test_only_sections_and_tags_with_a_page_are_linked():
    page = article_page(published(1, section="odd"))

    assert page.xpath("//p[@class='crumb']//a") == []
    assert page.xpath("//ul[@class='tags']//a/text()") == ["tides"]
    assert words(page.xpath("//ul[@class='tags']")[0]) == "tides R&D"


def test_a_hostile_title_stays_text():
    title = '"><script>alert(1)</script><!-- \ud800'

    page = article_page(published(1, title=title))

    assert page.xpath("//h1")[0].text_content() == title.replace("\ud800", "?")
    assert page.xpath("//script[contains(text(), 'alert(1)') and not(@type)]") == []


def test_a_front_page_without_articles_says_so_and_leads_to_the_feeds():
    page: Any = lxml_html.document_fromstring(front_page(site()).decode())

    assert "The first articles appear here after the first run." in words(page)
    assert page.xpath("//main//a/@href") == ["../site/feeds.html"]
    assert page.xpath("//main//h2") == []


def test_the_navigation_leads_to_every_section_and_marks_its_own():
    page = article_page(published(1))

    names = page.xpath("//nav[@aria-label='Sections']//li[not(@class='narrow')]")

    assert [words(name) for name in names] == ["Front page", "world", "business"]
    assert [words(link) for link in page.xpath("//nav//a[@aria-current]")] == ["world"]


def test_the_lede_stands_only_above_a_text_that_does_not_begin_with_it():
    full = published(1, source=OURS, html="<p>Long text.</p>", text="Long text.", summary="The point of it")
    same = published(
        1, source=OURS, html="<p>The point</p>", text="The point of it all", summary="The point…"
    )

    assert article_page(full).xpath("//p[@class='lede']/text()") == ["The point of it"]
    assert article_page(same).xpath("//p[@class='lede']") == []


def test_a_page_that_ages_names_no_day_and_gives_every_time_its_year():
    page = article_page(published(1), top=TOP)

    assert "times in UTC" in words(page.xpath("//header[contains(@class, 'masthead')]")[0])
    assert all("2026" in time.text_content() for time in page.xpath("//time"))


def test_no_list_of_an_article_page_repeats_another():
    story = Headline.of(published(11))

    page = article_page(published(1), top=[story], trending=[story, *TRENDING])

    assert story.link not in links_under(page, "Trending")
    assert len(links_under(page, "Trending")) == 2


def test_a_title_leads_to_the_publisher_its_time_to_our_page_and_its_sources_to_the_story():
    links = (related(2, same_text=2), related(3, source_name="Ledger", same_text=3))
    story = StoryLinks(path="site/stories/flood-1f.html", links=links)
    headline = Headline.of(replace(published(1), sources=3, story=story))
    block = SectionBlock(name="world", path="x", headlines=[Headline.of(published(2)), headline])

    page: Any = lxml_html.document_fromstring(front_page(site(), TOP, [], [block]).decode())
    (card,) = page.xpath("//article[contains(@class, 'card')][p[@class='cover']]")
    assert card.xpath(".//h3/a/@href") == ["https://harbour.example/1?x=1&y=2"]
    assert card.xpath(".//p[@class='meta']/a[time]/@href") == ["../site/articles/2026/11/flood-1.html"]
    assert card.xpath(".//p[@class='cover']/a/@href") == ["../site/stories/flood-1f.html"]
    assert [words(link) for link in card.xpath(".//ul[@class='also']//a")] == ["Ebb & flow 2", "Ebb & flow 3"]


def test_a_tag_page_is_named_by_its_tag():
    page: Any = lxml_html.document_fromstring(list_page(site(), "tag", "R&D", TOP).decode())

    assert [words(heading) for heading in page.xpath("//h1")] == ["R&D"]
    assert attribute(page, "//link[@rel='canonical']/@href") == "https://news.example/" + tag_path("R&D")


def test_every_relative_link_leads_to_something_that_is_published(tmp_path):
    pages = site()
    own = [published(number, source=OURS, related=()) for number in (1, 2, 3)]
    headlines = [Headline.of(item) for item in own]
    files = {item.article.path: page_of(pages, item, top=headlines) for item in own}
    files |= {
        section_path(name): list_page(pages, "section", name, headlines) for name in ("world", "business")
    }
    files |= {tag_path("tides"): list_page(pages, "tag", "tides", headlines), **pages.assets()}
    block = SectionBlock(name="world", path=section_path("world"), headlines=headlines)
    files[FRONT_PATH] = front_page(pages, headlines, sections=[block])
    feeds = {f"{channel.name}.{kind}" for channel in CHANNELS for kind in ("rss", "atom", "json")}
    lists = [("sections", "world"), ("sections", "business"), ("sources", OURS.name)]
    feeds |= {f"{list_feed(*one)}.{kind}" for one in lists for kind in ("rss", "atom", "json")}
    files |= {
        latest_path(name): latest_page(pages, headlines, UTC, section=name) for name in ("world", "business")
    }
    others = {
        LATEST_PATH,
        FEEDS_PATH,
        ARCHIVE_PATH,
        SOURCES_PATH,
        source_path(OURS.name),
        day_path(NOW.date()),
    }
    there = {*files, *feeds, *others, "sources.opml", ABOUT_PATH, "site/manifest.webmanifest"}

    for path, data in files.items():
        if not path.endswith(".html"):
            continue
        tree: Any = lxml_html.document_fromstring(data.decode())
        for link in tree.xpath("//@href | //@src"):
            parts = urlsplit(str(link))
            if parts.scheme or not parts.path:
                continue
            target = (tmp_path / PurePosixPath(path).parent / unquote(parts.path)).resolve()
            assert str(target.relative_to(tmp_path.resolve())) in there, (path, link)


def test_H3_the_same_input_gives_the_same_bytes_in_any_order():
    first, second = site(), site()
    items = [published(number) for number in (1, 12, 2)]

    forwards = {item.article.path: page_of(first, item, top=TOP) for item in items}
    backwards = {item.article.path: page_of(second, item, top=TOP) for item in reversed(items)}

    assert forwards == backwards


def test_a_related_link_to_our_own_page_is_local():
    ours = related(5, url="https://news.example/site/articles/5.html", path="site/articles/5.html")

    assert Headline.of_related(ours).local
    assert not Headline.of_related(related(6)).local

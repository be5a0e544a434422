"""Sample data for template checks: values with every field set, and values with few fields set."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from syndicate import model
from syndicate.audience.choices import Choices, OfferedChoices
from syndicate.jobs.admin.mailing.edition_views import EditionView, StoryFound
from syndicate.jobs.admin.mailing.review_links import ReviewPage, SentEdition
from syndicate.jobs.audience.preferences_job import PreferencesView
from syndicate.model import ListedArticle, Source
from syndicate.newsletter.edition_form import form_of
from syndicate.publish.lists.day_page import (
    DayArticle,
    DayLink,
    DayPage,
    archive_page,
    day_page,
    latest_page,
    month_page,
    weeks_of,
)
from syndicate.publish.lists.list_page import ListPage, list_facts, list_page_of, most_active
from syndicate.publish.lists.sources_page import SourceFacts, sources_page
from syndicate.publish.newsletter_archive import ArchivedEdition, Neighbours, edition_link
from syndicate.publish.search.search_query import SearchQuery
from syndicate.publish.search.search_results import Facet, FoundStory, SearchPage
from syndicate.publish.site import SitePages
from syndicate.publish.site_headline import Growth, Headline, Hot, NamedPath
from syndicate.publish.site_view import NewsletterView
from syndicate.publish.story_page import StoryMaterial
from syndicate.store.mail.edition_store import new_edition
from syndicate.store.mail.review_store import EditionChange, ReviewEdition
from syndicate.text.markup import marked_parts

T = TypeVar("T")
NEWSLETTER = model.Newsletter(name="sample", title="Sample", schedule="daily 07:00", time_zone="UTC")
CHANNEL = model.Channel(
    name="sample",
    title="Sample",
    query="section:Sample",
    clauses=(model.Clause(field=model.ClauseField.SECTION, values=("Sample",)),),
)
_FILES = tuple(
    model.Enclosure(
        url=f"https://example.com/sample.{ending}", media_type=kind, size=31_000_000, duration=2040
    )
    for ending, kind in (("mp3", "audio/mpeg"), ("mp4", "video/mp4"), ("pdf", "application/pdf"))
)


def full_article(item: model.PublishedArticle, *, own: bool) -> model.PublishedArticle:
    """Return an article with every field set."""
    image = model.Image(url="https://example.com/image.jpg", width=640, height=480, alt="Sample")
    rich = replace(
        item.article,
        authors=("Sample",),
        section="Sample",
        tags=("sample", "other"),
        image=image,
        enclosures=_FILES,
        original_title="Sample",
        updated=item.article.published + timedelta(hours=1),
    )
    local = tuple(replace(link, url=f"https://example.com/{link.path}") for link in item.coverage)
    coverage = (*item.coverage, *local)
    item = replace(item, coverage=coverage, other_languages=coverage[:1], sources=3, foreign_sources=1)
    return replace(item, article=rich, source=replace(item.source, own=own), html="<p>Sample</p>")


def full_headline(item: model.PublishedArticle) -> Headline:
    """Return the article's headline with news and growth of its story."""
    at = item.article.published
    return replace(Headline.of(item), hot=Hot("sources", at, 6, 11), growth=Growth(sources=3, hours=4))


def full_story(item: model.PublishedArticle, related: Sequence[Headline]) -> StoryMaterial:
    """Return a story with more reports than its page shows, led by the article."""
    link, numbers = item.coverage[0], range(1, 90)
    revised = replace(item.article, revised=item.article.first_seen + timedelta(days=1))
    return StoryMaterial(
        path="site/stories/sample-1.html",
        lead=replace(item, article=replace(revised, id=1)),
        # Two reports share their text.
        links=[replace(link, article_id=n, same_text=max(n, 2), language="fr") for n in numbers],
        articles={n: replace(item, article=replace(revised, id=n)) for n in numbers},
        tags=[NamedPath(name="sample", path="site/tags/sample/index.html")],
        related=related,
    )


def archived_editions(newsletter: str, now: datetime) -> list[ArchivedEdition]:
    """Return archived editions: with few fields set, with all, and written."""
    edition = _edition(now, newsletter)
    return [
        ArchivedEdition(edition=edition, content=content, published=now) for content in edition_contents(now)
    ]


def edition_contents(now: datetime) -> tuple[model.EditionContent, ...]:
    """Return contents of editions: with few fields set, with all, and written."""
    rich = _filled(model.ContentStory, now, story_id=1, article_id=1, kind=model.TOP, language="en")
    plain = model.ContentStory(
        title="Sample",
        url="",
        source="Sample",
        section="",
        summary="",
        minutes=1,
        published=now,
        language="",
        direction="ltr",
        follow_up=False,
        other_sources=0,
    )
    stories = rich, replace(rich, story_id=2), replace(rich, story_id=3, kind=model.TRENDING)
    prose = model.ContentPart(html="<p>Sample</p>", text="Sample")
    texts = {"html": prose.html, "text": prose.text, "link": "https://example.com/4"}
    notice = model.ContentAnnouncement(name="sample", label="", **texts)
    full = model.EditionContent(
        stories=stories,
        left_out=(replace(rich, story_id=4),),
        note="Sample",
        correction="Sample",
        announcements=(notice,),
    )
    parts = prose, model.ContentPart(article_id=1), prose
    written = model.EditionContent(stories=(rich,), title="Sample", preheader="Sample", parts=parts)
    return model.EditionContent(stories=(plain,)), full, written


def _filled(part: type[T], now: datetime, **given: Any) -> T:
    """Return an object with a sample in each field that is not given."""
    by_name = {"url": "https://example.com/1", "language": "de", "direction": "ltr", "kind": "audio"}
    by_type = {str: "Sample", int: 3, bool: True, datetime: now}
    values: dict[str, Any] = {}
    for name, hint in get_type_hints(part).items():
        if name in given:
            continue
        inner = next((each for each in (*get_args(hint), hint) if each not in (type(None), ...)), hint)
        value = by_name.get(name.rpartition("_")[2]) or by_type.get(inner) or _filled(inner, now)
        values[name] = (value,) if get_origin(hint) is tuple else value
    return part(**values | given)


def newsletter_views(newsletter: model.Newsletter, now: datetime) -> list[NewsletterView]:
    """Return the newsletter, and another without an edition."""
    rich = _filled(
        NewsletterView,
        now,
        name=newsletter.name,
        language=newsletter.language or "en",
        zone=ZoneInfo(newsletter.time_zone),
        archive="site/newsletters/sample/index.html",
        latest=replace(
            edition_link("site/newsletters/sample/1.html", newsletter, "Sample", now), headlines=("Sample",)
        ),
        brand=newsletter.brand,
    )
    plain = replace(rich, name="other", description="", next=None, latest=None, editions=0, first=None)
    return [rich, plain]


def neighbours(newsletter: model.Newsletter, now: datetime) -> tuple[Neighbours, ...]:
    """Return the neighbours of the first, of a middle and of the newest edition."""
    link = edition_link("site/newsletters/sample/1.html", newsletter, "Sample", now)
    middle = Neighbours(previous=link, next=link, earlier=(link,))
    return Neighbours(next=link), middle, replace(middle, next=None, next_due=now)


def _edition(
    now: datetime, newsletter: str, *, variant_key: str = "edition", revision: int = 0
) -> model.Edition:
    facts = {"id": 1, "subject": "Sample", "stories": 3, "revision": revision}
    return new_edition(newsletter, variant_key, (now - timedelta(days=1), now), **facts)


def search_pages(headline: Headline) -> tuple[SearchPage, ...]:
    """Return results of a search, a page after the last, no results, and a search without words."""
    facet = Facet(label="24", count=1, link="q=sample", share=100, current=True, day=date(2026, 11, 24))
    marked = replace(headline, title=marked_parts([("Sample", True)]))
    story = FoundStory(story_id=1, best=marked, others=(marked,), more=1)
    query = SearchQuery(words="sample", section="sample", page=2)
    choices = (("sample", "Sample"),)
    full = SearchPage(
        canonical="https://example.com/search",
        query=query,
        articles=12,
        stories=11,
        found=(story, FoundStory(story_id=2, best=headline)),
        pages=(NamedPath(name="1", path="search?q=sample"), NamedPath(name="2")),
        days=(facet,),
        in_sources=(facet,),
        in_sections=(facet,),
        tags=(facet,),
        sections=choices,
        sources=choices,
        languages=(("en", "en"),),
    )
    nothing = SearchPage(canonical=full.canonical, query=query, words_alone=(facet,))
    return full, replace(full, found=()), nothing, replace(nothing, problem="no words")


def reader_page(paused_until: datetime | None) -> PreferencesView:
    """Return a reader's choices."""
    offer = OfferedChoices(
        newsletters={"sample": "Sample", "other": "Other"},
        consents={"sample": "Sample", "other": "Sample"},
        sections=("Sample", "Other"),
        languages=("en", "tlh"),
        cadences=model.CADENCES,
    )
    return PreferencesView(
        address="s…@example.com",
        newsletter="Sample",
        offer=offer,
        choices=Choices(newsletters=("sample",), hour=7, paused_until=paused_until),
        feed="https://example.com/feed",
    )


def review_page(newsletter: model.Newsletter, now: datetime) -> ReviewPage:
    """Return a review page with an edition, a variant, a correction and a sent edition."""
    change = EditionChange(edition_id=1, changed_by="Sample", action="note", detail="Sample", changed=now)
    plain, rich, _ = edition_contents(now)
    editions = (
        (_edition(now, newsletter.name), plain, now),
        (_edition(now, newsletter.name, variant_key="edition\nsection:Sample"), rich, None),
        (_edition(now, newsletter.name, revision=1), rich, None),
    )
    waiting = tuple(
        EditionView(
            reviewed=ReviewEdition(
                edition=edition,
                state="waiting" if approve_by else "held",
                content=None,
                approve_by=approve_by,
            ),
            content=content,
            seen="",
            errors=("Sample",),
            warnings=("Sample",),
            changes=(change,),
            variants=1,
            form=form_of(content, "Sample"),
            saved=form_of(content, "Other"),
            problems={"subject": "Sample"},
            lost=("Sample",),
            words="Sample",
            results=(StoryFound(name="1", title="Sample"),),
        )
        for edition, content, approve_by in editions
    )
    return ReviewPage(
        path="/desk/sample/editor/token",
        newsletter=newsletter,
        editor="Sample",
        ends=now,
        readers=1,
        waiting=waiting,
        sent=(SentEdition(reviewed=waiting[0].reviewed, seen=""),),
        leaving=(SentEdition(reviewed=waiting[0].reviewed, seen=""),),
        said="approve",
    )


def list_pages(
    pages: SitePages, headlines: Sequence[Headline], source: Source, now: datetime
) -> Iterator[Callable[[], object]]:
    """Yield functions that render the pages of lists, days and sources."""
    row = ListedArticle(now, 1, source.id, 1, 1, "Sample", ("sample",))
    rows = [row, row._replace(same_text=2)]
    facts = list_facts(rows, {source.id: source.name}, {1}, UTC)
    of_one = replace(facts, partners=most_active({"Other": 2}), total=2, first=now)
    for content in (
        ListPage(kind="section", name="Sample", headlines=()),
        ListPage(
            kind="section", name="Sample", headlines=headlines, numbers=[1, 2], facts=facts, lead=headlines[0]
        ),
        ListPage(kind="tag", name="sample", headlines=headlines, number=2, numbers=[1, 2, 3], articles=90),
        ListPage(kind="author", name="Sample", headlines=headlines),
        ListPage(kind="source", name=source.name, headlines=headlines, source=source, facts=of_one),
        ListPage(kind="undated", name="", headlines=headlines),
    ):
        yield partial(list_page_of, pages, content, headlines)
    day = now.date()
    link = DayLink(day - timedelta(days=1), "site/days/sample.html", 2, headlines[0])
    articles = [DayArticle(headline, headlines[:1]) for headline in headlines]
    weeks = weeks_of(day, {day.day: 2})
    few = DayPage(day=day, sources=1, stories=1, covered=(), previous=None, next=None, weeks=weeks)
    full = replace(few, covered=headlines, previous=link, next=link)
    for sample in (few, full):
        yield partial(day_page, pages, sample, articles, 1, UTC)
    yield partial(latest_page, pages, headlines, UTC, trending=headlines)
    yield partial(latest_page, pages, (), UTC, section="Sample")
    yield partial(month_page, pages, day.replace(day=1), [link], weeks, link, link)
    yield partial(archive_page, pages, [link], undated=True)
    quiet = SourceFacts(source, now - timedelta(days=100), 0)
    yield partial(sources_page, pages, [SourceFacts(source, now, 2), quiet])

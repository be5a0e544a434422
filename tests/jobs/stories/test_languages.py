"""One story in several languages: what lists, pages, feeds and editions show of it."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from lxml import html as lxml_html
from sqlalchemy import select

from syndicate.jobs.newsletter.outcome_lookup import article_outcomes
from syndicate.jobs.stories.leads import refresh_stories
from syndicate.model import EditorAction, ScoredLink
from syndicate.publish.channel_query import in_language, parse_query
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.output import channel_store
from syndicate.store.stories import story_leads, story_moves, story_store
from syndicate.store.stories.story_moves import MERGED, StoryMove
from tests.factories import new_article
from tests.jobs.choosing import JO, choose
from tests.jobs.newsletter.test_editions import carried, run
from tests.jobs.room import Room, source
from tests.jobs.stories.test_ranking import decide

SEVEN = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REPORTS = {
    "en": ("harbour", "Ferry strike closes the northern harbour"),
    "de": ("hafen", "Streik der Fähren legt den Nordhafen still"),
    "fr": ("port", "La grève des ferries ferme le port du nord"),
    "ar": ("mina", "إضراب العبارات يغلق الميناء الشمالي"),
    "zh": ("gang", "渡轮罢工导致北方港口关闭"),
    "de-at": ("donau", "Fährleute streiken, der Nordhafen steht still"),
    "en-gb": ("hills", "Crews of the ferry line walk out in the north"),
}
SOURCES = "".join(source(name, f"https://{name}.example/feed") for name, _ in REPORTS.values())
DAILY = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'


def declare(room: Room, more: str = "") -> None:
    room.declare(SOURCES + more, now=SEVEN - 20 * DAY)


def report(
    room: Room,
    language: str,
    hours: float,
    *,
    paper: str = "",
    title: str = "",
    placed: datetime = SEVEN - 2 * DAY,
) -> int:
    """A report that is so many hours old, placed in its own story, so early that no list holds it yet."""
    number = len(room.articles()) + 1
    at = SEVEN - hours * HOUR
    name, heading = REPORTS[language]
    written = new_article(
        number,
        title=title or heading,
        text=" ".join(f"{word}{number}" for word in (title or heading).split()) * 3,
        language=language,
        direction="rtl" if language == "ar" else "ltr",
        published=at,
        updated=at,
        first_seen=at,
        url=f"https://{paper or name}.example/{number}",
    )
    (article_id,) = room.add(written, source=paper or name)
    room.services.stories.run(placed)
    return article_id


def join(room: Room, *ids: int, now: datetime = SEVEN) -> int:
    """Put articles into the story of the first one, as the placing job does."""
    with room.store.write() as connection:
        places = {one.id: one.story_id or 0 for one in article_store.get_articles(connection, ids).values()}
        into = places[ids[0]]
        # Some are in one story already, as reports in several languages may be.
        for story_id, article_id in {places[one]: one for one in ids if places[one] != into}.items():
            move = StoryMove(
                kind=MERGED,
                from_story=story_id,
                to_story=into,
                article_id=article_id,
                articles=1,
                similarity=1.0,
                threshold=0.5,
                moved=now,
            )
            story_moves.merge_story(connection, move)
        refresh_stories(connection, [into], now)
        leases.increment_counter(connection, leases.PLACEMENTS)
    return into


def told(room: Room, languages: dict[str, float]) -> dict[str, int]:
    """One story with a report in each language, so many hours old; returns the reports."""
    ids = {language: report(room, language, hours) for language, hours in languages.items()}
    join(room, *ids.values())
    return ids


def lead(room: Room, story_id: int) -> int:
    with room.store.read() as connection:
        return story_store.get_stories(connection, [story_id])[story_id].lead_id


def page(room: Room, article_id: int) -> Any:
    path = next(one.path for one in room.articles().values() if one.id == article_id)
    return lxml_html.parse(str(Path(room.services.output) / path)).getroot()


def block(room: Room, article_id: int, heading: str) -> Any:
    return page(room, article_id).xpath(f"//section[.//h2[text()='{heading}']]")


def coverage(document: Any) -> str:
    (link,) = document.xpath("//p[@class='crumb']/a[contains(@href, '/stories/')]")
    return str(link.text_content())


def build(room: Room) -> Path:
    room.services.stories.run(SEVEN)
    result = room.services.publish.run(SEVEN)
    assert not result.failures
    return Path(room.services.output)


def items(output: Path, channel: str) -> Any:
    return json.loads((output / f"{channel}.json").read_text("utf-8"))["items"]


def texts(room: Room) -> str:
    room.services.stories.run(SEVEN)
    run(room, SEVEN)
    return carried(room)[-1]


def test_a_story_is_led_in_the_language_of_most_fresh_sources_and_has_a_lead_in_each(rooms: Room) -> None:
    declare(rooms)
    ids = told(rooms, {"en": 5, "de": 4, "fr": 3})
    story = join(rooms, *ids.values())
    assert lead(rooms, story) == ids["en"]
    second = report(rooms, "de-at", 2)
    join(rooms, *ids.values(), second)
    # One more source in German than in English is no reason yet.
    assert lead(rooms, story) == ids["en"]
    join(
        rooms,
        *ids.values(),
        second,
        report(rooms, "de", 1, paper="port", title="Kein Schiff verlässt den Nordhafen"),
    )
    with rooms.store.read() as connection:
        leads = story_leads.language_leads(connection, [story])
    assert lead(rooms, story) == leads[story, "de"]
    assert {language: leads[story, language] for language in ("en", "fr")} == {
        language: ids[language] for language in ("en", "fr")
    }


def test_an_editors_choice_leads_in_whatever_language_and_so_in_its_own(rooms: Room) -> None:
    declare(rooms)
    ids = told(rooms, {"en": 5, "de": 4, "fr": 3, "en-gb": 2})
    numbers = {one.id: one.uid for one in rooms.articles().values()}
    number = int(numbers[ids["fr"]][-4:])
    decide(rooms, EditorAction.PIN, number, "1", now=SEVEN)
    rooms.services.stories.run(SEVEN)
    story = next(one.story_id for one in rooms.articles().values())
    assert lead(rooms, story or 0) == ids["fr"]


def test_a_story_in_one_language_has_no_leads_by_language(rooms: Room) -> None:
    declare(rooms)
    ids = told(rooms, {"en": 5, "en-gb": 4, "de": 3})
    story = join(rooms, *ids.values())
    with rooms.store.write() as connection:
        assert {language for _, language in story_leads.language_leads(connection, [story])} == {"en", "de"}
        (other,) = story_store.add_stories(connection, [ids["de"]], SEVEN)
        move = StoryMove(
            kind="split",
            from_story=story,
            to_story=other,
            article_id=ids["de"],
            articles=1,
            similarity=0.1,
            threshold=0.5,
            moved=SEVEN,
        )
        story_moves.split_story(connection, move, [ids["de"]])
        refresh_stories(connection, [story, other], SEVEN)
        assert story_leads.language_leads(connection, [story, other]) == {}


def test_lists_in_a_language_show_its_lead_of_each_story_and_others_only_where_it_has_none(
    rooms: Room,
) -> None:
    declare(rooms)
    ids = told(rooms, {"en": 5, "de": 4, "fr": 3})
    alone = report(rooms, "zh", 2)
    rooms.services.stories.run(SEVEN)

    def shown(query: str, language: str) -> set[int]:
        with rooms.store.read() as connection:
            clauses = in_language(parse_query(query), language)
            return {one.id for one in channel_store.channel_articles(connection, clauses, limit=50)}

    assert shown("top", "de-DE") == {ids["de"], alone}
    assert shown("top", "en") == {ids["en"], alone}
    assert shown("top", "tr") == {ids["en"], alone}
    assert shown("top language:fr", "en") == {ids["fr"]}
    assert shown("top language:fr,de", "en") == {ids["fr"], ids["de"]}
    assert shown("-top", "de") == set()


def test_an_article_stays_in_a_list_when_another_leads_in_its_language(rooms: Room) -> None:
    declare(rooms)
    ids = told(rooms, {"en": 12, "de": 11})
    rooms.services.stories.run(SEVEN - 10 * HOUR)
    later = report(rooms, "de-at", 1, placed=SEVEN - 10 * HOUR)
    join(rooms, *ids.values(), later)
    rooms.services.stories.run(SEVEN)
    with rooms.store.read() as connection:
        story = next(one.story_id for one in rooms.articles().values())
        assert story_leads.language_leads(connection, [story or 0])[story or 0, "de"] == later
        found = channel_store.channel_articles(connection, in_language(parse_query("top"), "de"), limit=50)
    assert {one.id for one in found} == {ids["de"], later}


@pytest.mark.all
@pytest.mark.parametrize("language", ["en", "de", "fr", "ar"])
def test_the_front_page_and_the_top_channel_show_the_sites_language(room: Room, language: str) -> None:
    base = f'[site]\nurl = "https://news.example"\nlanguage = "{language}"\n'
    declarations = SOURCES + '[[channels]]\nname = "top"\nquery = "top"\n'
    room.declare(declarations, base=base, now=SEVEN - 20 * DAY)
    told(room, {"en": 5, "en-gb": 5, "de": 4, "fr": 3, "ar": 2, "zh": 1})
    output = build(room)
    front = (output / "site/index.html").read_text("utf-8")
    document: Any = lxml_html.fromstring(front)
    lead = document.xpath("//main//article[@class='lead' or contains(@class, 'lead ')]//h2")
    assert [one.text_content() for one in lead] == [REPORTS[language][1]]
    assert [one["title"] for one in items(output, "top")] == [REPORTS[language][1]]


@pytest.mark.all
def test_a_page_offers_the_story_in_other_languages_marked_and_counted(room: Room) -> None:
    declare(room)
    ids = told(room, {"en": 5, "en-gb": 5, "de": 4, "de-at": 4, "fr": 3, "ar": 2, "zh": 1})
    build(room)
    (found,) = page(room, ids["en"]).xpath("//section[contains(@class, 'others')]")
    assert coverage(page(room, ids["en"])) == "Full coverage: 7 sources"
    assert len(found.xpath(".//li")) == 5
    foreign = {box.get("lang"): box.get("dir") for box in found.xpath(".//li//*[@lang]")}
    assert len(foreign.keys() & {"de", "de-at", "fr", "ar", "zh"}) >= 3
    assert foreign.get("ar", "rtl") == "rtl"


@pytest.mark.all
def test_other_words_count_with_the_plural_of_their_language(room: Room) -> None:
    for language, words in (
        ("ar", "التغطية الكاملة: 3 مصادر"),
        ("de", "Alle Berichte: 3 Quellen"),
        ("fr", "Couverture complète : 3 sources"),
        ("es", "Cobertura completa: 3 fuentes"),
    ):
        base = f'[site]\nurl = "https://news.example"\nlanguage = "{language}"\n'
        room.declare(SOURCES, base=base, now=SEVEN - 20 * DAY)
        if not room.articles():
            ids = told(room, {"en": 5, "ar": 4, "zh": 3})
        build(room)
        assert coverage(page(room, ids["en"])) == words


def test_pages_and_feeds_of_a_story_in_one_language_say_nothing_of_others(room: Room) -> None:
    declare(room, '[[channels]]\nname = "news"\n')
    ids = told(room, {"en": 5, "en-gb": 4})
    output = build(room)
    assert "other languages" not in lxml_html.tostring(page(room, ids["en"]), encoding="unicode")
    for kind in ("rss", "atom", "json"):
        text = (output / f"news.{kind}").read_text("utf-8")
        assert "hreflang" not in text
        assert "other_languages" not in text
        assert "other languages" not in text


def test_feeds_offer_other_languages_behind_related_stories(room: Room) -> None:
    declare(room, '[[channels]]\nname = "news"\n')
    told(room, {"en": 5, "de": 4, "ar": 3})
    output = build(room)
    by_language = {str(one["language"]): one for one in items(output, "news")}
    english, arabic = by_language["en"], by_language["ar"]
    assert "<h3>In other languages: 2 of 3 sources</h3>" in str(english["content_html"])
    assert f'hreflang="de">{REPORTS["de"][1]}</a> (German) – hafen' in str(english["content_html"])
    assert f"• {REPORTS['ar'][1]} (Arabic) – mina" in str(english["content_text"])
    assert "(الألمانية)" in str(arabic["content_html"])
    extra = english["_syndicate"]
    assert {one["language"] for one in extra["related"]} == {"de", "ar"}
    assert (extra["sources"], extra["sources_in_other_languages"]) == (3, 2)
    for kind in ("rss", "atom"):
        text = (output / f"news.{kind}").read_text("utf-8")
        # In a link element and in the text of the two other items.
        assert text.count('hreflang="de"') == 4
        assert text.count('rel="related"') == 6


@pytest.mark.all
def test_a_feed_is_built_again_when_the_story_gets_another_language_or_another_lead_in_it(
    room: Room,
) -> None:
    declare(room, '[[channels]]\nname = "english"\nquery = "language:en"\n')
    ids = told(room, {"en": 5, "de": 12})
    output = build(room)
    assert REPORTS["de"][1] in (output / "english.rss").read_text("utf-8")
    join(room, *ids.values(), report(room, "de-at", 1))
    build(room)
    text = (output / "english.rss").read_text("utf-8")
    assert REPORTS["de-at"][1] in text
    assert REPORTS["de"][1] not in text
    titles = page(room, ids["en"]).xpath("//section[contains(@class, 'others')]//li//a/text()")
    assert REPORTS["de-at"][1] in titles


def test_related_articles_in_other_languages_never_push_out_others(room: Room) -> None:
    declare(room)
    ids = [report(room, language, 3) for language in ("en", "en-gb", "de", "fr")]
    with room.store.write() as connection:
        rows = [
            ScoredLink(article_id=one, score=0.9 - place / 10, parts={})
            for place, one in enumerate((ids[2], ids[3], ids[1]))
        ]
        story_store.save_related(connection, {ids[0]: rows})
    build(room)
    (more,) = block(room, ids[0], "Read more")
    assert more.xpath(".//a/text()") == [REPORTS["en-gb"][1]]
    (others,) = block(room, ids[0], "In other languages")
    assert others.xpath(".//a/text()") == [REPORTS["de"][1], REPORTS["fr"][1]]
    assert others.xpath("p") == []


@pytest.mark.all
@pytest.mark.parametrize("language", ["en", "de", "fr", "ar"])
def test_an_edition_tells_a_story_in_the_language_of_the_newsletter(rooms: Room, language: str) -> None:
    declare(rooms, DAILY + f'language = "{language}"\n')
    ids = told(rooms, {"en": 5, "en-gb": 5, "de": 4, "fr": 3, "ar": 2, "zh": 1})
    text = texts(rooms)
    own = [place for place, line in enumerate(text.splitlines()) if line == REPORTS[language][1]]
    assert len(own) == 1
    others = [REPORTS[one][1] for one in ids if not one.startswith(language)]
    assert not set(others) & set(text.splitlines())
    (newsletter,) = rooms.services.newsletters
    with rooms.store.read() as connection:
        for article in rooms.articles().values():
            (answer,) = article_outcomes(connection, (newsletter,), article, SEVEN)
            assert answer.outcome == "told"


def test_mail_counts_and_marks_other_languages(room: Room) -> None:
    declare(room, DAILY)
    told(room, {"en": 5, "en-gb": 5, "de": 4, "fr": 3})
    text = texts(room)
    assert re.search(r"Also covered by 3 others, 2 in other languages:\n- .* \(hills\)\n", text)
    assert f"In other languages:\n- {REPORTS['de'][1]} (German, hafen)" in text
    # The two sources in other languages are named below, so that none is left to count.
    assert "and 2 more" not in text


@pytest.mark.parametrize(
    ("language", "counted"),
    [
        ("en", "Also covered by 2 others in other languages"),
        ("de", "Auch bei 2 anderen Quellen in anderen Sprachen"),
        ("fr", "Également traité par 2 autres sources dans d’autres langues"),
        ("ar", "غطاه أيضا مصدران آخران بلغات أخرى"),
    ],
)
@pytest.mark.sampled(1)
def test_mail_counts_once_when_every_other_source_is_in_another_language(
    room: Room, language: str, counted: str
) -> None:
    declare(room, DAILY + f'language = "{language}"\n')
    others = [one for one in ("en", "de", "fr") if one != language][:2]
    told(room, dict.fromkeys([language, *others], 4))
    assert counted in texts(room).splitlines()


def test_without_a_report_in_its_language_a_newsletter_tells_the_storys_lead(room: Room) -> None:
    declare(room, DAILY + 'language = "es"\n')
    told(room, {"en": 5, "en-gb": 4, "de": 3})
    assert REPORTS["en"][1] in texts(room).splitlines()


def test_a_query_for_a_language_counts_more_than_the_language_of_the_mail(room: Room) -> None:
    declare(room, DAILY + 'query = "language:de"\n')
    told(room, {"en": 5, "en-gb": 4, "de": 3})
    lines = texts(room).splitlines()
    assert REPORTS["de"][1] in lines
    assert REPORTS["en"][1] not in lines


def test_a_report_in_another_language_does_not_bring_a_told_story_back(room: Room) -> None:
    declare(room, DAILY)
    first = report(room, "en", 5)
    assert run(room, SEVEN) == [("daily", "cut")]
    later = report(room, "de", -5)
    join(room, first, later, now=SEVEN + 6 * HOUR)
    assert run(room, SEVEN + DAY) == [("daily", "empty")]
    (newsletter,) = room.services.newsletters
    german = next(one for one in room.articles().values() if one.id == later)
    with room.store.read() as connection:
        (answer,) = article_outcomes(connection, (newsletter,), german, SEVEN + DAY)
    assert answer.outcome == "left out"
    assert "another language" in answer.text


def test_readers_who_chose_a_language_get_the_story_in_it(room: Room) -> None:
    declare(room, DAILY + 'query = "top"\n')
    room.subscribe(JO)
    told(room, {"en": 5, "en-gb": 4, "de": 3, "fr": 2})
    room.services.stories.run(SEVEN)
    choose(room, JO, SEVEN - HOUR, language=["de"])
    run(room, SEVEN)
    with room.store.read() as connection:
        rows = connection.execute(select(schema.editions.c.variant_key, schema.editions.c.text))
        lines = {row.variant_key: row.text.splitlines() for row in rows}
        url = room.services.private_feeds.url_of(JO) if room.services.private_feeds else ""
    (chosen,) = lines.keys() - {"edition"}
    assert REPORTS["en"][1] in lines["edition"]
    assert REPORTS["de"][1] in lines[chosen]
    assert REPORTS["en"][1] not in lines[chosen]
    assert room.services.private_feeds is not None
    feed = room.services.private_feeds.read(url.rpartition("/")[2].removesuffix(".rss"), "json")
    assert feed is not None
    assert [one["title"] for one in json.loads(feed.body)["items"]] == [REPORTS["de"][1]]

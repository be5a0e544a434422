"""Articles with one text: shown once in every list, whatever is edited, merged, pruned or read again."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from syndicate.model import Article, NewArticle, ScoredLink
from syndicate.publish.channel_query import parse_query
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.output import channel_store, stale
from syndicate.store.stories import story_moves, story_store
from tests.factories import NOW, new_article
from tests.jobs.room import SITE, Room, source
from tests.jobs.stories.test_stories import job

FERRY = (
    "Ferry to Sorvik stops for a week",
    (
        "The ferry between Lund Harbour and Sorvik stops for a week because its engine has to be "
        "replaced, the company said. Around four hundred people cross every day. Captain Elin Aas said"
        " a smaller boat would carry patients and mail until the Sorvik line runs again on Sunday."
    ),
)
MARKET = (
    "Covered market of Ostra opens again",
    (
        "After two years of repairs the covered market of Ostra opened its doors on Saturday. Thirty "
        "stalls sell fish, bread and flowers under a new glass roof. Mayor Tilda Brandt cut the ribbon"
        " and thanked the masons from Kalmar who had worked through two winters."
    ),
)
ORCHARD = (
    "Frost ruins the cherries of Vessby",
    (
        "Growers in Vessby lost most of their cherries in three nights of frost. Farmer Jonas Ek "
        "burned straw between the rows, in vain. The cooperative expects a tenth of a usual harvest "
        "and asks for help."
    ),
)


@pytest.fixture
def newsroom(room: Room) -> Room:
    papers = ("harbour", "hills", "dales")
    room.declare("".join(source(name, f"https://{name}.example/feed") for name in papers))
    return room


def write(room: Room, number: int, piece: tuple[str, str], paper: str = "harbour", **changes: object) -> int:
    (article_id,) = room.add(piece_of(number, piece, **changes), source=paper)
    return article_id


def piece_of(number: int, piece: tuple[str, str], **changes: object) -> NewArticle:
    facts = {"title": piece[0], "text": piece[1], "content_hash": f"{number} {hash(piece)}", **changes}
    return new_article(number, **facts)


def edit(room: Room, article_id: int, number: int, piece: tuple[str, str]) -> None:
    with room.store.write() as connection:
        (article,) = article_store.get_articles(connection, [article_id]).values()
        article_store.change_article(connection, article_id, article.source_id, piece_of(number, piece))


def articles(room: Room, *ids: int) -> list[Article]:
    with room.store.read() as connection:
        found = article_store.get_articles(connection, ids)
    return [found[article_id] for article_id in ids]


def shown(room: Room, query: str = "") -> set[int]:
    with room.store.read() as connection:
        return {one.id for one in channel_store.channel_articles(connection, parse_query(query), limit=50)}


def test_one_text_in_two_sources_is_shown_once_however_often_either_is_edited(newsroom: Room) -> None:
    first, second = write(newsroom, 1, FERRY), write(newsroom, 2, FERRY, "hills")
    job(newsroom).run(NOW)
    for times, article_id in enumerate((first, second, first, second), start=1):
        edited = (FERRY[0], FERRY[1].replace("four hundred", f"{times} hundred"))
        edit(newsroom, article_id, article_id, edited)
        job(newsroom).run(NOW)
        assert len({one.same_text for one in articles(newsroom, first, second)}) == 1
        assert len(shown(newsroom)) == 1
    assert shown(newsroom, "source:harbour") == {first}
    assert shown(newsroom, "source:hills") == {second}


def test_a_text_that_one_source_replaces_is_still_shown_from_the_other(newsroom: Room) -> None:
    first, second = write(newsroom, 1, FERRY), write(newsroom, 2, FERRY, "hills")
    job(newsroom).run(NOW)
    edit(newsroom, first, 1, MARKET)
    job(newsroom).run(NOW)
    assert shown(newsroom) == {first, second}


def test_an_article_edited_into_the_text_of_another_story_goes_there_and_its_story_leads_on(
    newsroom: Room,
) -> None:
    ferry, market = write(newsroom, 1, FERRY), write(newsroom, 2, MARKET, "hills")
    job(newsroom).run(NOW)
    old, kept = (one.story_id for one in articles(newsroom, market, ferry))
    edit(newsroom, market, 2, FERRY)
    job(newsroom).run(NOW)
    assert [one.story_id for one in articles(newsroom, ferry, market)] == [kept, kept]
    with newsroom.store.read() as connection:
        assert story_moves.current_stories(connection, [old or 0]) == {old: kept}
        (story,) = story_store.get_stories(connection, [old or 0, kept or 0]).values()
    assert (story.articles, story.coverage) == (2, 2)


def test_a_story_that_loses_an_edited_article_counts_the_others(newsroom: Room) -> None:
    ids = [write(newsroom, 1, FERRY), write(newsroom, 2, FERRY, "hills"), write(newsroom, 3, MARKET, "dales")]
    job(newsroom).run(NOW)
    edit(newsroom, ids[1], 2, MARKET)
    job(newsroom).run(NOW)
    stories = [one.story_id or 0 for one in articles(newsroom, *ids)]
    assert stories[1] == stories[2] != stories[0]
    with newsroom.store.read() as connection:
        found = story_store.get_stories(connection, stories)
    assert {one.id: (one.articles, one.coverage) for one in found.values()} == {
        stories[0]: (1, 1),
        stories[1]: (2, 2),
    }


def test_read_more_never_names_two_articles_with_one_text(newsroom: Room) -> None:
    ids = [write(newsroom, n, piece) for n, piece in enumerate((FERRY, MARKET, ORCHARD), start=1)]
    job(newsroom).run(NOW)
    with newsroom.store.write() as connection:
        rows = [ScoredLink(article_id=one, score=0.5, parts={}) for one in ids[1:]]
        story_store.save_related(connection, {ids[0]: rows})
    edit(newsroom, ids[2], 3, MARKET)
    job(newsroom).run(NOW)
    # Within one source a text is the same only under the same title, which this one has.
    assert len({one.same_text for one in articles(newsroom, *ids[1:])}) == 1
    with newsroom.store.read() as connection:
        links = story_store.related_links(connection, ids, site_url=SITE)
    assert len(links.get(ids[0], [])) <= 1


def test_read_more_of_an_edited_article_never_names_its_own_text(newsroom: Room) -> None:
    first, second = write(newsroom, 1, FERRY), write(newsroom, 2, FERRY, "hills")
    job(newsroom).run(NOW)
    edit(newsroom, first, 3, (FERRY[0], FERRY[1].replace("mail", "post")))
    job(newsroom).run(NOW)
    with newsroom.store.read() as connection:
        assert not any(story_store.related_links(connection, [first, second], site_url=SITE).values())


def test_lists_that_an_article_is_on_are_written_again_when_its_text_becomes_another(newsroom: Room) -> None:
    first = write(newsroom, 1, FERRY, tags=("Sorvik",))
    write(newsroom, 2, FERRY, "hills", tags=("Sorvik",))
    job(newsroom).run(NOW)
    with newsroom.store.write() as connection:
        (article,) = article_store.get_articles(connection, [first]).values()
        edited = piece_of(1, MARKET, tags=("Sorvik",))
        article_store.change_article(connection, first, article.source_id, edited)
        stale.clear_lists(connection, stale.stale_lists(connection))
    job(newsroom).run(NOW)
    with newsroom.store.read() as connection:
        assert "tag:sorvik" in stale.lists_by_name(stale.stale_lists(connection))


def test_a_sources_own_template_under_other_titles_is_no_copy(newsroom: Room) -> None:
    same = "Read the full story, listen to the episode and support the show on our site."
    ids = [
        write(newsroom, n, (f"Episode {n}: {name}", same)) for n, name in enumerate(("Moss", "Rust", "Salt"))
    ]
    job(newsroom).run(NOW)
    assert shown(newsroom) == set(ids)


def test_two_agencies_with_one_template_tell_twelve_events_as_twelve_stories(newsroom: Room) -> None:
    """Every article is shown: the sentences are alike, what they tell is not."""
    places = (
        "Aldra",
        "Brevik",
        "Corvo",
        "Dalum",
        "Eidet",
        "Fanoe",
        "Gurre",
        "Hovda",
        "Ilmar",
        "Jorpe",
        "Kvalo",
    )
    ids: list[list[int]] = []
    for number, place in enumerate((*places, "Lomma")):
        strength, depth = f"{4 + number / 10:.1f}", 11 + 3 * number
        harbour = (
            f"Magnitude {strength} earthquake shakes {place}",
            (
                f"An earthquake of magnitude {strength} shook {place} on Monday, the survey said. It "
                f"was {depth} kilometres deep. There were no reports of damage. No tsunami warning was "
                "issued."
            ),
        )
        hills = (
            f"{place} shaken by earthquake of magnitude {strength}",
            (
                f"A magnitude {strength} earthquake shook {place} on Monday, seismologists said. The "
                f"centre was {depth} km below the ground. Nobody was hurt. There was no danger of a "
                "tsunami."
            ),
        )
        ids.append(
            [write(newsroom, 2 * number + 1, harbour), write(newsroom, 2 * number + 2, hills, "hills")]
        )
    job(newsroom).run(NOW)
    assert len(shown(newsroom)) == 24
    stories = [{one.story_id for one in articles(newsroom, *pair)} for pair in ids]
    assert all(len(found) == 1 for found in stories)
    assert len(set().union(*stories)) == 12


@pytest.mark.parametrize(
    ("language", "title", "text", "places"),
    [
        (
            "de",
            "Erdbeben der Stärke {strength} erschüttert {place}",
            (
                "Ein Erdbeben der Stärke {strength} hat am Montag {place} erschüttert, teilte die Warte mit. "
                "Das Zentrum lag in einer Tiefe von {depth} Kilometern. Berichte über Schäden gab es "
                "zunächst nicht. Bewohner liefen auf die Straßen."
            ),
            ("Aldra", "Brevik", "Corvo", "Dalum"),
        ),
        (
            "ar",
            "زلزال بقوة {strength} يضرب {place}",
            (
                "ضرب زلزال بقوة {strength} درجات {place} يوم الاثنين، بحسب هيئة المسح. ووقع الزلزال على عمق "
                "{depth} كيلومترا. ولم ترد تقارير فورية عن أضرار أو إصابات. وخرج السكان إلى الشوارع."
            ),
            ("اليابان", "تشيلي", "تركيا", "المكسيك"),
        ),
        (
            "zh",
            "{place}发生{strength}级地震",
            (
                "地质调查局表示，周一{place}发生{strength}级地震。震源深度为{depth}公里。目前没有关于损失"
                "或人员伤亡的报告。居民跑到街上。"
            ),
            ("日本", "智利", "土耳其", "墨西哥"),
        ),
    ],
    ids=["German", "Arabic", "Chinese"],
)
def test_one_template_tells_different_events_where_capitals_mark_no_names(
    newsroom: Room, language: str, title: str, text: str, places: tuple[str, ...]
) -> None:
    ids = []
    for number, place in enumerate(places):
        facts = {"place": place, "strength": f"{4 + number / 10:.1f}", "depth": 11 + 3 * number}
        piece = title.format(**facts), text.format(**facts)
        ids.append(write(newsroom, number, piece, language=language))
    job(newsroom).run(NOW)
    assert len({one.story_id for one in articles(newsroom, *ids)}) == len(places)


def test_terms_of_another_version_are_made_again_and_stories_stay(newsroom: Room) -> None:
    ids = [write(newsroom, 1, FERRY), write(newsroom, 2, FERRY, "hills"), write(newsroom, 3, MARKET)]
    job(newsroom).run(NOW)
    before = [one.story_id for one in articles(newsroom, *ids)]
    terms = schema.article_terms
    with newsroom.store.write() as connection:
        connection.execute(terms.update().values(terms=b"\x01 of an older version"))
        connection.execute(schema.articles.update().values(same_text=schema.articles.c.id))
    ids.append(write(newsroom, 4, ORCHARD))
    assert job(newsroom).run(NOW).placed == 4
    assert [one.story_id for one in articles(newsroom, *ids[:3])] == before
    assert len({one.same_text for one in articles(newsroom, *ids)}) == 3
    with newsroom.store.read() as connection:
        assert {packed[0] for packed in connection.scalars(select(terms.c.terms))} == {4}


def test_pruning_keeps_the_counts_of_the_stories_that_lose_articles(newsroom: Room) -> None:
    year = timedelta(days=400)
    write(newsroom, 1, FERRY, published=NOW - year, updated=NOW - year, first_seen=NOW - year)
    job(newsroom).run(NOW - year)
    (kept,) = room_stories(newsroom)
    young = write(newsroom, 2, MARKET, "hills")
    job(newsroom).run(NOW)
    with newsroom.store.write() as connection:
        rows = schema.articles
        connection.execute(rows.update().where(rows.c.id == young).values(story_id=kept))
    newsroom.services.prune.run(NOW)
    with newsroom.store.read() as connection:
        story = story_store.get_stories(connection, [kept])[kept]
    assert (story.articles, story.coverage, story.lead_id) == (1, 1, young)


def room_stories(room: Room) -> list[int]:
    with room.store.read() as connection:
        return list(connection.scalars(select(schema.stories.c.id)))

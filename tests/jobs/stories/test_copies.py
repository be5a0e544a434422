"""Copies under the stories job: a shortened text is the same text, and an edit does not move an article."""

from syndicate.store.ingest import article_store
from tests.factories import NOW, new_article
from tests.invariants.material import FERRY, LIBRARY, RAILWAY
from tests.invariants.sameness import labels
from tests.jobs.room import Room, source


def declare(room: Room) -> None:
    room.declare(
        "".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills", "dales"))
    )


def arrive(room: Room, number: int, paper: str, title: str, text: str) -> int:
    (article_id,) = room.add(new_article(number, title=title, text=text), source=paper)
    room.services.stories.run(NOW)
    return article_id


def story_of(room: Room, article_id: int) -> int:
    with room.store.read() as connection:
        return article_store.get_articles(connection, [article_id])[article_id].story_id or 0


def test_a_text_that_another_paper_cut_to_its_first_part_is_the_same_text(room: Room) -> None:
    declare(room)
    long = f"{FERRY.text(0, 8)} {LIBRARY.text(0, 7)} {RAILWAY.text(4, 4)}"
    whole = arrive(room, 2, "harbour", FERRY.titles[0], long)
    cut = arrive(room, 1, "hills", FERRY.titles[0], FERRY.text(0, 8))
    other = arrive(room, 3, "dales", RAILWAY.titles[0], RAILWAY.text(0, 4))
    with room.store.read() as connection:
        found = labels(connection)
    assert found[whole] == found[cut] != found[other]


def test_an_edited_article_stays_in_its_story_though_its_words_are_those_of_another(room: Room) -> None:
    declare(room)
    first = arrive(room, 4, "harbour", FERRY.titles[0], FERRY.text(0, 4))
    second = arrive(room, 3, "hills", FERRY.titles[0], f"{FERRY.text(0, 3)} {FERRY.text(4, 3)}")
    railway = arrive(room, 2, "dales", RAILWAY.titles[0], RAILWAY.text(0, 6))
    story = story_of(room, first)
    assert story == story_of(room, second) != story_of(room, railway)
    edited = f"{RAILWAY.text(0, 2)} {FERRY.text(6, 1)} {RAILWAY.text(6, 2)}"
    with room.store.write() as connection:
        change = new_article(3, title=RAILWAY.titles[0], text=edited, content_hash="edited")
        article_store.change_article(connection, second, 2, change)
    room.services.stories.run(NOW)
    assert story_of(room, second) == story

"""A footer under every article of a source joins none of them, in batches of any size and after restarts."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from syndicate.jobs.stories.placing import Placing
from syndicate.store import schema
from syndicate.store.ingest import article_store
from syndicate.store.stories import story_store
from syndicate.stories import Fingerprint
from tests.factories import NOW, new_article
from tests.jobs.room import Room, opened_room, source

FOOTER = (
    "This clip is part of the Pier Road podcast, recorded every Thursday by Ada Brandt and Luis Okoro in the "
    "old customs house. Subscribe to the whole programme, support the studio with a monthly gift, order "
    "tickets for the winter tour of lighthouses, or send a question to the producers of the podcast."
)
CLIPS = (
    ("Why sourdough starters die", "Bakers compare flour and patience."),
    ("The map that moved a border", "A surveyor's error of 1871 still divides two villages."),
    ("How eels find the sea", "Biologists follow a silver migration by night."),
    ("A ballad for a bridge", "The choir sings beneath the arches before demolition."),
    ("Counting the stars again", "A catalogue of faint galaxies doubles in size."),
    ("The typewriter repairman", "Ribbons, springs and one stubborn letter."),
)


def declare(room: Room) -> None:
    room.declare("".join(source(name, f"https://{name}.example/feed") for name in ("harbour", "hills")))


@pytest.fixture(autouse=True)
def _declared(room: Room) -> None:
    declare(room)


def publish(room: Room, *, batch: int, restart: bool = False) -> list[int]:
    """Let each clip arrive with the footer; return the stories, the earliest clip first."""
    articles = [
        new_article(50 - number, title=title, text="", html=f"<p>{text}</p><p>{FOOTER}</p>")
        for number, (title, text) in enumerate(CLIPS)
    ]
    groups = [[article] for article in articles] if restart else [articles]
    ids = []
    for group in groups:
        ids += room.add(*group)
        if restart:
            room.services.__dict__.pop("stories", None)
        room.services.stories.batch = batch
        room.services.stories.run(NOW)
    return ids


def stories_and_terms(room: Room, ids: list[int]) -> list[tuple[int | None, bytes]]:
    index = room.services.stories._index
    assert index is not None
    with room.store.read() as connection:
        articles = article_store.get_articles(connection, ids)
    return [(articles[number].story_id, index.packed(number)) for number in ids]


def test_clips_with_one_footer_are_no_story_from_the_third_on(room: Room) -> None:
    placed = stories_and_terms(room, publish(room, batch=250))
    assert len({story for story, _ in placed[1:]}) == len(CLIPS) - 1
    lengths = [Fingerprint.unpack(terms).length for _, terms in placed]
    assert all(length < len(FOOTER) for length in lengths[2:])
    assert all(length > len(FOOTER) for length in lengths[:2])


def test_batches_and_restarts_change_nothing(tmp_path: Path) -> None:
    results = []
    for batch, restart in ((250, False), (1, False), (250, True)):
        folder = tmp_path / f"{batch}-{restart}"
        folder.mkdir()
        with opened_room(folder) as room:
            declare(room)
            results.append(stories_and_terms(room, publish(room, batch=batch, restart=restart)))
    assert results[0] == results[1] == results[2]


def test_a_batch_that_fails_is_remembered_once(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Placing.place
    monkeypatch.setattr(Placing, "place", lambda self, batch, *more: fail_together(whole, self, batch, *more))
    with room.store.read() as connection:
        assert connection.scalar(select(schema.source_lines.c.seen)) is None
    alone = stories_and_terms(room, publish(room, batch=250))
    assert [Fingerprint.unpack(terms).length < len(FOOTER) for _, terms in alone] == [False] * 2 + [True] * 4


def test_the_lines_of_a_source_are_written_only_when_they_change(room: Room) -> None:
    ids = publish(room, batch=250)
    room.add(new_article(60, title="Only a headline", text="", html=""))
    with room.store.write() as connection:
        story_store.requeue_articles(connection, ids)
        connection.exec_driver_sql(
            "CREATE TRIGGER kept BEFORE INSERT ON source_lines BEGIN SELECT RAISE(ABORT, 'written'); END"
        )
    again = room.services.stories.run(NOW)
    assert (again.placed, again.failed) == (len(ids) + 1, 0)


def fail_together(place: Callable[..., tuple[int, int]], placing: Placing, batch: Sequence[Any], *more: Any):
    """Place single articles only."""
    if len(batch) > 1:
        raise ValueError("too many")
    return place(placing, batch, *more)


def test_another_source_may_use_the_same_words(room: Room) -> None:
    publish(room, batch=250)
    (number,) = room.add(new_article(9, title="A note", text=FOOTER), source="hills")
    room.services.stories.run(NOW)
    ((_, terms),) = stories_and_terms(room, [number])
    assert Fingerprint.unpack(terms).length > len(FOOTER)

"""``explain --channel``: the answer agrees with the feed that the publish job writes."""

import json
from datetime import timedelta

from syndicate.jobs.publish.channel_lookup import channel_absence
from syndicate.model import Article
from tests.factories import NOW, new_article
from tests.jobs.room import Room, source

CHANNELS = """
[[channels]]
name = "news"
limit = 2
[[channels]]
name = "sport"
query = "section:sport"
[[channels]]
name = "top"
query = "top"
"""
AT = NOW + timedelta(hours=1)


def reasons(room: Room, channel: str, article: Article) -> list[str]:
    services = room.services
    declared = next(declared for declared in services.channels if declared.name == channel)
    found = channel_absence(room.store, declared, article, services.published, services.ranking, AT)
    return [reason.kind for reason in found]


def published(room: Room) -> dict[str, Article]:
    room.declare(CHANNELS + source("harbour", "https://harbour.example/feed"))
    texts = (
        "The ferry strike ends after nine days",
        "A museum opens on the old pier",
        "Frost kills the plums",
    )
    stories = [
        new_article(
            number,
            title=title,
            text=" ".join([title] * 20),
            section="sport" if number == 1 else "city",
            published=NOW - timedelta(hours=10 * number),
        )
        for number, title in enumerate(texts, start=1)
    ]
    copy = new_article(4, title=texts[0], text=stories[0].text, section="city", published=NOW)
    room.add(*stories, copy)
    before = {article.id: article for article in room.articles().values()}
    assert all(reasons(room, "news", article)[0] == "not placed" for article in before.values())
    room.services.stories.run(AT)
    room.services.publish.run(AT)
    with room.store.read() as connection:
        from syndicate.store.ingest import article_store

        found = article_store.get_articles(connection, range(1, 5))
    return {name: found[number] for number, name in enumerate(("ferry", "museum", "frost", "copy"), start=1)}


def test_the_answer_agrees_with_the_feeds(room: Room) -> None:
    found = published(room)
    for name, article in found.items():
        for channel in ("news", "sport", "top"):
            feed = json.loads((room.services.output / f"{channel}.json").read_bytes())
            carried = f"urn:uuid:{article.uid}" in {entry["id"] for entry in feed["items"]}
            assert (reasons(room, channel, article) == []) is carried, (name, channel)


def test_the_reasons_are_those_of_the_rows(room: Room) -> None:
    found = published(room)
    assert reasons(room, "sport", found["museum"]) == ["query"]
    assert reasons(room, "news", found["copy"]) == ["same text"]
    assert reasons(room, "news", found["frost"]) == ["limit"]
    assert reasons(room, "news", found["ferry"]) == []
    (room.services.output / "news.json").unlink()
    assert reasons(room, "news", found["ferry"]) == ["not written"]

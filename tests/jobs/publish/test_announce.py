"""Our own feeds and our hub: named in every document, told of every change, once."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from lxml import etree

from tests.factories import NOW, new_article
from tests.jobs.hub import Hub
from tests.jobs.room import BASE, SITE, Room, source
from tests.net.scripted_server import ScriptedServer, hang

HUB_LINK = "//*[local-name()='link' and @rel='hub']/@href"


@pytest.fixture
def hub(room: Room) -> Iterator[Hub]:
    """A hub that the site names, and a published article."""
    with Hub(room) as hub:
        declare(hub)
        publish(hub, 1)
        yield hub


def declare(hub: Hub, address: str = "/hub") -> None:
    base = BASE.replace("[http]", f'hub = "{hub.url(address)}"\n[http]') if address else BASE
    hub.room.declare(source("harbour", hub.url("/feed")), base=base)


def publish(hub: Hub, number: int = 0) -> None:
    if number:
        hub.room.add(new_article(number))
    hub.room.services.stories.run(NOW)
    hub.room.services.publish.run(NOW)


def announce(hub: Hub, minutes: float = 0) -> dict[str, int]:
    return hub.room.services.announce.run(NOW + timedelta(minutes=minutes))


def test_W1_every_feed_names_the_hub_and_itself(hub: Hub) -> None:
    output = hub.room.services.output
    for name in ("news.rss", "news.atom"):
        assert etree.parse(output / name).xpath(HUB_LINK) == [hub.url("/hub")]
    feed = json.loads((output / "news.json").read_bytes())
    assert feed["hubs"] == [{"type": "WebSub", "url": hub.url("/hub")}]
    assert feed["feed_url"] == f"{SITE}/news.json"


@pytest.mark.all
def test_W3_the_hub_is_told_of_the_newsletter_s_own_feed(hub: Hub) -> None:
    base = BASE.replace("[http]", f'hub = "{hub.url("/hub")}"\n[http]')
    letter = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
    hub.room.declare(source("harbour", hub.url("/feed")) + letter, base=base)
    publish(hub, 3)
    announce(hub)
    hub.asked.clear()
    hub.room.services.editions.run(NOW + timedelta(hours=22))
    publish(hub)
    assert announce(hub, 60) == {"told": 3, "failed": 0}
    topics = [f"{SITE}/newsletters/daily.{kind}" for kind in ("atom", "json", "rss")]
    assert [asked["hub.topic"] for asked in hub.asked] == topics
    publish(hub)
    assert announce(hub, 120) == {"told": 0, "failed": 0}


@pytest.mark.all
def test_W3_the_hub_is_told_of_each_changed_document_once(hub: Hub) -> None:
    assert announce(hub) == {"told": 3, "failed": 0}
    topics = [f"{SITE}/news.{kind}" for kind in ("atom", "json", "rss")]
    assert hub.asked == [{"hub.mode": "publish", "hub.url": topic, "hub.topic": topic} for topic in topics]
    publish(hub)
    hub.room.services.publish.forget()
    publish(hub)
    assert announce(hub, 60) == {"told": 0, "failed": 0}
    publish(hub, 2)
    assert announce(hub, 60)["told"] == 3


def test_W3_a_hub_that_does_not_answer_is_told_later_and_less_and_less(hub: Hub) -> None:
    hub.status = 503
    assert announce(hub) == {"told": 0, "failed": 3}
    assert announce(hub, 0.9) == {"told": 0, "failed": 0}
    assert announce(hub, 1)["failed"] == 3
    assert announce(hub, 2.5) == {"told": 0, "failed": 0}
    hub.status = 204
    assert announce(hub, 3)["told"] == 3
    assert announce(hub, 999) == {"told": 0, "failed": 0}


def test_T4_a_hub_that_hangs_is_left_when_the_program_stops_and_told_at_the_next_start(hub: Hub) -> None:
    with ScriptedServer({"/hub": hang}) as silent:
        base = BASE.replace("[http]", f'hub = "{silent.url("/hub")}"\n[http]')
        hub.room.declare(source("harbour", hub.url("/feed")), base=base)
        publish(hub)
        done = hub.room.services.announce.run(NOW, should_stop=lambda: bool(silent.asked))
        assert (done, len(silent.asked)) == ({"told": 0, "failed": 0}, 1)
    declare(hub)
    publish(hub)
    assert announce(hub)["told"] == 3


def test_without_a_hub_nothing_is_said_or_kept(hub: Hub) -> None:
    declare(hub, "")
    publish(hub, 2)
    assert announce(hub) == {}
    assert hub.asked == []
    assert "hubs" not in json.loads((hub.room.services.output / "news.json").read_bytes())

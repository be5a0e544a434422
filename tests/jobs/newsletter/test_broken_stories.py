"""A story with which a template of the operator fails costs itself, not the edition."""

from datetime import timedelta

import pytest

from syndicate.model import EditionContent
from syndicate.store.core import quarantine
from syndicate.store.mail import review_store
from tests.jobs.newsletter.test_editions import DAILY, DECLARED, HOUR, SEVEN, SOURCES, news
from tests.jobs.reviewing import editor
from tests.jobs.room import Room

BAD = "Harbour bridge closed for repairs"
TITLES = ("Lighthouse becomes a library", BAD, "Snow falls on the northern pass")
FAILING = {
    "a division by zero": "{% if story.title.startswith('Harbour') %}{{ 1 / 0 }}{% endif %}",
    "a missing attribute": "{% if story.title.startswith('Harbour') %}{{ story.titel }}{% endif %}",
}


def template(room: Room, text: str, name: str = "mail/digest.txt", *, more: str = "") -> None:
    """The shipped template with ``text`` for each story after it."""
    file = room.folder / "mine" / name
    file.parent.mkdir(parents=True, exist_ok=True)
    for_each = "{% for story in stories + trending %}" + text + "{% endfor %}"
    file.write_text('{% include "!builtin/' + name + '" %}' + for_each, "utf-8")
    declare(room, more)


def declare(room: Room, more: str = "") -> None:
    room.declare(SOURCES + DAILY + more + '\n[templates]\nfolder = "mine"\n', now=DECLARED)


@pytest.fixture
def office(rooms: Room) -> Room:
    rooms.declare(SOURCES + DAILY, now=DECLARED)
    rooms.subscribe("ann@example.org")
    rooms.add(*(news(n, SEVEN - n * HOUR, title) for n, title in enumerate(TITLES, start=1)))
    rooms.services.stories.run(SEVEN)
    return rooms


def broken(room: Room) -> list[tuple[str, str]]:
    with room.store.read() as connection:
        return [(one.kind, one.reason) for one in quarantine.failures(connection)]


@pytest.mark.all
@pytest.mark.parametrize("failing", FAILING)
def test_one_story_that_breaks_a_template_is_left_out_and_it_is_said(office: Room, failing: str) -> None:
    template(office, FAILING[failing])
    (outcome,) = office.services.editions.run(SEVEN)
    assert (outcome.outcome, outcome.stories) == ("cut", 2)
    (said,) = outcome.trimmed
    assert said.startswith(
        f'the story "{BAD}" was left out, because the template fails with it: Template mail/'
    )
    assert outcome.edition_id
    with office.store.read() as connection:
        found = review_store.review_edition(connection, outcome.edition_id)
        (change,) = review_store.edition_changes(connection, outcome.edition_id)
    assert found is not None
    assert {one.title for one in EditionContent.from_json(found.content or {}).stories} == set(TITLES) - {BAD}
    assert (change.changed_by, change.action, change.detail) == ("syndicate", "trim", said)
    ((kind, reason),) = broken(office)
    assert kind == "story"
    assert BAD in reason


@pytest.mark.all
def test_the_quarantine_of_a_story_ends_with_the_next_edition(office: Room) -> None:
    template(office, FAILING["a division by zero"])
    office.services.editions.run(SEVEN)
    assert len(broken(office)) == 1
    office.add(news(9, SEVEN + HOUR, "Market hall opens at dawn"))
    declare(office)
    (office.folder / "mine" / "mail" / "digest.txt").unlink()
    declare(office)
    next_day = SEVEN + timedelta(days=1)
    office.services.stories.run(next_day)
    assert [one.outcome for one in office.services.editions.run(next_day)] == ["cut"]
    assert broken(office) == []


def test_a_template_that_fails_with_every_story_cuts_nothing(office: Room) -> None:
    template(office, "{{ story.titel }}")
    (outcome,) = office.services.editions.run(SEVEN)
    assert (outcome.outcome, outcome.trimmed) == ("failed", ())
    assert "'titel'" in outcome.problem
    assert [kind for kind, _ in broken(office)] == ["newsletter"]


@pytest.mark.all
def test_a_story_that_breaks_a_template_only_beside_others_is_found(office: Room) -> None:
    template(office, "{% if loop.index > 1 and story.title.startswith('Harbour') %}{{ nope }}{% endif %}")
    (outcome,) = office.services.editions.run(SEVEN)
    assert outcome.outcome == "cut"
    assert outcome.stories >= 2


@pytest.mark.all
def test_a_story_with_which_a_template_never_ends_is_left_out(
    office: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("syndicate.workers.rendering.TIME_LIMIT", 2)
    template(
        office,
        "{% if story.title.startswith('Harbour') %}{% for a in range(99999) %}{% for b in range(99999) %}"
        "{% endfor %}{% endfor %}{% endif %}",
    )
    (outcome,) = office.services.editions.run(SEVEN)
    assert (outcome.outcome, outcome.stories) == ("cut", 2)
    assert "did not finish within 2 s" in outcome.trimmed[0]


def test_an_edition_that_waits_for_its_editor_leaves_the_story_out_too(office: Room) -> None:
    template(office, FAILING["a division by zero"], "mail/digest.html", more='approval = "1h"\n')
    (outcome,) = office.services.editions.run(SEVEN)
    assert (outcome.outcome, outcome.stories) == ("waiting", 2)
    editor(office.services).approve(outcome.edition_id or 0, by="ann", now=SEVEN + HOUR / 2)
    with office.store.read() as connection:
        changes = review_store.edition_changes(connection, outcome.edition_id or 0)
    assert [one.action for one in changes] == ["trim", "approve"]

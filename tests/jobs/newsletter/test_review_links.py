"""The desk in a browser: a signed link, one button at a time, and the same jobs as at the command line."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest

from syndicate.errors import SyndicateError
from syndicate.jobs.admin.mailing.review_links import ReviewLinks
from syndicate.reports.sample_data import NEWSLETTER, review_page
from syndicate.store.mail import delivery_store
from syndicate.web import WebOptions
from tests.factories import new_article
from tests.jobs.newsletter.test_variants import (
    ANN,
    BOB,
    CAT,
    SEVEN,
    WAITS,
    issue,
    prepared,
    readers,
    titles,
)
from tests.jobs.reviewing import editor
from tests.jobs.room import SITE, Room
from tests.template_variables import TRANSLATED
from tests.web.conftest import Answer, Site, pages_at_once, serving
from tests.web.forms import PageForm, form_with, forms_of
from tests.web_app import create_app

HOUR = timedelta(hours=1)
ENDS = SEVEN + timedelta(days=7)


@dataclass
class Office:
    """A running server, a newsroom with an edition that waits, and an editor's link."""

    room: Room
    site: Site
    desk: ReviewLinks
    path: str

    def get(self, path: str = "") -> Answer:
        return self.site.get(path or self.path)

    def page(self) -> str:
        return self.get().body.decode()

    def press(
        self, what: str, *, path: str = "", site: str = "same-origin", on: str = "save", **fields: str
    ) -> Answer:
        """Send the first form with a button ``on``, as a browser would."""
        form = next((one for one in forms_of(self.page()) if ("do", on) in one.buttons), PageForm(""))
        body = urlencode([*form.typed(**fields), ("do", what)]).encode()
        kind = "application/x-www-form-urlencoded"
        return self.site.ask(
            "POST", path or self.path, body, Content_Type=kind, Sec_Fetch_Site=site, Origin="null"
        )

    def story(self, title: str) -> str:
        number = issue(self.room).edition.id
        _, content = self.room.services.review.edition(number)
        return next(one.key for one in (*content.stories, *content.left_out) if one.title == title)

    def titles(self) -> list[str]:
        _, content = self.room.services.review.edition(issue(self.room).edition.id)
        return [one.title for one in content.stories]


@pytest.fixture
def language() -> str:
    """Of the newsletter; most tests read English."""
    return "en"


@pytest.fixture
def office(room: Room, tmp_path: Path, language: str) -> Iterator[Office]:
    prepared(room, f'{WAITS}language = "{language}"\n')
    assert room.services.review_links is not None
    desk = replace(room.services.review_links, clock=lambda: SEVEN + HOUR)
    app = create_app(
        WebOptions(),
        tmp_path / "feeds",
        room.services.unsubscribe,
        templates=room.services.templates,
        health=dict,
        review_links=desk,
    )
    path = desk.link("daily", "Jo ä", ENDS).removeprefix(SITE)
    with serving(app, tmp_path) as site:
        yield Office(room, site, desk, path)


def test_the_desk_shows_what_waits_privately_and_without_scripts(office: Office) -> None:
    answer = office.get()
    page = answer.body.decode()
    assert answer.status == 200
    assert (answer["Cache-Control"], answer["X-Robots-Tag"], answer["Referrer-Policy"]) == (
        "no-store",
        "noindex",
        "no-referrer",
    )
    assert answer["Set-Cookie"] is None
    policy = answer["Content-Security-Policy"] or "unsafe"
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.count("<script") == page.count('<script src="/site/assets/site.js" defer ') == 1
    assert all(title in page for title in office.titles())
    assert "Jo ä" in page
    assert "Send to 3 subscribers" in page
    assert "24 Nov 2026, 09:00 <bdi>UTC</bdi>" in page
    assert "1 other selection of subscribers" in page


@pytest.mark.parametrize(
    ("language", "direction", "waits", "held", "stale", "nothing"),
    [
        (
            "ar",
            "rtl",
            "أرسله إلى المشتركين (العدد: 3)",
            "معلق. لا يرسل",
            "مراجعته مرة أخرى",
            "لا شيء للمراجعة.",
        ),
        ("de", "ltr", "An 3 Abonnenten senden", "Angehalten.", "prüfen Sie sie erneut", "Nichts zu prüfen."),
        ("es", "ltr", "Enviar a 3 suscriptores", "Retenida.", "Revísela de nuevo", "Nada que revisar."),
        (
            "fr",
            "ltr",
            "Envoyer à 3 abonnés",
            "Mise en attente.",
            "Vérifiez-la à nouveau",
            "Rien à relire.",
        ),
        ("fi", "ltr", "Send to 3 subscribers", "On hold.", "check it again", "Nothing to review."),
    ],
)
@pytest.mark.sampled(2)
def test_the_desk_speaks_the_language_of_the_newsletter(
    office: Office, language: str, direction: str, waits: str, held: str, stale: str, nothing: str
) -> None:
    spoken = "en" if language == "fi" else language
    first = office.page()
    assert f'<div class="server" lang="{spoken}" dir="{direction}">' in first
    assert waits in first
    pressed = office.press("hold").body.decode()
    assert held in pressed
    assert stale in office.press("hold", seen="other").body.decode()
    office.press("withdraw", sure="yes")
    assert nothing in office.page()


@pytest.mark.all
@pytest.mark.parametrize("language", ["ar"])
def test_no_english_is_left_on_an_arabic_desk_but_what_is_not_ours_to_translate(office: Office) -> None:
    """What lint says, and what others wrote, are marked as text of its own."""
    page = office.press("hold").body.decode().partition("<main")[2].partition("</main>")[0].partition(">")[2]
    alien = r"<style>.*</style>|<bdi.*?</bdi>|<textarea.*?</textarea>|<[^>]*>|&\w+;"
    words = re.findall("[A-Za-z]{2,}", re.sub(alien, " ", page, flags=re.DOTALL))
    assert set(words) <= {"The", "Newsroom", "daily"}


@pytest.mark.parametrize("language", ["en", *TRANSLATED])
def test_the_desk_tells_every_time_on_the_newsletters_clock(language: str) -> None:
    here = replace(NEWSLETTER, time_zone="Europe/Berlin", language=language)
    page = pages_at_once().in_language(language).page("pages/desk.html", view=review_page(here, SEVEN))
    html = bytes(page.body).decode()
    assert html.count("8:00 <bdi>CET</bdi>") == 11
    assert "UTC" not in html.partition("<main")[2]


@pytest.mark.all
def test_looking_changes_nothing(office: Office) -> None:
    before = issue(office.room)
    assert office.page() == office.page()
    assert office.get(f"{office.path}/{before.edition.id}").status == 200
    assert (issue(office.room), readers(office.room)) == (before, [])


def test_every_button_does_what_the_command_does_and_is_recorded(office: Office) -> None:
    first, second, third = office.titles()
    key = office.story
    steps: tuple[tuple[str, dict[str, str], list[str]], ...] = (
        (f"down:{key(first)}", {}, [second, first, third]),
        (f"up:{key(third)}", {}, [second, third, first]),
        (f"leave:{key(third)}", {}, [second, first]),
        (
            "save",
            {"note": "Good morning.\r\n\r\nIt rains.", f"summary-{key(first)}": "Short."},
            [second, first],
        ),
        (f"back:{key(third)}", {"subject": "The news of Tuesday"}, [second, first, third]),
        ("save", {f"headline-{key(second)}": "A <b>better</b> one"}, ["A <b>better</b> one", first, third]),
    )
    for what, fields, order in steps:
        answer = office.press(what, **fields)
        assert (answer.status, b'role="status"' in answer.body) == (200, True), what
        assert office.titles() == order
    _, content = office.room.services.review.edition(issue(office.room).edition.id)
    assert (content.note, content.title) == ("Good morning.\n\nIt rains.", "The news of Tuesday")
    assert [one.summary for one in content.stories if one.title == first] == ["Short."]
    changes = office.room.services.review.changes(issue(office.room).edition.id)
    assert {one.changed_by for one in changes} == {"Jo ä"}
    assert [one.action for one in changes] == [
        *("move", "move", "drop", "note", "summary", "retitle", "back", "retitle"),
    ]
    assert "A &lt;b&gt;better&lt;/b&gt; one" in office.page()


@pytest.mark.all
def test_the_words_of_a_form_that_is_stale_come_back_beside_the_saved_words(office: Office) -> None:
    form = form_with(office.page(), "save")
    office.press("save", note="Somebody was faster.")
    body = urlencode([*form.typed(note="My own long note."), ("do", "save")]).encode()
    kind = "application/x-www-form-urlencoded"
    answer = office.site.ask("POST", office.path, body, Content_Type=kind, Sec_Fetch_Site="same-origin")
    page = answer.body.decode()
    assert answer.status == 409
    assert form_with(page, "save").value("note") == "My own long note."
    assert '<q dir="auto">Somebody was faster.</q>' in page
    assert (
        office.room.services.review.edition(issue(office.room).edition.id)[1].note == "Somebody was faster."
    )


@pytest.mark.all
def test_an_approval_can_be_taken_back_for_a_minute_at_the_desk(office: Office) -> None:
    assert office.press("approve", sure="yes").status == 200
    assert "Goes out at" in office.page()
    assert office.press("take back", on="take back").status == 200
    assert (issue(office.room).state, readers(office.room)) == ("held", [])
    assert "Send to 3 subscribers" in office.page()


def test_approving_needs_a_tick_and_sends_to_everybody_once(office: Office) -> None:
    answer = office.press("approve")
    assert (answer.status, b"tick the box" in answer.body) == (409, True)
    assert readers(office.room) == []
    page = office.page()
    assert office.press("approve", sure="yes").status == 200
    assert readers(office.room) == [ANN, BOB, CAT]
    assert "Nothing to review." in office.page()
    again = office.press("approve", sure="yes")
    assert (again.status, readers(office.room)) == (409, [ANN, BOB, CAT])
    assert 'value="approve"' in page


@pytest.mark.all
def test_hold_and_withdraw(office: Office) -> None:
    assert office.press("hold").status == 200
    assert (issue(office.room).state, issue(office.room).approve_by) == ("held", None)
    assert "On hold until" in office.page()
    assert office.press("withdraw").status == 409
    assert office.press("withdraw", sure="yes").status == 200
    assert issue(office.room).state == "withdrawn"


def sent(office: Office) -> Office:
    """The edition has gone out."""
    editor(office.room.services).approve(issue(office.room).edition.id, by="jo", now=SEVEN + HOUR)
    return office


@pytest.mark.parametrize(
    ("language", "begin", "begun", "unsaid"),
    [
        ("en", "Start a correction", "started and on hold", "say what is being corrected"),
        ("ar", "ابدأ تصحيحا", "بدأ التصحيح", "اكتب ما الذي يجري تصحيحه"),
        ("de", "Berichtigung beginnen", "Berichtigung begonnen", "was berichtigt wird"),
        ("es", "Empezar una corrección", "Corrección empezada", "Escriba qué se corrige"),
        ("fr", "Commencer un rectificatif", "Rectificatif commencé", "Écrivez ce que vous rectifiez"),
    ],
)
@pytest.mark.sampled(1)
def test_the_correction_of_what_went_out_is_begun_at_the_desk_and_waits_there(
    office: Office, begin: str, begun: str, unsaid: str
) -> None:
    number = issue(sent(office).room).edition.id
    assert begin in office.page()
    assert office.get(f"{office.path}/{number}").status == 200
    empty = office.press("correct", on="correct", text=" ")
    assert (empty.status, unsaid in empty.body.decode()) == (409, True)
    answer = office.press("correct", on="correct", text="The ferry sails.\r\n\r\nIt never stopped.")
    page = answer.body.decode()
    assert (answer.status, begun in page, begin in page) == (200, True, False)
    correction = issue(office.room)
    assert (correction.edition.revision, correction.state) == (1, "held")
    assert f'id="edition-{correction.edition.id}"' in page
    _, content = office.room.services.review.edition(correction.edition.id)
    assert content.correction == "The ferry sails.\n\nIt never stopped."
    (change,) = office.room.services.review.changes(correction.edition.id)
    assert (change.action, change.changed_by) == ("correct", "Jo ä")
    assert readers(office.room) == [ANN, BOB, CAT]
    assert office.press("approve", sure="yes").status == 200
    assert readers(office.room) == sorted([ANN, BOB, CAT] * 2)


@pytest.mark.all
def test_a_correction_just_begun_comes_before_what_waits_besides(office: Office) -> None:
    wrong = issue(sent(office).room).edition.id
    office.room.add(
        new_article(9, title="Tram late", **dict.fromkeys(("published", "updated"), SEVEN + HOUR))
    )
    tomorrow = SEVEN + 24 * HOUR
    office.room.services.stories.run(tomorrow)
    office.room.services.editions.run(tomorrow)
    _, seen = re.findall(
        'name="edition" value="([^"]*)"><input type="hidden" name="seen" value="([^"]*)"', office.page()
    )[-1]
    page = office.press("correct", on="correct", edition=str(wrong), seen=seen, text="Wrong.").body.decode()
    sheets = re.findall(r'<h2 id="edition-(\d+)"', page)
    assert sheets[0] == str(issue(office.room).edition.id)
    assert len(sheets) == 2


@pytest.mark.all
def test_a_correction_that_was_withdrawn_can_be_begun_again(office: Office) -> None:
    sent(office)
    assert office.press("correct", on="correct", text="Wrong.").status == 200
    assert 'value="correct"' not in office.page()
    assert office.press("withdraw", sure="yes").status == 200
    assert office.press("correct", on="correct", text="Wrong after all.").status == 200
    assert (issue(office.room).edition.revision, issue(office.room).state) == (2, "held")


@pytest.mark.all
def test_no_correction_begins_of_what_waits_or_is_corrected_or_changed_meanwhile(office: Office) -> None:
    assert office.press("correct", on="correct", text="Wrong.").status == 409
    number = str(issue(sent(office).room).edition.id)
    for fields in ({"edition": "999"}, {"edition": "x"}, {"seen": ""}, {"seen": "other"}):
        assert office.press("correct", on="correct", text="Wrong.", **fields).status == 409, fields
    assert office.press("correct", on="correct", text="Wrong.", site="cross-site").status == 403
    page = office.page()
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen is not None
    assert office.press("correct", on="correct", text="Wrong.").status == 200
    assert office.press("correct", on="correct", text="Wrong.", edition=number, seen=seen[1]).status == 409
    assert issue(office.room).edition.revision == 1


@pytest.mark.all
def test_what_was_decided_about_other_contents_changes_nothing(office: Office) -> None:
    page = office.page()
    seen = re.search(r'name="seen" value="([^"]*)"', page)
    assert seen is not None
    number = issue(office.room).edition.id
    editor(office.room.services).drop(number, 3, by="somebody", now=SEVEN)
    before = office.titles()
    for what in (f"leave:{office.story(before[0])}", "approve", "save", "hold"):
        answer = office.press(what, sure="yes", note="x", seen=seen[1])
        assert (answer.status, b"has just changed or approved" in answer.body) == (409, True)
    assert (office.titles(), issue(office.room).state) == (before, "waiting")


def test_a_form_of_another_site_is_refused(office: Office) -> None:
    for place in ("cross-site", "same-site"):
        assert office.press("approve", sure="yes", site=place).status == 403
    assert readers(office.room) == []


@pytest.mark.all
def test_what_cannot_be_done_is_said_and_changes_nothing(office: Office) -> None:
    before = issue(office.room)
    for what, fields in (
        ("launch", {}),
        ("leave:999", {}),
        ("leave:-1", {}),
        ("back:1-1", {}),
        ("add:999999", {}),
        ('add:7 }}"', {}),
        ("save", {"subject": "x" * 101}),
        ("save", {"subject": " "}),
        ("save", {f"headline-{office.story(office.titles()[0])}": " "}),
        ("save", {"note": "x" * 2001}),
        ("retitle", {}),
        ("approve", {"sure": "yes", "edition": "999"}),
        ("approve", {"sure": "yes", "edition": "x"}),
        ("approve", {"sure": "yes", "seen": ""}),
    ):
        answer = office.press(what, **fields)
        assert (answer.status, b'role="alert"' in answer.body) == (409, True), (what, fields)
        assert (issue(office.room), readers(office.room)) == (before, [])
    assert office.site.post(office.path, b"x" * 300_000).status == 413


@pytest.mark.all
def test_only_this_link_until_it_ends_or_is_revoked(office: Office) -> None:
    desk, path = office.desk, office.path
    token = path.rpartition("/")[2]
    others = (
        f"/desk/daily/other/{token}",
        f"/desk/weekly/Jo%20%C3%A4/{token}",
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        f"/desk/daily/Jo%20%C3%A4/{'x' * 32}",
        desk.link("daily", "Jo ä", SEVEN).removeprefix(SITE),
        desk.link("gone", "Jo", ENDS).removeprefix(SITE),
    )
    for other in others:
        assert office.get(other).status == 404, other
        assert office.press("approve", sure="yes", path=other).status == 404
        assert office.get(f"{other}/{issue(office.room).edition.id}").status == 404
    assert readers(office.room) == []
    for name in ("a/b", "", " ", "a\nb"):
        with pytest.raises(SyndicateError, match="cannot be the name"):
            desk.link("daily", name, ENDS)
    desk.revoke("daily")
    assert office.get().status == 404
    assert office.get(desk.link("daily", "Jo", ENDS).removeprefix(SITE)).status == 200


def test_the_mail_is_shown_as_it_would_go_and_can_do_nothing(office: Office) -> None:
    answer = office.get(f"{office.path}/{issue(office.room).edition.id}")
    policy = answer["Content-Security-Policy"] or ""
    assert "sandbox" in policy
    assert "default-src 'none'" in policy
    assert "/unsubscribe/preview" in answer.body.decode()
    assert office.get(f"{office.path}/999").status == 404


@pytest.mark.parametrize("number", ["9" * 5000, "-1", "01", "1.0", "%D9%A1", "x"])
@pytest.mark.sampled(2)
def test_what_is_no_number_of_an_edition_leads_nowhere(office: Office, number: str) -> None:
    for path in (office.path, "/desk/daily/anybody/guessed"):
        assert office.get(f"{path}/{number}").status == 404


def test_a_form_s_own_number_opens_no_desk(office: Office) -> None:
    (form,) = office.room.services.review.variants(issue(office.room))
    assert titles(office.room, form)
    assert office.press("leave:1-1", edition=str(form.edition.id)).status == 409


def test_without_a_web_server_there_is_no_desk(room: Room) -> None:
    room.declare('[web]\nlisten = ""\n')
    assert room.services.review_links is None
    with room.store.read() as connection:
        assert delivery_store.list_deliveries(connection) == []
    assert datetime(2026, 11, 24, tzinfo=UTC) < ENDS

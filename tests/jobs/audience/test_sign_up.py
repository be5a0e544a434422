"""From a request on the page to a consent: only who pressed the button in their mail is subscribed."""

import email
import email.policy
import re
import threading
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from syndicate.audience.link_tokens import CONFIRM, make_token
from syndicate.audience.mailbox_address import fold_address, normalise_address
from syndicate.errors import InvalidAddress
from syndicate.jobs.audience.sign_up_job import SignUpJob
from syndicate.model import SubscriptionState
from syndicate.store.core import quarantine, store_identity
from syndicate.store.core.store_identity import MailHold
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store, edition_store
from syndicate.store.schema import subscriptions
from syndicate.store.subscribers import audience_store, field_store, sign_up_store, subscriber_export
from tests.factories import NOW, consents
from tests.jobs.room import Room

NEWSLETTERS = """
[sign_up]
enabled = true
per_address = 2
per_network = 8
per_newsletter = 9
[[newsletters]]
name = "daily"
title = "The digest"
schedule = "daily 07:00"
[[newsletters]]
name = "weekly"
schedule = "weekly monday 07:00"
"""
HOME = "203.0.113.0/24"
JO = "jo@example.org"
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def room(rooms: Room) -> Room:
    rooms.declare(NEWSLETTERS)
    return rooms


def job(room: Room, now: datetime = NOW) -> SignUpJob:
    found = room.services.sign_ups
    assert found is not None
    return replace(found, clock=lambda: now)


def ask(
    room: Room, *addresses: str, now: datetime = NOW, newsletter: str = "daily", network=HOME
) -> dict[str, int]:
    for address in addresses:
        assert job(room, now).request([newsletter], address, network)
    return job(room, now).run(now)


def mails(room: Room, now: datetime = NOW) -> list[email.message.EmailMessage]:
    """What ``deliver`` writes into the outbox now."""
    folder = room.folder / "outbox"
    before = set(folder.glob("*.eml"))
    replace(room.services.deliver, clock=lambda: now).run(now)
    new = sorted(set(folder.glob("*.eml")) - before)
    return [email.message_from_bytes(file.read_bytes(), policy=email.policy.default) for file in new]


def link(mail: email.message.EmailMessage) -> str:
    """The token of the link in a mail; both parts have the same."""
    bodies: list[str] = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    first, second = (re.findall(r"https://news\.example/confirm/([\w-]+)", body) for body in bodies)
    assert first == second
    return str(first[0])


def state(room: Room, address: str = JO, newsletter: str = "daily") -> SubscriptionState | None:
    with room.store.read() as connection:
        people = {
            subscriber.address: subscriber for subscriber in audience_store.list_subscribers(connection)
        }
    return people[address].subscriptions.get(newsletter) if address in people else None


def history(room: Room, key: str = JO) -> list[str]:
    with room.store.read() as connection:
        return [event for event, _, _ in consents(connection, key)]


def fields(room: Room, key: str = JO) -> dict[str, str]:
    with room.store.read() as connection:
        number = audience_store.subscription_of(connection, key, "daily")
        owner = select(subscriptions.c.subscriber_id).where(subscriptions.c.id == number)
        return field_store.fields_of(connection, connection.scalars(owner).one())


def test_fields_of_a_request_are_stored_with_its_confirmation_and_never_before(room):
    room.subscribe(JO)
    with room.store.write() as connection:
        field_store.save_fields(connection, 1, {"city": "Oslo", "role": "Head"})
    found = job(room)
    assert found.request(["weekly"], JO, HOME, fields={"city": "Bergen", "role": "", "born": "1990-02-03"})
    assert found.run(NOW) == {"mailed": 1}
    (mail,) = mails(room)
    shown = found.pending_consent(link(mail))
    assert shown is not None
    assert shown[2] == {"city": "Bergen", "born": "1990-02-03"}
    assert fields(room) == {"city": "Oslo", "role": "Head"}
    assert found.confirm(link(mail), HOME)
    assert fields(room) == {"born": "1990-02-03", "city": "Bergen", "role": "Head"}
    with room.store.write() as connection:
        field_store.save_fields(connection, 1, {"city": "Voss"})
    assert found.confirm(link(mail), HOME)
    assert fields(room)["city"] == "Voss"


def test_a_subscriber_changes_fields_by_another_sign_up_that_the_mailbox_confirms(room):
    room.subscribe(JO)
    with room.store.write() as connection:
        field_store.save_fields(connection, 1, {"city": "Oslo", "role": "Head"})
    assert job(room).request(["daily"], JO, HOME, fields={"city": "Bergen"})
    assert job(room).run(NOW) == {"mailed": 1}
    (mail,) = mails(room)
    assert fields(room)["city"] == "Oslo"
    assert job(room).confirm(link(mail), HOME)
    assert fields(room) == {"city": "Bergen", "role": "Head"}
    assert state(room) is SubscriptionState.CONFIRMED


def test_the_source_of_a_request_is_in_the_consent_and_on_its_subscription(room):
    found = job(room)
    assert found.request(["daily", "weekly"], JO, HOME, source="https://blog.example")
    assert found.run(NOW) == {"mailed": 1}
    (mail,) = mails(room)
    assert found.confirm(link(mail), HOME)
    assert found.request(["daily"], JO, HOME, source="elsewhere")
    with room.store.read() as connection:
        person = subscriber_export.export_subscriber_data(connection, JO)
    assert person is not None
    assert [row["source"] for row in person["subscriptions"]] == ["https://blog.example"] * 2
    assert all(record["detail"].endswith(", source: https://blog.example") for record in person["consents"])
    assert [row["source"] for row in person["requests"]] == ["https://blog.example", "elsewhere"]


def test_a_subscription_keeps_its_source_until_it_ends(room):
    room.subscribe(JO)
    with room.store.write() as connection:
        confirm: dict[str, Any] = {"detail": "", "agreed": "", "now": NOW}
        audience_store.confirm_subscription(connection, JO, "daily", **confirm, source="late")
        number = audience_store.subscription_of(connection, JO, "daily")
        assert number is not None
        source = select(subscriptions.c.source).where(subscriptions.c.id == number)
        assert connection.scalars(source).one() == ""
        audience_store.end_subscription(connection, number, detail="", now=NOW)
        audience_store.confirm_subscription(connection, JO, "daily", **confirm, source="again")
        assert connection.scalars(source).one() == "again"


def test_while_mail_is_held_a_request_waits(room):
    with room.store.write() as connection:
        store_identity.hold_mail(connection, MailHold(since=NOW, found="a backup"))
    assert ask(room, JO) == {}
    with room.store.write() as connection:
        assert store_identity.lift_hold(connection)
    assert job(room).run(NOW + HOUR) == {"mailed": 1}


def test_C1_a_request_a_mail_a_button_a_subscription(room):
    assert ask(room, "Jo@Example.ORG") == {"mailed": 1}
    assert state(room, "Jo@example.org") is SubscriptionState.PENDING
    (mail,) = mails(room)
    assert (mail["To"], mail["Subject"]) == ("Jo@example.org", "Confirm your subscription to The digest")
    token = link(mail)
    consent = room.services.sign_ups.options.consent
    assert job(room).pending_consent(token) == ("The digest", consent, {}, "daily")
    assert state(room, "Jo@example.org") is SubscriptionState.PENDING
    done = job(room).confirm(token, "198.51.100.0/24")
    assert done is not None
    assert done[0] == "The digest"
    assert state(room, "Jo@example.org") is SubscriptionState.CONFIRMED
    with room.store.read() as connection:
        person = subscriber_export.export_subscriber_data(connection, "jo@example.org")
    assert person is not None
    (record,) = person["consents"]
    assert (record["recorded"], record["newsletter"]) == (NOW.isoformat(), "daily")
    assert record["event"] == "confirmed"
    assert record["detail"] == f"asked 2026-11-24 09:00 UTC from {HOME}, confirmed from 198.51.100.0/24"
    assert record["agreed"] == room.services.sign_ups.options.consent


def test_C2_the_mail_that_asks_is_no_mail_of_the_list(room):
    ask(room, JO)
    (mail,) = mails(room)
    assert [name for name in mail if name.startswith("List-") or name == "Precedence"] == []
    assert mail["Auto-Submitted"] == "auto-generated"


def test_C1_the_link_works_once_and_not_after_leaving(room):
    ask(room, JO)
    token = link(mails(room)[0])
    first, again = job(room).confirm(token, HOME), job(room).confirm(token, HOME)
    assert first is not None
    assert first[1] != ""
    assert again == ("The digest", "")
    assert history(room) == ["confirmed"]
    assert job(room).pending_consent(token) is None
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, JO, detail="", now=NOW)
    assert job(room).confirm(token, HOME) is None
    assert state(room) is SubscriptionState.UNSUBSCRIBED


def test_C1_a_used_link_is_like_an_unknown_one_once_its_time_is_over(room):
    ask(room, JO)
    token = link(mails(room)[0])
    assert job(room).confirm(token, HOME) is not None
    assert job(room, NOW + 3 * DAY).confirm(token, HOME) is None
    assert state(room) is SubscriptionState.CONFIRMED


def test_C1_two_who_confirm_at_once_give_one_consent(room):
    ask(room, JO)
    token = link(mails(room)[0])
    gate = threading.Barrier(2)
    answers: list[Any] = []

    def press() -> None:
        gate.wait()
        answers.append(job(room).confirm(token, HOME))

    threads = [threading.Thread(target=press) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer is None for answer in answers] == [False, False]
    assert sorted(answer[1] == "" for answer in answers) == [False, True]
    assert history(room) == ["confirmed"]


def test_C1_two_jobs_at_once_send_one_mail(room):
    assert job(room).request(["daily"], JO, HOME)
    with room.store.read() as connection:
        (waiting,) = sign_up_store.waiting_sign_ups(connection, limit=5, now=NOW)
    first, second = job(room), job(room)
    outcomes = [one._prepare(waiting, NOW) for one in (first, second)]
    assert outcomes == ["mailed", "taken"]
    assert len(mails(room)) == 1


@pytest.mark.parametrize("change", ["late", "other purpose", "cut", "flipped", "nonsense"])
def test_C1_a_link_that_is_late_or_not_ours_does_nothing(room, change):
    ask(room, JO)
    token = link(mails(room)[0])
    with room.store.read() as connection:
        secret = leases.read_secret(connection)
    now, tried = NOW, token
    if change == "late":
        now = NOW + 72 * HOUR
    elif change == "other purpose":
        tried = make_token(secret, 1, "unsubscribe")
    elif change == "cut":
        tried = token[:-1]
    elif change == "flipped":
        tried = token[:-1] + ("A" if token[-1] != "A" else "B")
    else:
        tried = "é" * 32
    assert job(room, now).pending_consent(tried) is None
    assert job(room, now).confirm(tried, HOME) is None
    assert state(room) is SubscriptionState.PENDING


def test_C1_another_delivery_s_token_confirms_nobody(room):
    with room.store.write() as connection:
        secret = leases.read_secret(connection)
    ask(room, JO)
    assert job(room).confirm(make_token(secret, 999, CONFIRM), HOME) is None


def test_C2_who_is_subscribed_gets_no_mail_and_nothing_changes(room):
    room.subscribe(JO)
    assert ask(room, JO) == {"ignored": 1}
    assert mails(room) == []
    assert state(room) is SubscriptionState.CONFIRMED


def test_C2_one_mail_in_a_quarter_of_an_hour_and_few_a_day_for_a_person_in_any_spelling(room):
    assert ask(room, JO, JO) == {"mailed": 1, "ignored": 1}
    assert ask(room, "j.o+shop@example.org", "J.O@example.org") == {"mailed": 1, "ignored": 1}
    assert ask(room, JO, now=NOW + DAY + HOUR) == {"mailed": 1}


def test_C2_a_network_and_a_newsletter_have_their_share_of_an_hour(room):
    def one(number: int, network: str, now: datetime = NOW) -> bool:
        return job(room, now).request(["daily"], f"reader{number}@example.org", network)

    assert [one(number, HOME) for number in range(9)] == [True] * 8 + [False]
    assert [one(number, "198.51.100.0/24") for number in range(10, 12)] == [True, False]
    assert job(room).request(["weekly"], JO, "198.51.100.0/24")
    assert one(20, HOME, NOW + HOUR)


def test_C8_who_left_comes_back_only_by_their_own_button(room):
    room.subscribe(JO)
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, JO, detail="", now=NOW)
    assert ask(room, JO) == {"mailed": 1}
    assert state(room) is SubscriptionState.UNSUBSCRIBED
    token = link(mails(room)[0])
    assert job(room).confirm(token, HOME) is not None
    assert state(room) is SubscriptionState.CONFIRMED


@pytest.mark.parametrize(
    ("reason", "outcome"), [("complained", "ignored"), ("bounced", "ignored"), ("erased", "mailed")]
)
def test_C8_a_mailbox_that_must_not_be_written_to_is_not(room, reason, outcome):
    with room.store.write() as connection:
        audience_store.suppress(connection, JO, reason=reason, now=NOW)
        audience_store.erase_subscriber(connection, JO, NOW)
    assert ask(room, JO) == {outcome: 1}


def test_C8_who_was_erased_may_come_back_and_is_no_longer_suppressed(room):
    room.subscribe(JO)
    with room.store.write() as connection:
        audience_store.erase_subscriber(connection, JO, NOW)
    ask(room, JO)
    assert job(room).confirm(link(mails(room)[0]), HOME) is not None
    with room.store.read() as connection:
        assert audience_store.suppression(connection, JO) is None


def test_a_request_that_somebody_leaves_before_it_is_sent_is_not_sent(room):
    ask(room, JO)
    with room.store.write() as connection:
        audience_store.end_all_subscriptions(connection, JO, detail="", now=NOW)
    assert mails(room) == []
    with room.store.read() as connection:
        assert delivery_store.count_deliveries(connection) == {"cancelled": 1}


def test_C7_requests_are_forgotten_and_with_them_who_never_confirmed(room):
    ask(room, JO, "kim@example.org")
    sent = mails(room)
    kim = next(mail for mail in sent if mail["To"] == "kim@example.org")
    assert job(room).confirm(link(kim), HOME)
    later = NOW + 11 * DAY
    room.services.prune.run(later)
    assert state(room) is None
    assert state(room, "kim@example.org") is SubscriptionState.CONFIRMED
    with room.store.read() as connection:
        assert [subscriber.address for subscriber in audience_store.list_subscribers(connection)] == [
            "kim@example.org"
        ]


def test_a_newsletter_that_is_gone_sends_no_question(room):
    assert job(room).request(["weekly"], JO, HOME)
    room.declare(NEWSLETTERS.partition('[[newsletters]]\nname = "weekly"')[0])
    assert job(room).run(NOW) == {"ignored": 1}


def test_a_question_is_no_edition(room):
    ask(room, JO)
    mails(room)
    with room.store.read() as connection:
        assert edition_store.report_editions(connection) == []


def test_what_is_no_address_is_not_written_down(room):
    for text in ("jo", "jo@", "jo@example.org\r\nBcc: x@example.org", "a" * 65 + "@example.org", "@", ""):
        with pytest.raises(InvalidAddress):
            job(room).request(["daily"], text, HOME)
    assert job(room).run(NOW) == {}


def test_where_nobody_can_subscribe_there_is_no_job(rooms):
    rooms.declare("")
    assert rooms.services.sign_ups is None


@pytest.mark.parametrize(
    ("one", "other"), [("j.o@example.org", "JO+news@example.org"), ("jo@EXAMPLE.org", "jo@example.org")]
)
def test_spellings_of_one_mailbox_count_together(one, other):
    assert fold_address(normalise_address(one)) == fold_address(normalise_address(other))


def test_strangers_cannot_make_the_outbox_repeat_itself(room):
    ask(room, *[f"reader{number}@example.org" for number in range(5)])
    addressed = Counter(mail["To"] for mail in mails(room))
    assert set(addressed.values()) == {1}


def test_a_broken_template_keeps_the_request_and_its_failure_goes_once_it_is_mended(room):
    mine = room.folder / "mine" / "mail"
    mine.mkdir(parents=True)
    (mine / "confirm.html").write_text("{{ nobody }}")
    room.declare(NEWSLETTERS + '[templates]\nfolder = "mine"\n')
    assert ask(room, JO) == {"failed": 1}
    with room.store.read() as connection:
        assert [(failure.kind, failure.subject) for failure in quarantine.failures(connection)] == [
            ("sign-up", "daily")
        ]
    (mine / "confirm.html").unlink()
    room.declare(NEWSLETTERS)
    assert job(room).run(NOW) == {"mailed": 1}
    with room.store.read() as connection:
        assert quarantine.failures(connection) == ()


def test_E8_mails_of_a_newsletter_lead_to_its_sign_up_page_where_there_is_one(room):
    assert room.services.mail_options("daily").subscribe_url == (
        "https://news.example/subscribe?newsletter=daily"
    )
    room.declare(NEWSLETTERS.replace("enabled = true", "enabled = false"))
    assert room.services.mail_options("daily").subscribe_url == ""


def test_a_request_with_fields_is_shown_to_the_operator(room):
    assert job(room).request(["daily"], JO, HOME, source="footer", fields={"city": "Oslo"})
    with room.store.read() as connection:
        data = subscriber_export.export_subscriber_data(connection, JO)
    assert data is not None
    (request,) = data["requests"]
    assert (request["source"], request["fields"]) == ("footer", {"city": "Oslo"})


def test_a_mail_that_cannot_be_built_is_tried_once_and_holds_up_no_other(room, monkeypatch):
    mine = room.folder / "mine" / "mail"
    mine.mkdir(parents=True)
    shipped = (Path(__file__).parents[3] / "templates" / "mail" / "confirm.html").read_text("utf-8")
    broken = "{% if newsletter == 'The digest' %}{{ nobody }}{% endif %}" + shipped
    (mine / "confirm.html").write_text(broken, "utf-8")
    room.declare(NEWSLETTERS + '[templates]\nfolder = "mine"\n')
    monkeypatch.setattr("syndicate.jobs.audience.sign_up_job.BATCH", 2)
    sign_ups = job(room)
    for number in range(3):
        assert sign_ups.request(["daily"], f"reader{number}@example.org", HOME)
    assert sign_ups.request(["weekly"], JO, HOME)

    assert [sign_ups.run(NOW) for _ in range(3)] == [{"failed": 1}, {"mailed": 1}, {}]
    with room.store.read() as connection:
        (failure,) = quarantine.failures(connection)
    assert (failure.subject, failure.attempts) == ("daily", 1)
    assert "confirm.html" in failure.reason

    (mine / "confirm.html").write_text(shipped, "utf-8")
    room.declare(NEWSLETTERS + '[templates]\nfolder = "mine"\n')
    assert [job(room).run(NOW) for _ in range(2)] == [{"mailed": 2}, {"mailed": 1}]


def test_requests_of_a_mail_that_cannot_be_built_expire(room):
    mine = room.folder / "mine" / "mail"
    mine.mkdir(parents=True)
    (mine / "confirm.html").write_text("{{ nobody }}")
    room.declare(NEWSLETTERS + '[templates]\nfolder = "mine"\n')
    assert ask(room, JO) == {"failed": 1}
    assert job(room).run(NOW + 4 * DAY) == {"ignored": 1}


def test_a_consent_and_a_newsletter_may_name_an_address_and_have_any_characters(room):
    consent = 'I have read https://news.example/terms. "Yes" & <ok>'
    name = NEWSLETTERS.replace("The digest", "R&D <weekly>")
    room.declare(name.replace("[sign_up]", f"[sign_up]\nconsent = '{consent}'"))
    assert ask(room, JO) == {"mailed": 1}
    (mail,) = mails(room)
    assert "R&D <weekly>" in mail["Subject"]
    text, html = (part.get_content() for part in mail.walk() if not part.is_multipart())
    assert consent in text
    assert "R&amp;D &lt;weekly&gt;" in html

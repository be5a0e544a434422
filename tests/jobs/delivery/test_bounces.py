"""From a report to a mailbox that is written to no more, and everything that must not get that far."""

import mailbox
from datetime import timedelta

import pytest
from sqlalchemy import update

from syndicate.audience.link_tokens import SEARCH, make_token, unsubscribe_token
from syndicate.delivery.bounce_mailboxes import read_maildir
from syndicate.delivery.bounce_parser import BounceKind, Report, read_report
from syndicate.delivery.message_ids import message_id
from syndicate.delivery.verp import read_verp, verp_sender
from syndicate.errors import MailError
from syndicate.jobs.audience.search_saving import save_search
from syndicate.jobs.delivery import bounce_job as bounces_job
from syndicate.jobs.delivery.bounce_job import BounceJob, BouncePolicy
from syndicate.store.core import quarantine
from syndicate.store.ingest import article_store
from syndicate.store.leases import leases
from syndicate.store.mail import bounce_store, delivery_store, message_store
from syndicate.store.mail.edition_figures import read_figures
from syndicate.store.output import saved_searches
from syndicate.store.schema import deliveries
from syndicate.store.subscribers import audience_store, suppression_list
from tests import factories
from tests.delivery.bounce_messages import complaint, notification
from tests.delivery.scripted_smtp import ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import Room
from tests.jobs.sending import job, mail_to

DAY = timedelta(days=1)


@pytest.fixture
def bounce(store):
    """The job, and one edition on its way to one mailbox."""
    with store.write() as connection:
        leases.ensure_secret(connection)
        factories.newsroom(connection, "jo@example.org")
    return BounceJob(store=store, policy=BouncePolicy(soft_limit=3))


def sender_of(bounce: BounceJob, delivery_id: int = 1, to: str = "jo@example.org") -> str:
    with bounce.store.read() as connection:
        return verp_sender(leases.read_secret(connection), "bounces@news.example", delivery_id, to)


def subscribed(bounce: BounceJob) -> bool:
    with bounce.store.read() as connection:
        return audience_store.count_subscriptions_by_state(connection)["daily"].get("confirmed", 0) == 1


def test_V2_a_hard_bounce_ends_it_and_no_import_brings_it_back(bounce) -> None:
    data = notification(sender_of(bounce), "5.1.1")
    assert [bounce.handle(data, NOW), bounce.handle(data, NOW)] == ["hard", "repeated"]
    assert not subscribed(bounce)
    with bounce.store.write() as connection:
        assert factories.subscribe(connection, "jo@example.org") == ["suppressed"]
        assert factories.consents(connection, "jo@example.org")[-1][0] == "unsubscribed"


def test_V2_soft_bounces_count_by_delivery_within_the_window(bounce) -> None:
    with bounce.store.write() as connection:
        for number in range(2, 6):
            period = (NOW + number * DAY, NOW + (number + 1) * DAY)
            article = article_store.get_articles(connection, [1])[1]
            factories.cut(connection, [factories.edition_story(article)], period=period)
    soft = [notification(sender_of(bounce, number), "4.2.2", "delayed") for number in range(1, 6)]
    assert bounce.handle(soft[0], NOW) == "soft"
    assert bounce.handle(soft[0], NOW) == "repeated"
    bounce.handle(soft[1], NOW + 40 * DAY)
    bounce.handle(soft[2], NOW + 41 * DAY)
    assert subscribed(bounce)
    bounce.handle(soft[3], NOW + 42 * DAY)
    assert not subscribed(bounce)


def test_V4_a_complaint_ends_it(bounce) -> None:
    assert bounce.handle(complaint(f"Return-Path: <{sender_of(bounce)}>\r\n\r\nx"), NOW) == "complaint"
    assert not subscribed(bounce)


def test_a_mail_ends_a_saved_search_and_a_complaint_about_it_the_subscription(bounce) -> None:
    with bounce.store.write() as connection:
        search = save_search(connection, "flood", 1, NOW)
        token = make_token(leases.read_secret(connection), search.id, SEARCH)
    mail = f"Subject: unsubscribe {token}\r\n\r\n".encode()
    assert bounce.handle(mail, NOW) == "leaving"
    assert subscribed(bounce)
    with bounce.store.read() as connection:
        assert saved_searches.list_searches(connection) == []
    original = f"List-Unsubscribe: <https://news.example/unsubscribe/{token}>\r\n\r\nx"
    assert bounce.handle(complaint(original), NOW) == "complaint"
    assert not subscribed(bounce)


def test_a_provider_reports_that_a_reader_left_a_saved_search_and_the_subscription_stays(bounce) -> None:
    with bounce.store.write() as connection:
        search = save_search(connection, "flood", 1, NOW)
        message_store.queue_search(connection, "daily", search.id, 1, ("Flood", "<p>x</p>", "x"), NOW)
    delivery = read_verp(sender_of(bounce, 2))
    assert delivery
    report = Report(kind=BounceKind.UNSUBSCRIBE, deliveries=(delivery,))
    assert bounce.act_on([report], NOW) == ["leaving"]
    assert subscribed(bounce)
    with bounce.store.read() as connection:
        assert saved_searches.list_searches(connection) == []


def test_V4_a_complaint_without_the_envelope_is_known_by_its_token(bounce) -> None:
    with bounce.store.read() as connection:
        token = unsubscribe_token(leases.read_secret(connection), 1)
    original = f"List-Unsubscribe: <https://news.example/unsubscribe/{token}>\r\n\r\nx"
    assert bounce.handle(complaint(original), NOW) == "complaint"
    assert not subscribed(bounce)


def test_a_mail_to_unsubscribe_leaves_without_suppressing(bounce) -> None:
    with bounce.store.read() as connection:
        token = unsubscribe_token(leases.read_secret(connection), 1)
    assert bounce.handle(f"Subject: unsubscribe {token}\r\n\r\n".encode(), NOW) == "leaving"
    assert not subscribed(bounce)
    with bounce.store.write() as connection:
        assert factories.subscribe(connection, "jo@example.org") == ["left"]


def test_a_reader_who_left_on_the_web_and_whom_a_provider_reports_too_left_one_edition(bounce) -> None:
    with bounce.store.write() as connection:
        article = article_store.get_articles(connection, [1])[1]
        factories.cut(connection, [factories.edition_story(article)], period=(NOW + DAY, NOW + 2 * DAY))
        connection.execute(update(deliveries).values(state="sent", changed=NOW))
        audience_store.end_subscription(connection, 1, detail="link", now=NOW + DAY)
        assert [read_figures(connection, [number])[number].unsubscribed for number in (1, 2)] == [0, 1]
    delivery = read_verp(sender_of(bounce, 1))
    assert delivery
    report = Report(kind=BounceKind.UNSUBSCRIBE, deliveries=(delivery,))
    assert bounce.act_on([report], NOW + 2 * DAY) == ["leaving"]
    with bounce.store.read() as connection:
        assert [read_figures(connection, [number])[number].unsubscribed for number in (1, 2)] == [1, 0]


def test_a_mail_to_unsubscribe_counts_for_the_latest_edition(bounce) -> None:
    with bounce.store.write() as connection:
        token = unsubscribe_token(leases.read_secret(connection), 1)
        connection.execute(update(deliveries).values(state="sent", changed=NOW))
    assert bounce.handle(f"Subject: unsubscribe {token}\r\n\r\n".encode(), NOW + DAY) == "leaving"
    with bounce.store.read() as connection:
        assert read_figures(connection, [1])[1].unsubscribed == 1


@pytest.mark.parametrize(
    "to",
    [
        "bounces+1-" + "0" * 20 + "@news.example",
        "bounces+999-" + "0" * 20 + "@news.example",
        "bounces+" + "f" * 15 + "-" + "0" * 20 + "@news.example",
        "bounces+" + "f" * 16 + "-" + "0" * 20 + "@news.example",
        "jo@example.org",
        "",
    ],
)
def test_V5_DF19_forged_reports_change_nothing_and_are_counted(bounce, to: str) -> None:
    for status in ("5.1.1", "4.2.2"):
        assert bounce.handle(notification(to, status), NOW) == "forged"
    assert bounce.handle(complaint("Subject: unsubscribe " + "A" * 32 + "\r\n\r\nx"), NOW) == "forged"
    assert subscribed(bounce)
    with bounce.store.read() as connection:
        assert bounce_store.count_by_kind(connection) == {"ignored": 3}


def test_V5_a_bounce_from_before_a_restored_backup_hits_nobody_else(bounce) -> None:
    """The number was given out anew: it is somebody else's delivery now."""
    assert (
        bounce.handle(notification(sender_of(bounce, to="someone.else@example.org"), "5.1.1"), NOW)
        == "forged"
    )
    assert subscribed(bounce)


def test_erasing_somebody_erases_what_came_back(bounce) -> None:
    bounce.handle(notification(sender_of(bounce), "5.1.1"), NOW)
    with bounce.store.write() as connection:
        audience_store.erase_subscriber(connection, "jo@example.org", NOW)
        assert bounce_store.count_by_kind(connection) == {"ignored": 0}


def test_a_maildir_is_read_once_and_nothing_is_deleted(bounce, tmp_path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for number in range(3):
        box.add(notification(sender_of(bounce), "5.1.1") if number else b"Subject: hello\r\n\r\n")
    reading = BounceJob(store=bounce.store, sources=lambda: read_maildir(tmp_path / "box"))
    counts = reading.run(NOW)
    assert counts == {"nothing": 1, "hard": 1, "repeated": 1}
    assert reading.run(NOW) == {}
    assert len(list((tmp_path / "box" / "cur").iterdir())) == 3


@pytest.mark.all
def test_a_flood_of_forged_reports_keeps_no_true_one_waiting(bounce, tmp_path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    forged, true = notification("bounces+1-" + "0" * 20 + "@news.example", "5.1.1"), sender_of(bounce)
    for number in range(701):
        (tmp_path / "box" / "new" / f"{number:05}").write_bytes(
            forged if number < 700 else notification(true, "5.1.1")
        )
    reading = BounceJob(store=bounce.store, sources=lambda: read_maildir(tmp_path / "box"))
    assert reading.run(NOW) == {"forged": 700, "hard": 1}
    assert len(box) == 701
    assert not subscribed(bounce)
    with bounce.store.read() as connection:
        assert bounce_store.count_by_kind(connection) == {"hard": 1, "ignored": 700}


def test_what_was_forged_is_counted_though_the_mailbox_breaks_off(bounce) -> None:
    def broken():
        yield notification("bounces+1-" + "0" * 20 + "@news.example", "5.1.1")
        raise MailError("gone")

    with pytest.raises(MailError, match="gone"):
        BounceJob(store=bounce.store, sources=broken).run(NOW)
    with bounce.store.read() as connection:
        assert bounce_store.count_by_kind(connection) == {"ignored": 1}


def test_a_message_that_brings_out_a_bug_stands_in_the_way_of_none(bounce, tmp_path, monkeypatch) -> None:
    def faulty(data: bytes):
        if b"crash" in data:
            raise RecursionError
        return read_report(data)

    monkeypatch.setattr(bounces_job, "read_report", faulty)
    box = mailbox.Maildir(tmp_path / "box")
    for number, data in enumerate((b"Subject: crash\r\n\r\n", notification(sender_of(bounce), "5.1.1"))):
        (tmp_path / "box" / "new" / str(number)).write_bytes(data)
    reading = BounceJob(store=bounce.store, sources=lambda: read_maildir(tmp_path / "box"))
    assert reading.run(NOW) == {"nothing": 1, "hard": 1}
    assert len(box) == 2


def test_a_reading_ends_between_two_messages_when_it_is_told_to(bounce, tmp_path) -> None:
    box = mailbox.Maildir(tmp_path / "box")
    for _ in range(3):
        box.add(b"Subject: hello\r\n\r\n")
    reading = BounceJob(store=bounce.store, sources=lambda: read_maildir(tmp_path / "box"))
    told = iter([False, True])
    assert reading.run(NOW, should_stop=lambda: next(told)) == {"nothing": 1}
    assert reading.run(NOW) == {"nothing": 2}


def test_a_mailbox_that_cannot_be_read_needs_a_person_until_it_can(bounce, tmp_path) -> None:
    reading = BounceJob(store=bounce.store, sources=lambda: read_maildir(tmp_path / "box"))
    for _ in range(2):
        with pytest.raises(MailError, match="cannot be read"):
            reading.run(NOW)
    with bounce.store.read() as connection:
        (failure,) = quarantine.failures(connection)
    assert (failure.kind, failure.attempts) == ("mailbox", 2)
    mailbox.Maildir(tmp_path / "box")
    assert reading.run(NOW) == {}
    with bounce.store.read() as connection:
        assert quarantine.failures(connection) == ()


def test_a_maildir_that_is_none_says_so(tmp_path) -> None:
    with pytest.raises(MailError, match="cannot be read"):
        list(read_maildir(tmp_path / "nowhere"))


def test_V3_the_servers_own_answer_feeds_the_same_policy(desk: Room) -> None:
    mail_to(desk, "ann", "bob", "cleo")
    answers = (b"550 5.1.1 no such user\r\n", b"550 5.7.1 blocked\r\n", b"250 ok\r\n")
    with ScriptedSmtp({"RCPT": answers}) as smtp:
        result = job(desk, smtp.port).run(NOW)
    assert (result.sent, result.failed) == (1, 2)
    with desk.store.read() as connection:
        assert audience_store.count_subscriptions_by_state(connection) == {
            "daily": {"confirmed": 2, "unsubscribed": 1}
        }
        assert factories.consents(connection, "ann@example.org")[-1][0] == "unsubscribed"
        assert bounce_store.count_by_kind(connection) == {"hard": 1, "policy": 1, "ignored": 0}
        assert delivery_store.count_refused(connection) == 1


def test_C8_bounces_from_before_a_mailbox_was_allowed_again_count_no_more(bounce) -> None:
    with bounce.store.write() as connection:
        for number in range(2, 8):
            period = (NOW + number * DAY, NOW + (number + 1) * DAY)
            article = article_store.get_articles(connection, [1])[1]
            factories.cut(connection, [factories.edition_story(article)], period=period)
    soft = [notification(sender_of(bounce, number), "4.2.2", "delayed") for number in range(1, 7)]
    for data in soft[:3]:
        bounce.handle(data, NOW)
    assert not subscribed(bounce)
    later = NOW + DAY
    with bounce.store.write() as connection:
        assert suppression_list.reason_not_liftable(connection, "jo@example.org") == ""
        assert suppression_list.lift_suppression(connection, "jo@example.org", why="mended", now=later) == [
            "daily"
        ]
    for data in soft[3:5]:
        bounce.handle(data, later)
    assert subscribed(bounce)
    bounce.handle(soft[5], later)
    assert not subscribed(bounce)


def reply(
    bounce: BounceJob, sender: str = "Jo <jo@example.org>", more: str = "", subscription: int = 1
) -> bytes:
    with bounce.store.read() as connection:
        answered = message_id(leases.read_secret(connection), 1, subscription, "news.example")
    return f"From: {sender}\r\nTo: news@news.example\r\nIn-Reply-To: {answered}\r\n{more}\r\nThanks!".encode()


def replies(bounce: BounceJob) -> int:
    with bounce.store.read() as connection:
        assert bounce_store.count_by_kind(connection) == {"ignored": 0}
        return read_figures(connection, [1])[1].replies


def test_a_reader_s_reply_counts_once_and_nothing_else_happens(bounce) -> None:
    assert [bounce.handle(reply(bounce), NOW), bounce.handle(reply(bounce), NOW)] == ["reply", "repeated"]
    assert replies(bounce) == 1
    assert subscribed(bounce)


def test_an_answer_by_a_machine_or_by_somebody_else_is_no_reply(bounce) -> None:
    for data in (
        reply(bounce, more="Auto-Submitted: auto-replied\r\n"),
        reply(bounce, more="Precedence: bulk\r\n"),
        reply(bounce, sender="ann@example.org"),
        reply(bounce, sender=""),
        reply(bounce, subscription=2),
        b"From: jo@example.org\r\nIn-Reply-To: <1@example.org>\r\n\r\n",
    ):
        assert bounce.handle(data, NOW) == "nothing"
    assert replies(bounce) == 0


def test_V4_a_complaint_by_token_and_message_id_belongs_to_its_edition(bounce) -> None:
    with bounce.store.read() as connection:
        secret = leases.read_secret(connection)
    token, answered = unsubscribe_token(secret, 1), message_id(secret, 1, 1, "news.example")
    original = (
        f"Message-ID: {answered}\r\nList-Unsubscribe: <https://news.example/unsubscribe/{token}>\r\n\r\nx"
    )
    assert bounce.handle(complaint(original), NOW) == "complaint"
    with bounce.store.read() as connection:
        assert read_figures(connection, [1])[1].complaints == 1

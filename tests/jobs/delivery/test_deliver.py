"""The delivery job against a real server on loopback: every end a message can come to, and who is spared."""

from datetime import timedelta

import pytest

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.jobs.audience.unsubscribe_job import UnsubscribeJob
from syndicate.jobs.delivery.deliver_result import DeliverResult
from syndicate.model import DeliveryState
from syndicate.store.leases import leases
from syndicate.store.mail import delivery_store
from syndicate.store.subscribers import audience_store
from tests.delivery.aiosmtpd_server import running
from tests.delivery.scripted_smtp import DROP_AFTER, PIPELINING, ScriptedSmtp
from tests.factories import NOW, consents
from tests.jobs.room import BASE, SITE, Room, source
from tests.jobs.sending import MINUTE, NEWSLETTER, job, mail_to, messages, states, to

SOON = NOW + timedelta(minutes=1)


def test_everybody_gets_the_edition_once(desk: Room) -> None:
    mail_to(desk, "ann", "bob", "cleo")
    with ScriptedSmtp() as smtp:
        first, second = job(desk, smtp.port).run(NOW), job(desk, smtp.port).run(SOON)
    assert (first, second) == (DeliverResult(sent=3), DeliverResult())
    assert to(smtp.bodies) == ["ann", "bob", "cleo"]
    assert states(desk) == {"ann": "sent", "bob": "sent", "cleo": "sent"}
    assert smtp.connections == 1


def test_DF20_each_copy_has_its_own_id_and_link_and_all_that_mail_needs(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    with ScriptedSmtp() as smtp:
        job(desk, smtp.port).run(NOW)
    ann, bob = sorted(messages(smtp.bodies), key=lambda one: str(one["To"]))
    assert ann["Message-ID"] != bob["Message-ID"]
    assert ann["List-Unsubscribe"] != bob["List-Unsubscribe"]
    assert (str(ann["Subject"]), ann["From"].addresses[0].addr_spec) == (
        "The news of Tuesday",
        "news@example.com",
    )
    assert f"{SITE}/unsubscribe/" in ann["List-Unsubscribe"]
    assert ann["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    body = ann.get_body(("plain",))
    assert body is not None
    assert str(ann["List-Unsubscribe"]).strip("<>").partition(">")[0] in body.get_content()


def test_DF6_refused_deferred_and_taken_side_by_side(desk: Room) -> None:
    mail_to(desk, "ann", "gone", "full", "moody", "zoe")
    with running() as (port, mailboxes):
        result = job(desk, port).run(NOW)
        assert result == DeliverResult(sent=2, failed=2, deferred=1)
        assert states(desk) == {
            "ann": "sent",
            "full": "deferred",
            "gone": "failed",
            "moody": "failed",
            "zoe": "sent",
        }
        assert job(desk, port).run(SOON) == DeliverResult()
        assert job(desk, port).run(
            NOW + 6 * MINUTE,
        ) == DeliverResult(deferred=1)
    assert sorted(address for address, _ in mailboxes.messages) == ["ann@example.org", "zoe@example.org"]
    with desk.store.read() as connection:
        (refused, *_) = delivery_store.list_deliveries(connection, states=[DeliveryState.FAILED])
    assert refused.code in (550, 554)
    assert str(refused.code) in refused.error


def test_DF5_greylisted_at_first_and_taken_later_is_one_delivery(desk: Room) -> None:
    mail_to(desk, "ann")
    with ScriptedSmtp({"RCPT": b"450 later\r\n"}, {}) as smtp:
        assert job(desk, smtp.port).run(NOW) == DeliverResult(deferred=1)
        assert job(desk, smtp.port).run(NOW + 10 * MINUTE) == DeliverResult(sent=1)
    assert to(smtp.bodies) == ["ann"]


@pytest.mark.all
def test_DF4_after_three_days_of_no_it_is_given_up(desk: Room) -> None:
    mail_to(desk, "ann")
    with ScriptedSmtp({"RCPT": b"450 later\r\n"}) as smtp:
        now, tries = NOW, 0
        while states(desk) != {"ann": "failed"}:
            job(desk, smtp.port, now=now).run(now)
            now, tries = now + timedelta(hours=2), tries + 1
    assert timedelta(hours=66) < now - NOW < timedelta(hours=76)
    assert tries > 10


def test_a_connection_lost_after_the_body_is_uncertain_and_not_tried_again(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    with ScriptedSmtp({"BODY": b"" + DROP_AFTER}, {}) as smtp:
        assert job(desk, smtp.port).run(NOW) == DeliverResult(uncertain=1, sent=1)
        assert job(desk, smtp.port).run(NOW + timedelta(days=2)) == DeliverResult()
    assert sorted(states(desk).values()) == ["sent", "uncertain"]
    assert to(smtp.bodies) == ["ann", "bob"]


def test_a_resend_of_an_uncertain_delivery_has_the_same_message_id(desk: Room) -> None:
    mail_to(desk, "ann")
    with ScriptedSmtp({"BODY": b"" + DROP_AFTER}, {}) as smtp:
        job(desk, smtp.port).run(NOW)
        with desk.store.write() as connection:
            (report,) = delivery_store.list_deliveries(connection)
            assert delivery_store.resend(connection, report.delivery.id, now=SOON)
        assert job(desk, smtp.port).run(SOON) == DeliverResult(sent=1)
    first, second = messages(smtp.bodies)
    assert first["Message-ID"] == second["Message-ID"]


def test_a_server_that_is_down_postpones_everything_and_fails_nothing(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    with ScriptedSmtp() as smtp:
        port = smtp.port
    result = job(desk, port).run(NOW)
    assert (result.sent, result.failed, result.deferred) == (0, 0, 0)
    assert "cannot be used" in result.problem
    assert states(desk) == {"ann": "pending", "bob": "pending"}
    with desk.store.read() as connection:
        assert {report.delivery.attempts for report in delivery_store.list_deliveries(connection)} == {0}
        assert delivery_store.count_due(connection, NOW) == 2
    paused_reason = job(desk, port).run(NOW + MINUTE)
    assert paused_reason.paused
    assert "Nothing is sent before 09:02 UTC" in paused_reason.problem
    with ScriptedSmtp() as smtp:
        assert job(desk, smtp.port).run(NOW + 3 * MINUTE) == DeliverResult(sent=2)


def test_who_unsubscribes_while_it_goes_out_is_spared_at_the_last_moment(desk: Room) -> None:
    mail_to(desk, "ann", "bob", "cleo")

    def leave() -> None:
        with desk.store.write() as connection:
            audience_store.end_all_subscriptions(connection, "bob@example.org", detail="by link", now=NOW)

    with ScriptedSmtp() as smtp:
        assert job(desk, smtp.port, on_claim=leave).run(NOW) == DeliverResult(sent=2, cancelled=1)
    assert to(smtp.bodies) == ["ann", "cleo"]
    assert states(desk)["bob"] == "cancelled"


def test_what_another_sender_has_leased_is_left_to_it(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    with desk.store.write() as connection:
        until = NOW + 15 * MINUTE
        delivery_store.claim_deliveries(connection, now=NOW, owner="them", until=until, limit=1)
    with ScriptedSmtp() as smtp:
        assert job(desk, smtp.port).run(NOW) == DeliverResult(sent=1)
        assert job(desk, smtp.port).run(NOW + 16 * MINUTE) == DeliverResult(sent=1)
    assert to(smtp.bodies) == ["ann", "bob"]


def test_what_a_dead_sender_left_in_the_middle_is_listed_and_never_sent(desk: Room) -> None:
    mail_to(desk, "ann")
    until = NOW + 15 * MINUTE
    with desk.store.write() as connection:
        (one,) = delivery_store.claim_deliveries(connection, now=NOW, owner="dead", until=until, limit=1)
        delivery_store.begin_sending(connection, [one.id], owner="dead", now=NOW, until=until)
    with ScriptedSmtp() as smtp:
        assert job(desk, smtp.port).run(until + MINUTE) == DeliverResult(swept=1)
        assert smtp.connections == 0
    assert states(desk) == {"ann": "uncertain"}


def test_T4_a_run_that_is_stopped_gives_back_what_it_did_not_begin(desk: Room) -> None:
    mail_to(desk, *(f"reader{number}" for number in range(9)))
    stop: list[bool] = []
    with ScriptedSmtp() as smtp:
        result = job(desk, smtp.port, owner="first").run(
            NOW,
            progress=lambda done, _all: stop.append(True) if done == 4 else None,
            should_stop=lambda: bool(stop),
        )
        # The commit that says four were sent says that the fifth begins.
        assert result == DeliverResult(sent=5)
        assert job(desk, smtp.port, owner="second").run(NOW) == DeliverResult(sent=4)
    assert len(set(to(smtp.bodies))) == 9


def test_an_address_that_mail_cannot_be_sent_to_hurts_only_itself(desk: Room) -> None:
    mail_to(desk, "ann", "bo\r\nb", "cleo")
    with ScriptedSmtp() as smtp:
        assert job(desk, smtp.port).run(NOW) == DeliverResult(sent=2, failed=1)
    assert to(smtp.bodies) == ["ann", "cleo"]


def test_the_link_in_a_mail_ends_exactly_that_subscription(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    with ScriptedSmtp() as smtp:
        job(desk, smtp.port).run(NOW)
    (bob,) = (message for message in messages(smtp.bodies) if "bob" in str(message["To"]))
    token = str(bob["List-Unsubscribe"]).partition("/unsubscribe/")[2].partition(">")[0]
    leaving = UnsubscribeJob(store=desk.store, clock=lambda: SOON)
    assert leaving.newsletter_title(token) == "The digest"
    with desk.store.read() as connection:
        assert audience_store.count_subscriptions_by_state(connection) == {"daily": {"confirmed": 2}}
    assert leaving.unsubscribe(token)
    assert leaving.unsubscribe(token)
    with desk.store.read() as connection:
        assert audience_store.count_subscriptions_by_state(connection) == {
            "daily": {"confirmed": 1, "unsubscribed": 1}
        }
        history = consents(connection, "bob@example.org")
    assert history[-1] == ("unsubscribed", "by the link in a mail", "")


@pytest.mark.parametrize("change", ["", "A", "x" * 32, "../../etc/passwd"])
def test_WF7_a_token_that_is_not_ours_does_nothing(desk: Room, change: str) -> None:
    mail_to(desk, "ann")
    with desk.store.read() as connection:
        good = unsubscribe_token(leases.read_secret(connection), 1)
    bad = change if len(change) != 1 else ("B" if good[0] == "A" else "A") + good[1:]
    leaving = UnsubscribeJob(store=desk.store)
    assert leaving.newsletter_title(bad) is None
    assert not leaving.unsubscribe(bad)
    with desk.store.read() as connection:
        assert audience_store.count_subscriptions_by_state(connection) == {"daily": {"confirmed": 1}}


def test_without_a_web_server_the_way_out_is_a_mail(desk: Room) -> None:
    desk.declare(
        source("harbour", "https://harbour.example/feed") + NEWSLETTER + '[web]\nlisten = ""\n', base=BASE
    )
    mail_to(desk, "ann")
    with ScriptedSmtp() as smtp:
        job(desk, smtp.port).run(NOW)
    (ann,) = messages(smtp.bodies)
    assert "mailto:news@example.com" in ann["List-Unsubscribe"]
    assert ann["List-Unsubscribe-Post"] is None


@pytest.mark.parametrize("extension", [{}, PIPELINING], ids=["one by one", "pipelining"])
def test_a_server_that_leaves_between_its_354_and_the_body_gets_the_mail_again(
    desk: Room, extension: dict[str, bytes]
) -> None:
    """Nothing of the body was written, so nothing is in doubt, and it counts as one attempt."""
    mail_to(desk, "ann", "bob")
    with ScriptedSmtp(extension | {"DATA": b"354 go on\r\n" + DROP_AFTER}, extension) as smtp:
        result = job(desk, smtp.port, on_claim=lambda: smtp.wait_until_left(1)).run(NOW)
    assert result == DeliverResult(sent=2)
    assert to(smtp.bodies) == ["ann", "bob"]
    with desk.store.read() as connection:
        found = delivery_store.list_deliveries(connection)
    assert [report.delivery.attempts for report in found] == [1, 1]


def test_a_server_that_always_leaves_after_its_354_leaves_nothing_in_doubt(desk: Room) -> None:
    mail_to(desk, "ann", "bob")
    connections = iter(range(1, 99))
    with ScriptedSmtp({"DATA": b"354 go on\r\n" + DROP_AFTER}) as smtp:
        leaving = job(desk, smtp.port, on_claim=lambda: smtp.wait_until_left(next(connections)))
        result = leaving.run(NOW)
    assert (result.uncertain, result.sent, "closed the connection" in result.problem) == (0, 0, True)
    assert states(desk) == {"ann": "pending", "bob": "pending"}


def test_a_server_that_closes_after_every_250_gets_one_mail_on_each_connection_quietly(
    desk: Room, caplog: pytest.LogCaptureFixture
) -> None:
    readers = [f"reader{number}" for number in range(9)]
    mail_to(desk, *readers)
    with ScriptedSmtp({"BODY": b"250 ok\r\n" + DROP_AFTER}) as smtp:
        result = job(desk, smtp.port).run(NOW)
    assert result == DeliverResult(sent=9)
    assert states(desk) == dict.fromkeys(readers, "sent")
    assert len(smtp.accepted) == 9
    assert smtp.connections >= 9
    assert caplog.records == []

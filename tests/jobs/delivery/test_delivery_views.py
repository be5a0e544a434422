"""Figures of deliveries and subscribers, the same on both engines."""

from zoneinfo import ZoneInfo

from syndicate.jobs.admin.mailing import delivery_views, subscriber_views
from syndicate.jobs.admin.mailing.delivery_views import failed_groups
from syndicate.store import schema
from syndicate.store.mail import bounce_store
from syndicate.store.subscribers.subscriber_rows import SubscriberFilter
from syndicate.text.privacy import masked_mailbox
from tests.delivery.scripted_smtp import PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import Room
from tests.jobs.sending import MINUTE, job, mail_to

UTC = ZoneInfo("UTC")


def test_progress_providers_bounces_and_growth_are_counted(desk: Room) -> None:
    mail_to(desk, "ann", "bob", "cat")
    with ScriptedSmtp(PIPELINING) as smtp:
        job(desk, smtp.port).run(NOW)
    now = NOW + MINUTE
    with desk.store.write() as connection:
        bounce_store.record_bounce(
            connection, subscription_id=1, delivery_id=1, kind="complaint", status="", detail="", now=now
        )
    with desk.store.write() as connection:
        (item,) = delivery_views.under_way(connection, now, 90)
        views = delivery_views.ProviderViews()
        at, (provider,) = views.read(connection, now)
        figures, _, complaints = delivery_views.bounce_plots(connection, now)
        listed = subscriber_views.subscriber_list(connection, SubscriberFilter(), "", now, UTC)
        found = subscriber_views.subscriber_list(
            connection, SubscriberFilter(words="AN", newsletter="daily", state="confirmed"), "", now, UTC
        )
        record = subscriber_views.subscriber_record(connection, listed.rows[0].id)
        connection.execute(schema.deliveries.delete().where(schema.deliveries.c.id == 3))
        assert views.read(connection, now + 0.9 * MINUTE) == (at, [provider])
        later, (counted,) = views.read(connection, now + MINUTE)
    assert (item.state, item.rate, item.report.deliveries) == ("sent", 0.6, {"sent": 3})
    assert (at, later, counted.states) == (now, now + MINUTE, {"sent": 2})
    assert (provider.domain, provider.states, provider.complaints) == ("example.org", {"sent": 3}, 1)
    assert [one.complaints for one in figures.values()] == [1]
    assert "1 of 1 editions" in complaints.finding
    assert [row.address for row in listed.rows] == [f"{name}@example.org" for name in ("ann", "bob", "cat")]
    assert listed.growth is not None
    assert "3 confirmed subscriptions: +0 in 7 days" in listed.growth.finding
    assert [row.address for row in found.rows] == ["ann@example.org"]
    assert (len(record.mails), len(record.consents)) == (1, 1)


def test_pages_of_the_list_neither_skip_nor_repeat(desk: Room) -> None:
    desk.subscribe(*(f"reader{number:03}@example.org" for number in range(120)))
    after, seen = "", list[str]()
    with desk.store.snapshot() as connection:
        while True:
            page = subscriber_views.subscriber_list(connection, SubscriberFilter(), after, NOW, UTC)
            seen += [row.address for row in page.rows]
            after = page.next
            if not after:
                break
    assert seen == sorted(set(seen))
    assert len(seen) == 120


def test_replies_are_grouped_without_what_differs_by_recipient() -> None:
    rows = [
        (1, 550, "", "550 5.1.1 <ann@a.example>: no such user in 4Wk2x9-1234"),
        (2, 550, "", "550 5.1.1 <bob@b.example>: no such user in 7Lq8z1-9999"),
        (3, 554, "", "554 5.7.1 refused"),
    ]
    assert [(group.ids, group.code) for group in failed_groups(rows)] == [((1, 2), 550), ((3,), 554)]
    assert masked_mailbox("mira@mail.example") == "m••••a@mail.example"
    assert masked_mailbox("jo@mail.example") == "j••••@mail.example"

"""Each action of operators as a short call, on a newsroom with something of every kind to act on."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from syndicate.jobs.admin.mailing.subscriber_actions import NewSubscriber
from syndicate.jobs.newsletter.issue_writer import IssueDraft
from syndicate.model import EditorAction, Source
from syndicate.model.actors import Change, command_actor
from syndicate.model.subscribers import ImportedSubscriber, Standing
from syndicate.newsletter import edition_changes
from syndicate.services.admin_jobs import AdminJobs
from syndicate.store.ingest import article_store
from syndicate.store.mail import delivery_store
from tests.factories import NOW
from tests.jobs.newsletter.test_variants import WAITS, prepared
from tests.jobs.room import Room

ADDRESSES = ("ann@example.org", "bob@example.org", "zoe@example.org")
ROLES = ("editor", "admin", "editor")
MORE = """
[[channels]]
name = "c9"
query = ""
[sign_up]
enabled = true
[admin]
enabled = true
"""
Action = Callable[[AdminJobs, Change, int, int], Any]
"""Action on the things that two small numbers name."""


def prepare(room: Room) -> None:
    """Fill a newsroom: stories, editions that wait and go out, subscribers, users and a webhook."""
    prepared(room, f"{WAITS}{MORE}")
    admin, change = room.services.admin, Change(actor=command_actor("root"), now=NOW - timedelta(days=1))
    admin.users.add(change, "nora@news.example", "admin", password="a long password of Nora")
    admin.users.add(change, "eve@news.example", "editor", password="a long password of Eve")
    admin.tokens.add(change, "bot", ["articles:read"], user_id=2)
    admin.webhooks.add(change, address="https://hook.example/0", events=["edition.waiting"])
    issue = IssueDraft(newsletter="daily", text="# Hello\n\nWords.\n")
    number = int(admin.editions.write_issue(change, issue).id)
    admin.editions.approve(change, number)
    with room.store.write() as connection:
        delivery_store.mark_waiting_uncertain(connection, now=NOW)


def _uid(jobs: AdminJobs, number: int) -> str:
    with jobs.store.read() as connection:
        found = article_store.get_articles(connection, [number + 1])
    return found[number + 1].uid if found else "none"


def _add_source(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
    return jobs.sources.add(change, Source(id=0, name=f"s{a}", url=f"https://s{b}.example/feed"))


def _on_sources(what: str) -> Action:
    def act(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
        return jobs.sources.on_chosen(change, what, [a + 2, b + 2], f"section {a}")

    return act


def _opml(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
    outlines = "".join(f'<outline text="o{n}" xmlUrl="https://o{n}.example/f"/>' for n in (a, b))
    return jobs.sources.import_opml(change, f'<opml version="2.0"><body>{outlines}</body></opml>'.encode())


def _import(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
    rows = [
        ImportedSubscriber(
            file="list.csv", line=line, text=f"new{n}@example.org", standing=Standing.SUBSCRIBED,
            address=f"new{n}@example.org", address_key=f"new{n}@example.org", newsletter="daily",
        )
        for line, n in enumerate((a, b), start=2)
    ]  # fmt: skip
    return jobs.subscribers.import_list(change, rows, "On a card.", ask=a == b)


def _add_subscriber(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
    new = NewSubscriber(address=ADDRESSES[a], newsletter="daily", agreed="On a card.", has_agreed=b > 0)
    return jobs.subscribers.add(change, new)


def _write(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
    text = f"# Issue {a}\n\nWords of {b}.\n"
    return jobs.editions.write_issue(change, IssueDraft(newsletter="daily", text=text, subject=f"Issue {a}"))


def _decide(action: EditorAction, *values: str) -> Action:
    def act(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
        return jobs.stories.decide(change, _uid(jobs, a), action, values[b] if values else "")

    return act


def _note(jobs: AdminJobs, change: Change, a: int, b: int) -> object:
    return jobs.editions.edit(change, a + 1, partial(edition_changes.add_note, text=f"Note {b}."))


ACTIONS: Mapping[str, Action] = {
    "source.add": _add_source,
    "source.edit": lambda jobs, change, a, b: jobs.sources.edit(change, a + 2, {"section": f"{b}"}),
    "source.move": lambda jobs, change, a, b: jobs.sources.move(change, a + 2, f"https://m{b}.example/"),
    **{f"source.{what}": _on_sources(what) for what in ("pause", "resume", "remove", "section", "read")},
    "source.import": _opml,
    "channel.add": lambda jobs, change, a, b: jobs.channels.add(change, {"name": f"c{a}", "query": ""}),
    "channel.edit": lambda jobs, change, a, b: jobs.channels.edit(change, f"c{a}", {"title": f"T{b}"}),
    "channel.rename": lambda jobs, change, a, b: jobs.channels.rename(change, f"c{a}", f"c{b}"),
    "channel.remove": lambda jobs, change, a, b: jobs.channels.remove(change, f"c{a}"),
    "channel.restore": lambda jobs, change, a, b: jobs.channels.restore(change, f"c{a}"),
    "newsletter.add": lambda jobs, change, a, b: jobs.newsletters.add(
        change, {"name": f"n{a}", "title": "T", "schedule": "daily 07:00"}
    ),
    "newsletter.edit": lambda jobs, change, a, b: jobs.newsletters.edit(change, f"n{a}", {"title": f"T{b}"}),
    "newsletter.remove": lambda jobs, change, a, b: jobs.newsletters.remove(change, f"n{a}"),
    "newsletter.pause": lambda jobs, change, a, b: jobs.newsletters.pause(change, f"n{a}" if b else "daily"),
    "newsletter.resume": lambda jobs, change, a, b: jobs.newsletters.resume(
        change, f"n{a}" if b else "daily"
    ),
    "user.add": lambda jobs, change, a, b: jobs.users.add(change, f"u{a}@news.example", ROLES[b]).result,
    "user.role": lambda jobs, change, a, b: jobs.users.set_role(change, a + 1, ROLES[b]),
    "user.remove": lambda jobs, change, a, b: jobs.users.remove(change, a + 1),
    "user.sign-out": lambda jobs, change, a, b: jobs.users.end_sessions(change, a + 1),
    "user.change": lambda jobs, change, a, b: jobs.users.change_account(
        change, a + 1, name=f"N{b}", test_address=""
    ),
    "user.second-step-off": lambda jobs, change, a, b: jobs.users.reset_second_step(change, a + 1),
    "token.add": lambda jobs, change, a, b: jobs.tokens.add(
        change, f"t{a}", ["articles:read"], user_id=b + 1
    ).result,
    "token.revoke": lambda jobs, change, a, b: jobs.tokens.revoke(change, a + 1),
    "webhook.add": lambda jobs, change, a, b: jobs.webhooks.add(
        change, address=f"https://hook.example/{a}", events=["edition.waiting"]
    ).result,
    "webhook.edit": lambda jobs, change, a, b: jobs.webhooks.edit(
        change, a + 1, address=f"https://hook.example/{b}", events=["edition.sent"]
    ),
    "webhook.turn": lambda jobs, change, a, b: jobs.webhooks.turn(change, a + 1, on=b > 0),
    "webhook.secret": lambda jobs, change, a, b: jobs.webhooks.new_secret(change, a + 1).result,
    "webhook.end-secret": lambda jobs, change, a, b: jobs.webhooks.end_former_secret(change, a + 1),
    "webhook.remove": lambda jobs, change, a, b: jobs.webhooks.remove(change, a + 1),
    "search.add": lambda jobs, change, a, b: jobs.searches.add(change, f"flood {a}", per_day=b + 1),
    "search.end": lambda jobs, change, a, b: jobs.searches.end(change, a + 1),
    "story.pin": _decide(EditorAction.PIN, "1", "2", "3"),
    "story.drop": _decide(EditorAction.DROP),
    "story.retitle": _decide(EditorAction.RETITLE, "One", "Two", "Three"),
    "story.lead": _decide(EditorAction.LEAD),
    "story.save": lambda jobs, change, a, b: jobs.stories.save(
        change, _uid(jobs, a), {"retitle": f"Title {b}", "pin": "2" if b else "", "boost": "1"}
    ),
    "story.merge": lambda jobs, change, a, b: jobs.stories.merge(change, [_uid(jobs, a), _uid(jobs, b)]),
    "story.split": lambda jobs, change, a, b: jobs.stories.split(change, [_uid(jobs, a)]),
    "story.undo": lambda jobs, change, a, b: jobs.stories.undo(change, 3 * a + b + 1),
    "edition.edit": _note,
    "edition.hold": lambda jobs, change, a, b: jobs.editions.hold(change, a + 1),
    "edition.approve": lambda jobs, change, a, b: jobs.editions.approve(change, a + 1),
    "edition.take-back": lambda jobs, change, a, b: jobs.editions.undo_approval(change, a + 1),
    "edition.withdraw": lambda jobs, change, a, b: jobs.editions.withdraw(change, a + 1),
    "edition.correct": lambda jobs, change, a, b: jobs.editions.correct(change, a + 1, f"Wrong was {b}."),
    "edition.write": _write,
    "delivery.resend": lambda jobs, change, a, b: jobs.deliveries.resend(change, [a + 1]),
    "delivery.mark-sent": lambda jobs, change, a, b: jobs.deliveries.mark_sent(change, [a + 1]),
    "delivery.pause": lambda jobs, change, a, b: jobs.deliveries.pause(change, "Wait.", a),
    "delivery.resume": lambda jobs, change, a, b: jobs.deliveries.resume(change, a),
    "subscriber.add": _add_subscriber,
    "subscriber.import": _import,
    "subscriber.end": lambda jobs, change, a, b: jobs.subscribers.end(change, a + 1, "daily"),
    "subscriber.end-all": lambda jobs, change, a, b: jobs.subscribers.end_all(change, ADDRESSES[a]),
    "subscriber.stop": lambda jobs, change, a, b: jobs.subscribers.stop_mail(change, a + 1),
    "subscriber.unsuppress": lambda jobs, change, a, b: jobs.subscribers.unsuppress(change, a + 1, "Works."),
    "subscriber.erase": lambda jobs, change, a, b: jobs.subscribers.erase(change, a + 1),
}  # fmt: skip
"""Each action by the name of its audit row, or of its method."""


def fields_of(result: Any) -> Mapping[str, Any]:
    """Return the result without the fact that it is repeated, as JSON keeps it."""
    shown = {name: getattr(result, name) for name in ("kind", "id", "message", "is_change", "facts")}
    return shown | {"facts": {key: value for key, value in (result.facts or {}).items() if key != "mails"}}

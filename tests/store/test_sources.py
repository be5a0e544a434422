"""Sources: declared in the file, leased by one poller at a time, and what polls leave behind."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

from syndicate.model import Origin, Republish, Source, SourceKind, SourceState
from syndicate.store import schema
from syndicate.store.ingest import declared_sources, source_store
from tests import factories
from tests.factories import NOW, declared

SOON = NOW + timedelta(minutes=10)
STATE = SourceState(
    etag='W/"1"',
    last_modified="Tue, 24 Nov 2026 09:00:00 GMT",
    body_hash="abc",
    last_attempt=NOW,
    last_success=NOW,
    next_check=NOW + timedelta(hours=1),
    failures=2,
    error="no answer",
    gone=False,
    permanent_url="https://new.example/feed",
    permanent_seen=1,
)


def sync(store, *wanted: Source) -> dict[str, Source]:
    with store.write() as connection:
        declared_sources.sync_sources(connection, wanted, NOW)
        return {source.name: source for source in source_store.list_sources(connection)}


def claim(store, *, now=NOW, owner="us", until=SOON, limit=100, names=None) -> list[str]:
    with store.write() as connection:
        found = source_store.claim_due_sources(
            connection, now=now, owner=owner, until=until, limit=limit, names=names
        )
        return [source.name for source, _ in found]


def save(store, source_id: int, state: SourceState = STATE, *, owner="us", **facts) -> bool:
    with store.write() as connection:
        return source_store.save_poll(connection, source_id, state, owner=owner, **facts)


def save_together(store, *polls: source_store.SavedPoll, owner="us") -> None:
    with store.write() as connection:
        source_store.save_polls(connection, polls, owner=owner)


def saved(source_id: int, state: SourceState = STATE, *, name="A", url="") -> source_store.SavedPoll:
    """A poll of a source that says who it is."""
    return source_store.SavedPoll(
        source_id=source_id,
        state=state,
        title=f"{name} title",
        home_url=f"https://{name.lower()}.example/",
        feed_id=f"urn:{name.lower()}",
        url=url,
    )


def state_of(store, name: str) -> SourceState:
    with store.read() as connection:
        return next(
            one.state
            for one in source_store.report_sources(connection, week_ago=NOW - timedelta(days=7))
            if one.source.name == name
        )


def test_every_field_of_a_declaration_is_kept(store):
    wanted = declared(
        kind=SourceKind.FOLDER,
        url="/news",
        language="ar",
        own=True,
        weight=2.5,
        republish=Republish.FULL,
        paused=True,
    )
    stored = sync(store, wanted)["The Harbour"]
    assert stored == replace(wanted, id=stored.id)


def test_syncing_the_same_file_changes_nothing(store):
    first = sync(store, declared("A"), declared("B"))
    claim(store)
    save_together(store, saved(first["A"].id))
    again = sync(store, declared("A"), declared("B"))
    assert again["B"] == first["B"]
    assert (again["A"].title, again["A"].home_url, again["A"].feed_id) == (
        "A title",
        "https://a.example/",
        "urn:a",
    )
    assert state_of(store, "A") == STATE


def test_a_source_that_left_the_file_is_paused_and_comes_back_as_itself(store):
    first = sync(store, declared("A"), declared("B"))
    assert sync(store, declared("B"))["A"].paused
    assert claim(store) == ["B"]
    assert sync(store, declared("A"), declared("B"))["A"] == first["A"]


def test_a_source_of_the_store_is_left_alone_by_the_file(store):
    with store.write() as connection:
        factories.add_sources(connection, declared("A"))
        connection.execute(schema.sources.update().values(origin=Origin.STORE.value))
    assert not sync(store)["A"].paused


def test_a_changed_section_keeps_the_validators_and_a_new_url_forgets_them(store):
    source = sync(store, declared("A"))["A"]
    claim(store)
    save(store, source.id)
    assert sync(store, declared("A", section="sport"))["A"].section == "sport"
    assert state_of(store, "A") == STATE
    moved = sync(store, declared("A", url="https://elsewhere.example/feed"))["A"]
    assert (moved.id, state_of(store, "A")) == (source.id, SourceState())


def test_a_new_source_is_due_at_once_and_nobody_else_gets_it_meanwhile(store):
    sync(store, declared("A"), declared("B"))
    assert claim(store, owner="us") == ["A", "B"]
    assert claim(store, owner="them", now=NOW + timedelta(minutes=5)) == []


def test_SF6_the_lease_of_a_poller_that_died_runs_out(store):
    sync(store, declared("A"))
    claim(store, owner="dead", until=SOON)
    assert claim(store, owner="us", now=SOON) == []
    assert claim(store, owner="us", now=SOON + timedelta(seconds=1), until=SOON) == ["A"]


def test_the_most_overdue_come_first_and_only_as_many_as_asked_for(store):
    ids = {name: one.id for name, one in sync(store, *(declared(name) for name in "ABCD")).items()}
    claim(store)
    for name, minutes in (("A", 30), ("B", 10), ("C", 20), ("D", 300)):
        save(store, ids[name], replace(STATE, next_check=NOW + timedelta(minutes=minutes)))
    later = NOW + timedelta(hours=1)
    with store.read() as connection:
        assert source_store.due_sources(connection, now=later) == ["A", "B", "C"]
        assert source_store.next_check(connection) == NOW + timedelta(minutes=10)
    assert sorted(claim(store, now=later, until=later, limit=2)) == ["B", "C"]


def test_nothing_is_polled_twice_at_the_same_moment(store):
    source = sync(store, declared("A"))["A"]
    claim(store)
    save(store, source.id, replace(STATE, next_check=NOW))
    assert claim(store) == []
    assert claim(store, now=NOW + timedelta(seconds=1)) == ["A"]


def test_a_named_source_is_polled_whether_due_or_not(store):
    ids = {name: one.id for name, one in sync(store, declared("A"), declared("B")).items()}
    claim(store)
    save(store, ids["A"])
    save(store, ids["B"])
    assert claim(store) == []
    assert claim(store, names=["B"]) == ["B"]


def test_F7_paused_and_gone_sources_are_never_due_even_by_name(store):
    ids = {name: one.id for name, one in sync(store, declared("A", paused=True), declared("B")).items()}
    assert claim(store) == ["B"]
    save(store, ids["B"], replace(STATE, gone=True, next_check=NOW))
    later = NOW + timedelta(days=1)
    assert claim(store, now=later) == claim(store, now=later, names=["A", "B"]) == []
    with store.read() as connection:
        assert source_store.next_check(connection) is None


def test_two_pollers_at_once_get_different_sources(store):
    names = [f"source {number:02}" for number in range(40)]
    sync(store, *(declared(name) for name in names))
    with ThreadPoolExecutor(4) as pool:
        claims = list(pool.map(lambda owner: claim(store, owner=owner, limit=25), ["a", "b", "c", "d"]))
    claimed = [name for found in claims for name in found]
    assert sorted(claimed) == names


def test_a_poll_that_lost_its_lease_saves_nothing(store):
    source = sync(store, declared("A"))["A"]
    claim(store, owner="slow", until=SOON)
    claim(store, owner="quick", now=SOON + timedelta(seconds=1), until=SOON + timedelta(hours=1))
    assert not save(store, source.id, owner="slow", url="https://x.example/")
    assert state_of(store, "A") == SourceState()
    assert save(store, source.id, owner="quick")
    assert state_of(store, "A") == STATE
    assert not save(store, source.id, owner="quick")


def test_polls_saved_together_are_each_as_if_alone_and_lost_leases_are_left_alone(store):
    ids = {name: one.id for name, one in sync(store, declared("A"), declared("B"), declared("C")).items()}
    claim(store, names=["A", "B"])
    claim(store, owner="them", names=["C"])
    save_together(
        store,
        saved(ids["A"], url="https://moved.example/"),
        saved(ids["B"], replace(STATE, failures=2)),
        saved(ids["C"], url="https://moved.example/"),
    )
    assert [state_of(store, name) for name in "AB"] == [STATE, replace(STATE, failures=2)]
    assert state_of(store, "C") == SourceState()
    with store.read() as connection:
        found = {one.name: (one.title, one.url) for one in source_store.list_sources(connection)}
    assert found["A"] == ("A title", "https://moved.example/")
    assert found["B"] == ("A title", declared("B").url)
    assert found["C"] == ("", declared("C").url)
    assert save(store, ids["C"], owner="them")


def test_a_poll_ends_its_lease(store):
    source = sync(store, declared("A"))["A"]
    claim(store)
    assert save(store, source.id, replace(STATE, next_check=NOW, last_attempt=NOW - timedelta(hours=1)))
    assert claim(store, owner="them") == ["A"]


def test_a_released_source_can_be_claimed_at_once_but_only_its_holder_releases_it(store):
    ids = {name: one.id for name, one in sync(store, declared("A"), declared("B")).items()}
    claim(store, owner="us")
    with store.write() as connection:
        source_store.release_sources(connection, ids.values(), owner="them")
    assert claim(store, owner="them") == []
    with store.write() as connection:
        source_store.release_sources(connection, [ids["A"]], owner="us")
    assert claim(store, owner="them") == ["A"]


def test_F8_a_patient_permanent_redirect_replaces_the_address(store):
    source = sync(store, declared("A"))["A"]
    claim(store)
    save(store, source.id, url="https://new.example/feed", state=replace(STATE, warning="moved"))
    with store.read() as connection:
        (report,) = source_store.report_sources(connection, week_ago=NOW)
    assert (report.source.url, report.state.warning) == ("https://new.example/feed", "moved")


def test_the_report_counts_all_articles_and_those_of_the_last_week(store):
    source = sync(store, declared("A"), declared("B"))["A"]
    with store.write() as connection:
        old = factories.new_article(1, published=NOW - timedelta(days=8))
        factories.add_articles(connection, source.id, old, factories.new_article(2))
        reports = source_store.report_sources(connection, week_ago=NOW - timedelta(days=7))
    assert [(one.source.name, one.articles, one.articles_last_week) for one in reports] == [
        ("A", 2, 1),
        ("B", 0, 0),
    ]

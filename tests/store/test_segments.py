"""A segment selects the subscribers that its query describes, on both engines."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from operator import ge, gt, le, lt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text, update

from syndicate.audience.choices import ReaderSelection
from syndicate.audience.fields import SubscriberField, read_value
from syndicate.audience.segments import parse_segment, segment_text
from syndicate.model import SegmentClause, SegmentSubject
from syndicate.store import Connection, Store, schema
from syndicate.store.leases import leases
from syndicate.store.mail import newsletter_store
from syndicate.store.subscribers import audience_store, field_store, segment_store, subscriber_export
from tests.examples import examples
from tests.factories import NOW, newsletter, subscribe

FIELDS = (
    SubscriberField(name="city"),
    SubscriberField(name="age", type="number"),
    SubscriberField(name="since", type="date"),
    SubscriberField(name="plan", type="choice", choices=("Free", "Paid")),
    SubscriberField(name="press", type="yes_no"),
)
ADDRESSES = ("jo@example.org", "kim@example.com", "le_e@sub.example.org", "mo@münchen.example")
KEYS = {address: address.replace("münchen", "xn--mnchen-3ya") for address in ADDRESSES}
NEWSLETTERS = ("daily", "weekly")
SECTIONS = ("World", "Économie", "a%_b")
TAGS = ("vip", "c++", "presse écrite")
LANGUAGES = ("", "de", "de-at", "den", "EN")
SOURCES = ("", "footer", "Footer", "a b")
TEXTS = ("Bristol", "bristol", 'New "York"', "a, b: c", "-1", ">=5", "a\\b", "ß", "%")
NUMBERS = ("-3.5", "0", "7", "10", "123456789012345", "0.1")
DATES = ("2024-12-31", "2025-01-01", "2026-11-24")
VALUES = {
    "city": st.sampled_from(TEXTS),
    "age": st.sampled_from(NUMBERS),
    "since": st.sampled_from(DATES),
    "plan": st.sampled_from(("free", "Paid")),
    "press": st.sampled_from(("yes", "0")),
}
COMPARE: dict[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}


def lists(values: Sequence[str]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True).map(tuple)


def field_clauses() -> st.SearchStrategy[dict[str, Any]]:
    def of(field: SubscriberField) -> st.SearchStrategy[dict[str, Any]]:
        values = VALUES[field.name].map(lambda text: read_value(field, text))
        facts = {"field": st.just(field.name)}
        equal = st.fixed_dictionaries(
            facts
            | {"operator": st.just("="), "values": st.lists(values, min_size=1, max_size=2, unique=True)}
        )
        compared = st.fixed_dictionaries(
            facts | {"operator": st.sampled_from(list(COMPARE)), "values": values.map(lambda value: [value])}
        )
        present = st.fixed_dictionaries(facts)
        return st.one_of(equal, present, compared) if field.type in ("number", "date") else equal | present

    return st.one_of([of(field) for field in FIELDS])


JOINED = st.one_of(
    st.fixed_dictionaries({"values": st.sampled_from([("0d",), ("1d",), ("400d", "2d")])}),
    st.fixed_dictionaries(
        {"operator": st.sampled_from(list(COMPARE)), "values": lists(DATES).map(lambda d: d[:1])}
    ),
)
PLAIN = {
    SegmentSubject.NEWSLETTER: NEWSLETTERS,
    SegmentSubject.SECTION: ("World", "world", "économie", "a%_b", "a"),
    SegmentSubject.CADENCE: ("edition", "weekly"),
    SegmentSubject.SOURCE: ("footer", "a b"),
    SegmentSubject.TAG: ("vip", "c++", "presse écrite", "other"),
    SegmentSubject.LANGUAGE: ("de", "en"),
    SegmentSubject.DOMAIN: ("example.org", "xn--mnchen-3ya.example"),
}
FACTS = st.one_of(
    st.tuples(st.just(SegmentSubject.FIELD), field_clauses()),
    st.tuples(st.just(SegmentSubject.JOINED), JOINED),
    *(
        st.tuples(st.just(subject), st.fixed_dictionaries({"values": lists(values)}))
        for subject, values in PLAIN.items()
    ),
)
CLAUSES = st.builds(
    lambda fact, negated: SegmentClause(
        subject=fact[0], negated=negated, **fact[1] | {"values": tuple(fact[1].get("values", ()))}
    ),
    FACTS,
    st.booleans(),
)
QUERIES = st.lists(CLAUSES, max_size=4).map(tuple)


def subscribed(draw_newsletter: str, days: int) -> Callable[[Connection, str], None]:
    def change(connection: Connection, address: str) -> None:
        subscribe_as(connection, address, draw_newsletter, NOW - timedelta(days=days))

    return change


def subscribe_as(connection: Connection, address: str, name: str, at: datetime) -> None:
    audience_store.add_subscription(
        connection,
        address=address,
        address_key=KEYS[address],
        name="",
        language=LANGUAGES[len(address) % len(LANGUAGES)],
        newsletter=name,
        evidence="a signed form",
        now=at,
    )


def left(connection: Connection, address: str) -> None:
    audience_store.end_all_subscriptions(connection, KEYS[address], detail="asked", now=NOW)


def erased(connection: Connection, address: str) -> None:
    audience_store.erase_subscriber(connection, KEYS[address], NOW)


def chosen(name: str, selection: str, cadence: str, source: str) -> Callable[[Connection, str], None]:
    def change(connection: Connection, address: str) -> None:
        owner = audience_store.subscription_of(connection, KEYS[address], name)
        table = schema.subscriptions
        values = {"selection": selection, "cadence": cadence, "source": source}
        connection.execute(update(table).where(table.c.id == owner).values(values))

    return change


def noted(
    values: dict[str, str], tags: Sequence[str], gone: Sequence[str]
) -> Callable[[Connection, str], None]:
    def change(connection: Connection, address: str) -> None:
        owner = audience_store.find_subscriber(connection, KEYS[address])
        if owner is not None:
            field_store.save_fields(connection, owner, values)
            field_store.add_tags(connection, owner, tags)
            field_store.remove_tags(connection, owner, gone)

    return change


READ = {field.name: VALUES[field.name].map(partial(read_value, field)) | st.just("") for field in FIELDS}
SELECTIONS = st.builds(
    lambda sections: ReaderSelection(sections=tuple(sections), languages=("de",)).text(),
    st.lists(st.sampled_from(SECTIONS), max_size=2),
)
CHANGES = st.one_of(
    st.builds(subscribed, st.sampled_from(NEWSLETTERS), st.integers(0, 3)),
    st.builds(
        chosen,
        st.sampled_from(NEWSLETTERS),
        SELECTIONS,
        st.sampled_from(("edition", "weekly")),
        st.sampled_from(SOURCES),
    ),
    st.builds(noted, st.fixed_dictionaries({}, optional=READ), lists(TAGS), lists(TAGS)),
    st.just(left),
    st.just(erased),
)
HISTORIES = st.lists(st.tuples(st.sampled_from(ADDRESSES), CHANGES), max_size=16)


def holds(person: dict[str, Any], clauses: Sequence[SegmentClause]) -> bool:
    """Evaluate a query over the data that a subscriber may export."""
    own = [one for one in person["subscriptions"] if one["state"] == "confirmed"]
    choices = [clause for clause in clauses if clause.subject in ("section", "cadence", "source")]
    named = [clause for clause in clauses if clause.subject == "newsletter" and not clause.negated]
    for names in [clause.values for clause in named] or ([NEWSLETTERS] if choices else []):
        of_newsletter = [one for one in own if one["newsletter"] in names]
        if not any(all(chose(one, choice) for choice in choices) for one in of_newsletter):
            return False
    rest = [clause for clause in clauses if clause not in (*choices, *named)]
    return bool(own) and all(has(person, own, clause) != clause.negated for clause in rest)


def chose(one: dict[str, Any], clause: SegmentClause) -> bool:
    if clause.subject == "section":
        lines = one["selection"].split("\n")
        spelt = {
            way
            for value in clause.values
            for way in (value, value.lower(), value.capitalize(), value.title())
        }
        return any(f"section:{way}" in lines for way in spelt) != clause.negated
    return (one[clause.subject.value] in clause.values) != clause.negated


def has(person: dict[str, Any], own: Sequence[dict[str, Any]], clause: SegmentClause) -> bool:
    values, operator = clause.values, clause.operator
    match clause.subject:
        case "newsletter":
            return any(one["newsletter"] in values for one in own)
        case "tag":
            return any(one["tag"] in values for one in person["tags"])
        case "language":
            spoken = person["language"].lower()
            return any(spoken == value or spoken.startswith(f"{value}-") for value in values)
        case "domain":
            return person["address_key"].rpartition("@")[2] in values
        case "joined":
            joined = datetime.fromisoformat(person["created"])
            if operator == ":":
                return any(NOW - joined <= timedelta(days=int(value[:-1])) for value in values)
            return COMPARE[operator](joined.date(), date.fromisoformat(values[0]))
    (stored,) = [one["value"] for one in person["fields"] if one["name"] == clause.field] or [None]
    if stored is None or not values:
        return stored is not None
    if operator == "=":
        return stored in values
    kind: Any = float if clause.field == "age" else date.fromisoformat
    return COMPARE[operator](kind(stored), kind(values[0]))


def addresses_of(connection: Connection, clauses: Sequence[SegmentClause]) -> list[str]:
    members = segment_store.members(clauses, NOW)
    return sorted(one.address for one in audience_store.list_subscribers(connection, *members))


@pytest.fixture
def declared(store: Store) -> Store:
    with store.write() as connection:
        leases.ensure_secret(connection)
        newsletter_store.sync_newsletters(connection, [newsletter(name) for name in NEWSLETTERS], NOW)
    return store


@pytest.mark.all
@settings(max_examples=examples(80), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=HISTORIES, queries=st.lists(QUERIES, min_size=1, max_size=6))
def test_a_query_finds_the_same_readers_as_their_exported_data(
    declared: Store, history: list[Any], queries: list[tuple[SegmentClause, ...]]
) -> None:
    with declared.dry_run() as connection:
        for address, change in history:
            change(connection, address)
        data = {
            address: subscriber_export.export_subscriber_data(connection, key)
            for address, key in KEYS.items()
        }
        known = {address: person for address, person in data.items() if person and "created" in person}
        for clauses in queries:
            expected = sorted(address for address, person in known.items() if holds(person, clauses))
            assert addresses_of(connection, clauses) == expected, segment_text(clauses)
            assert segment_store.count_members(connection, clauses, NOW) == len(expected)


@given(QUERIES)
def test_a_query_is_written_as_it_is_read(clauses: tuple[SegmentClause, ...]) -> None:
    assert parse_segment(segment_text(clauses), FIELDS, NEWSLETTERS) == clauses


def test_a_segment_of_one_newsletter_has_only_its_readers(declared: Store) -> None:
    with declared.write() as connection:
        subscribe(connection, "jo@example.org")
        subscribe(connection, "kim@example.com", name="weekly")
        clauses = parse_segment("-tag:vip")
        members = segment_store.members(clauses, NOW, "weekly")
        assert [one.address for one in audience_store.list_subscribers(connection, *members)] == [
            "kim@example.com"
        ]


def test_a_subscriber_that_was_erased_leaves_no_field_and_no_tag(declared: Store) -> None:
    with declared.write() as connection:
        subscribe(connection, "jo@example.org")
        noted({"city": "Bristol"}, ["vip"], [])(connection, "jo@example.org")
        erased(connection, "jo@example.org")
        for table in (schema.subscriber_fields, schema.subscriber_tags):
            assert connection.scalars(select(func.count()).select_from(table)).one() == 0


def test_a_value_that_is_set_again_replaces_the_former_and_a_blank_removes_it(declared: Store) -> None:
    with declared.write() as connection:
        subscribe(connection, "jo@example.org")
        owner = audience_store.find_subscriber(connection, "jo@example.org")
        assert owner is not None
        field_store.save_fields(connection, owner, {"city": "Bath", "age": "9"})
        field_store.save_fields(connection, owner, {"city": "Bristol", "age": "10"})
        assert field_store.fields_of(connection, owner) == {"age": "10", "city": "Bristol"}
        assert addresses_of(connection, parse_segment("field:age>9", FIELDS)) == ["jo@example.org"]
        field_store.save_fields(connection, owner, {"city": "", "other": ""})
        assert field_store.fields_of(connection, owner) == {"age": "10"}


@pytest.mark.parametrize(
    ("query", "index"),
    [("tag:vip", "subscriber_tags_tag"), ("field:city=Bristol", "subscriber_fields_value"),
     ("field:age>=18", "subscriber_fields_number")],
)  # fmt: skip
def test_tags_and_values_are_found_by_an_index(sqlite_store: Store, query: str, index: str) -> None:
    with sqlite_store.read() as connection:
        members = segment_store.members(parse_segment(query, FIELDS), NOW)
        statement = select(schema.subscribers.c.id).where(*members)
        compiled = statement.compile(connection, compile_kwargs={"literal_binds": True})
        plan = " ".join(str(row[3]) for row in connection.execute(text(f"EXPLAIN QUERY PLAN {compiled}")))
    assert f"INDEX {index}" in plan

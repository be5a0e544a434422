"""Values of fields, and queries over subscribers: what is read, and how mistakes are told."""

import pytest

from syndicate.audience.fields import (
    SubscriberField,
    given_values,
    read_tag,
    read_value,
    read_values,
)
from syndicate.audience.segments import parse_segment, segment_text
from syndicate.errors import ConfigError, InvalidField

TEXT = SubscriberField(name="city", title="Your city")
NUMBER = SubscriberField(name="age", type="number")
DATE = SubscriberField(name="since", type="date")
CHOICE = SubscriberField(name="plan", type="choice", choices=("Free", "Paid"))
YES_NO = SubscriberField(name="press", type="yes_no")
FIELDS = (TEXT, NUMBER, DATE, CHOICE, YES_NO)


@pytest.mark.parametrize(
    ("field", "given", "read"),
    [
        (TEXT, "  New\x00\n York ", "New York"),
        (NUMBER, "007.50", "7.5"),
        (NUMBER, "-0", "0"),
        (NUMBER, "+12", "12"),
        (NUMBER, "-.5", "-0.5"),
        (NUMBER, "  ", ""),
        (DATE, "20260131", "2026-01-31"),
        (DATE, "2026-01-31 10:00:00", "2026-01-31"),
        (CHOICE, "PAID", "Paid"),
        (YES_NO, "True", "yes"),
        (YES_NO, "0", "no"),
    ],
)
def test_a_value_has_one_spelling(field: SubscriberField, given: str, read: str) -> None:
    assert read_value(field, given) == read
    assert read_value(field, read) == read


@pytest.mark.parametrize(
    ("field", "given", "problem"),
    [
        (TEXT, "a b " * 126, "Your city: .* longer than 500 characters"),
        (NUMBER, "1,5", "age: '1,5' is not a number of at most 15 digits such as 12 or 3.5"),
        (NUMBER, "1e3", "not a number"),
        (NUMBER, "٣", "not a number"),
        (NUMBER, ".", "not a number"),
        (NUMBER, "1234567890123456", "not a number of at most 15 digits"),
        (DATE, "31.1.2026", "not a date such as 2026-01-31"),
        (DATE, "2026-02-30", "not a date"),
        (CHOICE, "gratis", "not among its choices: Free, Paid"),
        (YES_NO, "perhaps", "not yes or no"),
    ],
)
def test_another_value_is_refused_with_the_reason(field: SubscriberField, given: str, problem: str) -> None:
    with pytest.raises(InvalidField, match=problem):
        read_value(field, given)


def test_a_form_answers_the_fields_that_it_shows_and_all_that_are_required() -> None:
    needed = SubscriberField(name="plan", title="Plan", choices=("Free",), type="choice", required=True)
    form = {"field.age": ["x"], "field.city": [" Bath "], "field.other": ["1"]}
    values, errors = read_values((TEXT, NUMBER, DATE, needed), given_values(FIELDS, form))
    assert values["city"] == "Bath"
    assert errors == {
        "age": "age: 'x' is not a number of at most 15 digits such as 12 or 3.5.",
        "plan": "Plan: a value is required.",
    }


def test_spellings_of_a_tag_are_one_tag() -> None:
    assert read_tag(" VIP-Customer\n") == read_tag("vip customer")
    for text in ("", " ", "a" * 61):
        with pytest.raises(InvalidField, match="is not a tag"):
            read_tag(text)


@pytest.mark.parametrize(
    ("query", "read"),
    [
        ("", ""),
        ("  Tag:VIP,vip   -language:DE ", "tag:vip -language:de"),
        ("domain:@Bücher.example joined:4w", "domain:xn--bcher-kva.example joined:28d"),
        ('field:city="New  York",Bath -field:city', 'field:city="New York",Bath -field:city'),
        ("field:age>=018 field:since<20250101", "field:age>=18 field:since<2025-01-01"),
        ("field:plan=free field:press=true", "field:plan=Free field:press=yes"),
        (
            "joined>=2026-01-01 section:World cadence:weekly",
            "joined>=2026-01-01 section:World cadence:weekly",
        ),
    ],
)
def test_a_query_is_kept_in_one_spelling(query: str, read: str) -> None:
    assert segment_text(parse_segment(query, FIELDS)) == read


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("tag:a vip", "position 7: there is no clause 'vip'; use newsletter:, .*field:"),
        ("tag:a -", "position 8: there is no clause ''"),
        ("newsletter:dialy", "position 12: there is no newsletter 'dialy', known names: daily"),
        ("field:town=Bath", "position 7: there is no field 'town'; known names: city, age, since"),
        ("field:", "there is no field ''"),
        ("field:age:18", "position 10: ':' cannot follow age; use = < <= > >="),
        ("field:city>a", "'>' cannot follow city; use ="),
        ("field:age>1,2", "> compares with a single value"),
        ("field:age>x", "position 11: age: 'x' is not a number"),
        ("joined<30d", "no date such as 2026-01-31"),
        ("joined>9999-12-31", "no date such as 2026-01-31"),
        ("joined:1", "no number of days or weeks such as 30d or 4w"),
        ("joined:99999w", "at most 99999d"),
        ("joined>9999-12-31", "no date such as"),
        ("joined<=9999-12-31", "no date such as"),
        ("language:" + ",".join(f"l{number}" for number in range(200)), "more than 200 clauses and values"),
        ("tag:a " * 101, "give the subscribers a tag"),
        ("joined=2026-01-01", "'=' cannot follow joined"),
        ("cadence:hourly", "known names: edition, daily, weekly"),
        ("domain:localhost", "no domain such as example.org"),
        ("tag:", "position 5: a value is missing"),
        ('tag:"a', "never closed"),
        ("tag:a;b:c", "':' is not expected here"),
        ("tag:a\x00", "cannot be part of a query"),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_allowed_names(query: str, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        parse_segment(query, FIELDS, ["daily"])

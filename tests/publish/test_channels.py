from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.errors import ConfigError
from syndicate.model import Clause, ClauseField
from syndicate.publish.channel_query import parse_query

F = ClauseField


def clause(field: ClauseField, *values: str, negated: bool = False) -> Clause:
    return Clause(field=field, values=values, negated=negated)


@pytest.mark.parametrize(
    ("query", "clauses"),
    [
        ("", ()),
        ("  \n\t ", ()),
        ("section:world", (clause(F.SECTION, "world"),)),
        ("section:world,europe", (clause(F.SECTION, "world", "europe"),)),
        ("tag:climate tag:coast", (clause(F.TAG, "climate"), clause(F.TAG, "coast"))),
        ('source:"The Harbour",Pilot', (clause(F.SOURCE, "The Harbour", "Pilot"),)),
        ("language:AR,ar,en-GB", (clause(F.LANGUAGE, "ar", "en-gb"),)),
        ("word:flood", (clause(F.WORD, "flood"),)),
        ("flood", (clause(F.WORD, "flood"),)),
        ("فيضان", (clause(F.WORD, "فيضان"),)),
        ('"climate  summit"', (clause(F.WORD, "climate summit"),)),
        ("top", (clause(F.LIST, "top"),)),
        ("top,trending", (clause(F.LIST, "top", "trending"),)),
        ('"top"', (clause(F.WORD, "top"),)),
        ("word:top", (clause(F.WORD, "top"),)),
        ("top section:sport", (clause(F.LIST, "top"), clause(F.SECTION, "sport"))),
        ("-tag:opinion", (clause(F.TAG, "opinion", negated=True),)),
        ("-top", (clause(F.LIST, "top", negated=True),)),
        ('-"wet feet"', (clause(F.WORD, "wet feet", negated=True),)),
        ("section:a,a,b", (clause(F.SECTION, "a", "b"),)),
        ("Section:world", (clause(F.SECTION, "world"),)),
        (r'"say \"yes\" \\ no"', (clause(F.WORD, r'say "yes" \ no'),)),
        ("covid-19", (clause(F.WORD, "covid-19"),)),
    ],
)
def test_a_query_reads_as_clauses(query: str, clauses: tuple[Clause, ...]) -> None:
    assert parse_query(query) == clauses


@pytest.mark.parametrize(
    ("query", "position", "problem"),
    [
        ("sektion:world", 1, "there is no field 'sektion'"),
        ("tag:a https://x.example", 7, "there is no field 'https'"),
        ("list:top", 1, "there is no field 'list'"),
        ("section:", 9, "a value is missing"),
        ("section: world", 9, "a value is missing"),
        ("section:a, b", 11, "a value is missing"),
        ("section:a,,b", 11, "a value is missing"),
        ("tag:a -", 8, "a value is missing"),
        ('tag:"open', 5, "this quotation mark is never closed"),
        ('tag:""', 5, "there is nothing between the quotation marks"),
        ('"  "', 1, "there is nothing between the quotation marks"),
        ('tag:a"b"', 6, "'\"' is not expected here"),
        ("tag:a:b", 6, "':' is not expected here"),
        ("flood,top", 1, "top and trending cannot share a clause with words"),
        ("flood\x00", 6, "this character cannot be part of a query"),
        ("\ud800", 1, "this character cannot be part of a query"),
    ],
)
def test_a_wrong_query_says_where_and_what_to_do(query: str, position: int, problem: str) -> None:
    with pytest.raises(ConfigError) as refused:
        parse_query(query)

    message = str(refused.value)
    assert f"position {position}: {problem}; " in message


values = st.lists(
    st.one_of(st.sampled_from(["top", "trending", "-x", "a,b", 'q"', "\\", "a:b"]), st.text(min_size=1))
    .map(lambda text: " ".join(text.split()))
    .filter(lambda text: text != "" and text.encode(errors="replace").decode() == text)
    .filter(lambda text: all(ord(letter) >= 32 and not 127 <= ord(letter) < 160 for letter in text)),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
clauses = st.one_of(
    st.builds(
        Clause,
        field=st.sampled_from([F.SECTION, F.TAG, F.SOURCE, F.WORD]),
        values=values,
        negated=st.booleans(),
    ),
    st.builds(
        Clause,
        field=st.just(F.LIST),
        values=st.sampled_from([("top",), ("trending",), ("trending", "top")]),
        negated=st.booleans(),
    ),
)


def written(one: Clause) -> str:
    minus = "-" if one.negated else ""
    if one.field is F.LIST:
        return minus + ",".join(one.values)
    prefix = "" if one.field is F.WORD else f"{one.field.value}:"
    quoted = (value.replace("\\", "\\\\").replace('"', '\\"') for value in one.values)
    return minus + prefix + ",".join(f'"{value}"' for value in quoted)


@pytest.mark.all
@given(st.lists(clauses, max_size=5).map(tuple))
def test_whatever_stands_between_quotation_marks_is_read_as_it_stands(original: tuple[Clause, ...]) -> None:
    assert parse_query(" ".join(map(written, original))) == original


@given(st.text())
def test_any_text_is_a_query_or_refused(text: str) -> None:
    with suppress(ConfigError):
        parse_query(text)

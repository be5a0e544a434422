"""Lists of other products become subscribers; whoever left, bounced or complained there stays away."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.audience.fields import SubscriberField
from syndicate.audience.importing.list_columns import read_columns, read_date
from syndicate.audience.importing.list_rows import ImportChoices, SubscriberList, without_duplicates
from syndicate.audience.importing.products import PRODUCTS, standing_of_file
from syndicate.errors import ParseError
from syndicate.model import ImportedSubscriber, Standing
from syndicate.zip_files import read_files

EXPORTS = Path(__file__).parent / "exports"
FIELDS = (SubscriberField(name="city"), SubscriberField(name="age", type="number"))


def read_list(data: bytes | str, name: str = "people.csv", **choices: object) -> SubscriberList:
    given = ImportChoices(newsletter="daily", newsletters=("daily",), **choices)  # type: ignore[arg-type]
    return SubscriberList(name, data if isinstance(data, bytes) else data.encode(), given)


def read(data: bytes | str, name: str = "people.csv", **choices: object) -> list[ImportedSubscriber]:
    return sorted(without_duplicates(read_list(data, name, **choices).rows()), key=lambda row: row.line)


def outcomes(rows: Iterable[ImportedSubscriber]) -> list[tuple[int, str, str]]:
    return [(row.line, row.address_key or row.text, row.standing.value) for row in rows]


def standings(data: bytes | str, name: str = "people.csv", **choices: object) -> dict[str, str]:
    return {row.text.partition("@")[0]: row.standing.value for row in read(data, name, **choices)}


def exported(path: str, **choices: object) -> list[SubscriberList]:
    files = read_files(EXPORTS / path, (".csv", ".txt"))
    return [read_list(data, name, **choices) for name, data in files if not name.startswith("posts")]


def people(path: str, **choices: object) -> dict[str, ImportedSubscriber]:
    rows = [row for read in exported(path, **choices) for row in read.rows()]
    return {row.address_key.partition("@")[0]: row for row in without_duplicates(rows) if row.address_key}


EXPECTED = {
    "mailchimp": (
        "mailchimp",
        {"ada": "subscribed", "ben": "subscribed", "cleo": "unsubscribed", "dora": "complained"}
        | {"ed": "bounced", "flo": "unconfirmed"},
    ),
    "substack": (
        "substack",
        {"ada": "subscribed", "ben": "subscribed", "cleo": "unsubscribed", "12345": "unsubscribed"},
    ),
    "ghost.csv": ("ghost", {"ada": "subscribed", "ben": "subscribed", "cleo": "unsubscribed"}),
    "listmonk.csv": ("listmonk", {"ada": "subscribed", "ben": "unconfirmed", "cleo": "blocked"}),
    "buttondown.csv": (
        "buttondown",
        {"ada": "subscribed", "ben": "subscribed", "cleo": "unconfirmed", "dora": "unsubscribed"}
        | {"ed": "bounced", "flo": "complained", "gus": "unsubscribed", "hal": "unknown"},
    ),
    "mailpoet.csv": (
        "mailpoet",
        {"ada": "subscribed", "ben": "unconfirmed", "cleo": "unsubscribed", "dora": "bounced"}
        | {"ed": "unconfirmed"},
    ),
    "mailman.txt": ("mailman", {"ada": "subscribed", "ben": "subscribed", "cleo": "subscribed"}),
}


@pytest.mark.parametrize("path", EXPECTED)
def test_each_export_is_recognised_and_only_confirmed_readers_are_subscribed(path: str) -> None:
    product, expected = EXPECTED[path]
    assert {read.columns.product.name for read in exported(path)} == {product}
    assert {name: row.standing.value for name, row in people(path).items()} == expected


def test_names_tags_dates_fields_and_proof_of_consent_come_along() -> None:
    ada = people("mailchimp", fields=FIELDS)["ada"]
    assert (ada.name, ada.tags, ada.language, ada.fields) == (
        "Ada Byrne",
        ("vip", "harbour walk"),
        "en",
        {"city": "Bristol"},
    )
    assert ada.since == datetime(2019, 3, 4, 10, 20, 30, tzinfo=UTC)
    assert ada.proof == (
        "OPTIN_TIME: 2019-03-04 10:20:30; CONFIRM_TIME: 2019-03-04 10:25:00; "
        "OPTIN_IP: 198.51.100.7; CONFIRM_IP: 198.51.100.7"
    )
    listmonk = people("listmonk.csv", fields=FIELDS)
    assert listmonk["ada"].fields == {"city": "Bristol", "age": "41"}
    assert listmonk["ben"].since == datetime(2021, 3, 4, 8, 20, 30, 100000, tzinfo=UTC)
    assert people("mailpoet.csv")["ada"].name == 'Ada "the first" Byrne'
    assert people("mailman.txt")["cleo"].name == "Doe, Cleo"
    assert people("ghost.csv")["ben"].name == "=Ben"
    buttondown = people("buttondown.csv")["ada"]
    assert (buttondown.tags, buttondown.since) == (
        ("vip", "harbour walk"),
        datetime(2023, 1, 4, 10, tzinfo=UTC),
    )


def test_the_end_of_a_subscription_keeps_its_date_and_reason() -> None:
    cleo = people("mailchimp")["cleo"]
    assert (cleo.ended, cleo.reason) == (
        datetime(2021, 6, 7, 8, 9, 10, tzinfo=UTC),
        "the list says: UNSUB_TIME 2021-06-07 08:09:10; No longer interested",
    )
    assert people("buttondown.csv")["ed"].ended == datetime(2024, 6, 7, 8, 9, 10, tzinfo=UTC)


def test_a_row_that_was_unsubscribed_is_not_subscribed_in_whatever_file_it_is() -> None:
    assert standings("Email Address,MEMBER_RATING,UNSUB_TIME\njo@example.org,2,2020-01-02 03:04:05\n") == {
        "jo": "unsubscribed"
    }
    assert standings("email,active_subscription,email_disabled\njo@example.org,true,true\n") == {
        "jo": "unsubscribed"
    }


@pytest.mark.parametrize(
    ("heading", "stays", "goes", "state"),
    [
        ("Confirmed", "yes", "No", "unconfirmed"),
        ("is_active", "1", "0", "unconfirmed"),
        ("active", "2024-05-06", "pending", "unconfirmed"),
        ("subscribed", "TRUE", "false", "unsubscribed"),
        ("subscribed", "active", "cleaned", "bounced"),
        ("blocked", "0", "2024-05-06", "blocked"),
        ("Spam complaints", "0", "1", "complained"),
    ],
)
def test_a_plain_list_says_the_state_in_columns_of_yes_and_no(
    heading: str, stays: str, goes: str, state: str
) -> None:
    text = f"email,{heading}\njo@example.org,{stays}\nmo@example.org,{goes}\nla@example.org,\n"
    assert standings(text) == {"jo": "subscribed", "mo": state, "la": "subscribed"}


@pytest.mark.parametrize(
    ("heading", "end", "other"),
    [
        ("Email Status", "Unsubscribed", "Active"),
        ("Email Opt Out", "true", "false"),
        ("Unsubscribed from all email", "Yes", ""),
        ("Accepts Email Marketing", "no", "yes"),
        ("Hard bounces", "2", "0"),
        ("Marked as spam", "1", "0"),
        ("Stato dell'iscrizione", "Disiscritto", "Iscritto"),
        ("Email_Status__c", "Bounced", "OK"),
    ],
)
def test_a_plain_list_names_who_left_in_many_ways(heading: str, end: str, other: str) -> None:
    found = standings(f"email,{heading}\nada@example.org,{end}\nben@example.org,{other}\n")
    assert found["ada"] in ("unsubscribed", "bounced", "complained")
    assert found["ben"] == "subscribed"


def test_an_end_in_a_column_that_the_operator_ignores_is_none() -> None:
    text = "email,Notes,Plan\nada@example.org,removed,cancelled\n"
    assert standings(text) == {"ada": "unsubscribed"}
    assert standings(text, meanings={"notes": ""}) == {"ada": "subscribed"}


def test_values_that_are_no_field_are_counted() -> None:
    (read,) = exported("listmonk.csv", fields=(SubscriberField(name="city", type="number"),))
    list(read.rows())
    assert read.dropped == {("city", "no value of field city"): 1, ("age", "no such field"): 1}


def test_substacks_table_of_subscribers_is_refused_since_it_has_no_states() -> None:
    with pytest.raises(ParseError, match="Settings, Exports"):
        read("Email,Name,Subscription type,Activity\njo@example.org,Jo,Free,3\n")


@pytest.mark.parametrize(
    "headings",
    [
        "E-Mail-Adresse;Vorname;Nachname;Angemeldet am",
        "Courriel;Prénom;Nom;Inscrit le",
        "Correo electrónico;Nombre;Apellidos;Suscrito el",
    ],
)
def test_headings_are_read_in_several_languages(headings: str) -> None:
    (row,) = read(f"{headings}\njo@example.org;Jo;Doe;03.04.2020\n")
    assert (row.address, row.name) == ("jo@example.org", "Jo Doe")
    assert row.since == datetime(2020, 4, 3, tzinfo=UTC)


def test_the_report_says_which_column_of_a_list_without_headings_holds_the_addresses() -> None:
    columns = read_columns([["Jo Doe <jo@example.org>"], ["mo@example.org"]], "", {}, ())
    assert columns.titles == {"column 1": "address"}


def test_unknown_headings_and_missing_headings_are_read_by_content() -> None:
    (row,) = read("Postfach,Wer\njo@example.org,Jo Doe\n")
    assert (row.line, row.address, row.name) == (2, "jo@example.org", "")
    rows = read("Jo Doe,jo@example.org,2020-01-02,subscribed\nMo,mo@example.org,2021-02-03,unsubscribed\n")
    assert [(row.name, row.since and row.since.year, row.standing.value) for row in rows] == [
        ("Jo Doe", 2020, "subscribed"),
        ("Mo", 2021, "unsubscribed"),
    ]


def test_a_column_is_read_as_the_operator_says() -> None:
    assert standings("email,list\njo@example.org,unsubscribed\n", meanings={"list": "state"}) == {
        "jo": "unsubscribed"
    }
    (row,) = read("email,Town\njo@example.org,Bath\n", meanings={"town": "field:city"}, fields=FIELDS)
    assert row.fields == {"city": "Bath"}
    assert standings("email,status\njo@example.org,odd\n", meanings={"status": ""}) == {"jo": "subscribed"}


def test_the_state_of_an_address_is_no_state_of_a_subscription() -> None:
    assert standings("email,City,State\njo@example.org,Reno,NV\n") == {"jo": "subscribed"}
    assert standings("email,State\njo@example.org,NV\n") == {"jo": "unknown"}


@pytest.mark.parametrize(
    ("name", "standing"),
    [
        ("a.zip/unsubscribed_members_export_1.csv", Standing.UNSUBSCRIBED),
        ("cleaned_segment_export_1.csv", Standing.BOUNCED),
        ("nonsubscribed_email_audience_export_1.csv", Standing.UNCONFIRMED),
        ("subscribed_members_export_1.csv", Standing.SUBSCRIBED),
        ("cleaned/people.csv", Standing.SUBSCRIBED),
    ],
)
def test_the_name_of_a_file_gives_the_state_of_its_rows(name: str, standing: Standing) -> None:
    assert standing_of_file(name) is standing


def test_a_state_for_all_rows_makes_none_better() -> None:
    data = "email,state\njo@example.org,subscribed\nmo@example.org,complained\n"
    assert standings(data, standing=Standing.BOUNCED) == {"jo": "bounced", "mo": "complained"}
    assert standings(data, "unsubscribed.csv") == {"jo": "unsubscribed", "mo": "complained"}


def test_of_two_rows_of_a_mailbox_the_more_restrictive_one_holds() -> None:
    rows = read(
        "email,state\njo@example.org,subscribed\nJO@example.org,unsubscribed\njo@example.org,active\n"
    )
    assert outcomes(rows) == [
        (2, "jo@example.org", "duplicate"),
        (3, "jo@example.org", "unsubscribed"),
        (4, "jo@example.org", "duplicate"),
    ]


def test_duplicate_headings_are_read_from_the_first_column_except_for_ends() -> None:
    (row,) = read("email,email,unsubscribed,unsubscribed\njo@example.org,mo@example.org,,yes\n")
    assert (row.address, row.standing) == ("jo@example.org", Standing.UNSUBSCRIBED)


def test_an_own_export_with_several_newsletters_keeps_them_apart() -> None:
    data = "email,newsletter,state\njo@example.org,daily,confirmed\njo@example.org,weekly,unsubscribed\n"
    both = ImportChoices(newsletters=("daily", "weekly"))
    rows = without_duplicates(SubscriberList("a.csv", data.encode(), both).rows())
    assert [(row.newsletter, row.standing.value) for row in rows] == [
        ("weekly", "unsubscribed"),
        ("daily", "subscribed"),
    ]
    one = ImportChoices(newsletter="daily", newsletters=("daily", "weekly"))
    rows = without_duplicates(SubscriberList("a.csv", data.encode(), one).rows())
    assert [row.standing.value for row in rows] == ["other newsletter", "subscribed"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-15T10:00:00.000Z", datetime(2024, 1, 15, 10, tzinfo=UTC)),
        ("2021-03-04 10:20:30.5 +0200 CEST", datetime(2021, 3, 4, 8, 20, 30, 500000, tzinfo=UTC)),
        ("2021-03-04 10:20:30 +0000 UTC", datetime(2021, 3, 4, 10, 20, 30, tzinfo=UTC)),
        ("2021-03-04 10:20:30 +0200", datetime(2021, 3, 4, 8, 20, 30, tzinfo=UTC)),
        ("2021-03-04", datetime(2021, 3, 4, tzinfo=UTC)),
        ("4.3.2021 10:20", datetime(2021, 3, 4, tzinfo=UTC)),
        ("25/03/2021", datetime(2021, 3, 25, tzinfo=UTC)),
        ("03/25/2021", datetime(2021, 3, 25, tzinfo=UTC)),
        ("2021/03/04", datetime(2021, 3, 4, tzinfo=UTC)),
        ("03/04/2021", None),
        ("31.02.2021", None),
        ("0000-00-00 00:00:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_dates_are_read_unless_they_could_be_two_days(text: str, expected: datetime | None) -> None:
    assert read_date(text) == expected


@given(st.text(max_size=40))
@example("9999-12-31T23:59:59-12:00")
@example("99/99/9999")
def test_no_text_breaks_the_reading_of_dates(text: str) -> None:
    assert read_date(text) is None or read_date(text)


@given(st.binary(max_size=300), st.sampled_from([*PRODUCTS, ""]))
@example(b'email,attributes\njo@example.org,"[[[[1]]]]"\n', "")
@example(b"email\n\xff\n", "")
def test_no_bytes_break_the_reading_of_lists(data: bytes, product: str) -> None:
    try:
        rows = read(data, product=product)
    except ParseError:
        return
    assert all(row.address_key or row.standing is Standing.INVALID or row.reason for row in rows)


def test_DF16_every_row_gets_an_outcome() -> None:
    data = "email\njo@example.com\nJO@Example.com\nnobody\nmo@example.com\n\n"
    assert outcomes(read(data)) == [
        (2, "jo@example.com", "subscribed"),
        (3, "JO@Example.com", "duplicate"),
        (4, "nobody", "invalid"),
        (5, "mo@example.com", "subscribed"),
    ]


def test_a_reason_says_what_is_wrong_with_a_row() -> None:
    added, duplicate, invalid = read(b"jo@example.com\njo@EXAMPLE.com\njo@@example.com\n")
    assert added.reason == ""
    assert duplicate.reason == "the same mailbox as in line 1"
    assert invalid.reason.startswith('"jo@@example.com" is not a mail address:')


@pytest.mark.parametrize(
    "data",
    [
        "email,name,language\njo@example.com,Jo Doe,de-AT\n",
        "Name;Language;E-Mail\r\nJo Doe;de_AT;jo@example.com\r\n",
        "language\tmail\tname\nDE-at\tjo@example.com\t Jo  Doe \n",
        '\ufeff"email","name","lang","note"\n"jo@example.com","Jo\nDoe","de-at","x, y"\n',
    ],
)
def test_columns_are_found_by_their_headings_whatever_separates_them(data: str) -> None:
    (row,) = read(data)
    assert (row.address, row.name, row.language) == ("jo@example.com", "Jo Doe", "de-at")


@pytest.mark.parametrize(
    "data",
    [
        "Müller,jo@example.com\n".encode(),
        "\ufeffMüller,jo@example.com".encode(),
        "Müller,jo@example.com".encode("cp1252"),
        "Müller\tjo@example.com\n".encode("utf-16"),
        "\ufeffMüller\tjo@example.com\r\n".encode("utf-16-be"),
        b"jo@example.com",
    ],
)
def test_encodings_are_recognised_and_headings_are_not_needed(data: bytes) -> None:
    assert outcomes(read(data)) == [(1, "jo@example.com", "subscribed")]


def test_a_row_without_the_column_is_invalid_not_lost() -> None:
    assert outcomes(read("name,email\nJo\nMo,mo@example.com\n")) == [
        (2, "", "invalid"),
        (3, "mo@example.com", "subscribed"),
    ]


def test_lines_are_counted_as_the_reader_of_the_file_counts_them() -> None:
    assert outcomes(read('email,name\n\n"jo@example.com","two\nlines"\nmo@example.com,\n')) == [
        (3, "jo@example.com", "subscribed"),
        (5, "mo@example.com", "subscribed"),
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"email,name\n"])
def test_an_empty_list_adds_nobody(data: bytes) -> None:
    assert outcomes(read(data)) == []


@pytest.mark.parametrize("data", [b"PK\x03\x04\x00\x00", b"\xff\xfea", b"jo@example.com," + b"x" * 200_000])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match="list"):
        read(data)


def test_the_name_of_a_file_can_be_stored() -> None:
    (row,) = SubscriberList("caf\udce9\n.csv", b"email\njo@example.com\n", ImportChoices()).rows()
    assert row.file == "caf .csv"


def test_WF12_names_and_languages_are_harmless() -> None:
    data = 'email,name,language\njo@example.com,"<b>Jo\r\nBcc: x\u202e",{{7*7}}\n'
    (row,) = read(data)
    assert (row.name, row.language) == ("<b>Jo Bcc: x", "")

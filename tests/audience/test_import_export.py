import csv
import io

import pytest

from syndicate.audience.import_export import (
    ExportedRow,
    ImportedRow,
    ImportOutcome,
    export_subscribers,
    export_suppressions,
    import_subscribers,
    import_suppressions,
)
from syndicate.errors import ParseError


def outcomes(data: bytes | str) -> list[tuple[int, str, str]]:
    rows = import_subscribers(data if isinstance(data, bytes) else data.encode())
    return [(row.line, row.address.key if row.address else row.text, row.outcome.value) for row in rows]


def test_DF16_every_row_gets_an_outcome() -> None:
    data = "email\njo@example.com\nJO@Example.com\nnobody\nmo@example.com\n\n"
    assert outcomes(data) == [
        (2, "jo@example.com", "added"),
        (3, "jo@example.com", "duplicate"),
        (4, "nobody", "invalid"),
        (5, "mo@example.com", "added"),
    ]


def test_a_reason_says_what_is_wrong_with_a_row() -> None:
    added, duplicate, invalid = import_subscribers(b"jo@example.com\njo@EXAMPLE.com\njo@@example.com\n")
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
    (row,) = import_subscribers(data.encode())
    assert row.address is not None
    assert (row.address.display, row.name, row.language) == ("jo@example.com", "Jo Doe", "de-at")


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
    assert outcomes(data) == [(1, "jo@example.com", "added")]


def test_a_row_without_the_column_is_invalid_not_lost() -> None:
    assert outcomes("name,email\nJo\nMo,mo@example.com\n") == [
        (2, "", "invalid"),
        (3, "mo@example.com", "added"),
    ]


def test_lines_are_counted_as_the_reader_of_the_file_counts_them() -> None:
    assert outcomes('email,name\n\n"jo@example.com","two\nlines"\nmo@example.com,\n') == [
        (3, "jo@example.com", "added"),
        (5, "mo@example.com", "added"),
    ]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"\xef\xbb\xbf", b"email,name\n"])
def test_an_empty_list_adds_nobody(data: bytes) -> None:
    assert outcomes(data) == []


@pytest.mark.parametrize("data", [b"PK\x03\x04\x00\x00", b"\xff\xfea", b"jo@example.com," + b"x" * 200_000])
def test_what_is_no_list_is_refused(data: bytes) -> None:
    with pytest.raises(ParseError, match="list"):
        import_subscribers(data)


def test_WF12_names_and_languages_are_harmless() -> None:
    data = 'email,name,language\njo@example.com,"<b>Jo\r\nBcc: x\u202e",{{7*7}}\n'
    (row,) = import_subscribers(data.encode())
    assert (row.name, row.language) == ("<b>Jo Bcc: x", "")


def test_WF12_the_export_has_no_formulas_and_the_import_reads_it_back() -> None:
    rows = [
        ExportedRow(
            email="+jo@example.com", name='=HYPERLINK("https://x")', language="en", newsletter="morning"
        ),
        ExportedRow(email="mo@example.com", name="@Mo, -1", state="confirmed"),
        ExportedRow(email="la@example.com", name="'Ndrangheta"),
    ]
    data = export_subscribers(rows)
    cells = [cell for line in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    read = import_subscribers(data)
    assert [(row.address and row.address.display, row.name) for row in read] == [
        ("+jo@example.com", '=HYPERLINK("https://x")'),
        ("mo@example.com", "@Mo, -1"),
        ("la@example.com", "'Ndrangheta"),
    ]


@pytest.mark.parametrize("state", ["unsubscribed", "pending", "Bounced"])
def test_nobody_is_subscribed_whom_the_list_itself_calls_otherwise(state: str) -> None:
    gone, here = import_subscribers(
        f"email,state\njo@example.com,{state}\nmo@example.com,confirmed\n".encode()
    )
    assert (gone.outcome, gone.reason) == (ImportOutcome.SUPPRESSED, f"the list says: {state}")
    assert here.outcome is ImportOutcome.ADDED


def test_an_imported_row_is_added_with_all_it_said() -> None:
    (row,) = import_subscribers(b"email,name,language\njo@example.com,Jo,EN\n")
    assert row.address is not None
    expected = ImportedRow(
        line=2,
        text="jo@example.com",
        outcome=ImportOutcome.ADDED,
        address=row.address,
        name="Jo",
        language="en",
    )
    assert row == expected


GONE = [("=jo@example.com", "daily", "unsubscribed"), ("hash:12", "", "erased")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_who_is_gone_is_read_back_from_any_spreadsheet(encoding: str, delimiter: str) -> None:
    data = export_suppressions([*GONE, ("zoë@example.com", "", "bounced")])
    saved = data.decode().replace(",", delimiter).encode(encoding)
    assert import_suppressions(saved) == [*GONE, ("zoë@example.com", "", "bounced")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"email,state\njo@example.com,confirmed\n",
        b"email,newsletter,reason\njo@example.com\n",
        b"\xff\xfe\x00",
    ],
)
def test_a_list_that_may_be_another_makes_nobody_gone(data: bytes) -> None:
    with pytest.raises(ParseError):
        import_suppressions(data)

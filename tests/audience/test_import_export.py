import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.audience.fields import SubscriberField
from syndicate.audience.import_export import export_subscribers, export_suppressions, import_suppressions
from syndicate.audience.importing.csv_text import write_csv
from syndicate.audience.importing.list_rows import ImportChoices, SubscriberList
from syndicate.errors import ParseError
from syndicate.model import ImportedSubscriber, Standing
from syndicate.text.names import tag_key
from syndicate.text.plain import clean_line

FIELDS = tuple(SubscriberField(name=name) for name in ("city", "state", "source", "agreed"))
CHOICES = ImportChoices(newsletters=("morning", "weekly"), fields=FIELDS)


def read_back(data: bytes) -> list[ImportedSubscriber]:
    return list(SubscriberList("out.csv", data, CHOICES).rows())


def test_a_formula_in_any_cell_of_a_row_becomes_text() -> None:
    rows = [["a", "b=1", "-c", ""], [" \u200b@a", "b", "\tc"], ["a\n=b", "", "x"], ["\uff1da", "\0=b", "=\0"]]
    data = write_csv(["id", "name"], rows).decode()
    assert list(csv.reader(io.StringIO(data, newline=""))) == [
        ["id", "name"],
        ["a", "b=1", "'-c", ""],
        ["' \u200b@a", "b", "'\tc"],
        ["a\n=b", "", "x"],
        ["'\uff1da", "\0=b", "'=\0"],
    ]


def test_WF12_the_export_has_no_formulas_and_the_import_reads_it_back() -> None:
    rows = [
        {"email": "+jo@example.com", "name": '=HYPERLINK("https://x")', "newsletter": "morning"},
        {"email": "mo@example.com", "name": "@Mo, -1", "state": "confirmed", "tags": "vip, -new"},
        {"email": "la@example.com", "name": "'Ndrangheta"},
    ]
    data = b"".join(export_subscribers([row | {"fields": {}} for row in rows], ()))
    cells = [cell for line in csv.reader(io.StringIO(data.decode("utf-8-sig"))) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
    assert [(row.address, row.name) for row in read_back(data)] == [
        ("+jo@example.com", '=HYPERLINK("https://x")'),
        ("mo@example.com", "@Mo, -1"),
        ("la@example.com", "'Ndrangheta"),
    ]


EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
LINE = st.text(max_size=20).map(clean_line)
TIME = st.integers(0, 10**15).map(lambda number: EPOCH + timedelta(microseconds=number))
TAG = st.text("abcdeéß1 ", min_size=1, max_size=8).map(tag_key).filter(bool)


@given(
    name=LINE,
    language=st.sampled_from(["", "en", "pt-br"]),
    newsletter=st.sampled_from(["morning", "weekly"]),
    since=TIME,
    ended=TIME,
    left=st.booleans(),
    agreed=LINE,
    consent=LINE,
    tags=st.lists(TAG, max_size=3, unique=True),
    fields=st.dictionaries(st.sampled_from([field.name for field in FIELDS]), LINE.filter(bool), max_size=3),
)
def test_the_import_reads_all_that_the_export_wrote(
    name: str,
    language: str,
    newsletter: str,
    since: datetime,
    ended: datetime,
    left: bool,
    agreed: str,
    consent: str,
    tags: list[str],
    fields: dict[str, str],
) -> None:
    row = {
        "email": "jo@example.org",
        "name": name,
        "language": language,
        "newsletter": newsletter,
        "state": "unsubscribed" if left else "confirmed",
        "since": since.isoformat(),
        "ended": ended.isoformat() if left else "",
        "reason": "bounced" if left else "",
        "tags": ", ".join(tags),
        "agreed": agreed,
        "consent": consent,
        "fields": fields,
    }
    (read,) = read_back(b"".join(export_subscribers([row], fields)))
    assert (read.name, read.language, read.newsletter, read.agreed) == (name, language, newsletter, agreed)
    assert read.standing is (Standing.BOUNCED if left else Standing.SUBSCRIBED)
    assert (read.since, read.ended) == (since, ended if left else None)
    assert (list(read.tags), read.fields) == (tags, fields)
    assert f"consent: {consent}" in read.proof or not consent


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

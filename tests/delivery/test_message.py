import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.message import MailOptions, MessageTemplate
from syndicate.delivery.message_ids import message_id, read_tags
from syndicate.errors import MailError, Refused
from syndicate.model import Edition

HOLDER = "reader-token-5e1c8a40f7"
TOKEN = "AbC_-" * 6 + "xy"
CUT = datetime(2026, 11, 24, 7, 0, 3, tzinfo=UTC)
ID = "<1.abc@example.com>"
LINK = f"https://news.example.com/unsubscribe/{HOLDER}"

EDITION = Edition(
    id=12,
    newsletter="morning",
    period_start=datetime(2026, 11, 23, 7, tzinfo=UTC),
    period_end=datetime(2026, 11, 24, 7, tzinfo=UTC),
    revision=0,
    cut_at=CUT,
    subject="The Morning Brief: bridge reopens",
    html=f'<p>Café</p>\n<a href="{LINK}">Unsubscribe</a>\n',
    text=f"Café\n\nUnsubscribe:\n{LINK}\n",
    stories=1,
)
OPTIONS = MailOptions(
    sender_name="Harbour News",
    sender_address="news@example.com",
    newsletter_title="The Morning Brief",
    domain="example.com",
    placeholder=HOLDER,
    unsubscribe_address="unsubscribe@example.com",
    unsubscribe_url=LINK,
    site_url="https://news.example.com/",
    archive_url="https://news.example.com/site/newsletters/brief/",
)

HOSTILE = [
    "=?utf-8?q?hi=0D=0ABcc:_e@x?=",
    "=?utf-8?b?aGkNCkJjYzogZUB4?=",
    "=?utf-8?q?hi=0D=0ABcc:_e@x?= Ünïcode",
    "==??utf-8?q?=0D=0ABcc:_e@x?=",
    "hi\r\nBcc: e@x",
    "hi\rBcc: e@x",
    "hi\nBcc: e@x\n\n<script>",
    "hi\x00\x0b\x0c\x85\u2028Bcc: e@x",
    "hi\ud800\u202e Bcc: e@x",
    "x" * 3000,
    "ü" * 3000,
    "",
]


def raw(edition: Edition = EDITION, options: MailOptions = OPTIONS, to: str = "jo@example.org") -> bytes:
    return bytes(MessageTemplate.build(edition, options).for_subscriber(to, TOKEN, ID))


def parsed(data: bytes) -> EmailMessage:
    message = email.message_from_bytes(data, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def names(data: bytes) -> list[str]:
    head = data.partition(b"\r\n\r\n")[0].decode("ascii")
    return [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith(" ")]


def value(data: bytes, name: str) -> str:
    """The raw value of a header, unfolded."""
    head = re.sub(r"\r\n ", " ", data.partition(b"\r\n\r\n")[0].decode("ascii"))
    (found,) = [line.partition(": ")[2] for line in head.split("\r\n") if line.startswith(name + ":")]
    return found


def test_E1_lines_end_in_crlf_and_are_short_and_ascii() -> None:
    edition = replace(EDITION, html=f"<p>{'é' * 5000}</p>{LINK}", text=f"{'x' * 5000} {LINK}")
    data = raw(edition)
    lines = data.split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    assert data.isascii()
    assert max(len(line) for line in data.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
    assert max(map(len, lines)) <= 998


def test_E1_every_header_appears_once_and_none_is_strange() -> None:
    assert names(raw()) == [
        *("To", "Message-ID", "From", "Reply-To", "Subject", "Date", "List-Id", "List-Unsubscribe"),
        *("List-Unsubscribe-Post", "List-Owner", "List-Post", "Auto-Submitted", "Precedence", "Feedback-ID"),
        *("X-Edition-ID", "List-Archive", "List-Help", "MIME-Version", "Content-Type"),
    ]


def test_E1_the_date_is_when_the_edition_was_cut() -> None:
    assert value(raw(), "Date") == "Tue, 24 Nov 2026 07:00:03 +0000"


@given(st.text(max_size=300))
def test_E2_encoded_words_are_short_and_each_decodes_alone(title: str) -> None:
    data = raw(replace(EDITION, subject=title))
    for word in re.findall(r"=\?[^?]+\?[bq]\?[^?]*\?=", value(data, "Subject")):
        assert len(word) <= 75
        decoded = decode_header(word)[0]
        assert isinstance(decoded[0], bytes)
        decoded[0].decode("utf-8")


@pytest.mark.parametrize(
    "title",
    [
        "plain",
        "Über die Brücke " * 6,
        "橋が再開" * 20,
        "👩‍🚀 " * 20,
        "افتتاح الجسر",
        "word " * 39 + "end",
        'quo"ted \\ <x>',
    ],
)
def test_E2_a_subject_reads_back_as_it_was(title: str) -> None:
    expected = " ".join(title.split())
    assert parsed(raw(replace(EDITION, subject=title)))["Subject"] == expected


@pytest.mark.parametrize("title", HOSTILE)
def test_E3_no_title_makes_a_header(title: str) -> None:
    data = raw(replace(EDITION, subject=title))
    assert names(data) == names(raw())
    assert b"\nBcc" not in data
    again = parsed(data).as_bytes(policy=email.policy.SMTP)
    assert b"\nBcc" not in again


@pytest.mark.parametrize("title", HOSTILE)
def test_E3_no_sender_or_newsletter_name_makes_a_header(title: str) -> None:
    data = raw(options=replace(OPTIONS, sender_name=title, newsletter_title=title))
    assert names(data) == names(raw())
    assert value(data, "From").endswith(" <news@example.com>")
    assert value(data, "List-Id").endswith(" <morning.example.com>")
    assert parsed(data)["From"].addresses[0].addr_spec == "news@example.com"
    assert b"\nBcc" not in parsed(data).as_bytes(policy=email.policy.SMTP)


@pytest.mark.parametrize("name", ['Daily, "the" <news>', "back\\slash", "Ünïcode, Inc. <x@y>", "a" * 190])
def test_E3_a_sender_name_reads_back_as_it_was(name: str) -> None:
    sender = parsed(raw(options=replace(OPTIONS, sender_name=name)))["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == (name, "news@example.com")


def test_E2_a_long_sender_name_is_several_words_of_whole_characters() -> None:
    words = value(raw(options=replace(OPTIONS, sender_name="新聞" * 60)), "From").removesuffix(
        " <news@example.com>"
    )
    assert str(make_header(decode_header(words))) == "新聞" * 60


def test_E8_a_mailto_cannot_grow_fields() -> None:
    data = raw(options=replace(OPTIONS, unsubscribe_url="", unsubscribe_address="a?cc=e&x@example.com"))
    assert value(data, "List-Unsubscribe").startswith("<mailto:a%3Fcc%3De%26x@example.com?subject=")


@pytest.mark.parametrize(
    "address",
    [
        *(
            "jo@example.org\r\nBcc: e@x",
            "jo@example.org\n",
            "jo@example.org, e@x.example",
            "jo@example.org\x00",
        ),
        *("jo@exämple.org", "<jo@example.org>", "jo", "", "jo @example.org", "jö\r\n@example.org"),
        "a" * 250 + "@example.org",
    ],
)
def test_E6_a_recipient_that_is_no_plain_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="plain ASCII"):
        raw(to=address)


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", "ä", "a=", "x" * 71])
def test_E3_a_token_that_is_none_is_refused(token: str) -> None:
    with pytest.raises(MailError):
        MessageTemplate.build(EDITION, OPTIONS).for_subscriber("jo@example.org", token, ID)


@pytest.mark.parametrize("mark", ["", "x@y", "<x>", "<x@y>\r\nBcc: e@x", "<x y@z>"])
def test_E3_a_message_id_that_is_none_is_refused(mark: str) -> None:
    with pytest.raises(MailError):
        MessageTemplate.build(EDITION, OPTIONS).for_subscriber("jo@example.org", TOKEN, mark)


def test_E4_both_parts_read_back_as_they_were() -> None:
    awkward = "Café =3D \ttab  \n.dot\n..\nFrom here\n" + "long " * 300 + "\n\x7f emoji 👩‍🚀\n"
    edition = replace(EDITION, text=f"{awkward}{LINK} ({LINK})\nend", html=f"<p>{awkward}</p>{LINK}")
    message = parsed(raw(edition))
    plain, html = message.get_body(("plain",)), message.get_body(("html",))
    assert plain is not None
    assert html is not None
    link = LINK.replace(HOLDER, TOKEN)
    assert plain.get_content().replace("\r\n", "\n").strip() == f"{awkward}{link} ({link})\nend"
    assert html.get_content().replace("\r\n", "\n").strip() == f"<p>{awkward}</p>{link}"


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=200))
def test_E4_any_text_survives_quoted_printable(text: str) -> None:
    plain = parsed(raw(replace(EDITION, text=f"a{text}b"))).get_body(("plain",))
    assert plain is not None
    payload = plain.get_payload(decode=True)
    assert isinstance(payload, bytes)
    assert payload.decode().replace("\r\n", "\n").rstrip("\n") == f"a{text}b"


def test_E5_text_comes_first_and_html_last() -> None:
    kinds = [part.get_content_type() for part in parsed(raw()).walk()]
    assert kinds == ["multipart/alternative", "text/plain", "text/html"]


def test_E6_letters_outside_ascii_stand_in_the_header_as_they_are() -> None:
    assert b"To: j\xc3\xb6@example.org\r\n" in raw(to="jö@example.org")


DOTS = [".", "..", "." * 76, "." * 77, "." * 300, "a\n.b", "x" * 75 + "." * 80, "=2E", "é." * 60]


@pytest.mark.parametrize("text", DOTS)
def test_D_no_line_begins_with_a_dot_so_the_wire_carries_the_message_as_it_is(text: str) -> None:
    data = raw(replace(EDITION, text=f"{text}\n{LINK}\nend", html=f"{text}<br>{LINK}."))
    assert b"\r\n." not in data
    assert max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76
    plain = parsed(data).get_body(("plain",))
    assert plain is not None
    assert plain.get_content().replace("\r\n", "\n").startswith(f"{text}\nhttps://")


@given(st.text(st.sampled_from([".", "a", "\r", "\n", " ", "é", "="]), max_size=300))
def test_D_no_body_can_end_itself_or_hide_a_command(text: str) -> None:
    data = raw(replace(EDITION, text=text, html=text))
    assert b"\r\n." not in data
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n")
    assert data.endswith(b"\r\n")


def test_E7_the_list_id_is_a_stable_name_under_our_domain() -> None:
    assert value(raw(), "List-Id") == '"The Morning Brief" <morning.example.com>'
    assert "<sbh.example.com>" in value(raw(replace(EDITION, newsletter="صباح")), "List-Id")


def test_E8_E9_one_click_unsubscribing_is_literal_and_never_encoded() -> None:
    long = replace(OPTIONS, unsubscribe_url=f"https://news.example.com/{'path/' * 40}{HOLDER}")
    data = raw(options=long)
    assert value(data, "List-Unsubscribe") == (
        f"<https://news.example.com/{'path/' * 40}{TOKEN}>, "
        f"<mailto:unsubscribe@example.com?subject=unsubscribe%20{TOKEN}>"
    )
    assert value(data, "List-Unsubscribe-Post") == "List-Unsubscribe=One-Click"


@pytest.mark.parametrize("url", ["", f"http://127.0.0.1:8000/unsubscribe/{HOLDER}"])
def test_E9_without_https_nothing_promises_one_click(url: str) -> None:
    data = raw(options=replace(OPTIONS, unsubscribe_url=url))
    assert "List-Unsubscribe-Post" not in names(data)
    expected = [url.replace(HOLDER, TOKEN)] if url else []
    expected.append(f"mailto:unsubscribe@example.com?subject=unsubscribe%20{TOKEN}")
    assert value(data, "List-Unsubscribe") == ", ".join(f"<{uri}>" for uri in expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"unsubscribe_url": "https://x.example/\r\nBcc: e@x"},
        {"unsubscribe_url": "https://x.example/ü"},
        {"unsubscribe_url": "https://x.example/>"},
        {"site_url": "https://x.example/a b"},
        {"sender_address": "news@example.com\r\nBcc: e@x"},
        {"reply_to": "not an address"},
        {"unsubscribe_address": "a b@x.example"},
    ],
)
def test_E3_options_that_would_break_a_header_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(MailError):
        MessageTemplate.build(EDITION, replace(OPTIONS, **changes))


def test_E11_E12_machines_know_that_it_is_a_list() -> None:
    data = raw(options=replace(OPTIONS, web_url="https://news.example.com/editions/12.html"))
    found = {
        name: value(data, name) for name in ("Auto-Submitted", "Precedence", "Feedback-ID", "Archived-At")
    }
    assert found == {
        "Auto-Submitted": "auto-generated",
        "Precedence": "list",
        "Feedback-ID": "e12:morning:digest:examplecom",
        "Archived-At": "<https://news.example.com/editions/12.html>",
    }


@pytest.mark.parametrize(
    ("domain", "sender"), [("x.io", "xio00"), ("a-very-long-domain-name.example", "averylongdomain")]
)
def test_E12_the_sender_id_has_5_to_15_characters(domain: str, sender: str) -> None:
    assert value(raw(options=replace(OPTIONS, domain=domain)), "Feedback-ID").endswith(":" + sender)


def test_E13_replies_go_to_a_real_mailbox() -> None:
    assert value(raw(), "Reply-To") == "news@example.com"
    assert value(raw(options=replace(OPTIONS, reply_to="desk@example.com")), "Reply-To") == "desk@example.com"


def test_DF20_the_token_stands_in_every_link_and_the_placeholder_nowhere() -> None:
    data = raw()
    assert HOLDER.encode() not in data
    assert data.count(TOKEN.encode()) == 4


def test_D_two_copies_differ_only_in_recipient_message_id_and_token() -> None:
    template = MessageTemplate.build(EDITION, OPTIONS)
    one = bytes(template.for_subscriber("a@example.org", "A" * 32, "<1@example.com>"))
    two = bytes(template.for_subscriber("b@example.org", "B" * 32, "<2@example.com>"))
    assert (
        one.replace(b"A" * 32, b"B" * 32).replace(b"a@example", b"b@example").replace(b"<1@", b"<2@") == two
    )


@pytest.mark.parametrize("token", ["A", "B" * 32])
def test_a_copy_knows_how_many_bytes_it_has(token: str) -> None:
    message = MessageTemplate.build(EDITION, OPTIONS).for_subscriber("jo@example.org", token, ID)
    assert message.size == len(bytes(message))


def test_V6_the_message_id_is_always_the_same_and_not_to_be_guessed() -> None:
    made = message_id(b"s" * 32, 12, 7, "example.com")
    assert re.fullmatch(r"<12\.[0-9a-f]{32}@example\.com>", made)
    assert made == message_id(b"s" * 32, 12, 7, "example.com")
    others = [(b"t" * 32, 12, 7), (b"s" * 32, 12, 8), (b"s" * 32, 1, 27), (b"s" * 32, 13, 7)]
    assert made not in [
        message_id(secret, edition, reader, "example.com") for secret, edition, reader in others
    ]
    assert MessageTemplate.build(EDITION, OPTIONS).for_subscriber("jo@example.org", TOKEN, made)


def test_V7_a_header_of_the_provider_holds_the_tag_of_each_copy() -> None:
    options = replace(
        OPTIONS, tag_headers=('X-SMTPAPI: {"unique_args": {"mail": "{}"}}', "X-MJ-CustomID: {}")
    )
    made = message_id(b"s" * 32, 12, 7, "example.com")
    tag = made[1:].partition("@")[0]
    message = MessageTemplate.build(EDITION, options).for_subscriber("jo@example.org", "A" * 32, made)
    data = b"".join(message.pieces).decode()
    assert f'X-SMTPAPI: {{"unique_args": {{"mail": "{tag}"}}}}\r\nX-MJ-CustomID: {tag}\r\nTo: ' in data
    assert message.size == len(data.encode())
    assert read_tags(data) == ((12, tag.partition(".")[2]),)

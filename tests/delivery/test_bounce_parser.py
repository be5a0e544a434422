"""Verdicts on what comes back, and nothing believed without a signature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.delivery.bounce_parser import BounceKind, classify_reply, read_report
from syndicate.delivery.verp import is_valid_signature, read_verp, verp_sender
from tests.delivery.bounce_messages import complaint, notification

SECRET = b"s" * 32


@pytest.mark.parametrize(
    ("code", "text", "kind"),
    [
        (550, "550 5.1.1 no such user", BounceKind.HARD),
        (550, "550 5.1.10 null MX", BounceKind.HARD),
        (550, "550 5.2.1 disabled", BounceKind.HARD),
        (550, "550 No such user here", BounceKind.HARD),
        (551, "551 User unknown", BounceKind.HARD),
        (552, "552 5.2.2 mailbox full", BounceKind.SOFT),
        (552, "552 too much mail", BounceKind.SOFT),
        (450, "450 4.2.1 try later", BounceKind.SOFT),
        (550, "550 5.7.1 blocked by our list; does not exist", None),
        (550, "550 your address is on a blocklist", None),
        (554, "554 5.7.515 authenticate", None),
        (554, "554 no", None),
        (550, "550 at 10.5.1.1 we do not like you", None),
    ],
)
def test_V2_V3_only_what_surely_means_nobody_is_hard(code: int, text: str, kind: BounceKind | None) -> None:
    assert classify_reply(code, text) is kind


@pytest.mark.parametrize(
    ("status", "action", "diagnostic", "kind"),
    [
        ("5.1.1", "failed", "550 5.1.1 unknown", BounceKind.HARD),
        ("5.0.0", "failed", "550 User unknown", BounceKind.HARD),
        ("5.0.0", "failed", "550 5.1.1 nobody", BounceKind.HARD),
        ("5.2.2", "failed", "552 full", BounceKind.SOFT),
        ("4.4.1", "delayed", "", BounceKind.SOFT),
        ("4.4.7", "failed", "expired", BounceKind.SOFT),
        ("5.7.1", "failed", "550 blocked", BounceKind.POLICY),
        ("2.0.0", "delivered", "250 ok", None),
    ],
)
def test_V2_notifications_are_read(
    status: str, action: str, diagnostic: str, kind: BounceKind | None
) -> None:
    report = read_report(notification("bounces+1f-" + "a" * 20 + "@news.example", status, action, diagnostic))
    assert (None if report is None else report.kind) == kind
    if report is not None:
        assert report.deliveries == ((31, "a" * 20),)


def test_V4_a_complaint_names_the_delivery_and_the_token_of_the_mail_it_is_about() -> None:
    token = "A" * 32
    original = (
        "Return-Path: <bounces+2a-" + "b" * 20 + "@news.example>\r\n"
        f"List-Unsubscribe: <https://news.example/unsubscribe/{token}>\r\n\r\nhello"
    )
    report = read_report(complaint(original))
    assert report is not None
    assert (report.kind, report.deliveries, report.tokens) == (
        BounceKind.COMPLAINT,
        ((42, "b" * 20),),
        (token,),
    )
    assert read_report(complaint(original, "not-spam")) is None


def test_a_mail_to_unsubscribe_is_understood() -> None:
    report = read_report(b"From: jo@example.org\r\nSubject: Unsubscribe " + b"A" * 32 + b"\r\n\r\n")
    assert report is not None
    assert (report.kind, report.tokens) == (BounceKind.UNSUBSCRIBE, ("A" * 32,))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"From: jo@example.org\r\nSubject: Re: news\r\n\r\nThanks! 5.1.1 user unknown",
        b"Auto-Submitted: auto-replied\r\nFrom: jo@example.org\r\n\r\nI am away until the 5th.",
        b"\xff\xfe\x00" * 50,
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n--b\r\n",
    ],
)
def test_DF19_answers_and_rubbish_are_no_reports(data: bytes) -> None:
    assert read_report(data) is None


@pytest.mark.parametrize("level", ["multipart/mixed; boundary=b{0}\n\n--b{0}", "message/rfc822\n"])
def test_a_mail_of_thousands_of_parts_inside_each_other_is_no_report(level: str) -> None:
    nested = "".join("Content-Type: " + level.format(number) + "\n" for number in range(5000))
    assert read_report(nested.encode()) is None


def test_a_mail_of_countless_lines_is_read_only_to_a_certain_line() -> None:
    """Each line is compared with every part around it: without a limit half a minute for one mail."""
    status = notification("bounces+1f-" + "a" * 20 + "@news.example", "5.1.1", "failed", "550 unknown")
    head, _, rest = status.partition(b"\r\n\r\n")
    assert read_report(head + b"\r\n\r\n" + b"\n" * 19_000 + rest) is not None
    assert read_report(head + b"\r\n\r\n" + b"\n" * 21_000 + rest) is None


def test_old_bounces_in_plain_words() -> None:
    old = b"Return-Path: <>\r\nTo: bounces+1-" + b"c" * 20 + b"@x.example\r\n\r\nSorry: User unknown\r\n"
    report = read_report(old)
    assert report is not None
    assert (report.kind, report.deliveries) == (BounceKind.HARD, ((1, "c" * 20),))


@given(st.binary(max_size=400))
def test_DF19_no_bytes_raise(data: bytes) -> None:
    read_report(b"Content-Type: multipart/report; boundary=b\r\nTo: a+1-b@c\r\n\r\n--b\r\n" + data)


def test_V1_V5_the_envelope_sender_is_ours_alone() -> None:
    sender = verp_sender(SECRET, "bounces@news.example", 31, "Jo@Example.org")
    number, signature = read_verp(sender.upper()) or (0, "")
    assert number == 31
    assert is_valid_signature(SECRET, signature, 31, "jo@example.org")
    assert not is_valid_signature(SECRET, signature, 32, "jo@example.org")
    assert not is_valid_signature(SECRET, signature, 31, "eve@example.org")
    assert not is_valid_signature(b"t" * 32, signature, 31, "jo@example.org")
    assert len(verp_sender(SECRET, "b" * 24 + "@x.example", 2**63, "jo@example.org").partition("@")[0]) <= 64

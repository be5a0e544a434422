import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from syndicate.audience.mailbox_address import normalise_address, parse_mailbox
from syndicate.errors import InvalidAddress


@pytest.mark.parametrize(
    ("text", "display", "key"),
    [
        ("jo@example.com", "jo@example.com", "jo@example.com"),
        ("  Jo.Doe+news@EXAMPLE.com\n", "Jo.Doe+news@example.com", "jo.doe+news@example.com"),
        ("jo@bücher.example", "jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"),
        ("jo@BÜCHER.example", "jo@xn--bcher-kva.example", "jo@xn--bcher-kva.example"),
        ("o'brien@example.com", "o'brien@example.com", "o'brien@example.com"),
    ],
)
def test_C9_the_domain_is_normalised_and_the_local_part_kept(text: str, display: str, key: str) -> None:
    address = normalise_address(text)
    assert (address.display, address.key) == (display, key)


def test_C9_plus_tags_and_dots_make_another_mailbox() -> None:
    spellings = {normalise_address(text).key for text in ("jo@a.example", "j.o@a.example", "jo+x@a.example")}
    assert len(spellings) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "jo",
        "jo@",
        "@example.com",
        "jo@localhost",
        "jo@example",
        "jo@[127.0.0.1]",
        "a b@example.com",
        '"a b"@example.com',
        "alice@example.org)bob@evil.example",
        "a@b.example\r\nRCPT TO:<e@x.example>",
        "x\r\nRCPT TO:<evil@x.example>",
        "a@example.com\x00",
        "Jo <jo@example.com>",
        "jo@example.com,mo@example.com",
        "a" * 65 + "@example.com",
        "jo@" + "a" * 250 + ".com",
        "jo\u202e@example.com",
        "=?utf-8?q?victim=40example.org=2C?=@example.com",
        "\ud800@example.com",
    ],
)
def test_C9_what_is_no_address_is_refused_with_a_readable_reason(text: str) -> None:
    with pytest.raises(InvalidAddress) as caught:
        normalise_address(text)
    message = str(caught.value)
    assert "is not a mail address" in message
    assert not message.endswith(".")
    assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("news@example.com", "", "news@example.com"),
        ("Harbour News <news@example.com>", "Harbour News", "news@example.com"),
        ('"News, Daily" <news@example.com>', "News, Daily", "news@example.com"),
        ("Émile\r\nBcc: x <news@example.com>", "Émile Bcc: x", "news@example.com"),
        ("<news@example.com>", "", "news@example.com"),
        (r'"R&D <\"weekly\">" <news@example.com>', 'R&D <"weekly">', "news@example.com"),
    ],
)
def test_a_mailbox_is_a_name_and_an_address(text: str, name: str, address: str) -> None:
    mailbox = parse_mailbox(text)
    assert (mailbox.name, mailbox.address.display) == (name, address)


@pytest.mark.parametrize("text", ["News <>", "News <a> <news@example.com>", "News"])
def test_a_mailbox_without_an_address_is_refused(text: str) -> None:
    with pytest.raises(InvalidAddress):
        parse_mailbox(text)


PARTS = st.text("abAB09.-_+'", min_size=1, max_size=12)


@given(PARTS, PARTS, st.sampled_from(["com", "co.uk", "test", "local", "a1", "x-y", "COM"]))
@example("a" * 64, "b", "com")
@example("a" * 65, "b", "com")
@example("a", "b" * 64, "com")
@example("a", "b" * 63, "com")
@example("a", "xn--a", "com")
@example("a", "b.test", "com")
@example("a.b", "c..d", "com")
@example("a", ".".join(["b" * 60] * 5), "com")
def test_plain_addresses_are_taken_as_the_validator_takes_them(local: str, domain: str, top: str) -> None:
    text = f"{local}@{domain}.{top}"
    try:
        valid = validate_email(text, check_deliverability=False, strict=True)
        expected = f"{valid.local_part}@{valid.ascii_domain.lower()}"
    except EmailNotValidError:
        expected = ""
    try:
        found = normalise_address(text).display
    except InvalidAddress:
        found = ""
    assert found == expected

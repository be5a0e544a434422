import pytest

from syndicate.net import response_headers


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("3600", 3600.0),
        (" 120 ", 120.0),
        ("0", 0.0),
        ("1000000000000", 604800.0),
        ("9" * 5000, 604800.0),
        ("Tue, 24 Nov 2026 10:00:00 GMT", 3600.0),
        ("Tue, 24 Nov 2099 10:00:00 GMT", 604800.0),
        ("Tue, 24 Nov 2026 08:00:00 GMT", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
        ("", None),
        ("Tue, 99 Nov 99999999999 10:00:00 GMT", None),
    ],
)
def test_FF17_retry_after_is_honoured_with_a_cap_and_nonsense_is_ignored(value, seconds, now):
    assert response_headers.retry_after(value, now) == seconds


@pytest.mark.parametrize(
    ("cache_control", "expires", "seconds"),
    [
        ("max-age=900", "", 900.0),
        ("public, Max-Age=60, stale-if-error=5", "Tue, 24 Nov 2026 10:00:00 GMT", 60.0),
        ('max-age="60"', "", 60.0),
        ("max-age=99999999999999999999", "", 31536000.0),
        ("s-maxage=5", "", None),
        ("max-age=-5", "", None),
        ("max-age", "", None),
        ("", "Tue, 24 Nov 2026 10:00:00 GMT", 3600.0),
        ("", "Tue, 24 Nov 2020 10:00:00 GMT", 0.0),
        ("", "0", None),
        ("", "", None),
    ],
)
def test_F4_freshness_is_max_age_then_expires(cache_control, expires, seconds, now):
    assert response_headers.max_age(cache_control, expires, now) == seconds


@pytest.mark.parametrize(
    ("field", "kind", "charset"),
    [
        ("application/rss+xml; charset=UTF-8", "application/rss+xml", "utf-8"),
        ('Text/XML;charset="koi8-r"', "text/xml", "koi8-r"),
        ("text/html", "text/html", ""),
        ("text/html; q=1; CharSet = windows-1252", "text/html", "windows-1252"),
        ("text/xml\udcff; charset=utf-\udce98", "text/xml", "utf-8"),
        ("", "", ""),
    ],
)
def test_X5_type_and_charset_are_read_from_the_field(field, kind, charset):
    assert response_headers.media_type(field) == (kind, charset)


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        ('"abc"', b'"abc"'),
        ('W/"a b, c"', b'W/"a b, c"'),
        ("no quotes at all", b"no quotes at all"),
        ('"é"'.encode().decode("latin-1"), '"é"'.encode()),
        ('"caf\xe9"', b'"caf\xe9"'),
        ('"\x80\xff"', b'"\x80\xff"'),
        ('"\u0142"', b""),
        ('"a"\r\nX-Evil: 1', b""),
        ("a\x00b", b""),
        ("", b""),
    ],
)
def test_FF16_a_validator_goes_out_byte_for_byte_or_not_at_all(stored, sent):
    assert response_headers.sendable(stored).encode("latin-1") == sent

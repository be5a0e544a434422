import pytest

from syndicate.web.readers.negotiation import accepts_gzip, fields_of, is_navigation, not_modified

MODIFIED = 1_795_510_800  # Tue, 24 Nov 2026 09:00:00 GMT


@pytest.mark.parametrize(
    ("field", "accepted"),
    [
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.5", True),
        ("*", True),
        ("deflate, *;q=0.1", True),
        ("gzip;q=1.0, identity", True),
        ("", False),
        ("identity", False),
        ("br, deflate", False),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("gzip;q=0, *", False),
        ("*;q=0", False),
        ("gzip;q=nonsense", False),
    ],
)
def test_H5_gzip_only_when_it_is_accepted(field, accepted):
    assert accepts_gzip(field) is accepted


def test_the_lines_of_a_list_are_joined():
    lines = [(b"accept", b"text/html"), (b"dnt", b"1"), (b"accept", b"*/*;q=0.1")]
    assert fields_of({"headers": lines}) == {"accept": "text/html, */*;q=0.1", "dnt": "1"}


@pytest.mark.parametrize(
    ("etags", "since", "unchanged"),
    [
        ('"a"', None, True),
        ('W/"a"', None, True),
        ('"b", "a"', None, True),
        ('"b",W/"a" , "c"', None, True),
        ('"x, y", "a"', None, True),
        ("*", None, True),
        ('"b"', None, False),
        ("a", None, False),
        ("", None, False),
        ('"b"', "Tue, 24 Nov 2026 09:00:00 GMT", False),
        ('"a"', "Tue, 24 Nov 2020 09:00:00 GMT", True),
        (None, "Tue, 24 Nov 2026 09:00:00 GMT", True),
        (None, "Tue, 24 Nov 2026 09:00:01 GMT", True),
        (None, "Tuesday, 24-Nov-26 09:00:00 GMT", True),
        (None, "Tue, 24 Nov 2026 08:59:59 GMT", False),
        (None, "yesterday", False),
        (None, "Tue, 99 Nov 99999 09:00:00 GMT", False),
        (None, "", False),
        (None, None, False),
    ],
)
def test_H2_a_good_copy_is_recognised(etags, since, unchanged):
    assert not_modified('"a"', MODIFIED, etags, since) is unchanged


@pytest.mark.parametrize(
    ("destination", "accept", "navigation"),
    [
        ("document", "*/*", True),
        ("empty", "text/html", False),
        ("", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        ("", "application/atom+xml, text/html;q=0.5", False),
        ("", "application/rss+xml, application/xml;q=0.9, */*;q=0.1", False),
        ("", "*/*", False),
        ("", "", False),
    ],
)
def test_D4_a_browser_that_opens_a_feed_is_told_from_a_reader(destination, accept, navigation):
    assert is_navigation(destination, accept) is navigation

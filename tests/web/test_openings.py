"""Counting openings: only people's, only where it was asked for, and nothing about who they are."""

import pytest

from syndicate.web.negotiation import is_opening

PERSON = {"sec-fetch-user": "?1", "sec-fetch-dest": "document", "sec-fetch-mode": "navigate"}


@pytest.mark.parametrize(
    ("method", "fields", "counts"),
    [
        ("GET", PERSON, True),
        ("HEAD", PERSON, False),
        ("GET", {}, False),
        ("GET", PERSON | {"sec-fetch-user": "?0"}, False),
        ("GET", PERSON | {"sec-fetch-dest": "iframe"}, False),
        ("GET", PERSON | {"sec-purpose": "prefetch"}, False),
        ("GET", PERSON | {"sec-gpc": "1"}, False),
        ("GET", PERSON | {"dnt": "1"}, False),
        ("GET", PERSON | {"dnt": "0"}, True),
    ],
)
def test_only_a_person_who_does_not_mind_counts(method: str, fields: dict[str, str], counts: bool) -> None:
    assert is_opening(method, fields) is counts

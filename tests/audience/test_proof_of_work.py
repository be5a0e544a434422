"""Proof of work: found by trying, bound to an address, and of no use later."""

from datetime import timedelta
from itertools import count

import pytest

from syndicate.audience.proof_of_work import LIFETIME, is_proof, make_challenge
from tests.factories import NOW

SECRET = b"s" * 32
JO = "jo@example.org"
BITS = 6


def solve(challenge: str, address: str = JO, bits: int = BITS) -> str:
    tries = (f"{challenge}{number}" for number in count())
    return next(work for work in tries if is_proof(SECRET, work, address, bits, NOW))


def test_a_number_is_found_and_counts_until_the_challenge_expires():
    work = solve(make_challenge(SECRET, NOW))
    assert is_proof(SECRET, work, JO, BITS, NOW + LIFETIME - timedelta(seconds=1))
    assert not is_proof(SECRET, work, JO, BITS, NOW + LIFETIME)


@pytest.mark.all
def test_work_for_an_address_is_no_work_for_most_others():
    work = solve(make_challenge(SECRET, NOW), bits=16)
    assert not any(is_proof(SECRET, work, f"jo{number}@example.org", 16, NOW) for number in range(5))


def test_a_challenge_that_the_server_did_not_sign_is_worth_nothing():
    forged = make_challenge(b"t" * 32, NOW)
    works = ["", "x", forged, *(f"{forged}{number}" for number in range(500))]
    assert not any(is_proof(SECRET, work, JO, 1, NOW) for work in works)


def test_half_a_character_in_json_is_no_error():
    assert not is_proof(SECRET, make_challenge(SECRET, NOW) + "\ud800", JO + "\ud800", 255, NOW)


def test_work_of_any_length_is_not_hashed():
    challenge = make_challenge(SECRET, NOW)
    assert not any(is_proof(SECRET, f"{challenge}{number:0100}", JO, 1, NOW) for number in range(50))


def test_half_a_character_is_no_work():
    assert not is_proof(SECRET, make_challenge(SECRET, NOW) + "\ud800", JO, 1, NOW)

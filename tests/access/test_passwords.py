from datetime import timedelta

import pyotp
import pytest

from syndicate.access import passwords, second_step
from syndicate.access.random_keys import hash_key, is_token, new_token
from tests.factories import NOW

GOOD = "seven quiet harbours"


@pytest.mark.parametrize("password", ["short", "x" * 201, "nora@news.example", "The Newsroom Daily"])
def test_short_long_and_known_passwords_are_refused(password: str):
    assert passwords.password_problem(password, "nora@news.example", "The Newsroom Daily")


def test_a_long_password_without_digits_or_signs_is_good():
    assert passwords.password_problem(GOOD, "nora@news.example", "News") == ""


def test_only_the_right_password_fits_its_hash():
    stored = passwords.hash_password(GOOD)
    assert passwords.is_password(GOOD, stored)
    assert not passwords.is_password(GOOD + "x", stored)
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=4$")
    assert not passwords.is_outdated(stored)


@pytest.mark.all
def test_a_password_without_a_stored_hash_costs_the_work_and_never_fits(monkeypatch):
    worked: list[object] = []
    checked = passwords._HASHER.verify

    def verify(_self: object, *given: str) -> bool:
        worked.append(given)
        return checked(*given)

    monkeypatch.setattr(type(passwords._HASHER), "verify", verify)
    assert not passwords.is_password("a password that no user has", "")
    assert len(worked) == 1


def test_a_code_is_accepted_once_and_within_30_seconds():
    secret = second_step.new_secret()
    code = pyotp.TOTP(secret).at(NOW)
    step = second_step.accepted_step(secret, code, 0, NOW + timedelta(seconds=30))
    assert step is not None
    assert second_step.accepted_step(secret, code, step, NOW) is None
    assert second_step.accepted_step(secret, code, 0, NOW + timedelta(minutes=2)) is None
    assert second_step.accepted_step(secret, "١٢٣٤٥٦", 0, NOW) is None


def test_a_recovery_code_is_read_however_it_is_typed():
    codes = second_step.recovery_codes()
    assert len(set(codes)) == 10
    assert second_step.plain_code(f" {codes[0].upper().replace('-', ' ')} ") == codes[0]


def test_the_picture_of_the_secret_has_no_styles():
    picture = second_step.qr_code(second_step.setup_address("A" * 32, "nora@news.example", "News"))
    assert picture.startswith("<svg")
    assert "style" not in picture


def test_tokens_are_random_and_known_by_their_beginning():
    first, second = new_token(), new_token()
    assert first != second
    assert is_token(first)
    assert not is_token("syn_short")
    assert first not in hash_key(first)

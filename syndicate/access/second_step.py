"""Second step of a sign-in: time-based codes (RFC 6238) and recovery codes."""

import secrets
from datetime import datetime
from hmac import compare_digest
from io import BytesIO

import pyotp

STEP_SECONDS = 30
RECOVERY_CODES = 10
# Letters and digits that are not taken for others.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_secret() -> str:
    """Return a random secret of 160 bits in Base32."""
    return pyotp.random_base32()


def setup_address(secret: str, address: str, site_title: str) -> str:
    """Return the ``otpauth:`` address that an authenticator reads."""
    return pyotp.TOTP(secret).provisioning_uri(name=address, issuer_name=site_title)


def qr_code(text: str) -> str:
    """Return a QR code as an SVG element without styles."""
    import segno  # noqa: PLC0415 - half a MiB that only this needs

    out = BytesIO()
    segno.make(text, error="m").save(out, kind="svg", xmldecl=False, scale=4, border=4, light="#fff")
    return out.getvalue().decode()


def accepted_step(secret: str, code: str, last_step: int, now: datetime) -> int | None:
    """Return the number of the step of a code, or ``None`` for a wrong or used code.

    The steps before and after the present step are accepted, for clocks that differ by 30 seconds.
    """
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    digits = "".join(code.split())
    for step in (present - 1, present, present + 1):
        if step > last_step and compare_digest(totp.at(step * STEP_SECONDS).encode(), digits.encode()):
            return step
    return None


def recovery_codes() -> list[str]:
    """Return ten random recovery codes of 49 bits, such as ``hk4m3-z9xwp``."""
    letters = ("".join(secrets.choice(_ALPHABET) for _ in range(10)) for _ in range(RECOVERY_CODES))
    return [f"{text[:5]}-{text[5:]}" for text in letters]


def plain_code(typed: str) -> str:
    """Return a recovery code as it was typed in the form that is hashed."""
    plain = "".join(character for character in typed.lower() if character in _ALPHABET)
    return f"{plain[:5]}-{plain[5:]}"

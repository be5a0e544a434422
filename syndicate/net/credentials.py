"""Credentials of private sources: header fields, made of a secret that is read when it is needed.

A secret is in an environment variable or a file, so that it is neither in ``config.toml`` nor in the store,
and a new one is used at the next poll.
"""

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syndicate.errors import FetchError
from syndicate.model import Access, AccessKind

_LONGEST_SECRET = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """One header field that only the source's own scheme, host and port may see."""

    name: str
    value: str = field(repr=False)


def read_credentials(access: Access, environment: Mapping[str, str] = os.environ) -> Credentials:
    """The field for a source that asks for it (RFC 7617, RFC 6750, RFC 6265).

    Raises ``FetchError`` when the secret is missing, empty, too long or not one printable line; the
    message names where it should be, never what it is.
    """
    secret = _secret(access, environment)
    if access.kind is AccessKind.BASIC:
        pair = b64encode(f"{access.username}:{secret}".encode()).decode("ascii")
        return Credentials(name="Authorization", value=f"Basic {pair}")
    if not secret.isascii():
        raise FetchError(f"the secret in {_where(access)} has characters that a header cannot carry")
    if access.kind is AccessKind.BEARER:
        return Credentials(name="Authorization", value=f"Bearer {secret}")
    return Credentials(name=access.header if access.kind is AccessKind.HEADER else "Cookie", value=secret)


def _secret(access: Access, environment: Mapping[str, str]) -> str:
    where = _where(access)
    if access.secret_env:
        secret = environment.get(access.secret_env, "").strip()
    else:
        try:
            with Path(access.secret_file).open("rb") as file:
                secret = file.read(_LONGEST_SECRET + 1).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise FetchError(f"the secret of the source cannot be read from {where}: {reason}") from None
    if not secret:
        raise FetchError(f"there is no secret for the source in {where}")
    if len(secret) > _LONGEST_SECRET or not secret.isprintable():
        raise FetchError(
            f"the secret in {where} is not one printable line of at most {_LONGEST_SECRET} characters"
        )
    return secret


def _where(access: Access) -> str:
    return f"the environment variable {access.secret_env}" if access.secret_env else access.secret_file

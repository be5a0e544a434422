"""Credentials of private sources: header fields with a secret, read for each request.

The secret is in an environment variable or a file, neither in ``config.toml`` nor in the store. A new secret
counts from the next poll on.
"""

import os
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from syndicate.errors import FetchError
from syndicate.model import Access, AccessKind

_MAX_SECRET = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Header field for the source's own scheme, host and port only."""

    name: str
    value: str = field(repr=False)


def read_credentials(access: Access, environment: Mapping[str, str] = os.environ) -> Credentials:
    """Return the header field for a source's access (RFC 7617, RFC 6750, RFC 6265).

    Raises ``FetchError`` when the secret is missing, empty, too long or not printable; the message names its
    file or variable, never the secret.
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
                secret = file.read(_MAX_SECRET + 1).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
            raise FetchError(f"Cannot read the secret of the source from {where}: {reason}") from None
    if not secret:
        raise FetchError(f"there is no secret for the source in {where}")
    if len(secret) > _MAX_SECRET or not secret.isprintable():
        raise FetchError(
            f"the secret in {where} is not one printable line of at most {_MAX_SECRET} characters"
        )
    return secret


def _where(access: Access) -> str:
    return f"the environment variable {access.secret_env}" if access.secret_env else access.secret_file

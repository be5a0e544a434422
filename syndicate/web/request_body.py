"""Request bodies with a size limit, and the fields of submitted forms."""

from contextlib import suppress
from email import policy
from email.parser import BytesParser
from urllib.parse import parse_qs, parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

MAX_FORM_BYTES = 16 * 1024
_MAX_FIELDS = 300


async def read_body(request: Request, limit: int) -> bytes:
    """Read the request's body. Raises ``HTTPException`` 413 as soon as it exceeds ``limit`` bytes."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > limit:
            raise HTTPException(413)
    return bytes(body)


def parse_form(content_type: str, body: bytes) -> dict[str, str]:
    """Parse an urlencoded or multipart form; RFC 8058 clients may use either."""
    if content_type.lower().startswith("multipart/form-data"):
        # Errors of ``email`` after hostile headers, such as a codec that raises.
        with suppress(ValueError, LookupError, TypeError, RecursionError):
            return _multipart(content_type, body)
        return {}
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _multipart(content_type: str, body: bytes) -> dict[str, str]:
    head = b"Content-Type: " + content_type.encode("latin-1", "replace") + b"\r\n\r\n"
    message = BytesParser(policy=policy.HTTP).parsebytes(head + body)
    return {
        str(part.get_param("name", "", "Content-Disposition")): _text(part.get_payload(decode=True))
        for part in message.walk()
        if not part.is_multipart()
    }


def _text(payload: object) -> str:
    return payload.decode("utf-8", "replace").strip() if isinstance(payload, bytes) else ""


async def read_fields(request: Request, limit: int = MAX_FORM_BYTES) -> dict[str, list[str]]:
    """Read all values of each field of an urlencoded form. Raises ``HTTPException`` 413 if it is too long."""
    body, most = await read_body(request, limit), _MAX_FIELDS * limit // MAX_FORM_BYTES
    try:
        return parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=most)
    except ValueError as error:
        raise HTTPException(413) from error

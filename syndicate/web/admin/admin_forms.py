"""Fields and files of submitted forms, with limits on their size."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from syndicate.web.admin.admin_request import UploadedFile
from syndicate.web.request_body import MAX_FORM_BYTES, read_body

MAX_BYTES = 1024 * 1024
"""Size of a form without files."""
MAX_UPLOAD = 21 * 1024 * 1024
"""Size of a form with files: 20 MB of CSV and the fields."""
_MAX_FIELDS = 5000
_MAX_FILES = 5


@dataclass(frozen=True, slots=True)
class Form:
    """Fields with all their values, and files by field; a field without a file has no entry."""

    lists: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, UploadedFile] = field(default_factory=dict)


async def read_form(request: Request, *, is_user: bool) -> Form:
    """Read a form. Raises ``HTTPException`` 413 if it is too long, 400 if it cannot be parsed.

    Without a user the limit is 16 KiB, and files are not read.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_multipart = kind == "multipart/form-data" and is_user
    limit = (MAX_UPLOAD if is_multipart else MAX_BYTES) if is_user else MAX_FORM_BYTES
    body = await read_body(request, limit)
    if is_multipart:
        return await _read_multipart(request, body)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(413) from error
    return Form({name: list(map(_lines, values)) for name, values in fields.items()})


async def _read_multipart(request: Request, body: bytes) -> Form:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(
        request.headers, stream(), max_files=_MAX_FILES, max_fields=_MAX_FIELDS, max_part_size=MAX_BYTES
    )
    try:
        parsed = await parser.parse()
    except (MultiPartException, KeyError, ValueError) as error:
        raise HTTPException(400) from error
    form = Form()
    for name, value in parsed.multi_items():
        if not isinstance(value, UploadFile):
            form.lists.setdefault(name, []).append(_lines(value))
        elif value.filename:
            content = await value.read()
            form.files[name] = UploadedFile(value.filename, value.content_type or "", content)
    await parsed.close()
    return form


def _lines(text: str) -> str:
    """Return a text with the line ends of Unix, and without NUL, which PostgreSQL does not store."""
    return text.replace("\r\n", "\n").replace("\0", "")

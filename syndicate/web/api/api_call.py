"""Request of a program, and the answers to it: objects, pages of lists, results of changes."""

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import urlencode

from fastapi import Depends, Query, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.responses import Response

from syndicate.errors import ActionRefused, existing
from syndicate.jobs.admin.actions import last_change
from syndicate.model.actors import ActionResult, Actor, Change
from syndicate.store import Connection, Store
from syndicate.store.core.listing import Listing, Position, count_up_to
from syndicate.web.api.api_body import MAX_ID

COUNTED = 10_000
"""Largest total that ``count=true`` counts."""
_PAGE_PARAMETERS = frozenset({"after", "limit", "count", "fields"})
"""Parameters that choose a page of a list, not another list."""
_FLAG = TypeAdapter(bool)


def wrong_parameter(name: str, detail: str) -> RequestValidationError:
    """Return the error for a parameter of the address that only the answer shows to be wrong."""
    return RequestValidationError([{"type": "value_error", "loc": ("query", name), "msg": detail}])


class Shown(BaseModel):
    """Object of an answer, made from a row or a dataclass."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


def stored_as(name: str) -> Any:
    """Return the field of an answer whose column or attribute has another name."""
    return Field(validation_alias=name)


Item = TypeVar("Item", bound=Shown)
ShowRows = Callable[[Connection, list[dict[str, Any]]], list[Any]]
"""Makes values for answers from rows."""


class PageOfItems(BaseModel, Generic[Item]):
    """Page of a list. ``next`` is the cursor of the next page, ``null`` on the last."""

    items: list[Item]
    next: str | None = None
    total: int | str | None = None


class Result(BaseModel):
    """Result of a change. A repeated request with the same ``Idempotency-Key`` gets the first result."""

    kind: str
    id: str
    message: str
    changed: bool
    facts: dict[str, Any]
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """Parameters of every list."""

    limit: Annotated[int, Query(ge=1, le=200, description="Number of items, at most 200")] = 50
    after: Annotated[str, Query(description="Cursor of the page before: its `next`")] = ""
    count: Annotated[bool, Query(description="Add `total`, at most `10000+`")] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiOptions:
    """Options of the API. With ``is_public`` published contents need no token."""

    site_url: str = ""
    is_public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """Request with its actor: the token, or ``None`` for a public read."""

    request: Request
    actor: Actor | None
    jobs: Any
    store: Store
    options: ApiOptions
    now: datetime
    body: bytes = b""
    dry_run: bool = False

    @property
    def is_public(self) -> bool | None:
        """Return true for a read without a token, else ``None``: the condition ``public`` of lists."""
        return self.actor is None or None

    def show(
        self, shown: BaseModel, *, status: int = 200, links: Mapping[str, str] | None = None
    ) -> Response:
        """Return an object or page with its ETag, or 304 if the program has it."""
        body = self._body(shown)
        headers = {"ETag": etag(body), "Cache-Control": "no-cache", **(links or {})}
        known = self.request.headers.get("if-none-match", "")
        if status == 200 and headers["ETag"] in {
            part.strip().removeprefix("W/") for part in known.split(",")
        }:
            return Response(status_code=304, headers=headers)
        return Response(body, status, headers, "application/json")

    def _body(self, shown: BaseModel) -> bytes:
        wanted = self.request.query_params.get("fields", "")
        if not wanted or self.request.method not in ("GET", "HEAD"):
            return shown.model_dump_json().encode()
        values = shown.model_dump(mode="json")
        items = values["items"] if isinstance(shown, PageOfItems) else [values]
        names = wanted.split(",")
        for index, item in enumerate(items):
            if unknown := [name for name in names if name not in item]:
                raise wrong_parameter("fields", f"There is no field {', '.join(unknown)}.")
            items[index] = {name: item[name] for name in names}
        return json.dumps(values if isinstance(shown, PageOfItems) else items[0], ensure_ascii=False).encode()

    def page(
        self,
        listing: Listing,
        paging: Paging,
        model: type[Item],
        *,
        conditions: Callable[[Connection], Sequence[Any]] = lambda _: (),
        shown: ShowRows = lambda _, rows: rows,
        **filters: object,
    ) -> Response:
        """Return the page of a list; ``shown`` makes values for ``model`` from the rows that meet filters."""
        after = self._read_cursor(paging.after) if paging.after else None
        total: int | str | None = None
        with self.store.snapshot() as connection:
            query = listing.matching(filters).where(*conditions(connection))
            try:
                rows, following = listing.page(connection, query, limit=paging.limit, after=after)
            except (ValueError, OverflowError):
                raise WrongCursor from None
            if paging.count:
                count = count_up_to(connection, query, COUNTED + 1)
                total = f"{COUNTED}+" if count > COUNTED else count
            items = [model.model_validate(value) for value in shown(connection, rows)]
        return self._page(items, following, total)

    def one(
        self,
        listing: Listing,
        model: type[Item],
        what: str,
        *,
        shown: ShowRows = lambda _, rows: rows,
        **filters: object,
    ) -> Response:
        """Return the object of a list that meets filters. Raises ``NotFound``, which names ``what``."""
        with self.store.snapshot() as connection:
            row = row_of(connection, listing, what, **filters)
            return self.show(model.model_validate(shown(connection, [row])[0]))

    def whole(self, items: Sequence[Item], paging: Paging, name: Callable[[Item], str]) -> Response:
        """Return the page of a short list that is in memory, in the order of unique names."""
        last = str(self._read_cursor(paging.after)[0]) if paging.after else ""
        rest = sorted((item for item in items if name(item) > last), key=name)
        found = rest[: paging.limit]
        following = (name(found[-1]), 0) if len(rest) > len(found) else None
        return self._page(found, following, len(items) if paging.count else None)

    def _page(self, items: list[Item], following: Position | None, total: int | str | None) -> Response:
        links, cursor = {}, None
        if following:
            cursor = _encoded([*following, self._list_hash()])
            kept = [(key, value) for key, value in self.request.query_params.multi_items() if key != "after"]
            target = f"{self.request.url.path}?{urlencode([*kept, ('after', cursor)])}"
            links["Link"] = f'<{target}>; rel="next"'
        return self.show(PageOfItems(items=items, next=cursor, total=total), links=links)

    def _read_cursor(self, text: str) -> Position:
        """Return the position of a cursor. Raises ``WrongCursor`` for the cursor of another list."""
        position, of_list = read_cursor(text)
        if of_list != self._list_hash():
            raise WrongCursor
        return position

    def _list_hash(self) -> str:
        """Return the hash of the address with its filters, which name a list."""
        query = self.request.query_params.multi_items()
        filters = sorted((key, value) for key, value in query if key not in _PAGE_PARAMETERS)
        return hashlib.blake2b(
            f"{self.request.url.path}?{urlencode(filters)}".encode(), digest_size=6
        ).hexdigest()

    def change(self, current: Callable[[Connection], BaseModel] | None = None) -> Change:
        """Return the change that the request asks for.

        ``current`` returns the object as GET shows it: then the request needs ``If-Match`` with its ETag.
        """
        assert self.actor is not None  # noqa: S101 - only reads are public
        request = self.request
        parts = (request.method, request.url.path, request.url.query, self.body.hex())
        return Change(
            actor=self.actor,
            now=self.now,
            key=request.headers.get("idempotency-key", ""),
            request_hash=hashlib.sha256("\n".join(parts).encode()).hexdigest(),
            check=current and self._check(current),
            dry_run=self.dry_run,
        )

    def _check(self, current: Callable[[Connection], BaseModel]) -> Callable[[Connection], None]:
        wanted = {part.strip() for part in self.request.headers.get("if-match", "").split(",")} - {""}
        if not wanted:
            message = "Send the ETag of the object that you read in If-Match."
            raise ActionRefused("if-match-missing", message, status=428)

        def check(connection: Connection) -> None:
            if "*" not in wanted and etag(current(connection).model_dump_json().encode()) not in wanted:
                kind = self.request.scope["route"].path.split("/")[1].removesuffix("s")
                name = str(next(iter(self.request.path_params.values())))
                last = last_change(connection, kind, name)
                by = f", last by {last}" if last else ""
                message = f"The object changed since you read it{by}. Read it again."
                raise ActionRefused("changed-meanwhile", message, status=412)

        return check

    def done(self, result: ActionResult, *, status: int = 200, location: str = "") -> Response:
        """Return the result of a change; ``location`` is the path of its object inside the API."""
        shown = Result(
            kind=result.kind,
            id=result.id,
            message=result.message,
            changed=result.is_change,
            facts=dict(result.facts or {}),
            dry_run=self.dry_run,
        )
        headers = {"Cache-Control": "no-store"}
        if location:
            headers["Location"] = f"{self.request.scope.get('root_path', '')}{location}"
        return Response(shown.model_dump_json(), status, headers, "application/json")


class WrongCursor(ActionRefused):
    """Text that is no cursor of the list."""

    def __init__(self) -> None:
        super().__init__("wrong-cursor", "Take the cursor from `next` of the same list.", status=400)


def vars_of(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass by name, without copies of their values."""
    return {field.name: getattr(value, field.name) for field in fields(value)}


def row_of(connection: Connection, listing: Listing, what: str, **values: object) -> dict[str, Any]:
    """Return the row of a list that meets conditions. Raises ``NotFound``."""
    return dict(existing(connection.execute(listing.matching(values)).mappings().first(), what))


def etag(body: bytes) -> str:
    """Return the strong ETag of an answer."""
    return f'"{hashlib.blake2b(body, digest_size=12).hexdigest()}"'


def _encoded(value: list[Any]) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def read_cursor(text: str) -> tuple[Position, str]:
    """Return the position of a cursor, and the hash of its list. Raises ``WrongCursor`` for other texts."""
    try:
        key, row_id, of_list = json.loads(urlsafe_b64decode(f"{text}==".encode("ascii")))
    except (ValueError, TypeError, RecursionError):
        raise WrongCursor from None
    is_number = isinstance(key, int | float) and not isinstance(key, bool) and abs(key) < MAX_ID
    # PostgreSQL compares no text with a NUL, and neither engine an id with true.
    is_key = is_number or (isinstance(key, str) and "\0" not in key)
    if not is_key or type(row_id) is not int or abs(row_id) > MAX_ID:
        raise WrongCursor
    return (key, row_id), str(of_list)


def _checked_query(request: Request, known: frozenset[str]) -> bool:
    """Return whether the request is a dry run. Raises for a parameter that is unknown or occurs twice.

    A mistyped parameter that is ignored would do what was only to be tried.
    """
    given = request.query_params.multi_items()
    for index, (name, _) in enumerate(given):
        if name not in known:
            raise wrong_parameter(name, f"There is no parameter {name}.")
        if name in dict(given[:index]):
            raise wrong_parameter(name, f"Send {name} once.")
    try:
        return _FLAG.validate_python(request.query_params.get("dry_run", False))
    except ValidationError:
        raise wrong_parameter("dry_run", "Send true or false.") from None


async def api_call(request: Request) -> ApiCall:
    """Return the call of a request whose actor may use the route: its scope, or a public read."""
    route, actor = request.scope["route"], request.scope["syndicate.actor"]
    needs: str = route.openapi_extra["x-scope"]
    options: ApiOptions = request.state.options
    if actor is None and not (options.is_public and route.openapi_extra.get("x-public")):
        raise ActionRefused("no-token", "Send Authorization: Bearer with a token.", status=401)
    if actor is not None and not actor.may(needs):
        raise ActionRefused(
            "not-allowed", f"This needs the scope {needs}.", status=403, facts={"scope": needs}
        )
    dry_run = _checked_query(request, route.query_parameters)
    key = request.headers.get("idempotency-key", "")
    if len(key) > 200:
        raise ActionRefused("invalid-request", "The Idempotency-Key has over 200 characters.", status=400)
    if route.openapi_extra.get("x-key-required") and not key:
        message = "Send an Idempotency-Key: this request may send mail."
        raise ActionRefused("key-missing", message, status=400)
    state = request.state
    return ApiCall(
        request=request,
        actor=actor,
        jobs=state.jobs,
        store=state.store,
        options=options,
        now=state.clock(),
        body=await request.body(),
        dry_run=dry_run,
    )


Call = Annotated[ApiCall, Depends(api_call)]
ListQuery = Annotated[Paging, Depends()]

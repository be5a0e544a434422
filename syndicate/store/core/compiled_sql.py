"""Statements compiled once per engine, for the few that run with every message or every poll.

SQLAlchemy takes three times as long to prepare a statement for four rows as SQLite takes to run it (64 of
82 µs, measured). A statement that never changes needs this preparation once. Lists are padded to a power of
four, so that few texts serve all lengths.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BindParameter, Connection, CursorResult, Select, UpdateBase, bindparam
from sqlalchemy.engine import Compiled, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.selectable import CompoundSelect

from syndicate.store.core.batches import in_batches

_Rows = list[dict[str, BindParameter[Any]]]
_Statement = Select[Any] | CompoundSelect[Any] | UpdateBase
# Values of a list in a statement: a power of four, of which SQLite's 32,766 parameters hold seven.
_TOGETHER = 4_096


@dataclass(frozen=True, slots=True)
class _Text:
    text: str
    defaults: Mapping[str, Any]
    order: Sequence[str] | None

    def values(self, parameters: Mapping[str, Any]) -> Any:
        """Return the parameters in the form the driver takes."""
        values = {**self.defaults, **parameters}
        return values if self.order is None else tuple([values[name] for name in self.order])


@dataclass(frozen=True, slots=True)
class _RowsText:
    """Text of a statement for several rows: each parameter is a value of a row."""

    text: str
    named: Mapping[str, tuple[int, str]]
    order: Sequence[tuple[int, str]] | None

    def values(self, rows: Sequence[Mapping[str, Any]]) -> Any:
        """Return the values of the rows in the form the driver takes."""
        if self.order is None:
            return {parameter: rows[index][name] for parameter, (index, name) in self.named.items()}
        return tuple([rows[index][name] for index, name in self.order])


class CompiledStatement:
    """Statement that runs with raw driver values: times in microseconds, states as text.

    A list, of values or of tuples, is for a parameter made with ``expanding``; it must not be empty.
    ``statement`` may be a function that returns the statement for the name of a dialect.
    """

    def __init__(self, statement: _Statement | Callable[[str], _Statement]) -> None:
        self._statement = statement
        self._compiled: dict[str, Compiled] = {}
        self._texts: dict[tuple[object, ...], _Text] = {}

    def execute(
        self, connection: Connection, parameters: Mapping[str, Any]
    ) -> CursorResult[*tuple[Any, ...]]:
        """Run the statement with named parameters; rows contain raw driver values."""
        return connection.exec_driver_sql(*self._filled(connection, parameters))

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Run the statement and return all rows with raw driver values.

        SQLAlchemy's result objects take ten times as long as finding a few rows.
        """
        text, values = self._filled(connection, parameters)
        with raw_cursor(connection, text) as cursor:
            cursor.execute(text, values)
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows

    def rows_of(
        self, connection: Connection, ids: Collection[Any], **parameters: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the rows for the parameter ``ids``, a list of any length."""
        for batch in in_batches(sorted(ids), _TOGETHER):
            yield from self.rows(connection, {"ids": batch, **parameters})

    def execute_many(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once for each set of parameters, without lists."""
        if not rows:
            return
        text = self._text(connection.dialect, {})
        with raw_cursor(connection, text.text) as cursor:
            cursor.executemany(text.text, [text.values(row) for row in rows])

    def _filled(self, connection: Connection, parameters: Mapping[str, Any]) -> tuple[str, Any]:
        """Return the text of the statement and its parameters."""
        lists = {name: _padded(value) for name, value in parameters.items() if isinstance(value, list)}
        text = self._text(connection.dialect, lists)
        for name, values in lists.items():
            parameters = {**parameters, **_spread(name, values)}
        return text.text, text.values(parameters)

    def _text(self, dialect: Dialect, lists: Mapping[str, Sequence[Any]]) -> _Text:
        shape = (dialect.name, *map(len, lists.values()))
        text = self._texts.get(shape)
        if text is None:
            compiled = self._compiled.get(dialect.name) or self._compile(dialect)
            text = self._texts[shape] = _written_out(compiled, dialect, lists)
        return text

    def _compile(self, dialect: Dialect) -> Compiled:
        made = self._statement(dialect.name) if callable(self._statement) else self._statement
        compiled = self._compiled[dialect.name] = made.compile(dialect=dialect)
        return compiled


class CompiledInsert:
    """Insert of any number of rows that returns values of each inserted row.

    ``make`` returns the statement for a dialect and the parameters of some rows; it must hold no values
    itself. The rows are inserted 16, 4 or 1 at a time, so that three texts serve all numbers.
    """

    def __init__(self, make: Callable[[str, _Rows], _Statement]) -> None:
        self._make = make
        self._texts: dict[tuple[str, int], _RowsText] = {}

    def execute(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[tuple[Any, ...]]:
        """Insert rows that share their columns; return the rows of RETURNING."""
        returned: list[tuple[Any, ...]] = []
        while rows:
            size = next(size for size in (16, 4, 1) if size <= len(rows))
            batch, rows = rows[:size], rows[size:]
            text = self._texts.get((connection.dialect.name, size)) or self._prepare(connection, batch)
            with raw_cursor(connection, text.text) as cursor:
                cursor.execute(text.text, text.values(batch))
                returned += cursor.fetchall()
        return returned

    def _prepare(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> _RowsText:
        dialect = connection.dialect
        named = {f"{name}__{index}": (index, name) for index, row in enumerate(rows) for name in row}
        parameters: _Rows = [{name: bindparam(f"{name}__{i}") for name in row} for i, row in enumerate(rows)]
        written = _written_out(self._make(dialect.name, parameters).compile(dialect=dialect), dialect, {})
        order = None if written.order is None else [named[name] for name in written.order]
        text = self._texts[dialect.name, len(rows)] = _RowsText(written.text, named, order)
        return text


@contextmanager
def raw_cursor(connection: Connection, text: str) -> Iterator[Any]:
    """Open a driver cursor; raise its errors as SQLAlchemy would."""
    dialect = connection.dialect
    errors = dialect.loaded_dbapi.Error
    cursor: Any = None
    try:
        cursor = connection.connection.cursor()
        yield cursor
    except errors as error:
        gone = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        if gone:
            connection.invalidate(error)
        raise DBAPIError.instance(
            text, None, error, errors, hide_parameters=True, connection_invalidated=gone, dialect=dialect
        ) from error
    finally:
        if cursor is not None:
            cursor.close()


def _written_out(made: Any, dialect: Dialect, lists: Mapping[str, Sequence[Any]]) -> _Text:
    expanded = made.construct_expanded_state({**made.params, **lists})
    defaults = {}
    for name, value in expanded.parameters.items():
        bound = made.binds.get(name)
        as_stored = bound.type.dialect_impl(dialect).bind_processor(dialect) if bound is not None else None
        defaults[name] = as_stored(value) if as_stored and value is not None else value
    order = tuple(expanded.positiontup) if expanded.positiontup is not None else None
    return _Text(expanded.statement, defaults, order)


def _padded(values: list[Any]) -> list[Any]:
    """Pad a list to the next power of four with its last value, so that few texts are compiled."""
    length = 1
    while length < len(values):
        length *= 4
    return values + values[-1:] * (length - len(values))


def _spread(name: str, values: Sequence[Any]) -> dict[str, Any]:
    """Return the values of a list under the parameter names that SQLAlchemy generates."""
    if isinstance(values[0], tuple):
        return {
            f"{name}_{row}_{column}": value
            for row, several in enumerate(values, 1)
            for column, value in enumerate(several, 1)
        }
    return {f"{name}_{row}": value for row, value in enumerate(values, 1)}

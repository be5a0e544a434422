"""Channels and newsletters of the store beside those of ``config.toml``, without a restart."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, overload

from syndicate.errors import WrongFields
from syndicate.groups import grouped
from syndicate.model import Channel, Newsletter
from syndicate.services.declared import channel_of, newsletter_of
from syndicate.settings import Settings
from syndicate.settings.added_settings import read_channel, read_newsletter
from syndicate.store import Connection, Store
from syndicate.store.mail import newsletter_store
from syndicate.store.output import added_channels

log = logging.getLogger("syndicate.services")
T = TypeVar("T")


class StoredSequence(Sequence[T]):
    """Sequence of values of the store; ``read`` returns their rows, and ``build`` the values of changed rows.

    Each use reads the rows, so that changes by any process count at once; it takes about 0.1 ms.
    """

    def __init__(
        self, store: Store, read: Callable[[Connection], Any], build: Callable[[Any], tuple[T, ...]]
    ) -> None:
        self._store, self._read, self._build = store, read, build
        self._built: tuple[Any, tuple[T, ...]] | None = None

    def now(self) -> tuple[T, ...]:
        """Return the present values."""
        with self._store.read() as connection:
            rows = self._read(connection)
        built = self._built
        if built is None or built[0] != rows:
            built = self._built = rows, self._build(rows)
        return built[1]

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[T]: ...
    def __getitem__(self, index: int | slice) -> T | Sequence[T]:
        """Return a value or some values."""
        return self.now()[index]

    def __iter__(self) -> Iterator[T]:
        """Iterate over the values of this moment."""
        return iter(self.now())

    def __len__(self) -> int:
        """Return the number of values."""
        return len(self.now())


def all_channels(settings: Settings, store: Store) -> StoredSequence[Channel]:
    """Return the declared and the added channels, each with its former names."""
    declared = tuple(channel_of(settings, channel) for channel in settings.channels)

    def read(connection: Connection) -> tuple[Any, Any]:
        return added_channels.added_channels(connection), added_channels.channel_moves(connection)

    def build(rows: tuple[Any, Any]) -> tuple[Channel, ...]:
        stored = {name: row.declaration for name, row in rows[0].items() if row.removed is None}
        found = (*declared, *_added(declared, stored, lambda values: channel_from(settings, values)))
        names = {channel.name for channel in found}
        moves = (move for move in rows[1].values() if move.name not in names)
        former = grouped((move.channel, move.name) for move in moves)
        return tuple(
            replace(channel, moved_from=(*channel.moved_from, *former[channel.name]))
            if channel.name in former
            else channel
            for channel in found
        )

    return StoredSequence(store, read, build)


def all_newsletters(settings: Settings, store: Store) -> StoredSequence[Newsletter]:
    """Return the declared and the added newsletters."""
    declared = tuple(newsletter_of(settings, newsletter) for newsletter in settings.newsletters)

    def build(rows: Mapping[str, Any]) -> tuple[Newsletter, ...]:
        return (*declared, *_added(declared, rows, lambda values: newsletter_from(settings, values)))

    return StoredSequence(store, newsletter_store.declarations, build)


def channel_from(settings: Settings, values: Mapping[str, Any]) -> Channel:
    """Return the channel of entered values. Raises ``WrongFields``."""
    return channel_of(settings, read_channel(values))


def newsletter_from(settings: Settings, values: Mapping[str, Any]) -> Newsletter:
    """Return the newsletter of entered values. Raises ``WrongFields``."""
    entered = read_newsletter(values)
    newsletter = newsletter_of(settings, entered)
    address = entered.address or newsletter.brand.postal_address
    return replace(newsletter, brand=replace(newsletter.brand, postal_address=address))


def _added(
    declared: Sequence[Channel | Newsletter],
    rows: Mapping[str, Mapping[str, Any]],
    build: Callable[[Mapping[str, Any]], T],
) -> Iterator[T]:
    """Yield the values of rows whose names are not declared; rows of another version may be unusable."""
    names = {known.name for known in declared}
    for name, values in rows.items():
        if name not in names:
            try:
                yield build({**values, "name": name})
            except WrongFields as error:
                log.warning("%s, which was added to the store, cannot be used: %s", name, error)

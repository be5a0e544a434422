"""Actions on channels of the store: add, edit, rename, take down and restore."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from syndicate.errors import ActionRefused, NotFound, WrongFields, existing
from syndicate.jobs.admin.actions import changed_fields, declared_refusal, recorded_as
from syndicate.model import Channel
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.output import added_channels as rows
from syndicate.store.output import stale

_SCOPE = "channels:write"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelActions:
    """Changes of channels that were added, and of the former names of all channels.

    ``declared`` has the present and former names in ``config.toml``, each with the name of its channel.
    ``places`` are the file and line of each. ``read`` returns the channel of entered values, or raises
    ``WrongFields``. ``networks`` are the names of ``[[networks]]``.
    """

    store: Store
    declared: Mapping[str, str]
    places: Mapping[str, str]
    read: Callable[[Mapping[str, Any]], Channel]
    networks: frozenset[str]

    @recorded_as("channel.add", _SCOPE)
    def add(self, connection: Connection, change: Change, values: Mapping[str, Any]) -> ActionResult:
        """Add a channel; the next publishing writes it. ``values`` are keys of ``[[channels]]``."""
        channel = self.read(values)
        self._require_networks(channel)
        self._require_free(connection, channel.name)
        rows.save_channel(connection, channel.name, _declaration(values), change.now)
        return _result(channel.name, "is added", after=_declaration(values))

    @recorded_as("channel.edit", _SCOPE)
    def edit(
        self, connection: Connection, change: Change, name: str, values: Mapping[str, Any]
    ) -> ActionResult:
        """Save some fields of an added channel, or all; its name changes only by ``rename``."""
        before = self._added(connection, name).declaration
        after = {**before, **_declaration(values)}
        self._require_networks(self.read({**after, "name": name}), before.get("post_to", ()))
        if after == before:
            return _result(name, "is as before", is_change=False)
        rows.save_channel(connection, name, after, change.now)
        return _result(name, "is saved", **changed_fields(before, after))

    @recorded_as("channel.rename", _SCOPE)
    def rename(self, connection: Connection, change: Change, name: str, new_name: str) -> ActionResult:
        """Rename an added channel; its old addresses lead to the new name.

        The addresses of a channel that is no longer in ``config.toml`` lead to another channel. Renaming back
        undoes it.
        """
        self.read({"name": new_name})
        if name == new_name:
            return _result(name, "is as before", is_change=False)
        moves = rows.channel_moves(connection)
        if self._is_former(connection, name):
            if self.declared.get(new_name) != new_name and not self._present(connection, new_name):
                raise WrongFields({"name": f"There is no channel {new_name}."})
            if name in moves and moves[name].channel == new_name:
                return _result(name, "is as before", is_change=False)
        else:
            self._added(connection, name)
            self._require_free(connection, new_name, former_of=name if new_name in moves else "")
            rows.rename_channel(connection, name, new_name)
        rows.save_move(connection, name, new_name, change.now)
        names = {"before": {"name": name}, "after": {"name": new_name}}
        return _result(new_name, f"has the old addresses of {name}", **names)

    @recorded_as("channel.remove", _SCOPE)
    def remove(self, connection: Connection, change: Change, name: str) -> ActionResult:
        """Take a channel down: its addresses answer 410, and its files get a last item.

        A channel that is no longer in ``config.toml`` gets its last item, too.
        """
        move = rows.channel_moves(connection).get(name)
        if not self._is_former(connection, name):
            self._added(connection, name)
            rows.mark_removed(connection, name, change.now)
        elif move and not move.channel:
            return _result(name, "is taken down", is_change=False)
        rows.save_move(connection, name, "", change.now)
        return _result(name, "is taken down", before={"removed": False}, after={"removed": True})

    @recorded_as("channel.restore", _SCOPE)
    def restore(self, connection: Connection, change: Change, name: str) -> ActionResult:
        """Undo ``remove``, or let a former name lead nowhere."""
        row = rows.added_channels(connection).get(name)
        if row and row.removed:
            rows.save_channel(connection, name, row.declaration, change.now)
        elif not rows.delete_move(connection, name):
            raise NotFound(f"No channel {name} was taken down or renamed.")
        return _result(name, "is restored", before={"removed": True}, after={"removed": False})

    def _present(self, connection: Connection, name: str) -> rows.AddedChannel | None:
        """Return an added channel that was not taken down."""
        row = rows.added_channels(connection).get(name)
        return None if row is None or row.removed else row

    def _added(self, connection: Connection, name: str) -> rows.AddedChannel:
        if name in self.declared:
            raise declared_refusal(self.places, name)
        return existing(self._present(connection, name), f"added channel {name}")

    def stored(self, connection: Connection, name: str) -> Channel:
        """Return an added channel. Raises ``ActionRefused`` for a declared or unknown channel."""
        return self.read({**self._added(connection, name).declaration, "name": name})

    def missing(self, channel: Channel) -> tuple[str, ...]:
        """Return the networks of a channel that ``config.toml`` does not declare."""
        return tuple(sorted({*channel.post_to} - self.networks))

    def _require_networks(self, channel: Channel, kept: Iterable[str] = ()) -> None:
        """Raise ``WrongFields`` for an entered network that the file lacks; ``kept`` networks may stay."""
        if unknown := [name for name in self.missing(channel) if name not in kept]:
            raise WrongFields({"post_to": f"config.toml has no [[networks]] {', '.join(unknown)}."})

    def _is_former(self, connection: Connection, name: str) -> bool:
        """Return true for a name without a channel: published before, or taken down."""
        if name in self.declared or self._present(connection, name):
            return False
        return name in stale.published_channels(connection) or name in rows.channel_moves(connection)

    def _require_free(self, connection: Connection, name: str, *, former_of: str = "") -> None:
        """Raise ``ActionRefused`` for a taken name; a channel may return to its former name."""
        row, move = rows.added_channels(connection).get(name), rows.channel_moves(connection).get(name)
        text = ""
        if name in self.declared or (row and not row.removed):
            text = f"A channel has or had the name {name}."
        elif row:
            text = f"{name} was taken down. Restore it, or choose another name."
        elif move and move.channel and move.channel != former_of:
            text = f"The addresses of {name} lead to {move.channel}. Restore {name} first."
        if text:
            raise ActionRefused("name-taken", text, fields={"name": text})


def _declaration(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values without the name, as JSON gives them back."""
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
    return {key: value for key, value in values.items() if key != "name"}


def _result(name: str, text: str, **facts: Any) -> ActionResult:
    return ActionResult(kind="channel", id=name, message=f"The channel {name} {text}.", **facts)

"""Actions on newsletters: add, edit and remove those of the store, pause any, send a test."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from syndicate.errors import ActionRefused, NotAllowed, existing
from syndicate.jobs.admin.actions import changed_fields, declared_refusal, perform_mail, recorded_as
from syndicate.jobs.newsletter.edition_preview import EditionPreviewer, PreviewedMail
from syndicate.model import Newsletter
from syndicate.model.actors import ActionResult, Change
from syndicate.store import Connection, Store
from syndicate.store.mail import newsletter_store as rows
from syndicate.store.mail import review_store

_SCOPE = "newsletters:write"
_APART = ("name", "paused")  # values that are no part of a declaration


@dataclass(frozen=True, slots=True, kw_only=True)
class NewsletterActions:
    """Changes of newsletters. ``declared`` has the newsletters of ``config.toml``, ``places`` file and line.

    ``read`` returns the newsletter of entered values, or raises ``WrongFields``. ``segments_of`` returns the
    names of the segments that name a newsletter.
    """

    store: Store
    declared: Mapping[str, Newsletter]
    places: Mapping[str, str]
    read: Callable[[Mapping[str, Any]], Newsletter]
    previewer: EditionPreviewer
    segments_of: Callable[[str], Sequence[str]]

    @recorded_as("newsletter.add", _SCOPE)
    def add(self, connection: Connection, change: Change, values: Mapping[str, Any]) -> ActionResult:
        """Add a newsletter; its first edition is the next of its schedule.

        ``values`` are keys of ``[[newsletters]]``, ``address``, its own postal address, and ``paused``.
        """
        newsletter = self.read({key: value for key, value in values.items() if key != "paused"})
        after = {key: value for key, value in values.items() if key not in _APART}
        name = newsletter.name
        if name in self.declared or name in rows.declarations(connection):
            text = f"A newsletter has the name {name}."
            raise ActionRefused("name-taken", text, fields={"name": text})
        rows.save_declaration(connection, newsletter, after, change.now)
        if (is_paused := values.get("paused")) is not None:
            after |= self._set_paused(connection, change, name, paused=is_paused).get("after", {})
        return _result(name, "is added", after=after)

    @recorded_as("newsletter.edit", _SCOPE)
    def edit(
        self, connection: Connection, change: Change, name: str, values: Mapping[str, Any]
    ) -> ActionResult:
        """Save some fields of an added newsletter, or all but its name; ``paused`` is one of them."""
        before = self._added(connection, name)
        after = {**before, **{key: value for key, value in values.items() if key not in _APART}}
        newsletter = self.read({**after, "name": name})
        facts = changed_fields(before, after)
        if after != before:
            rows.save_declaration(connection, newsletter, after, change.now)
        if (is_paused := values.get("paused")) is not None:
            paused = self._set_paused(connection, change, name, paused=is_paused)
            facts = {key: fields | paused.get(key, {}) for key, fields in facts.items()}
        if not facts["after"]:
            return _result(name, "is as before", is_change=False)
        return _result(name, "is saved", **facts)

    @recorded_as("newsletter.remove", _SCOPE)
    def remove(self, connection: Connection, _change: Change, name: str) -> ActionResult:
        """Remove an added newsletter: no edition is cut. Its subscribers and editions stay.

        Raises ``ActionRefused`` while a segment names it or an edition of it waits.
        """
        before = self._added(connection, name)
        uses = [f"the segment {segment} names it" for segment in self.segments_of(name)]
        uses += [f"edition {number} waits" for number in review_store.open_editions(connection, name)]
        if uses:
            text = f"The newsletter {name} is in use: {', '.join(uses)}."
            advice = "Change the segments, approve or withdraw the editions, and remove it then; or pause it."
            raise ActionRefused("refused", f"{text} {advice}")
        rows.remove_declaration(connection, name)
        return _result(name, "is removed; its subscribers and editions stay", before=before)

    @recorded_as("newsletter.pause", _SCOPE)
    def pause(self, connection: Connection, change: Change, name: str) -> ActionResult:
        """Cut no edition until ``resume``. Pending deliveries are still sent."""
        self.find(connection, name)
        facts = self._set_paused(connection, change, name, paused=True)
        return _result(name, "is paused", is_change=bool(facts), **facts)

    @recorded_as("newsletter.resume", _SCOPE)
    def resume(self, connection: Connection, change: Change, name: str) -> ActionResult:
        """Cut editions again. Editions of the pause are not made up for."""
        self.find(connection, name)
        facts = self._set_paused(connection, change, name, paused=False)
        return _result(name, "is running again", is_change=bool(facts), **facts)

    def send_test(self, change: Change, mail: PreviewedMail, recipient: str) -> ActionResult:
        """Send a mail to the user's own address, or with ``newsletters:write`` to any; it is logged."""
        is_own = recipient == change.actor.name
        if not is_own and not change.actor.may(_SCOPE):
            raise NotAllowed("Tests to other addresses are for admins.")
        facts = {"address": "own" if is_own else "other", "subject": mail.edition.subject}
        done = _result(mail.edition.newsletter, f"was sent to {recipient} as a test", after=facts)
        send = partial(self.previewer.send, mail, recipient)
        return perform_mail(self.store, change, "newsletter.test", "editions:write", send, done)

    def stored(self, connection: Connection, name: str) -> tuple[Newsletter, str]:
        """Return an added newsletter with its own postal address, ``""`` for that of ``[mail]``.

        Raises ``ActionRefused`` for a declared or unknown newsletter.
        """
        declaration = self._added(connection, name)
        return self.read({**declaration, "name": name}), str(declaration.get("address", ""))

    def find(self, connection: Connection, name: str) -> Newsletter:
        """Return a declared or added newsletter. Raises ``NotFound``."""
        return self.declared.get(name) or self.stored(connection, name)[0]

    def _set_paused(
        self, connection: Connection, change: Change, name: str, *, paused: bool
    ) -> dict[str, dict[str, bool]]:
        """Pause or resume a newsletter; return what changed, for the audit log."""
        set_paused = rows.pause_newsletter if paused else partial(rows.resume_newsletter, now=change.now)
        is_change = set_paused(connection, name)
        return {"before": {"paused": not paused}, "after": {"paused": paused}} if is_change else {}

    def _added(self, connection: Connection, name: str) -> Mapping[str, Any]:
        if name in self.declared:
            raise declared_refusal(self.places, name)
        return existing(rows.declarations(connection).get(name), f"added newsletter {name}")


def _result(name: str, text: str, **facts: Any) -> ActionResult:
    return ActionResult(kind="newsletter", id=name, message=f"The newsletter {name} {text}.", **facts)

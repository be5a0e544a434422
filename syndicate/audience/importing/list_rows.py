"""Rows of lists of subscribers: addresses, states, dates, tags, fields and proof of consent."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import chain, islice, repeat

from syndicate.audience.fields import SubscriberField, read_tag, read_value
from syndicate.audience.importing.csv_text import decode_list, read_csv, unescape_formula
from syndicate.audience.importing.list_columns import LANGUAGE, read_columns, read_date
from syndicate.audience.importing.products import FALSE, STATES, heading_key, standing_of_file
from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.errors import InvalidAddress, InvalidField
from syndicate.model import ImportedSubscriber, Standing
from syndicate.text.plain import clean_line

_SAMPLE = 50  # rows
_RANK = {standing: rank for rank, standing in enumerate(Standing)}
# States that a no in columns of these meanings gives, and states that a yes or a time gives.
_BY_NO = {"receives": Standing.UNSUBSCRIBED, "confirmed": Standing.UNCONFIRMED}
_BY_YES = {
    "left": Standing.UNSUBSCRIBED, "bounced": Standing.BOUNCED, "blocked": Standing.BLOCKED,
    "complained": Standing.COMPLAINED,
}  # fmt: skip
# In unread columns of a plain list, these words are an end all the same; "cancelled" may concern a payment.
_END_WORDS = {
    word
    for word, standing in STATES.items()
    if _RANK[standing] >= _RANK[Standing.UNSUBSCRIBED] and len(word) > 5 and not word.startswith("cancel")
}
_OF_THE_MAILBOX = (Standing.BLOCKED, Standing.BOUNCED, Standing.COMPLAINED)
_COMPLAINT = re.compile(r"spam|abuse|complain", re.IGNORECASE)
_DELETED = "@deletion-request.substack.com"  # Substack's address of a deleted account.
# Heading and text of the filled cells of a row, by meaning; of a state also blank cells.
Cells = Mapping[str, list[tuple[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportChoices:
    """Choices of the operator: product, meanings by heading, tags and state of all rows.

    ``newsletter`` is the chosen newsletter; ``""`` reads it from an own export. ``newsletters`` are declared.
    """

    product: str = ""
    newsletter: str = ""
    newsletters: tuple[str, ...] = ()
    meanings: Mapping[str, str] = field(default_factory=dict)
    fields: tuple[SubscriberField, ...] = ()
    tags: tuple[str, ...] = ()
    standing: Standing = Standing.SUBSCRIBED


class SubscriberList:
    """File of subscribers. ``dropped`` counts the values that are not kept, by heading and problem."""

    def __init__(self, name: str, data: bytes, choices: ImportChoices) -> None:
        text = decode_list(data)
        sample = [cells for _, cells in islice(read_csv(text), _SAMPLE)]
        self.name = clean_line(name, 200)
        self.columns = read_columns(sample, choices.product, choices.meanings, choices.fields)
        # A text file is a list of addresses, or a letter that mentions one.
        bare = self.columns.bare and (name.endswith(".txt") or not any("@" in "".join(row) for row in sample))
        self.has_addresses = not bare or self.columns.product.name == "mailman"
        self.dropped: Counter[tuple[str, str]] = Counter()
        self._choices = choices
        self._standing = max(choices.standing, standing_of_file(name), key=_RANK.__getitem__)
        self._states = self.columns.product.states
        self._fields = {f"field:{declared.name}": declared for declared in choices.fields}
        self._rows = read_csv(text, escape=self.columns.product.escape)

    def rows(self) -> Iterator[ImportedSubscriber]:
        """Yield the rows of the file, once."""
        for line, cells in islice(self._rows, 0 if self.columns.bare else 1, None):
            yield self._row(line, [unescape_formula(cell) for cell in cells])

    def _row(self, line: int, texts: list[str]) -> ImportedSubscriber:
        cells = self._cells(texts)
        address = next((text for text in texts if "@" in text), texts[0])
        address = address if self.columns.bare else _first(cells, "email")
        row = partial(ImportedSubscriber, file=self.name, line=line, text=clean_line(address, 80))
        try:
            mailbox = parse_mailbox(address)
        except InvalidAddress as error:
            return row(standing=Standing.INVALID, reason=str(error))
        chosen, newsletter = self._choices.newsletter, _first(cells, "newsletter")
        if chosen and newsletter != chosen and newsletter in self._choices.newsletters:
            return row(standing=Standing.OTHER, reason=f"subscribed to {newsletter}")
        standing, reason = self._state(cells)
        if mailbox.address.key.endswith(_DELETED):
            standing, reason = Standing.UNSUBSCRIBED, "the account was deleted"
        language = _first(cells, "language").lower().replace("_", "-")
        ended = (cell for way in ("ended", *_BY_YES) for cell in cells.get(way, ()))
        proof = chain(cells.get("since", ()), cells.get("proof", ()))
        return row(
            standing=standing,
            reason=reason,
            address=mailbox.address.display,
            address_key=mailbox.address.key,
            name=clean_line(_name(cells) or mailbox.name, 200),
            language=language if LANGUAGE.fullmatch(language) else "",
            newsletter=chosen or newsletter,
            since=min((at for _, text in cells.get("since", ()) if (at := read_date(text))), default=None),
            ended=max((at for _, text in ended if (at := read_date(text))), default=None),
            proof=clean_line("; ".join(f"{heading}: {text}" for heading, text in proof), 1000),
            agreed=clean_line(_first(cells, "agreed"), 1000),
            tags=self._tags(cells),
            fields=self._values(cells),
        )

    def _cells(self, texts: Iterable[str]) -> Cells:
        cells: dict[str, list[tuple[str, str]]] = defaultdict(list)
        columns = zip(self.columns.headings, self.columns.meanings, chain(texts, repeat("")), strict=False)
        for heading, meaning, text in columns:
            if meaning and (text or meaning == "state"):
                cells[meaning].append((heading, text))
            elif not meaning and self._is_end(heading, text):
                cells["state"].append((heading, text))
        for _, text in cells.pop("attributes", ()):
            for name, value in _attributes(text).items():
                meaning = self.columns.table.get(heading_key(name), "")
                meaning = meaning if meaning in self._fields else "no field"
                cells[meaning].append((clean_line(name, 60), value))
        return cells

    def _is_end(self, heading: str, text: str) -> bool:
        is_plain = self.columns.product.name == "csv"
        return is_plain and text.casefold() in _END_WORDS and heading_key(heading) not in self.columns.table

    def _state(self, cells: Cells) -> tuple[Standing, str]:
        """Return the most restrictive state that a row's cells have, with the reason."""
        texts = (text for _, text in cells.get("state", ()))
        found = [(self._states.get(heading_key(text), Standing.UNKNOWN), text) for text in texts]
        for meaning in (*_BY_NO, *_BY_YES):
            for heading, text in cells.get(meaning, ()):
                key = heading_key(text)
                if meaning in _BY_YES and key not in FALSE:
                    found.append((_BY_YES[meaning], f"{heading} {text}"))
                elif meaning in _BY_NO and (key in FALSE or key in STATES):
                    state = _BY_NO[meaning] if key in FALSE else STATES[key]
                    found.append((state, f"{heading} {text}"))
        found.append((self._standing, f"{self._standing.value}, the whole file"))
        standing, said = max(found, key=lambda pair: _RANK[pair[0]])
        if standing is Standing.SUBSCRIBED:
            return standing, ""
        reasons = [text for _, text in cells.get("reason", ())]
        if standing is Standing.UNSUBSCRIBED:
            words = [STATES.get(heading_key(text)) for text in reasons]
            standing = next((word for word in words if word in _OF_THE_MAILBOX), standing)
            standing = Standing.COMPLAINED if _COMPLAINT.search(" ".join(reasons)) else standing
        return standing, clean_line("; ".join([f"the list says: {said}", *reasons]), 140)

    def _tags(self, cells: Cells) -> tuple[str, ...]:
        tags = dict.fromkeys(self._choices.tags)
        for heading, text in cells.get("tags", ()):
            for tag in re.findall(r'"([^"]*)"', text) or re.split(r"[,;|]", text):
                try:
                    tags |= {read_tag(tag): None} if tag.strip() else {}
                except InvalidField:
                    self.dropped[heading, "no tag"] += 1
        return tuple(tags)

    def _values(self, cells: Cells) -> dict[str, str]:
        values = {}
        for heading, _ in cells.get("no field", ()):
            self.dropped[heading, "no such field"] += 1
        for meaning in cells.keys() & self._fields:
            for heading, text in cells[meaning]:
                try:
                    values[meaning[6:]] = read_value(self._fields[meaning], text)
                except InvalidField:
                    self.dropped[heading, f"no value of field {meaning[6:]}"] += 1
        return {name: value for name, value in values.items() if value}


def _first(cells: Cells, meaning: str) -> str:
    return cells[meaning][0][1] if meaning in cells else ""


def _name(cells: Cells) -> str:
    first, name, last = (_first(cells, meaning) for meaning in ("first", "name", "last"))
    # Beside "Vorname", the heading "Name" is the family name.
    return name if name and first in name else " ".join(filter(None, (first, name or last)))


def _attributes(text: str) -> dict[str, str]:
    """Return the simple values of a JSON object."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    pairs = found.items() if isinstance(found, dict) else ()
    return {name: str(value) for name, value in pairs if isinstance(value, str | int | float)}


def without_duplicates(rows: Iterable[ImportedSubscriber]) -> Iterator[ImportedSubscriber]:
    """Yield rows, the most restrictive states first; a mailbox's other rows are duplicates.

    So an address that a row of the list ends is never added before.
    """
    seen: dict[tuple[str, str], ImportedSubscriber] = {}
    for row in sorted(rows, key=lambda row: -_RANK[row.standing]):
        first = seen.setdefault((row.newsletter, row.address_key), row) if row.address_key else row
        if first is row:
            yield row
            continue
        place = f"line {first.line}" if first.file == row.file else f"{first.file}, line {first.line}"
        same = partial(ImportedSubscriber, file=row.file, line=row.line, text=row.text)
        yield same(standing=Standing.DUPLICATE, reason=f"the same mailbox as in {place}")

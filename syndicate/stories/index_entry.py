"""One article as the story index holds it."""

from dataclasses import dataclass
from math import sqrt
from zlib import crc32

from syndicate.stories.terms.fingerprint import Fingerprint
from syndicate.stories.title_kind import TitleKind, title_kind


@dataclass(slots=True)
class IndexEntry:
    """An article in the index. Of the articles with one ``text`` (a label) one speaks and is found for all.

    ``published`` is in seconds since 1970, ``size`` in characters and at least 1. ``kept`` are its terms,
    packed as they were loaded until they are first asked for. ``mean_similarity`` is its similarity to
    ``n_compared`` articles of its story when it joined: what the story's coherence is known from, without
    comparing anything again.
    ``neighbours`` are (score, article id), the least first; ``None`` until they are looked for. ``titled`` is
    its title until its kind is first asked for, then the kind.
    """

    article_id: int
    source_id: int
    published: float
    kept: Fingerprint | bytes
    size: float
    hints: tuple[int, ...]
    title_key: int
    mean_similarity: float = 0.0
    n_compared: int = 0
    story: int | None = None
    text: int = 0
    speaks: bool = True
    neighbours: list[tuple[float, int]] | None = None
    titled: str | TitleKind = ""

    @property
    def terms(self) -> Fingerprint:
        """Its terms, ready to be compared."""
        kept = self.kept
        if isinstance(kept, bytes):
            kept = self.kept = Fingerprint.unpack(kept)
        return kept

    @property
    def kind(self) -> TitleKind:
        """Return what its title says: a round-up, a number of a series, or neither."""
        kind = self.titled
        if isinstance(kind, str):
            kind = self.titled = title_kind(kind)
        return kind

    def packed(self) -> bytes:
        """Its terms for the store."""
        return self.kept if isinstance(self.kept, bytes) else self.kept.pack()

    @property
    def counts(self) -> bool:
        """True when its words count for the document frequencies: one article speaks for each event.

        Otherwise the words of what everybody writes about would be called common. Measured on headlines,
        over six orders of arrival: .4 points of nDCG@3 and 1.4 of BCubed.
        """
        return not self.n_compared


def pair_length(a: IndexEntry, b: IndexEntry) -> float:
    """The length that counts for a threshold: the geometric mean of two texts' lengths in characters."""
    return sqrt(a.size * b.size)


def title_key(source_id: int, title: str) -> int:
    """The same for every article of a source with the same title; 0 without one, which repeats nothing."""
    folded = title.casefold().strip()
    return crc32(folded.encode("utf-8", "replace"), source_id) if folded else 0

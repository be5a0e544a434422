"""Entry of the story index: an article in memory."""

from dataclasses import dataclass
from math import sqrt
from zlib import crc32

from syndicate.stories.article_kind import TitleKind, title_kind
from syndicate.stories.terms.fingerprint import Fingerprint


@dataclass(slots=True)
class IndexEntry:
    """Article in the index. Articles with the same ``text`` (a label) are found through their representative.

    ``published`` is in seconds since 1970, ``size`` in characters and at least 1. ``stored_terms`` are its
    terms, packed as loaded until their first use. ``mean_similarity`` is its similarity to ``n_compared``
    articles of its story when it joined; the story's coherence is computed from these without comparing
    again. ``neighbours`` are (score, article id), ascending; ``None`` until first searched. ``title_or_kind``
    is its title until the first use of ``kind``, then the kind.
    """

    article_id: int
    source_id: int
    published: float
    stored_terms: Fingerprint | bytes
    size: float
    hints: tuple[int, ...]
    title_key: int
    mean_similarity: float = 0.0
    n_compared: int = 0
    story: int | None = None
    text: int = 0
    title_or_kind: str | TitleKind = ""
    is_representative: bool = True
    neighbours: list[tuple[float, int]] | None = None

    @property
    def terms(self) -> Fingerprint:
        """Terms, ready to be compared."""
        stored_terms = self.stored_terms
        if isinstance(stored_terms, bytes):
            stored_terms = self.stored_terms = Fingerprint.unpack(stored_terms)
        return stored_terms

    @property
    def kind(self) -> TitleKind:
        """Kind by title: a round-up, a number of a series, or neither."""
        kind = self.title_or_kind
        if isinstance(kind, str):
            kind = self.title_or_kind = title_kind(kind)
        return kind

    def packed(self) -> bytes:
        """Return the terms as bytes for the store."""
        return self.stored_terms if isinstance(self.stored_terms, bytes) else self.stored_terms.pack()

    @property
    def counts_as_document(self) -> bool:
        """True when its words count in the document frequencies: a single article counts for each event.

        Otherwise the words of widely covered events would be called common. Measured on headlines, over six
        orders of arrival: .4 points of nDCG@3 and 1.4 of BCubed.
        """
        return not self.n_compared


def pair_length(a: IndexEntry, b: IndexEntry) -> float:
    """Return the length for a threshold: the geometric mean of two texts' lengths in characters."""
    return sqrt(a.size * b.size)


def title_key(source_id: int, title: str) -> int:
    """Return an equal key for equal titles of a source; 0 without a title, which never repeats."""
    folded = title.casefold().strip()
    return crc32(folded.encode("utf-8", "replace"), source_id) if folded else 0

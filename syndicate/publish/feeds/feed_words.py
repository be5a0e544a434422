"""Words of feed items beside the article, in the article's language: readers see both as a single text.

Each comes from the last part of the language's file in ``templates/words``. Other languages get English.
"""

from datetime import datetime, tzinfo
from functools import cache, lru_cache
from typing import Final, NamedTuple

from syndicate.model import is_dated, known_since
from syndicate.templating import Templates
from syndicate.text.dates import human_day


class FeedWords(NamedTuple):
    """Words in a language. ``undated``, ``updated`` and ``minutes`` are filled with a date or a number.

    ``listen``, ``watch`` and ``download`` are link texts for an audio, a video and a document.
    ``source_counts`` is filled with the numbers of all sources and of sources in other languages only,
    ``full_coverage``, the link text to the page of a story, with the number of its sources. ``feed_ended``
    is the last item of a feed that was taken down.
    """

    language: str
    original_headline: str
    source: str
    related: str
    undated: str
    updated: str
    listen: str
    watch: str
    download: str
    minutes: str
    full_text: str
    other_languages: str
    source_counts: str
    full_coverage: str
    feed_ended: str

    def day(self, published: datetime, zone: tzinfo) -> str:
        """Return the day of publication, or a note with the day of the first sight."""
        day = human_day(known_since(published), zone, self.language)
        return day if is_dated(published) else self.undated.format(day)

    def action(self, kind: str) -> str:
        """Return the link text for a file of a kind (``Enclosure.kind``)."""
        return {"audio": self.listen, "video": self.watch}.get(kind, self.download)


_TRADITIONAL: Final = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


@lru_cache(maxsize=512)
def words_in(language: str) -> FeedWords:
    """Return the words for a text in a language (BCP 47, or ``""``)."""
    tag = language.lower()
    file = "zh-hant" if tag.startswith(_TRADITIONAL) else tag.partition("-")[0]
    return _read(file if f"words/{file}.txt" in _files() else "en")


@cache
def _files() -> frozenset[str]:
    return frozenset(Templates().names())


@cache
def _read(language: str) -> FeedWords:
    words = Templates(None, language).words("feeds/words.txt")
    return FeedWords(*(words[name] for name in FeedWords._fields))

"""What feed items say beside the article, in the article's language: readers show both as one text.

Other languages get English. Pages and mails have their words in templates; feeds have none.
"""

from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from syndicate.model import is_dated, known_since
from syndicate.text.dates import human_day


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWords:
    """What feeds say in one language; ``undated`` is filled with the day of first sight."""

    language: str
    headline_ours: str
    source: str
    related: str
    undated: str

    def day(self, published: datetime, zone: tzinfo) -> str:
        """Return the day of a publication, or that it is not known and when the article was first seen."""
        day = human_day(known_since(published), zone, self.language)
        return day if is_dated(published) else self.undated.format(day)


_ENGLISH: Final = FeedWords(
    language="en",
    headline_ours="Headline ours; original:",
    source="Source:",
    related="Related stories",
    undated="date unknown, first seen {}",
)
_OTHERS: Final = (
    FeedWords(
        language="ar",
        headline_ours="العنوان من عندنا، والأصل:",
        source="المصدر:",
        related="اقرأ أيضا",
        undated="التاريخ غير معروف، رصد أول مرة في {}",
    ),
    FeedWords(
        language="de",
        headline_ours="Überschrift von uns; im Original:",
        source="Quelle:",
        related="Mehr dazu",
        undated="Datum unbekannt, zuerst gesehen am {}",
    ),
    FeedWords(
        language="es",
        headline_ours="Titular nuestro; el original:",
        source="Fuente:",
        related="Leer más",
        undated="fecha desconocida, visto por primera vez el {}",
    ),
    FeedWords(
        language="fr",
        headline_ours="Titre de notre rédaction ; titre original :",
        source="Source :",
        related="À lire aussi",
        undated="date inconnue, vu pour la première fois le {}",
    ),
)
_WORDS: Final = {words.language: words for words in _OTHERS}


def words_in(language: str) -> FeedWords:
    """The words for a text in a language (BCP 47, or ``""``)."""
    return _WORDS.get(language.partition("-")[0].lower(), _ENGLISH)

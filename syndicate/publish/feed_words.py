"""What feed items say beside the article, in the article's language: readers show both as one text.

Other languages get English. Pages and mails have their words in templates; feeds have none.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedWords:
    """``date`` is filled with day, name of the month, and year."""

    language: str
    headline_ours: str
    whole_text: str
    source: str
    related: str
    date: str
    months: tuple[str, ...]

    def day(self, local: datetime) -> str:
        """A day as people write it; without ``strftime``, which goes by the locale."""
        return self.date.format(local.day, self.months[local.month - 1], local.year)


_ENGLISH: Final = FeedWords(
    language="en",
    headline_ours="Headline ours; original:",
    whole_text="Read the whole text",
    source="Source:",
    related="Related stories",
    date="{} {} {}",
    months=(
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
)
_OTHERS: Final = (
    FeedWords(
        language="ar",
        headline_ours="العنوان من عندنا، والأصل:",
        whole_text="اقرأ النص الكامل",
        source="المصدر:",
        related="اقرأ أيضا",
        date="{} {} {}",
        months=(
            *("يناير", "فبراير", "مارس", "أبريل", "مايو", "يونيو"),
            *("يوليو", "أغسطس", "سبتمبر", "أكتوبر", "نوفمبر", "ديسمبر"),
        ),
    ),
    FeedWords(
        language="de",
        headline_ours="Überschrift von uns; im Original:",
        whole_text="Den ganzen Text lesen",
        source="Quelle:",
        related="Mehr dazu",
        date="{}. {} {}",
        months=(
            *("Januar", "Februar", "März", "April", "Mai", "Juni"),
            *("Juli", "August", "September", "Oktober", "November", "Dezember"),
        ),
    ),
    FeedWords(
        language="es",
        headline_ours="Titular nuestro; el original:",
        whole_text="Leer el texto completo",
        source="Fuente:",
        related="Leer más",
        date="{} de {} de {}",
        months=(
            *("enero", "febrero", "marzo", "abril", "mayo", "junio"),
            *("julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"),
        ),
    ),
    FeedWords(
        language="fr",
        headline_ours="Titre de notre rédaction ; titre original :",
        whole_text="Lire le texte intégral",
        source="Source :",
        related="À lire aussi",
        date="{} {} {}",
        months=(
            *("janvier", "février", "mars", "avril", "mai", "juin"),
            *("juillet", "août", "septembre", "octobre", "novembre", "décembre"),
        ),
    ),
)
_WORDS: Final = {words.language: words for words in _OTHERS}


def words_in(language: str) -> FeedWords:
    """The words for a text in a language (BCP 47, or ``""``)."""
    return _WORDS.get(language.partition("-")[0].lower(), _ENGLISH)

"""Language and direction of a text.

Scripts with a dominant language are recognised by their letters. The rest (Latin above all) goes to
py3langid, which is loaded on first use (0.5 s, about 120 MB while it unpacks, then 60 MB until it is unused)
and then takes 30–60 µs.
"""

import re
import unicodedata
from array import array
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from syndicate.memory import released_when_unused
from syndicate.text.plain import ASCII, without_ascii
from syndicate.text.tables import table_of

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_TABLE = table_of(__name__)
_ENGLISH = frozenset(_TABLE["english"].split())
# Maximum number of characters read. Of 2,652 articles in five languages 2 were wrong at 200 or 300, 1 at 600.
SAMPLE = 300
# Minimum number of letters for a certain language in a script of many languages.
MIN_LETTERS = 16
# Minimum probability from py3langid. Of 12,461 headlines and first lines in English, German, Spanish,
# Turkish and Vietnamese 0.2 % were then given a wrong language and 12 % none (at 0.5: 0.1 % and 17 %).
MIN_PROBABILITY = 0.4
# A text with a common English word in 20, and two different ones at least, is English without py3langid. Of
# 3 888 Vietnamese, German, Spanish and Turkish titles and openings a single one was misjudged, for a song.
WORDS_PER_ENGLISH_WORD = 20


_TAG = re.compile(r"([a-z]{2,3})((?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?(?:-[a-z0-9]{1,8})*)")
_NO_LANGUAGE = frozenset({"und", "mul", "mis", "zxx"})
_SHORTEST: dict[str, str] = {code: tag for tag, codes in _TABLE["shortest"].items() for code in codes.split()}

_NO_LETTERS = bytes(byte for byte in range(0x80) if not chr(byte).isalpha())
_NOT_LATIN = re.compile("[\u0370-\u1dff\u3041-\ud7a3\uf900-\ufaff]")
# Letters of only some languages of a script; the first row whose letters reach the share wins.
_ARABIC = (("ps", "ټډړښځڅڼۍې", 0.01), ("ku", "ڕڵۆێە", 0.03), ("ur", "ٹڈڑےںہھ", 0.02), ("fa", "پچژگکی", 0.02))
_CYRILLIC = (("be", "ў", 0.002), ("kk", "әқғұһ", 0.03), ("uk", "іїєґ", 0.02), ("ru", "ыэё", 0.006))

_RIGHT_TO_LEFT = frozenset(_TABLE["right_to_left"].split())
_RIGHT_TO_LEFT_SCRIPTS = frozenset(_TABLE["right_to_left_scripts"].split())


def normalise_language(tag: str) -> str:
    """Return a BCP 47 tag in lower case (``en-gb``), or ``""`` for text that names no language.

    Reads the spellings in feeds: underscores, POSIX suffixes (``de_AT.UTF-8``), three-letter and retired
    codes.
    """
    text = tag.strip().replace("_", "-").partition(".")[0].partition("@")[0].lower()
    match = _TAG.fullmatch(text) if len(text) <= 35 else None
    if match is None or match[1] in _NO_LANGUAGE:
        return ""
    return _SHORTEST.get(match[1], match[1]) + match[2]


def main_language(tag: str) -> str:
    """Return a tag without region and script: ``en`` for ``en-GB``."""
    return tag.partition("-")[0].lower()


def is_foreign(tag: str, other: str) -> bool:
    """Return whether two tags name different languages, whatever their regions; ``""`` is unknown."""
    return tag != other and "" not in (tag, other) and main_language(tag) != main_language(other)


def detect_language(text: str) -> str:
    """Return the ISO 639-1 code of a text's language; ``""`` if it is too short or too mixed."""
    sample = text[:SAMPLE]
    letters = len(sample.encode("ascii", "ignore").translate(None, _NO_LETTERS))
    letters += sum(map(str.isalpha, without_ascii(sample, ASCII)))
    if letters < 2:
        return ""
    if not sample.isascii():
        script, count = _main_script(sample, letters)
        if script:
            return _language_in_script(script, count, sample)
    if letters < MIN_LETTERS:
        return ""
    words = sample.lower().split()
    english = len(_ENGLISH.intersection(words))
    return "en" if english >= max(2, len(words) // WORDS_PER_ENGLISH_WORD) else _identified(sample)


def direction_of(language: str, text: str = "") -> Literal["ltr", "rtl"]:
    """Return the base direction by the language's script, else by the first strong character (UAX #9 P2)."""
    primary, *subtags = language.lower().split("-")
    for subtag in subtags:
        if len(subtag) == 4 and subtag.isalpha():
            return "rtl" if subtag in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    if primary:
        return "rtl" if primary in _RIGHT_TO_LEFT else "ltr"
    for character in text[:SAMPLE]:
        bidirectional = unicodedata.bidirectional(character)
        if bidirectional in ("L", "R", "AL"):
            return "ltr" if bidirectional == "L" else "rtl"
    return "ltr"


def _main_script(sample: str, letters: int) -> tuple[str, int]:
    """Return the non-Latin script of most letters and their number; ``("", 0)`` for Latin or mixed text."""
    if len(_NOT_LATIN.findall(sample)) * 2 <= letters:
        return "", 0
    counts = {script: len(re.findall(characters, sample)) for script, characters in _TABLE["scripts"].items()}
    kana, han = counts.pop("kana"), counts.pop("han")
    # Japanese mixes kana into ideographs; a Chinese text quotes a Japanese name at most.
    counts["ja" if kana * 10 > kana + han else "zh"] = kana + han
    script = max(counts, key=counts.__getitem__)
    return (script, counts[script]) if counts[script] * 2 > letters else ("", 0)


def _language_in_script(script: str, count: int, sample: str) -> str:
    if script == "arabic":
        return _by_letters(_ARABIC, sample, count) or "ar" if count >= 4 else ""
    if script == "he":
        return "yi" if re.search("[\u05f0-\u05f2]", sample) else "he"
    if script in ("cyrillic", "devanagari"):
        if count < MIN_LETTERS:
            return ""
        known = _by_letters(_CYRILLIC, sample.lower(), count) if script == "cyrillic" else ""
        return known or _identified(sample)
    return script


def _by_letters(rows: tuple[tuple[str, str, float], ...], sample: str, count: int) -> str:
    for language, letters, share in rows:
        if sum(map(sample.count, letters)) > share * count:
            return language
    return ""


def _identified(sample: str) -> str:
    language, probability = _identifier().classify(" ".join(sample.split()))
    return str(language) if probability >= MIN_PROBABILITY else ""


@released_when_unused
@lru_cache(maxsize=1)
def _identifier() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - see the module docstring

    full = LanguageIdentifier.from_model_file(MODEL_FILE)
    full.set_languages(_TABLE["identified"].split())
    # A copy with the weights of these languages alone: ``full`` keeps those of all languages too, 27 MiB, and
    # numbers as objects, 3 MiB.
    model = full.nb_ptc, full.nb_pc, full.nb_classes, full.tk_nextmove, array("i", full.tk_output)
    return LanguageIdentifier(*model, norm_probs=True, tk_row=full.tk_row)

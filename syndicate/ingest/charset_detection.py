"""Guess the charset of a document whose label does not fit its bytes.

Pure. Every candidate decodes a sample of the text; the letters of a language, and which of them are frequent,
say how plausible the result is. Tried against charset-normalizer: see ``docs/decisions.md``.
"""

import re
from collections import Counter
from typing import NamedTuple

PLAUSIBLE = 0.8
"""A text with this score is read as it is labelled."""
GUESSED = 0.3
"""Below this score the charset is unknown."""
LABELLED, DECLARED, USUAL = 0.1, 0.25, 0.05
"""Added to the score of the label, of the language that the document declares, and of windows-1252."""
NEUTRAL = 0.6
"""Score of a typographic character."""

_LOOKED_AT, _SAMPLE = 50_000, 1_200
_MARKUP = re.compile(rb"<!--.*?-->|<!\[CDATA\[|\]\]>|<[^<>]*>|https?://[^\s<>\"']+|&#?\w{1,10};", re.DOTALL)
_WORDS = re.compile(rb"[^\x80-\xff]?[\x80-\xff]\S*")
_LANGUAGE = re.compile(
    rb"<language>\s*([A-Za-z]{2})|<(?:html|rss|feed|channel)\b[^>]{0,300}?\blang\s*=\s*[\"']?([A-Za-z]{2})",
    re.IGNORECASE,
)
# Typography that every language uses.
_NEUTRAL = frozenset(
    "\u00a0«»„“”‘’‚‹›–—…•·°§©®™€£¥№º¿¡\u00ad\u200c\u200e\u200f、。・「」『』（）！？：；，．《》〈〉【】ๆ"
)


class _Alphabet(NamedTuple):
    """The letters of a language outside ASCII, and the frequent ones, if some are much more so than others.

    ``rare`` is the score of a letter that is not frequent. The letters of a ``latin`` alphabet stand beside
    those of ASCII, and those of others do not.
    """

    language: str
    codecs: str
    letters: str
    frequent: str = ""
    rare: float = 0.5
    latin: bool = True


_WESTERN = "cp1252 iso8859-15"
_CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяё"
_GREEK = "αβγδεζηθικλμνξοπρσςτυφχψωάέήίόύώϊϋΐΰ"
_HEBREW = "אבגדהוזחטיךכלםמןנסעףפץצקרשת"
_ARABIC = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيپچژگک،؟ـًٌٍَُِّْ"
_THAI = "".join(map(chr, range(0xE01, 0xE5C)))
_KANA = "".join(map(chr, (*range(0x3041, 0x3097), *range(0x30A1, 0x30FD))))
_HAN = "".join(map(chr, range(0x4E00, 0x9FA6)))
_HANGUL = "".join(map(chr, range(0xAC00, 0xD7A4)))
_FREQUENT_HAN = (
    "的一是不了在人有我他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可里后小么心"
    "多天而能好都然没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分"
    "将外但身些与高意进把法此实回二理美点月明其种声全工己话者向情部正名定女问力机给等几业最间新什打便位因重被"
    "走电四第门相次东政海口使教西再平真世气信北少关并内加化由却代军产入先山五太水万市体别处总才场师书比住员性"
    "通目报立数件安表原车白应路期提感金何更反合放做系计司利受光王果及今京务制解各任至台象记边共风战接特望直统"
    "色字请交论结指思流每管联连资队带条院变言权展领传近留治决周保达办运半必城强步区求品士转量空技轻程江英派满"
    "式息引持增改广环境投企议济這來國個說們為時會過學對裡後麼沒於還發當無開經頭見動兩長樣現將與進實點種聲話問"
    "機給幾業間電門東氣關內軍產萬體別處總場師書員報數車應運記邊風戰統請論結聯連資隊條變權領傳決達辦強區轉輕滿"
    "廣環議濟"
)
_FREQUENT_HANGUL = (
    "이다는에의가을하고지은한로사기도있서인자를대으리아시나해어그정스상전들부일과만보수라여장원안조비했구제공위된관주경"
    "장동미방개발생성중세계회선국민유치진소연무신업단교명재것며면금내년울요오른달월백천역차후"
)
_ALPHABETS = (
    _Alphabet("en", _WESTERN, "éèñïçöüáêëâàôîó", "éñöüáó"),
    _Alphabet("de", _WESTERN, "äöüß"),
    _Alphabet("fr", _WESTERN, "àâæçéèêëîïôœùûüÿ", "éèàê"),
    _Alphabet("es", _WESTERN, "áéíñóúüçàèòï", "áéíñóú"),
    _Alphabet("pt", _WESTERN, "ãõáâàçéêíóôúü", "ãáçéíó"),
    _Alphabet("it", _WESTERN, "àèéìòùî"),
    _Alphabet("sv", _WESTERN, "åäöé"),
    _Alphabet("da", _WESTERN, "æøåé"),
    _Alphabet("is", _WESTERN, "þðáéíóúýöæ", "ðáéíóúö"),
    _Alphabet("et", "cp1257 iso8859-15", "äöüõšž"),
    _Alphabet("tr", "cp1254", "çğıöşüâîû\u0307"),
    _Alphabet("pl", "iso8859-2 cp1250", "ąćęłńóśźż"),
    _Alphabet("cs", "iso8859-2 cp1250", "áčďéěíňóřšťúůýž"),
    _Alphabet("sk", "iso8859-2 cp1250", "áäčďéíĺľňóôŕšťúýž"),
    _Alphabet("hu", "iso8859-2 cp1250", "áéíóöőúüű"),
    _Alphabet("ro", "iso8859-2 cp1250 iso8859-16", "ăâîşţșț"),
    _Alphabet("hr", "iso8859-2 cp1250", "čćđšž"),
    _Alphabet("lt", "cp1257", "ąčęėįšųūž"),
    _Alphabet("lv", "cp1257", "āčēģīķļņšūž"),
    _Alphabet("vi", "cp1258", "ăâđêôơưàáèéìíòóùúý\u0300\u0301\u0303\u0309\u0323"),
    _Alphabet("ru", "cp1251 koi8-r iso8859-5 cp866", _CYRILLIC, "оеаинтсрвлкм", latin=False),
    _Alphabet("uk", "cp1251 koi8-u iso8859-5", _CYRILLIC + "іїєґ", "оаниітрвеслк", latin=False),
    _Alphabet("bg", "cp1251 iso8859-5", _CYRILLIC, "аоиентрсвлдк", latin=False),
    _Alphabet("sr", "cp1251 iso8859-5", _CYRILLIC + "јљњћђџ", "аоиенрсјтувд", latin=False),
    _Alphabet("el", "cp1253 iso8859-7", _GREEK, "αοιετσνηυρπκ", latin=False),
    _Alphabet("he", "cp1255", _HEBREW, "יוהלאמתרבשנ", latin=False),
    _Alphabet("ar", "cp1256 iso8859-6", _ARABIC, "اليمنرتوهدبعةس", latin=False),
    _Alphabet("th", "cp874", _THAI, "านรอกเงมยลวดทสต่้ีิั", 0.1, latin=False),
    _Alphabet("ja", "cp932 euc_jp", _KANA + "ー々" + _HAN, _KANA + "ー", 0.4, latin=False),
    _Alphabet("zh", "gb18030 big5hkscs", _HAN, _FREQUENT_HAN, -0.3, latin=False),
    _Alphabet("ko", "cp949", _HANGUL, _FREQUENT_HANGUL, 0.0, latin=False),
)
# Charsets of the same languages, which only a label brings.
_ALIKE = {"iso8859-9": "cp1254", "iso8859-13": "cp1257", "iso8859-4": "cp1257", "iso8859-8": "cp1255"}
_CODECS = tuple(dict.fromkeys(codec for alphabet in _ALPHABETS for codec in alphabet.codecs.split()))
_LETTERS = {alphabet: (frozenset(alphabet.letters), frozenset(alphabet.frequent)) for alphabet in _ALPHABETS}


class _Seen(NamedTuple):
    """A character outside ASCII, in lower case; of a capital, which case of letter it follows."""

    character: str
    after_small: bool
    after_capital: bool
    beside_ascii: bool
    in_word: bool


def detect(body: bytes, label: str = "") -> str:
    """Return the codec that makes the most plausible text of ``body``, or ``""`` when none does.

    ``label`` is the codec that the document names, if that decodes it.
    """
    sample = _sample(body)
    declared = _LANGUAGE.search(body, 0, 20_000)
    language = (declared[1] or declared[2]).decode().lower() if declared else ""
    best, best_score = label, GUESSED
    if label:
        best_score = _score(sample, label, language) + LABELLED
        hinted = any(alphabet.language == language for alphabet in _ALPHABETS)
        if best_score > PLAUSIBLE + LABELLED + (DECLARED if hinted else 0.0):
            return label
    for codec in _CODECS:
        score = _score(sample, codec, language)
        if score > best_score + 0.001:
            best, best_score = codec, score
    return best


def _sample(body: bytes) -> bytes:
    """Return the words with bytes outside ASCII, those in markup only if there are no others."""
    first = re.search(rb"[\x80-\xff]", body)
    start = max(first.start() - 300, 0) if first else 0
    part = body[start : start + _LOOKED_AT]
    words = _WORDS.findall(_MARKUP.sub(b" ", part)) or _WORDS.findall(part)
    return b" ".join(words)[:_SAMPLE]


def _score(sample: bytes, codec: str, language: str) -> float:
    """Return about 1 when the sample is text in a language of the codec, below 0 when it is none."""
    seen, neutral = _seen(sample.decode(codec, "replace"))
    scores = [
        _fit(seen, neutral, alphabet) + (DECLARED if language == alphabet.language else 0.0)
        for alphabet in _ALPHABETS
        if _ALIKE.get(codec, codec) in alphabet.codecs.split()
    ]
    return max(scores, default=0.0) + (USUAL if codec == "cp1252" else 0.0)


def _seen(text: str) -> tuple[Counter[_Seen], int]:
    """Count the characters outside ASCII, and apart from them the typographic ones."""
    seen: Counter[_Seen] = Counter()
    before, neutral = " ", 0
    for character, after in zip(text, text[1:] + " ", strict=False):
        if character in _NEUTRAL:
            neutral += 1
        elif character > "\x7f":
            lower = character.lower()[:1]
            beside = before.isalpha(), after.isalpha()
            beside_ascii = (beside[0] and before < "\x7f") or (beside[1] and after < "\x7f")
            capital = lower != character
            seen[
                _Seen(
                    lower,
                    capital and before.islower(),
                    capital and before.isupper(),
                    beside_ascii,
                    any(beside),
                )
            ] += 1
        before = character
    return seen, neutral


def _fit(seen: Counter[_Seen], neutral: int, alphabet: _Alphabet) -> float:
    """Return the mean score of the characters in one language."""
    letters, frequent = _LETTERS[alphabet]
    score = NEUTRAL * neutral
    for one, count in seen.items():
        if one.character not in letters:
            score -= (1.5 if one.in_word or not one.character.isprintable() else 0.2) * count
        elif one.after_small or (one.beside_ascii and not alphabet.latin):
            score -= count
        elif not one.in_word and not alphabet.latin:
            score -= 0.3 * count
        elif not frequent:
            score += count
        elif one.after_capital or one.character not in frequent:
            score += alphabet.rare * count
        else:
            score += (1.1 if alphabet.latin else 1.25) * count
    return score / max(seen.total() + neutral, 1)

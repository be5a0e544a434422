"""Patterns of boilerplate around articles on news pages, for text normalised by ``fold_dates``.

English and Arabic in full; dates, reading times, bylines and "read more" lists also in French, German,
Spanish, Italian and Portuguese.
"""

import re

from syndicate.ingest.written_dates import DATE_TIME


def _any(*phrases: str) -> str:
    return "(?:" + "|".join(phrases) + ")"


PUBLISHED = _any(
    "(?:first |date |originally )?(?:published|posted)", "(?:publication|publish) date", "publiée? le",
    "veröffentlicht(?: am)?", "publicad[oa](?: el| em)?", "pubblicato(?: il)?",
    "نشرت?(?: في| يوم| بتاريخ)?", "تاريخ النشر",
)  # fmt: skip
UPDATED = _any(
    "(?:last |date )?(?:updated|modified|update)", "mise? à jour(?: le)?",
    "(?:zuletzt )?aktualisiert(?: am)?", "actualizad[oa](?: el)?", "aggiornato(?: il)?",
    "atualizad[oa](?: em)?", "(?:تم )?(?:اخر )?(?:التحديث|تحديث)(?: في)?", "حدثت?(?: في)?",
)  # fmt: skip
AGO = _any(
    r"\d+\s*(?:sec(?:ond)?s?|min(?:ute)?s?|hours?|hrs?|days?|weeks?|months?)\s+ago", r"منذ\s+(?:\d+\s+)?\w+"
)
SITES = _any(
    "facebook", "twitter", "x", "whatsapp", "telegram", "linkedin", "instagram", "reddit", "pinterest",
    "e-?mail", "فيسبوك", "تويتر", "واتساب", "تلغرام",
)  # fmt: skip
READING_TIME = _any(
    r"(?:reading time\s*[:：]?\s*)?\d{1,3}[\s-]*min(?:ute)?s?[\s-]+read(?:ing)?(?: time)?",
    r"reading time\s*[:：]?\s*\d{1,3} min(?:ute)?s?",
    r"(?:temps de lecture|lesezeit|lesedauer|tiempo de lectura|tempo di lettura|tempo de leitura)"
    r"\s*[:：]?\s*(?:ca\.? )?\d{1,3}\s*min\w*",
    r"\d{1,3}\s*min(?:\.|\w*) (?:de lecture|lesezeit|de lectura|di lettura|de leitura)",
    r"(?:مدة|وقت) القراءة\s*[:：]?\s*\d{1,3}\s*(?:دقائق|دقيقة)",
    r"\d{1,3}\s*(?:دقائق|دقيقة)\s*(?:قراءة|للقراءة)",
)
FONT_SIZE = _any(
    r"\d{2,3}\s?%\s*font size", r"font size\s*[:：]?\s*(?:\d{2,3}\s?%|[+-])?", r"\d{2,3}\s?%\s*حجم الخط",
    r"حجم الخط\s*[:：]?\s*(?:\d{2,3}\s?%)?", r"a\+\s*a-|a-\s*a\+",
)  # fmt: skip
READ_MORE = _any(
    "(?:read|see) more", "read also", "also read", "read next", "more on this(?: story)?",
    "related(?: stories| articles| news)?", "recommended(?: stories)?", "more (?:stories|from .{2,40})",
    "you may also like", "اقرا المزيد", "اقرا ايضا", "مواضيع ذات صلة", "اخبار ذات صلة",
    "المزيد", "قد يعجبك ايضا", "(?:à )?lire aussi", "à lire également", "lesen sie (?:auch|mehr)",
    "mehr zum thema",
    "le[ea] también", "te puede interesar", "leggi anche", "lei[ao] (?:também|mais)",
)  # fmt: skip
OTHER_LIST = _any(
    "top (?:content|stories|news)", "trending(?: now| stories| topics)?",
    "most (?:read|popular|viewed|shared)", "popular(?: now| stories)?", "latest(?: news| stories)?",
    "editors?['’]s? picks?", "الاكثر (?:قراءة|مشاهدة|تداولا|رواجا|شيوعا)", "الرائج", "رائج", "ابرز المواضيع",
    "اهم الاخبار",
)  # fmt: skip
FOLLOWED = _any(
    "google news", "facebook", "twitter", "whatsapp", "telegram", "instagram", "youtube", "linkedin",
    "channel", "newsletter", "preferred source", "on x", "اخبار جوجل", "جوجل نيوز", "غوغل", "فيسبوك",
    "تويتر", "تلغرام",
    "تيليجرام", "واتساب", "قناتنا", "النشرة البريدية", "يوتيوب", "انستغرام",
)  # fmt: skip
FOLLOW_VERB = _any(
    "follow", "join", "subscribe to", "add", "تابعونا", "تابعنا", "تابع", "تابعوا", "اشترك", "انضم"
)

LABELLED_DATE = re.compile(rf"(?:(?P<updated>{UPDATED})|{PUBLISHED})\s*(?:on|at)?\s*[:：]?\s*{DATE_TIME}")
LABEL = re.compile(rf"(?:{UPDATED}|{PUBLISHED})\s*(?:on)?\s*[:：]?")
DATE = re.compile(DATE_TIME)

ANYWHERE_PIECES = re.compile(
    r"(?<!\w)"
    + _any(
        rf"(?:{PUBLISHED}|{UPDATED})\s*[:：](?!\w)", rf"(?:{PUBLISHED}|{UPDATED})\s*[:：]?\s*{AGO}",
        "(?:enter |exit )?read(?:er|ing)? mode", "وضع القراءة", FONT_SIZE, READING_TIME,
        "share (?:this )?(?:article|story|page|post)", f"share (?:on|via) {SITES}",
        "شارك (?:المقال|الخبر|هذا المقال|القصة)",
        r"listen to (?:this|the) (?:article|story)(?: \d{1,3} min(?:ute)?s?)?",
        "(?:story )?continues below (?:this )?(?:ad|advertisement)", "advertisement", "اعلان",
    )
    + r"(?!\w)"
)  # fmt: skip
"""Pieces that make a line boilerplate anywhere if the line contains nothing else."""

EDGE_PIECES = re.compile(
    r"(?<!\w)"
    + _any(
        PUBLISHED, UPDATED, AGO, SITES, r"\d+ comments?", "share", "save", "print", "listen", "bookmark",
        "copy link", "comments?", "شارك", "مشاركة", "طباعة", "حفظ", "استماع", "نسخ الرابط",
        r"100\s?%", "all rights reserved",
        "(?:©|copyright).*", "جميع الحقوق محفوظة.*",
    )
    + r"(?!\w)"
)  # fmt: skip
"""Pieces that may be text: boilerplate only above the first and below the last paragraph."""

FOLLOW_US = re.compile(
    r"(?P<lead>for .{1,60}, |(?:stay|keep) (?:up[ -]to[ -]date|updated|informed|connected)\b.{0,60}[.,:!] "
    rf"|get the latest .{{1,60}}[.,:!] )?{FOLLOW_VERB}\b.{{0,120}}(?<!\w){FOLLOWED}\b.{{0,60}}"
)
HEADING = re.compile(rf"(?:(?P<read_more>{READ_MORE})|{OTHER_LIST})\s*[:：]?")
READ_LIST = re.compile(
    r"(?:read (?:more|also|next)|also read|see (?:more|also)|اقرا المزيد|اقرا ايضا"
    r"|(?:à )?lire aussi|lesen sie auch|le[ea] también|leggi anche|leia também)\s*[:：]?"
)
"""Headings of lists that no section of an article has, so the list needs no empty line after it."""
ROLE = _any(
    "reporter", "correspondent", "editor", "writer", "journalist", "columnist", "bureau chief", "producer",
    "contributor", "staff", "مراسل", "محرر", "صحفي",
)  # fmt: skip
BY = re.compile("(?:by|written by|par|von|por|di|بقلم)\\s*[:：]?")
AGENCY = re.compile(
    r"(?:afp|ap|reuters|bloomberg|wam|dpa|efe|ians|ani|pti|agencies|وام|وكالات"
    r"|(?:web|news|staff) (?:desk|report|team))"
)
INLINE_READ_MORE = re.compile(rf"{READ_MORE}\s*[:：|]\s*(?=\S)")
TAGS = re.compile(r"(?:tags|topics|keywords|الوسوم|وسوم|كلمات مفتاحية)\s*[:：]\s*(?=\S)")

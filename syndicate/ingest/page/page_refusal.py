"""Recognise pages with status 200 that are no article: errors, log-ins, consent pages and paywalls. Pure.

Each rule needs both little text and a typical phrase, since there are articles about cookies, passwords and
error 404. The phrases come from large publishers' pages.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from syndicate.text.tables import table_of

SUBSCRIBERS_ONLY = "its text is for subscribers only"
MIN_ARTICLE_WORDS = 40
"""A page with fewer words and a password field is a log-in page."""
SHORT_PAGE_WORDS = 150
"""Only the paywall rule applies to pages with more words."""
MAX_TEASER_WORDS = 300
"""Maximum number of words before a paywall; a longer visible text is kept."""

_MISSING, _ROBOT_CHECK, _CONSENT, _LOGIN_TITLE, _PAYWALL = (
    re.compile("|".join(phrases), re.IGNORECASE | re.MULTILINE) for phrases in table_of(__name__).values()
)
_MIN_CONSENT_WORDS = 4
_PASSWORD = re.compile(r"""<input[^>]{0,200}type\s*=\s*["']?password""", re.IGNORECASE)
_GATE = re.compile(r"(?:^|[./_-])(?:consent|log-?in|sign-?in|sso|auth|privacy-gate|accounts?)(?:[./_-]|$)")
# Log-in dialogues of free pages say this, too, so it counts only below a short text.
_ACCOUNT = re.compile(
    r"(?:already (?:a subscriber|have an account)|bereits abonnent|déjà abonné|ya eres suscriptor)"
    r"(?!.{0,40}(?:comment|kommentar|comentar|newsletter))",
    re.IGNORECASE,
)
_PAYWALL_CHARACTERS = 600
"""Characters after the text that may contain the paywall's phrase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageEvidence:
    """Facts about a page that the rules use.

    ``requested_url`` and ``url`` are the URLs before and after redirects. ``titles`` are the page's title,
    heading and declared headline. ``words`` is the number of words of the extracted text, ``visible`` the
    text of the whole page, ``markup`` the page without scripts. ``declared`` means that the page declares an
    article.
    """

    requested_url: str
    url: str
    titles: tuple[str, ...]
    words: int
    visible: str
    markup: str
    canonical: str = ""
    declared: bool = False


def refusal_reason(page: PageEvidence) -> str:
    """Return the reason why the page is not an article, as a clause; ``""`` if no rule applies."""
    is_doubtful = page.words < SHORT_PAGE_WORDS and not page.declared
    if leads_to_front_page(page.requested_url, page.url) or (
        is_doubtful and leads_to_front_page(page.requested_url, page.canonical)
    ):
        return "it leads to the front page: the article is no longer there"
    if page.words >= SHORT_PAGE_WORDS:
        return ""
    titles = "\n".join(page.titles)
    if _MISSING.search(titles):
        return "it is an error page with status 200"
    if _ROBOT_CHECK.search(titles) or (
        page.words < SHORT_PAGE_WORDS // 3 and _ROBOT_CHECK.search(page.visible[:2_000])
    ):
        return "it asks for a browser and shows no article"
    has_password_field = _PASSWORD.search(page.markup)
    # Many article pages have a log-in box.
    is_login = has_password_field and (
        _LOGIN_TITLE.search(titles) or (page.words < MIN_ARTICLE_WORDS and not page.declared)
    )
    if is_login or _is_gate(page.requested_url, page.url):
        return "it is a page to log in or to consent"
    if len(_CONSENT.findall(page.visible[:5_000])) >= _MIN_CONSENT_WORDS and _CONSENT.search(titles):
        return "it is a page that asks for consent"
    return ""


def is_teaser(visible: str, words: int, text: str = "") -> bool:
    """Return whether a text of ``words`` words is only the teaser before a paywall.

    The paywall's phrase must follow the last words of ``text`` in ``visible``, if these words are found.
    """
    if words >= MAX_TEASER_WORDS:
        return False
    last = " ".join(text.split()[-6:])
    last_at = visible.rfind(last) if last else -1
    after = visible[last_at : last_at + len(last) + _PAYWALL_CHARACTERS] if last_at >= 0 else visible
    account = words < SHORT_PAGE_WORDS and _ACCOUNT.search(after)
    return bool(_PAYWALL.search(after) or _PAYWALL.search(text) or account)


def leads_to_front_page(requested_url: str, url: str) -> bool:
    """Return whether a request for a page ended at the front page, as for removed articles."""
    if not url:
        return False
    before, after = urlsplit(requested_url), urlsplit(url)
    is_front = after.path in ("", "/") and not after.query
    return is_front and (before.path not in ("", "/") or bool(before.query))


def _is_gate(requested_url: str, url: str) -> bool:
    before, after = urlsplit(requested_url), urlsplit(url)
    if (before.netloc, before.path) == (after.netloc, after.path):
        return False
    return any(
        _GATE.search(new) and not _GATE.search(old)
        for old, new in ((before.netloc, after.netloc), (before.path.lower(), after.path.lower()))
    )

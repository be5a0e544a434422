"""Pages that answer 200 and yet are no article: error pages, log-ins, consent and paywalls.

Pure. Each rule asks for little text *and* a tell-tale, since articles about cookies, passwords and error 404
exist. The words are those of large publishers' pages in the languages they are written in.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

SUBSCRIBERS_ONLY = "its text is for subscribers only"
FEW = 40
"""Words. A page with fewer that asks for a password is a page to log in."""
SHORT = 150
"""Words; no rule but the paywall's looks at a page that has more."""
TEASER = 300
"""Words a paywall may leave in sight; with more, what was left is worth having."""

_MISSING = re.compile(
    r"\b(?:error\s*)?40[34]\b(?=\s*(?:$|[|–—:.·»-]|error|not found|page|forbidden))"
    r"|\b(?:page|article|story|content)\s+(?:was\s+|is\s+)?(?:not\s+found|no longer"
    r"|unavailable)|page (?:you|that you).{0,40}(?:not|n['’]t)|seite (?:wurde )?nicht gefunden"
    r"|page (?:introuvable|non trouvée)"
    r"|página no (?:encontrada|existe)|página não encontrada|pagina (?:non trovata|niet gevonden)"
    r"|siden (?:blev )?ikke fundet|sidan hittades inte|страница не найдена|sayfa bulunamadı"
    r"|nie znaleziono strony"
    r"|ページが見つかりません|页面不存在|الصفحة غير موجودة",
    re.IGNORECASE | re.MULTILINE,
)
_ROBOT_CHECK = re.compile(
    r"just a moment|checking your browser|enable javascript|are you a (?:ro)?bot"
    r"|verify (?:that )?you(?: are|['’]re) (?:a )?human|access denied|attention required|unusual traffic"
    r"|captcha",
    re.IGNORECASE,
)
_CONSENT = re.compile(
    r"cookies?\b|consent\b|privacy|partners\b|zustimm|einwillig|datenschutz|consentement|vie privée"
    r"|privacidad|consentimiento|toestemming|akzeptier|accept all|reject all|personali[sz]ed ads",
    re.IGNORECASE,
)
_CONSENT_TELLS = 4
_LOGIN_TITLE = re.compile(
    r"\b(?:log|sign)[ -]?(?:in|on)\b|anmelden|anmeldung|einloggen|connexion|se connecter|identifiez"
    r"|iniciar sesión|acced[ie]\b|entrar\b|inloggen|logga in|log ind|вход\b|войти|giriş yap|zaloguj"
    r"|ログイン|登录|登錄|登入|로그인|تسجيل الدخول",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"""<input[^>]{0,200}type\s*=\s*["']?password""", re.IGNORECASE)
_GATE = re.compile(r"(?:^|[./_-])(?:consent|log-?in|sign-?in|sso|auth|privacy-gate|accounts?)(?:[./_-]|$)")
_PAYWALL = re.compile(
    r"(?:subscribe|sign up|register|log in|sign in) (?:now |here |today )?(?:to|and) (?:continue|keep|read)\b"
    r"(?! (?:our|the|more of our) newsletter)"
    r"|to (?:continue|keep) reading|(?:for|exclusive to) (?:paying )?subscribers|subscriber[- ]only"
    r"|become a (?:subscriber|member) to"
    r"|(?:jetzt|artikel|hier) weiterlesen|weiterlesen mit|nur für abonnenten"
    r"|lesen sie weiter mit"
    r"|réservé (?:à nos|aux) abonnés|(?:lire|poursuivre) la suite|il vous reste \d+"
    r"|(?:solo|exclusivo) para suscriptores|para seguir leyendo|riservato agli abbonati"
    r"|alleen voor abonnees|verder lezen\?|för prenumeranter|для подписчиков|aboneler için|للمشتركين"
    r"|会員限定|有料会員|付费阅读|付費閱讀|订阅后|유료 ?회원",
    re.IGNORECASE,
)
# Login dialogues of free pages say this too, so it counts under a short text only.
_ACCOUNT = re.compile(
    r"(?:already (?:a subscriber|have an account)|bereits abonnent|déjà abonné|ya eres suscriptor)"
    r"(?!.{0,40}(?:comment|kommentar|comentar|newsletter))",
    re.IGNORECASE,
)
_AFTER_TEXT = 600
"""Characters after the text in which a paywall says what it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenPage:
    """A page as these rules see it.

    ``asked`` and ``url`` are the addresses before and after redirects, ``titles`` its title, heading and
    declared headline, ``words`` the number of words of the text that was found, ``visible`` all text on the
    page, ``markup`` the page without scripts. ``declared`` says that the page calls itself an article.
    """

    asked: str
    url: str
    titles: tuple[str, ...]
    words: int
    visible: str
    markup: str
    canonical: str = ""
    declared: bool = False


def why_not_an_article(page: SeenPage) -> str:
    """The reason why the page is no article, as half a sentence; ``""`` when nothing speaks against it."""
    unsure = page.words < SHORT and not page.declared
    if sends_home(page.asked, page.url) or (unsure and sends_home(page.asked, page.canonical)):
        return "it leads to the front page: the article is no longer there"
    if page.words >= SHORT:
        return ""
    titles = "\n".join(page.titles)
    if _MISSING.search(titles):
        return "it is an error page that answers as if all were well"
    if _ROBOT_CHECK.search(titles) or (page.words < SHORT // 3 and _ROBOT_CHECK.search(page.visible[:2_000])):
        return "it asks for a browser and shows no article"
    asks = _PASSWORD.search(page.markup)
    # Many article pages have a login box in a corner.
    is_login = asks and (_LOGIN_TITLE.search(titles) or (page.words < FEW and not page.declared))
    if is_login or _is_gate(page.asked, page.url):
        return "it is a page to log in or to consent"
    if len(_CONSENT.findall(page.visible[:5_000])) >= _CONSENT_TELLS and _CONSENT.search(titles):
        return "it is a page that asks for consent"
    return ""


def is_teaser(visible: str, words: int, text: str = "") -> bool:
    """Return whether a text of so many words is only what stands before a paywall.

    Only what ``visible`` shows from the last words of ``text`` on counts, if they are found there.
    """
    if words >= TEASER:
        return False
    last = " ".join(text.split()[-6:])
    found = visible.rfind(last) if last else -1
    after = visible[found : found + len(last) + _AFTER_TEXT] if found >= 0 else visible
    account = words < SHORT and _ACCOUNT.search(after)
    return bool(_PAYWALL.search(after) or _PAYWALL.search(text) or account)


def sends_home(asked: str, url: str) -> bool:
    """Return whether a request for a page was answered with the front page, as for removed pages."""
    if not url:
        return False
    before, after = urlsplit(asked), urlsplit(url)
    is_front = after.path in ("", "/") and not after.query
    return is_front and (before.path not in ("", "/") or bool(before.query))


def _is_gate(asked: str, url: str) -> bool:
    """Return whether a redirect led to an address made for logging in or consenting."""
    before, after = urlsplit(asked), urlsplit(url)
    if (before.netloc, before.path) == (after.netloc, after.path):
        return False
    return any(
        _GATE.search(new) and not _GATE.search(old)
        for old, new in ((before.netloc, after.netloc), (before.path.lower(), after.path.lower()))
    )

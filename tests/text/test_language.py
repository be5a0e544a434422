import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.text.language import (
    detect_language,
    direction_of,
    is_foreign,
    normalise_language,
)


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"),
        ("en-GB", "en-gb"),
        ("EN_us", "en-us"),
        (" de_AT.UTF-8 ", "de-at"),
        ("zh-Hant-TW", "zh-hant-tw"),
        ("es-419", "es-419"),
        ("eng", "en"),
        ("iw", "he"),
        ("ckb", "ckb"),
        ("und", ""),
        ("english", ""),
        ("", ""),
        ("<b>en</b>", ""),
        ("en-", ""),
        ("x" * 100, ""),
    ],
)
def test_language_tags_are_bcp_47_in_lower_case_or_nothing(tag, language):
    assert normalise_language(tag) == language


@given(st.text())
def test_normalising_a_language_twice_changes_nothing(tag):
    assert normalise_language(normalise_language(tag)) == normalise_language(tag)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "The harbour board voted on Monday to keep the old ferry running until spring."),
        ("de", "Der Hafenrat stimmte am Montag dafür, die alte Fähre bis zum Frühling zu behalten."),
        ("fr", "Le conseil du port a voté lundi le maintien de l'ancien bac jusqu'au printemps."),
        ("es", "La junta del puerto votó el lunes mantener el viejo transbordador hasta la primavera."),
        ("it", "Il consiglio del porto ha votato lunedì di mantenere il vecchio traghetto."),
        ("pt", "O conselho do porto votou na segunda-feira pela manutenção da antiga balsa."),
        ("nl", "Het havenbestuur stemde maandag voor het behoud van de oude veerboot."),
        ("tr", "Liman kurulu pazartesi günü eski vapurun bahara kadar çalışmasını onayladı."),
        ("pl", "Rada portu zagłosowała w poniedziałek za utrzymaniem starego promu do wiosny."),
        ("ar", "صوت مجلس الميناء يوم الاثنين لصالح إبقاء العبارة القديمة حتى الربيع"),
        ("fa", "هیئت بندر روز دوشنبه به ادامه کار کشتی قدیمی تا بهار رأی داد و گفت پول کافی هست"),
        ("ur", "بندرگاہ کے بورڈ نے پیر کو پرانی کشتی بہار تک چلانے کے حق میں ووٹ دیا ہے"),
        ("ps", "د بندر شورا د دوشنبې په ورځ د زړې بېړۍ د ساتلو پرېکړه وکړه"),
        ("he", "מועצת הנמל הצביעה ביום שני"),
        ("ja", "港湾委員会は月曜日、古いフェリーの運航継続を決めた。"),
        ("zh", "港口委员会周一投票决定保留旧渡轮至春季。"),
        ("ko", "항만 위원회는 월요일 낡은 여객선을 봄까지 운항하기로 했다."),
        ("th", "คณะกรรมการท่าเรือลงมติเมื่อวันจันทร์"),
        ("el", "Το συμβούλιο του λιμανιού ψήφισε τη Δευτέρα"),
        ("ru", "Совет порта проголосовал в понедельник за сохранение старого парома, было объявлено вчера."),
        ("uk", "Рада порту проголосувала в понеділок за збереження старого порома до весни."),
        ("bg", "Съветът на пристанището гласува в понеделник за запазване на стария ферибот."),
        ("hi", "बंदरगाह बोर्ड ने सोमवार को पुरानी नौका को वसंत तक चलाने के पक्ष में मतदान किया।"),
        ("ta", "துறைமுக வாரியம் திங்களன்று வாக்களித்தது"),
    ],
)
def test_the_language_of_a_sentence_is_found(language, text):
    assert detect_language(text) == language


@pytest.mark.parametrize("text", ["", "OK", "12.5 – 18 %", "BBC", "???", "Qxz zzt", "a 1 b 2"])
def test_too_little_text_has_no_certain_language(text):
    assert detect_language(text) == ""


@given(st.text())
def test_detection_never_fails(text):
    assert len(detect_language(text)) in (0, 2)


@pytest.mark.parametrize(
    ("language", "text", "direction"),
    [
        ("ar", "", "rtl"),
        ("fa-ir", "", "rtl"),
        ("he", "Latin text", "rtl"),
        ("en", "نص", "ltr"),
        ("az-arab", "", "rtl"),
        ("ar-latn", "", "ltr"),
        ("", "123 «نص» and more", "rtl"),
        ("", "(2026) News نص", "ltr"),
        ("", "", "ltr"),
    ],
)
def test_direction_follows_the_language_then_the_first_strong_letter(language, text, direction):
    assert direction_of(language, text) == direction


def test_languages_differ_by_more_than_their_region_and_unknown_ones_never():
    assert is_foreign("en", "de")
    assert not is_foreign("en-gb", "en-US")
    assert not is_foreign("zh-hant", "zh")
    assert not is_foreign("", "de")
    assert not is_foreign("de", "")

"""Words of feed items beside the article, in the article's language: readers see both as a single text.

Other languages get English. Pages and mails have their words in templates; feeds have no templates.
"""

from datetime import datetime, tzinfo
from typing import Final, NamedTuple

from syndicate.model import is_dated, known_since
from syndicate.text.dates import human_day


class FeedWords(NamedTuple):
    """Words in a language. ``undated``, ``updated`` and ``minutes`` are filled with a date or a number.

    ``listen``, ``watch`` and ``download`` are link texts for an audio, a video and a document.
    ``source_counts`` is filled with the numbers of all sources and of sources in other languages only,
    ``full_coverage``, the link text to the page of a story, with the number of its sources.
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

    def day(self, published: datetime, zone: tzinfo) -> str:
        """Return the day of publication, or a note with the day of the first sight."""
        day = human_day(known_since(published), zone, self.language)
        return day if is_dated(published) else self.undated.format(day)

    def action(self, kind: str) -> str:
        """Return the link text for a file of a kind (``Enclosure.kind``)."""
        return {"audio": self.listen, "video": self.watch}.get(kind, self.download)


# In the order of the fields.
_LANGUAGES: Final = (
    ("en", "Original headline:", "Source:", "Related stories", "date unknown, first seen {}",
     "Updated {}", "Listen", "Watch", "Download", "{} min", "Read the full story", "In other languages",
     "In other languages: {1} of {0} sources",
     "Full coverage: {} sources"),
    ("ar", "العنوان الأصلي:", "المصدر:", "اقرأ أيضا", "التاريخ غير معروف، رصد أول مرة في {}",
     "آخر تحديث: {}", "استمع", "شاهد", "تنزيل", "{} د", "اقرأ الخبر كاملا", "بلغات أخرى",
     "عدد المصادر: {}، منها بلغات أخرى: {}",
     "التغطية الكاملة، عدد المصادر: {}"),
    ("bn", "মূল শিরোনাম:", "সূত্র:", "আরও পড়ুন", "তারিখ অজানা, প্রথম দেখা গেছে {}",
     "হালনাগাদ: {}", "শুনুন", "দেখুন", "ডাউনলোড করুন", "{} মিনিট", "সম্পূর্ণ খবর পড়ুন", "অন্যান্য ভাষায়",
     "সূত্র: {}, অন্যান্য ভাষায়: {}",
     "সম্পূর্ণ কভারেজ: {}টি সূত্র"),
    ("de", "Originalüberschrift:", "Quelle:", "Mehr dazu",
     "Datum unbekannt, zuerst gesehen am {}", "Aktualisiert am {}", "Anhören", "Ansehen", "Herunterladen",
     "{} Min.", "Vollständigen Artikel lesen", "In anderen Sprachen",
     "Quellen: {}, davon in anderen Sprachen: {}",
     "Alle Berichte: {} Quellen"),
    ("es", "Titular original:", "Fuente:", "Noticias relacionadas",
     "fecha desconocida, visto por primera vez el {}", "Actualizado: {}", "Escuchar", "Ver el vídeo",
     "Descargar", "{} min", "Leer la noticia completa", "En otros idiomas",
     "Fuentes: {}, en otros idiomas: {}",
     "Cobertura completa: {} fuentes"),
    ("fa", "تیتر اصلی:", "منبع:", "بیشتر بخوانید", "تاریخ نامشخص، نخستین بار دیده‌شده در {}",
     "به‌روزرسانی: {}", "بشنوید", "ببینید", "دانلود", "{} دقیقه", "متن کامل را بخوانید", "به زبان‌های دیگر",
     "تعداد منابع: {}، به زبان‌های دیگر: {}",
     "پوشش کامل: {} منبع"),
    ("fr", "Titre original :", "Source :", "À lire aussi",
     "date inconnue, vu pour la première fois le {}", "Mis à jour le {}", "Écouter", "Voir la vidéo",
     "Télécharger", "{} min", "Lire l’article complet", "Dans d’autres langues",
     "Sources : {}, dont en d’autres langues : {}",
     "Tous les articles : {} sources"),
    ("he", "הכותרת המקורית:", "מקור:", "קראו גם", "תאריך לא ידוע, נראה לראשונה ב-{}", "עודכן: {}",
     "האזינו", "צפו", "הורדה", "{} דק׳", "לכתבה המלאה", "בשפות אחרות",
     "מקורות: {}, מהם בשפות אחרות: {}",
     "הסיקור המלא: {} מקורות"),
    ("hi", "मूल शीर्षक:", "स्रोत:", "यह भी पढ़ें", "तारीख अज्ञात, पहली बार {} को देखा गया",
     "अपडेट: {}", "सुनें", "देखें", "डाउनलोड करें", "{} मिनट", "पूरी खबर पढ़ें", "अन्य भाषाओं में",
     "स्रोत: {}, अन्य भाषाओं में: {}",
     "पूरी कवरेज: {} स्रोत"),
    ("id", "Judul asli:", "Sumber:", "Baca juga",
     "tanggal tidak diketahui, pertama kali terlihat {}", "Diperbarui {}", "Dengarkan", "Tonton", "Unduh",
     "{} menit", "Baca selengkapnya", "Dalam bahasa lain", "Sumber: {}, dalam bahasa lain: {}",
     "Liputan lengkap: {} sumber"),
    ("it", "Titolo originale:", "Fonte:", "Leggi anche",
     "data sconosciuta, visto per la prima volta il {}", "Aggiornato il {}", "Ascolta", "Guarda", "Scarica",
     "{} min", "Leggi l’articolo completo", "In altre lingue", "Fonti: {}, di cui in altre lingue: {}",
     "Tutti gli articoli: {} fonti"),
    ("ja", "元の見出し：", "出典：", "関連記事", "日付不明、初回確認{}", "更新：{}", "聴く",
     "動画を見る", "ダウンロード", "{}分", "全文を読む", "他の言語", "報道元：{}、うち他の言語：{}",
     "この件の全記事：{}媒体"),
    ("ko", "원제:", "출처:", "관련 기사", "날짜 미상, 최초 확인 {}", "수정: {}", "듣기",
     "보기", "내려받기", "{}분", "전문 보기", "다른 언어로 보기", "출처: {}, 다른 언어: {}",
     "전체 보도: 매체 {}곳"),
    ("mr", "मूळ मथळा:", "स्रोत:", "हेही वाचा", "तारीख अज्ञात, प्रथम {} रोजी पाहिले",
     "अद्ययावत: {}", "ऐका", "पाहा", "डाउनलोड करा", "{} मि.", "संपूर्ण बातमी वाचा", "इतर भाषांमध्ये",
     "स्रोत: {}, इतर भाषांमध्ये: {}",
     "संपूर्ण वार्तांकन: {} स्रोत"),
    ("nl", "Oorspronkelijke kop:", "Bron:", "Lees ook", "datum onbekend, voor het eerst gezien op {}",
     "Bijgewerkt op {}", "Luister", "Bekijk", "Download", "{} min.", "Lees het hele artikel",
     "In andere talen", "Bronnen: {}, waarvan in andere talen: {}",
     "Alle berichten: {} bronnen"),
    ("pl", "Oryginalny tytuł:", "Źródło:", "Czytaj także",
     "data nieznana, po raz pierwszy zauważono {}", "Aktualizacja: {}", "Posłuchaj", "Obejrzyj", "Pobierz",
     "{} min", "Czytaj całość", "W innych językach", "Źródła: {}, w tym w innych językach: {}",
     "Wszystkie doniesienia, źródła: {}"),
    ("pt", "Título original:", "Fonte:", "Leia também",
     "data desconhecida, visto pela primeira vez em {}", "Atualizado em {}", "Ouvir", "Assistir", "Baixar",
     "{} min", "Ler a matéria completa", "Em outros idiomas", "Fontes: {}, em outros idiomas: {}",
     "Cobertura completa: {} fontes"),
    ("ru", "Исходный заголовок:", "Источник:", "Читайте также",
     "дата неизвестна, впервые замечено {}", "Обновлено: {}", "Слушать", "Смотреть", "Скачать", "{} мин",
     "Читать полностью", "На других языках", "Источников: {}, из них на других языках: {}",
     "Все публикации по теме, источников: {}"),
    ("sw", "Kichwa cha asili:", "Chanzo:", "Soma pia",
     "tarehe haijulikani, ilionekana mara ya kwanza {}", "Imesasishwa {}", "Sikiliza", "Tazama", "Pakua",
     "dakika {}", "Soma habari kamili", "Kwa lugha nyingine", "Vyanzo: {}, kwa lugha nyingine: {}",
     "Habari zote: vyanzo {}"),
    ("ta", "மூலத் தலைப்பு:", "ஆதாரம்:", "மேலும் படிக்க",
     "தேதி தெரியவில்லை, முதலில் காணப்பட்டது {}", "புதுப்பிக்கப்பட்டது: {}", "கேளுங்கள்", "பாருங்கள்",
     "பதிவிறக்கவும்", "{} நிமி.", "முழுக் கட்டுரையைப் படிக்க", "பிற மொழிகளில்",
     "ஆதாரங்கள்: {}, பிற மொழிகளில்: {}",
     "முழுச் செய்தித் தொகுப்பு: {} ஆதாரங்கள்"),
    ("te", "అసలు శీర్షిక:", "మూలం:", "ఇవి కూడా చదవండి", "తేదీ తెలియదు, మొదట చూసింది {}",
     "అప్‌డేట్: {}", "వినండి", "చూడండి", "డౌన్‌లోడ్ చేయండి", "{} నిమి.", "పూర్తి కథనం చదవండి", "ఇతర భాషలలో",
     "మూలాలు: {}, ఇతర భాషలలో: {}",
     "పూర్తి కవరేజీ: {} మూలాలు"),
    ("th", "พาดหัวต้นฉบับ:", "ที่มา:", "ข่าวที่เกี่ยวข้อง", "ไม่ทราบวันที่ พบครั้งแรก {}",
     "อัปเดต {}", "ฟัง", "รับชม", "ดาวน์โหลด", "{} นาที", "อ่านฉบับเต็ม", "ในภาษาอื่น",
     "แหล่งข่าว: {} ในภาษาอื่น: {}",
     "ข่าวนี้ทั้งหมด: {} แหล่งข่าว"),
    ("tr", "Özgün başlık:", "Kaynak:", "İlgili haberler",
     "tarih bilinmiyor, ilk görülme: {}", "Güncelleme: {}", "Dinle", "İzle", "İndir", "{} dk.",
     "Haberin tamamını oku", "Diğer dillerde", "Kaynak sayısı: {}, diğer dillerde: {}",
     "Tüm haberler: {} kaynak"),
    ("uk", "Оригінальний заголовок:", "Джерело:", "Читайте також", "дата невідома, вперше помічено {}",
     "Оновлено: {}", "Слухати", "Дивитися", "Завантажити", "{} хв", "Читати повністю", "Іншими мовами",
     "Джерел: {}, з них іншими мовами: {}",
     "Усі публікації на тему, джерел: {}"),
    ("ur", "اصل سرخی:", "ماخذ:", "یہ بھی پڑھیں", "تاریخ نامعلوم، پہلی بار {} کو دیکھا گیا",
     "تازہ کاری: {}", "سنیے", "دیکھیے", "ڈاؤن لوڈ کریں", "{} منٹ", "مکمل خبر پڑھیں", "دیگر زبانوں میں",
     "ماخذ: {}، دیگر زبانوں میں: {}",
     "مکمل کوریج: {} ذرائع"),
    ("vi", "Tiêu đề gốc:", "Nguồn:", "Tin liên quan",
     "không rõ ngày, thấy lần đầu {}", "Cập nhật {}", "Nghe", "Xem", "Tải xuống", "{} phút",
     "Đọc toàn bộ bài viết", "Bằng ngôn ngữ khác", "Nguồn: {}, bằng ngôn ngữ khác: {}",
     "Toàn cảnh: {} nguồn"),
    ("zh", "原标题：", "来源：", "相关报道", "日期不详，首次收录于{}", "更新于{}", "收听",
     "观看", "下载", "{}分钟", "阅读全文", "其他语言", "来源：{}，其中其他语言：{}",
     "全部报道：{}个来源"),
    ("zh-hant", "原標題：", "來源：", "相關報導", "日期不詳，首次收錄於{}", "更新於{}",
     "收聽", "觀看", "下載", "{}分鐘", "閱讀全文", "其他語言", "來源：{}，其中其他語言：{}",
     "全部報導：{}個來源"),
)  # fmt: skip
WORDS: Final = {row[0]: FeedWords(*row) for row in _LANGUAGES}
_TRADITIONAL: Final = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def words_in(language: str) -> FeedWords:
    """Return the words for a text in a language (BCP 47, or ``""``)."""
    tag = language.lower()
    known = "zh-hant" if tag.startswith(_TRADITIONAL) else tag.partition("-")[0]
    return WORDS.get(known, WORDS["en"])

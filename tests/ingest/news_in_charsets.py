"""Short news in many languages, with the legacy charsets of each language."""

# ruff: noqa: E501

NEWS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "ru": (
        ("koi8-r", "cp1251", "iso8859-5", "cp866"),
        "Правительство утвердило бюджет на следующий год",
        ("Расходы на здравоохранение вырастут на восемь процентов, сообщил министр финансов. Депутаты обсудят"
        " проект в четверг, голосование ожидается в конце месяца."),
    ),
    "uk": (
        ("koi8-u", "cp1251"),
        "У Києві відкрили нову станцію метро",
        "Мер міста заявив, що поїзди їздитимуть щоп’ять хвилин. Будівництво тривало чотири роки і коштувало"
        " більше, ніж планували.".replace("’", "'"),
    ),
    "bg": (
        ("cp1251", "iso8859-5"),
        "Снегът затвори пътищата в Северна България",
        ("Стотици домакинства останаха без ток през нощта, съобщиха от областната управа. Училищата във Видин"
        " ще бъдат затворени и утре."),
    ),
    "sr": (
        ("cp1251", "iso8859-5"),
        "Београд добија нови мост преко Саве",
        ("Радови почињу на пролеће и трајаће три године, најавио је градоначелник. Грађани траже да мост има и"
        " бициклистичку стазу."),
    ),
    "el": (
        ("cp1253", "iso8859-7"),
        "Απεργία στα μέσα μεταφοράς την Πέμπτη",
        ("Τα λεωφορεία και το μετρό θα μείνουν ακίνητα για όλη την ημέρα. Οι εργαζόμενοι ζητούν αυξήσεις, ενώ η"
        " κυβέρνηση λέει ότι δεν υπάρχουν χρήματα."),
    ),
    "he": (
        ("cp1255", "iso8859-8"),
        "הממשלה אישרה את תקציב המדינה לשנה הבאה",
        ("שר האוצר אמר כי ההוצאה על חינוך תגדל בחמישה אחוזים. ההצבעה בכנסת צפויה להתקיים ביום שלישי"
        " בערב, לאחר דיון בוועדה."),
    ),
    "ar": (
        ("cp1256", "iso8859-6"),
        "الحكومة توافق على ميزانية العام المقبل",
        ("قال وزير المالية إن الإنفاق على التعليم سيرتفع بنسبة خمسة في المئة. ومن المتوقع أن يصوت البرلمان على"
        " المشروع يوم الثلاثاء بعد نقاش طويل."),
    ),
    "fa": (
        ("cp1256",),
        "باران شدید در شمال کشور خسارت زد".replace("ی", "ي"),
        "مدیر هواشناسی گفت بارش تا پایان هفته ادامه دارد. چند جاده در استان مازندران بسته شده و مدارس"
        " تعطیل است.".replace("ی", "ي"),
    ),
    "tr": (
        ("cp1254", "iso8859-9"),
        "İstanbul'da kar yağışı ulaşımı aksattı",
        ("Köprülerde trafik durdu, vapur seferleri iptal edildi. Valilik, okulların çarşamba günü de kapalı"
        " kalacağını açıkladı. Belediye işçileri gece boyunca çalıştı."),
    ),
    "pl": (
        ("iso8859-2", "cp1250"),
        "Sejm przyjął ustawę o podwyżkach dla nauczycieli",
        ("Posłowie głosowali późno w nocy. Związkowcy mówią, że pieniądze są za małe, i zapowiadają strajk"
        " w całym kraju. Rząd twierdzi, że więcej środków już nie będzie."),
    ),
    "cs": (
        ("iso8859-2", "cp1250"),
        "Řidiči v Praze čekají na dálnici déle než dřív",
        ("Opravy mostu potrvají do května, řekl mluvčí ředitelství silnic. Největší zácpy vznikají ráno ve"
        " směru od Brna. Část aut proto jezdí přes okolní vesnice."),
    ),
    "sk": (
        ("iso8859-2", "cp1250"),
        "Vláda schválila vyššie dôchodky od januára",
        ("Minister práce povedal, že peniaze dostanú ľudia už pred Vianocami. Opozícia žiada ďalšie zmeny"
        " a tvrdí, že štát na ne má dosť prostriedkov."),
    ),
    "hu": (
        ("iso8859-2", "cp1250"),
        "Új híd épül a Dunán a főváros közelében",
        ("A költségek meghaladják az előző tervet, közölte a közlekedési miniszter. Az építők szerint két éven"
        " belül elkészülhet, de a környékbeliek tüntetést terveznek."),
    ),
    "ro": (
        ("iso8859-2", "cp1250"),
        "Guvernul a aprobat bugetul pentru învăţământ",
        ("Ministrul a declarat că salariile profesorilor cresc din ianuarie. Sindicatele spun că banii nu ajung"
        " şi că vor ieşi în stradă săptămâna viitoare, în faţa Parlamentului."),
    ),
    "hr": (
        ("iso8859-2", "cp1250"),
        "Jaka bura zatvorila ceste u Dalmaciji",
        ("Promet je preusmjeren na staru cestu, a trajekti još ne voze. Vatrogasci su tijekom noći više puta"
        " izlazili na teren zbog srušenih stabala; očekuje se još jače nevrijeme."),
    ),
    "lt": (
        ("cp1257", "iso8859-13"),
        "Vyriausybė patvirtino kitų metų biudžetą",
        ("Finansų ministrė sakė, kad daugiau lėšų teks švietimui ir sveikatos apsaugai. Seimas už projektą"
        " balsuos gruodžio pradžioje, opozicija žada siūlyti pataisų."),
    ),
    "lv": (
        ("cp1257", "iso8859-13"),
        "Rīgā atklāj jaunu tiltu pār Daugavu",
        ("Būvdarbi ilga četrus gadus un izmaksāja vairāk, nekā plānots. Mērs sola, ka satiksme pilsētas centrā"
        " kļūs raitāka, bet iedzīvotāji baidās no trokšņa."),
    ),
    "et": (
        ("cp1257", "iso8859-15"),
        "Põhja-Eestis jäid tormi tõttu tuhanded kodud elektrita",
        ("Päästeamet sai öö jooksul üle saja väljakutse. Tänaseks on tuul vaibunud, kuid mõnel pool kestavad"
        " tööd veel õhtuni. Keegi viga ei saanud."),
    ),
    "th": (
        ("cp874",),
        "ฝนตกหนักทำให้น้ำท่วมหลายจังหวัดภาคใต้",
        ("กรมอุตุนิยมวิทยาเตือนว่าฝนจะตกต่อเนื่องอีกสามวัน ประชาชนในพื้นที่เสี่ยงควรระวังน้ำป่าไหลหลาก"
        " ผู้ว่าราชการจังหวัดสั่งปิดโรงเรียนแล้วยี่สิบแห่ง"),
    ),
    "ja": (
        ("cp932", "euc_jp"),
        "首都圏で大雪、交通機関に大きな乱れ",
        ("気象庁によると、東京都心でも十センチの雪が積もる見込みです。鉄道会社は本数を減らして運転しており、"
        "利用者に注意を呼びかけています。"),
    ),
    "zh": (
        ("gb18030",),
        "国务院公布明年经济工作重点",
        ("会议指出，要继续扩大内需，保持物价稳定。专家认为，今年的增长速度可能超过去年，但是外部环境仍然"
        "复杂，企业需要更多支持。"),
    ),
    "zh-tw": (
        ("big5hkscs",),
        "颱風接近，明天全台停止上班上課",
        ("氣象局表示，這次的雨量可能超過去年，請民眾不要到海邊活動。台北市政府已經成立應變中心，"
        "高鐵將從中午開始停駛。"),
    ),
    "ko": (
        ("cp949",),
        "서울 지하철 요금 내년부터 오른다",
        ("서울시는 기본요금을 백오십 원 올리기로 했다고 밝혔다. 시민들은 부담이 커진다며 반대하고 있으며,"
        " 시의회는 다음 주에 이 안건을 다룰 예정이다."),
    ),
    "de": (
        ("cp1252", "iso8859-15"),
        "Zürich prüft höhere Gebühren für Autofahrer",
        ("Der Stadtrat möchte die Straßen entlasten, stößt damit aber auf Widerstand. Für Anwohner soll sich"
        " nichts ändern, erklärte die Behörde am Dienstag."),
    ),
    "fr": (
        ("cp1252", "iso8859-15"),
        "Grève dans les transports : à quoi s'attendre jeudi",
        ("La circulation sera très perturbée en Île-de-France, prévient la préfecture. Les élèves concernés"
        " pourront être accueillis dans les écoles où un service a été organisé."),
    ),
    "es": (
        ("cp1252",),
        "El Gobierno anunció más ayudas para los jóvenes",
        ("La ministra explicó que la medida llegará a cien mil personas el próximo año. ¿Será suficiente? La"
        " oposición cree que no y pedirá una comisión de investigación."),
    ),
    "pt": (
        ("cp1252",),
        "Inflação sobe em março e preocupa as famílias",
        ("Os alimentos são os que mais subiram, segundo o instituto de estatística. O ministro não quis fazer"
        " previsões, mas admitiu que a situação é difícil."),
    ),
    "sv": (
        ("cp1252",),
        "Snöoväder ställer till med problem på vägarna",
        ("SMHI varnar för ytterligare två decimeter i norra Götaland. Flera tåg är inställda och resenärer får"
        " räkna med långa förseningar även på lördag."),
    ),
    "da": (
        ("cp1252",),
        "København får en ny havnetunnel",
        ("Borgmesteren siger, at åbningen bliver forsinket til næste år. Naboerne er bekymrede for støj og"
        " håber, at Folketinget sætter prisen på projektet på dagsordenen."),
    ),
    "is": (
        ("cp1252",),
        "Jarðskjálfti varð við Grindavík í nótt",
        ("Enginn slasaðist en hús skemmdust, að sögn lögreglunnar. Veðurstofan segir að búast megi við fleiri"
        " skjálftum næstu daga og biður íbúa að fara varlega."),
    ),
    "vi": (
        ("cp1258",),
        "Mưa lớn gây ngập nhiều tuyến đường",
        ("Người dân được khuyến cáo không ra ngoài vào ban đêm. Cơ quan khí tượng cho biết mưa sẽ kéo dài đến"
        " cuối tuần và nhiều trường học phải đóng cửa."),
    ),
    "en": (
        ("cp1252",),
        "Mayor’s plan for the bridge is “too costly”",
        ("Councillors said the price – now £40 million – had doubled. A café owner whose shop faces the works"
        " fears closure; the decision is due on Tuesday…"),
    ),
}  # fmt: skip

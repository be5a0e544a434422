import re
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndicate.errors import ConfigError, RenderError
from syndicate.publish.page_context import Page
from syndicate.templating import Markup, Templates, escape, iso_date, reading_time
from syndicate.text.dates import full_date, human_date, human_day, language_name
from syndicate.text.language import direction_of
from tests.template_variables import FEED_LANGUAGES, MAIL_LANGUAGES, TRANSLATED, variables

NINE = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pages").mkdir()
    return tmp_path


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def test_a_block_can_show_the_block_that_it_replaces(folder):
    write(folder, "base.html", "<main>{% block content %}<p>{{ x }}</p>{% endblock %}</main>")
    write(folder, "middle.html", '{% extends "base.html" %}{% block content %}1 {{ super() }}{% endblock %}')
    write(folder, "page.html", '{% extends "middle.html" %}{% block content %}2 {{ super() }}{% endblock %}')

    assert Templates(folder).render("page.html", x="<&") == "<main>2 1 <p>&lt;&amp;</p></main>"


def test_html_is_escaped_and_text_is_not(folder):
    write(folder, "a.html", "{{ x }}")
    write(folder, "a.html.j2", "{{ x }}")
    write(folder, "a.txt", "{{ x }}")
    write(folder, "a.txt.j2", "{{ x }}")
    templates = Templates(folder)

    shown = [templates.render(name, x="<&") for name in ("a.html", "a.html.j2", "a.txt", "a.txt.j2")]

    assert shown == ["&lt;&amp;", "&lt;&amp;", "<&", "<&"]


class Spelling(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value", ["<&'\">", "<" * 5_000, Markup("<b>"), Spelling("<"), 5, 5.0, True, None, ["<"], {"<": "&"}]
)
def test_each_value_is_escaped_as_by_markupsafe_also_when_it_comes_again(folder, value):
    write(folder, "a.html", "{% macro m(x) %}{{ x }}{% endmacro %}{{ x }}|{{ m(x) }}|{{ x ~ '<' }}")
    write(folder, "b.html", "{% set y %}{{ x }}{% endset %}{{ y }}")
    templates = Templates(folder)
    for _ in range(2):
        assert templates.render("a.html", x=value) == f"{escape(value)}|{escape(value)}|{escape(value)}&lt;"
        assert templates.render("b.html", x=value) == str(escape(value))


def test_a_fragment_is_not_escaped_again(folder):
    write(folder, "inner.html", "<b>{{ x }}</b>")
    write(folder, "outer.html", "{{ inner }}")
    templates = Templates(folder)

    inner = templates.fragment("inner.html", x="&")

    assert templates.render("outer.html", inner=inner) == "<b>&amp;</b>"


def test_the_users_folder_comes_first_and_the_shipped_one_stays_within_reach(folder):
    write(
        folder,
        "pages/base.html",
        '{% extends "!builtin/pages/base.html" %}{% block content %}Ours{% endblock %}',
    )
    context = {"site": {"title": "T", "language": "en"}, "direction": "ltr"}
    fragments = {"head": "", "masthead": "", "footer": "", "feed_links": "", **Page(canonical="").variables()}

    page = Templates(folder).render("pages/base.html", **context, **fragments)

    assert page.startswith("<!DOCTYPE html>")
    assert "Ours" in page


def test_a_context_variable_may_be_called_name(folder):
    write(folder, "a.html", "{{ name }}")

    assert Templates(folder).render("a.html", name="World") == "World"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ok\n{{ nope.title }}", "Template a.html, line 2: 'nope' is undefined"),
        ("ok\n\n{% if %}", "Template a.html, line 3: Expected an expression, got 'end of statement block'"),
        ("{{ 1 // 0 }}", "Template a.html, line 1: ZeroDivisionError: integer division or modulo by zero"),
        ("{{ 'x'|nope }}", "Template a.html, line 1: No filter named 'nope'."),
        ('{% include "b.html" %}', "Template a.html: there is no template b.html in "),
    ],
)
def test_an_error_names_the_template_the_line_and_the_cause(folder, text, message):
    write(folder, "a.html", text)

    with pytest.raises(RenderError) as caught:
        Templates(folder).render("a.html")

    assert str(caught.value).startswith(message)


def test_an_error_in_an_included_template_names_that_one(folder):
    write(folder, "outer.html", '\n\n{% include "inner.html" %}')
    write(folder, "inner.html", "\n{{ nope }}")

    with pytest.raises(RenderError, match=r"^Template inner\.html, line 2: 'nope' is undefined"):
        Templates(folder).render("outer.html")


def test_check_reports_every_broken_template_and_every_missing_reference(folder):
    write(folder, "good.html", "{{ anything }}")
    write(folder, "typo.html", "{% fro x in y %}")
    write(folder, "lost.html", '{% extends "gone.html" %}')
    templates = Templates(folder)

    problems = templates.check(["good.html", "typo.html", "lost.html", "absent.html"])

    assert [problem.split(",")[0].split(":")[0] for problem in problems] == [
        "Template typo.html",
        "Template lost.html",
        "Template absent.html",
    ]


def test_check_reports_a_template_that_is_not_utf8(folder):
    (folder / "latin.html").write_bytes(b"caf\xe9")

    problems = Templates(folder).check(["latin.html"])

    assert len(problems) == 1
    assert problems[0].startswith("Template latin.html: UnicodeDecodeError")


def test_every_shipped_template_compiles():
    templates = Templates()

    assert "pages/article.html" in templates.names()
    assert templates.check(templates.names()) == ()


def test_static_files_come_from_the_same_chain(folder):
    write(folder, "pages/site.css", "body{}")
    templates = Templates(folder)

    assert templates.read("pages/site.css") == b"body{}"
    assert templates.read("pages/favicon.png").startswith(b"\x89PNG")


@pytest.mark.parametrize("name", ["../secret", "pages/../../secret", "/etc/hostname", "", "pages/none.css"])
def test_a_file_outside_the_folders_or_absent_is_refused(folder, name):
    with pytest.raises(RenderError):
        Templates(folder).read(name)


def test_a_missing_folder_is_a_configuration_error(tmp_path):
    with pytest.raises(ConfigError, match="does not exist"):
        Templates(tmp_path / "none")


def test_the_fingerprint_changes_with_any_file_and_only_then(folder):
    write(folder, "pages/a.html", "1")
    before = Templates(folder).fingerprint()
    same = Templates(folder).fingerprint()
    write(folder, "pages/site.css", "x")

    assert same == before
    assert Templates(folder).fingerprint() != before


def test_variables_are_found_through_inheritance_and_imports(folder):
    write(folder, "base.html", "{{ a }}{% block x %}{% endblock %}")
    write(folder, "page.html", '{% extends "base.html" %}{% block x %}{{ b }}{% endblock %}')

    assert variables(Templates(folder), "page.html") == {"a", "b"}


@pytest.mark.parametrize(
    ("zone", "language", "expected"),
    [
        ("UTC", "en", "24 Nov 2026, 09:00"),
        ("Asia/Tokyo", "en-gb", "24 Nov 2026, 18:00"),
        ("America/Los_Angeles", "fr", "24 nov. 2026, 01:00"),
        ("UTC", "ar", "24 نوفمبر 2026، 09:00"),
        ("UTC", "xx", "24 Nov 2026, 09:00"),
        ("UTC", "de", "24. Nov. 2026, 09:00"),
        ("UTC", "ja", "2026年11月24日 9:00"),
        ("UTC", "en-us", "Nov 24, 2026, 09:00"),
    ],
)
def test_a_date_is_shown_in_the_zone_and_language_asked_for(zone, language, expected):
    assert human_date(NINE, ZoneInfo(zone), language) == expected


@pytest.mark.parametrize(
    ("language", "day", "full"),
    [
        ("en", "24 November 2026", "Tuesday, 24 November 2026, 09:00"),
        ("ar", "24 نوفمبر 2026", "الثلاثاء، 24 نوفمبر 2026، 09:00"),
        ("de", "24. November 2026", "Dienstag, 24. November 2026, 09:00"),
        ("es", "24 de noviembre de 2026", "martes, 24 de noviembre de 2026, 9:00"),
        ("fr", "24 novembre 2026", "mardi 24 novembre 2026, 09:00"),
    ],
)
def test_a_day_is_written_out_and_named_where_a_reader_wants_it(language, day, full):
    assert human_day(NINE, UTC, language) == day
    assert full_date(NINE, UTC, language) == full


def test_an_iso_date_has_an_offset_and_whole_seconds():
    assert iso_date(NINE.replace(microsecond=5), ZoneInfo("Asia/Tokyo")) == "2026-11-24T18:00:00+09:00"


@pytest.mark.parametrize(("minutes", "expected"), [(3, "3 min read"), (1, "1 min read"), (0, "1 min read")])
def test_a_reading_time_is_at_least_a_minute(minutes, expected):
    assert reading_time(minutes) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [("https://www.harbour.example:8443/x", "harbour.example"), ("nonsense", ""), ("http://[::", "")],
)
def test_the_host_filter_shows_what_a_reader_recognises(folder, url, expected):
    write(folder, "a.txt", "{{ url|host }}")

    assert Templates(folder).render("a.txt", url=url) == expected


def test_words_are_taken_in_the_language_wanted(folder):
    write(folder, "pages/words.html", "English")
    write(folder, "pages/words.pt.html", "Portugues")
    write(folder, "pages/words.pt-br.html", "Brasileiro")
    write(folder, "page.html", "{% include 'pages/words.html' %}")
    templates = Templates(folder)

    said = {tag: templates.in_language(tag).render("page.html") for tag in ("", "pt", "pt-PT", "pt-BR", "fi")}

    assert said == {
        "": "English",
        "pt": "Portugues",
        "pt-PT": "Portugues",
        "pt-BR": "Brasileiro",
        "fi": "English",
    }


def test_the_users_own_words_come_before_a_translation_we_ship(folder):
    write(folder, "pages/words.html", "Mine")

    assert Templates(folder, "ar").render("pages/words.html") == "Mine"


def test_a_language_is_a_file_with_a_part_for_each_file_of_words(folder):
    page = "{% set language = 'fi' %}\n{# pages/words.html #}\n{{ language }} sivu\n"
    write(folder, "words/fi.txt", page + "{# mail/words.txt #}\n{{ 1 / 0 }}")
    write(folder, "pages/words.html", "Page")
    templates = Templates(folder, "fi-FI")

    assert templates.render("pages/words.html").split() == ["fi", "sivu"]
    assert templates.words("feeds/words.txt")["listen"] == "Listen"
    assert templates.is_own("mail/digest.txt")
    with pytest.raises(RenderError, match=r"words/fi.txt, line 5: ZeroDivisionError"):
        templates.render("mail/words.txt")


def test_a_mistake_in_the_file_of_a_language_is_named_once_with_its_file(folder):
    write(folder, "words/fi.txt", '{# pages/words.html #}\n{% set skip = "Siirry %}\n')
    for name in ("pages/a.html", "pages/b.html"):
        write(folder, name, "{% from 'pages/words.html' import skip %}")
    (problem,) = Templates(folder, "fi").check(["pages/words.html", "pages/a.html", "pages/b.html"])

    assert problem.startswith("Template words/fi.txt, line 2: ")


def test_a_changed_translation_changes_the_fingerprint_of_the_pages(folder):
    write(folder, "words/fi.txt", "{# pages/words.html #}")
    before = Templates(folder).fingerprint("pages/")
    write(folder, "words/fi.txt", "{# pages/words.html #}{# Finnish #}")

    assert Templates(folder).fingerprint("pages/") != before


SHIPPED = Templates()
ENGLISH = ("pages/words.html", "mail/words.txt", "feeds/words.txt", "common/words.txt")
TRANSLATIONS = [
    *((language, ENGLISH) for language in TRANSLATED),
    *((language, ENGLISH[1:]) for language in FEED_LANGUAGES if language not in ("en", *TRANSLATED)),
]


def said(text: str) -> list[str]:
    """Definitions in a file of words: names, macros with their arguments, keys of tables."""
    found = re.findall(r"{# \w+/words|{% (?:set \w+ |macro \w+\([^)]*\))|(?<=\n  )(?:\w+|\"\w+\"):", text)
    return [name for name in found if name not in ("{% set language ", "{% set direction ")]


@pytest.mark.parametrize(("language", "parts"), TRANSLATIONS)
def test_a_translation_says_everything_that_the_english_words_say(language, parts):
    text = SHIPPED.read(f"words/{language}.txt").decode()

    english: list[str] = []
    for part in parts:
        english += [f"{{# {part.partition('.')[0]}", *said(SHIPPED.read(part).decode())]
    assert said(text) == english
    assert text.splitlines()[1:3] == [
        f'{{% set language = "{language}" %}}',
        f'{{% set direction = "{direction_of(language)}" %}}',
    ]


@pytest.mark.parametrize("part", ENGLISH[:2])
def test_every_word_is_shown_by_a_template_or_another_word(part):
    words, folder = SHIPPED.read(part).decode(), part.partition("/")[0]
    templates = [SHIPPED.read(name).decode() for name in SHIPPED.names() if name.startswith(f"{folder}/")]
    # Forms show the consent as a setting, which is empty unless an operator writes it.
    shown = {"consent", *re.findall(r"words\.(\w+)", "".join(templates))}

    names = re.findall(r"(?m)^{% (?:set|macro) (\w+)", words)
    assert [name for name in names if name not in shown and len(re.findall(rf"\b{name}\(", words)) < 2] == []


@pytest.mark.parametrize("language", MAIL_LANGUAGES)
def test_no_phrase_of_several_words_is_the_english_phrase(language):
    english = "".join(SHIPPED.read(part).decode() for part in ENGLISH)
    text = SHIPPED.read(f"words/{language}.txt").decode()

    phrases = re.compile(r'(?m)^(?:{% set|  ["0-9]).*"[^"\n]*\w \w.*$')
    assert set(phrases.findall(text)) & set(phrases.findall(english)) == set()


def test_turkish_capitals_keep_the_dot(folder):
    write(folder, "a.txt", "{{ section|upper }}")

    assert Templates(folder, "tr").render("a.txt", section="ılık iklim") == "ILIK İKLİM"
    assert Templates(folder, "en").render("a.txt", section="climate") == "CLIMATE"


def test_the_documentation_names_the_languages_of_pages():
    shipped = [language_name(language, "en") for language in ("en", *TRANSLATED)]
    named = " ".join((Path(__file__).parents[1] / "docs/templates.md").read_text("utf-8").split())
    assert f"{', '.join(sorted(shipped)[:-1])} and {sorted(shipped)[-1]} are shipped whole" in named

"""``config.toml`` and the environment: defaults, every mistake at once and in its place, secrets kept."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from syndicate.errors import ConfigError
from syndicate.services.declared import declared_sources
from syndicate.settings import Settings, load_settings

CHECKOUT = Path(__file__).parents[2]
DEFAULT = CHECKOUT / "config.toml"
WRONG = """
[site]
url = "ftp://news.example"
titel = "My news"

[http]
allow_private = "sometimes"
min_interval = "5 parsecs"

[[sources]]
name = "The Harbour"

[[sources]]
name = "The Hills"
url = "gopher://hills.example/"
republish = "everything"

[[channels]]
name = "World News"
query = "section:"

[[newsletters]]
name = "daily"
schedule = "whenever"
time_zone = "Mars/Phobos"

[mail]
port = 0
tls = "maybe"

[nonsense]
key = 1
"""


def load(folder: Path, text: str, **environment: str) -> Settings:
    file = folder / "config.toml"
    file.write_text(text, "utf-8")
    return load_settings(file, environment)


def mistakes(folder: Path, text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, **environment)
    return str(caught.value).replace(f"{folder}/", "").splitlines()


def test_the_commented_default_is_exactly_the_defaults() -> None:
    settings = load_settings(DEFAULT, {})
    assert settings.model_copy(update={"base": Path(), "file_hash": ""}) == Settings()


def test_every_key_is_shown_in_the_commented_default() -> None:
    shown = [
        line.lstrip("# ").partition(" = ")[0]
        for line in DEFAULT.read_text("utf-8").splitlines()
        if " = " in line
    ]

    def keys(model: type[BaseModel]) -> list[str]:
        return [field.alias or name for name, field in model.model_fields.items()]

    sections = {
        name: model
        for name, field in Settings.model_fields.items()
        for model in [field.annotation, *getattr(field.annotation, "__args__", ())]
        if isinstance(model, type) and issubclass(model, BaseModel)
    }
    assert set(sections) == set(Settings.model_fields) - {"base", "file", "file_hash"}
    missing = [f"{name}.{key}" for name, model in sections.items() for key in keys(model) if key not in shown]
    assert missing == []


def test_OF1_every_mistake_is_reported_at_once_with_file_line_and_key(tmp_path: Path) -> None:
    found = mistakes(tmp_path, WRONG)
    assert [line.partition(": ")[0] + ": " + line.split(": ")[1] for line in found] == [
        "config.toml:3: site.url",
        "config.toml:4: site.titel",
        "config.toml:7: http.allow_private",
        "config.toml:8: http.min_interval",
        "config.toml:10: sources.The Harbour.url",
        "config.toml:15: sources.The Hills.url",
        "config.toml:16: sources.The Hills.republish",
        "config.toml:19: channels.World News.name",
        "config.toml:20: channels.World News.query",
        "config.toml:24: newsletters.daily.schedule",
        "config.toml:25: newsletters.daily.time_zone",
        "config.toml:28: mail.port",
        "config.toml:29: mail.tls",
        "config.toml:31: nonsense",
    ]
    assert all(len(line) < 300 for line in found)
    assert "there is no such key" in found[1]


def test_a_name_of_several_lines_stays_on_the_line_of_its_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, '[[sources]]\nname = "a\\u001b[2J\\nb"\n')
    assert mistake == "config.toml:1: sources.a[2J b.url: this key is required, but missing"


def test_OF1_names_used_twice_and_a_missing_postal_address_are_mistakes(tmp_path: Path) -> None:
    twice = '[[sources]]\nname = "A"\nurl = "a"\n[[sources]]\nname = "A"\nurl = "b"\n'
    daily = '[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
    used_twice, without_address = mistakes(tmp_path, twice + daily)
    assert used_twice == "config.toml:5: sources.A.name: 'A' is used twice"
    assert without_address.startswith("config.toml:1: mail.address: newsletters need your postal address")
    assert "SYNDICATE_MAIL__ADDRESS" in without_address


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[site\nurl = "x"', "config.toml: not valid TOML"),
        ('[site]\nurl = "http://a.example"\n[site]\n', "config.toml: not valid TOML"),
        (
            '[mail]\npassword_file = "nowhere"\naddress = "x"\n',
            "config.toml:2: mail.password_file: nowhere cannot",
        ),
    ],
)
def test_OF1_a_file_that_cannot_be_read_as_it_is_says_where(tmp_path: Path, text: str, said: str) -> None:
    (line,) = mistakes(tmp_path, text)
    assert line.startswith(said)


def test_a_missing_file_says_how_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="syndicate init"):
        load_settings(tmp_path / "config.toml", {})


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[site]\ntitle = "From the file"\n[mail]\nport = 25\n',
        SYNDICATE_SITE__TITLE="true",
        SYNDICATE_MAIL__PORT="2525",
        SYNDICATE_HTTP__MIN_INTERVAL="30m",
        SYNDICATE_HTTP__ALLOW_PRIVATE='["10.0.0.0/8", "localhost"]',
        SYNDICATE_MAIL__FROM="Me <me@news.example>",
        SYNDICATE_HOME="not a setting",
        PATH="/bin",
    )
    assert (settings.site.title, settings.mail.port, settings.http.min_interval) == ("true", 2525, 1800.0)
    assert settings.http.allow_private == ("10.0.0.0/8", "localhost")
    assert settings.mail.sender == "Me <me@news.example>"
    assert load(tmp_path, "", SYNDICATE_HTTP__ALLOW_PRIVATE="true").http.allow_private is True


def test_OF1_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    assert mistakes(
        tmp_path,
        "",
        SYNDICATE_NOPE__KEY="1",
        SYNDICATE_SITE__NOPE="1",
        SYNDICATE_MAIL__PORT="0",
        SYNDICATE_SOURCES__URL="x",
    ) == [
        "environment: SYNDICATE_NOPE__KEY: there is no section [nope] to set",
        "environment: SYNDICATE_SOURCES__URL: there is no section [sources] to set",
        "environment: SYNDICATE_SITE__NOPE: there is no such key; see https://github.com/syndicate-news/syndicate/blob/main/docs/configuration.md",
        "environment: SYNDICATE_MAIL__PORT: '0' is less than 1",
    ]


@pytest.mark.parametrize("secret", ["s3cret", '{"s3cret": 1}', "[s3cret", "true"])
def test_a_password_comes_from_the_environment_as_it_is(tmp_path: Path, secret: str) -> None:
    settings = load(tmp_path, "", SYNDICATE_MAIL__PASSWORD=secret)
    assert settings.mail.password.get_secret_value() == secret


def test_a_password_comes_from_a_file_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("s3cret\n")
    by_file = load(tmp_path, '[mail]\npassword_file = "secret.txt"\n')
    by_variable = load(tmp_path, "", SYNDICATE_MAIL__PASSWORD_FILE=str(tmp_path / "secret.txt"))
    for settings in (by_file, by_variable):
        assert settings.mail.password.get_secret_value() == "s3cret"


def test_secrets_of_webhooks_come_from_files_and_name_the_providers(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0123456789abcdef\n")
    settings = load(tmp_path, '[webhooks]\nbrevo_token_file = "token"\nses_topics = []\n')
    assert settings.webhooks.secrets() == {"brevo": "0123456789abcdef"}
    assert settings.webhooks.providers() == ["brevo"]
    assert "0123456789abcdef" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[webhooks]\nbrevo_token = "short"\n', "the secret of brevo is shorter than 16 characters"),
        ('[webhooks]\nses_topics = ["bounces"]\n', "'bounces' is not the ARN of an SNS topic"),
        ('[webhooks]\nmailgun_key_file = "nowhere"\n', "webhooks.mailgun_key_file: nowhere cannot be read"),
    ],
)
def test_a_secret_that_could_be_guessed_is_a_mistake(tmp_path: Path, text: str, said: str) -> None:
    (line,) = mistakes(tmp_path, text)
    assert said in line


def test_a_password_is_never_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, '[mail]\npassword = "s3cret"\n')
    assert "s3cret" not in repr(settings) + str(settings) + settings.model_dump_json()
    lines = mistakes(tmp_path, '[mail]\npassword = ["s3cret"]\nport = "x"\ntls = 5\n')
    lines += mistakes(tmp_path, "", SYNDICATE_MAIL__PASSWORD='["s3cret"]', SYNDICATE_MAIL__PORT="x")
    assert "s3cret" not in "".join(lines)


def test_durations_are_numbers_with_units_and_paths_start_at_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        '[http]\nmin_interval = "1.5h"\nhost_gap = 2\n[stories]\nwindow = "2w"\n[output]\nfolder = "out"\n',
    )
    assert (settings.http.min_interval, settings.http.host_gap) == (5400.0, 2.0)
    assert settings.stories.window == 14 * 86400.0
    assert settings.path(settings.output.folder) == tmp_path / "out"
    assert settings.path("/elsewhere") == Path("/elsewhere")


def test_settings_cannot_be_changed_afterwards(tmp_path: Path) -> None:
    settings = load(tmp_path, "")
    with pytest.raises(ValueError, match="frozen"):
        settings.site.title = "Other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("keys", "kind"),
    [
        ('url = "https://a.example/feed"', "feed"),
        ('url = "https://a.example/s.xml"\nkind = "sitemap"', "sitemap"),
        ('url = "https://a.example/"\nkind = "page"', "page"),
        ('url = "https://a.example/"\nselect = { item = "li > a" }', "page"),
        ('url = "articles"', "folder"),
    ],
)
def test_a_sources_kind_follows_from_what_is_written(tmp_path: Path, keys: str, kind: str) -> None:
    (source,) = declared_sources(load(tmp_path, f'[[sources]]\nname = "a"\n{keys}\n'))
    assert source.kind == kind
    assert (source.select is not None) is ("select" in keys)


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ('accent = "#78d0c4"', "take a darker colour"),
        ('accent_dark = "#0a5c55"', "take a lighter colour"),
        ('accent = "teal"', "is not a colour such as #0a5c55"),
        ('logo = "logo.jpg"', "is not an SVG or PNG file"),
        ('logo_dark = "logo.jpg"', "is not an SVG or PNG file"),
        ('font = "comic"', "is not a font of mail"),
    ],
)
def test_a_look_that_cannot_be_read_is_refused(tmp_path: Path, key: str, reason: str) -> None:
    for section in ("[site]", '[[brands]]\nname = "a"'):
        (mistake,) = mistakes(tmp_path, f"{section}\n{key}\n")
        assert mistake.startswith(f"config.toml:{section.count(chr(10)) + 2}: ")
        assert reason in mistake


DAILY = '[mail]\naddress = "x"\n[[newsletters]]\nname = "a"\nschedule = "daily 07:00"\n'


def test_a_brand_that_is_not_there_is_refused(tmp_path: Path) -> None:
    (mistake,) = mistakes(tmp_path, DAILY + 'brand = "coast"\n')
    assert mistake == "config.toml:6: newsletters.a.brand: there is no [[brands]] 'coast'"


def test_a_postal_address_of_the_brand_is_enough(tmp_path: Path) -> None:
    letter = DAILY.replace('address = "x"', "") + 'brand = "coast"\n[[brands]]\nname = "coast"\n'
    assert "mail.address" in mistakes(tmp_path, letter)[0]
    assert load(tmp_path, letter + 'address = "1 Quay"\n').branded("coast").mail.address == "1 Quay"


def test_a_brands_password_comes_from_a_file_or_from_the_environment(tmp_path: Path) -> None:
    brand = '[[brands]]\nname = "the-coast"\nhost = "smtp.coast.example"\n'
    (tmp_path / "secret").write_text("from the file\n", "utf-8")
    settings = load(tmp_path, brand + 'password_file = "secret"\n')
    assert settings.branded("the-coast").mail.password.get_secret_value() == "from the file"
    assert settings.mail.password.get_secret_value() == ""
    settings = load(tmp_path, brand, SYNDICATE_BRANDS__THE_COAST__PASSWORD="from outside")
    assert settings.branded("the-coast").mail.password.get_secret_value() == "from outside"
    assert "there is no" in mistakes(tmp_path, brand, SYNDICATE_BRANDS__OTHER__PASSWORD="x")[0]
    assert "brands.the-coast.password_file" in mistakes(tmp_path, brand + 'password_file = "none"\n')[0]


def test_keys_of_a_brand_stand_above_those_of_site_and_mail(tmp_path: Path) -> None:
    text = """
        [site]
        title = "Site"
        logo_dark = "dark.png"
        logo = "light.png"
        [mail]
        from = "Site <news@site.example>"
        host = "smtp.site.example"
        username = "site"
        [[brands]]
        name = "look"
        logo = "own.png"
        [[brands]]
        name = "server"
        title = "Server"
        host = "smtp.brand.example"
    """
    settings = load(tmp_path, text)
    look, server = settings.branded("look"), settings.branded("server")
    assert (look.site.title, look.site.logo, look.site.logo_dark) == ("Site", "own.png", "")
    assert (look.mail.host, look.mail.username) == ("smtp.site.example", "site")
    assert (server.site.title, server.site.logo_dark) == ("Server", "dark.png")
    # The keys of a server go together: a login of another server would be refused.
    assert (server.mail.host, server.mail.username) == ("smtp.brand.example", "")
    # Without the site's name: the sender of the mail has the title of the brand.
    assert server.mail.sender == "news@site.example"


@pytest.mark.parametrize(
    ("keys", "line", "reason"),
    [
        ('url = "https://a.example/"\nselect = { item = "li >" }', 4, "not a CSS selector"),
        ('url = "https://a.example/"\nselect = { title = "h2" }', 1, "select needs item"),
        ('url = "https://a.example/"\nkind = "sitemap"\nselect = { item = "li" }', 1, 'write kind = "page"'),
        ('url = "articles"\nkind = "sitemap"', 1, "is a path: no sitemap"),
        ('url = "https://a.example/"\nkind = "folder"', 1, "is an address: no folder"),
        ('url = "https://a.example/"\nkind = "podcast"', 4, "sources.a.kind"),
        ('url = "https://a.example/"\nfull_text = "sometimes"', 4, "sources.a.full_text"),
    ],
)
def test_what_does_not_fit_together_is_said_with_its_line(
    tmp_path: Path, keys: str, line: int, reason: str
) -> None:
    (mistake,) = mistakes(tmp_path, f'[[sources]]\nname = "a"\n{keys}\n')
    assert mistake.startswith(f"config.toml:{line}: ")
    assert reason in mistake


def test_a_link_that_confirms_cannot_be_told_to_outlive_its_request(tmp_path: Path) -> None:
    text = '[sign_up]\nlifetime = "11d"\n'
    (said,) = mistakes(tmp_path, text)
    assert said.startswith("config.toml:2: sign_up.lifetime: longer than retention.sign_ups")
    (said,) = mistakes(tmp_path, '[sign_up]\nlifetime = "5d"\n[retention]\nsign_ups = "4d"\n')
    assert said.startswith("config.toml:2: ")
    assert load(tmp_path, text + '[retention]\nsign_ups = "11d"\n').sign_up.lifetime == 11 * 86400


def test_OF1_a_mistake_is_told_in_words(tmp_path: Path) -> None:
    text = """
[site]
language = "en glish"
[[source]]
url = "x"
[[sources]]
name = "The Harbour"
adress = "https://harbour.example/"
auth = { type = "basic", usernam = "ann", secret_env = "PASSWORD" }
[mail]
adress = "1 Quay Street"
port = 70000
password = 1234
[web]
listen = "8000"
[bounces]
soft_limit = "many"
"""
    unknown = "there is no such key{}; see https://github.com/syndicate-news/syndicate/blob/main/docs/configuration.md"
    assert [line.removeprefix("config.toml:") for line in mistakes(tmp_path, text)] == [
        '3: site.language: \'en glish\' is not a language tag: write a tag such as "en" or "pt-BR"',
        "4: source: " + unknown.format(" (did you mean sources?)"),
        "6: sources.The Harbour.url: this key is required, but missing",
        "8: sources.The Harbour.adress: " + unknown.format(""),
        "9: sources.The Harbour.auth.usernam: " + unknown.format(" (did you mean username?)"),
        "11: mail.adress: " + unknown.format(" (did you mean address?)"),
        "12: mail.port: 70000 is more than 65535",
        "13: mail.password: this is not text: put it between quotation marks",
        "15: web.listen: '8000' is not a host and a port: write both, such as \"127.0.0.1:8000\"",
        "17: bounces.soft_limit: 'many' is not a whole number",
    ]


def test_OF1_what_is_no_table_or_no_list_is_told_in_words(tmp_path: Path) -> None:
    text = """
site = "News"
[sources]
name = "The Harbour"
[[channels]]
name = "world"
query = ""
[[rules]]
name = "no adverts"
sources = "The Harbour"
"""
    assert [line.removeprefix("config.toml:") for line in mistakes(tmp_path, text)] == [
        "2: site: this is one table, with keys of its own; see https://github.com/syndicate-news/syndicate/blob/main/docs/configuration.md",
        "3: sources: there may be several of these: write [[sources]], in double brackets",
        "10: rules.no adverts.sources: this is a list: put it between square brackets",
    ]


def test_OF1_a_variable_with_one_underscore_too_few_is_no_secret(tmp_path: Path) -> None:
    assert mistakes(
        tmp_path, "", SYNDICATE_MAIL_ADDRESS="1 Quay Street", SYNDICATE_WEB_SERVICE_HOST="::1"
    ) == ["environment: SYNDICATE_MAIL_ADDRESS: write SYNDICATE_MAIL__ADDRESS, with two underscores"]

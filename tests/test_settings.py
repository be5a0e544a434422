"""Values that TOML allows and no newsroom can work with."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from syndicate.errors import ConfigError
from syndicate.publish.publish_options import PublishOptions
from syndicate.settings import load_settings
from syndicate.settings.site_settings import SiteSettings

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[http]\nmin_interval = inf", "http.min_interval"),
        ("[http]\nhost_gap = inf", "http.host_gap"),
        ('[http]\nmin_interval = "99999999999999d"', "http.min_interval"),
        ('[http]\nuser_agent = "a\\r\\nX: b"', "http.user_agent"),
        ('[stories]\nwindow = "99999999d"', "stories.window"),
        ('[retention]\narticles = "9999999d"', "retention.articles"),
        ('[ranking]\nhalf_life = "0s"', "ranking.half_life"),
        ('[ranking]\nhistory = "0s"', "ranking.history"),
        ('[ranking]\nwindow = "99999999d"', "ranking.window"),
        ("[ranking]\nstep = nan", "ranking.step"),
        ('[web]\nlisten = "127.0.0.1:99999"', "web.listen"),
        ('[web]\nlisten = "127.0.0.1:٣"', "web.listen"),
        ('[site]\ncontact = "the desk"', "site.contact"),
        ('[output]\nfolder = ""', "output.folder"),
        ('[output]\nfolder = "/"', "output.folder"),
        ('[[sources]]\nkind = false\nname = "a"\nurl = "https://a.example/f"', "sources.a.kind"),
    ],
)
def test_a_value_that_would_break_a_stage_later_is_refused_with_its_line(
    tmp_path: Path, text: str, key: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=rf"config\.toml:2: {key}: "):
        load_settings(file, {})


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ('[[fields]]\nname = "City"', r"2: fields.City.name: 'City' is not a name for a field"),
        ('[[fields]]\nname = "email"', r"2: fields.email.name: 'email' is not a name for a field"),
        ('[[fields]]\nname = "a"\ntype = "choice"', "1: fields.a: choices belong to type"),
        ('[[fields]]\nname = "a"\ntype = "choice"\nchoices = ["A", "a"]', "1: fields.a: choices must differ"),
        (
            '[[fields]]\nname = "a"\nrequired = true',
            "1: fields.a: required is for fields of the sign-up form",
        ),
        ('[[fields]]\nname = "a"\n[[fields]]\nname = "a"', "4: fields.a.name: 'a' is used twice"),
        ('[[segments]]\nname = "a"\nquery = "field:a=1"', "3: segments.a.query: query .* no field 'a'"),
    ],
)
def test_a_mistake_in_fields_or_segments_is_told_with_its_line(
    tmp_path: Path, text: str, mistake: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=rf"config\.toml:{mistake}"):
        load_settings(file, {})


def test_options_get_every_setting_of_their_name_and_what_is_given_outweighs_it() -> None:
    settings = SiteSettings(title="The Pier", contact="desk@news.example", time_zone="Europe/Lisbon")
    options = settings.as_options(PublishOptions, site_url=settings.url, time_zone=UTC)
    assert (options.title, options.contact, options.time_zone) == ("The Pier", "desk@news.example", UTC)


@pytest.mark.parametrize("rule", ['tags = ["a"]', 'section = ""', 'title = { find = "a" }', "boost = 2"])
def test_each_change_of_a_rule_is_something_to_do_and_excludes_dropping(tmp_path: Path, rule: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[[rules]]\nname = "a"\n{rule}\n', "utf-8")
    assert load_settings(file, {}).rules[0].rule().name == "a"
    file.write_text(f'[[rules]]\nname = "a"\n{rule}\ndrop = true\n', "utf-8")
    with pytest.raises(ConfigError):
        load_settings(file, {})

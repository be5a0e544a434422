"""Values that TOML allows and no newsroom can work with."""

from pathlib import Path

import pytest

from syndicate.errors import ConfigError
from syndicate.settings import load_settings


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
    ],
)
def test_a_value_that_would_break_a_stage_later_is_refused_with_its_line(
    tmp_path: Path, text: str, key: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=rf"config\.toml:2: {key}: "):
        load_settings(file, {})

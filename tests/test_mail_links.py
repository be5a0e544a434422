"""The links in the footer of a mail lead somewhere, or are not there."""

from pathlib import Path

import pytest

from syndicate.newsletter.story_views import TOKEN
from syndicate.services.mail_services import preferences_link, unsubscribe_link
from syndicate.settings import load_settings

PUBLIC, LOCAL = "https://news.example", "http://127.0.0.1:8000"
BY_MAIL = f"mailto:news@example.net?subject=unsubscribe%20{TOKEN}"


@pytest.mark.parametrize(
    ("url", "listen", "transport", "leave", "choose"),
    [
        (PUBLIC, "127.0.0.1:8000", "smtp", f"{PUBLIC}/unsubscribe/{TOKEN}", f"{PUBLIC}/preferences/{TOKEN}"),
        (LOCAL, "127.0.0.1:8000", "folder", f"{LOCAL}/unsubscribe/{TOKEN}", f"{LOCAL}/preferences/{TOKEN}"),
        (LOCAL, "127.0.0.1:8000", "smtp", BY_MAIL, ""),
        (PUBLIC, "", "smtp", BY_MAIL, ""),
    ],
)
def test_C10_links_lead_to_a_server_that_readers_reach(
    tmp_path: Path, url: str, listen: str, transport: str, leave: str, choose: str
) -> None:
    file = tmp_path / "config.toml"
    file.write_text(
        f'[site]\nurl = "{url}"\n[web]\nlisten = "{listen}"\n'
        f'[mail]\nfrom = "News <news@example.net>"\ntransport = "{transport}"\n'
    )
    settings = load_settings(file, {})
    assert (unsubscribe_link(settings), preferences_link(settings)) == (leave, choose)

"""Tables of pages as CSV: what is shown, without buttons, drawings and formulas."""

import csv
import io
import re
from collections.abc import Iterator
from html import unescape

import pytest

from syndicate.store.ingest import poll_store
from syndicate.store.ingest.poll_store import PollRow
from syndicate.web.admin.table_csv import table_csv
from tests.factories import NOW
from tests.jobs.room import opened_room
from tests.jobs.sending import mail_to
from tests.jobs.stories.test_decisions import write_news
from tests.jobs.stories.test_story_moves import declare
from tests.web.admin.conftest import AdminSite, serving_admin
from tests.web.admin.test_hostile_rows import MORE

TABLE = """<meta charset="utf-8"><table><caption>Other</caption><tr><th>x</th></tr><tr><td>y</td></tr></table>
<form><table data-csv><caption><span>Failed deliveries</span>, today</caption>
<thead><tr><th><span class="unseen">Choose</span></th><th>Reply</th><th>When</th>
<th class="number">Mails</th><th>Decide</th></tr></thead><tbody>
<tr><td><input type="checkbox"></td><th>=SUM(1)<p class="hint">of two</p></th>
<td><time datetime="2026-11-29T08:00:00Z">29 Nov</time></td><td class="number">1,234,567</td>
<td><button>Send again</button></td></tr>
<tr><td></td><th>Käse, 5,000 zł</th><td>never</td><td class="number">–</td>
<td><form><button>x</button></form></td></tr>
</tbody></table></form>"""


@pytest.fixture(scope="module")
def newsroom(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AdminSite]:
    """Stories with a decision, an edition that was sent, and a poll."""
    folder = tmp_path_factory.mktemp("newsroom")
    with opened_room(folder) as room:
        declare(room, MORE)
        mail_to(room, "ann", "bob")
        write_news(room)
        with room.store.write() as connection:
            poll_store.add_polls(connection, [PollRow(source_id=1, at=NOW, outcome="failed", status=500)])
        with serving_admin(room, folder / "feeds") as site:
            client = site.client()
            uid = re.findall(r'href="/admin/articles/([^"?]+)"', client.page("/admin/articles"))[0]
            decision = {"do": f"pin-{uid}", "back": "/admin/stories"}
            client.follow(client.post("/admin/stories/decide", decision))
            yield site


def rows(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_table_is_what_the_page_shows_without_buttons_and_formulas():
    found = table_csv(TABLE, "Failed deliveries")
    assert found is not None
    assert rows(found) == [
        ["Reply", "When", "Mails"],
        ["'=SUM(1) of two", "2026-11-29T08:00:00Z", "1234567"],
        ["Käse, 5,000 zł", "never", "–"],
    ]


@pytest.mark.parametrize("caption", ["Other", "deliveries", "Nothing"])
def test_other_tables_are_not_given_out(caption: str):
    assert table_csv(TABLE, caption) is None


LISTS = (
    "/admin/stories?list=decided",
    "/admin/stories/decisions",
    "/admin/articles",
    "/admin/channels",
    "/admin/newsletters",
    "/admin/deliveries?tab=editions",
    "/admin/deliveries?tab=bounces",
    "/admin/sources/1/polls",
)


@pytest.mark.parametrize("path", LISTS)
def test_every_marked_table_of_a_list_is_offered_as_csv(newsroom: AdminSite, path: str):
    client = newsroom.client()
    page = client.page(path)
    links = [unescape(link) for link in re.findall(r'href="([^"]*csv=[^"]*)"', page)]
    assert len(links) == page.count(" data-csv>") > 0
    for link in links:
        file = client.get(link)
        assert file.status == 200
        assert file["content-type"] == "text/csv; charset=utf-8"
        assert ".csv" in (file["content-disposition"] or "")
        assert len(rows(file.body)) > 1
    assert client.get(f"{path.partition('?')[0]}?csv=unknown").status == 404
    assert newsroom.stranger().get(links[0]).status == 303

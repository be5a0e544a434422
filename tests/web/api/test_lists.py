"""Lists: pages by cursor, filters, totals, fields, ETags and links."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.factories import NOW, new_article
from tests.web.api.conftest import Api, api_of


def article(number: int, **changes: object):
    return new_article(number, **{"first_seen": NOW + timedelta(seconds=number), **changes})


def walk(api: Api, path: str, limit: int = 2) -> list[str]:
    """Return the ids of all pages."""
    ids, following = [], f"{path}{'&' if '?' in path else '?'}limit={limit}"
    while following:
        page = api.get(following)
        assert page.status == 200, page.body
        assert len(page.json["items"]) <= limit
        ids += [item["id"] for item in page.json["items"]]
        link = page.headers.get("link", "")
        following = link[1:].partition(">")[0] if link else ""
        assert (page.json["next"] is not None) == bool(following)
    return ids


def test_every_list_pages_by_links(api: Api) -> None:
    api.room.add(*(article(n) for n in range(1, 6)))
    assert len(set(walk(api, "/articles"))) == 5
    assert walk(api, "/articles?source=harbour") == walk(api, "/articles")
    assert walk(api, "/sources", 1) == ["1", "2"]
    query = parse_qs(urlsplit(api.get("/articles?limit=2&language=en").headers["link"][1:-13]).query)
    assert (query["limit"], query["language"]) == (["2"], ["en"])


def test_a_cursor_neither_skips_nor_repeats_while_rows_arrive(api: Api) -> None:
    api.room.add(*(article(n) for n in range(1, 6)))
    seen, following = list[str](), "/articles?limit=2"
    arrivals = iter(range(6, 20))
    while following:
        page = api.get(following)
        seen += [item["title"] for item in page.json["items"]]
        following = page.json["next"] and f"/articles?limit=2&after={page.json['next']}"
        api.room.add(article(next(arrivals)))
    assert seen == [new_article(n).title for n in (5, 4, 3, 2, 1)]


def test_a_total_is_counted_only_when_asked_for_and_capped(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.room.add(*(article(n) for n in range(1, 6)))
    assert api.get("/articles?limit=1").json["total"] is None
    assert api.get("/articles?limit=1&count=true").json["total"] == 5
    monkeypatch.setattr("syndicate.web.api.api_call.COUNTED", 3)
    assert api.get("/articles?limit=1&count=true").json["total"] == "3+"


def test_fields_choose_what_is_returned(api: Api) -> None:
    api.room.add(article(1))
    assert api.get("/articles?fields=title,source").json["items"] == [
        {"title": "Title 1", "source": "harbour"}
    ]
    assert api.get("/sources/1?fields=name").json == {"name": "harbour"}
    wrong = api.get("/articles?fields=title,colour")
    assert (wrong.status, wrong.json["errors"][0]["parameter"]) == (422, "fields")


def test_a_program_syncs_by_updated_after(api: Api) -> None:
    api.room.add(article(1), article(100))
    later = (NOW + timedelta(seconds=50)).isoformat().replace("+", "%2B")
    assert [item["title"] for item in api.get(f"/articles?updated_after={later}").json["items"]] == [
        "Title 100"
    ]
    assert api.get("/articles?updated_after=2026-11-24").problem == "wrong-fields"


def test_an_unchanged_answer_is_not_sent_again(api: Api) -> None:
    api.room.add(article(1))
    first = api.get("/articles")
    again = api.get("/articles", if_none_match=f'"other", W/{first.headers["etag"]}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    api.room.add(article(2))
    assert api.get("/articles", if_none_match=first.headers["etag"]).status == 200


def test_articles_are_found_by_the_query_language_of_channels(api: Api) -> None:
    api.room.add(article(1, title="The pier opens"), article(2, title="A storm"))
    assert api.get("/articles?q=section:world -pier").status == 200
    wrong = api.get("/articles?q=section:")
    assert (wrong.status, wrong.problem) == (422, "wrong-fields")
    assert [error["parameter"] for error in wrong.json["errors"]] == ["q"]


@pytest.mark.parametrize(
    "cursor", ["x", "bnVsbA", "WzEsIDJd", "WyJhIiwgMF0", "WzFlMzAwLCAxXQ", "////", "é", "W1tdLCAxXQ"]
)
def test_a_cursor_of_another_list_is_refused(api: Api, cursor: str) -> None:
    for path in ("/sources", "/articles", "/suppressions", "/editions"):
        answer = api.get(f"{path}?after={cursor}")
        assert answer.status in (200, 400), answer.body
        assert answer.status == 200 or answer.problem == "wrong-cursor"
    assert api.get("/articles?after=WyJhIiwgMF0").status == 400
    assert api.get("/suppressions?after=WzEsIDJd").status == 400


@pytest.mark.parametrize("limit", [0, -1, 201, "many", 10**30])
def test_a_page_has_at_most_200_items(api: Api, limit: object) -> None:
    assert api.get(f"/articles?limit={limit}").problem == "wrong-fields"


def test_a_listing_reads_on_both_engines(rooms) -> None:
    api = api_of(rooms).with_token()
    rooms.add(*(article(n) for n in range(1, 6)))
    for name in (
        *("articles", "stories", "decisions", "sources", "sources/1/polls", "editions", "deliveries"),
        *("bounces", "subscribers", "suppressions", "audit", "webhooks", "jobs"),
    ):
        path = f"/{name}"
        assert api.get(f"{path}?count=true").status == 200, path
    assert len(walk(api, "/articles")) == 5

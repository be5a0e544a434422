"""Own articles: the same acceptance as the items of a feed, and one article for each key."""

import pytest

from tests.web.api.conftest import Api

ARTICLE = {
    "source": "own desk",
    "key": "a-1",
    "title": "The pier opens",
    "html": "<p>The pier opens today.</p>",
}


def test_an_own_article_is_added_then_edited_under_its_key(api: Api) -> None:
    added = api.post("/articles", ARTICLE)
    assert added.status == 201, added.body
    location = added.headers["location"]
    assert location == f"/api/v1/articles/{added.json['id']}"
    shown = api.get(location).json
    assert (shown["title"], shown["source"], shown["html"]) == (
        "The pier opens", "own desk", "<p>The pier opens today.</p>"
    )  # fmt: skip
    again = api.post("/articles", ARTICLE)
    assert (again.status, again.json["facts"]["outcome"], again.json["changed"]) == (200, "unchanged", False)
    edited = api.post("/articles", ARTICLE | {"title": "The pier has opened"})
    assert (edited.status, edited.json["facts"]["outcome"]) == (200, "changed")
    assert edited.json["id"] == added.json["id"]
    assert api.get(location).json["title"] == "The pier has opened"
    assert [item["id"] for item in api.get("/articles").json["items"]] == [added.json["id"]]


def test_two_keys_are_two_articles_even_with_equal_title_and_date(api: Api) -> None:
    dated = ARTICLE | {"published": "2026-11-24T08:00:00Z"}
    first, second = (api.post("/articles", dated | {"key": key}).json["id"] for key in ("a", "b"))
    assert first != second


@pytest.mark.all
def test_an_article_without_a_date_is_published_now(api: Api) -> None:
    api.post("/articles", ARTICLE | {"key": "dated", "published": "2026-11-20T08:00:00Z"})
    number = api.post("/articles", ARTICLE | {"title": "Other"}).json["id"]
    assert api.get(f"/articles/{number}").json["published"] == "2026-11-24T09:00:00Z"


def test_markup_of_a_program_is_as_untrusted_as_that_of_a_feed(api: Api) -> None:
    hostile = "<p onclick=x()>Hi<script>alert(1)</script></p>"
    number = api.post("/articles", ARTICLE | {"html": hostile}).json["id"]
    assert api.get(f"/articles/{number}").json["html"] == "<p>Hi</p>"


@pytest.mark.parametrize(
    ("change", "status", "problem"),
    [
        ({"source": "harbour"}, 409, "not-an-api-source"),
        ({"source": "nowhere"}, 404, "not-found"),
        ({"key": ""}, 422, "wrong-fields"),
        ({"colour": "red"}, 422, "wrong-fields"),
        ({"published": "tomorrow"}, 422, "wrong-fields"),
    ],
)
def test_an_article_that_cannot_be_added_is_refused(
    api: Api, change: dict[str, str], status: int, problem: str
) -> None:
    refused = api.post("/articles", ARTICLE | change)
    assert (refused.status, refused.problem) == (status, problem)


def test_a_source_of_kind_api_is_never_polled(api: Api) -> None:
    assert api.room.services.ingest.due(api.now[0]) == ["harbour"]
    assert api.room.services.ingest.due(api.now[0], names=["own desk"]) == []

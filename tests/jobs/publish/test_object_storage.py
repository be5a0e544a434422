"""Output in object storage, written to a real S3 server: the same files as in a folder, for few requests."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from syndicate.jobs.publish.publish_job import PublishJob, PublishResult
from syndicate.published_files import PublishedFiles
from syndicate.store.core import quarantine
from syndicate.store.output import stale
from syndicate.web.readers.served_files import OutputFolder
from tests.bucket import BUCKET, Bucket, s3_bucket
from tests.factories import NOW
from tests.jobs.publish.test_list_pages import report
from tests.jobs.room import Room, source

NEWS = '[[channels]]\nname = "news"\nlimit = 5\n[[channels]]\nname = "sport"\nquery = "section:Sport"\n'


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIASECRET")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with s3_bucket() as bucket:
        yield bucket


@pytest.fixture
def newsroom(rooms: Room, bucket: Bucket) -> Room:
    declare(rooms, bucket)
    rooms.add(*(report(number, "Harbour") for number in range(1, 30)))
    return rooms


def declare(room: Room, bucket: Bucket, channels: str = NEWS) -> None:
    output = f'[output]\nfolder = "s3://{BUCKET}/site-files"\nendpoint = "{bucket.endpoint}"\n'
    room.declare(output + channels + source("harbour", "https://harbour.example/feed"))


def publish(room: Room) -> PublishResult:
    room.services.stories.run(NOW)
    return room.services.publish.run(NOW)


def in_a_folder(room: Room) -> dict[str, bytes]:
    """What the same rows give in a folder."""
    folder, job = room.folder / "afresh", room.services.publish
    fresh: PublishJob = replace(job, output=PublishedFiles(folder), owner="afresh")
    fresh.forget()
    with room.store.write() as connection:
        stale.mark_all(connection)
    assert fresh.run(NOW).failures == ()
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}


def files_of(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_a_bucket_holds_the_same_bytes_as_a_folder(newsroom: Room, bucket: Bucket) -> None:
    assert publish(newsroom).failures == ()
    assert bucket.files() == in_a_folder(newsroom)


def test_objects_have_the_headers_of_the_web_server(newsroom: Room, bucket: Bucket) -> None:
    publish(newsroom)
    later = "stale-while-revalidate=3600, stale-if-error=86400"
    for path, content_type, age in (
        ("site/index.html", "text/html; charset=utf-8", 300),
        ("news.rss", "application/rss+xml; charset=utf-8", 900),
        ("news.json", "application/feed+json", 900),
        ("favicon.ico", "image/x-icon", 300),
    ):
        headers = bucket.headers(f"site-files/{path}")
        assert (headers["Content-Type"], headers["Cache-Control"]) == (
            content_type,
            f"public, max-age={age}, {later}",
        )


@pytest.mark.all
def test_a_run_with_nothing_new_makes_no_request(newsroom: Room, bucket: Bucket) -> None:
    publish(newsroom)
    bucket.requests.clear()
    assert publish(newsroom) == PublishResult()
    assert bucket.requests == Counter()


@pytest.mark.all
def test_a_new_article_costs_one_request_for_each_file_that_changed(newsroom: Room, bucket: Bucket) -> None:
    publish(newsroom)
    before = bucket.files()
    bucket.requests.clear()
    newsroom.add(report(0))
    publish(newsroom)
    requests = Counter(bucket.requests)
    after = bucket.files()
    assert requests == {"PUT": sum(before.get(path) != data for path, data in after.items())}


@pytest.mark.parametrize("looks", [1, 3, 5, 8, 13])
@pytest.mark.all
def test_a_run_that_was_killed_is_completed_by_the_next(newsroom: Room, bucket: Bucket, looks: int) -> None:
    newsroom.services.stories.run(NOW)
    counted = count(1)

    def killed() -> bool:
        if next(counted) == looks:
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        newsroom.services.publish.run(NOW, should_stop=killed)
    assert publish(newsroom).failures == ()
    assert bucket.files() == in_a_folder(newsroom)


@pytest.mark.all
def test_errors_of_a_busy_server_are_retried(newsroom: Room, bucket: Bucket) -> None:
    seen = Counter[str]()

    def busy_at_first(_method: str, key: str) -> int:
        seen[key] += 1
        return 503 if seen[key] == 1 and key.endswith(".html") else 0

    bucket.refuse = busy_at_first
    assert publish(newsroom).failures == ()
    assert bucket.files() == in_a_folder(newsroom)


@pytest.mark.all
def test_a_refused_write_is_reported_without_secrets_and_made_up_for(newsroom: Room, bucket: Bucket) -> None:
    bucket.refuse = lambda _method, key: 403 if "articles" in key or "404" in key else 0
    failures = publish(newsroom).failures
    assert f"cannot write s3://{BUCKET}/site-files/site/articles/" in failures[0]
    assert "403 Forbidden" in failures[0]
    assert "AKIASECRET" not in str(failures)
    bucket.refuse = lambda _method, _key: 0
    assert publish(newsroom).failures == ()
    with newsroom.store.read() as connection:
        assert quarantine.failures(connection) == ()
    assert bucket.files() == in_a_folder(newsroom)


@pytest.mark.all
def test_the_files_of_a_removed_channel_are_deleted(newsroom: Room, bucket: Bucket) -> None:
    publish(newsroom)
    assert {"sport.rss", "sport/sources.opml"} <= bucket.files().keys()
    declare(newsroom, bucket, '[[channels]]\nname = "news"\n')
    publish(newsroom)
    assert [path for path in bucket.files() if path.startswith("sport")] == []


@pytest.mark.all
def test_another_bucket_gets_every_file(newsroom: Room, bucket: Bucket) -> None:
    publish(newsroom)
    output = f'[output]\nfolder = "s3://{BUCKET}/moved"\nendpoint = "{bucket.endpoint}"\n'
    newsroom.declare(output + NEWS + source("harbour", "https://harbour.example/feed"))
    publish(newsroom)
    assert bucket.files("moved") == bucket.files()


@pytest.mark.all
def test_the_web_server_sends_objects_and_asks_again_when_they_change(newsroom: Room, bucket: Bucket) -> None:
    publish(newsroom)
    served = OutputFolder(newsroom.services.published, cache_bytes=1_000_000)
    front = served.find("/site/", gzip=False)
    assert front is not None
    assert served.read(front) == bucket.files()["site/index.html"]
    bucket.requests.clear()
    assert served.known("/site/", gzip=False) == front
    assert served.read(front)
    assert bucket.requests == Counter()
    assert served.find("/site/nothing.html", gzip=False) is None

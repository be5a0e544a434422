"""Commands of a newsroom whose output lies in object storage."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bucket import BUCKET, Bucket, s3_bucket
from tests.cli.conftest import SEVEN, Run

pytestmark = pytest.mark.all


@pytest.fixture
def bucket(room: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "AKIASECRET")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    with s3_bucket() as bucket:
        monkeypatch.setenv("SYNDICATE_OUTPUT__FOLDER", f"s3://{BUCKET}/site-files")
        monkeypatch.setenv("SYNDICATE_OUTPUT__ENDPOINT", bucket.endpoint)
        yield bucket


def test_check_needs_neither_tables_nor_requests(room: Run, bucket: Bucket) -> None:
    done = room("check")
    assert (done.code, done.err) == (0, "")
    assert not bucket.requests


def test_a_second_run_of_once_with_nothing_new_makes_no_request(room: Run, bucket: Bucket) -> None:
    assert room(f"once --now {SEVEN}").code == 0
    assert "site/index.html" in bucket.files()
    bucket.requests.clear()
    assert room(f"once --json --now {SEVEN}").json["stages"] == {}
    assert not bucket.requests

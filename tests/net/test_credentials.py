"""Credentials: read from a file or the environment, and sent to their own host only."""

import logging
from pathlib import Path

import pytest

from syndicate.errors import FetchError
from syndicate.model import Access, AccessKind
from syndicate.net import Credentials, FetchRequest, FetchThread, read_credentials
from tests.net.conftest import Bug
from tests.net.scripted_server import ScriptedServer, answer, redirect

TOKEN = Credentials(name="Authorization", value="Bearer hunter2hunter2")


@pytest.mark.parametrize(
    ("access", "name", "value"),
    [
        (
            Access(kind=AccessKind.BASIC, username="ann", secret_env="S"),
            "Authorization",
            "Basic YW5uOmjDvG50ZXI=",
        ),
        (Access(kind=AccessKind.COOKIE, secret_env="C"), "Cookie", "session=1; x=2"),
        (Access(kind=AccessKind.BEARER, secret_env="C"), "Authorization", "Bearer session=1; x=2"),
        (Access(kind=AccessKind.HEADER, header="X-Key", secret_env="C"), "X-Key", "session=1; x=2"),
    ],
)
def test_each_kind_of_access_is_one_header_field(access: Access, name: str, value: str):
    made = read_credentials(access, {"S": "hünter\n", "C": " session=1; x=2 "})
    assert (made.name, made.value) == (name, value)
    assert value not in repr(made)


def test_a_secret_file_is_read_anew_each_time(tmp_path: Path):
    file = tmp_path / "token"
    access = Access(kind=AccessKind.BEARER, secret_file=str(file))
    file.write_text("first\n")
    before = read_credentials(access, {})
    file.write_text("second\n")
    assert (before.value, read_credentials(access, {}).value) == ("Bearer first", "Bearer second")


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("", "no secret"),
        ("a\r\nX: y", "printable line"),
        ("ü", "cannot carry"),
        ("x" * 9000, "printable"),
    ],
)
def test_a_secret_that_cannot_be_sent_is_an_error_that_does_not_tell_it(secret: str, reason: str):
    with pytest.raises(FetchError, match=reason) as failed:
        read_credentials(Access(kind=AccessKind.BEARER, secret_env="S"), {"S": secret})
    assert not secret or secret not in str(failed.value)


def test_a_missing_secret_file_says_where_it_should_be(tmp_path: Path):
    with pytest.raises(FetchError, match=r"nowhere.*No such file"):
        read_credentials(Access(kind=AccessKind.BEARER, secret_file=str(tmp_path / "nowhere")), {})


def test_credentials_go_with_the_request_and_along_redirects_of_the_same_host(fetch):
    with ScriptedServer({"/a": redirect("/b"), "/b": answer()}) as server:
        fetch(server.url("/a"), credentials=TOKEN)
        assert [asked.field("Authorization") for asked in server.asked] == [b"Bearer hunter2hunter2"] * 2


def test_credentials_never_go_to_another_port_host_or_back_from_there(fetch):
    with ScriptedServer({"/c": answer()}) as home, ScriptedServer({}) as stranger:
        home.answers["/a"] = redirect(stranger.url("/b"))
        stranger.answers["/b"] = redirect(home.url("/c"))
        fetch(home.url("/a"), credentials=TOKEN)
        assert [asked.field("Authorization") for asked in home.asked] == [b"Bearer hunter2hunter2", None]
        assert [asked.field("Authorization") for asked in stranger.asked] == [None]


def test_the_same_server_under_another_name_gets_no_credentials(fetch):
    with ScriptedServer({"/b": answer()}) as server:
        server.answers["/a"] = redirect(server.url("/b", host="localhost"))
        fetch(server.url("/a"), {"allow_private": True}, credentials=TOKEN)
        assert [asked.field("Authorization") is not None for asked in server.asked] == [True, False]


@pytest.mark.parametrize(
    ("path", "answers"),
    [
        ("/feed/s3cr3tpath?token=abcdefgh", {}),
        ("/feed/s3cr3tpath", {"/feed/s3cr3tpath": redirect("/x?token=abcdefgh")}),
        ("/feed/s3cr3tpath", {"/feed/s3cr3tpath": redirect("http://[/s3cr3tpath")}),
        ("/feed/s3cr3tpath", {"/feed/s3cr3tpath": redirect("/feed/s3cr3tpath")}),
        ("/feed/s3cr3tpath", {"/feed/s3cr3tpath": b"nonsense s3cr3tpath\r\n\r\n"}),
        ("/feed/s3cr3tpath", {"/feed/s3cr3tpath": answer(200, b"")}),
        ("/feed/s3cr3tpath", {"/feed/s3cr3tpath": answer(200, b"x", Content_Encoding="gzip")}),
    ],
)
def test_no_error_of_a_private_request_tells_its_address(fetch, path, answers):
    with ScriptedServer(answers) as server, pytest.raises(FetchError) as failed:
        fetch(server.url(path), private=True, credentials=TOKEN)
    shown = f"{failed.value!r} {failed.value.__cause__!r} {failed.value.__context__!r}"
    assert not any(secret in shown for secret in ("s3cr3tpath", "abcdefgh", "hunter2"))
    assert "127.0.0.1" in str(failed.value)


def test_the_log_of_a_bug_in_a_private_request_does_not_tell_its_address(options, caplog):
    with ScriptedServer({"/s3cr3tpath": answer()}) as server:
        url = server.url("/s3cr3tpath")
        thread = FetchThread(options)
        with caplog.at_level(logging.DEBUG):
            outcomes = list(thread.fetch_each([FetchRequest(url=url, private=True, max_body=Bug(url))]))
        thread.close()
    assert [asked.path for asked in server.asked] == ["/s3cr3tpath"]
    assert "s3cr3tpath" not in caplog.text + str(outcomes[0][1])
    assert "ZeroDivisionError" in caplog.text

import logging
import re

import pytest

from syndicate.web.readers.link_routes import is_confirmation
from syndicate.web.request_body import parse_form

ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = (
    b'--frontier\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\n'
    b"One-Click\r\n--frontier--\r\n"
)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_WF1_looking_at_the_page_changes_nothing(site, reader, method):
    for agent in ("Mozilla/5.0", "scanner", "", "Google-Safety") * 12:
        answer = site.ask(method, f"/unsubscribe/{reader.token}", User_Agent=agent)
        assert answer.status == 200
    assert reader.subscribed


def test_WF1_the_page_names_the_newsletter_and_has_one_post_button(site, reader):
    page = site.get(f"/unsubscribe/{reader.token}").body.decode()
    assert "Morning &amp; &lt;b&gt;News&lt;/b&gt;" in page
    assert page.count("<form") == page.count('method="post"') == page.count("<button") == 1
    assert '<html lang="en" dir="ltr">' in page
    assert page.count("<h1>") == 1
    assert "action=" not in page


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (ONE_CLICK, "application/x-www-form-urlencoded"),
        (ONE_CLICK, "application/x-www-form-urlencoded; charset=utf-8"),
        (ONE_CLICK, ""),
        (MULTIPART, "multipart/form-data; boundary=frontier"),
        (MULTIPART, 'Multipart/Form-Data; boundary="frontier"'),
    ],
)
def test_E9_one_post_unsubscribes_at_once_without_redirect_or_cookie(site, reader, body, kind):
    answer = site.post(f"/unsubscribe/{reader.token}", body, kind)
    assert answer.status == 200
    assert answer["Location"] is None
    assert answer["Set-Cookie"] is None
    assert b"You are unsubscribed" in answer.body
    assert not reader.subscribed


def test_the_button_of_the_page_leads_to_a_page_that_can_be_loaded_again(site, reader):
    done = f"/unsubscribe/{reader.token}?done=yes"
    assert b"You are unsubscribed" not in site.get(done).body
    answer = site.post(f"/unsubscribe/{reader.token}", b"confirm=yes")
    assert (answer.status, answer["Location"], answer.body) == (303, "?done=yes", b"")
    assert not reader.subscribed
    assert b"You are unsubscribed" in site.get(done).body
    reader.come_back()
    assert b"You are unsubscribed" not in site.get(done).body


def test_WF2_unsubscribing_again_is_the_same_again(site, reader):
    answers = [site.post(f"/unsubscribe/{reader.token}", ONE_CLICK) for _ in range(3)]
    assert {answer.status for answer in answers} == {200}
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "application/x-www-form-urlencoded"),
        (b"List-Unsubscribe=Two-Clicks", "application/x-www-form-urlencoded"),
        (b"list-unsubscribe=One-Click", "application/x-www-form-urlencoded"),
        (b"confirm=no", "application/x-www-form-urlencoded"),
        (MULTIPART, "multipart/form-data"),
        (MULTIPART, "multipart/form-data; boundary=other"),
        (b"\xff\xfe\x00", "multipart/form-data; boundary=\xff"),
        (MULTIPART, "multipart/form-data; charset=undefined; boundary*=undefined''b"),
        (
            b"--b\r\nContent-Disposition: form-data; name*=undefined''confirm\r\n\r\nyes\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
        (
            b"--b\r\nContent-Disposition: (; name*0; name*=\r\n\r\nyes\r\n--b--",
            "multipart/form-data; boundary=b",
        ),
        (b"&".join(b"a=%d" % number for number in range(100)), "application/x-www-form-urlencoded"),
    ],
)
def test_E9_a_post_without_the_key_is_refused_and_changes_nothing(site, reader, body, kind):
    answer = site.post(f"/unsubscribe/{reader.token}", body, kind)
    assert answer.status == 400
    assert reader.subscribed


@pytest.mark.parametrize(
    "kind", ["text/plain", "Text/Plain; charset=utf-8", "application/json", "multipart/mixed"]
)
@pytest.mark.parametrize("body", [ONE_CLICK, b"confirm=yes", b'{"confirm": "yes"}'])
def test_E9_what_is_no_form_is_refused_with_what_to_send(site, reader, body, kind):
    answer = site.post(f"/unsubscribe/{reader.token}", body, kind)
    assert answer.status == 415
    assert b"List-Unsubscribe=One-Click as a form" in answer.body
    assert answer["Accept-Post"] == "application/x-www-form-urlencoded, multipart/form-data"
    assert reader.subscribed


def test_a_long_body_is_refused(site, reader):
    answer = site.post(f"/unsubscribe/{reader.token}", b"a=" + b"x" * 20_000 + b"&" + ONE_CLICK)
    assert answer.status == 413
    assert reader.subscribed


@pytest.mark.parametrize(
    "change",
    [
        *(str.swapcase, lambda token: token[:-1], lambda token: token + "%20"),
        *(lambda _, bad=bad: bad for bad in ("bad", "1", "%E2%82%AC", "x" * 600, "%00")),
    ],
)
def test_WF7_every_bad_token_gets_the_same_page_as_any_missing_page(site, reader, change):
    token = change(reader.token)
    missing = site.get("/nothing.html")
    for answer in (site.get(f"/unsubscribe/{token}"), site.post(f"/unsubscribe/{token}", ONE_CLICK)):
        assert answer.status == 404
        assert answer.body == missing.body
    assert reader.subscribed


@pytest.mark.parametrize("good", [True, False])
def test_WF14_token_pages_are_not_kept_indexed_or_passed_on(site, reader, good):
    token = reader.token if good else "bad"
    for answer in (site.get(f"/unsubscribe/{token}"), site.post(f"/unsubscribe/{token}", ONE_CLICK)):
        assert answer["Cache-Control"] == "no-store"
        assert answer["X-Robots-Tag"] == "noindex"
        assert answer["Referrer-Policy"] == "no-referrer"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
        assert "unsafe" not in answer["Content-Security-Policy"]
        assert b"bad" not in answer.body
        assert re.search(rb'name="robots" content="noindex"', answer.body)


def test_C10_tokens_are_never_logged(site, reader, caplog):
    caplog.set_level(logging.DEBUG)
    for token in (reader.token, "bad-token"):
        site.get(f"/unsubscribe/{token}")
        site.post(f"/unsubscribe/{token}", ONE_CLICK)
        assert token not in caplog.text


def test_a_busy_store_is_said_so_and_asks_to_try_again(site, reader):
    with reader.locked_out():
        answer = site.post(f"/unsubscribe/{reader.token}", ONE_CLICK)
    assert (answer.status, answer["Retry-After"]) == (503, "60")
    assert reader.subscribed


def test_H8_other_methods_are_not_allowed(site, reader):
    answer = site.ask("DELETE", f"/unsubscribe/{reader.token}")
    assert answer.status == 405
    assert set(answer["Allow"].split(", ")) == {"GET", "HEAD", "POST"}


@pytest.mark.parametrize(
    ("kind", "body", "form"),
    [
        ("application/x-www-form-urlencoded", b"a=1&b=x+y%21&c=", {"a": "1", "b": "x y!", "c": ""}),
        ("multipart/form-data; boundary=frontier", MULTIPART, {"List-Unsubscribe": "One-Click"}),
        ("", b"", {}),
    ],
)
def test_E9_forms_are_read_in_both_encodings(kind, body, form):
    assert parse_form(kind, body) == form


@pytest.mark.parametrize(
    ("form", "confirmed"),
    [
        ({"List-Unsubscribe": "One-Click"}, True),
        ({"confirm": "yes"}, True),
        ({"List-Unsubscribe": "one-click"}, False),
        ({}, False),
    ],
)
def test_E9_only_the_exact_words_confirm(form, confirmed):
    assert is_confirmation(form) is confirmed

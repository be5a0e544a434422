"""Old issues in the forms in which other products export them."""

# ruff: noqa: E501 - one line a file, as products write them

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syndicate.ingest.folder.issue_exports import SUFFIXES, OldIssue, read_issues
from syndicate.zip_files import read_files

BERLIN = ZoneInfo("Europe/Berlin")

SUBSTACK = {
    "posts.csv": "post_id,post_date,is_published,email_sent_at,inbox_sent_at,type,audience,title,subtitle,podcast_url\n"
    "101.first-light,2024-03-01T08:00:00.000Z,true,2024-03-01T08:05:00.000Z,,newsletter,everyone,First light,,\n"
    "102.for-members,2024-03-08T08:00:00.000Z,true,2024-03-08T08:00:00.000Z,,newsletter,only_paid,Secret,,\n"
    "103.a-draft,,false,,,newsletter,everyone,A draft,,\n"
    "104.about,2024-01-01T08:00:00.000Z,true,,,page,everyone,About,,\n"
    "105.gone,2024-03-10T08:00:00.000Z,true,,,newsletter,everyone,Gone,,\n",
    "posts/101.first-light.html": "<p>The harbour <strong>opens</strong>.</p>"
    '<p class="button-wrapper"><a class="button primary" href="%%checkout_url%%"><span>Subscribe now</span></a></p>'
    '<figure><img src="https://substackcdn.com/a.png" width="800" alt="Boats"></figure>'
    '<form class="subscription-widget"><input type="submit" value="Subscribe"></form>',
    "posts/102.for-members.html": "<p>Paid</p>",
    "posts/103.a-draft.html": "<p>Draft</p>",
    "posts/104.about.html": "<p>About</p>",
    "posts/101.first-light.opens.csv": "post_id,timestamp,email\n101,2024-03-01,a@example.org\n",
    "email_list.ada.csv": "email,active_subscription,created_at\na@example.org,false,2024-01-01\n",
}
GHOST = {
    "ada.ghost.2024-05-01.json": json.dumps(
        {
            "db": [
                {
                    "meta": {"version": "5.80.0"},
                    "data": {
                        "posts": [
                            {
                                "id": "6601", "uuid": "u1", "title": "Tides", "slug": "tides", "type": "post",
                                "html": '<p>Low <a href="__GHOST_URL__/more/">tide</a></p>'
                                '<img src="__GHOST_URL__/content/images/2024/05/a.jpg" alt="Sand" width="600">',
                                "status": "published", "visibility": "public",
                                "published_at": "2024-05-02T06:00:00.000Z", "created_at": "2024-04-01T00:00:00Z",
                            },
                            {"id": "6602", "title": "Paid", "slug": "p", "html": "<p>x</p>", "status": "sent",
                             "visibility": "paid", "published_at": "2024-05-03T06:00:00.000Z"},
                            {"id": "6603", "title": "Draft", "slug": "d", "html": "<p>x</p>", "status": "draft",
                             "visibility": "public", "created_at": "2024-05-03T06:00:00.000Z"},
                        ],
                        "posts_meta": [{"id": "m1", "post_id": "6601", "email_subject": "Tides and time"}],
                    },
                }
            ]
        }
    )
}  # fmt: skip
MAILCHIMP = {
    "campaigns/campaigns.csv": "Title,Subject,List,Send Date,Total Recipients,Unique Id\n"
    'June issue,Summer starts,Readers,"Jun 03, 2024 09:30 am",120,0a1b2c\n'
    'July issue,Heat,Readers,"Jul 01, 2024 02:15 pm",121,0d9e8f\n',
    "campaigns/campaigns_content/0a1b2c_june-issue.html": "<html><head><title>*|MC:SUBJECT|*</title></head><body>"
    '<span style="display:none; font-size:0px">*|MC_PREVIEW_TEXT|*</span><table role="presentation"><tbody><tr><td>'
    '<a href="*|ARCHIVE|*">View this email in your browser</a></td></tr><tr><td><h2>Hello *|FNAME|*</h2>'
    "<p>The beach is open.</p></td></tr><tr><td>"
    '<a href="*|UNSUB|*">unsubscribe from this list</a> <a href="*|UPDATE_PROFILE|*">update your preferences</a>'
    '<img src="https://ada.us1.list-manage.com/track/open.php?u=1" width="1" height="1"></td></tr></tbody></table>'
    "</body></html>",
    "campaigns/campaigns_content/july-issue.html": "<p>Stay in the shade.</p>",
    "templates/basic.html": "<p>Template</p>",
    "lists/members.csv": "Email Address,Subject,Date\na@example.org,x,2024-01-01\n",
}
BUTTONDOWN = {
    "emails/issue-001.md": "---\nid: em_1\nsubject: Hello\nemail_type: public\nstatus: sent\nslug: issue-001\n"
    "publish_date: 2024-01-15T10:00:00Z\ncanonical_url: https://ada.example/001\n---\n\n# Hello\n\nDear "
    "{{ subscriber.metadata.name }}, *welcome*. `{{ code }}` stays.\n\n[Unsubscribe]({{ unsubscribe_url }})\n",
    "emails/draft.md": "---\nsubject: Later\nstatus: draft\n---\n\nx\n",
    "emails/paid.md": "---\nsubject: Paid\nstatus: sent\nemail_type: premium\npublish_date: 2024-02-01\n---\n\nx\n",
}
LISTMONK = {
    "campaigns.json": json.dumps(
        {
            "data": {
                "results": [
                    {"id": 3, "uuid": "x", "type": "regular", "name": "n", "subject": "Wind", "status": "finished",
                     "body": "# Wind\n\nFrom the [west](https://a.example/@TrackLink).", "content_type": "markdown",
                     "started_at": "2024-06-01T07:00:00Z", "send_at": None, "created_at": "2024-05-01T07:00:00Z"},
                    {"id": 4, "type": "regular", "subject": "Rain", "status": "finished", "content_type": "html",
                     "body": '<p>Wet</p><p><a href="{{ UnsubscribeURL }}">Leave</a> {{ TrackView }}</p>',
                     "started_at": "2024-06-08T07:00:00Z"},
                    {"id": 5, "type": "optin", "subject": "Confirm", "status": "finished", "body": "<p>x</p>",
                     "started_at": "2024-06-09T07:00:00Z"},
                ],
                "total": 3,
            }
        }
    )
}  # fmt: skip
PLAIN = {
    "2023-04-05-spring.html": "<html><head><title>Spring</title></head><body><h1>Spring</h1><p>Green.</p></body></html>",
    "mail/autumn.eml": "From: Ada <ada@example.org>\nTo: list@example.org\nSubject: =?utf-8?q?Autumn_=E2=9C=93?=\n"
    "Date: Mon, 02 Oct 2023 08:00:00 +0200\nMessage-ID: <a@example.org>\nMIME-Version: 1.0\n"
    'Content-Type: multipart/alternative; boundary="b"\n\n--b\nContent-Type: text/plain\n\nBrown.\n--b\n'
    "Content-Type: text/html; charset=utf-8\n\n<p>Brown leaves. [link:subscription_unsubscribe_url]</p>\n--b--\n",
    "winter.md": "---\ntitle: Winter\ndate: 2023-12-01\n---\nWhite.\n",
}


def read(files: dict[str, str], old_site: str = "") -> tuple[dict[str, OldIssue], dict[str, str]]:
    issues, left_out = read_issues(((name, text.encode()) for name, text in files.items()), BERLIN, old_site)
    return {issue.subject: issue for issue in issues}, dict(left_out)


def test_substack_posts_that_everyone_may_read_are_issues():
    issues, left_out = read(SUBSTACK, "https://ada.substack.com/")
    issue = issues.pop("First light")
    assert not issues
    assert issue.published == datetime(2024, 3, 1, 8, 5, tzinfo=UTC)
    assert issue.url == "https://ada.substack.com/p/first-light"
    assert issue.html == (
        "<p>The harbour <strong>opens</strong>.</p>"
        '<figure><img src="https://substackcdn.com/a.png" width="800" alt="Boats"></figure>'
    )
    assert left_out == {
        "Secret": "audience: only_paid",
        "A draft": "is published: false",
        "About": "type: page",
        "Gone": "no text",
    }


def test_ghost_posts_are_issues_with_the_address_of_the_old_site():
    issues, left_out = read(GHOST, "https://ada.example")
    issue = issues["Tides and time"]
    assert issue.published == datetime(2024, 5, 2, 6, tzinfo=UTC)
    assert issue.url == "https://ada.example/tides"
    assert 'href="https://ada.example/more/"' in issue.html
    assert 'src="https://ada.example/content/images/2024/05/a.jpg"' in issue.html
    assert left_out == {"Paid": "visibility: paid", "Draft": "status: draft"}
    assert "content/images" not in read(GHOST)[0]["Tides and time"].html


LIVE = (
    "https://ada.us1.list-manage.com/unsubscribe?u=1&id=2&e=KEY",
    "https://ada.us1.list-manage.com/profile?u=1&e=KEY",
    "https://ada.substack.com/action/disable_email?token=KEY",
    "https://ada.example/unsubscribe/?uuid=KEY",
    "https://ada.example/?mailpoet_page=subscriptions&mailpoet_router&data=KEY",
    "https://lists.example/subscription/0a1b2c3d-1111-2222-3333-444455556666/KEY",
    "https://news.example/preferences/AbCdEfGhIjKlMnOpQrStUvWxYz012345KEY",
    "https://news.example/private/AbCdEfGhIjKlMnOpQrStUvWxYz012345KEY.rss",
    "mailto:leave@lists.example?subject=unsubscribe%20KEY",
)


@pytest.mark.parametrize("url", LIVE)
@pytest.mark.parametrize("kind", ["html", "plain"])
def test_a_copy_of_a_subscriber_loses_the_addresses_that_act_for_them(url: str, kind: str):
    shown = f'<p>Hello <a href="{url}">here</a>, {url}</p>' if kind == "html" else f"Hello: {url}"
    story = "https://ada.example/story?id=1"
    shown += f'<p><a href="{story}">A story</a></p>' if kind == "html" else f"\n\n{story}"
    head = (
        f"Subject: Old\nDate: Fri, 01 Mar 2024 08:00:00 +0000\nContent-Type: text/{kind}; charset=utf-8\n\n"
    )
    issue = read({"a.eml": head + shown})[0]["Old"]
    assert "KEY" not in issue.html + issue.text
    assert "https" not in issue.html.replace(story, "")
    assert "Hello" in issue.text
    assert story in issue.html


def test_mailchimp_campaigns_lose_their_merge_tags_and_layout():
    issues, left_out = read(MAILCHIMP)
    june, july = issues["Summer starts"], issues["Heat"]
    assert june.published == datetime(2024, 6, 3, 7, 30, tzinfo=UTC)
    assert july.published == datetime(2024, 7, 1, 12, 15, tzinfo=UTC)
    assert june.text == "Hello\n\nThe beach is open."
    assert "<table" not in june.html
    assert "list-manage" not in june.html
    assert july.html == "<p>Stay in the shade.</p>"
    assert left_out == {"templates/basic.html": "no table of the export lists it"}


def test_sentences_for_former_subscribers_leave_no_fragments():
    footer = (
        "<p>Dear *|FNAME|*,</p><p>Hello *|FNAME|* *|LNAME|*, the quay is open.</p><p>Thank you *|NAME|*.</p>"
        '<p><em>Copyright © *|CURRENT_YEAR|* *|LIST:COMPANY|*, All rights reserved.</em></p><img src="https://a.example/*|X|*.png" alt="Boat">'
        "<p>Our mailing address is:<br>*|HTML:LIST_ADDRESS_HTML|*</p>"
        '<p>Want to change how you receive these emails? You can <a href="*|UPDATE_PROFILE|*">update your preferences</a> '
        'or <a href="*|UNSUB|*">unsubscribe</a>.</p>'
    )
    issue = read({"2024-06-03-summer.html": f"<title>Summer</title>{footer}"})[0]["Summer"]
    assert issue.text == "Hello, the quay is open.\n\nThank you."
    assert 'src="https://a.example/.png"' in issue.html


def test_buttondown_emails_are_issues():
    issues, left_out = read(BUTTONDOWN)
    issue = issues["Hello"]
    assert (issue.published, issue.url) == (datetime(2024, 1, 15, 10, tzinfo=UTC), "https://ada.example/001")
    assert issue.html == "<p>Dear, <em>welcome</em>. <code>{{ code }}</code> stays.</p>"
    assert left_out == {"Later": "status: draft", "Paid": "email type: premium"}


def test_listmonk_campaigns_are_issues():
    issues, left_out = read(LISTMONK)
    assert list(issues) == ["Wind", "Rain"]
    assert 'href="https://a.example/"' in issues["Wind"].html
    assert issues["Rain"].html == "<p>Wet</p>"
    assert left_out == {"Confirm": "type: optin"}


def test_a_folder_of_pages_texts_and_mails_is_read(tmp_path: Path):
    for name, text in PLAIN.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, "utf-8")
    issues, left_out = read_issues(read_files(tmp_path, SUFFIXES), BERLIN)
    assert not left_out
    assert [(issue.subject, f"{issue.published:%Y-%m-%d %H:%M}", issue.text) for issue in issues] == [
        ("Spring", "2023-04-04 22:00", "Green."),
        ("Autumn ✓", "2023-10-02 06:00", "Brown leaves."),
        ("Winter", "2023-11-30 23:00", "White."),
    ]


def test_an_archive_and_its_folder_give_the_same_issues(tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        for name, text in SUBSTACK.items():
            archive.writestr(name, text)
    issues, _ = read_issues(read_files(tmp_path / "export.zip", SUFFIXES), BERLIN)
    assert issues == list(read(SUBSTACK)[0].values())


def test_scripts_styles_and_foreign_schemes_do_not_survive():
    page = '<title>T</title><p style="color:red" onclick="x()">Text<script>x()</script><a href="javascript:x()">a</a></p>'
    (issue,) = read({"2024-01-01.html": page})[0].values()
    assert issue.html == '<p>Text<a rel="noopener">a</a></p>'


@pytest.mark.parametrize("front", ["", "---\ndate: 2024-06-01\n---\n"])
def test_without_a_subject_the_heading_of_a_markdown_file_is_the_subject(front):
    issues, left_out = read({"2024-06-01.md": f"{front}# Summer *begins*\n\nWarm.\n"})
    assert left_out == {}
    assert issues["Summer begins"].html == "<p>Warm.</p>"


def test_a_part_of_a_mail_needs_no_headers():
    head = "Subject: Bare\nDate: Mon, 02 Oct 2023 08:00:00 +0200\nMIME-Version: 1.0\n"
    mail = f'{head}Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nOnly *text*.\n--b--\n'
    assert "Only" in read({"a.eml": mail})[0]["Bare"].text


def test_issues_of_two_products_may_have_the_same_id():
    texts = ("subject: Old\ndate: 2023-01-01", "subject: New\ndate: 2024-01-01")
    old, new = (next(iter(read({"1.md": f"---\nid: 1\n{text}\n---\nx\n"})[0].values())) for text in texts)
    assert old.key != new.key


def test_two_entries_with_an_id_are_one_issue():
    files = {f"{name}.md": f"---\nid: 1\nsubject: {name}\ndate: 2024-01-01\n---\nx\n" for name in "ab"}
    issues, left_out = read(files)
    assert list(issues) == ["a"]
    assert left_out == {"b": "the same id as 'a'"}


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.json", b"{"),
        ("a.json", b"[" * 100_000),
        ("a.json", b'{"db": [1]}'),
        ("a.json", b'{"data": {"posts": [1, null]}}'),
        ("a.json", b'{"data": {"posts": [{}], "posts_meta": 3}}'),
        ("a.csv", b'title,date\n"' + b"x" * 3_000_000),
        ("a.csv", b"\x00\x00title,date\n"),
        ("a.md", b"---\n: :\n---\n"),
        ("a.eml", b"\xff\xfe"),
        ("a.eml", b"Subject: a\nContent-Type: text/html; charset=no-such\n\n<p>x"),
        ("a.html", b""),
        ("a.html", b"<a " * 200_000),
        ("a.html", b"<div style='display:none'>" * 50_000),
        ("a.html", b"*|" * 500_000),
        ("a.html", b"<title>x</title>" + b"<a href='%%x%%'" * 100_000),
    ],
)
@pytest.mark.sampled(5)
def test_a_broken_file_is_left_out_with_a_reason(name: str, data: bytes):
    issues, left_out = read_issues([(name, data)], BERLIN)
    assert not issues
    assert all(reason for _, reason in left_out)


@given(st.binary(max_size=200), st.sampled_from(sorted(SUFFIXES)))
def test_no_bytes_raise(data: bytes, suffix: str):
    read_issues([(f"2024-01-01{suffix}", data)], BERLIN)

"""Keys, bounces and the doctor, as an operator meets them."""

import stat
from pathlib import Path

import pytest

from syndicate.cli.operate import doctor
from tests.cli.conftest import Run
from tests.delivery.bounce_messages import notification
from tests.empty_stores import write_empty_store

CONFIG = """
[site]
url = "https://news.example"
[mail]
from = "News <news@news.example>"
address = "1 Pier Road"
"""


@pytest.fixture
def configured(run: Run, tmp_path: Path) -> Run:
    (tmp_path / "config.toml").write_text(CONFIG)
    write_empty_store(tmp_path)
    return run


@pytest.mark.parametrize("kind", ["rsa", "ed25519"])
def test_K7_a_new_key_is_ours_alone_and_never_overwritten(configured: Run, tmp_path: Path, kind: str) -> None:
    made = configured(f"dkim new --json --kind {kind} key.pem").json
    assert made["name"] == f"{kind}._domainkey.news.example"
    assert made["record"].startswith(f"v=DKIM1; k={kind}; p=")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    before = (tmp_path / "key.pem").read_bytes()
    again = configured(f"dkim new --kind {kind} key.pem")
    assert (again.code, "exists already" in again.err) == (3, True)
    assert (tmp_path / "key.pem").read_bytes() == before


def test_the_record_is_printed_in_strings_that_dns_can_hold(configured: Run) -> None:
    lines = configured("dkim new key.pem").out.splitlines()
    strings = [line.strip()[1:-1] for line in lines if line.startswith('  "')]
    assert len(strings) == 2
    assert max(map(len, strings)) <= 255


def test_a_key_that_cannot_be_read_stops_sending_with_its_name(configured: Run, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG + 'dkim_rsa_key = "missing.pem"\n')
    ended = configured("doctor")
    assert (ended.code, "missing.pem" in ended.err) == (3, True)


def test_the_doctor_says_what_is_bad_and_exits_1(configured: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    zone = {("news.example", "TXT"): ["v=spf1 mx -all"], ("_dmarc.news.example", "TXT"): ["v=DMARC1; p=none"]}
    monkeypatch.setattr(doctor, "lookup", lambda name, kind: zone.get((name, kind), []))
    fine = configured("doctor --json")
    assert fine.code == 0
    assert {one["name"]: one["good"] for one in fine.json["findings"]} == {
        "SPF": True,
        "DKIM": None,
        "DMARC": True,
        "alignment": True,
        "bounces": None,
        "TLS": None,
        "unsubscribe": None,
    }
    zone.clear()
    bad = configured("doctor")
    assert bad.code == 1
    assert "BAD" in bad.out
    assert max(map(len, bad.out.splitlines())) <= 80


def test_the_doctor_asks_nothing_about_the_senders_domain_of_the_example(
    configured: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(name: str, kind: str) -> list[str]:
        raise AssertionError(f"{kind} of {name} was asked for")

    monkeypatch.setattr(doctor, "lookup", fail)
    (tmp_path / "config.toml").write_text(CONFIG.replace("news@news.example", "news@example.com"))
    ended = configured("doctor --json")
    found = {one["name"]: one["good"] for one in ended.json["findings"]}
    assert (ended.code, found) == (1, {"sender": False, "TLS": None, "unsubscribe": None})


def test_a_pipe_reads_one_message(configured: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "message").write_bytes(notification("bounces+1-" + "0" * 20 + "@news.example", "5.1.1"))
    with (tmp_path / "message").open() as opened:
        monkeypatch.setattr("sys.stdin", opened)
        assert configured("bounces read --json").json == {"outcome": "forged"}
    assert "Bounces: 1 ignored\n" in configured("status").out
    assert configured("status --json").json["bounces"] == {"ignored": 1}


def test_collecting_needs_a_mailbox_that_is_one(configured: Run, tmp_path: Path) -> None:
    assert configured("bounces collect").code == 3
    (tmp_path / "config.toml").write_text(CONFIG + '[bounces]\nmaildir = "box"\n')
    assert configured("bounces collect").code == 1
    for name in ("new", "cur", "tmp"):
        (tmp_path / "box" / name).mkdir(parents=True)
    assert configured("bounces collect").out == "0 messages.\n"

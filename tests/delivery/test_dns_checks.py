"""What the doctor finds, with answers of our own."""

from pathlib import Path
from typing import Any

import pytest

from syndicate.delivery import dns_checks
from syndicate.delivery.dkim_keys import load_key, new_key
from syndicate.errors import FetchError
from syndicate.net.dns import Lookup

Zone = dict[tuple[str, str], list[str]]


def resolver(zone: Zone) -> Lookup:
    return lambda name, kind: zone.get((name, kind), [])


@pytest.mark.parametrize(
    ("records", "good"),
    [
        (["v=spf1 include:relay.example -all"], True),
        (["v=spf1 ip4:192.0.2.1 ~all", "other text"], True),
        (["v=spf1 redirect=_spf.relay.example"], True),
        ([], False),
        (["v=spf1 -all", "v=spf1 mx -all"], False),
        (["v=spf1 mx"], False),
        (["v=spf1 +all"], False),
        (["v=spf1 " + " ".join(f"include:s{n}.example" for n in range(11)) + " -all"], False),
        (["v=spf10 -all"], False),
        (["v=spf1 -all"], False),
        (["v=spf1 -ip4:192.0.2.1 ?mx ~all"], False),
    ],
)
def test_B1_spf(records: list[str], good: bool) -> None:
    assert dns_checks.check_spf("news.example", resolver({("news.example", "TXT"): records})).good is good


@pytest.mark.parametrize(
    ("name", "record", "good"),
    [
        ("_dmarc.mail.news.example", "v=DMARC1; p=none", True),
        ("_dmarc.news.example", "v=DMARC1; p=reject; rua=mailto:x@y", True),
        ("_dmarc.mail.news.example", "v=DMARC1; rua=mailto:x@y", False),
        ("_dmarc.example", "v=DMARC1; p=none", False),
    ],
)
def test_B1_dmarc(name: str, record: str, good: bool) -> None:
    assert dns_checks.check_dmarc("mail.news.example", resolver({(name, "TXT"): [record]})).good is good


@pytest.mark.parametrize(
    ("record", "envelope", "signing", "good"),
    [
        ("v=DMARC1; p=reject; adkim=s; aspf=s", "mailer.other.org", ["unrelated.net"], False),
        ("v=DMARC1; p=reject; adkim=s; aspf=s", "mail.news.example", ["mail.news.example"], False),
        ("v=DMARC1; p=reject; adkim=s", "mail.news.example", ["unrelated.net"], True),
        ("v=DMARC1; p=reject; aspf=s", "mail.news.example", ["mail.news.example"], True),
        ("v=DMARC1; p=none", "mailer.other.org", ["news.example"], True),
        ("v=DMARC1; p=none", "mailer.other.org", [], None),
        ("", "news.example", [], True),
        ("", "mailer.other.org", ["unrelated.net"], False),
    ],
)
def test_B1_dmarc_needs_a_domain_that_is_that_in_from(
    record: str, envelope: str, signing: list[str], good: bool | None
) -> None:
    zone: Zone = {("_dmarc.news.example", "TXT"): [record]} if record else {}
    assert dns_checks.check_alignment("news.example", envelope, signing, resolver(zone)).good is good


@pytest.mark.parametrize(("zone", "good"), [("_dmarc.news.co.uk", True), ("_dmarc.co.uk", False)])
def test_B1_two_domains_under_one_policy_are_one_organisation(zone: str, good: bool) -> None:
    record = "v=DMARC1; p=none" if good else "v=DMARC1; p=none; psd=y"
    asked = resolver({(zone, "TXT"): [record]})
    assert dns_checks.check_alignment("a.news.co.uk", "b.news.co.uk", ["x.net"], asked).good is good


def test_K_dkim_compares_the_record_with_the_file(tmp_path: Path) -> None:
    keys = []
    for kind in ("rsa", "ed25519"):
        (tmp_path / kind).write_bytes(new_key(kind))
        keys.append(load_key(tmp_path / kind, domain="news.example", selector=kind))
    names = [(f"{kind}._domainkey.news.example", "TXT") for kind in ("rsa", "ed25519")]
    right: Zone = {names[0]: [keys[0].record.replace("; ", ";")], names[1]: [keys[1].record]}
    assert [check.good for check in dns_checks.check_dkim(keys, resolver(right))] == [True, True]
    wrong: Zone = {names[0]: [keys[1].record]}
    found = dns_checks.check_dkim(keys, resolver(wrong))
    assert [check.good for check in found] == [False, False]
    assert "another key" in found[0].detail
    assert keys[1].record in found[1].detail
    assert [check.good for check in dns_checks.check_dkim([], resolver({}))] == [None]


@pytest.mark.parametrize(
    ("zone", "good"),
    [
        ({("mx.example", "A"): ["8.8.8.8"], ("8.8.8.8", "PTR"): ["mx.example"]}, True),
        ({("mx.example", "A"): ["8.8.8.8"], ("8.8.8.8", "PTR"): ["dyn.example"]}, False),
        ({("mx.example", "A"): ["8.8.8.8"]}, False),
        ({("mx.example", "A"): ["10.0.0.1"]}, None),
        ({}, False),
    ],
)
def test_B2_names_lead_to_addresses_and_back(zone: Any, good: bool | None) -> None:
    assert dns_checks.check_names("mx.example", resolver(zone)).good is good
    assert dns_checks.check_names("127.0.0.1", resolver({})).good is None


def test_bounces_need_somebody_who_takes_them() -> None:
    zone: Zone = {("news.example", "MX"): ["10 mx.news.example"]}
    assert dns_checks.check_bounces("bounces@news.example", resolver(zone)).good is True
    assert dns_checks.check_bounces("bounces@other.example", resolver(zone)).good is False
    assert dns_checks.check_bounces("", resolver(zone)).good is None


def test_a_resolver_that_does_not_answer_is_a_finding_and_not_an_end() -> None:
    def silent(name: str, kind: str) -> list[str]:
        raise FetchError("no name server answered")

    found = dns_checks.checked(lambda: dns_checks.check_spf("news.example", silent))
    assert (found.good, found.detail) == (False, "no name server answered")

"""The ``doctor`` command: checks of DNS, TLS and unsubscribing, as receivers of mail make them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial

import click

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.cli.operate.setup import check_report
from syndicate.cli.options import Call, common_options
from syndicate.cli.output import table
from syndicate.delivery import dns_checks
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.dns_checks import DnsCheck, checked
from syndicate.delivery.smtp.sender import connect
from syndicate.errors import FetchError
from syndicate.jobs.admin.system.system_views import Finding
from syndicate.jobs.delivery.markers import has_inodes
from syndicate.jobs.delivery.restore_guard import hold_text
from syndicate.net.dns import Lookup, lookup
from syndicate.net.http_types import PAGE_ACCEPT, Fetched, FetchRequest
from syndicate.newsletter.lint.mail_page import Element, MailPage
from syndicate.services import Services
from syndicate.services.mail_services import envelope_domain, mail_domain, sender_is_set, smtp_options
from syndicate.settings import Settings
from syndicate.store.leases import leases
from syndicate.store.subscribers import audience_store
from syndicate.web.readers.link_routes import is_confirmation

_MARKS = {True: "ok", False: "BAD", None: "-"}
_LEVELS = {True: "good", False: "bad", None: "off"}


@click.command()
@common_options
def doctor(call: Call) -> None:
    """Check SPF, DKIM, DMARC, alignment, PTR, TLS, SMTP login and unsubscribing."""
    with call.services() as services:
        findings = examine(services, lookup)
    rows = [(name, _MARKS[check.good], check.detail) for name, check in findings]
    answer = {"findings": [{"name": name, **check._asdict()} for name, check in findings]}
    call.show(answer, lambda: table(("check", "", "found"), rows))
    if any(check.good is False for _, check in findings):
        raise SystemExit(1)


def examine(services: Services, ask: Lookup) -> list[tuple[str, DnsCheck]]:
    """Run every check; return each with its name. ``ask`` looks up DNS records."""
    settings, findings = services.settings, list[tuple[str, DnsCheck]]()
    for brand in services.brands:
        branded = settings.branded(brand.name)
        if sender_is_set(branded):
            found = _check_domains(branded, services.dkim_keys(brand.name), ask)
        else:
            detail = "[mail] from is still the example's: write your sender's address"
            found = [("sender", DnsCheck(good=False, detail=detail))]
        findings += [(f"{brand.name} {name}".lstrip(), check) for name, check in found]
    for server in dict.fromkeys(brand.sender for brand in services.brands):
        branded = settings.branded(server)
        if settings.mail.transport == "smtp":
            names = partial(dns_checks.check_names, branded.mail.host, ask)
            checks = [("PTR", checked(names)), ("TLS", checked(partial(_check_server, branded)))]
        else:
            checks = [("TLS", DnsCheck(None, '[mail] transport is "folder": nothing is sent'))]
        findings += [(f"{server} {name}".lstrip(), check) for name, check in checks]
    if backups := _check_backups(services):
        findings.append(("backups", backups))
    findings.append(("unsubscribe", checked(lambda: _check_unsubscribing(services))))
    return findings


def _check_domains(settings: Settings, keys: Sequence[DkimKey], ask: Lookup) -> list[tuple[str, DnsCheck]]:
    """Check the DNS records of a sender's domains."""
    domain, envelope = mail_domain(settings), envelope_domain(settings)
    signing = [key.domain for key in keys]
    return [
        ("SPF", checked(lambda: dns_checks.check_spf(envelope, ask))),
        *(("DKIM", check) for check in dns_checks.check_dkim(keys, ask)),
        ("DMARC", checked(lambda: dns_checks.check_dmarc(domain, ask))),
        ("alignment", checked(lambda: dns_checks.check_alignment(domain, envelope, signing, ask))),
        ("bounces", checked(lambda: dns_checks.check_bounces(settings.bounces.address, ask))),
    ]


def _check_backups(services: Services) -> DnsCheck | None:
    """Check that a restored backup would be detected; ``None`` without SMTP."""
    guard = services.guard
    files = [file.database for file in guard.markers if file.database]
    good, detail = None, "a restored or copied store is detected before it sends"
    if hold := guard.check_markers(datetime.now(UTC)):
        good, detail = False, hold_text(hold)
    elif problems := guard.problems():
        detail = problems[0]
    elif all(map(has_inodes, files)):
        good = True
    else:
        detail = f"the file system of {files[0]} has no stable inode numbers: a copied folder is not detected"
    return DnsCheck(good, detail) if guard.markers or hold else None


def _check_server(settings: Settings) -> DnsCheck:
    """Connect with TLS and log in; send no mail."""
    options = smtp_options(settings)
    connection, features = connect(options)
    connection.close()
    local = options.host in ("localhost", "127.0.0.1", "::1")
    good = options.tls != "none" or local
    without = "no TLS, which is not needed on this machine" if local else "no TLS"
    encryption = {"starttls": "STARTTLS", "tls": "TLS", "none": without}[options.tls]
    speed = "" if features.pipelining else "; no PIPELINING, so each message takes four round trips"
    return DnsCheck(good, f"{options.host}:{options.port}: {encryption}{speed}")


def _check_unsubscribing(services: Services) -> DnsCheck:
    """Check that a valid unsubscribe link shows the button and an invalid link does not. Changes nothing."""
    settings = services.settings
    if not settings.web.listen:
        return DnsCheck(None, "[web] listen is empty: readers can only unsubscribe by mail")
    if not settings.site.url.startswith("https://"):
        return DnsCheck(
            good=False, detail=f"{settings.site.url} is not https, so mail programs offer no one-click button"
        )
    with services.store.read() as connection:
        subscription = audience_store.any_subscription(connection)
        secret = leases.read_secret(connection)
    if subscription is None:
        return DnsCheck(None, "there is no subscription yet, so there is no link to try")
    return try_link(services, f"{settings.site.url}/unsubscribe/", unsubscribe_token(secret, subscription))


def try_link(services: Services, page: str, token: str) -> DnsCheck:
    """Check that the link with a token shows the button, and the link with a wrong token does not.

    ``page`` ends in a slash.
    """
    urls = page + token, page + token[:-1] + ("A" if token[-1] != "A" else "B")
    requests = [FetchRequest(url=url, accept=PAGE_ACCEPT, private=True, key=url) for url in urls]
    answers = {request.key: answer for request, answer in services.fetcher.fetch_each(requests)}
    right, wrong = (answers[url] for url in urls)

    def found(detail: str, *, good: bool = False) -> DnsCheck:
        # The URL contains a reader's token, so it is not shown.
        return DnsCheck(good, f"{page}… {detail}")

    if isinstance(right, FetchError):
        reason = f"status {right.status}" if right.status else str(right).replace(token, "…")
        return found(f"does not answer: {reason}")
    if right.url != urls[0]:
        return found("redirects, and mail programs do not follow (RFC 8058)")
    if not _has_button(right.body) or isinstance(wrong, Fetched):
        return found("answers with another page: check the proxy in front of the web server")
    return found("shows the button, and a wrong link does not", good=True)


def _has_button(body: bytes) -> bool:
    """Return true if a page has a form with the unsubscribe button."""
    return any(
        is_confirmation({element.attributes.get("name", ""): element.attributes.get("value", "")})
        for element in MailPage(body.decode("utf-8", "replace")).elements
        if element.tag in ("button", "input") and _is_posted(element)
    )


def _is_posted(element: Element | None) -> bool:
    """Return true for an element inside a form with the method POST."""
    while element is not None and element.tag != "form":
        element = element.parent
    return element is not None and element.attributes.get("method", "").lower() == "post"


def health_findings(services: Services, now: datetime) -> Sequence[Finding]:
    """Run ``check`` on the file as it is now, and ``doctor`` with the settings in force."""
    report = check_report(services.settings.path(services.settings.file), now)
    configured = [Finding("configuration", "bad", problem) for problem in report.problems]
    configured += [Finding("configuration", "warn", note) for note in report.notes]
    if not report.problems:
        configured.insert(0, Finding("configuration", "good", f"{services.settings.file} is fine"))
    found = examine(services, lookup)
    return [*configured, *(Finding(name, _LEVELS[check.good], check.detail) for name, check in found)]

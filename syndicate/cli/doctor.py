"""Is mail from here likely to arrive? What receivers look at, asked the way they ask."""

from pathlib import Path

import click

from syndicate.audience.tokens import unsubscribe_token
from syndicate.cli.frame import config_option, json_option, services_of, show, table
from syndicate.delivery import checkup
from syndicate.delivery.checkup import Finding
from syndicate.delivery.smtp import connect
from syndicate.errors import FetchError
from syndicate.net.dns import Lookup, lookup
from syndicate.net.exchange import FetchRequest
from syndicate.services import Services
from syndicate.services.mail import mail_domain, smtp_options
from syndicate.store import audience, leases

_MARKS = {True: "well", False: "BAD", None: "-"}


@click.command()
@config_option
@json_option
def doctor(config: Path, as_json: bool) -> None:
    """Check SPF, DKIM, DMARC, PTR, TLS and login of the mail server, and the way to unsubscribe."""
    with services_of(config) as (_, services):
        findings = examine(services, lookup)
    rows = [(one.name, _MARKS[one.good], one.detail) for one in findings]
    answer = {"findings": [{"name": one.name, "good": one.good, "detail": one.detail} for one in findings]}
    show(answer, as_json, lambda: table(("check", "", "found"), rows))
    if any(one.good is False for one in findings):
        raise SystemExit(1)


def examine(services: Services, ask: Lookup) -> list[Finding]:
    """Every check; ``ask`` answers questions about names."""
    settings, domain = services.settings, mail_domain(services.settings)
    findings = [
        checkup.checked("SPF", lambda: checkup.check_spf(domain, ask)),
        *checkup.check_dkim(services.dkim_keys, ask),
        checkup.checked("DMARC", lambda: checkup.check_dmarc(domain, ask)),
        checkup.checked("bounces", lambda: checkup.check_bounces(settings.bounces.address, ask)),
    ]
    if settings.mail.transport == "smtp":
        findings.append(checkup.checked("PTR", lambda: checkup.check_names(settings.mail.host, ask)))
        findings.append(checkup.checked("TLS", lambda: _check_server(services)))
    else:
        detail = '[mail] transport is "folder": nothing is sent'
        findings.append(Finding(name="TLS", good=None, detail=detail))
    findings.append(checkup.checked("unsubscribe", lambda: _check_unsubscribing(services)))
    return findings


def _check_server(services: Services) -> Finding:
    """A whole greeting with TLS and login, and no mail."""
    options = smtp_options(services.settings)
    connection, features = connect(options)
    connection.close()
    local = options.host in ("localhost", "127.0.0.1", "::1")
    safe = options.tls != "none" or local
    said = {"starttls": "STARTTLS", "tls": "TLS", "none": "no TLS"}[options.tls]
    speed = "" if features.pipelining else "; no PIPELINING, so each message takes four round trips"
    return Finding(name="TLS", good=safe, detail=f"{options.host}:{options.port}: {said}{speed}")


def _check_unsubscribing(services: Services) -> Finding:
    """The page behind a real link is there; asking for it changes nothing."""
    settings = services.settings

    def found(good: bool | None, detail: str) -> Finding:
        return Finding(name="unsubscribe", good=good, detail=detail)

    if not settings.web.listen:
        return found(None, "[web] listen is empty: readers can only unsubscribe by mail")
    if not settings.site.url.startswith("https://"):
        return found(False, f"{settings.site.url} is not https, so mail programs offer no one-click button")
    with services.store.read() as connection:
        subscription = audience.any_subscription(connection)
        secret = leases.secret(connection)
    if subscription is None:
        return found(None, "there is no subscription yet to try a link of")
    url = f"{settings.site.url}/unsubscribe/{unsubscribe_token(secret, subscription)}"
    ((_, answer),) = services.fetcher.fetch_each([FetchRequest(url=url)])
    if isinstance(answer, FetchError):
        # The address holds a reader's token, so only the status is shown.
        reason = f"status {answer.status}" if answer.status else type(answer).__name__
        return found(False, f"{settings.site.url}/unsubscribe/… does not answer as it should: {reason}")
    return found(True, f"{settings.site.url}/unsubscribe/… answers")

"""Options of the mail server, and options of a newsletter's mails."""

from collections.abc import Iterator, Sequence
from urllib.parse import quote

from syndicate.audience.mailbox_address import parse_mailbox
from syndicate.delivery.bounce_mailboxes import ImapOptions, read_imap, read_maildir
from syndicate.delivery.dkim_signing import DkimKey
from syndicate.delivery.message import MailOptions
from syndicate.delivery.smtp.bounded_smtp import SmtpOptions
from syndicate.delivery.webhooks.event_formats import FORMATS
from syndicate.model import archive_folder
from syndicate.newsletter.story_views import TOKEN
from syndicate.settings import Settings
from syndicate.text.urls import is_loopback


def smtp_options(settings: Settings) -> SmtpOptions:
    """Return the options of the SMTP connection."""
    mail = settings.mail
    return mail.as_options(
        SmtpOptions, password=mail.password.get_secret_value(), domain=mail_domain(settings)
    )


def bounce_messages(settings: Settings) -> Iterator[bytes]:
    """Yield the messages in the bounce mailboxes."""
    bounces = settings.bounces
    if bounces.maildir:
        yield from read_maildir(settings.path(bounces.maildir))
    if bounces.host:
        password = bounces.password.get_secret_value()
        yield from read_imap(bounces.as_options(ImapOptions, password=password))


def mail_domain(settings: Settings) -> str:
    """Return the domain of the sender's address."""
    return _domain(parse_mailbox(settings.mail.sender).address.display)


def sender_is_set(settings: Settings) -> bool:
    """Return true if the sender's address is not the example's."""
    return not settings.mail.sender.rstrip("> ").endswith(("@example.com", ".example.com"))


def envelope_domain(settings: Settings) -> str:
    """Return the envelope sender's domain, whose SPF record receivers check."""
    return _domain(settings.bounces.address) or mail_domain(settings)


def newsletter_mail(settings: Settings, name: str, title: str, keys: Sequence[DkimKey]) -> MailOptions:
    """Return the options that all mails of a newsletter share, from the settings of its brand."""
    mail, site = settings.mail, settings.site
    sender = parse_mailbox(mail.sender)
    is_open = settings.sign_up.enabled and readers_reach(settings)
    return MailOptions(
        sender_name=sender.name or site.title,
        sender_address=sender.address.display,
        newsletter_title=title,
        domain=_domain(sender.address.display),
        placeholder=TOKEN,
        unsubscribe_address=_reply_address(settings),
        unsubscribe_url=_unsubscribe_page(settings),
        reply_to=mail.reply_to,
        site_url=f"{site.url}/site/",
        archive_url=f"{site.url}/{quote(archive_folder(name))}/",
        subscribe_url=f"{site.url}/subscribe?newsletter={quote(name)}" if is_open else "",
        bounce_address=settings.bounces.address,
        list_domain=mail.list_domain,
        keys=keys,
        tag_headers=tuple(filter(None, (FORMATS[name].tag_header for name in settings.webhooks.providers()))),
    )


def dkim_keys(settings: Settings) -> tuple[DkimKey, ...]:
    """Return the keys that sign mail. Raises ``ConfigError`` for an unusable key file."""
    mail = settings.mail
    domain = mail.dkim_domain or mail_domain(settings)
    keys = ((mail.dkim_rsa_key, mail.dkim_rsa_selector), (mail.dkim_ed25519_key, mail.dkim_ed25519_selector))
    files = [(settings.path(file), selector) for file, selector in keys if file]
    if not files:
        return ()
    from syndicate.delivery.dkim_keys import load_key

    return tuple(load_key(file, domain=domain, selector=selector) for file, selector in files)


def unsubscribe_link(settings: Settings) -> str:
    """Return the unsubscribe link: a page of the web server, or ``mailto:`` if readers cannot reach it."""
    page = _unsubscribe_page(settings)
    return page or f"mailto:{_reply_address(settings)}?subject=unsubscribe%20{TOKEN}"


def preferences_link(settings: Settings) -> str:
    """Return the link to the preferences page, or ``""`` if readers cannot reach the web server."""
    return f"{settings.site.url}/preferences/{TOKEN}" if readers_reach(settings) else ""


def readers_reach(settings: Settings) -> bool:
    """Return true if links in mails reach the web server: it runs at a URL valid on other machines.

    Mail in an outbox folder is read on this machine, where a local URL is valid.
    """
    is_local = is_loopback(settings.site.url) and settings.mail.transport == "smtp"
    return bool(settings.web.listen) and not is_local


def web_routes(settings: Settings) -> frozenset[str]:
    """Return the first segments of paths that the web server serves without a file; "" is the root."""
    if not settings.web.listen:
        return frozenset({""})
    readers = {"unsubscribe", "preferences", "private"} | (
        {"subscribe", "confirm"} if settings.sign_up.enabled else set()
    )
    return frozenset({"", "desk", "healthz", "hooks", "readyz", "websub"} | readers)


def _unsubscribe_page(settings: Settings) -> str:
    return f"{settings.site.url}/unsubscribe/{TOKEN}" if readers_reach(settings) else ""


def _reply_address(settings: Settings) -> str:
    return parse_mailbox(settings.mail.reply_to or settings.mail.sender).address.display


def _domain(address: str) -> str:
    return address.rpartition("@")[2]

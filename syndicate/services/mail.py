"""How mail leaves, and what all mails of a newsletter have in common."""

from syndicate.audience.addresses import parse_mailbox
from syndicate.delivery.folder import FolderTransport
from syndicate.delivery.message import MailOptions
from syndicate.delivery.smtp import SmtpOptions, SmtpTransport
from syndicate.jobs.deliver import Transport
from syndicate.newsletter.render import TOKEN
from syndicate.settings import Settings


def mail_transport(settings: Settings) -> Transport:
    """A new connection to where mail goes."""
    mail = settings.mail
    if mail.transport == "folder":
        return FolderTransport(settings.path(mail.folder))
    return SmtpTransport(
        SmtpOptions(
            host=mail.host,
            port=mail.port,
            tls=mail.tls,
            username=mail.username,
            password=mail.password.get_secret_value(),
            domain=_domain(parse_mailbox(mail.sender).address.display),
        )
    )


def newsletter_mail(settings: Settings, title: str) -> MailOptions:
    """What all mails of the newsletter with that title have in common."""
    mail, site = settings.mail, settings.site
    sender = parse_mailbox(mail.sender)
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
    )


def unsubscribe_link(settings: Settings) -> str:
    """Where the footer's link leads: ``run``'s web server, or a mail when there is none."""
    page = _unsubscribe_page(settings)
    return page or f"mailto:{_reply_address(settings)}?subject=unsubscribe%20{TOKEN}"


def _unsubscribe_page(settings: Settings) -> str:
    return f"{settings.site.url}/unsubscribe/{TOKEN}" if settings.web.listen else ""


def _reply_address(settings: Settings) -> str:
    return parse_mailbox(settings.mail.reply_to or settings.mail.sender).address.display


def _domain(address: str) -> str:
    return address.rpartition("@")[2]

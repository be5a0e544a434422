"""Plain-text mails by the program itself, sent directly: beside the queue and its pauses."""

from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, formatdate, make_msgid

from syndicate.delivery.mail_headers import header_text
from syndicate.delivery.outgoing import Message, OutgoingMail, Sender, send_one


def send_plain_mail(
    sender: Sender, mailbox: tuple[str, str], to: str, subject: str, text: str, *, envelope: str = ""
) -> None:
    """Send a text from a mailbox (name, address); bounces go to ``envelope``. Raises ``MailError``."""
    name, address = mailbox
    mail = EmailMessage(policy=SMTP)
    mail["From"] = formataddr((header_text(name, 100), address))
    mail["To"], mail["Subject"] = to, header_text(subject, 200)
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=address.rpartition("@")[2])
    mail["Auto-Submitted"] = "auto-generated"
    # No line of Base64 begins with a dot.
    mail.set_content(text, cte="base64")
    message = Message.of(bytes(mail))
    out = OutgoingMail(key=0, sender=envelope or address, recipient=to, render=lambda: message)
    send_one(sender, out)

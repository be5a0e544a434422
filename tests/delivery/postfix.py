"""A real Postfix on loopback, with configuration, queue and mailboxes of its own; nothing leaves the machine.

Everybody at example.net and example.com has a Maildir, but: ``nosuch`` is refused as unknown, ``full`` as
over quota, ``slow`` for now; ``late`` is accepted, and then a real notification (RFC 3464) comes.
"""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/spool
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {programs}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.test.invalid
mydestination =
mynetworks = 127.0.0.0/8
default_transport = error:5.4.4 nothing leaves this machine
relay_transport = error:5.4.4 nothing leaves this machine
smtp_dns_support_level = disabled
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/etc/server.pem
smtpd_forbid_bare_newline = yes
notify_classes =
virtual_mailbox_domains = example.net, example.com
virtual_mailbox_base = {folder}/mailboxes
virtual_mailbox_maps = regexp:{folder}/etc/mailboxes
virtual_minimum_uid = 1000
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{user}
recipient_delimiter = +
smtpd_recipient_restrictions =
    check_recipient_access inline:{{
        {{ full@example.net = 552 5.2.2 mailbox full }},
        {{ slow@example.net = 450 4.7.1 try later }} }},
    permit_mynetworks, reject
transport_maps = inline:{{ {{ late@example.net = late: }} }}
"""
_SERVICES = (
    *("pickup unix n - n 60 1 pickup", "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr"),
    *("tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite"),
    *("bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce"),
    *("proxymap unix - - n - - proxymap", "error unix - - n - - error", "retry unix - - n - - error"),
    *(
        "virtual unix - n n - - virtual",
        "anvil unix - - n - 1 anvil",
        "postlog unix-dgram n - n - 1 postlogd",
    ),
    # Exit code 67 means "no such user".
    "late unix - n n - - pipe\n    flags=Rq user=nobody argv=/bin/sh -c { echo no mailbox; exit 67 }",
)
_USER = 65534


@dataclass(frozen=True, slots=True, kw_only=True)
class Postfix:
    """A running server."""

    port: int
    folder: Path

    def maildir(self, domain: str) -> Path:
        """Where mail for everybody at a domain arrives."""
        return self.folder / "mailboxes" / domain

    def wait_for(self, words: str, count: int) -> None:
        """Read the log until it has said something so often."""
        follow = ["tail", "-n", "+1", "-F", str(self.folder / "mail.log")]
        with subprocess.Popen(follow, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as log:
            assert log.stdout is not None
            left = count
            while left:
                left -= words in log.stdout.readline()
            log.terminate()


def why_not() -> str:
    """``""``, or why there can be no Postfix here."""
    if shutil.which("postfix") is None:
        return "Postfix is not installed: apt install postfix"
    if os.geteuid():
        return "only root can start Postfix"
    try:
        pwd.getpwnam("postfix")
        grp.getgrnam("postdrop")
    except KeyError:
        return "Postfix has no users of its own here"
    return ""


@contextmanager
def running(certificate: Path) -> Iterator[Postfix]:
    """Start an instance; it is stopped by its own process id, and its folder removed."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    # Postfix works under users who cannot look into the test's own folder.
    folder = Path(tempfile.mkdtemp(prefix="syndicate-postfix-"))
    try:
        _prepare(folder, port, certificate)
        _ask(folder, "start")
        try:
            yield Postfix(port=port, folder=folder)
        finally:
            _ask(folder, "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _prepare(folder: Path, port: int, certificate: Path) -> None:
    folder.chmod(0o755)
    for name in ("etc", "spool", "data", "mailboxes"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    os.chown(folder / "mailboxes", _USER, _USER)
    shown = subprocess.run(
        ["postconf", "-dh", "daemon_directory"], capture_output=True, text=True, check=True
    )
    main = _MAIN.format(folder=folder, programs=shown.stdout.strip(), user=_USER)
    services = (f"127.0.0.1:{port} inet n - n - - smtpd", *_SERVICES)
    rules = "if !/^nosuch/\n/@example\\.net$/ example.net/\n/@example\\.com$/ example.com/\nendif\n"
    for name, text in (
        ("main.cf", main),
        ("master.cf", "\n".join(services) + "\n"),
        ("mailboxes", rules),
        ("server.pem", certificate.read_text("ascii")),
    ):
        (folder / "etc" / name).write_text(text, "ascii")


def _ask(folder: Path, what: str) -> None:
    done = subprocess.run(
        ["postfix", "-c", str(folder / "etc"), what], capture_output=True, text=True, check=False
    )
    log = folder / "mail.log"
    said = log.read_text("utf-8", "replace") if log.exists() else ""
    assert done.returncode == 0, f"postfix {what}: {done.stderr}\n{said}"

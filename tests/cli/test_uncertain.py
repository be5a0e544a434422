"""A sender that was killed with a mail on the wire: what an operator sees at once, and can do."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from syndicate.store import Store
from syndicate.store.mail import delivery_store
from tests.cli.conftest import Run
from tests.delivery.scripted_smtp import HOLD, PIPELINING, ScriptedSmtp
from tests.factories import NOW
from tests.jobs.room import BASE, Room, source
from tests.jobs.sending import NEWSLETTER, mail_to, to

CHECKOUT = Path(__file__).parents[2]
AT = NOW.isoformat()
needs_proc = pytest.mark.skipif(not Path("/proc/self/ns").exists(), reason="this system has no /proc")


@pytest.mark.all
@needs_proc
def test_a_mail_of_a_killed_sender_is_in_doubt_at_once_and_is_sent_again_when_asked(
    run: Run, tmp_path: Path, store_url: str, store: Store
) -> None:
    with (
        closing(Room(tmp_path, store, None)) as room,
        ScriptedSmtp(PIPELINING | {"BODY": HOLD + b"250 ok\r\n"}, PIPELINING) as smtp,
    ):
        over_smtp = f'transport = "smtp"\nhost = "127.0.0.1"\nport = {smtp.port}\ntls = "none"\n'
        base = f'{BASE}{over_smtp}[store]\nurl = "{store_url}"\n'
        room.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTER, base=base)
        mail_to(room, "ann", "bob")
        config = tmp_path / "config.toml"
        command = [sys.executable, "-m", "syndicate", "deliver", "--now", AT, "--config", str(config)]
        with subprocess.Popen(command, cwd=CHECKOUT) as sender:
            smtp.wait_until_held()
            sending = run(f"status --now {AT} --json").json["deliveries"]
            sender.kill()
            sender.wait()
        assert sending == {"pending": 1, "sending": 1}
        status = run(f"status --now {AT}")
        assert (status.code, "1 uncertain" in status.out) == (1, True)
        assert "1 delivery may or may not have arrived (1 to ann@example.org): look for" in status.out
        assert "`syndicate deliveries resend 1`" in status.out
        listed = run("deliveries list --state uncertain")
        assert "the sender stopped between" in listed.out, listed.out
        assert "`syndicate deliveries resend ID...` sends a delivery again" in listed.out
        assert run(f"deliveries resend 1 --now {AT}").code == 0
        assert run(f"deliver --now {AT} --json").json["sent"] == 2
        smtp.release.set()
    assert to(smtp.bodies) == ["ann", "ann", "bob"]


def test_an_uncertain_delivery_that_arrived_is_settled_and_never_sent_again(
    run: Run, tmp_path: Path, store_url: str, store: Store
) -> None:
    with closing(Room(tmp_path, store, None)) as room:
        base = f'{BASE}[store]\nurl = "{store_url}"\n'
        room.declare(source("harbour", "https://harbour.example/feed") + NEWSLETTER, base=base)
        mail_to(room, "ann", "bob")
        with store.write() as connection:
            assert delivery_store.mark_waiting_uncertain(connection, now=NOW) == 2
        refused = run(f"deliveries arrived 1 99 --now {AT}")
        assert refused.code == 1
        assert "delivery 99 is not uncertain, so nothing was changed" in refused.err
        assert run(f"deliveries arrived 1 --now {AT}").code == 0
        assert run(f"status --now {AT} --json").json["deliveries"] == {"sent": 1, "uncertain": 1}
        assert run(f"deliveries arrived 1 --now {AT}").code == 1
        assert run(f"deliver --now {AT} --json").json["sent"] == 0

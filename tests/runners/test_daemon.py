"""``syndicate run`` as the operator's machine sees it: signals, health, one daemon for each store."""

import json
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import blake2b, sha256
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request

import feedparser
import psycopg
import pytest
from click.testing import CliRunner

from syndicate.audience.link_tokens import unsubscribe_token
from syndicate.cli.operate.setup import check
from syndicate.cli.operate.status import status
from syndicate.errors import StoreBusy
from syndicate.jobs.admin.access.sign_in import Client
from syndicate.services import open_services
from syndicate.services.store_location import store_lock, store_url
from syndicate.settings import load_settings
from syndicate.store.access import audit_store, user_store
from syndicate.store.core import quarantine
from syndicate.store.leases import leases
from syndicate.store.output import stale
from syndicate.store.subscribers import audience_store
from tests.net.scripted_server import ScriptedServer, answer, hang
from tests.runners.daemon import PATIENCE, SOON, running

OURS = "locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
HELD_KEY = f"SELECT objid::bigint FROM pg_locks WHERE granted AND {OURS}"
WAITING = f"SELECT count(*) FROM pg_locks WHERE NOT granted AND {OURS}"
END_THE_HOLDER = f"SELECT pg_terminate_backend(pid, 30000) FROM pg_locks WHERE granted AND {OURS}"
FEED = answer(
    200,
    b"""<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour</title><link>https://example.org/</link>
    <description>x</description><item><title>Ferry strike ends</title><guid>1</guid>
    <link>https://example.org/1</link><description>The crews are back at work.</description></item>
    </channel></rss>""",
    Content_Type="application/rss+xml",
)


def write(config: Path, feed: str = "", *, listen: str = "127.0.0.1:0", more: str = "") -> Path:
    source = f'[[sources]]\nname = "harbour"\nurl = "{feed}"\n' if feed else ""
    config.write_text(f'[http]\nallow_private = true\n[web]\nlisten = "{listen}"\n{source}{more}', "utf-8")
    return config


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write(tmp_path / "config.toml")


def test_T4_it_serves_its_health_and_ends_well_and_soon_on_sigterm(config: Path) -> None:
    with running(config) as daemon:
        url = daemon.wait_for("serving")["url"]
        daemon.wait_for("started")
        status, body = daemon.get(f"{url}/healthz")
        asked = time.monotonic()
        code = daemon.end(signal.SIGTERM)
        took = time.monotonic() - asked
    health = json.loads(body)
    assert (status, health["ok"], health["problems"]) == (200, True, [])
    assert code == 0
    assert took < SOON
    assert {"stopping", "stopped"} <= {line["event"] for line in daemon.events}


@pytest.mark.all
def test_OF9_a_bad_file_keeps_the_old_configuration_and_a_good_one_is_taken(config: Path) -> None:
    with running(config) as daemon:
        daemon.wait_for("started")
        config.write_text('[site]\ntitle = ""\n', "utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        said = daemon.wait_for("the configuration was not reloaded")
        assert "config.toml:2: site.title" in said["event"]
        write(config, more='[[channels]]\nname = "another"\n')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reloading")
        daemon.wait_for("reloaded")
        daemon.wait_for("stories")
        assert daemon.end(signal.SIGTERM) == 0
    events = [line["event"] for line in daemon.events]
    assert (events.count("started"), events.count("stopping")) == (1, 1)
    assert (config.parent / "feeds" / "another.rss").is_file()
    with open_services(load_settings(config)) as services, services.store.read() as connection:
        (row,) = audit_store.audit_rows(connection, action="config.reload")
    assert (row.object_id, row.after) == ("config.toml", {"hash": sha256(config.read_bytes()).hexdigest()})


@pytest.mark.all
def test_the_settings_page_shows_the_mistakes_of_the_last_reload_until_it_succeeds(config: Path) -> None:
    admin = '[admin]\nenabled = true\nsecond_step = "off"\n'
    write(config, more=admin)
    with running(config) as daemon:
        url = daemon.wait_for("serving")["url"]
        daemon.wait_for("started")
        with open_services(load_settings(config)) as services, services.store.write() as connection:
            now, address = datetime.now(UTC), "nora@news.example"
            number = user_store.add_user(
                connection, address=address, address_key=address, name="", role="admin", now=now
            )
            user_store.change_user(connection, number, password_hash="none")
            user = user_store.find_user(connection, user_id=number)
            assert user is not None
            cookie = services.admin.sign_in.open_session(connection, user, Client(browser="Firefox"), now)

        def settings_page(url: str) -> str:
            request = Request(f"{url}/admin/settings", headers={"Cookie": f"syndicate={cookie}"})
            return daemon.get(request)[1].decode()

        assert "was not reloaded" not in settings_page(url)
        config.write_text('[site]\ntitle = ""\n', "utf-8")
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("the configuration was not reloaded")
        page = settings_page(url)
        assert "The configuration was not reloaded" in page
        assert "config.toml:2: site.title" in page
        write(config, more=admin)
        daemon.process.send_signal(signal.SIGHUP)
        url = daemon.wait_for("serving")["url"]
        assert "was not reloaded" not in settings_page(url)
        assert daemon.end(signal.SIGTERM) == 0


@pytest.mark.all
def test_T4_it_ends_soon_while_every_server_hangs(tmp_path: Path) -> None:
    with ScriptedServer({"/feed": hang}) as server:
        with running(write(tmp_path / "config.toml", server.url())) as daemon:
            daemon.wait_for("started")
            deadline = time.monotonic() + PATIENCE
            while not server.asked:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            asked = time.monotonic()
            assert daemon.end(signal.SIGTERM) == 0
            assert time.monotonic() - asked < SOON
        # The source was given back, and nothing is held against it.
        server.answers["/feed"] = FEED
        with running(tmp_path / "config.toml") as daemon:
            daemon.wait_for("ingest", new=1, failed=0)
            assert daemon.end(signal.SIGTERM) == 0


def many_articles(count: int) -> bytes:
    """A feed of articles about different things."""
    items = "".join(
        f"<item><title>Report {number} of {blake2b(b'%d' % number, digest_size=4).hexdigest()}</title>"
        f"<guid>{number}</guid><link>https://example.org/{number}</link><description>"
        + " ".join(blake2b(b"%d-%d" % (number, word), digest_size=3).hexdigest() for word in range(40))
        + "</description></item>"
        for number in range(count)
    )
    head = "<title>Harbour</title><link>https://example.org/</link><description>x</description>"
    return f'<?xml version="1.0"?><rss version="2.0"><channel>{head}{items}</channel></rss>'.encode()


@pytest.mark.all
def test_T4_it_ends_in_the_middle_of_publishing_thousands_of_pages(tmp_path: Path) -> None:
    feed = answer(200, many_articles(2_000), Content_Type="application/rss+xml")
    with ScriptedServer({"/feed": feed}) as server:
        config = write(tmp_path / "config.toml", server.url())
        with running(config) as daemon:
            url = daemon.wait_for("serving")["url"]
            daemon.wait_for("ingest", new=2_000)
            pages = tmp_path / "feeds" / "site" / "articles"
            deadline = time.monotonic() + PATIENCE
            while not pages.is_dir():
                daemon.get(f"{url}/healthz")
                assert time.monotonic() < deadline
            assert daemon.end(signal.SIGTERM) == 0
    with open_services(load_settings(config, {})) as services, services.store.read() as connection:
        assert stale.count_stale(connection) > 0


@pytest.mark.all
def test_T4_it_ends_soon_while_the_hub_hangs(tmp_path: Path) -> None:
    with ScriptedServer({"/hub": hang, "/feed": FEED}) as server:
        config = write(tmp_path / "config.toml", server.url())
        config.write_text(f'[site]\nhub = "{server.url("/hub")}"\n' + config.read_text("utf-8"), "utf-8")
        with open_services(load_settings(config, {})) as services:
            services.publish.run(datetime.now(UTC))
        with running(config) as daemon:
            url = daemon.wait_for("serving")["url"]
            deadline = time.monotonic() + PATIENCE
            while "/hub" not in [one.path for one in server.asked]:
                daemon.get(f"{url}/healthz")
                assert time.monotonic() < deadline
            asked = time.monotonic()
            assert daemon.end(signal.SIGTERM) == 0
            assert time.monotonic() - asked < SOON


@pytest.mark.all
def test_T4_what_cannot_be_interrupted_does_not_keep_it_from_ending(tmp_path: Path) -> None:
    """An IMAP server that takes the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        box = f'[bounces]\naddress = "b@example.org"\nhost = "127.0.0.1"\nport = {server.getsockname()[1]}\n'
        with running(write(tmp_path / "config.toml", more=box)) as daemon:
            connection, _ = server.accept()
            with connection:
                asked = time.monotonic()
                assert daemon.end(signal.SIGTERM) == 0
                assert time.monotonic() - asked < SOON
    assert daemon.events[-1]["jobs"] == "bounces"


@pytest.mark.all
def test_a_missing_bounce_mailbox_needs_a_person_and_leaves_the_daemon_healthy(tmp_path: Path) -> None:
    box = '[bounces]\naddress = "bounces@example.org"\nmaildir = "nowhere"\n'
    config = write(tmp_path / "config.toml", more=box)
    with running(config) as daemon:
        url = daemon.wait_for("serving")["url"]
        daemon.wait_for("The Maildir")
        daemon.wait_until_run(url, "bounces")
        assert daemon.get(f"{url}/healthz")[0] == 200
        assert daemon.end(signal.SIGTERM) == 0
    runner = CliRunner()
    told = runner.invoke(status, ["--config", str(config)])
    checked = runner.invoke(check, ["--config", str(config)])
    assert (told.exit_code, checked.exit_code) == (1, 3)
    assert "mailbox for bounces failed 1 time" in " ".join(told.output.split())
    assert "bounces.maildir: The Maildir" in checked.output


@pytest.mark.all
def test_OF9_settings_that_cannot_be_had_keep_the_old_ones_at_work(config: Path) -> None:
    """A port that is taken, another store, templates that are not there: each is one line of the log."""
    with ScriptedServer({}) as server, running(config) as daemon:
        url = daemon.wait_for("serving")["url"]
        daemon.wait_for("started")
        port, store = f"127.0.0.1:{server.port}", '[store]\nurl = "sqlite:///other.db"\n'
        for listen, more, said in (
            (port, "", f"cannot listen on {port}"),
            ("127.0.0.1:0", store, "[store] url cannot change"),
        ):
            write(config, listen=listen, more=more)
            daemon.process.send_signal(signal.SIGHUP)
            assert said in daemon.wait_for("the configuration was not reloaded, the old one stays")["event"]
            assert daemon.get(f"{url}/healthz")[0] == 200
        write(config, more='[templates]\nfolder = "nowhere"\n')
        daemon.process.send_signal(signal.SIGHUP)
        daemon.wait_for("reloading")
        assert "nowhere" in daemon.wait_for("the configuration was not reloaded")["event"]
        daemon.wait_for("went on with the old configuration")
        assert daemon.end(signal.SIGTERM) == 0


@pytest.mark.all
def test_T4_signals_in_quick_succession_end_it_well_and_never_by_accident(config: Path) -> None:
    """While one life gives way to the next there is still somebody who takes signals."""
    with running(config) as daemon:
        daemon.wait_for("started")
        for _ in range(3):
            daemon.process.send_signal(signal.SIGHUP)
            daemon.wait_for("reloading")
        assert daemon.end(signal.SIGTERM) == 0
        assert "stopped" in {line["event"] for line in daemon.events}


@pytest.mark.all
def test_SF6_killed_at_work_it_is_replaced_at_once_by_the_next_which_carries_on(tmp_path: Path) -> None:
    """Neither the lock nor the leases of the dead one hold the next one up."""
    with ScriptedServer({"/feed": FEED}) as server:
        config = write(tmp_path / "config.toml", server.url())
        with running(config) as first:
            first.wait_for("ingest", new=1)
            assert first.end(signal.SIGKILL) == -signal.SIGKILL
        with running(config) as second:
            url = second.wait_for("serving")["url"]
            second.wait_until_run(url, "stories")
            _, feed = second.get(f"{url}/news.rss")
            assert second.end(signal.SIGTERM) == 0
        assert len(server.asked) == 1
    assert [entry.title for entry in feedparser.parse(feed).entries] == ["Ferry strike ends"]
    assert list(tmp_path.rglob("*.tmp")) == []


@pytest.mark.all
def test_two_daemons_on_one_store_the_second_names_the_first_and_exits_4(config: Path) -> None:
    with running(config) as first:
        first.wait_for("started")
        with running(config) as second:
            assert second.wait() == 4
        assert first.end(signal.SIGTERM) == 0
    said = second.events[-1]["event"]
    assert f"syndicate.db.lock is held by process {first.process.pid}" in said


@pytest.mark.parametrize("other", ["link.db", "syndicate.db?timeout=20"])
def test_SF6_one_store_under_two_addresses_is_still_one_store(tmp_path: Path, other: str) -> None:
    (tmp_path / "link.db").symlink_to("syndicate.db")
    (tmp_path / "config.toml").write_text("", "utf-8")
    one = load_settings(tmp_path / "config.toml", {})
    two = load_settings(tmp_path / "config.toml", {"SYNDICATE_STORE__URL": f"sqlite:///{other}"})
    with (
        store_lock(store_url(one)),
        pytest.raises(StoreBusy, match="is held by process"),
        store_lock(store_url(two)),
    ):
        pass


def test_OF7_a_port_that_is_taken_is_one_clear_line(tmp_path: Path) -> None:
    with ScriptedServer({}) as server:
        config = write(tmp_path / "config.toml", listen=f"127.0.0.1:{server.port}")
        with running(config) as daemon:
            assert daemon.wait() == 1
    assert daemon.events[-1]["event"].startswith(
        f"syndicate: the web server cannot listen on 127.0.0.1:{server.port}"
    )


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_a_restarted_server_gives_the_lock_back_to_the_daemon(tmp_path: Path, store_url: str) -> None:
    config = write(tmp_path / "config.toml", more=f'[store]\nurl = "{store_url}"\n')
    with running(config) as daemon:
        daemon.wait_for("started")
        with psycopg.connect(store_url, autocommit=True) as connection:
            connection.execute(END_THE_HOLDER)
        daemon.wait_for("the lock on the store was lost with its connection, and taken again")
        assert daemon.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("store_url", ["postgres"], indirect=True)
def test_OF9_a_daemon_whose_store_another_one_has_taken_exits_4(tmp_path: Path, store_url: str) -> None:
    config = write(tmp_path / "config.toml", more=f'[store]\nurl = "{store_url}"\n')
    with (
        running(config) as daemon,
        psycopg.connect(store_url, autocommit=True) as other,
        psycopg.connect(store_url, autocommit=True) as connection,
        ThreadPoolExecutor(1) as pool,
    ):
        daemon.wait_for("started")
        (key,) = connection.execute(HELD_KEY).fetchone() or (None,)
        # It waits in line, so that the server gives the lock to nobody else.
        taken = pool.submit(other.execute, "SELECT pg_advisory_lock(%s)", (key,))
        while connection.execute(WAITING).fetchone() != (1,):
            assert not taken.done()
        connection.execute(END_THE_HOLDER)
        taken.result()
        assert daemon.wait() == 4
    assert "another daemon works with" in daemon.events[-1]["event"]


@pytest.mark.all
def test_T4_it_ends_within_seconds_while_a_template_loops(tmp_path: Path, store_url: str) -> None:
    front = tmp_path / "mine" / "pages" / "front.html"
    front.parent.mkdir(parents=True)
    loop = "{% for a in range(99999) %}"
    front.write_text(loop + loop + "{% endfor %}{% endfor %}", "utf-8")
    more = f'[store]\nurl = "{store_url}"\n[templates]\nfolder = "mine"\n'
    config = write(tmp_path / "config.toml", more=more)
    with running(config) as daemon:
        url = daemon.wait_for("serving")["url"]
        deadline = time.monotonic() + PATIENCE
        while not (workers := renderers(daemon.process.pid)):
            daemon.get(f"{url}/healthz")
            assert time.monotonic() < deadline
        # The web server answers meanwhile, also with pages of the operator's folder.
        assert daemon.get(f"{url}/healthz")[0] == 200
        asked = time.monotonic()
        assert daemon.end(signal.SIGTERM) == 0
        assert time.monotonic() - asked < SOON
    while any(Path(f"/proc/{worker}").exists() for worker in workers):
        assert time.monotonic() < deadline
    with open_services(load_settings(config, {})) as services, services.store.read() as connection:
        assert quarantine.failures(connection) == ()


@pytest.mark.all
def test_E9_it_ends_a_subscription_by_one_click_and_refuses_what_is_no_form(
    tmp_path: Path, store_url: str
) -> None:
    letter = '[mail]\naddress = "1 Pier Road"\n[[newsletters]]\nname = "daily"\nschedule = "daily 07:00"\n'
    config = write(tmp_path / "config.toml", more=f'[store]\nurl = "{store_url}"\n{letter}')
    reader = {"address": "ann@example.org", "address_key": "ann@example.org", "name": "", "language": ""}
    with open_services(load_settings(config, {})) as services, services.store.write() as connection:
        audience_store.add_subscription(
            connection, **reader, newsletter="daily", evidence="a form", now=datetime.now(UTC)
        )
        number = audience_store.subscription_of(connection, "ann@example.org", "daily")
        assert number is not None
        token = unsubscribe_token(leases.read_secret(connection), number)

    def subscribed() -> int:
        with open_services(load_settings(config, {})) as services, services.store.read() as connection:
            return audience_store.count_readers(connection)

    with running(config) as daemon:
        link = f"{daemon.wait_for('serving')['url']}/unsubscribe/{token}"
        one_click = b"List-Unsubscribe=One-Click"
        with pytest.raises(HTTPError, match="415"):
            daemon.get(Request(link, one_click, {"Content-Type": "text/plain"}))
        assert subscribed() == 1
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert daemon.get(Request(link, one_click, form))[0] == 200
        assert subscribed() == 0
        assert daemon.end(signal.SIGTERM) == 0


def renderers(daemon: int) -> list[int]:
    """The processes in which a daemon renders templates."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if parent == str(daemon) and b"syndicate.templating" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found

"""The daemon that has read, placed and published keeps only the libraries that this work needs."""

import signal
from pathlib import Path

import pytest

from tests.net.scripted_server import ScriptedServer
from tests.runners.daemon import running
from tests.runners.test_daemon import FEED, write

pytestmark = pytest.mark.all

START = (
    "import atexit, os, sys\nfrom pathlib import Path\nfrom syndicate.cli import main\n"
    "atexit.register(lambda: Path(os.environ['LOADED']).write_text(' '.join(sys.modules)))\n"
    "main(sys.argv[1:])"
)
# Parsers run in workers; pages and API of operators, keys, mail and other networks load theirs at first use.
HEAVY = """
    feedparser trafilatura dateparser pyromark re2 chardet nacl premailer cryptography regex dns argon2
    segno pyotp fastapi prometheus_client procrastinate psycopg obstore sqlalchemy.dialects.postgresql
    sqlalchemy.orm numpy.random numpy.fft numpy.ma unittest pydoc doctest
    syndicate.services.admin_jobs syndicate.web.admin syndicate.web.api
"""


def test_the_daemon_loads_no_library_of_a_part_that_nobody_uses(tmp_path: Path) -> None:
    loaded = tmp_path / "loaded"
    with ScriptedServer({"/feed": FEED}) as server:
        config = write(tmp_path / "config.toml", server.url())
        with running(config, {"LOADED": str(loaded)}, start=("-c", START)) as daemon:
            url = daemon.wait_for("serving")["url"]
            daemon.wait_for("stories", placed=1)
            for task in ("pages", "editions", "deliver", "hubs", "announce"):
                daemon.wait_until_run(url, task)
            assert daemon.get(f"{url}/")[0] == 200
            assert daemon.end(signal.SIGTERM) == 0
    modules = set(loaded.read_text().split())
    assert "numpy" in modules
    assert modules & set(HEAVY.split()) == set()

"""Fixtures of several rooms: a fixed time, a store on both engines, a browser."""

import gc
import os
import re
import shutil
import signal
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import uuid4

import hypothesis
import pytest

from tests import examples, postgres
from tests.empty_stores import opened, sqlite_url, write_empty_store

if TYPE_CHECKING:
    from syndicate.ingest.worker.parser_pool import ParserPool
    from syndicate.store import Store

# The default of ``-m`` in pyproject.toml; ``./run test --all`` gives another.
WITHOUT_ALL = "not all"
_WHOLLY_ALL = re.compile(r"^pytestmark = (\[[^]]*)?pytest\.mark\.all\b", re.MULTILINE)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the number of generated examples; for ``--all`` load schemathesis, which takes a second."""
    if config.option.markexpr == WITHOUT_ALL:
        hypothesis.settings.load_profile(examples.BY_DEFAULT)
    else:
        hypothesis.settings.load_profile(examples.ALL)
        config.pluginmanager.import_plugin("schemathesis.pytest.plugin")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave a file out, without importing it, if all of its tests are marked ``all`` and the run has none."""
    is_left_out = (
        config.option.markexpr == WITHOUT_ALL
        and collection_path.suffix == ".py"
        and _WHOLLY_ALL.search(collection_path.read_text("utf-8"))
        and not any(Path(given.partition("::")[0]).name == collection_path.name for given in config.args)
    )
    return True if is_left_out else None


# Files tested on both engines by default, since engines differ most there; ``--all`` tests each room on both.
ON_BOTH_ENGINES = {
    "test_postgres.py",
    "store/test_articles.py",
    "store/test_compiled_sql.py",
    "store/test_engine.py",
    "store/test_held_lease.py",
    "store/test_migration.py",
    "store/test_table_copy.py",
    "store/test_word_index.py",
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests on PostgreSQL outside of those files as ``all``, and cases that ``sampled`` leaves out."""
    cases: dict[str, list[pytest.Function]] = {}
    for item in items:
        file = item.path.relative_to(Path(__file__).parent).as_posix()
        called = getattr(item, "callspec", None)
        if called and "postgres" in called.id.split("-") and file not in ON_BOTH_ENGINES:
            item.add_marker(pytest.mark.all)
        elif called and item.get_closest_marker("sampled"):
            assert isinstance(item, pytest.Function)
            cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    for items_of_a_test in cases.values():
        _mark_all_but_a_sample(items_of_a_test)


def _mark_all_but_a_sample(items: list[pytest.Function]) -> None:
    """Mark all but as many cases as ``sampled`` says, evenly spaced, in the order of their parameters."""
    items.sort(key=lambda item: list(item.callspec.indices.values()))
    count = items[0].get_closest_marker("sampled").args[0]  # type: ignore[union-attr]
    kept = {len(items) * place // count for place in range(count)}
    for place, item in enumerate(items):
        if place not in kept and len(items) > count:
            item.add_marker(pytest.mark.all)


def pytest_collection_finish() -> None:
    """Hide thousands of collected tests from the garbage collector: a run takes a tenth less.

    Then replace ``gc.freeze``: a stage that freezes its index would keep the services of each test for good.
    """
    gc.collect()
    gc.freeze()
    gc.freeze = lambda: None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Fail a test that takes more CPU time than its mark ``cpu_seconds`` allows, however busy the machine."""
    mark = item.get_closest_marker("cpu_seconds")
    if mark is None:
        return (yield)

    def fail(*_signal: object) -> NoReturn:
        pytest.fail(f"took more than {mark.args[0]} s of CPU time")

    before = signal.signal(signal.SIGPROF, fail)
    signal.setitimer(signal.ITIMER_PROF, mark.args[0])
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def missing(reason: str) -> NoReturn:
    """Skip a test on a developer's machine; fail it in CI, where each tool must be there."""
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name long bytes by their length: parallel processes must agree on names, and gzip writes the time."""
    return f"{argname}-{len(val)}-bytes" if isinstance(val, bytes) and len(val) > 40 else None


@pytest.fixture(scope="session", autouse=True)
def state_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Set a folder for state, so that no test writes into the user's."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("STATE_DIRECTORY", raising=False)
        patch.delenv("CACHE_DIRECTORY", raising=False)
        patch.setenv("XDG_STATE_HOME", str(folder))
        yield folder


@pytest.fixture
def now() -> datetime:
    """Return the fixed time of the tests."""
    return datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server, started on first use; one for each test process."""
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoPostgres as error:
        missing(str(error))


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> Iterator[str]:
    """The name of a database with the current schema and no rows."""
    name = f"syndicate_template_{uuid4().hex}"
    with postgres.database(postgres_server, name) as url:
        store = opened(url)
        store.migrate()
        store.dispose()
        yield name


@pytest.fixture(params=["sqlite", "postgres"])
def empty_store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store without a schema, on each engine."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path)
        return
    with postgres.database(request.getfixturevalue("postgres_server"), f"syndicate_{uuid4().hex}") as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A store with the current schema and no rows, on each engine."""
    if request.param == "sqlite":
        yield write_empty_store(tmp_path)
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("postgres_template")
    with postgres.database(server, f"syndicate_{uuid4().hex}", template=template) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> "Iterator[Store]":
    """An open store with the current schema and no rows, on each engine."""
    store = opened(store_url)
    yield store
    store.dispose()


@pytest.fixture
def sqlite_store(tmp_path: Path) -> "Iterator[Store]":
    """Yield an open store on SQLite, for tests to which the engine makes no difference."""
    store = opened(write_empty_store(tmp_path))
    yield store
    store.dispose()


@pytest.fixture(scope="session")
def parsers() -> "Iterator[ParserPool]":
    """Processes that parse documents, started on first use; costly to start and the same for every test."""
    from syndicate.ingest.worker.parser_pool import ParserPool

    with ParserPool() as pool:
        yield pool


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium; for tests marked ``all``."""
    names = ("chromium", "chromium-browser", "google-chrome")
    found = os.environ.get("SYNDICATE_TEST_BROWSER") or next(filter(None, map(shutil.which, names)), None)
    return found or missing("No Chromium: apt install chromium, or set SYNDICATE_TEST_BROWSER to its path")


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A Chromium for tests marked ``all``. Not of the session: Playwright's event loop runs until it ends."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-quic"]
        )
        yield launched
        launched.close()

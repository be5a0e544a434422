"""A reload of the settings leaves nothing of the former services in memory."""

import asyncio
import gc
import os
import signal
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from gc import freeze
from pathlib import Path

import pytest

from syndicate.cli.operate.runners import Serve, serve_with_settings
from syndicate.cli.operate.signals import SignalHandler
from syndicate.errors import SyndicateError
from syndicate.services import Services, open_services
from syndicate.settings import Settings, load_settings


def test_OF9_the_services_of_former_settings_are_freed(
    tmp_path: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    # conftest replaces the function after the collection of tests.
    monkeypatch.setattr(gc, "freeze", freeze)
    config = tmp_path / "config.toml"
    config.write_text("", "utf-8")
    opened: list[weakref.ref[Services]] = []

    @contextmanager
    def opening(settings: Settings, _: SignalHandler) -> Iterator[Serve]:
        assert [services() for services in opened] == [None] * len(opened)
        with open_services(settings, daemon=True) as services:
            opened.append(weakref.ref(services))

            async def serve(signals: SignalHandler, _: str) -> None:
                # The loaded index is excluded from garbage collection, and all else with it.
                await asyncio.to_thread(services.stories.run, now)
                freeze()
                if len(opened) < 3:
                    os.kill(os.getpid(), signal.SIGHUP)
                else:
                    signals.end_with(SyndicateError("seen enough"))
                await signals.received.wait()

            yield serve

    with pytest.raises(SyndicateError, match="seen enough"):
        asyncio.run(serve_with_settings(config, load_settings(config), opening))
    assert len(opened) == 3
    # A reload unfreezes the collected tests as well.
    freeze()

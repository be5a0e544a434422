"""What macOS does differently, on any system: each call takes the other system's value."""

import errno
import os
import signal
import subprocess
import sys
import time

import pytest

from syndicate.operating_system import seconds_since_boot, sync_descriptor

UNKNOWN_COMMAND = 9_999
EATER = """
import sys, time
from syndicate.operating_system import limit_memory
limit_memory(200 << 20, by_kernel={by_kernel})
taken = []
for _ in range(100):
    taken.append(bytearray(10 << 20))
    time.sleep(0.01)
"""


def run_eater(*, by_kernel: bool) -> subprocess.CompletedProcess[str]:
    code = EATER.format(by_kernel=by_kernel)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_process_that_takes_too_much_memory_is_killed_where_the_kernel_sets_no_limit():
    assert run_eater(by_kernel=False).returncode == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "darwin", reason="its kernel has no such limit")
def test_the_kernel_refuses_memory_beyond_the_limit():
    done = run_eater(by_kernel=True)
    assert done.returncode == 1
    assert "MemoryError" in done.stderr


def test_a_file_is_synced_by_fsync_where_the_command_of_macos_fails(tmp_path, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with (tmp_path / "file").open("wb") as file:
        sync_descriptor(file.fileno(), full_sync=UNKNOWN_COMMAND)
        assert synced == [file.fileno()]


def test_a_file_that_cannot_be_synced_is_an_error(tmp_path):
    reading, writing = os.pipe()
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EINVAL)):
            sync_descriptor(writing, full_sync=UNKNOWN_COMMAND)
    finally:
        os.close(reading)
        os.close(writing)


def test_the_time_since_boot_goes_on_with_the_clock_of_macos():
    before = seconds_since_boot(time.CLOCK_MONOTONIC)
    assert 0 < before <= seconds_since_boot(time.CLOCK_MONOTONIC)


def test_windows_is_told_what_to_use_before_a_module_of_unix_is_imported():
    code = "import sys; sys.modules['fcntl'] = sys.modules['resource'] = None\n"
    code += "from syndicate.cli import main\nmain(['demo'], system='nt')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Windows Subsystem for Linux" in done.stderr

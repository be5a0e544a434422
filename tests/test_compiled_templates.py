import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from jinja2.bccache import bc_magic

from syndicate.templating import Templates

RENDER = """
import jinja2
from syndicate.templating import Templates
compiled = []
parse = jinja2.Environment.compile
jinja2.Environment.compile = lambda self, *args: compiled.append(args[1]) or parse(self, *args)
assert Templates().render("pages/parts/controls.html")
print(len(compiled))
"""


def compiled_in(folder: Path, **variables: str) -> int:
    """Render a page in a process with this temporary folder; return the number of templates it compiled."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        env={**os.environ, "TMPDIR": str(folder), **variables},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


@pytest.mark.all
def test_a_later_process_compiles_no_template_again_and_only_the_user_may_write_the_files(tmp_path):
    assert compiled_in(tmp_path) > 0
    assert compiled_in(tmp_path) == 0

    (folder,) = tmp_path.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.all
def test_a_damaged_file_is_compiled_again(tmp_path):
    count = compiled_in(tmp_path)
    for file in next(tmp_path.iterdir()).iterdir():
        file.write_bytes(file.read_bytes()[:40])

    assert compiled_in(tmp_path) == count
    assert compiled_in(tmp_path) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a folder to another user")
def test_a_folder_that_another_user_makes_while_the_process_runs_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    Templates().render("pages/parts/controls.html")
    (folder,) = tmp_path.iterdir()
    for file in folder.iterdir():
        file.write_bytes(bc_magic + b"cbuiltins\nexit\n(tR.")
    os.chown(folder, 12_345, 12_345)

    assert Templates().render("pages/parts/controls.html")


@pytest.mark.all
def test_without_a_safe_folder_each_process_compiles_the_templates(tmp_path):
    (tmp_path / f"_jinja2-cache-{os.getuid()}").write_text("taken", "utf-8")

    assert compiled_in(tmp_path) == compiled_in(tmp_path) > 0


@pytest.mark.all
def test_a_service_keeps_compiled_templates_in_its_cache_folder(tmp_path):
    cache, first, later = (tmp_path / name for name in ("cache", "first", "later"))
    for folder in (cache, first, later):
        folder.mkdir()

    assert compiled_in(first, CACHE_DIRECTORY=f"{cache}:/other") > 0
    assert compiled_in(later, CACHE_DIRECTORY=f"{cache}:/other") == 0
    assert not [*first.iterdir(), *later.iterdir()]


@pytest.mark.all
def test_a_cache_folder_that_others_may_write_or_that_is_missing_is_not_used(tmp_path):
    cache, own = tmp_path / "cache", tmp_path / "own"
    own.mkdir()
    assert compiled_in(own, CACHE_DIRECTORY=str(cache)) > 0
    cache.mkdir()
    cache.chmod(0o777)

    assert compiled_in(own, CACHE_DIRECTORY=str(cache)) == 0
    assert not [*cache.iterdir()]

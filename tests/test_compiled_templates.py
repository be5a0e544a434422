import os
import stat
import subprocess
import sys
from pathlib import Path

RENDER = """
import jinja2
from syndicate.templating import Templates
compiled = []
parse = jinja2.Environment.compile
jinja2.Environment.compile = lambda self, *args: compiled.append(args[1]) or parse(self, *args)
assert Templates().render("pages/parts/controls.html")
print(len(compiled))
"""


def compiled_in(folder: Path) -> int:
    """Render a page in a process with this temporary folder; return the number of templates it compiled."""
    done = subprocess.run(
        [sys.executable, "-c", RENDER],
        env={**os.environ, "TMPDIR": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout)


def test_a_later_process_compiles_no_template_again_and_only_the_user_may_write_the_files(tmp_path):
    assert compiled_in(tmp_path) > 0
    assert compiled_in(tmp_path) == 0

    (folder,) = tmp_path.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_without_a_safe_folder_each_process_compiles_the_templates(tmp_path):
    (tmp_path / f"_jinja2-cache-{os.getuid()}").write_text("taken", "utf-8")

    assert compiled_in(tmp_path) == compiled_in(tmp_path) > 0

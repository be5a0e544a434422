"""./run works with the pythons people have, and what it installs is pinned whatever the index."""

import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
REQUIREMENTS = sorted((CHECKOUT / ".ci").glob("requirements*.txt"))
PYTHONS = sorted(
    {sys.executable, *filter(None, map(shutil.which, ("/usr/bin/python3", "python3.11", "python3.13")))}
)
PINNED = re.compile(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+( ; [^\\]+)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def pins(file: Path) -> dict[str, str]:
    """Each requirement with its hashes, as pip joins continued lines."""
    joined = file.read_text().replace("\\\n", " ")
    lines = [line.split() for line in joined.splitlines() if line and not line.startswith("#")]
    return {line[0]: " ".join(line) for line in lines}


@pytest.mark.parametrize("python", PYTHONS)
def test_help_explains_itself_in_a_screenful_on_any_python(python):
    done = subprocess.run([python, CHECKOUT / "run", "--help"], capture_output=True, text=True, check=False)
    if "needs Python 3.11 or newer" in done.stderr:
        pytest.skip(f"{python} is too old, and ./run says so")
    assert (done.returncode, done.stderr) == (0, "")
    assert "./run demo" in done.stdout
    assert "./run test --all" in done.stdout
    assert len(done.stdout.splitlines()) <= 14
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_it_imports_nothing_but_the_standard_library():
    code = f"import runpy, sys; runpy.run_path({str(CHECKOUT / 'run')!r}); print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True
    )
    loaded = {name.split(".")[0] for name in done.stdout.split()}
    assert loaded <= sys.stdlib_module_names | {"__main__"}


def test_an_unknown_word_is_refused_with_a_hint_before_anything_else_happens(tmp_path):
    script = shutil.copy(CHECKOUT / "run", tmp_path)
    done = subprocess.run([sys.executable, script, "--colour"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "./run --help" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_of_other_files_does_not_become_an_environment(tmp_path):
    (tmp_path / "letter.txt").write_text("kept")
    with pytest.raises(SystemExit, match="SYNDICATE_ENVIRONMENT"):
        runpy.run_path(str(CHECKOUT / "run"))["create"](tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_requirements_name_no_host_and_no_path(file):
    options = [line for line in file.read_text().splitlines() if re.match(r"\s*-(?!-hash=)", line)]
    assert options == []
    assert not re.search(r"//| @ |file:|\.whl|\.tar\.", file.read_text())


@pytest.mark.parametrize("file", REQUIREMENTS, ids=lambda file: file.name)
def test_every_requirement_is_one_exact_release_with_hashes(file):
    for line in pins(file).values():
        requirement, *hashes = re.split(r"\s+(?=--hash)", line)
        assert PINNED.fullmatch(requirement), line
        assert hashes, line
        assert all(HASH.fullmatch(one) for one in hashes), line


def test_the_tests_run_with_the_releases_the_demo_runs_with():
    runtime, test = (pins(CHECKOUT / ".ci" / name) for name in ("requirements.txt", "requirements-test.txt"))
    assert runtime.items() <= test.items()


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    wanted = {re.split(r"[<>=!~\[ ]", name)[0].lower() for name in project["dependencies"]}
    pinned = {name.split("==")[0].lower() for name in pins(CHECKOUT / ".ci" / "requirements.txt")}
    assert wanted <= pinned


@pytest.mark.parametrize(
    ("subject", "accepted"),
    [
        ("websub: reject unknown callbacks before taking the write lock", True),
        ("docs, benchmarks: describe items of stories", True),
        ("Merge branch 'links'", True),
        ("Reject unknown callbacks", False),
        ("websub: reject unknown callbacks.", False),
        (f"websub: {'a' * 65}", False),
        ("", False),
    ],
)
def test_the_commit_hook_takes_short_subjects_with_an_area(tmp_path, subject, accepted):
    message = tmp_path / "message"
    message.write_text(f"# A comment\n{subject}\n\nWhy.\n")
    done = subprocess.run([sys.executable, CHECKOUT / ".ci" / "check_subject.py", message], check=False)
    assert (done.returncode == 0) is accepted

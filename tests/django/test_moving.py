"""A project that was written for pymess, before and after its move.

`courier/day.json` is what came of a day on pymess, in the version that `courier/requirements.txt` names. Pymess is
installed beside everything else, for the processes of the project before its move alone; where that can't be done, what
needs it is skipped, and the project after its move is held to the same record.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.django.conftest import database_of
from tests.django.couriers import AFTER, BEFORE, COURIER, DAY, Courier, gateway
from tests.installing import installed
from tests.protocols.contract.far import Far

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pymess(request: pytest.FixtureRequest) -> Path | None:
    """Where pymess is; None where it can't be installed."""
    wanted = COURIER / "requirements.txt"

    def install(place: Path) -> None:
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(place)]
        subprocess.run([*pip, "--requirement", str(wanted)], capture_output=True, timeout=300, check=True)

    try:
        return installed(request.config, "pymess", wanted.read_text(), install)
    except subprocess.CalledProcessError:
        return None


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def courier(request: pytest.FixtureRequest, pymess: Path | None) -> Iterator[Courier]:
    far = Far()
    far.behaviour = gateway
    yield Courier(database_of(request.param, request), far.origin, pymess)
    far.close()


@pytest.fixture(scope="module")
def day_before(courier: Courier) -> Any:
    """What a day on pymess came to; None without it."""
    if courier.pymess is None:
        return None
    courier.manage(BEFORE, "migrate", "--verbosity", "0")
    return json.loads(courier.manage(BEFORE, "day"))


@pytest.fixture(scope="module")
def moved(courier: Courier, day_before: Any) -> Courier:
    """As docs/coming-from.md says."""
    courier.manage(AFTER, "migrate", "--verbosity", "0")
    if day_before is not None:
        told = courier.manage(AFTER, "heliograph_copy_pymess")
        assert f"pymess_outputsmsmessage: {len(DAY['messages'])} copied" in told
    return courier


@pytest.fixture
def before(day_before: Any) -> Any:
    if day_before is None:
        pytest.skip("pymess can't be installed here")
    return day_before


def test_a_day_on_pymess_comes_to_what_is_recorded(before: Any) -> None:
    assert before == DAY


def test_the_same_code_comes_to_the_same_on_ours(moved: Courier) -> None:
    assert json.loads(moved.manage(AFTER, "day")) == DAY


def test_what_was_copied_is_what_was_there_and_is_copied_once(before: Any, moved: Courier) -> None:
    shown = f"""
import json
from heliograph.django.models import OutputSMSMessage

rows = []
for message in OutputSMSMessage.objects.order_by("pk")[:{len(DAY["messages"])}]:
    body = message.template and message.template.body
    about = sorted(str(each.content_object) for each in message.related_objects.all())
    row = [message.recipient, message.content, message.State(message.state).name, message.template_slug, body, about]
    rows.append([*row, message.backend, message.backend_name])
print(json.dumps(rows))
"""

    rows = json.loads(moved.manage(AFTER, "shell", "--verbosity", "0", "--command", shown).splitlines()[-1])
    again = moved.manage(AFTER, "heliograph_copy_pymess")

    keys = ("recipient", "content", "state", "slug", "template", "related")
    assert [row[:6] for row in rows] == [[message[key] for key in keys] for message in DAY["messages"]]
    assert rows[0][6:] == ["heliograph.django.backends.dummy.DummySMSBackend", "default"]
    assert rows[2][6:] == ["deliveries.backends.Board", "board"]
    assert "pymess_outputsmsmessage: 0 copied" in again


def test_the_project_has_no_open_migrations_and_no_mistakes_after_the_move(moved: Courier) -> None:
    asked = """
from django.core.management import call_command
call_command("makemigrations", check=True, dry_run=True)
call_command("check", fail_level="WARNING")
"""

    assert "No changes detected" in moved.manage(AFTER, "shell", "--verbosity", "0", "--command", asked)


def test_every_path_of_pymess_leads_to_ours(moved: Courier) -> None:
    imported = """
from importlib import import_module
from heliograph.django.pymess.paths import PATHS
print(sorted(name for path in PATHS for name in vars(import_module(path)) if name[0].isalpha()))
import pymess.models, heliograph.django.models, pymess.backend.sms.twilio
from django.apps import apps
assert pymess.models.OutputSMSMessage is apps.get_model("pymess", "OutputSMSMessage")
assert pymess.config.settings.SMS_DEFAULT_PHONE_CODE == "+420"
assert pymess.config.get_sms_sender().get_backend("777111222").name == "default"
assert pymess.utils.normalize_phone_number("777 111 222") == "+420777111222"
assert pymess.sender.send_sms is pymess.backend.sms.send
assert pymess.enums.OutputSMSMessageState.ERROR == 8
assert pymess.backend.sms.twilio.TwilioSMSBackend
"""

    told = moved.manage(AFTER, "shell", "--verbosity", "0", "--command", imported)

    assert "'AbstractSMSTemplate'" in told
    assert "'SMSBackend'" in told

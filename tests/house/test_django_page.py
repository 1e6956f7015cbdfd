"""The blocks of docs/django.md as they stand: put together to a project of Django's, which sends by a sandbox."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from tests.house.test_pages import Block, blocks
from tests.importing import ROOT

if TYPE_CHECKING:
    from tests.conftest import Server

PAGE = "docs/django.md"
SETTINGS = """
SECRET_KEY = "not-a-secret"
ROOT_URLCONF = "urls"
USE_TZ = True
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
OURS = ["django.contrib.contenttypes", "django.contrib.auth", "shop"]
HELIOGRAPH = {}
"""
MODELS = """
from django.db import models

class Parcel(models.Model):
    late = models.BooleanField(default=True)
"""
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")
from django.core.management import execute_from_command_line
execute_from_command_line(sys.argv)
"""
BEGIN = """
import sys
import django
django.setup()
from shop.models import Parcel
from heliograph.django.models import SMSTemplate
parcel, _ = Parcel.objects.get_or_create()
"""
DEBUGGED = """
assert message.state == message.State.DEBUG, message.state
"""
FLIES = """
flown = []
def fly(*what):
    flown.append(what)
def landed(message):
    return True
"""
ABOUT = """
under_way = (message.State.SENDING, message.State.SENT, message.State.DELIVERED)
assert message.state in under_way, (message.state, message.error)
assert OutputSMSMessage.objects.filter_related_object(parcel).count() == 2
assert OutputSMSMessage.objects.filter_related_objects(Parcel.objects.filter(late=True)).count() == 2
assert not OutputSMSMessage.objects.was_sent("coming", parcel)
"""
FLOWN = """
from django.test import override_settings
sys.modules["pigeons"] = sys.modules[__name__]
birds = {"default": {"backend": "pigeons.Pigeon", "config": {"speed": 9}}}
with override_settings(HELIOGRAPH={"BACKENDS": birds}):
    pigeon = send("+420777111223", "By air")
    assert flown == [("+420777111223", "By air", 9)], flown
    pigeon.refresh_from_db()
    assert pigeon.state == pigeon.State.SENDING
from django.conf import settings
assert settings.HELIOGRAPH["PUBLIC_URL"] == "https://www.example.org" and "BACKENDS" in settings.HELIOGRAPH
from django.core.management import call_command
call_command("check")
call_command("heliograph_backends")
"""


def compiled(block: Block, **instead: str) -> str:
    """A block as a statement; what fails is told by its line of the page."""
    text = block.text
    for said, here in instead.items():
        text = text.replace(said, here)
    return f"exec(compile({(block.line - 1) * chr(10) + text!r}, {PAGE!r}, 'exec'), globals())\n"


def test_its_blocks_make_a_project_that_sends(server: Server, new_number: Callable[[], str], tmp_path: Path) -> None:
    install, apps, migrate, first, backends, about, pigeon, urls, address = blocks(PAGE)
    number = new_number()
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "DJANGO_SETTINGS_MODULE": "settings"}
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (tmp_path / "python").chmod(0o755)
    environment["PATH"] = f"{tmp_path}{os.pathsep}{environment['PATH']}"
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").touch()
    (tmp_path / "shop" / "models.py").write_text(MODELS)
    (tmp_path / "manage.py").write_text(MANAGE)
    (tmp_path / "urls.py").write_text(urls.text.replace("..., ", ""))
    settings = SETTINGS + apps.text.replace("...", "*OURS")

    def done(*command: str) -> None:
        ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr

    (tmp_path / "settings.py").write_text(settings)
    done(sys.executable, "manage.py", "makemigrations", "shop")
    done("bash", "-euo", "pipefail", "-c", migrate.text)
    send = compiled(first, **{"+420777111222": number})
    done(sys.executable, "-c", BEGIN + send + DEBUGGED)
    here = {"http://127.0.0.1:8460": server.url, "hg_...": server.token}
    (tmp_path / "settings.py").write_text(
        settings + compiled(backends, **here) + compiled(address, **{", ...": ", **HELIOGRAPH"})
    )
    done(sys.executable, "-c", BEGIN + send + compiled(about) + ABOUT + FLIES + compiled(pigeon) + FLOWN)

    assert install.text.startswith("pip install 'heliograph[django]'")
    with server.client() as client:
        assert client.sandbox.wait_for_message(number, contains="Your parcel is on its way")

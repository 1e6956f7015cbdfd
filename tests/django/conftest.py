"""The app in a project, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings as project
from tests.django.shop import settings as shop

# Not by the environment, which all processes that tests start would inherit.
project.configure(**{name: value for name, value in vars(shop).items() if name.isupper()})
django.setup()

from django.core.management import call_command  # noqa: E402 - Django has to be set up first
from django.db import connections  # noqa: E402
from tests.django.shop.backends import Pigeon  # noqa: E402

PIGEON = {"backend": "tests.django.shop.backends.Pigeon", "config": {"by": "air"}}


def database_of(kind: str, request: pytest.FixtureRequest) -> dict[str, Any]:
    """An empty one, as the setting DATABASES names it. It does not wait for the disk: no test pulls the plug."""
    if kind == "sqlite":
        directory = request.getfixturevalue("tmp_path_factory").mktemp("django")
        options = {"init_command": "PRAGMA synchronous=OFF"}
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": str(directory / "db.sqlite3"), "OPTIONS": options}
    from psycopg.conninfo import conninfo_to_dict

    told = conninfo_to_dict(request.getfixturevalue("postgresql").new_database())
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": told["dbname"],
        "USER": told.get("user", ""),
        "HOST": told.get("host", ""),
        "PASSWORD": told.get("password", ""),
        "OPTIONS": {"options": "-c synchronous_commit=off"},
    }


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest, django_db_blocker: Any) -> Iterator[str]:
    with django_db_blocker.unblock():
        connections["default"].close()
        connections.settings = connections.configure_settings({"default": database_of(request.param, request)})
        del connections["default"]
        call_command("migrate", verbosity=0)
    yield request.param
    with django_db_blocker.unblock():
        connections["default"].close()


@pytest.fixture(scope="session")
def django_db_setup(each_database: str) -> None:
    """Takes the place of pytest-django's, which makes one database, and of one kind."""


@pytest.fixture
def database(each_database: str, transactional_db: None) -> str:
    """Both in turn, each empty for every test; commits are commits."""
    return each_database


@pytest.fixture(autouse=True)
def no_pigeon_has_flown() -> None:
    Pigeon.flown.clear()


@pytest.fixture
def by_pigeon(settings: Any) -> Any:
    """The settings, where messages go by pigeon."""
    settings.HELIOGRAPH = {"BACKENDS": {"default": PIGEON}}
    return settings

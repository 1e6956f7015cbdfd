"""Import paths of pymess, and the modules of ours that stand for them."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from types import ModuleType

from django.core.exceptions import ImproperlyConfigured

ROOT = "pymess"
#: Theirs -> ours; None: a package that has nothing in it but others.
PATHS: Mapping[str, str | None] = {
    "pymess": None,
    "pymess.backend": None,
    "pymess.backend.routers": "heliograph.django.pymess.routers",
    "pymess.backend.sms": "heliograph.django.pymess.sms",
    "pymess.backend.sms.ats_sms_operator": "heliograph.django.backends.ats_sms_operator",
    "pymess.backend.sms.dummy": "heliograph.django.backends.dummy",
    "pymess.backend.sms.sms_operator": "heliograph.django.backends.sms_operator",
    "pymess.backend.sms.sns": "heliograph.django.backends.sns",
    "pymess.backend.sms.twilio": "heliograph.django.backends.twilio",
    "pymess.config": "heliograph.django.pymess.config",
    "pymess.enums": "heliograph.django.pymess.enums",
    "pymess.models": "heliograph.django.models",
    "pymess.models.sms": "heliograph.django.models",
    "pymess.sender": "heliograph.django.pymess.sender",
    "pymess.utils": "heliograph.django.pymess.utils",
}


class Paths(MetaPathFinder, Loader):
    """An importer that makes a module for each path of pymess, with what our module has in it."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in PATHS:
            return None
        is_package = any(other.startswith(f"{fullname}.") for other in PATHS)
        return spec_from_loader(fullname, self, is_package=is_package)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        ours = PATHS[module.__name__]
        if ours is not None:
            known = vars(import_module(ours))
            vars(module).update({name: value for name, value in known.items() if not name.startswith("__")})


def install() -> None:
    """Make pymess's import paths lead here. Raises ImproperlyConfigured if pymess was imported before."""
    if any(isinstance(finder, Paths) for finder in sys.meta_path):
        return
    if ROOT in sys.modules:
        raise ImproperlyConfigured(
            "The package pymess is imported already: list heliograph.django.pymess before the apps that import it."
        )
    sys.meta_path.insert(0, Paths())

"""Checks of the settings, which Django runs when the project starts (`manage.py check`)."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any

from django.apps import apps
from django.conf import settings as project
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from heliograph.django import conf
from heliograph.django.backends.base import SMSBackend
from heliograph.django.webhooks import address_of


@register("heliograph")
def check_settings(**_: Any) -> list[CheckMessage]:
    """Check the settings: our dictionary, and pymess's names where they are used."""
    return [*_shape(), *_backends(), *_router(), *_template_model(), *_functions()]


@register("heliograph", Tags.security, deploy=True)
def check_deployment(**_: Any) -> list[CheckMessage]:
    """Warn of what is right on a developer's machine, and rarely in production."""
    try:
        entry = conf.backends().get(conf.get("DEFAULT_BACKEND"))
    except (ImproperlyConfigured, TypeError):
        return []  # check_settings says it
    if entry is not None and entry.path == conf.DUMMY:
        return [
            Warning(
                "The SMS backend is the dummy one: nothing is sent.",
                "Set HELIOGRAPH['BACKENDS'].",
                id="heliograph.W002",
            )
        ]
    return []


def _shape() -> Iterator[CheckMessage]:
    ours = getattr(project, conf.NAME, {})
    if not isinstance(ours, Mapping):
        yield Error(f"{conf.NAME} is no dictionary.", id="heliograph.E001")
        return
    for name in ours:
        if name not in conf.SETTINGS:
            near = difflib.get_close_matches(str(name), conf.SETTINGS, 1)
            hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(conf.SETTINGS)}."
            yield Warning(f"{conf.NAME} has an unknown key {name!r}.", hint, id="heliograph.W001")
    for name, setting in conf.SETTINGS.items():
        value = conf.get(name)
        is_bool = isinstance(value, bool)
        if not isinstance(value, setting.kinds) or (is_bool and bool not in setting.kinds):
            kinds = " or ".join("None" if kind is type(None) else kind.__name__ for kind in setting.kinds)
            yield Error(f"{_named(name)} should be {kinds}, and is {value!r}.", setting.help, id="heliograph.E002")
        elif setting.at_least is not None and value < setting.at_least:  # type: ignore[operator]
            yield Error(f"{_named(name)} should be at least {setting.at_least}.", setting.help, id="heliograph.E002")
    try:
        conf.tariff()
    except (TypeError, ValueError) as error:
        yield Error(f"{_named('PRICES')} has a price that is none: {error}.", id="heliograph.E002")


def _backends() -> Iterator[CheckMessage]:
    try:
        entries = conf.backends()
    except (ImproperlyConfigured, TypeError, AttributeError) as error:
        yield Error(str(error), id="heliograph.E003")
        return
    default = conf.get("DEFAULT_BACKEND")
    if default not in entries:
        yield Error(
            f"There is no SMS backend {default!r}: BACKENDS has {', '.join(sorted(entries))}.", id="heliograph.E004"
        )
    for name, entry in entries.items():
        try:
            found: Any = import_string(entry.path)
        except ImportError as error:
            yield Error(f"The SMS backend {name!r} can't be imported: {error}.", id="heliograph.E005")
            continue
        if not (isinstance(found, type) and issubclass(found, SMSBackend)):
            yield Error(f"The SMS backend {name!r} is no SMSBackend: {entry.path}.", id="heliograph.E005")
        elif (mistake := found.require(entry.config)) is not None:
            yield Error(f"The SMS backend {name!r} can't be used as it is configured: {mistake}.", id="heliograph.E006")
    if conf.get("PUBLIC_URL") and address_of(default) is None:
        yield Warning(
            "PUBLIC_URL is set, but no URLconf includes the webhooks.",
            'Add path("sms/", include("heliograph.django.urls")).',
            id="heliograph.W003",
        )


def _router() -> Iterator[CheckMessage]:
    path = conf.get("ROUTER")
    if not isinstance(path, str):
        return
    try:
        found: Any = import_string(path)
    except ImportError as error:
        yield Error(f"The router can't be imported: {error}.", id="heliograph.E007")
        return
    if not callable(getattr(found, "get_backend_name", None)):
        yield Error(f"The router has no get_backend_name: {path}.", id="heliograph.E007")


def _template_model() -> Iterator[CheckMessage]:
    from heliograph.django.models import AbstractSMSTemplate

    name = conf.template_model()
    try:
        model = apps.get_model(name)
    except (LookupError, ValueError) as error:
        yield Error(f"The template model can't be found: {error}.", id="heliograph.E008")
        return
    if not issubclass(model, AbstractSMSTemplate):
        yield Error(f"The template model {name} does not extend AbstractSMSTemplate.", id="heliograph.E008")


def _functions() -> Iterator[CheckMessage]:
    path = conf.get("SHUTDOWN_DETECTION_FUNCTION")
    if isinstance(path, str):
        try:
            import_string(path)
        except ImportError as error:
            yield Error(f"SHUTDOWN_DETECTION_FUNCTION can't be imported: {error}.", id="heliograph.E009")


def _named(name: str) -> str:
    """Return a setting's name as the project wrote it, ours or pymess's."""
    setting = conf.SETTINGS[name]
    ours = getattr(project, conf.NAME, {})
    if name not in ours and setting.pymess is not None and hasattr(project, conf.PYMESS + setting.pymess):
        return conf.PYMESS + setting.pymess
    return f"{conf.NAME}[{name!r}]"

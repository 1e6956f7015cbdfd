"""What applications can set, and what is so until they do."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from heliograph.domain.accounts import Principal
from heliograph.domain.directory import Application
from heliograph.protocols.smscx.door import shapes
from heliograph.services.services import Services

_QUIET = {"start": "", "stop": ""}
_CHANNEL_SETTINGS: Mapping[str, Any] = {"dlrCallback": None, "receiveCallback": None, "quietHours": _QUIET}
#: What an application's settings are until somebody sets them.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "sms": {
        "enforceOriginator": None,
        **_CHANNEL_SETTINGS,
        "transliteration": {"alphabet": "NONE", "removeEmojis": False},
    },
    "viber": _CHANNEL_SETTINGS,
    "whatsapp": _CHANNEL_SETTINGS,
    "multichannel": {**_CHANNEL_SETTINGS, "ttl": 300, "expireAfterTtl": False},
    "shortlinks": {"shortlinksCallback": None},
    "attachments": {"attachmentsCallback": None},
    "optouts": {"optoutsCallback": None},
    "lookup": {"lookupCallback": None},
    "otp": {
        "template": "Your code is {{pin}}",
        "from": shapes.DEFAULT_SENDER,
        "pinType": "numbers",
        "pinLength": 6,
        "ttl": 300,
        "maxAttempts": 3,
        "otpCallback": None,
    },
}


def in_force(application: Application) -> dict[str, dict[str, Any]]:
    """Return all settings of an application: its own, and the defaults of what it has not set."""
    return {area: {**defaults, **_own(application, area)} for area, defaults in SETTINGS.items()}


async def settings_of(services: Services, caller: Principal, area: str) -> Mapping[str, Any]:
    """Find what the calling application has set for an area; empty if no application is calling."""
    if caller.application_id is None:
        return {}
    return _own(await services.applications.get(caller.account, caller.application_id), area)


def _own(application: Application, area: str) -> Mapping[str, Any]:
    settings = application.settings.get(area)
    return settings if isinstance(settings, dict) else {}


def quiet_hours(settings: object) -> tuple[int, int] | None:
    """Read from and until which minute of the day nothing is sent; None if that is not set."""
    if not isinstance(settings, dict):
        return None
    start, stop = _minute(settings.get("start")), _minute(settings.get("stop"))
    return None if start is None or stop is None else (start, stop)


def _minute(text: object) -> int | None:
    try:
        at = datetime.strptime(str(text), "%H:%M")
    except ValueError:
        return None
    return at.hour * 60 + at.minute

"""Every setting of the app, in one place: the dictionary `HELIOGRAPH` of the project's settings.

The names of both lines of pymess are read where ours are absent (reference: pymess.md, section 4). Nothing is kept
between two readings, so that `override_settings` works.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from django.conf import settings as project
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from heliograph.domain.prices import MICROS, Tariff

NAME = "HELIOGRAPH"
PYMESS = "PYMESS_"
DEFAULT_NAME = "default"
DUMMY = "heliograph.django.backends.dummy.DummySMSBackend"
TEMPLATE_MODEL = "heliograph.SMSTemplate"
_THEIR_BACKENDS = "pymess.backend.sms."
_OUR_BACKENDS = "heliograph.django.backends."
_TRANSLATED = frozenset({"dummy", "twilio", "sns", "ats_sms_operator", "sms_operator"})
"""The modules of pymess's backends that we have under the same name."""


class Setting(NamedTuple):
    """One key of the dictionary."""

    default: Any
    kinds: tuple[type, ...]
    help: str
    pymess: str | None = None
    """The setting's name in pymess, without the prefix; None if it has none."""
    at_least: float | None = None


SETTINGS: Mapping[str, Setting] = {
    "BACKENDS": Setting(
        {DEFAULT_NAME: {"backend": DUMMY}}, (dict,), "name -> {backend: dotted path, config: what it needs}"
    ),
    "DEFAULT_BACKEND": Setting(
        DEFAULT_NAME, (str,), "The backend that sends what no router decides.", "SMS_DEFAULT_SENDER_BACKEND_NAME"
    ),
    "ROUTER": Setting(
        None,
        (str, type(None)),
        "The dotted path of a class whose get_backend_name(recipient) chooses one.",
        "SMS_BACKEND_ROUTER",
    ),
    "TEMPLATE_MODEL": Setting(
        TEMPLATE_MODEL, (str,), "The model that send_template takes templates from.", "SMS_TEMPLATE_MODEL"
    ),
    "USE_ACCENT": Setting(
        False, (bool,), "Whether texts keep their accents; without, they are written in ASCII.", "SMS_USE_ACCENT"
    ),
    "DEFAULT_PHONE_CODE": Setting(
        None,
        (str, type(None)),
        "Put in front of numbers of nine digits, such as +420.",
        "SMS_DEFAULT_PHONE_CODE",
    ),
    "BATCH_SENDING": Setting(False, (bool,), "Messages wait for the command send_messages_batch.", "SMS_BATCH_SENDING"),
    "BATCH_SIZE": Setting(20, (int,), "How many it sends in one run.", "SMS_BATCH_SIZE", 1),
    "RETRY_SENDING": Setting(True, (bool,), "Whether it tries again what met a passing failure.", "SMS_RETRY_SENDING"),
    "MAX_SEND_ATTEMPTS": Setting(
        3, (int,), "After how many attempts a failure is final.", "SMS_BATCH_MAX_NUMBER_OF_SEND_ATTEMPTS", 0
    ),
    "MAX_SECONDS_TO_SEND": Setting(
        3600, (int,), "How old a message may be when it is tried.", "SMS_BATCH_MAX_SECONDS_TO_SEND", 1
    ),
    "DEFAULT_PRIORITY": Setting(3, (int,), "Of messages; 1 goes first.", "DEFAULT_MESSAGE_PRIORITY", 0),
    "IDLE_MINUTES": Setting(
        10,
        (int, float),
        "How long a message may be on its way before it counts as idle.",
        "SMS_IDLE_MESSAGES_TIMEOUT_MINUTES",
        0,
    ),
    "LOG_IDLE_MESSAGES": Setting(True, (bool,), "Whether the log tells of idle messages.", "SMS_LOG_IDLE_MESSAGES"),
    "SET_ERROR_TO_IDLE_MESSAGES": Setting(
        True, (bool,), "Whether idle messages become errors.", "SMS_SET_ERROR_TO_IDLE_MESSAGES"
    ),
    "SHUTDOWN_DETECTION_FUNCTION": Setting(
        None,
        (str, type(None)),
        "The dotted path of a function; commands stop when it answers true.",
        "SHUTDOWN_DETECTION_FUNCTION",
    ),
    "OPT_OUTS": Setting(
        True, (bool,), "Whether an inbound STOP is remembered, and nothing sent to its sender from then on."
    ),
    "EXPORT_BOM": Setting(
        True, (bool,), "Whether the admin's CSV begins with a byte order mark, which Excel needs to read UTF-8."
    ),
    "PUBLIC_URL": Setting("", (str,), "How providers reach this project, such as https://www.example.org."),
    "WEBHOOK_SECRET": Setting("", (str,), "What the webhooks' addresses are made of; empty: SECRET_KEY."),
    "PRICES": Setting(
        {}, (dict,), "country -> price of a part, with `default` for the others and `currency`: what previews show."
    ),
}


class BackendSetting(NamedTuple):
    """One entry of BACKENDS."""

    path: str
    config: Mapping[str, Any]


def get(name: str) -> Any:
    """Return a setting's value: ours first, then pymess's, then the default."""
    setting = SETTINGS[name]
    ours = getattr(project, NAME, {})
    if isinstance(ours, Mapping) and name in ours:
        return ours[name]
    if setting.pymess is not None:
        return getattr(project, PYMESS + setting.pymess, setting.default)
    return setting.default


def backends() -> dict[str, BackendSetting]:
    """Return all backends that are set up, by name. Raises ImproperlyConfigured for an entry that has no path."""
    ours = getattr(project, NAME, {})
    if isinstance(ours, Mapping) and "BACKENDS" in ours:
        entries = ours["BACKENDS"]
    elif hasattr(project, PYMESS + "SMS_BACKENDS"):
        entries = SETTINGS["BACKENDS"].default | getattr(project, PYMESS + "SMS_BACKENDS")
    elif (path := getattr(project, PYMESS + "SMS_SENDER_BACKEND", None)) is not None:
        entries = {DEFAULT_NAME: {"backend": path, "config": _seed_config(path)}}
    else:
        entries = SETTINGS["BACKENDS"].default
    return {name: _entry(name, entry) for name, entry in entries.items()}


def _entry(name: str, entry: Any) -> BackendSetting:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("backend"), str):
        raise ImproperlyConfigured(f"The SMS backend {name!r} needs a dotted path under the key 'backend'.")
    config = entry.get("config") or {}
    if not isinstance(config, Mapping):
        raise ImproperlyConfigured(f"The 'config' of the SMS backend {name!r} is no dictionary.")
    return BackendSetting(our_path(entry["backend"]), config)


def our_path(path: str) -> str:
    """Return the path of the backend that stands for one of pymess's; any other path as it is."""
    module, _, name = path.removeprefix(_THEIR_BACKENDS).partition(".")
    if path.startswith(_THEIR_BACKENDS) and module in _TRANSLATED:
        return f"{_OUR_BACKENDS}{module}.{name}"
    return path


def _seed_config(path: str) -> Mapping[str, Any]:
    """Return the config of a backend in pymess's first line, which keeps it apart from the path.

    Two names are read where its documentation and its code disagree.
    """
    names: Mapping[str, tuple[str, ...]] = {
        "ats_sms_operator": ("ATS_SMS_CONFIG", "SMS_ATS_CONFIG"),
        "sms_operator": ("SMS_OPERATOR_CONFIG",),
        "sns": ("SMS_SNS_CONFIG",),
    }
    module = our_path(path).removeprefix(_OUR_BACKENDS).partition(".")[0]
    found: dict[str, Any] = {}
    for name in names.get(module, ()):
        found |= getattr(project, PYMESS + name, {})
    return found


def template_model() -> str:
    """Return the template's model as `app_label.Model`; pymess's default model stands for ours."""
    wanted = str(get("TEMPLATE_MODEL"))
    return TEMPLATE_MODEL if wanted.lower() == "pymess.smstemplate" else wanted


def tariff() -> Tariff | None:
    """Return the prices that previews show; None if there are none."""
    prices = dict(get("PRICES"))
    currency = str(prices.pop("currency", "EUR"))
    if not prices:
        return None
    micros = {country: round(float(price) * MICROS) for country, price in prices.items()}
    return Tariff(currency=currency, channels={"sms": micros})


def is_shutting_down() -> bool:
    """Ask the project's own function whether the process is to stop; without one it is not."""
    path = get("SHUTDOWN_DETECTION_FUNCTION")
    if path is None:
        return False
    ask: Callable[[], bool] = import_string(path)
    return bool(ask())

"""Readers of settings: from what a file, a variable or an option says to the value.

Each reader takes text, or what TOML has made of it, and raises `Mistake` for what can't be.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal

import msgspec

from heliograph.domain.accounts import Kept
from heliograph.domain.fraud import CostlyKind
from heliograph.domain.issuers import IssuerConfig, is_trustworthy
from heliograph.domain.prices import FREE, MICROS, Tariff
from heliograph.domain.rents import PERIODS, Terms
from heliograph.domain.retention import MOST_DAYS
from heliograph.domain.routes import Rule
from heliograph.doors.servers import Place
from heliograph.engine.addresses import Network
from heliograph.engine.provided import InvalidConfig, ProviderConfig
from heliograph.numbers import InvalidNumber, country_of, normalise, operator_of, region_named
from heliograph.runtime.masking import masked, secrets_of
from heliograph.runtime.mistakes import Mistake, convert, must_be, shown

SANDBOX = "sandbox"
"""The name of the simulated provider."""
_PROVIDER_NAME = re.compile(r"[a-z0-9_-]{1,32}")
_TYPE_NAME = re.compile(r"[a-z]{1,16}|[a-z_.]{1,64}:[A-Za-z]{1,64}")
"""Matches what is surely meant as a provider's type; anything else may be a secret in the wrong line."""
_COUNTRY = re.compile(r"[A-Z]{2}|default")
_CURRENCY = re.compile(r"[A-Z]{3}")
_PLACE = re.compile(r"(?P<host>[^:\s]+|\[[0-9A-Fa-f:.]+\]):(?P<port>[0-9]{1,5})")
_HIGHEST_PORT = 65_535
_DEAREST = 1_000_000
_ONE_OR_MORE = ("country", "prefix", "operator", "originator", "account", "tag", "channel", "providers")
"""Fields of a rule that are a list, or one value that stands alone."""


def path_in(raw: Any) -> Path:
    """Read a path; `~` is the home of whoever runs this."""
    if not isinstance(raw, str | Path):
        raise must_be("a path", raw)
    try:
        return Path(raw).expanduser()
    except RuntimeError:
        raise must_be("a path of somebody with a home", str(raw)) from None


def text_in(raw: Any) -> str:
    if not isinstance(raw, str):
        raise must_be("text", raw)
    return raw


def number_in(kind: type[int] | type[float]) -> Callable[[Any], Any]:
    """Make the reader of whole numbers, or of any that have an end."""
    wanted = "a whole number" if kind is int else "a number"

    def read(raw: Any) -> Any:
        try:
            value = kind(raw)
            if isinstance(raw, bool) or (isinstance(raw, float) and value != raw) or not math.isfinite(value):
                raise ValueError
        except (TypeError, ValueError, OverflowError):
            raise must_be(wanted, raw) from None
        return value

    return read


def words_in(raw: Any, wanted: str = "a list of words") -> list[str]:
    """Read words, as a list or separated by commas; `wanted` says what they are."""
    parts = raw.split(",") if isinstance(raw, str) else raw
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise must_be(wanted, raw)
    return [part.strip() for part in parts if part.strip()]


def networks_in(raw: Any) -> tuple[Network, ...]:
    """Read networks as CIDR. Raises Mistake, also for one whose address has bits beyond its prefix."""
    wanted, found = "a list of networks such as 10.1.0.0/16", []
    for word in words_in(raw, wanted):
        try:
            found.append(ip_network(word))
        except ValueError:
            raise must_be(wanted, word) from None
    return tuple(found)


def countries_in(raw: Any) -> tuple[str, ...]:
    """Read countries, as ISO 3166 alpha-2 or by a name."""
    wanted = "a list of countries such as FR"
    found = {word: region_named(word) for word in words_in(raw, wanted)}
    if strangers := [word for word, region in found.items() if region is None]:
        raise must_be(wanted, strangers[0])
    return tuple(region for region in found.values() if region is not None)


def kinds_in(raw: Any) -> tuple[CostlyKind, ...]:
    wanted = f"a list of some of {', '.join(CostlyKind)}"
    words = words_in(raw, wanted)
    if strangers := [word for word in words if word not in set(CostlyKind)]:
        raise must_be(wanted, strangers[0])
    return tuple(map(CostlyKind, words))


def _tables(raw: Any, wanted: str, kind: type) -> Any:
    """Read tables from the file, or JSON from a variable."""
    try:
        found = msgspec.json.decode(raw) if isinstance(raw, str) else raw
    except msgspec.DecodeError:
        raise must_be(f"{wanted}, as JSON", raw) from None
    if not isinstance(found, kind):
        raise must_be(wanted, found)
    return found


def _secret_tables(raw: Any, wanted: str) -> dict[str, dict[str, Any]]:
    """Read a table of tables that have secrets in them: of what is none, only the sort is told."""
    try:
        found = msgspec.json.decode(raw) if isinstance(raw, str) else raw
    except msgspec.DecodeError as error:
        raise Mistake("", f"must be {wanted}, as JSON, not text that can't be read: {error}") from None
    if not isinstance(found, dict):
        raise Mistake("", f"must be {wanted}, not {_sort_of(found)}")
    for name, table in found.items():
        if not isinstance(table, dict):
            raise Mistake(f".{name}", f"must be a table, not {_sort_of(table)}")
    return found


def _sort_of(value: Any) -> str:
    sorts: dict[type, str] = {str: "text", list: "a list", dict: "a table"}
    return sorts.get(type(value)) or shown(value)


def places_in(raw: Any) -> Mapping[str, Place]:
    """Read where protocols with servers of their own are served: a table of names, each HOST:PORT."""
    from heliograph.protocols.registry import CONNECTED_PROTOCOLS  # brings all protocols with it

    known = {protocol.name for protocol in CONNECTED_PROTOCOLS}
    tables = _tables(raw, "a table of protocols, each HOST:PORT", dict)
    if strangers := sorted(tables.keys() - known):
        named = ", ".join(sorted(known)) or "there are none"
        found = strangers[0] or shown("")
        raise Mistake("", f"must name protocols that have servers of their own ({named}), not {found}")
    return {name: _place(place, f".{name}") for name, place in tables.items()}


def place_in(raw: Any) -> Place | None:
    """Read HOST:PORT; nothing is nowhere."""
    return None if raw == "" else _place(raw, "")


def _place(raw: Any, path: str) -> Place:
    written = _PLACE.fullmatch(raw) if isinstance(raw, str) else None
    if written is None or int(written["port"]) > _HIGHEST_PORT:
        raise must_be("a host and a port such as 0.0.0.0:2775", raw, path)
    return Place(written["host"].strip("[]"), int(written["port"]))


def retention_in(raw: Any) -> Mapping[Kept, int]:
    """Read for how many days data are kept: a table of classes."""
    wanted = f"a table of days for some of {', '.join(Kept)}"
    table = _tables(raw, wanted, dict)
    if strangers := [name for name in table if name not in set(Kept)]:
        raise must_be(wanted, strangers[0])
    for name, days in table.items():
        if isinstance(days, bool) or not isinstance(days, int) or not 1 <= days <= MOST_DAYS:
            raise must_be(f"1 to {MOST_DAYS} days", days, f".{name}")
    return {Kept(name): days for name, days in table.items()}


def providers_in(raw: Any) -> Mapping[str, ProviderConfig]:
    tables = _secret_tables(raw, "a table for each provider")
    found = {}
    for name, table in tables.items():
        try:
            found[name] = _provider(name, table)
        except Mistake as mistake:
            raise mistake.under(f".{name}") from None
    return found


def _provider(name: str, table: dict[str, Any]) -> ProviderConfig:
    from heliograph.protocols.providers import TYPES, provided  # brings all providers with it

    if not _PROVIDER_NAME.fullmatch(name) or name == SANDBOX:
        raise Mistake("", f"must have another name: 1 to 32 of a-z, 0-9, - and _, and not {SANDBOX}")
    if not isinstance(table.get("type"), str):
        raise must_be(TYPES, table["type"], ".type") if "type" in table else Mistake(".type", f"must be given: {TYPES}")
    try:
        protocol = provided(table["type"])
    except LookupError as error:
        hidden = [] if _TYPE_NAME.fullmatch(table["type"]) else [table["type"], *re.split("[.:]", table["type"])]
        raise Mistake(".type", f"must be {TYPES}, not {masked(str(error), hidden)}") from None
    try:
        config: ProviderConfig = convert(table, protocol.config)
        protocol.check(config)
    except Mistake as mistake:
        raise Mistake(mistake.path, masked(mistake.told, secrets_of(table, protocol.secrets))) from None
    except InvalidConfig as error:
        raise Mistake(f".{error.field}", masked(error.told, secrets_of(table, protocol.secrets))) from None
    return config


def issuers_in(raw: Any) -> Mapping[str, IssuerConfig]:
    tables = _secret_tables(raw, "a table for each issuer")
    found = {}
    for name, table in tables.items():
        try:
            found[name] = _issuer(name, table)
        except Mistake as mistake:
            hidden = secrets_of(table, ["client_secret"])
            raise Mistake(f".{name}{mistake.path}", masked(mistake.told, hidden)) from None
    return found


def _issuer(name: str, table: Any) -> IssuerConfig:
    if not _PROVIDER_NAME.fullmatch(name):
        raise Mistake("", "must have another name: 1 to 32 of a-z, 0-9, - and _")
    config: IssuerConfig = convert(table, IssuerConfig)
    if not is_trustworthy(config.issuer) or set(config.issuer) & set("?#"):
        wanted = "an address that begins with https:// (or http:// on this machine), without ? and #"
        raise must_be(wanted, config.issuer, ".issuer")
    if not config.client_id:
        raise must_be("the id that the issuer gave this installation", config.client_id, ".client_id")
    if config.allow_sign_up and not config.roles:
        raise Mistake(".roles", "must be given where allow_sign_up is on: tables of a value, a role and an account")
    if "openid" not in config.scopes:
        raise must_be("a list of scopes with openid among them", config.scopes, ".scopes")
    return config


def rules_in(raw: Any) -> tuple[Rule, ...]:
    tables = _tables(raw, "a list of tables", list)
    return tuple(convert([_listed(table) for table in tables], list[Rule]))


def _listed(table: Any) -> Any:
    """Make a list of a value that stands alone where a rule has a list."""
    if not isinstance(table, dict):
        return table
    return {
        name: [value] if name in _ONE_OR_MORE and isinstance(value, str) else value for name, value in table.items()
    }


def prices_in(raw: Any) -> Tariff:
    table = dict(_tables(raw, "a table of channels, each a table of countries and prices", dict))
    currency = table.pop("currency", FREE.currency)
    if not isinstance(currency, str) or not _CURRENCY.fullmatch(currency):
        raise must_be("an ISO 4217 code such as EUR", currency, ".currency")
    return Tariff(currency=currency, channels={channel: _of_channel(channel, raw) for channel, raw in table.items()})


def _of_channel(channel: str, prices: Any) -> dict[str, int]:
    if not isinstance(prices, dict):
        raise must_be("a table of countries and prices, such as FR = 0.045", prices, f".{channel}")
    for place in prices:
        if not _COUNTRY.fullmatch(place):
            raise must_be("countries such as FR, or default", place, f".{channel}")
    return {place: _micros(price, f".{channel}.{place}") for place, price in prices.items()}


def _micros(price: Any, path: str) -> int:
    if isinstance(price, bool) or not isinstance(price, int | float) or not 0 <= price <= _DEAREST:
        raise must_be(f"a price from 0 to {_DEAREST}", price, path)
    return round(price * MICROS)


class _Rentable(msgspec.Struct, forbid_unknown_fields=True):
    """A table `[[numbers]]` of the settings file."""

    number: str
    prices: dict[str, float]
    network: str = ""
    type: Literal["mobile", "landline"] = "mobile"
    features: tuple[Literal["receive", "send", "voice"], ...] = ("receive",)
    any_originator: bool = True
    registration: bool = False
    delayed: bool = False
    setup_price: float = 0.0
    inbound_price: float = 0.0
    outbound_price: float | None = None


def rentable_in(raw: Any) -> tuple[Terms, ...]:
    tables = convert(_tables(raw, "a list of tables", list), list[_Rentable])
    return tuple(_terms(table, f"[{place}]") for place, table in enumerate(tables, 1))


def _terms(table: _Rentable, path: str) -> Terms:
    try:
        msisdn = normalise(table.number)
    except InvalidNumber:
        raise must_be("a number such as +33639980001", table.number, f"{path}.number") from None
    country = country_of(msisdn)
    if country is None:
        raise must_be("a number of a country", table.number, f"{path}.number")
    periods = {str(days): days for days in PERIODS}
    if not table.prices or not set(table.prices) <= set(periods):
        wanted = f"a table of prices for some of {', '.join(periods)} days"
        raise must_be(wanted, table.prices, f"{path}.prices")
    return Terms(
        msisdn=msisdn,
        country=country,
        network=table.network or operator_of(msisdn) or "Unknown",
        kind=table.type,
        receives="receive" in table.features,
        sends="send" in table.features,
        speaks="voice" in table.features,
        any_originator=table.any_originator,
        needs_registration=table.registration,
        instantly=not table.delayed,
        setup_price=_micros(table.setup_price, f"{path}.setup_price"),
        prices={periods[days]: _micros(price, f"{path}.prices.{days}") for days, price in table.prices.items()},
        inbound_price=_micros(table.inbound_price, f"{path}.inbound_price"),
        outbound_price=None
        if table.outbound_price is None
        else _micros(table.outbound_price, f"{path}.outbound_price"),
    )


READERS: Mapping[str, Callable[[Any], Any]] = {
    "Path": path_in,
    "str": text_in,
    "int": number_in(int),
    "int | None": number_in(int),
    "float": number_in(float),
    "tuple[str, ...]": countries_in,
    "tuple[CostlyKind, ...]": kinds_in,
    "tuple[Network, ...]": networks_in,
    "Place | None": place_in,
    "Mapping[str, Place]": places_in,
    "Mapping[Kept, int]": retention_in,
    "Mapping[str, ProviderConfig]": providers_in,
    "Mapping[str, IssuerConfig]": issuers_in,
    "tuple[Rule, ...]": rules_in,
    "Tariff | None": prices_in,
    "tuple[Terms, ...] | None": rentable_in,
}
"""The readers, by the type of the setting."""

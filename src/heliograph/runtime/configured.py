"""What the settings say of providers, routes and prices, as the store knows it: so that changes leave audit entries.

Settings are files, which anybody who may edits without a word. What was in force last stands in the store, as
fingerprints: whoever starts, or reads the settings anew, compares and writes down what is another now, in one
transaction, so that several processes that do so leave one entry. No value is written, but names of providers and
fields, since some are secrets.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from heliograph.domain.audit import Act, Action
from heliograph.engine.provided import ProviderConfig
from heliograph.runtime.settings import Settings
from heliograph.services.audit import audited
from heliograph.store import Store
from heliograph.store.settings import get_setting, put_setting
from heliograph.store.tx import Tx

_NAME = "settings.configured"


class Configured(msgspec.Struct, frozen=True, omit_defaults=True):
    """Fingerprints of what is set up, and the names that are no secret."""

    providers: Mapping[str, Mapping[str, str]] = {}
    """The fields of each that are not as they are by default."""
    default: str = ""
    lookups: str = ""
    titles: tuple[str, ...] = ()
    """The names of the routes, or else their places, in their order."""
    routes: str = ""
    currency: str = ""
    prices: str = ""


def configured(settings: Settings, key: bytes) -> Configured:
    """Describe settings; fingerprints are made with `key`, so that whoever reads them learns no value."""

    def fingerprint(value: object) -> str:
        written = msgspec.json.encode(value, enc_hook=str, order="deterministic")
        return hmac.digest(key, written, "sha256").hex()[:32]

    def fields(config: ProviderConfig) -> dict[str, str]:
        return {name: fingerprint(value) for name, value in msgspec.structs.asdict(config).items()}

    prices = settings.prices
    return Configured(
        providers={name: fields(config) for name, config in settings.providers.items()},
        default=settings.default_provider if settings.providers else "",
        lookups=settings.lookup_provider,
        titles=tuple(rule.name or str(place) for place, rule in enumerate(settings.routes, 1)),
        routes=fingerprint(settings.routes) if settings.routes else "",
        currency="" if prices is None else prices.currency,
        prices="" if prices is None else fingerprint(prices),
    )


async def note_configured(store: Store, now: Configured) -> None:
    """Write down what is set up, with entries in the audit log about what was another. Raises NotNow."""
    before = await store.read(_known)
    if before != now:
        await audited(store, _acts, note, now)


def note(tx: Tx, now: Configured) -> tuple[Configured, Configured]:
    """Write down what is set up; return what was before, and what is now."""
    before = _known(tx)
    if before != now:
        put_setting(tx, _NAME, msgspec.json.encode(now).decode())
    return before, now


def _known(tx: Tx) -> Configured:
    stored = get_setting(tx, _NAME)
    return Configured() if stored is None else msgspec.json.decode(stored, type=Configured)


def _acts(change: tuple[Configured, Configured]) -> list[Act]:
    return list(acts_of(*change))


def acts_of(before: Configured, now: Configured) -> Iterator[Act]:
    """Say what is another now, for the audit log."""
    for name in sorted(before.providers.keys() | now.providers.keys()):
        was, is_now = before.providers.get(name), now.providers.get(name)
        if was is None:
            yield Act(action=Action.PROVIDER_ADDED, object_id=name)
        elif is_now is None:
            yield Act(action=Action.PROVIDER_REMOVED, object_id=name)
        elif was != is_now:
            others = sorted(field for field in was.keys() | is_now.keys() if was.get(field) != is_now.get(field))
            yield Act(action=Action.PROVIDER_CHANGED, object_id=name, after={"fields": others})
    if _routing(before) != _routing(now):
        yield Act(action=Action.ROUTING_CHANGED, object_id="routes", before=_facts(before), after=_facts(now))
    if before.prices != now.prices:
        was_in, is_in = {"currency": before.currency}, {"currency": now.currency}
        yield Act(action=Action.PRICES_CHANGED, object_id="prices", before=was_in, after=is_in)


def _routing(of: Configured) -> tuple[str, str, str]:
    return of.default, of.lookups, of.routes


def _facts(of: Configured) -> dict[str, Any]:
    return {"default_provider": of.default, "lookup_provider": of.lookups, "routes": list(of.titles)}

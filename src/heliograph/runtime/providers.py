"""The providers of the settings file: how they are made, checked, and given the addresses of their webhooks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec
import structlog

from heliograph.domain.accounts import new_secret
from heliograph.domain.errors import SetupError
from heliograph.domain.instants import now_ms
from heliograph.domain.receipts import Receipt
from heliograph.domain.routes import Rule, title_of
from heliograph.doors.webhooks import Registered, webhook_address
from heliograph.engine.contract import InboundArrival, Intake, Provider
from heliograph.engine.provided import ProviderConfig, ProviderContext
from heliograph.engine.routes import Route, RouteRules
from heliograph.protocols.providers import provided
from heliograph.runtime.masking import hide_in_log, masked, secrets_of
from heliograph.runtime.settings import Settings
from heliograph.services.access import REMEMBERED_S
from heliograph.store import Store
from heliograph.store.accounts import account_by_name
from heliograph.store.settings import ensure_setting, get_setting, put_setting
from heliograph.store.tx import Tx

log = structlog.get_logger(__name__)

CHECKED_WITHIN_S = 20.0
_SECRET = "providers.callback_secret."  # noqa: S105 - the setting's name begins so
_FORMER_SECRET = "providers.former_secret."  # noqa: S105 - this one, too
_SHARED_SECRET = "providers.callback_secret"  # noqa: S105 - the setting's name


class Checked(NamedTuple):
    """The result of trying a provider's credentials."""

    name: str
    works: bool
    told: str


async def check(provider: Provider, secrets: Sequence[str] = ()) -> Checked:
    """Try one provider that has been started. Raises nothing, and tells none of `secrets`."""
    try:
        standing = await asyncio.wait_for(provider.check(), CHECKED_WITHIN_S)
    except Exception as error:
        told = "It did not answer in time." if isinstance(error, TimeoutError) else str(error) or type(error).__name__
        return Checked(provider.name, False, masked(told, secrets))
    balance = f" Balance: {standing.balance}." if standing.balance is not None else ""
    return Checked(provider.name, True, masked(standing.detail + balance, secrets))


class NullIntake(Intake):
    """The intake of providers that are only tried."""

    async def receipts(self, receipts: Sequence[Receipt]) -> None:
        pass

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        return None


async def check_all(settings: Settings) -> list[Checked]:
    """Try each provider of the settings, all at once, without a store."""

    async def tried(name: str, config: ProviderConfig) -> Checked:
        nowhere = ProviderContext(name=name, account_id=None, callback_url=None)
        provider = provided(config.type).provider(config, nowhere)
        await provider.start(NullIntake())
        try:
            return await check(provider, _secrets_in(config))
        finally:
            await provider.stop()

    return await asyncio.gather(*(tried(name, config) for name, config in settings.providers.items()))


class WebhookSecrets:
    """The secrets of one provider's address, as they are in the store."""

    def __init__(self, store: Store, name: str) -> None:
        self._store = store
        self._name = name
        self._known: tuple[float, Sequence[str]] = (0.0, ())

    async def good(self) -> Sequence[str]:
        """List those that are good, as of a moment ago: a change is in force everywhere within two seconds."""
        until, known = self._known
        if until <= time.monotonic():
            asked = time.monotonic()
            known = await self._store.read(good_secrets, self._name, now_ms())
            self._known = (asked + REMEMBERED_S, known)
        return known


class Made(NamedTuple):
    """A provider of the settings."""

    route: Route
    config: ProviderConfig
    context: ProviderContext
    secrets: WebhookSecrets
    read: Mapping[str, bytes | None]
    """What was in the files that it reads."""


class Providers:
    """The providers that are set up beside the sandbox."""

    def __init__(self, made: Sequence[Made] = ()) -> None:
        self._made = {each.route.name: each for each in made}

    def __iter__(self) -> Iterator[Made]:
        return iter(self._made.values())

    @property
    def routes(self) -> list[Route]:
        return [each.route for each in self]

    @property
    def addresses(self) -> dict[str, str]:
        """Return the addresses of the providers' webhooks, by name; none if nobody outside can reach this server."""
        urls = {each.route.name: each.context.callback_url for each in self}
        return {name: url for name, url in urls.items() if url is not None}

    def find(self, name: str) -> Registered | None:
        """Return the provider of a name with the secrets of its webhook."""
        made = self._made.get(name)
        return None if made is None else Registered(made.route.provider, made.secrets.good)

    def like(self, config: ProviderConfig, context: ProviderContext, read: Mapping[str, bytes | None]) -> Made | None:
        """Return the provider that speaks to the same server in the same way; None if there is none.

        `read` is what is in the files that it reads now.
        """
        made = self._made.get(context.name)
        if made is None or made.context != context or made.read != read:
            return None
        return made if _spoken(made.config) == _spoken(config) else None

    def renew(self, others: Providers) -> None:
        """Have these others from now on."""
        self._made = others._made
        for made in self:
            made.route.renew(_rules(made.config))


async def log_unusable(made: Iterable[Made]) -> None:
    """Log which providers can't be used as they are set up."""
    for checked in await asyncio.gather(*(check(each.route.provider, _secrets_in(each.config)) for each in made)):
        if not checked.works:
            log.error("provider can't be used", provider=checked.name, reason=checked.told)


async def ensure(settings: Settings, store: Store) -> Providers:
    """Make the providers of the settings. Raises SetupError as `make` does."""
    secrets = await store.write(ensure_secrets, {name: new_secret() for name in settings.providers})
    return await make(settings, store, secrets, Providers())


async def make(settings: Settings, store: Store, secrets: Mapping[str, str], before: Providers) -> Providers:
    """Make the providers of the settings; those that were there `before` and speak as they did stay what they are.

    What the routes of these may do is not changed yet (`Providers.renew`). `secrets` are those of the addresses of
    their webhooks, by name. Raises SetupError for an account that does not exist or a provider that can't be made.
    """
    public_url = settings.public_url.rstrip("/")
    made = []
    for name, config in settings.providers.items():
        hide_in_log(_secrets_in(config))
        account = await store.read(account_by_name, config.account) if config.account else None
        if config.account and account is None:
            raise SetupError(f"The provider `{name}` is for an account that does not exist: {config.account!r}.")
        owner = None if account is None else account.id
        url = webhook_address(public_url, name, secrets[name]) if public_url else None
        context = ProviderContext(name=name, account_id=owner, callback_url=url)
        read = await asyncio.to_thread(_read, config.files())
        if (known := before.like(config, context, read)) is not None:
            made.append(known._replace(config=config))
        else:
            try:
                provider = provided(config.type).provider(config, context)
            except (OSError, ValueError) as error:  # of a file that it names, such as a certificate
                raise SetupError(f"The provider `{name}` can't be started ({error}).") from error
            route = Route(provider, _rules(config))
            made.append(Made(route, config, context, WebhookSecrets(store, name), read))
    return Providers(made)


def _read(paths: Sequence[str]) -> dict[str, bytes | None]:
    """Read files; None for one that can't be: the provider says so."""
    found: dict[str, bytes | None] = {}
    for path in paths:
        try:
            found[path] = Path(path).expanduser().read_bytes()
        except OSError:
            found[path] = None
    return found


def renew_secret(tx: Tx, name: str, grace_until: int | None) -> None:
    """Give one provider another secret address.

    The old one is good besides until `grace_until`, in milliseconds since 1970; None: it ends at once.
    """
    before = get_setting(tx, _SECRET + name) or get_setting(tx, _SHARED_SECRET)
    former = "" if grace_until is None or before is None else f"{grace_until} {before}"
    put_setting(tx, _FORMER_SECRET + name, former)
    put_setting(tx, _SECRET + name, new_secret())


def good_secrets(tx: Tx, name: str, now_ms: int) -> list[str]:
    """Read the secrets that a provider's address has at this moment, the current one first."""
    until, _, former = (get_setting(tx, _FORMER_SECRET + name) or "").partition(" ")
    current = get_setting(tx, _SECRET + name)
    return [secret for secret in (current, former if until and now_ms < int(until) else None) if secret]


def ensure_secrets(tx: Tx, candidates: Mapping[str, str]) -> dict[str, str]:
    """Give each provider a secret of its own, the candidate if it has none, and return those that they have.

    Those of a store of 0.1.0 keep the one they shared, because it was entered at their servers.
    """
    shared = get_setting(tx, _SHARED_SECRET)
    return {name: ensure_setting(tx, _SECRET + name, shared or secret) for name, secret in candidates.items()}


def known_secrets(tx: Tx, candidates: Mapping[str, str]) -> dict[str, str]:
    """Return what `ensure_secrets` would, and write nothing."""
    shared = get_setting(tx, _SHARED_SECRET)
    return {name: get_setting(tx, _SECRET + name) or shared or secret for name, secret in candidates.items()}


def _secrets_in(config: ProviderConfig) -> list[str]:
    return secrets_of(config, provided(config.type).secrets)


def _spoken(config: ProviderConfig) -> ProviderConfig:
    """Return a config without what the engine does by itself, which a provider does not see."""
    apart = {field.name: field.default for field in msgspec.structs.fields(ProviderConfig) if not field.required}
    return msgspec.structs.replace(config, **(apart | {"costs": {}}))


def _rules(config: ProviderConfig) -> RouteRules:
    return RouteRules(
        per_second=config.rate,
        per_originator=config.originator_rate,
        resend_uncertain=config.resend_uncertain,
        failover_refusals=config.failover_refusals,
        failover_receipts=config.failover_receipts,
        costs=config.costs,
        slow_after_s=config.slow_after_s,
    )


async def compiled(rules: Sequence[Rule], store: Store) -> list[Rule]:
    """Return the rules with identifiers of accounts for their names. Raises SetupError if one does not exist."""
    found = []
    for place, rule in enumerate(rules):
        identifiers = []
        for name in rule.account:
            account = await store.read(account_by_name, name)
            if account is None:
                raise SetupError(f"The {title_of(rule, place)} is for an account that does not exist: {name!r}.")
            identifiers.append(account.id)
        found.append(msgspec.structs.replace(rule, account=identifiers))
    return found

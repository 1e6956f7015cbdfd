"""Every setting: its default, its meaning and its limits, in one place.

A value comes from the settings file, then the environment (`HELIOGRAPH_LEASE_S`), then the command line; the last one
wins. All mistakes are reported together, each with where it stands. Settings are read once, at the start, and handed
down; nothing else reads a file or the environment.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, field, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import platformdirs

from heliograph.domain.accounts import Kept
from heliograph.domain.errors import SetupError
from heliograph.domain.fraud import CodeLimits, CostlyKind
from heliograph.domain.issuers import IssuerConfig
from heliograph.domain.links import IN_DATABASE
from heliograph.domain.prices import FREE, TRIAL, Tariff
from heliograph.domain.rents import FICTIONAL, Terms
from heliograph.domain.routes import Rule, mistakes_in, title_of
from heliograph.doors.servers import UNIX, Place
from heliograph.engine.addresses import EVERYWHERE, LOOPBACK, Network
from heliograph.engine.provided import ProviderConfig
from heliograph.runtime.masking import masked
from heliograph.runtime.mistakes import Mistake, Mistakes, must_be
from heliograph.runtime.values import READERS, SANDBOX
from heliograph.services.settings_in_force import SettingInForce

FILE_NAME = "heliograph.toml"
PREFIX = "HELIOGRAPH_"
_RESERVED = {"HELIOGRAPH_URL", "HELIOGRAPH_TOKEN", "HELIOGRAPH_CONFIG", "HELIOGRAPH_OUTPUT"}
"""Variables that the SDK and the CLI read; they are not settings of a server."""
_SETTING = re.compile(r"\w+")
_OF_PROVIDERS = {"default_provider", "lookup_provider", "routes", "sandbox"}
"""The settings that name providers."""
_QUIET = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")
ELSEWHERE_FREE: Mapping[str, float] = {"default": 0.0}
"""Costs of the sandbox, for rules that take the cheapest."""
_ALLOWED = {
    "log_level": {"debug", "info", "warning", "error"},
    "log_format": {"text", "json"},
    "sandbox": {"auto", "on", "off"},
    "smpp_alphabet_0": {"gsm", "latin1", "ascii"},
}


def default_data_dir() -> Path:
    """Return where an embedded store lives if nobody says otherwise."""
    return Path(platformdirs.user_data_dir("heliograph", appauthor=False))


def setting(default: Any, help: str, *, secret: bool = False, local: bool = False, **limits: float) -> Any:
    """Define a setting with what the reference says of it; limits are `at_least` and `at_most`.

    A `local` one may differ between processes that share a store.
    """
    metadata = {"help": help, "secret": secret, "local": local, "limits": limits}
    if callable(default):
        return field(default_factory=default, metadata=metadata)
    return field(default=default, metadata=metadata)


_LIMITS = CodeLimits()


def _codes(default: int, help: str) -> Any:
    """Define a limit of one-time codes."""
    return setting(default, help, at_least=0, at_most=1_000_000_000)


@dataclass(frozen=True, kw_only=True)
class Settings:
    data_dir: Path = setting(  # noqa: RUF009 - a dataclass field
        default_data_dir,
        "The directory of the embedded store and of the sandbox's credentials.",
        local=True,
    )
    store: str = setting(
        "",
        "A postgresql:// URL; empty for the embedded SQLite store in the data directory.",
        secret=True,
        local=True,
    )
    processes: int = setting(
        1,
        "How many processes a command that runs starts. Several share a PostgreSQL store and the places that are "
        "listened at; one that dies is replaced.",
        at_least=1,
        at_most=1_000,
        local=True,
    )
    host: str = setting(
        "127.0.0.1", "The address to listen on, or unix:/PATH of a socket for a proxy on this machine.", local=True
    )
    port: int = setting(8460, "The port to listen on; 0 takes any free one.", at_least=0, at_most=65535, local=True)
    tls_certificate: str = setting(
        "",
        "The file of a certificate in PEM, with those that it depends on: HTTP is served by TLS. It and its key are "
        "read anew when the files change. Empty where a proxy has the certificate.",
        local=True,
    )
    tls_key: str = setting("", "The file of the certificate's key, without a password.", local=True)
    trusted_proxies: tuple[Network, ...] = setting(
        LOOPBACK,
        "Networks of proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Empty for none. Whoever comes "
        "by a Unix socket is believed.",
        local=True,
    )
    drain_s: float = setting(
        10.0,
        "Seconds that a stop waits for what was asked and for what providers have not answered; what they answer later "
        "is taken as not known.",
        at_least=0.1,
        at_most=3600,
        local=True,
    )
    listen: Mapping[str, Place] = setting(
        dict,
        "A table `[listen]`: where protocols that are not HTTP are served, each as HOST:PORT. One that is not named is "
        "served at any free port of `host` while there is a sandbox, and otherwise not. From the environment: JSON.",
        local=True,
    )
    smpp_port: int | None = setting(
        None,
        "The port of `host` at which SMPP clients bind, usually 2775; 0 takes any free one. Not given: as `listen` "
        "says.",
        at_least=0,
        at_most=65535,
        local=True,
    )
    smpp_tls_certificate: str = setting(
        "",
        "A file with the certificate, and those between, by which SMPP is served over TLS; empty for in clear. It and "
        "its key are read anew when the files change.",
        local=True,
    )
    smpp_tls_key: str = setting("", "A file with the key of that certificate.", local=True)
    smpp_connections: int = setting(
        1_000,
        "Connections of SMPP clients at once, those that have not bound among them.",
        at_least=1,
        at_most=100_000,
        local=True,
    )
    smpp_binds: int = setting(
        10, "How many SMPP clients may be bound with one key, to all processes together.", at_least=1, at_most=10_000
    )
    smpp_window: int = setting(
        10,
        "Receipts and messages that an SMPP client is handed before it has answered one.",
        at_least=1,
        at_most=1_000,
    )
    smpp_alphabet_0: str = setting(
        "gsm", "What `data_coding` 0 means between SMPP clients and this server: gsm, latin1 or ascii."
    )
    public_url: str = setting(
        "",
        "How others reach this server, if not by http://HOST:PORT. What is in texts, such as short addresses, leads "
        "there; the name that a caller used counts for nothing.",
    )
    link_url: str = setting(
        "", "What short addresses begin with, such as https://go.example.org; empty for PUBLIC_URL/l."
    )
    attachments: str = setting(
        "",
        "Where files are kept: database, for the store's own; s3://BUCKET/PREFIX, with AWS_ACCESS_KEY_ID, "
        "AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL in the environment; file:///DIRECTORY; empty for the "
        "data directory. All processes that serve one store keep them in the same place, or do not start.",
        local=True,
    )
    attachment_bytes: int = setting(
        10 * 1024 * 1024, "The largest file, in bytes.", at_least=1024, at_most=1024 * 1024 * 1024
    )
    numbers: tuple[Terms, ...] | None = setting(
        None,
        "Numbers that accounts can rent: a table `[[numbers]]` for each, see numbers.md. Without them the sandbox has "
        "some, if messages go by it.",
    )
    lease_s: float = setting(
        60.0, "Seconds a worker holds a message before another may take it.", at_least=1, at_most=3600
    )
    await_parts_s: float = setting(
        600.0,
        "Seconds for which the other parts of a message from a phone are waited for; then it is what is there.",
        at_least=1,
        at_most=7 * 24 * 3600,
    )
    window: int = setting(
        4, "Chunks of messages on their way to providers at once.", at_least=1, at_most=64, local=True
    )
    max_body_bytes: int = setting(
        16 * 1024 * 1024, "The largest request body, in bytes.", at_least=1024, at_most=1024 * 1024 * 1024
    )
    header_bytes: int = setting(
        32 * 1024,
        "The largest headers of a request, with its address, in bytes.",
        at_least=1024,
        at_most=1024 * 1024,
        local=True,
    )
    headers: int = setting(100, "How many headers a request may have.", at_least=10, at_most=10_000, local=True)
    header_timeout_s: float = setting(
        15.0,
        "Seconds within which the headers of a request must have come.",
        at_least=1,
        at_most=600,
        local=True,
    )
    body_timeout_s: float = setting(
        15.0,
        "Seconds within which the body of a request must have come; a second more for each KiB that has.",
        at_least=1,
        at_most=600,
        local=True,
    )
    idle_timeout_s: float = setting(
        5.0,
        "Seconds that a connection may wait for its next request.",
        at_least=1,
        at_most=600,
        local=True,
    )
    connections: int = setting(
        10_000,
        "Connections at once, in all, as far as the system allows. Beyond it, those give way that have waited longest "
        "without a complete request.",
        at_least=10,
        at_most=1_000_000,
        local=True,
    )
    connections_per_address: int = setting(
        1_000,
        "The same from one address; 0 for any number, where all come from a proxy.",
        at_least=0,
        at_most=1_000_000,
        local=True,
    )
    callback_networks: tuple[Network, ...] = setting(
        tuple, "Networks that callbacks may reach although they are not public, such as 10.1.0.0/16."
    )
    metrics_networks: tuple[Network, ...] = setting(
        LOOPBACK,
        "Networks from which /metrics can be read; it is 404 elsewhere. Empty for nowhere. What a proxy on this "
        "machine passes on without X-Forwarded-For comes from this machine.",
        local=True,
    )
    health_networks: tuple[Network, ...] = setting(
        EVERYWHERE,
        "Networks from which /livez (the process does its work), /readyz (it can be asked: the store answers, and it "
        "does not stop) and /healthz (how much waits) can be read; they are 404 elsewhere. Empty for nowhere.",
        local=True,
    )
    monitor: Place | None = setting(  # noqa: RUF009 - a dataclass field
        None,
        "HOST:PORT at which /livez, /readyz, /healthz and /metrics are served and nothing else, in a worker too; empty "
        "for nowhere. They are also where everything is. Several processes of one command have this port and those "
        "after it.",
        local=True,
    )
    sandbox: str = setting(
        "auto",
        "Whether there is a simulated operator with phones in the browser, two accounts with printed credentials, and "
        "callbacks to this machine: on, off, or auto, which is on only while `default_provider` is the sandbox.",
    )
    seal_key: str = setting(
        "",
        "Seals those tokens in the store that this server has to know itself: 32 bytes as URL-safe base64, one for all "
        "processes; several, separated by commas, to go over to the first. Empty: `seal.key` in the data directory, "
        "made at the first start.",
        secret=True,
        local=True,
    )
    sandbox_rate: float = setting(
        0.0, "Messages a second that the sandbox operator takes; 0 for any number.", at_least=0
    )
    providers: Mapping[str, ProviderConfig] = setting(
        dict, "A table `[providers.NAME]` for each provider: see providers.md. From the environment: JSON.", secret=True
    )
    default_provider: str = setting(
        "sandbox", "The provider by which messages go, except those to the sandbox's own numbers."
    )
    routes: tuple[Rule, ...] = setting(
        tuple, "Tables `[[routes]]`: which messages go by which providers; see routing.md. From the environment: JSON."
    )
    lookup_provider: str = setting("", "The provider that is asked about numbers; empty for the default one.")
    quiet_hours: str = setting(
        "", "When marketing waits, by the recipient's clock, such as 20:00-08:00; empty for never."
    )
    retention: Mapping[Kept, int] = setting(
        dict,
        "A table `[retention]`: for how many days `texts`, `numbers`, `receipts`, `callbacks`, `inbound`, `hits` and "
        "`audit` are kept; one that is not named is kept for ever. See data.md. From the environment: JSON.",
    )
    prices: Tariff | None = setting(  # noqa: RUF009 - a dataclass field
        None,
        "A table `[prices]`: `currency`, and for each channel a table `[prices.sms]` of countries (`FR = 0.045`, "
        "`default` for the others) and the price of a part. Without it the sandbox has prices of its own, and what "
        "goes by other providers is free.",
    )
    balance: float = setting(
        100_000.0, "What each of the sandbox's two accounts has to spend.", at_least=0, at_most=1e9
    )
    rate_limit: int = setting(
        0,
        "Requests a second that an account may make, by all doors and all processes together. Not given: 500 by the "
        "door of SMS.CX, as there, and 5,000 by the others.",
        at_least=1,
        at_most=1_000_000,
    )
    code_countries: tuple[str, ...] = setting(
        tuple, "Countries that one-time codes are sent to, such as FR,BE; empty for all."
    )
    code_kinds: tuple[CostlyKind, ...] = setting(
        tuple,
        "Costly kinds of numbers that one-time codes are sent to all the same: premium, shared_cost, satellite.",
    )
    codes_per_minute: int = _codes(
        _LIMITS.per_minute,
        "One-time codes that an account sends in a minute; 0 for any number, as in all limits of codes. An account's "
        "terms can have others.",
    )
    codes_per_day: int = _codes(_LIMITS.per_day, "The same in a day.")
    codes_per_prefix_per_minute: int = _codes(
        _LIMITS.prefix_per_minute,
        "One-time codes that an account sends in a minute to numbers that differ in their last six digits only.",
    )
    codes_per_prefix_per_day: int = _codes(_LIMITS.prefix_per_day, "The same in a day.")
    codes_per_number: int = _codes(_LIMITS.per_number, "One-time codes to one number in an hour.")
    codes_per_address: int = _codes(
        _LIMITS.per_address, "One-time codes in an hour on behalf of one address that the application names."
    )
    codes_slowed_from: int = _codes(
        _LIMITS.slowed_from,
        "Codes within an hour, to numbers that differ in their last six digits or four, from which on they are slowed "
        "to six a minute while few of them are entered; 0 for never.",
    )
    codes_stopped_from: int = _codes(
        _LIMITS.stopped_from, "The same, from which on none are sent while few are entered."
    )
    codes_entered_percent: int = setting(
        _LIMITS.entered_percent,
        "How many of a hundred codes are entered, or else that is few.",
        at_least=0,
        at_most=100,
    )
    oidc: Mapping[str, IssuerConfig] = setting(
        dict,
        "A table `[oidc.NAME]` for each issuer of OpenID Connect that people may sign in with: see accounts.md. From "
        "the environment: JSON.",
        secret=True,
    )
    log_level: str = setting("info", "debug, info, warning or error.", local=True)
    log_format: str = setting("text", "text or json.", local=True)

    @property
    def has_sandbox(self) -> bool:
        """Say whether there are the simulated operator and all that comes with it."""
        return self.default_provider == SANDBOX if self.sandbox == "auto" else self.sandbox == "on"

    @property
    def places(self) -> dict[str, Place]:
        """Return where protocols with servers of their own are served, as far as somebody has said."""
        smpp = {} if self.smpp_port is None else {"smpp": Place(self.host, self.smpp_port)}
        return smpp | dict(self.listen)

    @property
    def tariff(self) -> Tariff:
        """Return the prices that count: those of the settings, or the sandbox's, or none."""
        if self.prices is not None:
            return self.prices
        return TRIAL if self.default_provider == SANDBOX else FREE

    @property
    def code_limits(self) -> CodeLimits:
        """Return how many one-time codes an account may send, and where."""
        return CodeLimits(
            countries=self.code_countries,
            kinds=self.code_kinds,
            per_minute=self.codes_per_minute,
            per_day=self.codes_per_day,
            prefix_per_minute=self.codes_per_prefix_per_minute,
            prefix_per_day=self.codes_per_prefix_per_day,
            per_number=self.codes_per_number,
            per_address=self.codes_per_address,
            slowed_from=self.codes_slowed_from,
            stopped_from=self.codes_stopped_from,
            entered_percent=self.codes_entered_percent,
        )

    @property
    def inventory(self) -> tuple[Terms, ...]:
        """Return the numbers that can be rented: those of the settings, or the sandbox's fictional ones."""
        if self.numbers is not None:
            return self.numbers
        return FICTIONAL if self.default_provider == SANDBOX else ()

    @property
    def quiet_minutes(self) -> tuple[int, int] | None:
        """Return the first and the last quiet minute of a day; None if no hours are quiet."""
        if not self.quiet_hours:
            return None
        from_hour, from_minute, to_hour, to_minute = map(int, re.split("[:-]", self.quiet_hours))
        return from_hour * 60 + from_minute, (to_hour * 60 + to_minute - 1) % (24 * 60)

    def __post_init__(self) -> None:
        """Check what the settings say together. Raises Mistakes."""
        if mistakes := [*self._of_words(), *self._of_addresses(), *self._of_providers()]:
            raise Mistakes(mistakes)

    def _of_words(self) -> Iterator[Mistake]:
        for name, allowed in _ALLOWED.items():
            if (value := getattr(self, name)) not in allowed:
                yield must_be(f"one of {', '.join(sorted(allowed))}", value, name)
        if self.quiet_hours and _QUIET.fullmatch(self.quiet_hours) is None:
            yield must_be("two times of the day such as 20:00-08:00", self.quiet_hours, "quiet_hours")
        if self.seal_key and not _is_seal_key(self.seal_key):
            yield Mistake("seal_key", "must be 32 bytes as URL-safe base64, such as `heliograph keys seal` prints")

    def _of_addresses(self) -> Iterator[Mistake]:
        if self.store and not self.store.startswith(("postgresql://", "postgres://")):
            yield Mistake("store", "must be a postgresql:// URL, or empty for the embedded store")
        elif self.store and not _is_database(self.store):
            wanted = "must be a URL whose port is a number and whose password has its signs percent-encoded"
            yield Mistake("store", f"{wanted}: @ as %40, / as %2F, : as %3A")
        for name in ("public_url", "link_url"):
            value: str = getattr(self, name)
            if value and not value.startswith(("https://", "http://")):
                yield must_be("an address that begins with https:// or http://", value, name)
        if self.smpp_port is not None and "smpp" in self.listen:
            yield Mistake("smpp_port", "must not be set where `listen.smpp` says the host, too")
        if bool(self.smpp_tls_certificate) != bool(self.smpp_tls_key):
            yield Mistake("smpp_tls_certificate", "and smpp_tls_key must be set together")
        if bool(self.tls_certificate) != bool(self.tls_key):
            missing = "tls_key" if self.tls_certificate else "tls_certificate"
            yield Mistake(missing, "must be given with the other of tls_certificate and tls_key")
        if self.monitor is not None and self.monitor.port + self.processes - 1 > 65535:
            wanted = f"must have a port that leaves {self.processes} processes one each"
            yield Mistake("monitor", f"{wanted}, not {self.monitor.port}")
        if self.host.startswith(UNIX) and self.smpp_port is not None:
            yield Mistake("smpp_port", "must not be set where host is a Unix socket; set listen.smpp")
        if self.host.startswith(UNIX) and not self.public_url:
            yield Mistake("public_url", f"must be given where host is a Unix socket, as {self.host} is")
        if self.attachments not in {"", IN_DATABASE} and "://" not in self.attachments:
            yield must_be("database, or an address such as s3://BUCKET/PREFIX", self.attachments, "attachments")

    def _of_providers(self) -> Iterator[Mistake]:
        known: dict[str, Mapping[str, float]] = {name: config.costs for name, config in self.providers.items()}
        named = {self.lookup_provider, *(name for rule in self.routes for name in rule.names)}
        if self.has_sandbox:
            known[SANDBOX] = ELSEWHERE_FREE
        elif self.default_provider == SANDBOX:
            yield Mistake("default_provider", "must name a table [providers.NAME] while sandbox is off")
        elif SANDBOX in named:
            wanted = "must be on where routes or lookups go by it and default_provider is another"
            yield Mistake("sandbox", f"{wanted}, not {self.sandbox}")
        for name in ("default_provider", "lookup_provider"):
            value = getattr(self, name)
            if value not in {*known, SANDBOX} and (value or name == "default_provider"):
                yield must_be("the name of a table [providers.NAME], or sandbox", value, name)
        for path, told in mistakes_in(self.routes, {SANDBOX: {}, **known}):
            yield Mistake(f"routes{path}", told)


@dataclass(frozen=True)
class Loaded:
    """Settings, and for each where its value came from."""

    settings: Settings
    sources: Mapping[str, str]


def _is_database(url: str) -> bool:
    """Say whether a URL has its parts where they belong: signs in a password can make others of them, which are told
    as the name of a host."""
    try:
        parts = urlsplit(url)
        return parts.netloc.count("@") <= 1 and not parts.fragment and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _is_seal_key(value: str) -> bool:
    from heliograph.domain.seals import Seal  # takes long to import, and few commands need it

    try:
        Seal(*value.split(","))
    except ValueError:
        return False
    return True


def load(*, file: Path | None, environment: Mapping[str, str], flags: Mapping[str, Any] | None = None) -> Loaded:
    """Read all sources of settings. Raises SetupError with every mistake, each with its source.

    `file` must exist if it is given. Flags that are None are left out.
    """
    mistakes: list[str] = []
    unread: set[str] = set()
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    known = {each.name: each for each in fields(Settings)}

    def take(source: str, name: str, raw: Any) -> None:
        if name not in known:
            mistakes.append(f"{source}: there is no setting `{name}`{_nearest(name, known)}")
            return
        sources[name] = source
        try:
            values[name] = _read(known[name], raw)
        except Mistake as mistake:
            unread.add(name)
            hidden = [raw] if known[name].metadata["secret"] and isinstance(raw, str) else ()
            mistakes.append(f"{source}: {masked(str(mistake.under(name)), hidden)}")

    if file is not None:
        for name, raw in _read_file(file).items():
            take(str(file), name, raw)
    for variable, raw in environment.items():
        if variable.startswith(PREFIX) and variable not in _RESERVED:
            take(f"environment variable {variable}", variable.removeprefix(PREFIX).lower(), raw)
    for name, raw in (flags or {}).items():
        if raw is not None:
            take(f"option --{name.replace('_', '-')}", name, raw)
    settings = None
    try:
        settings = Settings(**values)
    except Mistakes as together:
        for mistake in together.found:
            found = _SETTING.match(mistake.path)
            if found and found[0] in _OF_PROVIDERS and "providers" in unread:
                continue  # the providers that it names are not known, since one of them is wrong
            source = sources.get(found[0]) if found else None
            mistakes.append(f"{source}: {masked(str(mistake))}" if source else masked(str(mistake)))
    if mistakes or settings is None:
        told = "; ".join(mistakes)
        raise SetupError(told if told.endswith("?") else f"{told}.")
    return Loaded(settings, {name: sources.get(name, "default") for name in known})


def _nearest(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    return f"; did you mean `{near[0]}`?" if near else "; `heliograph config` lists them all"


def _read_file(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text())
    except OSError as error:
        raise SetupError(f"The settings file {file} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SetupError(f"The settings file {file} is not TOML: {error}.") from error


def _read(spec: Any, raw: Any) -> Any:
    value = READERS[spec.type](raw)
    limits: Mapping[str, float] = spec.metadata["limits"]
    if "at_least" in limits and value < limits["at_least"]:
        raise must_be(f"at least {limits['at_least']}", raw)
    if "at_most" in limits and value > limits["at_most"]:
        raise must_be(f"at most {limits['at_most']}", raw)
    return value


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple | dict) else str(value)


def described(loaded: Loaded) -> list[SettingInForce]:
    """List every setting with its value in force, whose secrets are masked, and where that comes from."""
    rows = []
    for each in fields(Settings):
        value = getattr(loaded.settings, each.name)
        shown = _shown(value)
        if each.name == "retention":
            shown = ", ".join(f"{kept} {days}" for kept, days in value.items())
        if each.name == "numbers":
            shown = ", ".join(f"+{terms.msisdn}" for terms in value or ())
        if each.name == "routes":
            shown = ", ".join(title_of(rule, place) for place, rule in enumerate(value))
        if each.name == "prices":
            shown = ", ".join(value.channels) if isinstance(value, Tariff) else ""
        if each.metadata["secret"] and shown and not isinstance(value, dict):
            shown = "(set)"
        source = loaded.sources.get(each.name, "default")
        rows.append(SettingInForce(each.name, masked(shown), source, each.metadata["help"]))
    return rows


def reference() -> list[tuple[str, str, str]]:
    """List name, default and meaning of every setting, for the documentation."""
    rows = []
    for each in fields(Settings):
        default = each.default if each.default is not MISSING else ""
        rows.append((each.name, _shown(default), each.metadata["help"]))
    return rows

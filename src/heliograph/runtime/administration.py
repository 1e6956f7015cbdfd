"""What the person who runs the installation does to its store by commands, also while servers run on it."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from heliograph.domain.accounts import Account, Terms
from heliograph.domain.amounts import commas_in, micros_in, money_text, whole_in
from heliograph.domain.audit import Act, Action, Actor, ActorKind, AuditFilter, Entry, Head
from heliograph.domain.caps import states
from heliograph.domain.durations import duration_in, expiry_in, moment_in
from heliograph.domain.errors import NotFound, SetupError
from heliograph.domain.fraud import CodeTerms
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.keys import KeyRecord
from heliograph.domain.people import Person, Role, Session, role_named
from heliograph.domain.terms import TermsChange, quiet_hours_text
from heliograph.protocols.registry import KEY_KINDS
from heliograph.runtime import console_key, providers, seal_key
from heliograph.runtime.privacy import make_private
from heliograph.runtime.settings import Settings
from heliograph.runtime.values import SANDBOX
from heliograph.services.access import Access
from heliograph.services.account_admin import AccountAdmin
from heliograph.services.accounts import Accounts
from heliograph.services.audit import AuditLog, acting_as, audited
from heliograph.services.audit_facts import instant_fact
from heliograph.services.erasure import Erasures
from heliograph.services.keys import Keys, MadeKey
from heliograph.services.people import People
from heliograph.services.provider_admin import pause_by_name, resume_by_name
from heliograph.services.signing_in import INVITED_S, Invited, SigningIn
from heliograph.store import Store, open_store
from heliograph.store.processes import leader, list_processes

__all__ = ["Administration", "KeyRecord", "MadeKey", "run"]

T = TypeVar("T")
PAGE = 1_000
"""Keys, or people, that are read at once."""


class Administration:
    """Commands on a store, each committed when it returns. Raises HeliographError, in one sentence, where it must."""

    def __init__(self, settings: Settings, store: Store, accounts: Accounts) -> None:
        self._settings = settings
        self._store = store
        self.accounts = accounts
        self.keys = Keys(store, accounts, KEY_KINDS)
        self._admin = AccountAdmin(store, accounts, lambda: settings.tariff)
        self.people = People(store, accounts)
        self.signing_in = SigningIn(store, accounts, self.people)
        self.audit_log = AuditLog(store)
        self._erasures = Erasures(store)

    async def create_account(self, name: str, parent: str | None) -> Account:
        """Make an account, below another one if that is named. Raises NameTaken, NotFound or InvalidField."""
        return await self._admin.create(name, None if parent is None else await self.accounts.named(parent))

    async def list_accounts(self) -> list[dict[str, object]]:
        """List all accounts, oldest first, as they are shown."""
        found = await self.accounts.all()
        names = {account.id: account.name for account in found}
        return [_facts(account) | {"parent": names.get(account.parent_id or "")} for account in found]

    async def show_account(self, name: str) -> dict[str, object]:
        """Say all that is known of an account. Raises NotFound."""
        return await self._shown(await self.accounts.named(name))

    async def change_account(self, name: str, change: Mapping[str, object]) -> dict[str, object]:
        """Change what is agreed with an account, and return what is known of it then. Fields are texts, `none` for
        nothing.

        Raises NotFound, AccountClosed, or InvalidField by name: then nothing has changed.
        """
        account = await self.accounts.named(name)
        wanted = {field: _meant(field, value) for field, value in change.items()}
        credit = (wanted.pop("credit") or 0) if "credit" in wanted else None
        return await self._shown(await self._admin.agree(account, TermsChange(**wanted), credit))

    async def top_up(self, name: str, amount: str, note: str | None) -> dict[str, object]:
        """Add to a balance, and return what it is then. Raises NotFound, AccountClosed or InvalidField."""
        account = await self.accounts.named(name)
        return self._balance(await self._admin.top_up(account, micros_in(amount, "amount"), note))

    async def correct(self, name: str, amount: str, note: str) -> dict[str, object]:
        """Add to a balance or take off it; return what it is then. Raises NotFound, AccountClosed or InvalidField."""
        account = await self.accounts.named(name)
        return self._balance(await self._admin.correct(account, micros_in(amount, "amount"), note))

    async def rotate_callback_secret(self, name: str, grace: str | None) -> str:
        """Give an account another secret for the signatures of its callbacks, and return it."""
        return await self._admin.rotate_callback_secret(await self.accounts.named(name), _seconds(grace))

    async def close_account(self, name: str) -> Sequence[str]:
        """Close an account with all below it, and return their identifiers. Raises NotFound."""
        return await self._admin.close(await self.accounts.named(name))

    def _balance(self, amount: int) -> dict[str, object]:
        return {"balance": money_text(amount), "currency": self._settings.tariff.currency}

    async def _shown(self, account: Account) -> dict[str, object]:
        standing = await self._admin.standing(account)
        balance = standing.balance
        return {
            **_facts(account),
            "balance": None if balance is None else money_text(balance.amount),
            "credit": None if balance is None else money_text(balance.credit),
            "currency": self._settings.tariff.currency,
            **_terms(account.terms),
            "used": {
                cap.name: money_text(cap.used) if cap.name.endswith("amount") else cap.used
                for cap in states(account.terms.caps, standing.usage)
            },
        }

    async def agree_on_codes(self, account: str, **limits: Any) -> None:
        """Set what bounds an account's one-time codes, instead of the settings; None: as the settings say."""
        owner = await self.accounts.named(account)
        await self._admin.agree(owner, TermsChange(codes=CodeTerms(**limits)))

    async def create_key(
        self,
        account: str,
        protocol: str,
        *,
        scopes: Sequence[str] | None,
        networks: Sequence[str] | None,
        expires: str | None,
    ) -> MadeKey:
        """Make a key of an account for one protocol; `expires` is a duration, a date or an instant.

        Raises NotFound, AccountClosed, or InvalidField by name.
        """
        expires_at = None if expires is None else expiry_in(expires, from_ms(now_ms()), "expires")
        owner = await self.accounts.named(account)
        return await self.keys.create(owner, protocol, scopes=scopes, networks=networks, expires_at=expires_at)

    async def rotate_key(self, key_id: str, grace: str | None) -> MadeKey:
        """Give a key another secret; both are good for the duration `grace`. Raises NotFound or InvalidField."""
        return await self.keys.rotate(key_id, _seconds(grace))

    async def list_keys(self, account: str | None) -> list[tuple[str, KeyRecord]]:
        """List the keys of one account or of all, newest first, each with its protocol. Raises NotFound."""
        owner = None if account is None else await self.accounts.named(account)
        found: list[KeyRecord] = []
        while page := await self.keys.page(owner, limit=PAGE, before=found[-1].id if found else None):
            found += page
        return [(self.keys.protocol_of(key), key) for key in found]

    async def renew_provider_address(self, name: str, grace: str | None) -> None:
        """Give a provider another secret address; both are good for the duration `grace`. Raises SetupError if there is
        no such one."""
        seconds = _seconds(grace)
        if name not in self._settings.providers:
            raise SetupError(f"The settings have no provider named {name!r}.")
        until = now_ms() + seconds * 1_000 if seconds else None
        facts = {"former_secret_until": instant_fact(until)}
        act = Act(action=Action.PROVIDER_ADDRESS_RENEWED, object_id=name, after=facts)
        await audited(self._store, act, providers.renew_secret, name, until)

    async def pause_provider(self, name: str) -> bool:
        """Have nothing sent by a provider; False if it was paused before. Raises SetupError if there is no such one."""
        self._require_provider(name)
        return await pause_by_name(self._store, name, _whoever_runs_this().name)

    async def resume_provider(self, name: str) -> bool:
        """Have a provider sent to again; False if it was not paused. Raises SetupError if there is no such one."""
        self._require_provider(name)
        return await resume_by_name(self._store, name)

    def _require_provider(self, name: str) -> None:
        if name not in self._settings.providers and not (name == SANDBOX and self._settings.has_sandbox):
            raise SetupError(f"The settings have no provider named {name!r}.")

    async def list_audit(self, *, limit: int, **wanted: str | None) -> list[Entry]:
        """List entries of the audit log, newest first; see `_audit_filter`."""
        found: list[Entry] = []
        sought = await self._audit_filter(**wanted)
        while len(found) < limit:
            more = min(PAGE, limit - len(found))
            page = await self.audit_log.page(sought, limit=more, before=found[-1].id if found else None)
            found += page
            if len(page) < more:
                break
        return found

    async def export_audit(self, file_format: str, write: Callable[[bytes], object], **wanted: str | None) -> None:
        """Write entries of the audit log, oldest first, as `csv` or `jsonl`; see `_audit_filter`."""
        async for chunk in self.audit_log.export(await self._audit_filter(**wanted), file_format):
            write(chunk)

    async def cut_audit(self, before: str) -> Head | None:
        """Delete entries of the audit log that are older. Raises InvalidField."""
        return await self.audit_log.cut(moment_in(before, from_ms(now_ms()), "before"))

    async def _audit_filter(
        self,
        *,
        account: str | None = None,
        actor: str | None = None,
        action: str | None = None,
        object_id: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> AuditFilter:
        """Read what a listing is about. Raises NotFound for an account that there is not, and InvalidField."""
        now = from_ms(now_ms())
        return AuditFilter(
            account_id=None if account is None else (await self.accounts.named(account)).id,
            actor=actor,
            action=action,
            object_id=object_id,
            since=None if since is None else moment_in(since, now, "since"),
            until=None if until is None else moment_in(until, now, "until"),
        )

    async def erase(
        self, number: str, account: str | None, *, dry_run: bool, forget_optouts: bool
    ) -> dict[str, object]:
        """Erase a number from the data of one account or of all. Raises NotFound or InvalidField."""
        owner = None if account is None else await self.accounts.named(account)
        found = await self._erasures.erase(number, owner, dry_run=dry_run, forget_optouts=forget_optouts)
        return {
            "rows": found.rows,
            "canceled": found.canceled,
            "on_their_way": found.on_their_way,
            "optouts_kept": found.optouts,
        }

    async def list_processes(self) -> list[dict[str, object]]:
        """List the processes that share this store, oldest first."""
        now = now_ms()
        leading = await self._store.read(leader, now)
        return [
            {
                "id": each.id,
                "role": each.role,
                "host": each.host,
                "pid": each.pid,
                "version": each.version,
                "started_at": f"{from_ms(each.started_at):%Y-%m-%dT%H:%M:%SZ}",
                "heard_of_s": round((now - each.seen_at) / 1_000, 1),
                "leads": each.id == leading,
            }
            for each in await self._store.read(list_processes)
        ]

    async def make_administrator(self) -> MadeKey:
        """Make the key of the first administrator. Raises Conflict if there is one, a key or a person."""
        return await self.keys.make_administrator()

    async def make_first_person(self, email: str, password: str) -> Person:
        """Make the first administrator, as a person. Raises Conflict if there is one, a key or a person; NameTaken or
        InvalidField."""
        await self.keys.require_no_administrator()
        return await self.people.create(email, password, Role.ADMINISTRATOR, None)

    async def create_person(self, email: str, password: str, role: str, account: str | None) -> Person:
        """Make a person with one role. Raises NameTaken, NotFound, AccountClosed or InvalidField."""
        return await self.people.create(email, password, role_named(role), await self._maybe_named(account))

    async def list_people(self) -> list[Person]:
        """List all people, newest first."""
        found: list[Person] = []
        while page := await self.people.page(limit=PAGE, before=found[-1].id if found else None):
            found += page
        return found

    async def change_person(
        self, name: str, email: str | None, password: str | None, *, without_totp: bool = False
    ) -> Person:
        """Give a person another e-mail address or password, or let them sign in with the password alone.

        Raises NotFound, NameTaken or InvalidField.
        """
        person = await self.people.change(await self.people.named(name), email=email, password=password)
        if without_totp:
            await self.signing_in.forget_totp(person.id)
        return await self.people.named(person.id)

    async def invite(self, email: str, role: str, account: str | None, expires: str | None) -> tuple[Invited, str]:
        """Invite somebody to become a person with one role; `expires` is a duration.

        Returns the invitation, and the page on which it is accepted: its path only, where no `public_url` is set.
        Raises NameTaken, NotFound, AccountClosed or InvalidField.
        """
        lasts_s = INVITED_S if expires is None else duration_in(expires, "expires")
        made = await self.signing_in.invite(email, role_named(role), await self._maybe_named(account), lasts_s)
        return made, f"{self._settings.public_url}/invitation/{made.token}"

    async def sessions_of(self, name: str) -> list[Session]:
        """List the sessions that a person has now, newest first. Raises NotFound."""
        return await self.signing_in.sessions((await self.people.named(name)).id)

    async def end_sessions_of(self, name: str) -> int:
        """End all sessions of a person, and return how many there were. Raises NotFound."""
        return await self.signing_in.end_all((await self.people.named(name)).id)

    async def disable_person(self, name: str) -> Person:
        """Let nobody sign in as this person. Raises NotFound; Conflict for the last administrator."""
        return await self.people.disable(await self.people.named(name))

    async def enable_person(self, name: str) -> Person:
        """Let a person sign in again. Raises NotFound."""
        return await self.people.enable(await self.people.named(name))

    async def unlink_person(self, name: str, issuer: str | None) -> Person:
        """Take away that an issuer of OpenID Connect says who a person is. Raises NotFound or InvalidField."""
        return await self.people.unlink(await self.people.named(name), issuer)

    async def assign_role(self, name: str, role: str, account: str | None) -> Person:
        """Make a person this to an account, or with `none` nothing. Raises NotFound, InvalidField, AccountClosed;
        Conflict for the last administrator."""
        wanted = None if role == _NONE else role_named(role)
        return await self.people.assign(await self.people.named(name), wanted, await self._maybe_named(account))

    async def _maybe_named(self, account: str | None) -> Account | None:
        return None if account is None else await self.accounts.named(account)

    async def rotate_console_key(self, grace: str | None) -> str:
        """Give the console another key, and return the path of its link; both are good for the duration `grace`.

        Raises InvalidField; SetupError if there is no console.
        """
        seconds = _seconds(grace)
        facts = {"former_secret_until": instant_fact(now_ms() + seconds * 1_000) if seconds else None}
        act = Act(action=Action.CONSOLE_KEY_ROTATED, object_id="console", after=facts)
        from heliograph.console.server import console_path  # with the whole console: a second

        return console_path(await audited(self._store, act, console_key.rotate, self.accounts.seal, seconds))


def run(settings: Settings, work: Callable[[Administration], Awaitable[T]]) -> T:
    """Open the store beside whatever runs on it, do `work`, and close it again."""

    async def done() -> T:
        make_private(settings.data_dir)
        store = await open_store(settings.store, settings.data_dir, beside=True)
        try:
            accounts = Accounts(store, Access(store), await seal_key.ensure(settings, store))
            with acting_as(_whoever_runs_this()):
                return await work(Administration(settings, store, accounts))
        except NotFound as error:  # its hint is for who has a credential
            raise SetupError(error.message) from error
        finally:
            await store.close()

    return asyncio.run(done())


def _whoever_runs_this() -> Actor:
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container, where the user may have no name
        name = str(os.getuid())
    return Actor(kind=ActorKind.COMMAND, name=name)


def _seconds(grace: str | None) -> int:
    return 0 if grace is None else duration_in(grace, "grace")


_NONE = "none"
_READ: Mapping[str, Callable[[str, str], object]] = {
    "credit": lambda text, field: micros_in(text, field),
    "day_amount": lambda text, field: micros_in(text, field),
    "month_amount": lambda text, field: micros_in(text, field),
    "quiet_hours": lambda text, _field: text,
    "countries": lambda text, _field: commas_in(text),
    "originators": lambda text, _field: commas_in(text),
}
"""How the fields of an account's terms are written in a command; the others are whole numbers."""


def _meant(field: str, value: object) -> Any:
    if field == "prices" and isinstance(value, Mapping):
        return {name: None if text == _NONE else micros_in(text, field) for name, text in value.items()}
    if isinstance(value, Mapping):
        return {name: None if text == _NONE else whole_in(text, field) for name, text in value.items()}
    text = str(value)
    return None if text == _NONE else _READ.get(field, whole_in)(text, field)


def _facts(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "name": account.name,
        "created_at": f"{account.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "closed_at": None if account.closed_at is None else f"{account.closed_at:%Y-%m-%dT%H:%M:%SZ}",
    }


def _terms(terms: Terms) -> dict[str, object]:
    caps = terms.caps
    return {
        "prices": {country: money_text(price) for country, price in sorted(terms.prices.items())} or None,
        "countries": terms.countries,
        "originators": terms.originators,
        "requests_per_second": terms.requests_per_second,
        "daily_messages": caps.day_messages,
        "monthly_messages": caps.month_messages,
        "daily_amount": None if caps.day_amount is None else money_text(caps.day_amount),
        "monthly_amount": None if caps.month_amount is None else money_text(caps.month_amount),
        "warn_percent": caps.warn_percent,
        "quiet_hours": None if terms.quiet_hours is None else quiet_hours_text(terms.quiet_hours),
        "retention": dict(terms.retention) or None,
    }

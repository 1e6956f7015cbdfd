"""Templates, originators, and applications that act for an account."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from heliograph.domain.accounts import Account, CredentialKind, hash_secret, new_secret, same_secret
from heliograph.domain.audit import NOTHING, Act, Action, Facts, differences
from heliograph.domain.callbacks import Listener
from heliograph.domain.channels import Channel, RichMedia
from heliograph.domain.directory import Application, Originator, Template, TemplateDraft, TemplateWish
from heliograph.domain.errors import (
    InvalidField,
    Locked,
    MissingField,
    NotFound,
    TemplateNotApproved,
    Unauthenticated,
    UnknownTemplate,
)
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.lengths import require_short
from heliograph.services.accounts import Accounts, Issued
from heliograph.services.audit import audited
from heliograph.services.audit_facts import application_facts
from heliograph.store import Store
from heliograph.store.accounts import account_by_id, forget_expired, revoke_tokens
from heliograph.store.directory import (
    add_originator,
    add_template,
    application_by_id,
    applications_of,
    change_template,
    delete_application,
    delete_originator,
    delete_template,
    originator_by_value,
    originators_of,
    put_application,
    template_by_key,
    template_by_number,
    templates_of,
)
from heliograph.store.tx import Tx

NAME = range(3, 101)
"""Lengths that a template's name may have."""
TEXT = range(1, 1001)
CAPTION = range(1, 31)
APPROVED_AFTER = timedelta(seconds=1)
"""How long the sandbox's operator takes to approve a template or an originator."""
_ORIGINATOR = re.compile(r"[A-Za-z0-9]+")
_LETTERS, _DIGITS = range(3, 12), range(3, 16)
"""Lengths that an originator may have, with and without a letter in it."""
_URL = re.compile(r"https?://[^\s/]+\S*")


class Templates:
    """The templates of an account. Raises NotFound, InvalidField by name, NameTaken, and Locked."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, account: Account, draft: TemplateDraft) -> Template:
        """Make a template. One for SMS needs no approval; for other channels the operator decides after a moment."""
        now = from_ms(now_ms())
        name = f"Template {now:%Y-%m-%d %H:%M:%S}.{now.microsecond // 1000:03}" if draft.name is None else draft.name
        template = Template(
            number=0,
            name=name,
            channel=draft.channel,
            body=draft.body,
            rich_media=draft.rich_media,
            approved_at=now if draft.channel is Channel.SMS else now + APPROVED_AFTER,
            created_at=now,
        )
        _check_template(template)
        return await self._store.write(add_template, account.id, template)

    async def change(
        self,
        account: Account,
        number: int,
        *,
        name: str | None = None,
        body: str | None = None,
        channel: Channel | None = None,
        rich_media: RichMedia | None = None,
        check: Callable[[Template], None] | None = None,
    ) -> Template:
        """Change a template. Raises Locked once another channel than SMS has approved it.

        Raises what `check` raises, which is shown the template before it is changed.
        """

        def edit(before: Template) -> Template:
            if check is not None:
                check(before)
            if before.channel is not Channel.SMS and before.approved(datetime.now(UTC)):
                raise Locked("This template has been approved, and is locked.")
            after = msgspec.structs.replace(
                before,
                name=before.name if name is None else name,
                body=before.body if body is None else body,
                channel=channel or before.channel,
                rich_media=rich_media or before.rich_media,
            )
            _check_template(after)
            return after

        changed = await self._store.write(change_template, account.id, number, edit)
        if changed is None:
            raise _no_template(number)
        return changed

    async def get(self, account: Account, number: int) -> Template:
        found = await self._store.read(template_by_number, account.id, number)
        if found is None:
            raise _no_template(number)
        return found

    async def to_send(self, account: Account, wanted: TemplateWish) -> Template:
        """Return the template that is wanted. Raises TemplateNotApproved.

        Raises UnknownTemplate if there is none, or it is for another channel.
        """
        found = await self._store.read(template_by_key, account.id, wanted.key)
        if found is None:
            raise UnknownTemplate(f"There is no template {wanted.key!r} in this account.", field="template")
        if wanted.channel not in {None, found.channel}:
            raise UnknownTemplate(
                f"The template {found.name!r} is for {found.channel}, not for {wanted.channel}.", field="template"
            )
        if not found.approved(datetime.now(UTC)):
            raise TemplateNotApproved()
        return found

    async def all(self, account: Account) -> list[Template]:
        """List all templates, newest first."""
        return await self._store.read(templates_of, account.id)

    async def delete(self, account: Account, number: int) -> None:
        if not await self._store.write(delete_template, account.id, number):
            raise _no_template(number)


def _check_template(template: Template) -> None:
    if len(template.name) not in NAME:
        raise InvalidField("A template's name has 3 to 100 characters.", field="name")
    if len(template.body) not in TEXT:
        raise InvalidField("A template's text has 1 to 1,000 characters.", field="text")
    media = template.rich_media
    if media is None:
        return
    if media.button_caption is not None and len(media.button_caption) not in CAPTION:
        raise InvalidField("A button's caption has 1 to 30 characters.", field="button_caption")
    for field, url in (("target_url", media.target_url), ("image_url", media.image_url)):
        if url is not None and not _URL.fullmatch(url):
            raise InvalidField(f"{field} is not an http or https address.", field=field)


def _no_template(number: int) -> NotFound:
    return NotFound(f"There is no template {number} in this account.")


class Originators:
    """The originators that an account asked for. Raises InvalidField, NameTaken and NotFound."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def create(self, account: Account, value: str) -> Originator:
        """Ask for an originator: 3 to 11 letters and digits, or 3 to 15 digits."""
        if not value:
            raise MissingField("`originator` is empty.", field="originator")
        if not _ORIGINATOR.fullmatch(value):
            raise InvalidField("An originator has letters and digits only.", field="originator")
        kind, lengths = ("digits", _DIGITS) if value.isdecimal() else ("letters", _LETTERS)
        if len(value) not in lengths:
            asked = f"An originator of {kind} has {lengths.start} to {lengths.stop - 1}"
            raise InvalidField(f"{asked}; {value!r} has {len(value)}.", field=f"originator_{kind}")
        now = from_ms(now_ms())
        originator = Originator(number=0, value=value, approved_at=now + APPROVED_AFTER, created_at=now)
        return await self._store.write(add_originator, account.id, originator)

    async def all(self, account: Account) -> list[Originator]:
        """List all originators, newest first."""
        return await self._store.read(originators_of, account.id)

    async def delete(self, account: Account, number: int) -> Originator:
        """Delete an originator and return it."""
        found = await self._store.write(delete_originator, account.id, number)
        if found is None:
            raise NotFound(f"There is no originator {number} in this account.")
        return found

    async def is_waiting(self, account: Account, value: str) -> bool:
        """Say whether an originator was asked for and is not approved yet."""
        found = await self._store.read(originator_by_value, account.id, value)
        return found is not None and not found.approved(datetime.now(UTC))


LARGEST_SETTINGS = 64 * 1024
"""Longest settings of an application, in bytes as JSON: all applications are listed at once."""
ListenersOf = Callable[[Mapping[str, object]], Mapping[str, Listener]]
"""Finds in an application's settings where it is told of what, by `callbacks.callback_key`: protocols know how."""


class Applications:
    """Programs that act for an account by access tokens."""

    def __init__(self, store: Store, accounts: Accounts, listeners_of: ListenersOf) -> None:
        self._store = store
        self._accounts = accounts
        self._listeners_of = listeners_of

    async def put(
        self,
        account: Account,
        name: str,
        scopes: Iterable[str],
        *,
        application_id: str | None = None,
        secret: str | None = None,
        token_lifetime_s: int | None = 86_400,
        settings: Mapping[str, object] | None = None,
    ) -> Application:
        """Make an application, or write it anew. Raises InvalidField if something is too long."""
        application = Application(
            id=application_id or secrets.token_hex(16),
            account_id=account.id,
            number=0,
            name=name,
            secret=secret or new_secret(),
            scopes=frozenset(scopes),
            token_lifetime_s=token_lifetime_s,
            settings=settings or {},
            callbacks=self._listeners_of(settings or {}),
            created_at=from_ms(now_ms()),
        )
        return await self._put(application)

    async def _put(self, application: Application) -> Application:
        require_short([application.name], "name")
        require_short(application.scopes, "scopes")
        if len(msgspec.json.encode(application.settings)) > LARGEST_SETTINGS:
            raise InvalidField(f"The settings have more than {LARGEST_SETTINGS} bytes.", field="settings")
        sealed = self._accounts.seal.close(application.secret)
        written = msgspec.structs.replace(application, secret=sealed)
        _, stored = await audited(self._store, _writing, _put_application, written)
        return self._opened(stored)

    def _opened(self, stored: Application) -> Application:
        return msgspec.structs.replace(stored, secret=self._accounts.seal.open(stored.secret))

    async def all(self, account: Account) -> list[Application]:
        """List all applications, newest first."""
        return [self._opened(stored) for stored in await self._store.read(applications_of, account.id)]

    async def get(self, account: Account, application_id: str) -> Application:
        """Read an application. Raises NotFound if the account has no such application."""
        found = await self._store.read(application_by_id, application_id)
        if found is None or found.account_id != account.id:
            raise NotFound("There is no such application in this account.")
        return self._opened(found)

    async def change(
        self,
        account: Account,
        application_id: str,
        *,
        name: str | None = None,
        scopes: Iterable[str] | None = None,
        settings: Mapping[str, Mapping[str, object]] | None = None,
    ) -> Application:
        """Change an application: None stays as it was, and so do areas and names that `settings` does not mention.

        Tokens are good for no scope that the application has lost, in every process within two seconds. Raises NotFound
        and InvalidField.
        """
        before = await self.get(account, application_id)
        merged: dict[str, object] = dict(before.settings)
        for area, values in (settings or {}).items():
            own = merged.get(area)
            merged[area] = {**(own if isinstance(own, dict) else {}), **values}
        after = msgspec.structs.replace(
            before,
            name=before.name if name is None else name,
            scopes=before.scopes if scopes is None else frozenset(scopes),
            settings=merged,
            callbacks=self._listeners_of(merged),
        )
        changed = await self._put(after)
        self._accounts.access.forget()
        return changed

    async def delete(self, account: Account, application_id: str) -> None:
        """Delete an application with its tokens, which are good no longer. Raises NotFound."""
        application = await self.get(account, application_id)
        await self.revoke_tokens(account, application_id)
        act = _application_act(Action.APPLICATION_DELETED, application, before=application_facts(application))
        await audited(self._store, act, delete_application, account.id, application_id)

    async def issue_token(
        self, application_id: str, secret: str, scopes: Iterable[str] | None
    ) -> tuple[Application, frozenset[str], Issued]:
        """Issue an access token for the application with this secret, for these scopes or for all that it has.

        Raises Unauthenticated, whatever part is wrong; InvalidField for a scope that the application does not have.
        """
        application = await self._store.read(application_by_id, application_id)
        stored = "" if application is None else self._accounts.seal.open(application.secret)
        if not same_secret(hash_secret(stored), hash_secret(secret)) or application is None:
            self._accounts.access.on_refused("application")
            raise Unauthenticated("There is no application with this id and secret.")
        wanted = application.scopes if scopes is None else frozenset(scopes)
        if strangers := wanted - application.scopes:
            raise InvalidField(f"The application does not have the scope {min(strangers)}.", field="scope")
        account = await self._store.read(account_by_id, application.account_id)
        if account is None or account.closed_at is not None:
            self._accounts.access.on_refused("application")
            raise Unauthenticated("There is no application with this id and secret.")
        await self._store.write(forget_expired, account.id, now_ms())
        issued = await self._accounts.issue(
            account,
            CredentialKind.ACCESS_TOKEN,
            scopes=wanted,
            lifetime_s=application.token_lifetime_s,
            application_id=application.id,
        )
        return application, wanted, issued

    async def revoke_tokens(self, account: Account, application_id: str) -> int:
        """End all access tokens of an application, and return how many there were.

        This is in force in every process within two seconds. Raises NotFound.
        """
        application = await self.get(account, application_id)
        act = _application_act(Action.APPLICATION_TOKENS_REVOKED, application)
        count = await audited(self._store, act, revoke_tokens, account.id, application.id, now_ms())
        self._accounts.access.forget()
        return count


_Written = tuple[Application | None, Application]
"""An application as it was, if there was one, and as it is."""


def _put_application(tx: Tx, application: Application) -> _Written:
    before = application_by_id(tx, application.id)
    return before, put_application(tx, application)


def _writing(written: _Written) -> Sequence[Act]:
    """Say what the writing of an application was, for the audit log; nothing, if it is as it was."""
    before, after = written
    if before is None:
        return (_application_act(Action.APPLICATION_CREATED, after, after=application_facts(after)),)
    was, is_now = differences(application_facts(before), application_facts(after))
    return (_application_act(Action.APPLICATION_CHANGED, after, before=was, after=is_now),) if is_now else ()


def _application_act(action: Action, application: Application, before: Facts = NOTHING, after: Facts = NOTHING) -> Act:
    return Act(action=action, object_id=application.id, account_id=application.account_id, before=before, after=after)

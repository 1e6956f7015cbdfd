"""Twilio as the platform serves it."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from secrets import token_hex
from typing import ClassVar

from starlette.types import ASGIApp

from heliograph.domain.accounts import Account, CredentialKind
from heliograph.doors.served import HttpProtocol
from heliograph.doors.settings import DoorSettings
from heliograph.engine.callbacks import CallbackShape
from heliograph.protocols.twilio import wire
from heliograph.protocols.twilio.door.callbacks import TwilioCallbacks
from heliograph.protocols.twilio.door.server import MessagesDoor, VerifyDoor
from heliograph.protocols.twilio.door.shapes import PROTOCOL
from heliograph.protocols.twilio.door.sids import API_KEY, VERIFY_SERVICE, account_sid, verify_service_sid
from heliograph.services.accounts import Accounts
from heliograph.services.directory import Applications
from heliograph.services.events import EventSubjects
from heliograph.services.key_kinds import Key
from heliograph.services.services import Services

VERIFY_MOUNT = "/v2"


class Twilio(HttpProtocol):
    """Serves Twilio's API at the root of the server, as Twilio does: clients can change only a scheme and a host."""

    name: ClassVar[str] = PROTOCOL
    kind: ClassVar[CredentialKind] = CredentialKind.TWILIO
    kept: ClassVar[bool] = True
    mount: ClassVar[str] = wire.API

    def door(self, services: Services, settings: DoorSettings) -> ASGIApp:
        return MessagesDoor(services, settings)

    def more_doors(self, services: Services, settings: DoorSettings) -> Mapping[str, ASGIApp]:
        return {VERIFY_MOUNT: VerifyDoor(services, settings)}

    def callbacks(self, subjects: EventSubjects, accounts: Accounts, public_url: str) -> CallbackShape:
        return TwilioCallbacks(subjects, accounts)

    def public_id(self, account: Account) -> str:
        return account_sid(account)

    def public_ids(self, account: Account) -> Iterable[str]:
        """Name an API key: an account has one token, and these besides."""
        yield API_KEY + token_hex(16)

    def new_secret(self) -> str:
        return token_hex(16)

    def shown(self, key: Key) -> dict[str, str]:
        return {
            "account_sid": key.public_id,
            "auth_token": key.secret,
            "verify_service_sid": VERIFY_SERVICE + key.public_id[2:],
        }

    def parts(self, account: Account, key: Key) -> Mapping[str, str]:
        if not key.public_id.startswith(API_KEY):
            return self.shown(key)
        sids = {"account_sid": account_sid(account), "verify_service_sid": verify_service_sid(account)}
        return sids | {"api_key_sid": key.public_id, "secret": key.secret}

    def entry(self, base_url: str) -> dict[str, str]:
        return {"base_url": base_url}

    async def seed(self, accounts: Accounts, applications: Applications, account: Account, key: Key) -> None:
        """Give the sandbox account an API key beside its token."""
        made = _api_key(key)
        await accounts.issue(account, self.kind, public_id=made.public_id, secret=made.secret, again=True)

    async def withdraw(self, accounts: Accounts, applications: Applications, account: Account, key: Key) -> None:
        await accounts.revoke_kind(account, self.kind, _api_key(key).public_id)

    def seeded(self, key: Key) -> dict[str, str]:
        made = _api_key(key)
        return {"api_key_sid": made.public_id, "api_key_secret": made.secret}


def _api_key(key: Key) -> Key:
    """Derive the API key of a sandbox account from its token: it is the same at every start."""
    secret = hmac.digest(key.secret.encode(), b"sandbox api key", "sha256").hex()[:32]
    return Key(API_KEY + key.public_id[2:], secret)

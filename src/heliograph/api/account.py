"""Operations on an account's own settings."""

from __future__ import annotations

import msgspec
from msgspec import UNSET

from heliograph.api import wire
from heliograph.api.resource import NativeResource
from heliograph.api.values import maybe_address
from heliograph.domain import accounts
from heliograph.domain.accounts import Scope
from heliograph.domain.optouts import ConsentWords
from heliograph.doors import Call, Operation
from heliograph.services.profile import ProfileChange


class AccountProfile(NativeResource):
    operations = (
        Operation(
            name="get_account",
            method="GET",
            path="/account",
            scope=Scope.ACCOUNT,
            response=wire.Account,
            summary="What the account has decided for itself",
        ),
        Operation(
            name="change_account",
            method="PATCH",
            path="/account",
            scope=Scope.ACCOUNT,
            request=wire.ChangeAccount,
            response=wire.Account,
            summary="Change where the account is told, and what its messages are like",
        ),
    )

    async def get_account(self, call: Call[None, None]) -> wire.Account:
        return shown_account(call.account)

    async def change_account(self, call: Call[None, wire.ChangeAccount]) -> wire.Account:
        change = profile_change(call.body)
        return shown_account(await self._services.profile.change(call.account, change))


def shown_account(stored: accounts.Account) -> wire.Account:
    return wire.Account(
        id=stored.id,
        name=stored.name,
        callback_url=stored.callback_url,
        callback_protocol=stored.callback_protocol,
        receipt_url=stored.receipt_url,
        callback_secret=stored.callback_secret,
        originator=maybe_address(stored.default_originator),
        region=stored.default_region,
        consent=msgspec.convert(stored.words, wire.ConsentWords, from_attributes=True),
    )


def profile_change(wanted: wire.ChangeAccount) -> ProfileChange:
    return ProfileChange(
        callback_url=wanted.callback_url,
        callback_protocol=wanted.callback_protocol,
        receipt_url=wanted.receipt_url,
        default_originator=wanted.originator,
        default_region=wanted.region,
        words=UNSET if wanted.consent is UNSET else msgspec.convert(wanted.consent, ConsentWords, from_attributes=True),
    )

"""Operations on all accounts, for those who run the installation."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from heliograph.api import wire
from heliograph.api.resource import NativeResource, page
from heliograph.api.values import money
from heliograph.domain.accounts import Account, Scope
from heliograph.domain.amounts import micros_in
from heliograph.domain.errors import InvalidField
from heliograph.domain.terms import TermsChange, quiet_hours_text
from heliograph.doors import Call, Operation


class AccountAdmin(NativeResource):
    operations = (
        Operation(
            name="list_accounts",
            method="GET",
            path="/accounts",
            scope=Scope.ADMIN,
            query=wire.PageQuery,
            response=wire.AccountPage,
            summary="List accounts, newest first",
        ),
        Operation(
            name="create_account",
            method="POST",
            path="/accounts",
            scope=Scope.ADMIN,
            request=wire.CreateAccount,
            response=wire.ManagedAccount,
            status=201,
            summary="Make an account",
        ),
        Operation(
            name="get_any_account",
            method="GET",
            path="/accounts/{account_id}",
            scope=Scope.ADMIN,
            response=wire.ManagedAccount,
            summary="Read what is agreed with an account, and where it stands",
        ),
        Operation(
            name="change_terms",
            method="PATCH",
            path="/accounts/{account_id}",
            scope=Scope.ADMIN,
            request=wire.ChangeTerms,
            response=wire.ManagedAccount,
            summary="Change what is agreed with an account",
        ),
        Operation(
            name="change_balance",
            method="POST",
            path="/accounts/{account_id}/balance",
            scope=Scope.ADMIN,
            request=wire.ChangeBalance,
            response=wire.Balance,
            summary="Top up or correct a balance",
        ),
        Operation(
            name="rotate_callback_secret",
            method="POST",
            path="/accounts/{account_id}/callback_secret",
            scope=Scope.ADMIN,
            request=wire.RotateCallbackSecret,
            may_be_empty=True,
            response=wire.CallbackSecret,
            summary="Give an account another secret for the signatures of its callbacks",
        ),
        Operation(
            name="close_account",
            method="POST",
            path="/accounts/{account_id}/close",
            scope=Scope.ADMIN,
            request=wire.CloseAccount,
            response=wire.ClosedAccounts,
            summary="End an account with all below it, and keep its record",
        ),
    )

    async def list_accounts(self, call: Call[wire.PageQuery, None]) -> wire.AccountPage:
        query = call.query
        found = await self._services.account_admin.page(limit=query.limit, before=query.before)
        return page(wire.AccountPage, [_summary(account) for account in found], query.limit)

    async def create_account(self, call: Call[None, wire.CreateAccount]) -> wire.ManagedAccount:
        body = call.body
        parent = None if body.parent is None else await self._services.accounts.named(body.parent)
        return await self._shown(await self._services.account_admin.create(body.name, parent))

    async def get_any_account(self, call: Call[None, None]) -> wire.ManagedAccount:
        return await self._shown(await self._named(call.path["account_id"]))

    async def change_terms(self, call: Call[None, wire.ChangeTerms]) -> wire.ManagedAccount:
        account, body = await self._named(call.path["account_id"]), call.body
        credit = None if body.credit is UNSET else micros_in(body.credit, "credit")
        return await self._shown(await self._services.account_admin.agree(account, _change(body), credit))

    async def change_balance(self, call: Call[None, wire.ChangeBalance]) -> wire.Balance:
        account, body = await self._named(call.path["account_id"]), call.body
        admin = self._services.account_admin
        change = admin.top_up if body.kind == "top_up" else admin.correct
        balance = await change(account, micros_in(body.amount, "amount"), body.note)
        return wire.Balance(balance=money(balance), currency=self._services.money.currency)

    async def rotate_callback_secret(self, call: Call[None, wire.RotateCallbackSecret]) -> wire.CallbackSecret:
        account = await self._named(call.path["account_id"])
        secret = await self._services.account_admin.rotate_callback_secret(account, call.body.grace_s)
        return wire.CallbackSecret(callback_secret=secret)

    async def close_account(self, call: Call[None, wire.CloseAccount]) -> wire.ClosedAccounts:
        account = await self._named(call.path["account_id"])
        if call.body.name != account.name:
            raise InvalidField("The account has another name; nothing was closed.", field="name")
        return wire.ClosedAccounts(closed=await self._services.account_admin.close(account))

    async def _named(self, account_id: str) -> Account:
        return await self._services.accounts.named(account_id)

    async def _shown(self, account: Account) -> wire.ManagedAccount:
        standing = await self._services.account_admin.standing(account)
        balance, usage, terms = standing.balance, standing.usage, account.terms
        return wire.ManagedAccount(
            id=account.id,
            name=account.name,
            parent_id=account.parent_id,
            created_at=account.created_at,
            closed_at=account.closed_at,
            balance=None if balance is None else money(balance.amount),
            credit=None if balance is None else money(balance.credit),
            currency=self._services.money.currency,
            prices={country: money(price) for country, price in sorted(terms.prices.items())},
            countries=terms.countries,
            originators=terms.originators,
            requests_per_second=terms.requests_per_second,
            daily_messages=terms.caps.day_messages,
            monthly_messages=terms.caps.month_messages,
            daily_amount=None if terms.caps.day_amount is None else money(terms.caps.day_amount),
            monthly_amount=None if terms.caps.month_amount is None else money(terms.caps.month_amount),
            warn_percent=terms.caps.warn_percent,
            quiet_hours=None if terms.quiet_hours is None else quiet_hours_text(terms.quiet_hours),
            retention={kept.value: days for kept, days in terms.retention.items()},
            may_omit_stop=terms.may_omit_stop,
            may_send_at_night=terms.may_send_at_night,
            second_person=terms.second_person,
            used_today=wire.Usage(messages=usage.day_messages, amount=money(usage.day_amount)),
            used_this_month=wire.Usage(messages=usage.month_messages, amount=money(usage.month_amount)),
        )


def _summary(account: Account) -> wire.AccountSummary:
    return wire.AccountSummary(
        id=account.id,
        name=account.name,
        parent_id=account.parent_id,
        created_at=account.created_at,
        closed_at=account.closed_at,
    )


def _change(body: wire.ChangeTerms) -> TermsChange:
    prices: dict[str, int | None] | UnsetType = UNSET
    if body.prices is not UNSET:
        prices = {name: None if text is None else micros_in(text, "prices") for name, text in body.prices.items()}
    return TermsChange(
        prices=prices,
        countries=body.countries,
        originators=body.originators,
        requests_per_second=body.requests_per_second,
        day_messages=body.daily_messages,
        month_messages=body.monthly_messages,
        day_amount=_micros(body.daily_amount, "daily_amount"),
        month_amount=_micros(body.monthly_amount, "monthly_amount"),
        warn_percent=body.warn_percent,
        quiet_hours=body.quiet_hours,
        retention=body.retention,
        may_omit_stop=body.may_omit_stop,
        may_send_at_night=body.may_send_at_night,
        second_person=body.second_person,
    )


def _micros(text: str | UnsetType | None, field: str) -> int | UnsetType | None:
    return micros_in(text, field) if isinstance(text, str) else text

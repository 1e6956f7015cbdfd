"""Keys: made for every protocol, good from where and until when they were said to be, rotated, ended, and noted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import update

from heliograph.domain.accounts import ALL_SCOPES, PREFIXES, TOKENS, Account, CredentialKind, Scope
from heliograph.domain.errors import (
    AccountClosed,
    AddressNotAllowed,
    Conflict,
    InvalidField,
    NotFound,
    Unauthenticated,
)
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.keys import KeyState
from heliograph.domain.prices import FREE
from heliograph.domain.seals import Seal
from heliograph.protocols.registry import KEY_KINDS
from heliograph.services.access import Access
from heliograph.services.account_admin import AccountAdmin
from heliograph.services.accounts import Accounts, public_part
from heliograph.services.keys import Keys, MadeKey
from heliograph.store import Store
from heliograph.store.accounts import forget_expired
from heliograph.store.keys import key_by_id
from heliograph.store.schema import former_secrets
from heliograph.store.tx import Tx

HOME = "127.0.0.1"
HEX = r"[0-9a-f]{32}"
SHAPES: Mapping[str, Mapping[str, str]] = {
    "native": {"token": r"hg_[\w-]{43}"},
    "xms": {"service_plan_id": HEX, "token": HEX},
    "smscx": {"api_key": r"sc_[\w-]{43}"},
    "smsdrop": {"email": r"cafe-sohne@heliograph\.example", "password": r"[\w-]{43}"},
    "isendpro": {"keyid": HEX},
    "twilio": {"account_sid": f"AC{HEX}", "verify_service_sid": f"VA{HEX}", "auth_token": HEX},
    "smpp": {"system_id": r"[a-z0-9-]{8,15}", "password": r"[A-Za-z0-9]{8}"},
}
SECOND = SHAPES | {
    "smsdrop": {"email": r"cafe-sohne\.[0-9a-f]{8}@heliograph\.example", "password": r"[\w-]{43}"},
    "twilio": {
        "account_sid": f"AC{HEX}",
        "verify_service_sid": f"VA{HEX}",
        "api_key_sid": f"SK{HEX}",
        "secret": HEX,
    },
}
NAMES = ("service_plan_id", "email", "account_sid", "verify_service_sid", "system_id")
"""What a client knows an account by."""


class Desk:
    """Where keys are handed out, and checked as doors check them."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.access = Access(store)
        self.accounts = Accounts(store, self.access, Seal(Seal.new_key()))
        self.keys = Keys(store, self.accounts, KEY_KINDS)
        self.admin = AccountAdmin(store, self.accounts, lambda: FREE)

    async def account(self, name: str = "Café & Söhne") -> Account:
        return await self.accounts.ensure(name)

    async def lets_in(self, made: MadeKey, address: str = HOME) -> bool:
        try:
            await self.enter(made, address)
        except Unauthenticated:
            return False
        return True

    async def enter(self, made: MadeKey, address: str = HOME) -> Account:
        kind = next(each for each in KEY_KINDS if each.name == made.protocol).kind
        *_, secret = made.parts.values()
        if made.protocol == "twilio" and "auth_token" in made.parts:
            secret = made.parts["auth_token"]
        if kind in PREFIXES:
            return (await self.access.authenticate(kind, public_part(secret), secret, address=address)).account
        name = made.parts.get("api_key_sid") or next(made.parts[each] for each in NAMES if each in made.parts)
        if kind in {CredentialKind.SMSDROP, CredentialKind.SMPP}:
            return (await self.access.log_in(kind, name, secret, address=address)).account
        return (await self.access.authenticate(kind, name, secret, address=address)).account


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


def assert_shaped(made: MadeKey, shapes: Mapping[str, Mapping[str, str]]) -> None:
    wanted = shapes[made.protocol]
    assert made.parts.keys() == wanted.keys()
    for name, shape in wanted.items():
        assert re.fullmatch(shape, made.parts[name]), f"{made.protocol}: {name} is {made.parts[name]!r}"


@pytest.mark.parametrize("protocol", SHAPES)
async def test_a_key_has_the_vendors_shapes_and_a_second_one_leaves_the_first_as_it_is(
    desk: Desk, protocol: str
) -> None:
    account = await desk.account()
    first, second = await desk.keys.create(account, protocol), await desk.keys.create(account, protocol)

    assert_shaped(first, SHAPES)
    assert_shaped(second, SECOND)
    assert await desk.enter(first) == await desk.enter(second) == account


@pytest.mark.parametrize("protocol", SHAPES)
async def test_after_a_rotation_both_secrets_are_good_until_the_grace_ends(desk: Desk, protocol: str) -> None:
    old = await desk.keys.create(await desk.account(), protocol)
    new = await desk.keys.rotate(old.id, grace_s=3_600)
    during = [await desk.lets_in(old), await desk.lets_in(new)]
    listed = await desk.keys.get(old.id)

    await desk.store.write(end_graces)
    desk.access.forget()

    assert new.id == old.id
    assert {name: new.parts[name] for name in NAMES if name in new.parts} == {
        name: old.parts[name] for name in NAMES if name in old.parts
    }
    assert new.parts != old.parts
    assert during == [True, True]
    assert listed.grace_until is not None
    assert [await desk.lets_in(old), await desk.lets_in(new)] == [False, True]


def end_graces(tx: Tx) -> None:
    tx.run(update(former_secrets).values(good_until=now_ms()))


@pytest.mark.parametrize("protocol", SHAPES)
async def test_without_grace_the_old_secret_ends_at_once_also_one_that_had_some(desk: Desk, protocol: str) -> None:
    oldest = await desk.keys.create(await desk.account(), protocol)
    old = await desk.keys.rotate(oldest.id, grace_s=3_600)
    new = await desk.keys.rotate(old.id)

    assert [await desk.lets_in(each) for each in (oldest, old, new)] == [False, False, True]


@pytest.mark.parametrize("protocol", SHAPES)
async def test_a_key_is_good_from_its_networks_until_it_ends(desk: Desk, protocol: str) -> None:
    soon = from_ms(now_ms()) + timedelta(days=1)
    account = await desk.account()
    made = await desk.keys.create(account, protocol, networks=["10.1.0.0/16", "2001:db8::/32"], expires_at=soon)

    assert await desk.enter(made, "10.1.2.3") == account
    assert await desk.enter(made, "::ffff:10.1.2.3") == account
    refused: list[str] = []
    desk.access.on_refused = refused.append
    for address in ("10.2.0.1", HOME, "somewhere"):
        with pytest.raises(AddressNotAllowed):
            await desk.enter(made, address)
    assert len(refused) == 3
    record = await desk.keys.get(made.id)
    assert record.expires_at == soon.replace(microsecond=soon.microsecond // 1_000 * 1_000)
    assert record.networks == ["10.1.0.0/16", "2001:db8::/32"]


async def test_what_a_password_is_exchanged_for_ends_with_it_and_is_good_from_the_same_networks(desk: Desk) -> None:
    made = await desk.keys.create(await desk.account(), "smsdrop", networks=["127.0.0.0/8"])

    async def token() -> str:
        issued = await desk.accounts.log_in(
            CredentialKind.SMSDROP,
            made.parts["email"],
            made.parts["password"],
            token=CredentialKind.SMSDROP_TOKEN,
            lifetime_s=60,
            address=HOME,
        )
        return issued.secret

    async def use(secret: str, address: str) -> None:
        await desk.access.authenticate(CredentialKind.SMSDROP_TOKEN, public_part(secret), secret, address=address)

    first = await token()
    await use(first, HOME)
    with pytest.raises(AddressNotAllowed):
        await use(first, "192.0.2.1")
    await desk.keys.revoke(made.id)
    with pytest.raises(Unauthenticated):
        await use(first, HOME)


async def test_a_key_whose_time_is_over_stays_to_be_seen_where_tokens_are_forgotten(desk: Desk) -> None:
    account = await desk.account()
    kinds = {kind: await desk.accounts.issue(account, kind, lifetime_s=0) for kind in (CredentialKind.API_KEY, *TOKENS)}
    await desk.store.write(forget_expired, account.id, now_ms() + 1)

    assert (await desk.keys.get(kinds[CredentialKind.API_KEY].credential_id)).state is KeyState.EXPIRED
    assert [await desk.store.read(key_by_id, kinds[kind].credential_id) for kind in TOKENS] == [None, None]


async def test_a_key_that_has_ended_is_shown_as_such_and_lets_nobody_in(desk: Desk) -> None:
    account = await desk.account()
    good, revoked, rotated = [await desk.keys.create(account, "native") for _ in range(3)]
    await desk.keys.revoke(revoked.id)
    with pytest.raises(NotFound):
        await desk.keys.revoke(revoked.id)
    with pytest.raises(NotFound):
        await desk.keys.rotate(revoked.id)

    states = {record.id: record.state for record in await desk.keys.page(account, limit=10)}
    assert states == {good.id: KeyState.GOOD, revoked.id: KeyState.REVOKED, rotated.id: KeyState.GOOD}
    assert not await desk.lets_in(revoked)

    await desk.admin.close(account)

    assert {record.state for record in await desk.keys.page(account, limit=10)} == {KeyState.CLOSED, KeyState.REVOKED}
    assert not await desk.lets_in(good)
    with pytest.raises(AccountClosed):
        await desk.keys.create(await desk.accounts.named(account.id), "native")


async def test_the_last_use_of_a_key_is_written_down_some_time_later(desk: Desk) -> None:
    made = await desk.keys.create(await desk.account(), "native")
    before = now_ms()
    await desk.enter(made, "192.0.2.1")
    await desk.enter(made, "192.0.2.2")
    unnoted = await desk.keys.get(made.id)

    await desk.access.uses.write_down()
    noted = await desk.keys.get(made.id)

    assert unnoted.last_used_at is None
    assert noted.last_used_at is not None
    assert noted.last_used_at >= from_ms(before)
    assert noted.last_used_from == "192.0.2.2"


async def test_a_use_that_another_process_has_seen_later_stays(desk: Desk, store: Store) -> None:
    made = await desk.keys.create(await desk.account(), "native")
    other = Desk(store)
    await desk.enter(made, "192.0.2.1")
    await other.access.authenticate(
        CredentialKind.API_KEY, public_part(made.parts["token"]), made.parts["token"], address="192.0.2.2"
    )
    await other.access.uses.write_down()
    later = await desk.keys.get(made.id)

    desk.access.uses._uses[made.id] = (now_ms() - 60_000, "192.0.2.1")
    await desk.access.uses.write_down()

    assert await desk.keys.get(made.id) == later


async def test_there_is_one_first_administrator(desk: Desk) -> None:
    made = await desk.keys.make_administrator()
    with pytest.raises(Conflict, match="has an administrator already"):
        await desk.keys.make_administrator()
    scopes = (await desk.keys.get(made.id)).scopes
    await desk.keys.revoke(made.id)
    again = await desk.keys.make_administrator()

    assert scopes == {Scope.ADMIN}
    assert Scope.ADMIN not in ALL_SCOPES
    assert again.id != made.id
    assert again.account.id == made.account.id


async def test_what_a_key_cannot_be_is_one_sentence_and_changes_nothing(desk: Desk) -> None:
    account = await desk.account()
    over = from_ms(now_ms()) - timedelta(seconds=1)

    for wanted, told in (
        ({"protocol": "fax"}, "no protocol 'fax'; there are native, xms"),
        ({"scopes": ["messages:eat"]}, "no scope 'messages:eat'"),
        ({"scopes": []}, "one scope at least"),
        ({"scopes": ["admin"], "protocol": "xms"}, "no scope 'admin'; there are account"),
        ({"networks": ["10.0.0.1/8"]}, "as in 10.1.0.0/16"),
        ({"networks": ["everywhere"]}, "as in 10.1.0.0/16"),
        ({"expires_at": over}, "is over; name a time to come"),
    ):
        asked = {"protocol": "native", **wanted}
        with pytest.raises(InvalidField, match=re.escape(told)):
            await desk.keys.create(account, asked.pop("protocol"), **asked)  # type: ignore[arg-type]

    assert await desk.keys.page(None, limit=10) == []

"""People who sign in: with a password and a code, by an invitation, for as long as their session lasts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence

import pytest
from sqlalchemy import update
from tests.patience import HANG_S
from tests.services.test_people import PASSWORD, Office

from heliograph.domain.accounts import ADMINISTRATORS
from heliograph.domain.audit import AuditFilter, Entry
from heliograph.domain.errors import (
    AccessError,
    Conflict,
    InvalidField,
    NameTaken,
    NotFound,
    TooManyLogins,
    Unauthenticated,
)
from heliograph.domain.instants import now_ms
from heliograph.domain.people import IDLE_S, LASTS_S, Person, Role
from heliograph.services.access import SEEN_EVERY_MS
from heliograph.services.audit import AuditLog
from heliograph.services.logins import PER_NAME_AND_ADDRESS
from heliograph.services.signing_in import NOTED_REFUSALS, SigningIn, Started
from heliograph.services.totp import RECOVERY_CODES, STEP_S, code_at, step_of
from heliograph.store import Store
from heliograph.store.schema import invitations, sessions
from heliograph.store.tx import Tx

HOME = "127.0.0.1"
OTHER = "another long password"


class Desk(Office):
    """Where people sign in."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.store = store
        self.access = self.accounts.access
        self.signing_in = SigningIn(store, self.accounts, self.people)

    async def sign_in(self, person: Person, password: str = PASSWORD, code: str | None = None) -> Started:
        return await self.signing_in.sign_in(person.email, password, code, address=HOME, agent="Browser")

    async def lets_in(self, started: Started, account: str | None = None) -> bool:
        try:
            await self.access.session(started.token, account, address=HOME)
        except Unauthenticated:
            return False
        return True

    async def with_totp(self, person: Person) -> tuple[str, list[str]]:
        """The secret of the person's app, and the recovery codes. The code of the step before now was used."""
        secret, _ = await self.signing_in.begin_totp(person.id, PASSWORD, address=HOME)
        codes = await self.signing_in.confirm_totp(person.id, code_at(secret, int(time.time()) // STEP_S - 1))
        return secret, list(codes)


@pytest.fixture
def desk(store: Store) -> Desk:
    return Desk(store)


async def test_signing_in_and_out_are_written_down_and_of_refusals_a_few(desk: Desk) -> None:
    person, log = await desk.viewer(), AuditLog(desk.store)
    started = await desk.sign_in(person)
    await desk.signing_in.end(person.id, started.id)
    with pytest.raises(NotFound):
        await desk.signing_in.end(person.id, started.id)
    for _ in range(NOTED_REFUSALS + 2):
        with pytest.raises(Unauthenticated):
            await desk.sign_in(person, OTHER)
    with pytest.raises(Unauthenticated):
        await desk.signing_in.sign_in("nobody@example.com", OTHER, address=HOME)
    entries: Sequence[Entry] = ()
    async with asyncio.timeout(HANG_S):
        while len(entries) < NOTED_REFUSALS + 3:
            entries = await log.page(AuditFilter(object_id=person.id), limit=20)
    everything = await log.page(AuditFilter(action="person"), limit=20)

    refused = [f"person.sign_in_refused {HOME}"] * NOTED_REFUSALS
    in_and_out = [f"person.signed_out {None}", f"person.signed_in {HOME}", f"person.created {None}"]
    assert [f"{entry.action} {entry.address}" for entry in entries] == [*refused, *in_and_out]
    assert [entry.after for entry in entries[:2]] == [
        '{"others_follow_unwritten":true,"wrong":"password"}',
        '{"wrong":"password"}',
    ]
    assert {entry.actor_name for entry in entries[:NOTED_REFUSALS]} == {person.email}
    assert [started.id in fact for fact in (entries[-2].after, entries[-3].before)] == [True, True]
    assert everything == entries
    assert not any(secret in str(entries) for secret in (PASSWORD, OTHER, started.token))


async def test_a_session_acts_for_the_account_at_which_the_person_has_a_role(desk: Desk) -> None:
    person = await desk.viewer()
    started = await desk.sign_in(person)

    principal = await desk.access.session(started.token, None, address=HOME)

    assert (principal.account.name, principal.person_id, principal.public_id) == ("Acme", person.id, person.email)
    assert {"messages:read", "person"} < principal.scopes
    assert "messages:send" not in principal.scopes


async def test_of_several_accounts_one_is_named_and_no_other_is_acted_for(desk: Desk) -> None:
    person = await desk.viewer()
    branch = await desk.account("Branch")
    await desk.account("Elsewhere")
    await desk.people.assign(person, Role.MANAGER, branch)
    token = (await desk.sign_in(person)).token

    with pytest.raises(InvalidField, match="whom you act for: Acme, Branch"):
        await desk.access.session(token, None, address=HOME)
    for named in ("Elsewhere", ADMINISTRATORS, "nobody"):
        with pytest.raises(AccessError, match="no role at such an account"):
            await desk.access.session(token, named, address=HOME)
    by_name, by_id = [await desk.access.session(token, name, address=HOME) for name in ("Branch", branch.id)]

    assert by_name.account == by_id.account == branch
    assert "account" in by_name.scopes
    assert "account" not in (await desk.access.session(token, "Acme", address=HOME)).scopes


async def test_an_administrator_runs_the_installation_and_manages_every_account(desk: Desk) -> None:
    await desk.account()
    token = (await desk.sign_in(await desk.administrator())).token

    installation = await desk.access.session(token, None, address=HOME)
    acme = await desk.access.session(token, "Acme", address=HOME)

    assert installation.account.name == ADMINISTRATORS
    assert {"admin", "messages:send"} < acme.scopes


async def test_a_closed_account_refuses_a_session(desk: Desk) -> None:
    started = await desk.sign_in(await desk.viewer())
    before = await desk.lets_in(started)
    await desk.admin.close(await desk.account())

    assert before
    with pytest.raises(AccessError, match="or it is closed"):
        await desk.access.session(started.token, None, address=HOME)


async def test_a_role_that_is_taken_away_is_worth_nothing(desk: Desk) -> None:
    person = await desk.viewer()
    started = await desk.sign_in(person)
    await desk.access.session(started.token, "Acme", address=HOME)
    await desk.people.assign(person, None, await desk.account())

    with pytest.raises(AccessError, match="no role"):
        await desk.access.session(started.token, "Acme", address=HOME)


@pytest.mark.parametrize("email", ["vera@example.com", "nobody@example.com", "nonsense"])
async def test_whatever_is_wrong_is_told_in_the_same_words(desk: Desk, email: str) -> None:
    await desk.viewer()

    with pytest.raises(Unauthenticated, match=r"^There is nobody with this e-mail address and password\.$") as told:
        await desk.signing_in.sign_in(email, "wrong", address=HOME)

    assert told.value.field is None


async def test_who_is_disabled_is_signed_out_and_cannot_sign_in(desk: Desk) -> None:
    person = await desk.viewer()
    started = await desk.sign_in(person)
    await desk.people.disable(person)

    assert not await desk.lets_in(started)
    with pytest.raises(Unauthenticated, match="There is nobody with"):
        await desk.sign_in(person)


async def test_attempts_to_sign_in_are_limited(desk: Desk) -> None:
    person = await desk.viewer()
    for _ in range(PER_NAME_AND_ADDRESS):
        with pytest.raises(Unauthenticated):
            await desk.sign_in(person, "wrong")

    with pytest.raises(TooManyLogins):
        await desk.sign_in(person)


def used_up_to(idle_until: int, last_until: int) -> Mapping[str, int]:
    return {"idle_until": idle_until, "last_until": last_until}


def set_all(tx: Tx, values: Mapping[str, int]) -> None:
    tx.run(update(sessions).values(values))


async def test_a_session_that_is_used_lasts_longer_but_not_for_ever(desk: Desk) -> None:
    started = await desk.sign_in(await desk.viewer())
    before = now_ms()
    await desk.store.write(set_all, {"seen_at": before - 2 * SEEN_EVERY_MS, "idle_until": before + 60_000})
    used = await desk.lets_in(started)
    (slid,) = await desk.signing_in.sessions(started.person.id)
    await desk.store.write(set_all, used_up_to(before + IDLE_S * 1_000, before))
    desk.access.forget()

    assert used
    assert (slid.ends_at.timestamp() - before / 1_000) >= IDLE_S
    assert not await desk.lets_in(started)
    assert LASTS_S > IDLE_S


async def test_a_session_that_is_not_used_ends_and_is_forgotten_at_the_next(desk: Desk) -> None:
    person = await desk.viewer()
    started = await desk.sign_in(person)
    await desk.store.write(set_all, used_up_to(now_ms(), now_ms() + 60_000))
    ended = await desk.lets_in(started)
    other = await desk.sign_in(person)

    assert not ended
    assert [each.id for each in await desk.signing_in.sessions(person.id)] == [other.id]


async def test_sessions_are_listed_and_ended(desk: Desk) -> None:
    person = await desk.viewer()
    first, second, third = [await desk.sign_in(person) for _ in range(3)]
    listed = await desk.signing_in.sessions(person.id)
    await desk.signing_in.end(person.id, second.id)
    after_one = [await desk.lets_in(each) for each in (first, second, third)]
    ended = await desk.signing_in.end_all(person.id)

    assert [each.id for each in listed] == [third.id, second.id, first.id]
    assert {(each.address, each.agent) for each in listed} == {(HOME, "Browser")}
    assert after_one == [True, False, True]
    assert ended == 2
    assert not await desk.lets_in(first)
    with pytest.raises(NotFound, match="no such session"):
        await desk.signing_in.end(person.id, second.id)


async def test_another_password_ends_the_other_sessions(desk: Desk) -> None:
    person = await desk.viewer()
    mine, other = await desk.sign_in(person), await desk.sign_in(person)
    change = desk.signing_in.change_password
    with pytest.raises(InvalidField, match="That is not your password"):
        await change(person.id, "wrong", OTHER, session_id=mine.id, address=HOME)
    with pytest.raises(InvalidField, match="12 characters or more"):
        await change(person.id, PASSWORD, "short", session_id=mine.id, address=HOME)
    unchanged = [await desk.lets_in(each) for each in (mine, other)]
    await change(person.id, PASSWORD, OTHER, session_id=mine.id, address=HOME)

    assert unchanged == [True, True]
    assert [await desk.lets_in(each) for each in (mine, other)] == [True, False]
    assert await desk.lets_in(await desk.sign_in(person, OTHER))
    with pytest.raises(Unauthenticated):
        await desk.sign_in(person)


def test_codes_are_those_of_rfc_6238() -> None:
    """Appendix B, with the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    vectors = {59: "287082", 1_111_111_109: "081804", 1_234_567_890: "005924", 20_000_000_000: "353130"}

    assert {at: code_at(secret, at // STEP_S) for at in vectors} == vectors
    assert step_of(secret, "287082", 59 + STEP_S) == 1
    assert step_of(secret, "287082", 59 + 2 * STEP_S) is None


async def test_with_totp_a_code_is_asked_for_and_good_once(desk: Desk) -> None:
    person = await desk.viewer()
    secret, _ = await desk.with_totp(person)
    with pytest.raises(Unauthenticated, match="Give the code that your app shows, too") as missing:
        await desk.sign_in(person)
    code = code_at(secret, int(time.time()) // STEP_S + 1)
    started = await desk.sign_in(person, code=code)
    with pytest.raises(Unauthenticated, match="wrong or was used before") as replayed:
        await desk.sign_in(person, code=code)
    with pytest.raises(Unauthenticated, match="There is nobody with"):
        await desk.sign_in(person, "wrong", code)

    assert await desk.lets_in(started)
    assert missing.value.field == replayed.value.field == "code"
    assert (await desk.people.named(person.id)).has_totp


async def test_one_of_two_who_give_the_same_code_at_once_is_let_in(desk: Desk) -> None:
    person = await desk.viewer()
    secret, _ = await desk.with_totp(person)
    code = code_at(secret, int(time.time()) // STEP_S + 1)

    both = await asyncio.gather(*(desk.sign_in(person, code=code) for _ in range(2)), return_exceptions=True)

    assert sorted(type(each).__name__ for each in both) == ["Started", "Unauthenticated"]


async def test_a_recovery_code_stands_in_for_the_app_once(desk: Desk) -> None:
    person = await desk.viewer()
    _, codes = await desk.with_totp(person)
    assert len(set(codes)) == RECOVERY_CODES

    assert await desk.lets_in(await desk.sign_in(person, code=codes[3].lower()))
    assert await desk.lets_in(await desk.sign_in(person, code=codes[4]))
    with pytest.raises(Unauthenticated, match="was used before"):
        await desk.sign_in(person, code=codes[3])


async def test_totp_is_in_force_from_its_first_right_code_until_it_is_removed(desk: Desk) -> None:
    person = await desk.viewer()
    with pytest.raises(Conflict, match="ask for one first"):
        await desk.signing_in.confirm_totp(person.id, "000000")
    await desk.signing_in.begin_totp(person.id, PASSWORD, address=HOME)
    with pytest.raises(InvalidField, match="not the one that the app shows"):
        await desk.signing_in.confirm_totp(person.id, "no code")
    assert await desk.lets_in(await desk.sign_in(person))
    await desk.with_totp(person)
    with pytest.raises(InvalidField, match="not your password"):
        await desk.signing_in.remove_totp(person.id, "wrong", address=HOME)
    await desk.signing_in.remove_totp(person.id, PASSWORD, address=HOME)

    assert await desk.lets_in(await desk.sign_in(person))


async def test_the_store_has_no_secret_of_anybody_in_it(desk: Desk) -> None:
    person = await desk.viewer()
    secret, codes = await desk.with_totp(person)
    started = await desk.sign_in(person, code=codes[0])
    invited = await desk.signing_in.invite("bob@example.com", Role.VIEWER, await desk.account())

    kept = await desk.store.read(everything)

    assert person.email in kept
    assert [each for each in (secret, *codes, started.token, invited.token, PASSWORD) if each in kept] == []


def everything(tx: Tx) -> str:
    from heliograph.store.schema import metadata

    return repr([tx.connection.execute(table.select()).fetchall() for table in metadata.sorted_tables])


async def test_an_invitation_makes_one_person_with_its_role(desk: Desk) -> None:
    invited = await desk.signing_in.invite("Vera@example.com", Role.SENDER, await desk.account())
    with pytest.raises(InvalidField, match="12 characters or more"):
        await desk.signing_in.accept(invited.token, "short")
    accepted = await asyncio.gather(
        *(desk.signing_in.accept(invited.token, PASSWORD) for _ in range(2)), return_exceptions=True
    )
    (listed,) = await desk.signing_in.invitations(limit=5)

    (person,) = [each for each in accepted if isinstance(each, Person)]
    (refused,) = [each for each in accepted if isinstance(each, NotFound)]
    assert "was used, was withdrawn or has expired" in refused.message
    assert (person.email, [(held.account_name, held.role) for held in person.roles]) == (
        "vera@example.com",
        [("Acme", Role.SENDER)],
    )
    assert listed.accepted_at is not None
    assert await desk.lets_in(await desk.sign_in(person))


def expire(tx: Tx) -> None:
    tx.run(update(invitations).values(expires_at=now_ms()))


async def test_an_invitation_that_is_over_makes_nobody(desk: Desk) -> None:
    account = await desk.account()
    first = await desk.signing_in.invite("vera@example.com", Role.SENDER, account)
    second = await desk.signing_in.invite("vera@example.com", Role.VIEWER, account)
    withdrawn = await desk.signing_in.invite("bob@example.com", Role.VIEWER, account)
    await desk.signing_in.withdraw(withdrawn.id)
    for token in (first.token, withdrawn.token, "nonsense"):
        with pytest.raises(NotFound, match="ask for another one"):
            await desk.signing_in.accept(token, PASSWORD)
    await desk.store.write(expire)
    with pytest.raises(NotFound, match="ask for another one"):
        await desk.signing_in.accept(second.token, PASSWORD)
    with pytest.raises(NotFound, match="no invitation"):
        await desk.signing_in.withdraw(withdrawn.id)

    assert await desk.people.page(limit=5) == []


async def test_who_is_there_already_is_not_invited(desk: Desk) -> None:
    account = await desk.account()
    late = await desk.signing_in.invite("vera@example.com", Role.SENDER, account)
    await desk.viewer("vera@example.com")

    with pytest.raises(NameTaken, match="somebody with the e-mail address"):
        await desk.signing_in.invite("VERA@example.com", Role.SENDER, account)
    with pytest.raises(NameTaken, match="somebody with the e-mail address"):
        await desk.signing_in.accept(late.token, PASSWORD)
    with pytest.raises(InvalidField, match="90 days at most"):
        await desk.signing_in.invite("new@example.com", Role.SENDER, account, 91 * 86_400)

"""Access tokens: they end, are taken back, and our client fetches another by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.protocols.standing_in import StandIn

from heliograph.calling import Request, Response
from heliograph.domain.accounts import CredentialKind
from heliograph.domain.errors import InvalidField, NotFound, Unauthenticated
from heliograph.domain.seals import Seal
from heliograph.protocols.registry import listeners_of
from heliograph.protocols.smscx import AsyncClient
from heliograph.protocols.smscx.errors import InvalidCredentialsException
from heliograph.services.access import Access
from heliograph.services.accounts import Accounts, public_part
from heliograph.services.directory import Applications
from heliograph.store import Store, open_store


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = await open_store("", tmp_path)
    yield opened
    await opened.close()


class Desk:
    """The services that deal with tokens, over one store."""

    def __init__(self, store: Store) -> None:
        self.access = Access(store)
        self.accounts = Accounts(store, self.access, Seal(Seal.new_key()))
        self.applications = Applications(store, self.accounts, listeners_of)

    async def is_good(self, token: str) -> bool:
        self.access.forget()
        try:
            await self.access.authenticate(CredentialKind.ACCESS_TOKEN, public_part(token), token, address=None)
        except Unauthenticated:
            return False
        return True


async def test_a_token_has_the_scopes_that_were_asked_for_and_names_its_application(store: Store) -> None:
    desk = Desk(store)
    account = await desk.accounts.ensure("acme")
    made = await desk.applications.put(account, "Shop", ["sms", "groups"])

    _, scopes, issued = await desk.applications.issue_token(made.id, made.secret, ["sms"])
    principal = await desk.access.authenticate(
        CredentialKind.ACCESS_TOKEN, public_part(issued.secret), issued.secret, address=None
    )

    assert scopes == principal.scopes == {"sms"}
    assert principal.application_id == made.id
    with pytest.raises(InvalidField):
        await desk.applications.issue_token(made.id, made.secret, ["sms", "reports"])


@pytest.mark.parametrize(("lifetime_s", "good"), [(3600, True), (None, True), (0, False)])
async def test_a_token_is_good_as_long_as_its_application_says(
    store: Store, lifetime_s: int | None, good: bool
) -> None:
    desk = Desk(store)
    account = await desk.accounts.ensure("acme")
    made = await desk.applications.put(account, "Shop", ["sms"], token_lifetime_s=lifetime_s)

    _, _, issued = await desk.applications.issue_token(made.id, made.secret, None)

    assert await desk.is_good(issued.secret) is good


async def test_tokens_that_are_taken_back_are_good_no_longer(store: Store) -> None:
    desk = Desk(store)
    account, other = await desk.accounts.ensure("acme"), await desk.accounts.ensure("other")
    made = await desk.applications.put(account, "Shop", ["sms"])
    kept = await desk.applications.put(account, "Office", ["sms"])
    tokens = [(await desk.applications.issue_token(made.id, made.secret, None))[2].secret for _ in range(2)]
    of_kept = (await desk.applications.issue_token(kept.id, kept.secret, None))[2].secret

    with pytest.raises(NotFound):
        await desk.applications.revoke_tokens(other, made.id)
    count = await desk.applications.revoke_tokens(account, made.id)

    assert count == 2
    assert [await desk.is_good(token) for token in (*tokens, of_kept)] == [False, False, True]


class Tokens:
    """A server that takes one token at a time."""

    def __init__(self, *, honest: bool = True) -> None:
        self.issued = 0
        self.honest = honest
        self.driver = StandIn(self.answer)

    def answer(self, request: Request) -> Response:
        if request.path == "/oauth/token":
            self.issued += 1
            return Response(
                200,
                b'{"access_token": "t%d", "expires_in": 1, "token_type": "Bearer", "scope": "sms"}' % self.issued,
            )
        if self.honest and request.headers.get("Authorization") == f"Bearer t{self.issued}":
            return Response(200, b'{"balance": 1, "currency": "eur", "billing": "prepaid"}')
        return Response(401, b'{"error": {"type": "invalid_api_key", "code": 0, "message": "No.", "uri": ""}}')

    def client(self) -> AsyncClient:
        return AsyncClient(application_id="app", application_secret="secret", driver=self.driver)


async def test_our_client_fetches_a_token_once_and_again_when_it_has_ended() -> None:
    server = Tokens()
    client = server.client()

    await client.get_account_balance()
    await client.get_account_balance()
    server.issued += 1  # the old one is not taken any more
    await client.get_account_balance()

    assert [request.path for request in server.driver.requests].count("/oauth/token") == 2


async def test_our_client_gives_up_on_a_server_that_takes_no_token() -> None:
    server = Tokens(honest=False)

    with pytest.raises(InvalidCredentialsException):
        await server.client().get_account_balance()

    assert server.issued == 1

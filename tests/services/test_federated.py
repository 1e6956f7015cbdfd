"""Signing in by an issuer of OpenID Connect that forges, forgets, changes its keys or is not there."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import select
from tests.services.test_signing_in import HOME, Desk

from heliograph.domain.audit import AuditFilter
from heliograph.domain.errors import HeliographError, IssuerFailed, NotFound, SignInRefused, Unauthenticated
from heliograph.domain.issuers import IssuerConfig, RoleRule
from heliograph.domain.people import Person, Role
from heliograph.services import federated
from heliograph.services.audit import AuditLog
from heliograph.services.federated import FederatedSigningIn, Halfway
from heliograph.services.signing_in import Started
from heliograph.store import Store
from heliograph.store.schema import person_links

EMAIL = "vera@example.com"
BACK = "http://here.example/sign-in/with/example/callback"
KEYS = [RSAKey.generate_key(2048, {"kid": f"k{place}"}, private=True) for place in range(2)]
ANOTHERS = RSAKey.generate_key(2048, {"kid": "k0"}, private=True)


class Issuer:
    """An issuer that says what it is told to say."""

    def __init__(self) -> None:
        self.keys, self.signs_with = [KEYS[0]], KEYS[0]
        self.nonce = ""
        self.claims: dict[str, Any] = {}
        self.discovery: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any]], str] = lambda claims: jwt.encode(
            {"alg": "RS256", "kid": self.signs_with.kid}, claims, self.signs_with
        )
        self.answers: dict[str, tuple[int, bytes]] = {}
        """What is answered at a path instead."""
        self.asked: list[tuple[str, dict[str, str], str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                form = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                outer.asked.append((self.path, dict(parse_qsl(form)), self.headers.get("Authorization", "")))
                status, body = outer.answers.get(self.path) or (200, json.dumps(outer.answer(self.path)).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_POST = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def answer(self, path: str) -> Any:
        if path == "/keys":
            return {"keys": [{"kty": "strange"}, *(key.as_dict(private=False) for key in self.keys)]}
        if path == "/token":
            return {"access_token": "access", "token_type": "Bearer", "id_token": self.token()}
        if path == "/userinfo":
            return self.userinfo
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize?lang=en",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/keys",
            **self.discovery,
        }

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": self.url,
            "aud": "us",
            "sub": "248289761001",
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 300,
            "email": EMAIL,
            "email_verified": True,
            **self.claims,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class Porch(Desk):
    """Where people come in who were at the issuer."""

    def __init__(self, store: Store, issuer: Issuer) -> None:
        super().__init__(store)
        self.issuer = issuer
        self.serve()

    def serve(self, **config: Any) -> None:
        """Begin anew, as after a start, with these settings."""
        table = {"issuer": self.issuer.url, "client_id": "us", "client_secret": "s", **config}
        self.federated = FederatedSigningIn(
            self.store, self.accounts, self.people, self.signing_in, {"example": IssuerConfig(**table)}
        )

    async def begin(self) -> tuple[str, dict[str, str]]:
        """The cookie, and what comes back with it."""
        address, cookie = await self.federated.begin("example", BACK)
        asked = dict(parse_qsl(urlsplit(address).query))
        self.issuer.nonce = asked["nonce"]
        return cookie, {"state": asked["state"], "code": "c"}

    async def come(self) -> Started | Halfway:
        cookie, answer = await self.begin()
        return await self.back(cookie, answer)

    async def back(self, cookie: str, answer: dict[str, str]) -> Started | Halfway:
        return await self.federated.finish("example", cookie, answer, BACK, address=HOME, agent="Browser")

    async def person(self) -> Person:
        outcome = await self.come()
        assert isinstance(outcome, Started)
        assert (await self.access.signed_in(outcome.token, address=HOME)).person == outcome.person
        return outcome.person

    async def links(self) -> list[Any]:
        return list(await self.store.read(lambda tx: tx.rows(select(person_links.c.subject, person_links.c.person_id))))

    async def invite(self, email: str = EMAIL, role: Role = Role.VIEWER, account: str = "Acme") -> None:
        await self.signing_in.invite(email, role, await self.accounts.ensure(account))


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with closing(Issuer()) as begun:
        yield begun


@pytest.fixture
def porch(store: Store, issuer: Issuer) -> Porch:
    return Porch(store, issuer)


async def test_the_invited_become_a_person_once_with_all_that_they_were_invited_to(porch: Porch) -> None:
    await porch.invite()
    await porch.invite(role=Role.SENDER, account="Initech")
    first = await porch.person()
    porch.issuer.claims = {"email": "another@example.com"}
    again = await porch.person()
    entries = await AuditLog(porch.store).page(AuditFilter(), limit=10)

    assert (first.id, first.email, first.has_password) == (again.id, EMAIL, False)
    assert first.issuers == [porch.issuer.url]
    assert {held.account_name: held.role for held in first.roles} == {"Acme": Role.VIEWER, "Initech": Role.SENDER}
    signed_in, linked = "person.signed_in", "person.linked"
    assert [entry.action for entry in entries[:4]] == [signed_in, signed_in, linked, "person.created"]
    assert {(entry.actor_name, entry.address) for entry in entries[:4]} == {(EMAIL, HOME)}
    with pytest.raises(Unauthenticated):  # there is no password that lets them in
        await porch.signing_in.sign_in(EMAIL, "", address=HOME)


async def test_a_link_is_taken_away_with_the_sessions_and_another_one_can_be_made(porch: Porch) -> None:
    await porch.invite()
    started = await porch.come()
    assert isinstance(started, Started)
    for issuer in ("https://elsewhere.example.org", ""):
        with pytest.raises(NotFound):
            await porch.people.unlink(started.person, issuer)
    unlinked = await porch.people.unlink(started.person)
    with pytest.raises(NotFound):
        await porch.people.unlink(unlinked)
    with pytest.raises(Unauthenticated):
        await porch.access.signed_in(started.token, address=HOME)
    porch.issuer.claims = {"sub": "another"}
    again = await porch.person()
    entries = await AuditLog(porch.store).page(AuditFilter(action="person.unlinked"), limit=10)

    assert (unlinked.id, unlinked.issuers) == (started.person.id, [])
    assert (again.id, again.issuers) == (started.person.id, [porch.issuer.url])
    assert [subject for subject, _ in await porch.links()] == ["another"]
    assert [porch.issuer.url in entry.before for entry in entries] == [True]


async def test_the_code_is_exchanged_with_the_secret_and_the_verifier(porch: Porch) -> None:
    await porch.invite()
    address, cookie = await porch.federated.begin("example", BACK)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    porch.issuer.nonce = asked["nonce"]
    await porch.back(cookie, {"state": asked["state"], "code": "the code"})
    form, authorization = next((form, header) for path, form, header in porch.issuer.asked if path == "/token")
    challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).decode().rstrip("=")

    assert (asked["lang"], asked["scope"], asked["redirect_uri"]) == ("en", "openid email", BACK)
    assert (asked["code_challenge"], asked["code_challenge_method"]) == (challenge, "S256")
    assert (form["code"], form["redirect_uri"]) == ("the code", BACK)
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"us:s"


def unsigned(claims: dict[str, Any], header: dict[str, str], sign: Callable[[bytes], bytes]) -> str:
    parts = [json.dumps(each).encode() for each in (header, claims)]
    text = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (text + b"." + base64.urlsafe_b64encode(sign(text)).rstrip(b"=")).decode()


def without_algorithm(claims: dict[str, Any]) -> str:
    return unsigned(claims, {"alg": "none"}, lambda _: b"")


def with_the_public_key(claims: dict[str, Any]) -> str:
    known = KEYS[0].as_pem(private=False)
    return unsigned(claims, {"alg": "HS256", "kid": "k0"}, lambda text: hmac.digest(known, text, "sha256"))


def by_another(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k0"}, claims, ANOTHERS)


def by_an_unknown_key(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "k1"}, claims, KEYS[1])


@pytest.mark.parametrize(
    ("claims", "sign", "told"),
    [
        ({"exp": int(time.time()) - 300}, None, "has expired"),
        ({"exp": None}, None, "`exp`"),
        ({"exp": "soon"}, None, "`exp`"),
        ({"iat": int(time.time()) + 3_600}, None, "`iat`"),
        ({"iss": "https://evil.example"}, None, "another issuer's"),
        ({"aud": "them"}, None, "another application"),
        ({"aud": ["us", "them"]}, None, "another application"),
        ({"aud": "us", "azp": "them"}, None, "another application"),
        ({"nonce": "another"}, None, "another attempt"),
        ({"nonce": None}, None, "another attempt"),
        ({"sub": None}, None, "`sub`"),
        ({"sub": 7}, None, "`sub`"),
        ({}, by_another, "is not signed by the issuer"),
        ({}, by_an_unknown_key, "a key that the issuer does not publish"),
        ({}, without_algorithm, "not signed in a way"),
        ({}, with_the_public_key, "not signed in a way"),
        ({}, lambda _: "nonsense", "is not signed by the issuer"),
        ({"email_verified": False}, None, "was verified"),
        ({"email_verified": None}, None, "was verified"),
        ({"email": None}, None, "was verified"),
        ({"email": "not one"}, None, "was verified"),
        ({"email": "nobody@example.com"}, None, "Nobody has invited nobody@example.com"),
    ],
)
async def test_what_is_not_said_to_us_now_lets_nobody_in(
    porch: Porch, claims: dict[str, Any], sign: Callable[[dict[str, Any]], str] | None, told: str
) -> None:
    await porch.invite()
    porch.issuer.claims = claims
    porch.issuer.sign = sign or porch.issuer.sign
    before = await AuditLog(porch.store).page(AuditFilter(), limit=10)

    with pytest.raises(SignInRefused, match=told):
        await porch.come()

    assert await porch.links() == []
    assert await porch.people.page(limit=10) == []
    assert await AuditLog(porch.store).page(AuditFilter(), limit=10) == before


async def test_an_attempt_is_good_once_for_its_own_browser_and_ten_minutes(
    porch: Porch, monkeypatch: pytest.MonkeyPatch
) -> None:
    await porch.invite()
    cookie, answer = await porch.begin()
    await porch.back(cookie, answer)
    with pytest.raises(SignInRefused, match="has come back before"):
        await porch.back(cookie, answer)
    _, others = await porch.begin()
    for wrong in ("", "nonsense", cookie):
        with pytest.raises(SignInRefused, match="has begun no such sign-in"):
            await porch.back(wrong, others)
    late, answer = await porch.begin()
    real = federated.now_ms
    monkeypatch.setattr(federated, "now_ms", lambda: real() + 601_000)
    with pytest.raises(SignInRefused, match="ten minutes"):
        await porch.back(late, answer)

    assert [path for path, *_ in porch.issuer.asked].count("/token") == 1


async def test_who_was_refused_there_or_comes_from_elsewhere_is_told_so(porch: Porch) -> None:
    cookie, answer = await porch.begin()
    with pytest.raises(SignInRefused, match="example did not let you in"):
        await porch.back(cookie, {"state": answer["state"], "error": "access_denied"})
    cookie, answer = await porch.begin()
    with pytest.raises(SignInRefused, match="another issuer's"):
        await porch.back(cookie, answer | {"iss": "https://evil.example"})
    with pytest.raises(NotFound):
        await porch.federated.begin("nobody", BACK)


async def test_a_new_key_is_fetched_and_one_that_was_withdrawn_is_good_no_longer(porch: Porch) -> None:
    await porch.invite()
    first = await porch.person()
    porch.issuer.keys, porch.issuer.signs_with = [KEYS[1]], KEYS[1]
    second = await porch.person()
    porch.issuer.signs_with = KEYS[0]
    with pytest.raises(SignInRefused):
        await porch.come()

    assert first.id == second.id
    assert [path for path, *_ in porch.issuer.asked].count("/.well-known/openid-configuration") == 1


async def test_somebody_who_has_an_account_is_linked_and_one_of_another_subject_is_not(porch: Porch) -> None:
    person = await porch.viewer()
    porch.issuer.claims = {"email": person.email.upper()}
    linked = await porch.person()
    porch.issuer.claims = {"email": person.email, "sub": "another"}
    with pytest.raises(SignInRefused, match="somebody else than before"):
        await porch.come()

    assert (linked.id, linked.has_password) == (person.id, True)
    assert [tuple(row) for row in await porch.links()] == [("248289761001", person.id)]


async def test_whoever_is_disabled_or_invited_to_what_is_closed_stays_out(porch: Porch) -> None:
    await porch.invite()
    person = await porch.person()
    await porch.signing_in.invite("late@example.com", Role.VIEWER, await porch.accounts.ensure("Acme"))
    await porch.people.disable(person)
    with pytest.raises(SignInRefused, match="may not sign in any more"):
        await porch.come()
    await porch.admin.close(await porch.account())
    porch.issuer.claims = {"sub": "late", "email": "late@example.com"}
    with pytest.raises(SignInRefused, match="Nobody has invited"):
        await porch.come()


async def test_only_domains_that_are_named_are_taken(porch: Porch) -> None:
    await porch.invite()
    porch.serve(domains=("Example.org",))
    with pytest.raises(SignInRefused, match=r"addresses of example\.com are not taken from example"):
        await porch.come()
    porch.serve(domains=("example.COM",))

    assert (await porch.person()).email == EMAIL


async def test_a_code_of_an_app_is_asked_for_unless_the_issuer_counts_as_one(porch: Porch) -> None:
    person = await porch.viewer()
    _, codes = await porch.with_totp(person)
    porch.issuer.claims = {"email": person.email}
    halfway = await porch.come()
    assert isinstance(halfway, Halfway)
    for sealed, code in ((halfway.sealed, "000000"), ("nonsense", codes[0]), ((await porch.begin())[0], codes[0])):
        with pytest.raises(Unauthenticated):
            await porch.federated.finish_with_code(sealed, code, address=HOME, agent="")
    started = await porch.federated.finish_with_code(halfway.sealed, codes[0], address=HOME, agent="")
    with pytest.raises(Unauthenticated):
        await porch.federated.finish_with_code(halfway.sealed, codes[0], address=HOME, agent="")
    porch.serve(second_factor=True)

    assert started.person.id == (await porch.person()).id


async def test_what_the_id_token_leaves_out_is_asked_for(porch: Porch) -> None:
    await porch.invite()
    porch.issuer.discovery = {"userinfo_endpoint": f"{porch.issuer.url}/userinfo"}
    porch.issuer.claims = {"email": None, "email_verified": None}
    porch.issuer.userinfo = {"sub": "another", "email": EMAIL, "email_verified": True}
    with pytest.raises(SignInRefused, match="somebody else"):
        await porch.come()
    porch.issuer.userinfo["sub"] = "248289761001"

    assert (await porch.person()).email == EMAIL
    assert porch.issuer.asked[-1][0::2] == ("/userinfo", "Bearer access")


@pytest.mark.parametrize(
    ("discovery", "answers", "told"),
    [
        ({"issuer": "https://evil.example"}, {}, "another issuer"),
        ({"token_endpoint": "http://evil.example/token"}, {}, "not https"),
        ({"jwks_uri": None}, {}, "does not answer as OpenID Connect says"),
        ({}, {"/.well-known/openid-configuration": (404, b"")}, "does not answer as OpenID Connect says"),
        ({}, {"/.well-known/openid-configuration": (200, b"{" * 600_000)}, "can't be reached"),
        ({}, {"/token": (500, b"oops")}, "does not answer as OpenID Connect says"),
        ({}, {"/token": (200, b"oops")}, "does not answer as OpenID Connect says"),
        ({}, {"/keys": (200, b"[]")}, "does not answer as OpenID Connect says"),
        ({}, {"/token": (400, b'{"error": "invalid_grant"}')}, "does not know this sign-in any more"),
    ],
)
async def test_an_issuer_that_does_not_answer_as_it_should_is_told_of(
    porch: Porch, discovery: dict[str, Any], answers: dict[str, tuple[int, bytes]], told: str
) -> None:
    await porch.invite()
    porch.issuer.discovery, porch.issuer.answers = discovery, answers
    with pytest.raises(HeliographError, match=told):
        await porch.come()
    assert await porch.links() == []
    porch.issuer.discovery, porch.issuer.answers = {}, {}

    assert (await porch.person()).email == EMAIL


async def test_an_issuer_that_is_not_there_is_told_of(porch: Porch, store: Store) -> None:
    with closing(Issuer()) as gone:
        porch.issuer = gone
        porch.serve(title="Example")

    with pytest.raises(IssuerFailed, match="Example can't be reached at the moment"):
        await porch.federated.begin("example", BACK)


async def test_who_signs_up_becomes_what_a_claim_says_the_first_time(porch: Porch) -> None:
    acme = await porch.account()
    rules = [("staff", "viewer", "Acme"), ("lead", "manager", "Acme"), ("staff", "sender", "Nowhere")]
    roles = tuple(RoleRule(value=value, role=role, account=account) for value, role, account in rules)  # type: ignore[arg-type]
    porch.issuer.claims = {"groups": ["lead", "staff", 7]}
    porch.serve(roles=roles)
    with pytest.raises(SignInRefused, match="Nobody has invited"):
        await porch.come()
    porch.serve(roles=roles, allow_sign_up=True)
    for groups in (None, "others", [], {"staff": True}):
        porch.issuer.claims = {"groups": groups}
        with pytest.raises(SignInRefused, match="Nobody has invited"):
            await porch.come()
    porch.issuer.claims = {"groups": ["lead", "staff", 7]}
    person = await porch.person()
    await porch.people.assign(person, Role.VIEWER, acme)
    entries = await AuditLog(porch.store).page(AuditFilter(action="person.created"), limit=10)

    assert {held.account_name: held.role for held in person.roles} == {"Acme": Role.MANAGER}
    assert [held.role for held in (await porch.person()).roles] == [Role.VIEWER]
    assert '"invited":false' in entries[0].after

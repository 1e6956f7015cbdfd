"""An issuer of OpenID Connect: where it is asked, and what it says of who comes from there.

The authorization code flow with PKCE (OpenID Connect Core 1.0, 3.1; RFC 7636). The browser is sent to the issuer and
comes back with a code; this server exchanges it, with a secret of its own and the verifier of the attempt, for an ID
token, and believes that one only (`services/id_tokens.py`). Where each thing is asked stands in the issuer's discovery
document, which must name the issuer as the settings do (OpenID Connect Discovery 1.0, 4.3); it and the keys are kept
for an hour, and the keys are fetched anew as soon as a token is signed with another.

Every call ends after some seconds, and no answer may be long.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import Mapping
from typing import Any, TypeVar
from urllib.parse import quote_plus, urlencode, urlsplit

import msgspec

from heliograph.calling.calls import Request, Response, Unreachable
from heliograph.calling.documents import from_json
from heliograph.calling.pooled import PooledTransport
from heliograph.domain.errors import IssuerFailed, SignInRefused
from heliograph.domain.issuers import IssuerConfig, Subject, is_trustworthy
from heliograph.services.id_tokens import BadToken, PublishedKeys, UnknownKey, claims_of, keys_in

KEPT_S = 3_600.0
WITHIN_S = 10.0
"""How long a call may take, in seconds, to the end of its answer."""
LONGEST_ANSWER = 512 * 1024
AT_ONCE = 8
"""How many people are asked about at once; the others wait."""
T = TypeVar("T")


class _Discovery(msgspec.Struct, frozen=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Keys(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str
    access_token: str = ""


class Issuer:
    def __init__(self, name: str, config: IssuerConfig) -> None:
        self.config = config
        self.title = config.title or name
        self._discovered: tuple[float, _Discovery] | None = None
        self._keys: tuple[float, PublishedKeys] | None = None
        self._places = asyncio.Semaphore(AT_ONCE)

    async def address(self, *, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Return where a browser is sent to. Raises IssuerFailed."""
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self.config.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self.config.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        async with self._places:
            endpoint = (await self._discovery()).authorization_endpoint
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"

    async def subject(self, code: str, *, redirect_uri: str, nonce: str, verifier: str) -> Subject:
        """Return who has come back with a code. Raises IssuerFailed, and SignInRefused for what can't be believed."""
        async with self._places:
            tokens = await self._exchanged(code, redirect_uri, verifier)
            claims = await self._claims(tokens.id_token, nonce)
            if "email" not in claims and tokens.access_token:
                claims = await self._more(claims, tokens.access_token)
        email = claims.get("email")
        verified = claims.get("email_verified") in (True, "true")
        return Subject(
            issuer=self.config.issuer,
            id=claims["sub"],
            email=email if isinstance(email, str) and verified else None,
            values=_texts(claims.get(self.config.role_claim)),
        )

    async def _discovery(self) -> _Discovery:
        if self._discovered is not None and self._discovered[0] > time.monotonic():
            return self._discovered[1]
        address = self.config.issuer.rstrip("/") + "/.well-known/openid-configuration"
        found = self._read(await self._asked(Request("GET", address)), _Discovery)
        if found.issuer != self.config.issuer:
            raise IssuerFailed(
                f"{self.title} says that it is another issuer than the settings name.", says=found.issuer
            )
        for each in (found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint):
            if each and not is_trustworthy(each):
                raise IssuerFailed(f"{self.title} names an address that is not https.", says=each)
        self._discovered = (time.monotonic() + KEPT_S, found)
        return found

    async def _keyset(self, *, anew: bool = False) -> PublishedKeys:
        if not anew and self._keys is not None and self._keys[0] > time.monotonic():
            return self._keys[1]
        address = (await self._discovery()).jwks_uri
        keys = keys_in(self._read(await self._asked(Request("GET", address)), _Keys).keys)
        self._keys = (time.monotonic() + KEPT_S, keys)
        return keys

    async def _exchanged(self, code: str, redirect_uri: str, verifier: str) -> _Tokens:
        found, config = await self._discovery(), self.config
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {}
        if not config.client_secret:
            form["client_id"] = config.client_id
        elif "client_secret_basic" in found.token_endpoint_auth_methods_supported:
            pair = f"{quote_plus(config.client_id)}:{quote_plus(config.client_secret)}"  # RFC 6749, 2.3.1
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": config.client_id, "client_secret": config.client_secret}
        body, kind = urlencode(form).encode(), "application/x-www-form-urlencoded"
        answer = await self._asked(
            Request("POST", found.token_endpoint, body=body, content_type=kind, headers=headers), refused=400
        )
        if answer.status == 400:
            raise SignInRefused(f"{self.title} does not know this sign-in any more.", says=_told(answer))
        return self._read(answer, _Tokens)

    async def _claims(self, token: str, nonce: str) -> Mapping[str, Any]:
        config = self.config
        try:
            keys = await self._keyset()
            try:
                return claims_of(token, keys, issuer=config.issuer, client_id=config.client_id, nonce=nonce)
            except UnknownKey:
                keys = await self._keyset(anew=True)
                return claims_of(token, keys, issuer=config.issuer, client_id=config.client_id, nonce=nonce)
        except (BadToken, UnknownKey) as error:
            raise SignInRefused(f"{self.title} sent an ID token that {error}.") from error

    async def _more(self, claims: Mapping[str, Any], access_token: str) -> Mapping[str, Any]:
        """Ask for what the ID token leaves out, as it may where there is an access token (5.4)."""
        endpoint = (await self._discovery()).userinfo_endpoint
        if not endpoint:
            return claims
        headers = {"Authorization": f"Bearer {access_token}"}
        more = self._read(await self._asked(Request("GET", endpoint, headers=headers)), dict[str, Any])
        if more.get("sub") != claims["sub"]:  # 5.3.2
            raise SignInRefused(f"{self.title} tells of somebody else than its ID token does.")
        return {**more, **claims}

    async def _asked(self, request: Request, *, refused: int = 200) -> Response:
        """Call an address, which is the request's path. Raises IssuerFailed, also for a status that is not 200 nor
        `refused`."""
        parts = urlsplit(request.path)
        origin = f"{parts.scheme}://{parts.netloc}"
        there = msgspec.structs.replace(request, path=request.path.removeprefix(origin) or "/")
        headers = {"Accept": "application/json"}
        try:
            async with (
                asyncio.timeout(WITHIN_S),
                PooledTransport(origin, headers, answer_s=WITHIN_S, longest_answer=LONGEST_ANSWER) as transport,
            ):
                answer = await transport.exchange(there)
        except (Unreachable, TimeoutError, ValueError) as error:
            raise IssuerFailed(f"{self.title} can't be reached at the moment.", says=str(error)) from error
        if answer.status not in {200, refused}:
            raise self._nonsense(f"{origin}{parts.path}: {answer.status} {_told(answer)}")
        return answer

    def _read(self, answer: Response, kind: type[T]) -> T:
        try:
            return from_json(answer.body, kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise self._nonsense(str(error)) from error

    def _nonsense(self, says: str) -> IssuerFailed:
        return IssuerFailed(f"{self.title} does not answer as OpenID Connect says.", says=says)


def _texts(claim: Any) -> frozenset[str]:
    found = claim if isinstance(claim, list) else [claim]
    return frozenset(each for each in found if isinstance(each, str))


def _told(answer: Response) -> str:
    return answer.body[:200].decode(errors="replace")

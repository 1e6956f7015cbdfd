"""ID tokens: what an issuer of OpenID Connect has signed, and whether it was said to us, now (OpenID Connect Core 1.0,
3.1.3.7)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from joserfc import jwt
from joserfc.errors import (
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyIdError,
    JoseError,
    MissingClaimError,
    UnsupportedAlgorithmError,
)
from joserfc.jwk import ECKey, Key, KeySet, RSAKey

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Signatures by keys that only the issuer has: none of `none`, nor HS*, whose key every client knows."""
LEEWAY_S = 60
"""How many seconds the clocks of the issuer and of this machine may be apart."""
LONGEST_SUBJECT = 255
"""Characters, of ASCII in the standard (2)."""
_KINDS: Mapping[str, type[RSAKey] | type[ECKey]] = {"RSA": RSAKey, "EC": ECKey}


PublishedKeys = KeySet
"""The keys that an issuer signs with."""


class UnknownKey(ValueError):
    """The token is signed with a key that is not among those of the issuer."""


class BadToken(ValueError):
    """The token is not what it should be; the text says how, to go on with "that"."""


def keys_in(tables: Iterable[Any]) -> PublishedKeys:
    """Read the keys that an issuer signs with. What is for something else, or of a kind we don't know, is left out."""
    found: list[Key] = []
    for table in tables:
        kind = _KINDS.get(table.get("kty", "")) if isinstance(table, dict) else None
        if kind is None or table.get("use", "sig") != "sig":
            continue
        try:
            found.append(kind.import_key(table))
        except (JoseError, ValueError, TypeError, KeyError):
            continue
    return KeySet(found)


def claims_of(token: str, keys: PublishedKeys, *, issuer: str, client_id: str, nonce: str) -> Mapping[str, Any]:
    """Return what a token says. Raises UnknownKey, and BadToken for one that was not said to us, or not now."""
    try:
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError as error:
        raise UnknownKey("is signed with a key that the issuer does not publish") from error
    except UnsupportedAlgorithmError as error:
        raise BadToken("is not signed in a way that is taken") from error
    except (JoseError, ValueError, TypeError) as error:
        raise BadToken("is not signed by the issuer") from error
    wanted = jwt.JWTClaimsRegistry(
        leeway=LEEWAY_S,
        iss={"essential": True, "value": issuer},
        aud={"essential": True, "value": client_id},
        nonce={"essential": True, "value": nonce},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
    )
    try:
        wanted.validate(claims)
    except ExpiredTokenError as error:
        raise BadToken("has expired") from error
    except (InvalidClaimError, MissingClaimError) as error:
        raise BadToken(_WRONG.get(error.claim or "", f"has no good `{error.claim}`")) from error
    except (JoseError, ValueError, TypeError) as error:
        raise BadToken("says something that can't be") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if claims.get("azp", None if several else client_id) != client_id:
        raise BadToken(_WRONG["aud"])
    if not isinstance(claims["sub"], str) or not 0 < len(claims["sub"]) <= LONGEST_SUBJECT:
        raise BadToken("has no good `sub`")
    return claims


_WRONG = {
    "iss": "is another issuer's",
    "aud": "was made for another application",
    "nonce": "answers another attempt to sign in",
}

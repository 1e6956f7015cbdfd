"""Applications of an account, and the tokens that they get."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from heliograph.protocols.smscx.wire.common import Wire


class TokenRequest(Wire, rename=None):
    grant_type: str = ""
    scope: str = ""


class TokenReply(Wire, rename=None):
    access_token: str
    expires_in: int
    token_type: str
    scope: str


class ApplicationRow(Wire):
    id: int
    application_id: str
    application_secret: str
    application_name: str
    scopes: str
    token_expiration: str
    created_at: str


class ApplicationList(Wire):
    data: Sequence[ApplicationRow]


class ApplicationSettings(Wire):
    application_id: str
    name: str
    scopes: str
    token_expiration: str
    settings: Mapping[str, Any]

"""Requests with an idempotency key in a header: repeated, they are answered as they were the first time.

One place for all doors, for any operation that changes something. The key is the account's, whatever its credential.
Before anything is done the request is noted with a digest of all that it asks for, so that the same key with another
request is refused, in the words of the door. What is kept is the answer of a request that succeeded; one that was
refused has done nothing, and may be mended and sent again under the same key.

So the body is read before the operation begins, and has the length that all bodies may have.
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive

from heliograph.domain.accounts import Scope
from heliograph.domain.errors import InvalidField
from heliograph.domain.idempotency import under_key
from heliograph.doors.bodies import read_body
from heliograph.doors.operations import Operation
from heliograph.services.idempotency import Idempotency

REPLAYED = "Idempotency-Replayed"
"""The header of an answer that was given before."""
_READING = ("GET", "HEAD")
_LONGEST_KEY = 255
_OF_THIS_REQUEST = {b"content-length", b"date", b"x-request-id", b"retry-after"}


class _Answer(msgspec.Struct, array_like=True):
    """An answer as it is kept. A body that is no text is written in base64."""

    status: int
    headers: list[tuple[str, str]]
    text: str | None
    other: str | None


_decode = msgspec.json.Decoder(_Answer).decode


def key_of(request: Request, headers: Sequence[str], operation: Operation) -> str | None:
    """Return the key that a request names in one of the headers; None if it has none, or only reads.

    Raises InvalidField for one that can't be a key.
    """
    if operation.method in _READING and operation.scope != Scope.MESSAGES_SEND:
        return None
    for name in headers:
        key = request.headers.get(name)
        if key is not None:
            if not (0 < len(key) <= _LONGEST_KEY and key.isascii() and key.isprintable()):
                raise InvalidField(f"{name} must be 1 to {_LONGEST_KEY} printable ASCII characters.", field=name)
            return key
    return None


class KeptBody:
    """What a request receives, kept as it comes, so that it can be read once more."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._chunks: list[bytes] = []
        self._is_whole = False

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._chunks.append(message.get("body", b""))
            self._is_whole = not message.get("more_body", False)
        return message

    async def again(self, request: Request, limit: int) -> tuple[bytes, Request]:
        """Read what has not been read, and return the whole body, and a request that it can be read from again.

        Raises RequestTooLarge as soon as it has more than `limit` bytes; ClientDisconnect.
        """
        if not self._is_whole:
            await read_body(request, limit)
        body = b"".join(self._chunks)
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else await self._receive()

        return body, Request(request.scope, receive)


class KeyedRequest:
    """A request under a key."""

    def __init__(self, keys: Idempotency, account_id: str, key: str) -> None:
        self._keys, self._account_id, self._key = keys, account_id, key

    async def answered(
        self, door: str, request: Request, body: bytes, carry_out: Callable[[], Awaitable[Response]]
    ) -> Response:
        """Return what was answered before, or carry the request out and keep the answer.

        Raises IdempotencyMismatch; RequestInProgress; and what `carry_out` raises, after which the key is free again.
        """
        digest = hashlib.sha256()
        for part in (door, request.method, request.scope["path"]):
            digest.update(part.encode() + b"\0")
        digest.update(request.scope["query_string"] + b"\0" + body)
        begun = await self._keys.begin(self._account_id, self._key, digest.hexdigest())
        if begun.answer is not None:
            return _replayed(begun.answer)
        kept = None
        try:
            with under_key(self._key, begun):
                response = await carry_out()
            kept = _kept(response)
            return response
        finally:
            await self._keys.finish(self._account_id, self._key, begun, kept)


def _kept(response: Response) -> str | None:
    body: Any = getattr(response, "body", None)
    if response.status_code >= 400 or not isinstance(body, bytes):
        return None
    headers = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in response.raw_headers
        if name not in _OF_THIS_REQUEST
    ]
    try:
        answer = _Answer(response.status_code, headers, body.decode(), None)
    except UnicodeDecodeError:
        answer = _Answer(response.status_code, headers, None, b64encode(body).decode())
    return msgspec.json.encode(answer).decode()


def _replayed(kept: str) -> Response:
    answer = _decode(kept)
    body = b64decode(answer.other or "") if answer.text is None else answer.text.encode()
    response = Response(body, answer.status)
    response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    response.headers[REPLAYED] = "true"
    return response

"""A small protocol whose clients stay connected: lines of JSON over TCP, each an object with its kind in `type`.

A client logs in with a key, sends messages, and is told receipts and inbound messages, each of which it acknowledges by
the event's id. It stands for any protocol with connections, and is served as one is: nothing knows of it but its line
in the registry.
"""

from __future__ import annotations

import msgspec

LONGEST_LINE = 16 * 1024


class _Line(msgspec.Struct, frozen=True, tag=str.lower):
    pass


class Login(_Line):
    key: str


class Send(_Line):
    """A message to be sent; `sequence` is the client's own, and stands in the answer."""

    sequence: int
    to: str
    text: str


class Taken(_Line):
    """The client has an event, and is not to be told again."""

    id: str


class Later(_Line):
    """The client can't take an event now."""

    id: str


class Never(_Line):
    """The client will not take an event."""

    id: str


class Welcome(_Line):
    account: str


class Accepted(_Line):
    sequence: int
    message_id: str


class Refused(_Line):
    """A login, or a message, that was not accepted."""

    code: str
    sequence: int | None = None


class Receipt(_Line):
    id: str
    message_id: str
    status: str


class Inbound(_Line):
    id: str
    sender: str
    to: str
    text: str


FromClient = Login | Send | Taken | Later | Never
FromServer = Welcome | Accepted | Refused | Receipt | Inbound

_from_client = msgspec.json.Decoder(FromClient)
_from_server = msgspec.json.Decoder(FromServer)


def encode(line: FromClient | FromServer) -> bytes:
    return msgspec.json.encode(line) + b"\n"


def decode_from_client(line: bytes) -> FromClient:
    """DecodeError for what is none of them."""
    return _from_client.decode(line)


def decode_from_server(line: bytes) -> FromServer:
    return _from_server.decode(line)

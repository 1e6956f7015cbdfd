"""Calling other people's HTTP APIs: each call a generator of requests, driven by a transport."""

from heliograph.calling.authorization import basic
from heliograph.calling.calls import Call, RemoteError, Request, Response, Unreachable, encoded, plain
from heliograph.calling.transport import AsyncDriver, AsyncTransport, Driver, SyncTransport
from heliograph.calling.written import note_written

__all__ = [
    "AsyncDriver",
    "AsyncTransport",
    "Call",
    "Driver",
    "RemoteError",
    "Request",
    "Response",
    "SyncTransport",
    "Unreachable",
    "basic",
    "encoded",
    "note_written",
    "plain",
]

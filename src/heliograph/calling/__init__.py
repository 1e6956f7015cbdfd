"""Calling other people's HTTP APIs: each call a generator of requests, driven by a transport."""

from heliograph.calling.authorization import basic
from heliograph.calling.calls import Call, RemoteError, Request, Response, Unreachable, encoded, plain
from heliograph.calling.pauses import retry_after_s
from heliograph.calling.transport import (
    AsyncDriver,
    AsyncHttpClient,
    AsyncTransport,
    Driver,
    HttpClient,
    SyncTransport,
)
from heliograph.calling.written import note_written

__all__ = [
    "AsyncDriver",
    "AsyncHttpClient",
    "AsyncTransport",
    "Call",
    "Driver",
    "HttpClient",
    "RemoteError",
    "Request",
    "Response",
    "SyncTransport",
    "Unreachable",
    "basic",
    "encoded",
    "note_written",
    "plain",
    "retry_after_s",
]

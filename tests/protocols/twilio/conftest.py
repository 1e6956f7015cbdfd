"""The published client of Twilio, unmodified, with only the host changed, as its own HTTP client allows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

if TYPE_CHECKING:
    from tests.conftest import Server

    from heliograph.sdk import Client as NativeClient


class Elsewhere(TwilioHttpClient):
    def __init__(self, base_url: str) -> None:
        super().__init__()
        self._base = urlsplit(base_url)
        self.session.trust_env = False

    def request(self, method: str, url: str, *args: Any, **named: Any) -> Any:
        there = urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc)
        return super().request(method, urlunsplit(there), *args, **named)


def published(server: Server, **changed: str) -> Client:
    entry = server.ready["protocols"]["twilio"] | changed
    return Client(entry["account_sid"], entry["auth_token"], http_client=Elsewhere(entry["base_url"]))


@pytest.fixture
def twilio(server: Server) -> Iterator[Client]:
    client = published(server)
    yield client
    client.http_client.session.close()


@pytest.fixture
def other_twilio(server: Server) -> Iterator[Client]:
    client = published(server, **server.ready["protocols"]["twilio"]["other"])
    yield client
    client.http_client.session.close()


@pytest.fixture
def native(server: Server) -> Iterator[NativeClient]:
    with server.client() as client:
        yield client


NewNumber = Callable[[], str]

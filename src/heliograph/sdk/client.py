"""The synchronous client, generated from `async_client.py`."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Self

from heliograph.calling import HttpClient
from heliograph.sdk.connection import connection
from heliograph.sdk.resources.account import Account
from heliograph.sdk.resources.accounts import Accounts
from heliograph.sdk.resources.applications import Applications
from heliograph.sdk.resources.audit import Audit
from heliograph.sdk.resources.batches import Batches
from heliograph.sdk.resources.callbacks import Callbacks
from heliograph.sdk.resources.contacts import Contacts
from heliograph.sdk.resources.conversations import Conversations
from heliograph.sdk.resources.groups import Groups
from heliograph.sdk.resources.imports import Imports
from heliograph.sdk.resources.inbound import Inbound
from heliograph.sdk.resources.keys import Keys
from heliograph.sdk.resources.links import Attachments, Links
from heliograph.sdk.resources.messages import Messages
from heliograph.sdk.resources.money import Money
from heliograph.sdk.resources.numbers import Numbers
from heliograph.sdk.resources.optouts import OptOuts
from heliograph.sdk.resources.originators import Originators
from heliograph.sdk.resources.people import People, Session
from heliograph.sdk.resources.rents import Rents
from heliograph.sdk.resources.reports import Reports
from heliograph.sdk.resources.sandbox import Sandbox
from heliograph.sdk.resources.templates import Templates
from heliograph.sdk.resources.verify import Verify
from heliograph.sdk.retrying import Options
from heliograph.sdk.transport import SyncTransport, sync_transport


class Client:
    """A Heliograph server, for code that does not await. Close it, or use it as a context manager.

    Without arguments it talks to the server whose address and token are in HELIOGRAPH_URL and HELIOGRAPH_TOKEN, or else
    to the one that was started on this machine with the default data directory.
    """

    def __init__(
        self,
        base_url: str | None = None,
        token: str | None = None,
        *,
        account: str | None = None,
        data_dir: Path | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
        http_client: HttpClient | None = None,
    ) -> None:
        """Connect. `account` is for the token of a person's session: whom the person acts for, by name or id.

        `timeout` is how many seconds the server may take to answer. What can be repeated without harm is, up to
        `max_retries` times: no message is sent twice by it, since each is sent under an idempotency key. An
        `http_client` of one's own has its proxies and certificates; it is not closed with this client. Raises
        NoConnection if there is no address, or no token that may be sent there.
        """
        address, secret = connection(base_url, token, data_dir)
        self._codes_read: dict[str, str] = {}
        options = Options(timeout, max_retries)
        self._use(sync_transport(address, secret, account, options, http_client))

    def with_options(self, *, timeout: float | None = None, max_retries: int | None = None) -> Self:
        """Return a client with other options for some calls, by the same connections.

        It is closed with this one: `client.with_options(timeout=5).messages.send(...)`.
        """
        before, other = self._transport.options, copy(self)
        options = Options(
            before.timeout_s if timeout is None else timeout,
            before.max_retries if max_retries is None else max_retries,
        )
        other._use(self._transport.with_options(options))
        return other

    def _use(self, transport: SyncTransport) -> None:
        self._transport = transport
        self.messages = Messages(self._transport)
        self.batches = Batches(self._transport)
        self.groups = Groups(self._transport)
        self.inbound = Inbound(self._transport)
        self.callbacks = Callbacks(self._transport)
        self.originators = Originators(self._transport)
        self.rents = Rents(self._transport)
        self.reports = Reports(self._transport)
        self.optouts = OptOuts(self._transport)
        self.contacts = Contacts(self._transport)
        self.imports = Imports(self._transport)
        self.templates = Templates(self._transport)
        self.money = Money(self._transport)
        self.account = Account(self._transport)
        self.accounts = Accounts(self._transport)
        self.keys = Keys(self._transport)
        self.people = People(self._transport)
        self.session = Session(self._transport)
        self.audit = Audit(self._transport)
        self.applications = Applications(self._transport)
        self.verify = Verify(self._transport)
        self.links = Links(self._transport)
        self.attachments = Attachments(self._transport)
        self.numbers = Numbers(self._transport)
        self.conversations = Conversations(self._transport)
        self.sandbox = Sandbox(self._transport, self._codes_read)

    def close(self) -> None:
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

from copy import copy
from pathlib import Path
from types import TracebackType
from typing import Self

from heliograph.calling import AsyncHttpClient
from heliograph.sdk.async_resources.account import AsyncAccount
from heliograph.sdk.async_resources.accounts import AsyncAccounts
from heliograph.sdk.async_resources.applications import AsyncApplications
from heliograph.sdk.async_resources.audit import AsyncAudit
from heliograph.sdk.async_resources.batches import AsyncBatches
from heliograph.sdk.async_resources.callbacks import AsyncCallbacks
from heliograph.sdk.async_resources.contacts import AsyncContacts
from heliograph.sdk.async_resources.conversations import AsyncConversations
from heliograph.sdk.async_resources.groups import AsyncGroups
from heliograph.sdk.async_resources.imports import AsyncImports
from heliograph.sdk.async_resources.inbound import AsyncInbound
from heliograph.sdk.async_resources.keys import AsyncKeys
from heliograph.sdk.async_resources.links import AsyncAttachments, AsyncLinks
from heliograph.sdk.async_resources.messages import AsyncMessages
from heliograph.sdk.async_resources.money import AsyncMoney
from heliograph.sdk.async_resources.numbers import AsyncNumbers
from heliograph.sdk.async_resources.optouts import AsyncOptOuts
from heliograph.sdk.async_resources.originators import AsyncOriginators
from heliograph.sdk.async_resources.people import AsyncPeople, AsyncSession
from heliograph.sdk.async_resources.rents import AsyncRents
from heliograph.sdk.async_resources.reports import AsyncReports
from heliograph.sdk.async_resources.sandbox import AsyncSandbox
from heliograph.sdk.async_resources.templates import AsyncTemplates
from heliograph.sdk.async_resources.verify import AsyncVerify
from heliograph.sdk.connection import connection
from heliograph.sdk.retrying import Options
from heliograph.sdk.transport import AsyncTransport, async_transport


class AsyncClient:
    """A Heliograph server, for code that awaits. Close it, or use it as a context manager.

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
        http_client: AsyncHttpClient | None = None,
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
        self._use(async_transport(address, secret, account, options, http_client))

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

    def _use(self, transport: AsyncTransport) -> None:
        self._transport = transport
        self.messages = AsyncMessages(self._transport)
        self.batches = AsyncBatches(self._transport)
        self.groups = AsyncGroups(self._transport)
        self.inbound = AsyncInbound(self._transport)
        self.callbacks = AsyncCallbacks(self._transport)
        self.originators = AsyncOriginators(self._transport)
        self.rents = AsyncRents(self._transport)
        self.reports = AsyncReports(self._transport)
        self.optouts = AsyncOptOuts(self._transport)
        self.contacts = AsyncContacts(self._transport)
        self.imports = AsyncImports(self._transport)
        self.templates = AsyncTemplates(self._transport)
        self.money = AsyncMoney(self._transport)
        self.account = AsyncAccount(self._transport)
        self.accounts = AsyncAccounts(self._transport)
        self.keys = AsyncKeys(self._transport)
        self.people = AsyncPeople(self._transport)
        self.session = AsyncSession(self._transport)
        self.audit = AsyncAudit(self._transport)
        self.applications = AsyncApplications(self._transport)
        self.verify = AsyncVerify(self._transport)
        self.links = AsyncLinks(self._transport)
        self.attachments = AsyncAttachments(self._transport)
        self.numbers = AsyncNumbers(self._transport)
        self.conversations = AsyncConversations(self._transport)
        self.sandbox = AsyncSandbox(self._transport, self._codes_read)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

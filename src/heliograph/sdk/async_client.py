"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

from heliograph.sdk.async_resources.account import AsyncAccount
from heliograph.sdk.async_resources.accounts import AsyncAccounts
from heliograph.sdk.async_resources.applications import AsyncApplications
from heliograph.sdk.async_resources.audit import AsyncAudit
from heliograph.sdk.async_resources.batches import AsyncBatches
from heliograph.sdk.async_resources.contacts import AsyncContacts
from heliograph.sdk.async_resources.conversations import AsyncConversations
from heliograph.sdk.async_resources.groups import AsyncGroups
from heliograph.sdk.async_resources.inbound import AsyncInbound
from heliograph.sdk.async_resources.keys import AsyncKeys
from heliograph.sdk.async_resources.links import AsyncAttachments, AsyncLinks
from heliograph.sdk.async_resources.messages import AsyncMessages
from heliograph.sdk.async_resources.money import AsyncMoney
from heliograph.sdk.async_resources.numbers import AsyncNumbers
from heliograph.sdk.async_resources.optouts import AsyncOptOuts
from heliograph.sdk.async_resources.people import AsyncPeople, AsyncSession
from heliograph.sdk.async_resources.sandbox import AsyncSandbox
from heliograph.sdk.async_resources.templates import AsyncTemplates
from heliograph.sdk.async_resources.verify import AsyncVerify
from heliograph.sdk.connection import connection
from heliograph.sdk.transport import async_transport


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
    ) -> None:
        """Connect. `account` is for the token of a person's session: whom the person acts for, by name or id."""
        address, secret = connection(base_url, token, data_dir)
        self._transport = async_transport(address, secret, account)
        self.messages = AsyncMessages(self._transport)
        self.batches = AsyncBatches(self._transport)
        self.groups = AsyncGroups(self._transport)
        self.inbound = AsyncInbound(self._transport)
        self.optouts = AsyncOptOuts(self._transport)
        self.contacts = AsyncContacts(self._transport)
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
        self.sandbox = AsyncSandbox(self._transport)

    async def close(self) -> None:
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

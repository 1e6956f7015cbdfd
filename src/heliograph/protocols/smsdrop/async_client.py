"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from heliograph.calling import AsyncDriver, AsyncTransport, Call
from heliograph.protocols.smsdrop import model, wire
from heliograph.protocols.smsdrop.calls import Calls
from heliograph.protocols.smsdrop.errors import BadTokenError
from heliograph.protocols.smsdrop.storages import AsyncKept, DictStorage, Storage

T = TypeVar("T")

DEFAULT_CONTEXT = "https://smsdrop.edevtecapps.com"
DEFAULT_TIMEOUT_S = 15.0
TOKEN_LIFETIME_S = 3_600
"""How long a token is kept, in seconds; the server's answer does not say how long it is good."""

_logger = logging.getLogger(__name__)


class AsyncClient:
    """One account of an smsdrop server, for code that awaits. Close it, or use it as a context manager.

    It logs in when it makes its first request, unless the storage has a token. A token that the server does not take
    any longer is replaced by a fresh one, once, without a word. Calls raise the SmsdropErrors of `errors`,
    `calling.Unreachable` when the server can't be reached, and ValueError, before anything is sent, for what no server
    would take. What a storage raises passes through.

    Calls have the names of both versions of the published client; which of two is used makes no difference.
    """

    def __init__(
        self,
        email: str,
        password: str,
        context: str = DEFAULT_CONTEXT,
        storage: Storage | None = None,
        logger: logging.Logger | None = None,
        *,
        prefix: str = wire.PREFIX,
        timeout: float = DEFAULT_TIMEOUT_S,
        driver: AsyncDriver | None = None,
    ) -> None:
        """Log in as `email` at `context`, the server's address, when the first request is made.

        `prefix` is `/api`, or empty for a server that speaks only the older of the two dialects. Without a `storage`
        the token is kept in this object. `timeout` is in seconds; a `driver` is used instead of a transport of its own.
        """
        self._email = email
        self._password = password
        self._calls = Calls(prefix, logger or _logger)
        self._driver = driver or AsyncTransport(context.rstrip("/"), {"Accept": "application/json"}, answer_s=timeout)
        key = f"smsdrop:{context.rstrip('/')}{prefix}:{email}"
        self._kept = AsyncKept(storage or DictStorage(), key, TOKEN_LIFETIME_S)

    async def close(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def send_message(
        self, message: str, sender: str, phone: str, dispatch_date: datetime | None = None
    ) -> model.Campaign:
        """Send a text to one number, now or at `dispatch_date`: a campaign with one recipient."""
        return await self.launch(model.Campaign(message, sender, [phone], defer_until=dispatch_date))

    async def launch(self, campaign: model.Campaign) -> model.Campaign:
        """Launch a campaign and bring it up to date. When this returns, the server has it.

        Raises InsufficientSmsError: the server has it, too, under the id that the campaign has now, and has not
        launched it.
        """
        return await self._run(lambda token: self._calls.launch(token, campaign))

    async def launch_campaign(self, campaign: model.CampaignCreate) -> model.Campaign:
        """Launch a campaign: `launch` by its older name."""
        return await self.launch(campaign)

    async def retry(self, campaign: model.Campaign) -> None:
        """Launch a campaign for which there were not enough SMS. Raises InsufficientSmsError if there still are not."""
        await self.retry_campaign(campaign.id or "")

    async def retry_campaign(self, id: str) -> None:
        """Launch the campaign with this id, for which there were not enough SMS.

        Raises InsufficientSmsError if there still are not.
        """
        await self._run(lambda token: self._calls.retry(token, id))

    async def refresh(self, campaign: model.Campaign) -> None:
        """Bring a campaign up to date; one that the server does not have stays as it is."""
        found = await self.read_campaign(campaign.id or "")
        if found is not None:
            for name in campaign.__struct_fields__:
                setattr(campaign, name, getattr(found, name))

    async def read_campaign(self, id: str) -> model.Campaign | None:
        """Get a campaign by its id; None if the server has none."""
        return await self._run(lambda token: self._calls.read(token, id))

    async def get_campaigns(self, skip: int = 0, limit: int = 100) -> list[model.Campaign]:
        """List up to `limit` campaigns after the first `skip`."""
        return await self._run(lambda token: self._calls.campaigns(token, skip, limit))

    async def read_campaigns(self, skip: int = 0, limit: int = 100) -> list[model.Campaign]:
        """List campaigns: `get_campaigns` by its older name."""
        return await self.get_campaigns(skip, limit)

    async def get_subscription(self) -> model.Subscription:
        """Get how many SMS are left."""
        return await self._run(self._calls.subscription)

    async def read_subscription(self) -> model.Subscription:
        """Get how many SMS are left: `get_subscription` by its older name."""
        return await self.get_subscription()

    async def get_profile(self) -> model.User:
        """Get the account's owner."""
        return await self._run(self._calls.profile)

    async def read_me(self) -> model.User:
        """Get the account's owner: `get_profile` by its older name."""
        return await self.get_profile()

    async def _run(self, call: Callable[[str], Call[T]]) -> T:
        if (token := await self._kept.load()) is not None:
            try:
                return await self._driver.run(call(token))
            except BadTokenError:
                if token == await self._kept.load():  # else somebody has logged in meanwhile
                    await self._kept.drop()
        return await self._driver.run(call(await self._fresh()))

    async def _fresh(self) -> str:
        async with self._kept.alone:
            if (token := await self._kept.load()) is None:
                token = await self._driver.run(self._calls.log_in(self._email, self._password))
                await self._kept.save(token)
            return token

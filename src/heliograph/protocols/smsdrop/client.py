"""The synchronous client, generated from `async_client.py`."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self, TypeVar

from heliograph.calling import Call, Driver, SyncTransport
from heliograph.protocols.smsdrop import model, wire
from heliograph.protocols.smsdrop.calls import Calls
from heliograph.protocols.smsdrop.errors import BadTokenError
from heliograph.protocols.smsdrop.storages import DictStorage, Kept, Storage

T = TypeVar("T")

DEFAULT_CONTEXT = "https://smsdrop.edevtecapps.com"
DEFAULT_TIMEOUT_S = 15.0
TOKEN_LIFETIME_S = 3_600
"""How long a token is kept, in seconds; the server's answer does not say how long it is good."""

_logger = logging.getLogger(__name__)


class Client:
    """One account of an smsdrop server, for code that does not await. Close it, or use it as a context manager.

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
        driver: Driver | None = None,
    ) -> None:
        """Log in as `email` at `context`, the server's address, when the first request is made.

        `prefix` is `/api`, or empty for a server that speaks only the older of the two dialects. Without a `storage`
        the token is kept in this object. `timeout` is in seconds; a `driver` is used instead of a transport of its own.
        """
        self._email = email
        self._password = password
        self._calls = Calls(prefix, logger or _logger)
        self._driver = driver or SyncTransport(context.rstrip("/"), {"Accept": "application/json"}, answer_s=timeout)
        key = f"smsdrop:{context.rstrip('/')}{prefix}:{email}"
        self._kept = Kept(storage or DictStorage(), key, TOKEN_LIFETIME_S)

    def close(self) -> None:
        self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send_message(
        self, message: str, sender: str, phone: str, dispatch_date: datetime | None = None
    ) -> model.Campaign:
        """Send a text to one number, now or at `dispatch_date`: a campaign with one recipient."""
        return self.launch(model.Campaign(message, sender, [phone], defer_until=dispatch_date))

    def launch(self, campaign: model.Campaign) -> model.Campaign:
        """Launch a campaign and bring it up to date. When this returns, the server has it.

        Raises InsufficientSmsError: the server has it, too, under the id that the campaign has now, and has not
        launched it.
        """
        return self._run(lambda token: self._calls.launch(token, campaign))

    def launch_campaign(self, campaign: model.CampaignCreate) -> model.Campaign:
        """Launch a campaign: `launch` by its older name."""
        return self.launch(campaign)

    def retry(self, campaign: model.Campaign) -> None:
        """Launch a campaign for which there were not enough SMS. Raises InsufficientSmsError if there still are not."""
        self.retry_campaign(campaign.id or "")

    def retry_campaign(self, id: str) -> None:
        """Launch the campaign with this id, for which there were not enough SMS.

        Raises InsufficientSmsError if there still are not.
        """
        self._run(lambda token: self._calls.retry(token, id))

    def refresh(self, campaign: model.Campaign) -> None:
        """Bring a campaign up to date; one that the server does not have stays as it is."""
        found = self.read_campaign(campaign.id or "")
        if found is not None:
            for name in campaign.__struct_fields__:
                setattr(campaign, name, getattr(found, name))

    def read_campaign(self, id: str) -> model.Campaign | None:
        """Get a campaign by its id; None if the server has none."""
        return self._run(lambda token: self._calls.read(token, id))

    def get_campaigns(self, skip: int = 0, limit: int = 100) -> list[model.Campaign]:
        """List up to `limit` campaigns after the first `skip`."""
        return self._run(lambda token: self._calls.campaigns(token, skip, limit))

    def read_campaigns(self, skip: int = 0, limit: int = 100) -> list[model.Campaign]:
        """List campaigns: `get_campaigns` by its older name."""
        return self.get_campaigns(skip, limit)

    def get_subscription(self) -> model.Subscription:
        """Get how many SMS are left."""
        return self._run(self._calls.subscription)

    def read_subscription(self) -> model.Subscription:
        """Get how many SMS are left: `get_subscription` by its older name."""
        return self.get_subscription()

    def get_profile(self) -> model.User:
        """Get the account's owner."""
        return self._run(self._calls.profile)

    def read_me(self) -> model.User:
        """Get the account's owner: `get_profile` by its older name."""
        return self.get_profile()

    def _run(self, call: Callable[[str], Call[T]]) -> T:
        if (token := self._kept.load()) is not None:
            try:
                return self._driver.run(call(token))
            except BadTokenError:
                if token == self._kept.load():  # else somebody has logged in meanwhile
                    self._kept.drop()
        return self._driver.run(call(self._fresh()))

    def _fresh(self) -> str:
        with self._kept.alone:
            if (token := self._kept.load()) is None:
                token = self._driver.run(self._calls.log_in(self._email, self._password))
                self._kept.save(token)
            return token

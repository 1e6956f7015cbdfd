"""The part of writing callbacks that all protocols share: the account, its secret, and silence about what is gone."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from heliograph.domain.accounts import Account
from heliograph.domain.callbacks import Event
from heliograph.domain.errors import NotFound
from heliograph.domain.instants import from_ms, now_ms
from heliograph.domain.signing import SIGNATURE_HEADER, sign
from heliograph.engine.callbacks import NO_ORDERS, Answer, Orders, Payload
from heliograph.services.events import EventSubjects

REMEMBERED_S = 1.5
"""How long a change of an account may take to be seen in its callbacks, in seconds."""


class CallbackWriter(ABC):
    """The writer of one protocol's callbacks."""

    reads_answers: bool = False
    takes_credentials: bool = False

    async def answered(self, event: Event, answer: Answer) -> Orders:
        """Read what an answer asks for: nothing, in most protocols."""
        return NO_ORDERS

    def __init__(self, subjects: EventSubjects) -> None:
        self.subjects = subjects
        self._accounts: dict[str, tuple[float, Account]] = {}

    @abstractmethod
    async def data(self, account: Account, event: Event) -> Any:
        """Return what is told of an event. Raises NotFound if what the event is about is gone."""

    @abstractmethod
    def signature(self, secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
        """Return the headers that prove to the customer who sent this, and which event it is.

        The first of the account's callback secrets is the current one; after a change, the one before follows for a
        while, for protocols that have room for several signatures.
        """

    async def encode(self, event: Event) -> Payload | None:
        """Write the request that tells an event; None if what the event is about is gone."""
        try:
            account = await self._account(event.account_id)
            return await self.payload(account, event, await self.data(account, event))
        except NotFound:
            return None

    async def payload(self, account: Account, event: Event, data: Any) -> Payload:
        """Write `data` as a request: as JSON, posted."""
        body = msgspec.json.encode(data)
        headers = {"Content-Type": "application/json", "User-Agent": "Heliograph"}
        return Payload(body, headers | dict(self.signature(account.callback_secrets(from_ms(now_ms())), event, body)))

    async def _account(self, account_id: str) -> Account:
        """Return the account as it was a moment ago: a campaign has many events, and one account. Raises NotFound."""
        until, known = self._accounts.get(account_id, (0.0, None))
        if known is not None and until > time.monotonic():
            return known
        found = await self.subjects.account(account_id)
        self._accounts[account_id] = (time.monotonic() + REMEMBERED_S, found)
        return found


def own_signature(secrets: Sequence[str], event: Event, body: bytes) -> Mapping[str, str]:
    """Sign as protocols do that have no signature of their own, and return the headers.

    `X-Heliograph-Event` is the event's id, constant over all attempts. `X-Heliograph-Signature` is `t=SECONDS,v1=HEX`:
    HMAC-SHA256 with the account's callback secret over `SECONDS.BODY`, so that neither can be changed, or replayed
    later. While two secrets are good, `v1` stands in it twice.
    """
    seconds = int(time.time())
    signatures = "".join(f",v1={sign(secret, seconds, body)}" for secret in secrets)
    return {"X-Heliograph-Event": event.id, SIGNATURE_HEADER: f"t={seconds}{signatures}"}

"""A provider's server and the engine, played for a provider; and what is sent by it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

from heliograph.calling import AsyncDriver, Request, Response
from heliograph.domain.batches import USUAL, BodyKind
from heliograph.domain.receipts import Receipt
from heliograph.engine.contract import InboundArrival, Intake, Outgoing

EXPIRY_MS = 1_900_000_000_000


class Ears(Intake):
    """Keeps what a provider hands in."""

    def __init__(self) -> None:
        self.heard: list[Receipt] = []
        self.arrived: list[InboundArrival] = []

    async def receipts(self, receipts: Sequence[Receipt]) -> None:
        self.heard += receipts

    async def inbound(self, provider: str, arrival: InboundArrival) -> str | None:
        self.arrived.append(arrival)
        return None


Answer = Response | Exception


class StandIn(AsyncDriver):
    """Stands for a server: keeps each request, and answers it as `answer` says."""

    def __init__(self, answer: Callable[[Request], Answer]) -> None:
        self.requests: list[Request] = []
        self._answer = answer

    async def exchange(self, request: Request) -> Response:
        self.requests.append(request)
        await asyncio.sleep(0)
        answer = self._answer(request)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self) -> None:
        pass

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.requests if request.body is not None]


def outgoing(number: int, body: str = "Hello", **fields: Any) -> Outgoing:
    values: dict[str, Any] = {
        "message_id": f"M{number}",
        "account_id": "A" * 26,
        "msisdn": f"336{number:08d}",
        "originator": "12345",
        "kind": BodyKind.TEXT,
        "body": body,
        "udh": "",
        "encoding": "gsm7",
        "parts": 1,
        "flash": False,
        "attempt": 1,
        "expire_at_ms": EXPIRY_MS,
        "options": USUAL,
    }
    return Outgoing(**values | fields)

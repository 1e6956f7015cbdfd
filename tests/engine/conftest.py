"""A real engine on both stores, with providers that do what a test tells them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from tests.patience import HANG_S

from heliograph.api.callbacks import NativeCallbacks
from heliograph.domain.accounts import Account, Kept
from heliograph.domain.batches import USUAL, Draft, Options, Parameters, ReportWish
from heliograph.domain.filters import MessageFilter
from heliograph.domain.fraud import CodeLimits
from heliograph.domain.messages import Message, Wait
from heliograph.domain.prices import FREE, Tariff
from heliograph.domain.receipts import Receipt
from heliograph.domain.rents import FICTIONAL
from heliograph.domain.routes import Rule
from heliograph.domain.seals import Seal
from heliograph.domain.statuses import Status
from heliograph.engine.addresses import LOOPBACK, AddressGuard
from heliograph.engine.contract import Accepted, Outcome, Outgoing, Provider
from heliograph.engine.engine import Engine
from heliograph.engine.notifier import Notifier
from heliograph.engine.routes import USUAL as NO_RULES
from heliograph.engine.routes import Route, RouteRules
from heliograph.protocols.registry import KEY_KINDS, listeners_of
from heliograph.sandbox.operator import SandboxOperator
from heliograph.sandbox.phones import Phones
from heliograph.services.access import Access
from heliograph.services.accounts import Accounts
from heliograph.services.events import EventSubjects
from heliograph.services.services import Services
from heliograph.store import Store, open_store
from heliograph.store.files import open_files

Answer = Outcome | Exception
T = TypeVar("T")


class ScriptedProvider(Provider):
    """Answers submits as told, one answer a message; takes everything when nothing is told."""

    def __init__(self, *, twice: bool = False, name: str = "scripted") -> None:
        self.name = name
        self.answers: deque[Answer] = deque()
        self.sent: asyncio.Queue[Outgoing] = asyncio.Queue()
        self.before_answering: Callable[[Outgoing], Awaitable[None]] | None = None
        self.sends_twice_rather_than_never = twice  # type: ignore[misc]

    async def send(self, messages: Sequence[Outgoing]) -> Sequence[Outcome]:
        outcomes: list[Outcome] = []
        for message in messages:
            await self.sent.put(message)
            if self.before_answering is not None:
                await self.before_answering(message)
            answer = self.answers.popleft() if self.answers else Accepted(ref(message.message_id))
            if isinstance(answer, Exception):
                raise answer
            outcomes.append(answer)
        return outcomes


def ref(message_id: str) -> str:
    """The provider's id of a message."""
    return f"P-{message_id}"


@dataclass
class Running:
    """An engine and an account that sends through it."""

    engine: Engine
    provider: Provider
    services: Services
    account: Account
    phones: Phones
    started: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def send(
        self,
        *numbers: str,
        text: str = "Hello",
        send_in: timedelta | None = None,
        expire_in: timedelta | None = None,
        report: ReportWish = ReportWish.NONE,
        callback_url: str | None = None,
        max_parts: int | None = None,
        options: Options = USUAL,
        parameters: Parameters | None = None,
    ) -> list[Message]:
        """Accepts a batch; its messages, in order."""
        now = datetime.now(UTC)
        draft = Draft(
            protocol="v1",
            to=numbers or ["+33612345678"],
            originator="Acme",
            text=text,
            parameters=parameters,
            send_at=None if send_in is None else now + send_in,
            expire_at=None if expire_in is None else now + expire_in,
            report=report,
            callback_url=callback_url,
            max_parts=max_parts,
            options=options,
        )
        batch = (await self.services.batches.create(self.account, draft)).batch
        found = await self.services.messages.page(self.account, MessageFilter(batch_id=batch.id), limit=1_000)
        return found[::-1]

    async def until(self, message: Message, *statuses: Status) -> Message:
        """The message once it has one of these statuses."""

        async def there() -> Message | None:
            now = await self.services.messages.get(self.account, message.id)
            return now if now.status in statuses else None

        return await self.once(message.id, there)

    async def once(self, topic: str, look: Callable[[], Awaitable[T | None]]) -> T:
        """What `look` finds, once it finds something: it looks after each piece of news on `topic`.

        It looks now and then without news, too: another engine's news do not come here.
        """
        give_up = asyncio.get_running_loop().time() + HANG_S
        with self.engine.notifier.listen(topic) as subscription:
            while (found := await look()) is None:
                assert asyncio.get_running_loop().time() < give_up, f"nothing came of {topic}"
                await subscription.wait(0.2)
        return found

    async def why(self, message: Message) -> Wait:
        return (await self.services.messages.why(self.account, message.id))[1]

    async def receipt(self, message: Message | str, status: Status | None, **fields: object) -> None:
        message_id = message if isinstance(message, str) else message.id
        receipt = Receipt(self.provider.name, ref(message_id), status, **fields)  # type: ignore[arg-type]
        await self.engine.intake.receipts([receipt])


StartEngine = Callable[..., Awaitable[Running]]


@pytest.fixture
async def start(emptied_url: str, tmp_path: Path) -> AsyncIterator[StartEngine]:
    """Starts engines, each on a store of its own connection; stops them in the end."""
    running: list[tuple[Engine, Store]] = []

    async def begin(
        provider: Provider | Callable[[Store, Notifier], Provider] | None = None,
        *,
        more: Sequence[Provider] = (),
        lines: Mapping[str, RouteRules] = {},
        rules: Sequence[Rule] = (),
        lease_s: float = 60.0,
        loopback: bool = True,
        tariff: Tariff = FREE,
        await_parts_s: float = 600.0,
        retention: Mapping[Kept, int] = {},
    ) -> Running:
        store = await open_store(emptied_url, tmp_path)
        accounts = Accounts(store, Access(store), Seal(Seal.new_key()))
        account = await accounts.ensure("tester")
        notifier = Notifier()
        sandbox = SandboxOperator(store, notifier.tell, default_account_id=account.id)
        chosen = (
            provider if isinstance(provider, Provider) else sandbox if provider is None else provider(store, notifier)
        )
        first = Route(chosen, lines.get(chosen.name, NO_RULES))
        others = [Route(other, lines.get(other.name, NO_RULES)) for other in more]
        if chosen.name != sandbox.name:
            others.append(Route(sandbox))
        files = open_files("", tmp_path, store)
        engine = Engine(
            store,
            notifier,
            [first, *others],
            default_route=chosen.name,
            guard=AddressGuard(LOOPBACK if loopback else ()),
            shapes={"v1": NativeCallbacks(EventSubjects(store))},
            lease_s=lease_s,
            window=4,
            tariff=tariff,
            rules=rules,
            await_parts_s=await_parts_s,
            retention=retention,
            files=files,
        )
        await engine.start()
        running.append((engine, store))
        services = Services(
            engine,
            accounts,
            inventory=FICTIONAL,
            files=files,
            largest_file=1_000_000,
            requests_per_second=0,
            code_limits=CodeLimits(),
            key_kinds=KEY_KINDS,
            issuers={},
            listeners_of=listeners_of,
        )
        return Running(engine, chosen, services, account, Phones(engine, sandbox, services.waits))

    yield begin
    for engine, store in reversed(running):
        await engine.stop()
        await store.close()

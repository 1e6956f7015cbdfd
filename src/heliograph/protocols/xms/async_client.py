"""The asynchronous client. `client.py` is generated from this file by `make generate`; edit this one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from datetime import date, datetime
from types import TracebackType
from typing import Generic, Self, TypeVar

from heliograph.calling import AsyncDriver, AsyncTransport, Call
from heliograph.protocols.xms import model
from heliograph.protocols.xms.calls import Calls
from heliograph.protocols.xms.model import Page

T = TypeVar("T")

DEFAULT_ENDPOINT = "https://api.clxcommunications.com/xms"
DEFAULT_TIMEOUT_S = 30.0


class AsyncClient:
    """One service plan of an XMS server, for code that awaits. Close it, or use it as a context manager.

    Raises the ApiExceptions of `errors` for what the server does not do, and `errors.Unreachable` when it can't be
    reached; ValueError before anything is sent for an empty identifier or an instant without a time zone.
    """

    def __init__(
        self,
        service_plan_id: str,
        token: str,
        endpoint: str = DEFAULT_ENDPOINT,
        timeout: float = DEFAULT_TIMEOUT_S,
        *,
        driver: AsyncDriver | None = None,
    ) -> None:
        """Take a service plan and its token; `endpoint` ends in /xms.

        `timeout` is in seconds. A `driver` is used instead of a transport of its own.
        """
        self.service_plan_id = service_plan_id
        self.token = token
        self.endpoint = endpoint
        self.timeout = timeout
        self._calls = Calls(service_plan_id)
        self._driver = driver or AsyncTransport(
            f"{endpoint.rstrip('/')}/v1/{service_plan_id}",
            {"Authorization": f"Bearer {token}", "Accept": "application/json"},
            answer_s=timeout,
        )

    async def close(self) -> None:
        await self._driver.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def create_text_message(self, sender: str | None, recipient: str, body: str) -> model.BatchResult:
        """Send a text to one number."""
        return await self.create_batch(model.TextBatch(sender=sender, recipients=[recipient], body=body))

    async def create_binary_message(
        self, sender: str | None, recipient: str, udh: bytes, body: bytes
    ) -> model.BatchResult:
        """Send octets, with a UDH, to one number."""
        return await self.create_batch(model.BinaryBatch(sender=sender, recipients=[recipient], body=body, udh=udh))

    async def create_batch(self, batch: model.TextBatch | model.BinaryBatch) -> model.BatchResult:
        """Send a batch. When this returns, the server has it."""
        return await self._driver.run(self._calls.create_batch(batch))

    async def replace_batch(self, batch_id: str, batch: model.TextBatch | model.BinaryBatch) -> model.BatchResult:
        """Replace a batch that has not been sent yet by another one."""
        return await self._driver.run(self._calls.replace_batch(batch_id, batch))

    async def update_batch(
        self, batch_id: str, update: model.TextBatchUpdate | model.BinaryBatchUpdate
    ) -> model.BatchResult:
        """Change a batch that has not been sent yet."""
        return await self._driver.run(self._calls.update_batch(batch_id, update))

    async def cancel_batch(self, batch_id: str) -> None:
        """Cancel what has not been sent of a batch."""
        await self._driver.run(self._calls.cancel_batch(batch_id))

    async def fetch_batch(self, batch_id: str) -> model.BatchResult:
        return await self._driver.run(self._calls.fetch_batch(batch_id))

    def fetch_batches(
        self,
        page_size: int | None = None,
        senders: Collection[str] = (),
        tags: Collection[str] = (),
        start_date: date | datetime | None = None,
        end_date: date | datetime | None = None,
        client_reference: str | None = None,
    ) -> AsyncPages[model.BatchResult]:
        """List batches from any of the senders, with any of the tags, created in a period, its end exclusive.

        Without a `start_date`, the server goes back one day. The oldest servers overlook `client_reference`. Nothing is
        fetched before a page is asked for.
        """
        return AsyncPages(
            self._driver,
            lambda page: self._calls.fetch_batches(
                page, page_size, senders, tags, start_date, end_date, client_reference
            ),
        )

    async def create_batch_dry_run(
        self, batch: model.TextBatch | model.BinaryBatch, num_recipients: int | None = None
    ) -> model.DryRunResult:
        """Count the messages that a batch would have; with `num_recipients`, also for that many recipients each."""
        return await self._driver.run(self._calls.dry_run(batch, num_recipients))

    async def fetch_batch_tags(self, batch_id: str) -> frozenset[str]:
        return await self._driver.run(self._calls.fetch_tags("batches", batch_id))

    async def replace_batch_tags(self, batch_id: str, tags: Collection[str]) -> frozenset[str]:
        return await self._driver.run(self._calls.replace_tags("batches", batch_id, tags))

    async def update_batch_tags(
        self, batch_id: str, tags_to_add: Collection[str], tags_to_remove: Collection[str]
    ) -> frozenset[str]:
        return await self._driver.run(self._calls.update_tags("batches", batch_id, tags_to_add, tags_to_remove))

    async def fetch_delivery_report(
        self,
        batch_id: str,
        kind: str | None = None,
        status: Collection[str] = (),
        code: Collection[int] = (),
    ) -> model.DeliveryReport:
        """Count the messages of a batch by status; with the kind `full`, also list the recipients of each."""
        return await self._driver.run(self._calls.fetch_delivery_report(batch_id, kind, status, code))

    async def fetch_recipient_delivery_report(self, batch_id: str, recipient: str) -> model.RecipientDeliveryReport:
        return await self._driver.run(self._calls.fetch_recipient_delivery_report(batch_id, recipient))

    def fetch_delivery_reports(
        self,
        page_size: int | None = None,
        status: Collection[str] = (),
        code: Collection[int] = (),
        client_reference: str | None = None,
        start_date: date | datetime | None = None,
        end_date: date | datetime | None = None,
    ) -> AsyncPages[model.RecipientDeliveryReport]:
        """List reports of single messages, of all batches. The oldest servers do not know this."""
        return AsyncPages(
            self._driver,
            lambda page: self._calls.fetch_delivery_reports(
                page, page_size, status, code, client_reference, start_date, end_date
            ),
        )

    async def send_delivery_feedback(self, batch_id: str, recipients: Collection[str] = ()) -> None:
        """Tell the server that messages of a batch arrived; without recipients, all of them.

        The oldest servers do not know this.
        """
        await self._driver.run(self._calls.send_delivery_feedback(batch_id, recipients))

    async def create_group(self, group: model.GroupCreate) -> model.GroupResult:
        return await self._driver.run(self._calls.create_group(group))

    async def replace_group(self, group_id: str, group: model.GroupCreate) -> model.GroupResult:
        return await self._driver.run(self._calls.replace_group(group_id, group))

    async def update_group(self, group_id: str, update: model.GroupUpdate) -> model.GroupResult:
        return await self._driver.run(self._calls.update_group(group_id, update))

    async def delete_group(self, group_id: str) -> None:
        await self._driver.run(self._calls.delete_group(group_id))

    async def fetch_group(self, group_id: str) -> model.GroupResult:
        return await self._driver.run(self._calls.fetch_group(group_id))

    def fetch_groups(self, page_size: int | None = None, tags: Collection[str] = ()) -> AsyncPages[model.GroupResult]:
        """List groups that have any of the tags. Nothing is fetched before a page is asked for."""
        return AsyncPages(self._driver, lambda page: self._calls.fetch_groups(page, page_size, tags))

    async def fetch_group_members(self, group_id: str) -> frozenset[str]:
        return await self._driver.run(self._calls.fetch_group_members(group_id))

    async def fetch_group_tags(self, group_id: str) -> frozenset[str]:
        return await self._driver.run(self._calls.fetch_tags("groups", group_id))

    async def replace_group_tags(self, group_id: str, tags: Collection[str]) -> frozenset[str]:
        return await self._driver.run(self._calls.replace_tags("groups", group_id, tags))

    async def update_group_tags(
        self, group_id: str, tags_to_add: Collection[str], tags_to_remove: Collection[str]
    ) -> frozenset[str]:
        return await self._driver.run(self._calls.update_tags("groups", group_id, tags_to_add, tags_to_remove))

    async def fetch_inbound(self, inbound_id: str) -> model.InboundResult:
        return await self._driver.run(self._calls.fetch_inbound(inbound_id))

    def fetch_inbounds(
        self,
        page_size: int | None = None,
        recipients: Collection[str] = (),
        start_date: date | datetime | None = None,
        end_date: date | datetime | None = None,
    ) -> AsyncPages[model.InboundResult]:
        """List inbound messages to any of the recipients. Without a `start_date`, the server goes back one day."""
        return AsyncPages(
            self._driver,
            lambda page: self._calls.fetch_inbounds(page, page_size, recipients, start_date, end_date),
        )


class AsyncPages(Generic[T]):
    """A listing whose pages are fetched as they are needed: iterate it for pages, `items()` for what is on them."""

    def __init__(self, driver: AsyncDriver, fetch: Callable[[int], Call[Page[T]]]) -> None:
        self._driver = driver
        self._fetch = fetch

    async def get(self, page: int) -> Page[T]:
        """Fetch one page, counted from 0; beyond the last it is empty."""
        return await self._driver.run(self._fetch(page))

    async def __aiter__(self) -> AsyncIterator[Page[T]]:
        number = 0
        while (page := await self.get(number)).size > 0:
            yield page
            number += 1

    async def items(self) -> AsyncIterator[T]:
        """Yield everything on all pages."""
        async for page in self:
            for item in page.content:
                yield item

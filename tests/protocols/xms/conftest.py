"""The published clients of XMS, pointed at a real server, and a customer's server for them to name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import clx.xms
import pytest
from clx.xms import api
from tests.protocols.listening import Listener

if TYPE_CHECKING:
    from tests.conftest import Server


@pytest.fixture
def xms(server: Server) -> clx.xms.Client:
    ready = server.ready["protocols"]["xms"]
    return clx.xms.Client(ready["service_plan_id"], ready["token"], endpoint=ready["endpoint"])


@pytest.fixture
def other_xms(server: Server) -> clx.xms.Client:
    ready = server.ready["protocols"]["xms"]
    other = ready["other"]
    return clx.xms.Client(other["service_plan_id"], other["token"], endpoint=ready["endpoint"])


def text_batch(body: str, /, *numbers: str, **fields: Any) -> api.MtBatchTextSmsCreate:
    batch = api.MtBatchTextSmsCreate()
    batch.sender = "12345"
    batch.recipients = {number.removeprefix("+") for number in numbers}
    batch.body = body
    for name, value in fields.items():
        setattr(batch, name, value)
    return batch


def settle(server: Server, batch_id: str) -> None:
    """Waits until every message of a batch is settled."""
    with server.client() as client:
        for message in client.messages.list(batch_id=batch_id):
            client.messages.wait_for_delivery(message.id)


@pytest.fixture
def recorder() -> Iterator[Listener]:
    """Stands where XMS would, and refuses everything, so that a client's call ends once it is recorded."""
    listener = Listener(400, b'{"code": "recorded", "text": "recorded"}')
    yield listener
    listener.close()


@pytest.fixture
def sinch_for() -> Callable[[str, str, str], Any]:
    """Makes the newer published client: origin, service plan, token."""
    from sinch import SinchClient

    def make(origin: str, plan: str, token: str) -> Any:
        client = SinchClient(service_plan_id=plan, sms_api_token=token, sms_region="eu")
        client.configuration.sms_domain_with_service_plan_id = origin
        return client

    return make

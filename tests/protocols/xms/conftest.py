"""The published clients of XMS, pointed at a real server, and a customer's server for them to name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any

import clx.xms
import pytest
from clx.xms import api

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


class Listener:
    """A server on this machine that keeps what it is sent, and answers as it was told."""

    def __init__(self, status: int = 204, answer: bytes = b"") -> None:
        self.received: SimpleQueue[tuple[str, dict[str, str], bytes]] = SimpleQueue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(status)
                if answer:
                    self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)
                outer.received.put((self.path, dict(self.headers), body))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        self.url = f"{self.origin}/callback"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def next(self) -> dict[str, Any]:
        """What was sent next, waited for; `path`, `headers` and `body` are its raw parts."""
        self.path, self.headers, self.body = self.received.get(timeout=15)
        decoded: dict[str, Any] = json.loads(self.body)
        return decoded

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def customer() -> Iterator[Listener]:
    """Acknowledges every callback."""
    listener = Listener()
    yield listener
    listener.close()


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

"""The published client of SMS.CX, pointed at a real server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
import pytest
import smscx_client
from smscx_client import apis, models
from smscx_client.model.add_contacts_to_group_request import AddContactsToGroupRequest
from smscx_client.model.new_group_request import NewGroupRequest
from smscx_client.model.send_sms_message_request import SendSmsMessageRequest
from smscx_client.model.templates_new_request import TemplatesNewRequest

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer


class Published:
    """All API classes of the published client, for one caller."""

    def __init__(self, host: str, **credentials: Any) -> None:
        self._client = smscx_client.ApiClient(smscx_client.Configuration(host=host, **credentials))
        self.oauth = apis.OauthApi(self._client)
        self.applications = apis.ApplicationsApi(self._client)
        self.account = apis.AccountApi(self._client)
        self.originators = apis.OriginatorsApi(self._client)
        self.templates = apis.TemplatesApi(self._client)
        self.groups = apis.GroupsApi(self._client)
        self.optouts = apis.OptoutsApi(self._client)
        self.sms = apis.SmsApi(self._client)
        self.reports = apis.ReportsApi(self._client)
        self.otp = apis.OtpApi(self._client)
        self.numbers = apis.NumbersApi(self._client)
        self.shortlinks = apis.ShortlinksApi(self._client)
        self.attachments = apis.AttachmentsApi(self._client)
        self.conversations = apis.ConversationsApi(self._client)
        self.viber = apis.ViberApi(self._client)
        self.whatsapp = apis.WhatsappApi(self._client)
        self.multichannel = apis.MultichannelApi(self._client)

    def send(self, *numbers: str, text: str = "Hello", **fields: Any) -> Any:
        return self.sms.send_sms(request(*numbers, text=text, **fields))

    def group(self, name: str, *numbers: str) -> int:
        """A new group with these members."""
        number: int = self.groups.create_group(NewGroupRequest(name=name)).info.id
        if numbers:
            self.groups.add_contacts_to_group(number, AddContactsToGroupRequest(phone_numbers=list(numbers)))
        return number

    def close(self) -> None:
        self._client.close()


def template(server: Server, client: Published, channel: str, text: str = "Hi {{name}}", **more: Any) -> int:
    """A template that is approved, which takes the sandbox a second."""
    made = client.templates.create_template(TemplatesNewRequest(text=text, channel=channel, **more)).info
    with httpx2.Client(base_url=server.url) as pause:
        while not client.templates.get_template(made.id).data.approved:
            pause.get("/healthz")
            pause.get("/healthz")
    return int(made.id)


def request(*numbers: str, text: str = "Hello", **fields: Any) -> SendSmsMessageRequest:
    return SendSmsMessageRequest(**{"to": list(numbers), "_from": "Acme", "text": text} | fields)


def body_of(error: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(error.body)
    return body


class _Received(NamedTuple):
    """As much of a response as their decoder looks at."""

    data: str


def decoded(callback: dict[str, Any], model: str) -> Any:
    """A callback as the published client's own model reads it, which checks every field."""
    kind = getattr(models, model)
    return smscx_client.ApiClient().deserialize(_Received(json.dumps(callback)), (kind,), True)


Connect = Callable[..., Published]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """Makes published clients: server, and what they call with."""
    made: list[Published] = []

    def make(server: Server, **credentials: Any) -> Published:
        ready = server.ready["protocols"]["smscx"]
        made.append(Published(ready["host"], **credentials or {"api_key": ready["api_key"]}))
        return made[-1]

    yield make
    for client in made:
        client.close()


@pytest.fixture
def smscx(server: Server, connect: Connect) -> Published:
    return connect(server)


@pytest.fixture
def other_smscx(server: Server, connect: Connect) -> Published:
    return connect(server, api_key=server.ready["protocols"]["smscx"]["other"]["api_key"])


@pytest.fixture(scope="module")
def poor_server(start_server: StartServer) -> Server:
    """A sandbox with little money, few requests, and prices for two countries only."""
    prices = '{"currency": "EUR", "sms": {"FR": 0.05, "DE": 0.1}, "lookup": {"FR": 0.5}}'
    return start_server(None, "--balance", "1", "--rate-limit", "20", environment={"HELIOGRAPH_PRICES": prices})

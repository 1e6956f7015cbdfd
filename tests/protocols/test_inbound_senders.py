"""Who writes, as providers' servers tell it to a running server, and as every door says it to published clients."""

from __future__ import annotations

from collections.abc import Callable

import clx.xms
import httpx2
import pytest
import smscx_client
from smscx_client import apis
from tests.conftest import Server, StartServer
from tests.ports import free_port
from tests.protocols.twilio.conftest import published

from heliograph import errors

PROVIDERS = """{
    "xms": {"type": "xms", "endpoint": "http://127.0.0.1:9/xms", "service_plan_id": "plan", "token": "t"},
    "web": {
        "type": "webhook", "url": "http://127.0.0.1:9/${msisdn}",
        "inbound": {"from": "sender", "to": "to", "text": "text", "ref": "id"}
    }
}"""
SHOWN = [
    # as it was written, as doors write it
    ("0033 6 12 36 77 01", "+33612367701"),
    ("Vodafone", "Vodafone"),
    ("36112", "36112"),
    ("", ""),
    ("4" * 5_000, "4" * 64),
    ("<img src=x onerror=alert(1)>", "img src=x onerror=alert(1)"),
]


@pytest.fixture(scope="module")
def hearing(start_server: StartServer) -> Server:
    """A server that providers' servers can tell something."""
    port = free_port()
    environment = {"HELIOGRAPH_PROVIDERS": PROVIDERS, "HELIOGRAPH_PUBLIC_URL": f"http://127.0.0.1:{port}"}
    return start_server(None, "--port", str(port), environment=environment)


@pytest.fixture(scope="module")
def tell(hearing: Server) -> Callable[[str, dict[str, str]], None]:
    """Posts what a provider's server says to the address that it was given."""

    def post(name: str, said: dict[str, str]) -> None:
        assert httpx2.post(hearing.ready["providers"][name], json=said).status_code == 200

    return post


Tell = Callable[[str, dict[str, str]], None]


def mo(sender: str, body: str, message_id: str) -> dict[str, str]:
    at = "2026-01-01T10:00:00.000Z"
    return {"type": "mo_text", "id": message_id, "from": sender, "to": "12345", "body": body, "received_at": at}


@pytest.mark.parametrize(
    ("sender", "number"),
    [
        ("+33612360001", "+33612360001"),
        ("33612360002", "+33612360002"),
        ("0033612340003", "+33612340003"),
        ("33 6 12 34 00 04", "+33612340004"),
        ("\u202a+33 6 12 34 00 05\u202c", "+33612340005"),
        ("+33 (0)6.12.34.00.06", "+33612340006"),
    ],
)
@pytest.mark.parametrize("provider", ["xms", "web"])
def test_after_a_stop_nothing_is_sent_to_its_sender(
    hearing: Server, tell: Tell, provider: str, sender: str, number: str
) -> None:
    def write(text: str) -> None:
        ref = f"{provider} {number} {text}"
        tell(
            provider,
            mo(sender, text, ref) if provider == "xms" else {"sender": sender, "to": "12345", "text": text, "id": ref},
        )

    with hearing.client() as client:
        write("\u201cStop\u201d")
        refused = client.messages.send(to=number, text="Hello", originator="12345")
        write("START!")
        sent = client.messages.send(to=number, text="Hello", originator="12345")

    assert (refused.status, refused.reason) == ("rejected", "opted_out")
    assert sent.status != "rejected"


def test_every_door_says_who_wrote_and_puts_a_plus_before_numbers_alone(hearing: Server, tell: Tell) -> None:
    for place, (sender, _) in enumerate(SHOWN):
        tell("web", {"sender": sender, "to": "+33700000077", "text": f"Hi {place}", "id": f"shown {place}"})
    ready = hearing.ready["protocols"]
    shown = [each for _, each in SHOWN]

    with hearing.client() as client:
        native = {each.text: each.msisdn for each in client.inbound.list(to="+33700000077")}
        talks = [each.number for each in client.conversations.list()]
        silent = [each.number for each in client.optouts.list()]
    xms = clx.xms.Client(ready["xms"]["service_plan_id"], ready["xms"]["token"], endpoint=ready["xms"]["endpoint"])
    by_xms = {each.body: each.sender for each in xms.fetch_inbounds(recipients={"33700000077"}).get(0)}
    twilio = published(hearing)
    by_twilio = {each.body: each.from_ for each in twilio.messages.list(to="+33700000077")}
    twilio.http_client.session.close()
    from sinch import SinchClient  # takes a second to import

    sinch = SinchClient(
        service_plan_id=ready["xms"]["service_plan_id"], sms_api_token=ready["xms"]["token"], sms_region="eu"
    )
    sinch.configuration.sms_domain_with_service_plan_id = hearing.url
    by_sinch = {each.body: each.from_ for each in sinch.sms.inbounds.list(to=["33700000077"]).iterator()}
    smscx = smscx_client.ApiClient(
        smscx_client.Configuration(host=ready["smscx"]["host"], api_key=ready["smscx"]["api_key"])
    )
    by_smscx = [each.phone_number for each in apis.ConversationsApi(smscx).get_converstions_list().data]
    smscx.close()

    assert [native[f"Hi {place}"] for place in range(len(SHOWN))] == shown
    assert [by_xms[f"Hi {place}"] for place in range(len(SHOWN))] == [each.removeprefix("+") for each in shown]
    assert by_sinch == by_xms
    assert [by_twilio[f"Hi {place}"] for place in range(len(SHOWN))] == shown
    for conversations in (talks, by_smscx):
        assert set(filter(None, shown)) <= set(conversations)
        assert "" not in conversations
    assert not set(shown) & set(silent)


def test_a_name_is_answered_by_nobody_who_asks_for_it(hearing: Server, tell: Tell) -> None:
    tell("web", {"sender": "Info", "to": "12345", "text": "Hi", "id": "named"})

    with hearing.client() as client:
        (talk,) = [each for each in client.conversations.list() if each.number == "Info"]
        with pytest.raises(errors.InvalidRecipient):
            client.conversations.reply(talk.id, "Hello")

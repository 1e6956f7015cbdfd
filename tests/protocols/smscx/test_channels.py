"""Viber, WhatsApp and several channels one after the other, by the published client."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import smscx_client
from smscx_client import exceptions
from smscx_client.model.custom_fields import CustomFields
from smscx_client.model.rich_media import RichMedia
from smscx_client.model.send_multichannel_campaign_request import SendMultichannelCampaignRequest
from smscx_client.model.send_multichannel_campaign_request_estimate import SendMultichannelCampaignRequestEstimate
from smscx_client.model.send_multichannel_message_request import SendMultichannelMessageRequest
from smscx_client.model.send_multichannel_message_request_estimate import SendMultichannelMessageRequestEstimate
from smscx_client.model.send_viber_campaign_request import SendViberCampaignRequest
from smscx_client.model.send_viber_campaign_request_estimate import SendViberCampaignRequestEstimate
from smscx_client.model.send_viber_message_request import SendViberMessageRequest
from smscx_client.model.send_viber_message_request_estimate import SendViberMessageRequestEstimate
from smscx_client.model.send_whatsapp_message_request import SendWhatsappMessageRequest
from smscx_client.model.send_whatsapp_message_request_estimate import SendWhatsappMessageRequestEstimate
from smscx_client.model.strategy import Strategy
from smscx_client.model.templates_new_request import TemplatesNewRequest
from tests.patience import HANG_S
from tests.protocols.listening import Listener

from heliograph.domain.ids import new_id
from heliograph.protocols.shared.uuids import from_uuid, to_uuid

from .conftest import Connect, Published, body_of, decoded, template

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]
UNCHECKED = smscx_client.Configuration(disabled_client_side_validations="maxLength,minLength,pattern,maximum,minimum")
SMS_ONLY = "+9997"
MEDIA = {"image_url": "https://example.org/a.png", "button_caption": "Buy", "target_url": "https://example.org/"}


@pytest.fixture(scope="module")
def templates(server: Server) -> Iterator[dict[str, int]]:
    ready = server.ready["protocols"]["smscx"]
    client = Published(ready["host"], api_key=ready["api_key"])
    yield {
        "viber": template(server, client, "viber", rich_media=RichMedia(**MEDIA)),
        "whatsapp": template(server, client, "whatsapp", "Hello"),
    }
    client.close()


def screen(server: Server, number: str) -> list[tuple[str, str | None]]:
    """What a phone has received: channels and texts."""
    with server.client() as client:
        shown = client.sandbox.messages(number)
    return [(each.channel, each.text) for each in shown if each.direction == "received"]


def settle(server: Server, reply: Any) -> list[Any]:
    with server.client() as client:
        return [client.messages.wait_for_delivery(from_uuid(row.msg_id), timeout_s=HANG_S) for row in reply.data]


def test_a_template_goes_by_viber_with_its_fields(
    server: Server, smscx: Published, templates: dict[str, int], new_number: NewNumber
) -> None:
    number, track = new_number(), str(uuid.uuid4())
    asked = {
        "to": [number],
        "_from": "Acme",
        "template_id": templates["viber"],
        "custom_fields": CustomFields(custom_field_name={"name": "Ada"}),
    }
    before = smscx.account.get_account_balance().balance

    estimate = smscx.viber.estimate_viber_message(SendViberMessageRequestEstimate(**asked))
    sent = smscx.viber.send_viber_message(SendViberMessageRequest(**asked, track_data=track))
    settle(server, sent)
    (row,) = sent.data
    report = smscx.reports.get_single_report(row.msg_id).data

    assert (row.status, row.text, row.parts, row.track_data) == ("ACCEPTED", "Hi Ada", 1, track)
    assert estimate.info.total_cost == sent.info.total_cost == row.cost == 0.015
    assert screen(server, number) == [("viber", "Hi Ada")]
    assert (report.channel, report.status) == ("viber", "DELIVERED")
    assert smscx.account.get_account_balance().balance == pytest.approx(before - 0.015)


def test_a_template_goes_by_whatsapp(
    server: Server, smscx: Published, templates: dict[str, int], new_number: NewNumber
) -> None:
    number = new_number()
    asked = {"to": [number], "_from": "Acme", "template_id": templates["whatsapp"]}

    estimate = smscx.whatsapp.estimate_whatsapp_message(SendWhatsappMessageRequestEstimate(**asked))
    sent = smscx.whatsapp.send_whatsapp_message(SendWhatsappMessageRequest(**asked))
    settle(server, sent)

    assert estimate.info.total_cost == sent.info.total_cost == 0.025
    assert screen(server, number) == [("whatsapp", "Hello")]


def test_a_viber_campaign_goes_to_groups(
    server: Server, smscx: Published, templates: dict[str, int], new_number: NewNumber
) -> None:
    numbers = [new_number(), new_number()]
    group = smscx.group(f"Viber {new_number()}", *numbers)
    asked = {"groups": [group], "_from": "Acme", "template_id": templates["viber"]}

    estimate = smscx.viber.estimate_viber_campaign(SendViberCampaignRequestEstimate(**asked))
    sent = smscx.viber.send_viber_campaign(SendViberCampaignRequest(**asked))
    settle(server, sent)

    assert (estimate.info.total_valid, sent.info.total_valid, sent.info.duplicates_removed) == (2, 2, 0)
    assert {row.text for row in sent.data} == {"Hi "}
    assert [screen(server, number) for number in numbers] == [[("viber", "Hi ")]] * 2


def strategy(templates: dict[str, int], *channels: str, text: str = "By SMS") -> list[Strategy]:
    steps = [Strategy(channel=channel, template_id=templates[channel]) for channel in channels]
    return [*steps, Strategy(channel="sms", text=text)]


def test_the_first_channel_that_delivers_is_the_one_that_is_paid(
    server: Server, smscx: Published, templates: dict[str, int], new_number: NewNumber, customer: Listener
) -> None:
    reached, sms_only = new_number(), SMS_ONLY + new_number()[-6:]
    before = smscx.account.get_account_balance().balance
    asked = {"to": [reached, sms_only], "_from": "Acme", "strategy": strategy(templates, "viber", "whatsapp")}

    estimate = smscx.multichannel.estimate_multichannel_message(SendMultichannelMessageRequestEstimate(**asked))
    sent = smscx.multichannel.send_multichannel_message(
        SendMultichannelMessageRequest(**asked, dlr_callback_url=customer.url)
    )
    settled = settle(server, sent)
    told: list[Any] = []
    while sum(item.status == "DELIVERED" for item in told) < 2:
        told += decoded(customer.next(), "CallBackRequestDlrUpdate").data
    reports = [smscx.reports.get_single_report(row.msg_id).data for row in sent.data]

    assert [(row.channel, row.status, row.parts) for row in sent.data] == [("viber", "ACCEPTED", 1)] * 2
    assert estimate.info.total_cost == sent.info.total_cost == pytest.approx(0.045 + 0.05)  # the dearest of each
    assert [message.status for message in settled] == ["delivered", "delivered"]
    assert screen(server, reached) == [("viber", "Hi ")]
    assert screen(server, sms_only) == [("viber", "Hi "), ("whatsapp", "Hello"), ("sms", "By SMS")]
    assert [(report.channel, report.cost, report.text) for report in reports] == [
        ("viber", 0.015, "Hi "),
        ("sms", 0.05, "By SMS"),
    ]
    assert {item.status for item in told} <= {"SENT", "DELIVERED"}
    assert smscx.account.get_account_balance().balance == pytest.approx(before - 0.065)


def test_a_multichannel_campaign_is_reported_as_one(
    server: Server, smscx: Published, templates: dict[str, int], new_number: NewNumber
) -> None:
    group = smscx.group(f"Both {new_number()}", new_number())
    asked = {"groups": [group], "_from": "Acme", "strategy": strategy(templates, "whatsapp", text="Only {{numbers}}")}

    estimate = smscx.multichannel.estimate_multichannel_campaign(SendMultichannelCampaignRequestEstimate(**asked))
    sent = smscx.multichannel.send_multichannel_campaign(SendMultichannelCampaignRequest(**asked))
    settle(server, sent)
    report = smscx.reports.get_campaign_report(sent.info.campaign_id)
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    period = {"period": "", "start_date": day, "end_date": day}
    planned = smscx.reports.get_advanced_report(**period, channel="multichannel").data
    by_channel = json.loads(smscx.reports.get_summary_reports("channel", **period, _preload_content=False).data)

    assert estimate.info.total_valid == sent.info.total_valid == 1
    assert (report.info.channel, [row.channel for row in report.data]) == ("multichannel", ["whatsapp"])
    assert sent.data[0].msg_id in {row.msg_id for row in planned}
    assert by_channel["data"]["whatsapp"]["phoneNumbers"] >= 1


Delete = Callable[[Published, str], Any]
DELETE: dict[str, tuple[Callable[..., Any], Delete, Delete | None]] = {
    "viber": (
        lambda c, number, templates, **more: c.viber.send_viber_message(
            SendViberMessageRequest(to=[number], _from="Acme", template_id=templates["viber"], **more)
        ),
        lambda c, msg_id: c.viber.delete_scheduled_viber_message(msg_id),
        lambda c, campaign_id: c.viber.delete_scheduled_viber_campaign(campaign_id),
    ),
    "whatsapp": (
        lambda c, number, templates, **more: c.whatsapp.send_whatsapp_message(
            SendWhatsappMessageRequest(to=[number], _from="Acme", template_id=templates["whatsapp"], **more)
        ),
        lambda c, msg_id: c.whatsapp.delete_scheduled_whatsapp_message(msg_id),
        None,
    ),
    "multichannel": (
        lambda c, number, templates, **more: c.multichannel.send_multichannel_message(
            SendMultichannelMessageRequest(to=[number], _from="Acme", strategy=strategy(templates, "viber"), **more)
        ),
        lambda c, msg_id: c.multichannel.delete_scheduled_multichannel_message(msg_id),
        lambda c, campaign_id: c.multichannel.delete_scheduled_multichannel_campaign(campaign_id),
    ),
}


@pytest.mark.parametrize("channel", DELETE)
def test_what_is_scheduled_can_be_taken_back_for_its_price(
    smscx: Published, other_smscx: Published, templates: dict[str, int], new_number: NewNumber, channel: str
) -> None:
    send, delete_message, delete_campaign = DELETE[channel]
    before = smscx.account.get_account_balance().balance
    later = datetime.now(UTC) + timedelta(hours=1)
    sent = [send(smscx, new_number(), templates, scheduled_date=later) for _ in range(2)]

    first = sent[0].data[0].msg_id
    for call in (lambda: delete_message(other_smscx, first), lambda: smscx.sms.delete_scheduled_sms(first)):
        with pytest.raises(exceptions.ResourceNotFoundException):
            call()
    message = delete_message(smscx, sent[0].data[0].msg_id).info
    assert (message.channel, message.credit_returned) == (channel, sent[0].info.total_cost)
    if delete_campaign is None:
        delete_message(smscx, sent[1].data[0].msg_id)
    else:
        campaign = delete_campaign(smscx, sent[1].info.campaign_id).info
        assert (campaign.channel, campaign.phone_numbers_deleted) == (channel, 1)
        with pytest.raises(exceptions.AccessDeniedException):
            delete_campaign(smscx, sent[1].info.campaign_id)
        with pytest.raises(exceptions.ResourceNotFoundException):
            delete_campaign(smscx, to_uuid(new_id()))

    assert {row.status for each in sent for row in each.data} == {"SCHEDULED"}
    assert smscx.account.get_account_balance().balance == pytest.approx(before)


def viber(**fields: Any) -> Callable[[Published, dict[str, int]], Any]:
    def call(client: Published, templates: dict[str, int]) -> Any:
        asked = {"to": ["+33612345678"], "_from": "Acme", "template_id": templates["viber"]} | fields
        return client.viber.send_viber_message(SendViberMessageRequest(**asked, _configuration=UNCHECKED))

    return call


def several(*steps: dict[str, Any], **fields: Any) -> Callable[[Published, dict[str, int]], Any]:
    def call(client: Published, templates: dict[str, int]) -> Any:
        made = [
            Strategy(**{key: templates["viber"] if value == "of viber" else value for key, value in step.items()})
            for step in steps
        ]
        asked = {"to": ["+33612345678"], "_from": "Acme", "strategy": made} | fields
        return client.multichannel.send_multichannel_message(
            SendMultichannelMessageRequest(**asked, _configuration=UNCHECKED)
        )

    return call


def unapproved(client: Published, _templates: dict[str, int]) -> Any:
    number = client.templates.create_template(TemplatesNewRequest(text="New", channel="viber")).info.id
    return viber(template_id=number)(client, {"viber": number})


SMS = {"channel": "sms", "text": "Hello"}
VIBER = {"channel": "viber", "template_id": "of viber"}
INVALID, DENIED = exceptions.InvalidRequestException, exceptions.AccessDeniedException
BAD = [
    ("nobody", viber(to=[]), INVALID, 1104),
    ("no number", viber(to=["x"]), exceptions.InvalidPhoneNumberException, 1207),
    ("long originator", viber(_from="TwelveLetters"), INVALID, 1106),
    ("no such template", viber(template_id=99_999), INVALID, 1128),
    ("template of another channel", lambda c, t: viber(template_id=t["whatsapp"])(c, t), INVALID, 1128),
    ("template not approved", unapproved, exceptions.TemplateNotApprovedException, 1132),
    ("callback nowhere", viber(dlr_callback_url="nowhere"), INVALID, 1109),
    ("past", viber(scheduled_date=datetime(2020, 1, 1, tzinfo=UTC)), INVALID, 1116),
    ("no UUID", viber(idempotency_id="x" * 36), INVALID, 1111),
    ("one channel", several(SMS), INVALID, 1121),
    ("last one is not SMS", several(SMS, VIBER), INVALID, 1122),
    ("a channel twice", several(VIBER, VIBER, SMS), INVALID, 1129),
    ("no text", several(VIBER, {"channel": "sms"}), INVALID, 1107),
    ("no template", several({"channel": "viber"}, SMS), INVALID, 1126),
    ("no such template in a strategy", several({"channel": "viber", "template_id": 99_999}, SMS), INVALID, 1128),
    ("little time", several(VIBER, SMS, ttl=299), INVALID, 1125),
    ("much time", several(VIBER, SMS, ttl=1_209_601), INVALID, 1134),
]


@pytest.mark.parametrize(("call", "kind", "code"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_each_rule(
    smscx: Published,
    templates: dict[str, int],
    call: Callable[[Published, dict[str, int]], Any],
    kind: type[Exception],
    code: int,
) -> None:
    with pytest.raises(kind) as refused:
        call(smscx, templates)

    assert body_of(refused.value)["error"]["code"] == code


WIRE_VIBER = {"channel": "viber", "templateId": "of viber"}
WIRE = [
    ("/viber", {"to": ["+33612345678"], "from": "Acme"}, 1126),
    ("/viber", {"to": ["+33612345678"], "from": "Acme", "templateId": "x"}, 1127),
    ("/multichannel", {"to": ["+33612345678"], "from": "Acme"}, 1120),
    ("/multichannel", {"to": ["+33612345678"], "from": "Acme", "strategy": [{"channel": "fax"}, SMS]}, 1123),
    (
        "/multichannel",
        {
            "to": ["+33612345678"],
            "from": "Acme",
            "ttl": "long",
            "strategy": [WIRE_VIBER, SMS],
        },
        1124,
    ),
]


@pytest.mark.parametrize(("path", "body", "code"), WIRE)
def test_what_their_client_would_never_send(
    server: Server, templates: dict[str, int], path: str, body: dict[str, Any], code: int
) -> None:
    ready = server.ready["protocols"]["smscx"]
    text = json.dumps(body).replace('"of viber"', str(templates["viber"]))

    answer = httpx2.post(
        ready["host"] + path,
        content=text,
        headers={"X-API-KEY": ready["api_key"], "Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_money_that_does_for_the_first_channel_only(start_server: Any, connect: Connect) -> None:
    prices = '{"sms": {"default": 2}, "viber": {"default": 0.5}}'
    server = start_server(None, "--balance", "1", environment={"HELIOGRAPH_PRICES": prices})
    poor = connect(server)
    templates = {"viber": template(server, poor, "viber", "Hello")}

    with pytest.raises(exceptions.InsufficientBalanceException) as refused:
        several(VIBER, SMS)(poor, templates)
    with pytest.raises(exceptions.InsufficientBalanceException) as estimated:
        poor.multichannel.estimate_multichannel_message(
            SendMultichannelMessageRequestEstimate(
                to=["+33612345678"], _from="Acme", strategy=strategy(templates, "viber")
            )
        )
    with pytest.raises(exceptions.InsufficientBalanceException) as nothing:
        several(VIBER, SMS, to=["+33612345678", "+33612345679", "+33612345670"])(poor, templates)

    assert [body_of(each.value)["error"]["code"] for each in (refused, estimated, nothing)] == [1130, 1130, 1113]
    assert poor.account.get_account_balance().balance == 1

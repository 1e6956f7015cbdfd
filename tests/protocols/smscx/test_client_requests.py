"""Each request that our client writes, held against the one that the published client writes for the same call."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import SimpleQueue
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest
from smscx_client.exceptions import ApiException
from smscx_client.model.add_contacts_to_group_request import AddContactsToGroupRequest
from smscx_client.model.add_contacts_to_group_with_fields_request import AddContactsToGroupWithFieldsRequest
from smscx_client.model.conversation_reply_sms_request import ConversationReplySmsRequest
from smscx_client.model.conversation_reply_viber_request import ConversationReplyViberRequest
from smscx_client.model.conversation_reply_whatsapp_request import ConversationReplyWhatsappRequest
from smscx_client.model.edit_rent_request import EditRentRequest
from smscx_client.model.group_add import GroupAdd
from smscx_client.model.new_group_request import NewGroupRequest
from smscx_client.model.new_otp_request import NewOtpRequest
from smscx_client.model.numbers_lookup_request import NumbersLookupRequest
from smscx_client.model.numbers_validate_request import NumbersValidateRequest
from smscx_client.model.originator_new_request import OriginatorNewRequest
from smscx_client.model.renew_rent_request import RenewRentRequest
from smscx_client.model.rent_number_request import RentNumberRequest
from smscx_client.model.rich_media import RichMedia
from smscx_client.model.send_multichannel_campaign_request import SendMultichannelCampaignRequest
from smscx_client.model.send_multichannel_campaign_request_estimate import SendMultichannelCampaignRequestEstimate
from smscx_client.model.send_multichannel_message_request import SendMultichannelMessageRequest
from smscx_client.model.send_multichannel_message_request_estimate import SendMultichannelMessageRequestEstimate
from smscx_client.model.send_sms_campaign_request import SendSmsCampaignRequest
from smscx_client.model.send_sms_campaign_request_estimate import SendSmsCampaignRequestEstimate
from smscx_client.model.send_sms_request_estimate import SendSmsRequestEstimate
from smscx_client.model.send_viber_campaign_request import SendViberCampaignRequest
from smscx_client.model.send_viber_campaign_request_estimate import SendViberCampaignRequestEstimate
from smscx_client.model.send_viber_message_request import SendViberMessageRequest
from smscx_client.model.send_viber_message_request_estimate import SendViberMessageRequestEstimate
from smscx_client.model.send_whatsapp_message_request import SendWhatsappMessageRequest
from smscx_client.model.send_whatsapp_message_request_estimate import SendWhatsappMessageRequestEstimate
from smscx_client.model.shortlink_new_request import ShortlinkNewRequest
from smscx_client.model.shortlink_update_request import ShortlinkUpdateRequest
from smscx_client.model.strategy import Strategy
from smscx_client.model.templates_new_request import TemplatesNewRequest
from smscx_client.model.templates_update_request import TemplatesUpdateRequest
from smscx_client.model.transliteration import Transliteration
from smscx_client.model.update_number_request import UpdateNumberRequest
from tests.patience import HANG_S

from heliograph.protocols import smscx
from heliograph.protocols.smscx import AsyncClient, Client
from heliograph.protocols.smscx.door.operations import OPERATIONS
from heliograph.protocols.smscx.errors import SmscxException

from .conftest import Published, request

ID = "0190e6a5-7c1e-7000-8000-000000000001"
VIBER: dict[str, Any] = {"_from": "Acme", "template_id": 5, "to": ["+336"], "allow_invalid": True, "track_data": ID}
OUR_VIBER: dict[str, Any] = {"from_": "Acme", "template_id": 5, "to": ["+336"], "allow_invalid": True, "track_data": ID}
STEPS = [("viber", {"template_id": 5}), ("sms", {"text": "Hello"})]
PAGE: dict[str, Any] = {"limit": 7, "next": "n", "previous": "p"}
HITS: dict[str, Any] = {"short_response": True, **PAGE}
PERIOD = {"period": "2026-01", "start_date": "", "end_date": ""}


class Recorded(NamedTuple):
    method: str
    path: str
    query: dict[str, str]
    body: Any
    key: str | None
    authorization: str | None
    content_type: str | None
    accept: str | None


class Recorder:
    """Stands where SMS.CX would, keeps each request, and refuses it."""

    def __init__(self) -> None:
        self.requests: SimpleQueue[Recorded] = SimpleQueue()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                content = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                parts = urlsplit(self.path)
                form = "form" in (self.headers["Content-Type"] or "")
                outer.requests.put(
                    Recorded(
                        self.command,
                        parts.path,
                        dict(parse_qsl(parts.query, keep_blank_values=True)),
                        dict(parse_qsl(content.decode())) if form else json.loads(content) if content else None,
                        self.headers["X-API-KEY"],
                        self.headers["Authorization"],
                        self.headers["Content-Type"] if content else None,
                        self.headers["Accept"],
                    )
                )
                refusal = b'{"error": {"type": "invalid_request", "code": 1, "message": "Recorded.", "uri": ""}}'
                self.send_response(400)
                self.send_header("Content-Length", str(len(refusal)))
                self.end_headers()
                self.wfile.write(refusal)

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    recorder = Recorder()
    yield recorder
    recorder.close()


Theirs = Callable[[Published], Any]
Ours = Callable[[Any], Any]

SAME: dict[str, tuple[Theirs, Ours]] = {
    "get_applications_list": (
        lambda c: c.applications.get_applications_list(),
        lambda c: c.get_applications_list(),
    ),
    "get_scopes": (lambda c: c.applications.get_scopes(), lambda c: c.get_scopes()),
    "get_application_settings": (
        lambda c: c.applications.get_application_settings("a b"),
        lambda c: c.get_application_settings("a b"),
    ),
    "get_account_balance": (lambda c: c.account.get_account_balance(), lambda c: c.get_account_balance()),
    "get_channels_status": (lambda c: c.account.get_channels_status(), lambda c: c.get_channels_status()),
    "get_channel_pricing": (
        lambda c: c.account.get_channel_pricing("sms", "2way"),
        lambda c: c.get_channel_pricing("sms", "2way"),
    ),
    "get_channel_pricing_by_country_iso": (
        lambda c: c.account.get_channel_pricing_by_country_iso("sms", "2way", "FR"),
        lambda c: c.get_channel_pricing_by_country_iso("sms", "2way", "FR"),
    ),
    "get_originators_list": (lambda c: c.originators.get_originators_list(), lambda c: c.get_originators_list()),
    "create_originator": (
        lambda c: c.originators.create_originator(OriginatorNewRequest(originator="Acme")),
        lambda c: c.create_originator("Acme"),
    ),
    "delete_originator": (lambda c: c.originators.delete_originator(5), lambda c: c.delete_originator(5)),
    "get_templates_list": (lambda c: c.templates.get_templates_list(), lambda c: c.get_templates_list()),
    "create_template": (
        lambda c: c.templates.create_template(
            TemplatesNewRequest(
                name="Name",
                text="Text",
                channel="viber",
                rich_media=RichMedia(image_url="http://i/", button_caption="Go", target_url="http://t/"),
            )
        ),
        lambda c: c.create_template(
            smscx.NewTemplate(
                name="Name",
                text="Text",
                channel="viber",
                rich_media=smscx.RichMedia(image_url="http://i/", button_caption="Go", target_url="http://t/"),
            )
        ),
    ),
    "get_template": (lambda c: c.templates.get_template(5), lambda c: c.get_template(5)),
    "update_template": (
        lambda c: c.templates.update_template(5, TemplatesUpdateRequest(name="Name", text="Text")),
        lambda c: c.update_template(5, smscx.UpdateTemplate(name="Name", text="Text")),
    ),
    "delete_template": (lambda c: c.templates.delete_template(5), lambda c: c.delete_template(5)),
    "get_groups_list": (lambda c: c.groups.get_groups_list(), lambda c: c.get_groups_list()),
    "create_group": (
        lambda c: c.groups.create_group(NewGroupRequest(name="Name")),
        lambda c: c.create_group("Name"),
    ),
    "export_group_to_csv": (lambda c: c.groups.export_group_to_csv(5), lambda c: c.export_group_to_csv(5)),
    "export_group_to_xlsx": (lambda c: c.groups.export_group_to_xlsx(5), lambda c: c.export_group_to_xlsx(5)),
    "empty_group": (lambda c: c.groups.empty_group(5), lambda c: c.empty_group(5)),
    "get_group_details": (
        lambda c: c.groups.get_group_details(5, short_response=True, limit=7, next="n", previous="p"),
        lambda c: c.get_group_details(5, short_response=True, limit=7, next="n", previous="p"),
    ),
    "add_contacts_to_group": (
        lambda c: c.groups.add_contacts_to_group(
            5, AddContactsToGroupRequest(phone_numbers=["+336"], country_iso="FR", allow_invalid=True)
        ),
        lambda c: c.add_contacts_to_group(
            5, smscx.AddContacts(phone_numbers=["+336"], country_iso="FR", allow_invalid=True)
        ),
    ),
    "delete_group": (lambda c: c.groups.delete_group(5), lambda c: c.delete_group(5)),
    "update_contact_from_group": (
        lambda c: c.groups.update_contact_from_group(5, ID, UpdateNumberRequest(first_name="Ada", field1="x")),
        lambda c: c.update_contact_from_group(5, ID, smscx.UpdateContact(first_name="Ada", field1="x")),
    ),
    "delete_contact_from_group": (
        lambda c: c.groups.delete_contact_from_group(5, ID),
        lambda c: c.delete_contact_from_group(5, ID),
    ),
    "export_optouts_to_csv": (lambda c: c.optouts.export_optouts_to_csv(), lambda c: c.export_optouts_to_csv()),
    "export_optouts_to_xlsx": (lambda c: c.optouts.export_optouts_to_xlsx(), lambda c: c.export_optouts_to_xlsx()),
    "get_optouts_list": (
        lambda c: c.optouts.get_optouts_list(limit=7, next="n"),
        lambda c: c.get_optouts_list(limit=7, next="n"),
    ),
    "add_contact_to_optouts_list": (
        lambda c: c.optouts.add_contact_to_optouts_list(
            AddContactsToGroupRequest(phone_numbers=["+336"], allow_invalid=False)
        ),
        lambda c: c.add_contact_to_optouts_list(smscx.AddContacts(phone_numbers=["+336"], allow_invalid=False)),
    ),
    "delete_contact_from_optouts_list": (
        lambda c: c.optouts.delete_contact_from_optouts_list(5),
        lambda c: c.delete_contact_from_optouts_list(5),
    ),
    "send_sms": (
        lambda c: c.sms.send_sms(
            request(
                "+336",
                "06",
                country_iso="FR",
                allow_invalid=True,
                is_utc=False,
                dlr_callback_url="http://c/",
                short_response=True,
                no_text_details=True,
                show_timezone=True,
                idempotency_id=ID,
                track_data=ID,
                transliteration=Transliteration(alphabet="GREEK", remove_emojis=True),
            )
        ),
        lambda c: c.send_sms(
            smscx.SmsRequest(
                from_="Acme",
                text="Hello",
                to=["+336", "06"],
                country_iso="FR",
                allow_invalid=True,
                is_utc=False,
                dlr_callback_url="http://c/",
                short_response=True,
                no_text_details=True,
                show_timezone=True,
                idempotency_id=ID,
                track_data=ID,
                transliteration=smscx.Transliteration(alphabet="GREEK", remove_emojis=True),
            )
        ),
    ),
    "estimate_sms": (
        lambda c: c.sms.estimate_sms(SendSmsRequestEstimate(to=["+336"], _from="Acme", text="Hello")),
        lambda c: c.estimate_sms(smscx.SmsRequest(from_="Acme", text="Hello", to=["+336"])),
    ),
    "send_sms_campaign": (
        lambda c: c.sms.send_sms_campaign(SendSmsCampaignRequest(groups=[1, 2], _from="Acme", text="Hello")),
        lambda c: c.send_sms_campaign(smscx.CampaignRequest(from_="Acme", text="Hello", groups=[1, 2])),
    ),
    "estimate_sms_campaign": (
        lambda c: c.sms.estimate_sms_campaign(SendSmsCampaignRequestEstimate(groups=[1], _from="Acme", text="Hello")),
        lambda c: c.estimate_sms_campaign(smscx.CampaignRequest(from_="Acme", text="Hello", groups=[1])),
    ),
    "delete_scheduled_sms_campaign": (
        lambda c: c.sms.delete_scheduled_sms_campaign(ID),
        lambda c: c.delete_scheduled_sms_campaign(ID),
    ),
    "delete_scheduled_sms": (lambda c: c.sms.delete_scheduled_sms(ID), lambda c: c.delete_scheduled_sms(ID)),
    "export_advanced_report_to_csv": (
        lambda c: c.reports.export_advanced_report_to_csv(**PERIOD, channel="sms"),
        lambda c: c.export_advanced_report_to_csv(**PERIOD, channel="sms"),
    ),
    "export_advanced_report_to_xlsx": (
        lambda c: c.reports.export_advanced_report_to_xlsx(**PERIOD, country_iso="FR"),
        lambda c: c.export_advanced_report_to_xlsx(**PERIOD, country_iso="FR"),
    ),
    "get_advanced_report": (
        lambda c: c.reports.get_advanced_report(
            **PERIOD, source="api", delivery_report="sent", short_response=True, limit=5, previous="p"
        ),
        lambda c: c.get_advanced_report(
            **PERIOD, source="api", delivery_report="sent", short_response=True, limit=5, previous="p"
        ),
    ),
    "get_campaigns_list": (
        lambda c: c.reports.get_campaigns_list(delivery_reports=True, source="api", limit=5),
        lambda c: c.get_campaigns_list(delivery_reports=True, source="api", limit=5),
    ),
    "export_campaign_report_to_csv": (
        lambda c: c.reports.export_campaign_report_to_csv(ID),
        lambda c: c.export_campaign_report_to_csv(ID),
    ),
    "export_campaign_report_to_xlsx": (
        lambda c: c.reports.export_campaign_report_to_xlsx(ID),
        lambda c: c.export_campaign_report_to_xlsx(ID),
    ),
    "get_campaign_report": (
        lambda c: c.reports.get_campaign_report(ID, short_response=False, limit=5),
        lambda c: c.get_campaign_report(ID, short_response=False, limit=5),
    ),
    "get_single_report": (lambda c: c.reports.get_single_report(ID), lambda c: c.get_single_report(ID)),
    "get_summary_reports": (
        lambda c: c.reports.get_summary_reports("country", **PERIOD),
        lambda c: c.get_summary_reports("country", **PERIOD),
    ),
    "send_viber_message": (
        lambda c: c.viber.send_viber_message(SendViberMessageRequest(**VIBER)),
        lambda c: c.send_viber_message(smscx.TemplateRequest(**OUR_VIBER)),
    ),
    "estimate_viber_message": (
        lambda c: c.viber.estimate_viber_message(SendViberMessageRequestEstimate(**VIBER)),
        lambda c: c.estimate_viber_message(smscx.TemplateRequest(**OUR_VIBER)),
    ),
    "delete_scheduled_viber_message": (
        lambda c: c.viber.delete_scheduled_viber_message(ID),
        lambda c: c.delete_scheduled_viber_message(ID),
    ),
    "send_viber_campaign": (
        lambda c: c.viber.send_viber_campaign(SendViberCampaignRequest(_from="Acme", template_id=5, groups=[1, 2])),
        lambda c: c.send_viber_campaign(smscx.TemplateCampaignRequest(from_="Acme", template_id=5, groups=[1, 2])),
    ),
    "estimate_viber_campaign": (
        lambda c: c.viber.estimate_viber_campaign(
            SendViberCampaignRequestEstimate(_from="Acme", template_id=5, groups=[1, 2])
        ),
        lambda c: c.estimate_viber_campaign(smscx.TemplateCampaignRequest(from_="Acme", template_id=5, groups=[1, 2])),
    ),
    "delete_scheduled_viber_campaign": (
        lambda c: c.viber.delete_scheduled_viber_campaign(ID),
        lambda c: c.delete_scheduled_viber_campaign(ID),
    ),
    "send_whatsapp_message": (
        lambda c: c.whatsapp.send_whatsapp_message(SendWhatsappMessageRequest(**VIBER)),
        lambda c: c.send_whatsapp_message(smscx.TemplateRequest(**OUR_VIBER)),
    ),
    "estimate_whatsapp_message": (
        lambda c: c.whatsapp.estimate_whatsapp_message(SendWhatsappMessageRequestEstimate(**VIBER)),
        lambda c: c.estimate_whatsapp_message(smscx.TemplateRequest(**OUR_VIBER)),
    ),
    "delete_scheduled_whatsapp_message": (
        lambda c: c.whatsapp.delete_scheduled_whatsapp_message(ID),
        lambda c: c.delete_scheduled_whatsapp_message(ID),
    ),
    "send_multichannel_message": (
        lambda c: c.multichannel.send_multichannel_message(
            SendMultichannelMessageRequest(
                _from="Acme",
                ttl=600,
                strategy=[Strategy(channel=channel, **step) for channel, step in STEPS],
                to=["+336"],
            )
        ),
        lambda c: c.send_multichannel_message(
            smscx.MultichannelRequest(
                from_="Acme",
                ttl=600,
                strategy=[smscx.StrategyStep(channel=channel, **step) for channel, step in STEPS],
                to=["+336"],
            )
        ),
    ),
    "estimate_multichannel_message": (
        lambda c: c.multichannel.estimate_multichannel_message(
            SendMultichannelMessageRequestEstimate(
                _from="Acme",
                ttl=600,
                strategy=[Strategy(channel=channel, **step) for channel, step in STEPS],
                to=["+336"],
            )
        ),
        lambda c: c.estimate_multichannel_message(
            smscx.MultichannelRequest(
                from_="Acme",
                ttl=600,
                strategy=[smscx.StrategyStep(channel=channel, **step) for channel, step in STEPS],
                to=["+336"],
            )
        ),
    ),
    "delete_scheduled_multichannel_message": (
        lambda c: c.multichannel.delete_scheduled_multichannel_message(ID),
        lambda c: c.delete_scheduled_multichannel_message(ID),
    ),
    "send_multichannel_campaign": (
        lambda c: c.multichannel.send_multichannel_campaign(
            SendMultichannelCampaignRequest(
                _from="Acme",
                ttl=600,
                strategy=[Strategy(channel=channel, **step) for channel, step in STEPS],
                groups=[1, 2],
            )
        ),
        lambda c: c.send_multichannel_campaign(
            smscx.MultichannelCampaignRequest(
                from_="Acme",
                ttl=600,
                strategy=[smscx.StrategyStep(channel=channel, **step) for channel, step in STEPS],
                groups=[1, 2],
            )
        ),
    ),
    "estimate_multichannel_campaign": (
        lambda c: c.multichannel.estimate_multichannel_campaign(
            SendMultichannelCampaignRequestEstimate(
                _from="Acme",
                ttl=600,
                strategy=[Strategy(channel=channel, **step) for channel, step in STEPS],
                groups=[1, 2],
            )
        ),
        lambda c: c.estimate_multichannel_campaign(
            smscx.MultichannelCampaignRequest(
                from_="Acme",
                ttl=600,
                strategy=[smscx.StrategyStep(channel=channel, **step) for channel, step in STEPS],
                groups=[1, 2],
            )
        ),
    ),
    "delete_scheduled_multichannel_campaign": (
        lambda c: c.multichannel.delete_scheduled_multichannel_campaign(ID),
        lambda c: c.delete_scheduled_multichannel_campaign(ID),
    ),
    "new_otp": (
        lambda c: c.otp.new_otp(
            NewOtpRequest(
                phone_number="06",
                country_iso="FR",
                _from="Acme",
                template="{{pin}}",
                track_id=ID,
                ttl=90,
                max_attempts=2,
                pin_type="letters",
                pin_length=5,
                otp_callback_url="http://c/",
            )
        ),
        lambda c: c.new_otp(
            smscx.NewOtp(
                phone_number="06",
                country_iso="FR",
                from_="Acme",
                template="{{pin}}",
                track_id=ID,
                ttl=90,
                max_attempts=2,
                pin_type="letters",
                pin_length=5,
                otp_callback_url="http://c/",
            )
        ),
    ),
    "get_otp_status": (
        lambda c: c.otp.get_otp_status(ID),
        lambda c: c.get_otp_status(ID),
    ),
    "cancel_otp": (
        lambda c: c.otp.cancel_otp(ID),
        lambda c: c.cancel_otp(ID),
    ),
    "verify_otp": (
        lambda c: c.otp.verify_otp(ID, "1234"),
        lambda c: c.verify_otp(ID, "1234"),
    ),
    "validate_number": (
        lambda c: c.numbers.validate_number("+336 12"),
        lambda c: c.validate_number("+336 12"),
    ),
    "lookup_number": (
        lambda c: c.numbers.lookup_number("+336 12"),
        lambda c: c.lookup_number("+336 12"),
    ),
    "validate_numbers": (
        lambda c: c.numbers.validate_numbers(NumbersValidateRequest(phone_numbers=["06"], country_iso="FR")),
        lambda c: c.validate_numbers(smscx.ManyNumbers(phone_numbers=["06"], country_iso="FR")),
    ),
    "lookup_numbers": (
        lambda c: c.numbers.lookup_numbers(
            NumbersLookupRequest(phone_numbers=["06"], country_iso="FR", lookup_callback_url="http://c/")
        ),
        lambda c: c.lookup_numbers(
            smscx.LookupRequest(phone_numbers=["06"], country_iso="FR", lookup_callback_url="http://c/")
        ),
    ),
    "get_bulk_lookup_campaigns": (
        lambda c: c.numbers.get_bulk_lookup_campaigns(**PAGE),
        lambda c: c.get_bulk_lookup_campaigns(**PAGE),
    ),
    "get_bulk_lookup_status": (
        lambda c: c.numbers.get_bulk_lookup_status(ID, **PAGE),
        lambda c: c.get_bulk_lookup_status(ID, **PAGE),
    ),
    "get_inbound_sms": (
        lambda c: c.numbers.get_inbound_sms(ID, **PAGE),
        lambda c: c.get_inbound_sms(ID, **PAGE),
    ),
    "get_single_lookup_status": (
        lambda c: c.numbers.get_single_lookup_status(ID),
        lambda c: c.get_single_lookup_status(ID),
    ),
    "export_number_lookup_report_to_csv": (
        lambda c: c.numbers.export_number_lookup_report_to_csv(ID),
        lambda c: c.export_number_lookup_report_to_csv(ID),
    ),
    "export_number_lookup_report_to_xlsx": (
        lambda c: c.numbers.export_number_lookup_report_to_xlsx(ID),
        lambda c: c.export_number_lookup_report_to_xlsx(ID),
    ),
    "get_rent_status": (
        lambda c: c.numbers.get_rent_status(ID),
        lambda c: c.get_rent_status(ID),
    ),
    "cancel_rent": (
        lambda c: c.numbers.cancel_rent(ID),
        lambda c: c.cancel_rent(ID),
    ),
    "get_available_numbers": (
        lambda c: c.numbers.get_available_numbers(
            "FR", features=1, number_type="mobile", inbound_sms_sender=True, setup_time="instant", registration=False
        ),
        lambda c: c.get_available_numbers(
            "FR", features=1, number_type="mobile", inbound_sms_sender=True, setup_time="instant", registration=False
        ),
    ),
    "get_rented_numbers": (
        lambda c: c.numbers.get_rented_numbers(
            features=1, number_type="mobile", inbound_sms_sender=True, country_iso="FR", active_rent=True
        ),
        lambda c: c.get_rented_numbers(
            features=1, number_type="mobile", inbound_sms_sender=True, country_iso="FR", active_rent=True
        ),
    ),
    "rent_number": (
        lambda c: c.numbers.rent_number(
            RentNumberRequest(
                number_id=ID, rent_period=7, auto_renew=True, callback_url="http://c/", registration_id=ID
            )
        ),
        lambda c: c.rent_number(
            smscx.RentRequest(
                number_id=ID, rent_period=7, auto_renew=True, callback_url="http://c/", registration_id=ID
            )
        ),
    ),
    "renew_rent": (
        lambda c: c.numbers.renew_rent(ID, renew_rent_request=RenewRentRequest(rent_period=30, auto_renew=False)),
        lambda c: c.renew_rent(ID, smscx.RenewRequest(rent_period=30, auto_renew=False)),
    ),
    "edit_rent_settings": (
        lambda c: c.numbers.edit_rent_settings(
            ID, edit_rent_request=EditRentRequest(auto_renew=True, callback_url=None)
        ),
        lambda c: c.edit_rent_settings(ID, smscx.RentSettings(auto_renew=True, callback_url=None)),
    ),
    "get_shortlinks_list": (
        lambda c: c.shortlinks.get_shortlinks_list(),
        lambda c: c.get_shortlinks_list(),
    ),
    "create_shortlink": (
        lambda c: c.shortlinks.create_shortlink(ShortlinkNewRequest(url="http://t/", name="Name")),
        lambda c: c.create_shortlink(smscx.NewShortlink(url="http://t/", name="Name")),
    ),
    "update_shortlink": (
        lambda c: c.shortlinks.update_shortlink("bVc", ShortlinkUpdateRequest(url="http://t/", name="Name")),
        lambda c: c.update_shortlink("bVc", smscx.UpdateShortlink(url="http://t/", name="Name")),
    ),
    "delete_shortlink": (
        lambda c: c.shortlinks.delete_shortlink("bVc"),
        lambda c: c.delete_shortlink("bVc"),
    ),
    "export_shortlink_hits_to_csv": (
        lambda c: c.shortlinks.export_shortlink_hits_to_csv("bVc"),
        lambda c: c.export_shortlink_hits_to_csv("bVc"),
    ),
    "export_shortlink_hits_to_xlsx": (
        lambda c: c.shortlinks.export_shortlink_hits_to_xlsx("bVc"),
        lambda c: c.export_shortlink_hits_to_xlsx("bVc"),
    ),
    "get_shortlink_hits": (
        lambda c: c.shortlinks.get_shortlink_hits("bVc", **HITS),
        lambda c: c.get_shortlink_hits("bVc", **HITS),
    ),
    "get_attachments_list": (
        lambda c: c.attachments.get_attachments_list(),
        lambda c: c.get_attachments_list(),
    ),
    "delete_attachment": (
        lambda c: c.attachments.delete_attachment("bVc"),
        lambda c: c.delete_attachment("bVc"),
    ),
    "export_attachment_hits_to_csv": (
        lambda c: c.attachments.export_attachment_hits_to_csv("bVc"),
        lambda c: c.export_attachment_hits_to_csv("bVc"),
    ),
    "export_attachment_hits_to_xlsx": (
        lambda c: c.attachments.export_attachment_hits_to_xlsx("bVc"),
        lambda c: c.export_attachment_hits_to_xlsx("bVc"),
    ),
    "get_attachment_hits": (
        lambda c: c.attachments.get_attachment_hits("bVc", **HITS),
        lambda c: c.get_attachment_hits("bVc", **HITS),
    ),
    "get_converstions_list": (
        lambda c: c.conversations.get_converstions_list(),
        lambda c: c.get_converstions_list(),
    ),
    "get_conversation": (
        lambda c: c.conversations.get_conversation(ID),
        lambda c: c.get_conversation(ID),
    ),
    "mark_conversation_as_read": (
        lambda c: c.conversations.mark_conversation_as_read(ID),
        lambda c: c.mark_conversation_as_read(ID),
    ),
    "send_conversation_reply_sms": (
        lambda c: c.conversations.send_conversation_reply_sms(ID, ConversationReplySmsRequest(text="Hi")),
        lambda c: c.send_conversation_reply_sms(ID, smscx.SmsReply(text="Hi")),
    ),
    "send_conversation_reply_viber": (
        lambda c: c.conversations.send_conversation_reply_viber(
            ID, ConversationReplyViberRequest(text="Hi", rich_media={"imageUrl": "http://i/"})
        ),
        lambda c: c.send_conversation_reply_viber(ID, smscx.RichReply(text="Hi", rich_media={"imageUrl": "http://i/"})),
    ),
    "send_conversation_reply_whatsapp": (
        lambda c: c.conversations.send_conversation_reply_whatsapp(
            ID, ConversationReplyWhatsappRequest(text="Hi", rich_media={"imageUrl": "http://i/"})
        ),
        lambda c: c.send_conversation_reply_whatsapp(
            ID, smscx.RichReply(text="Hi", rich_media={"imageUrl": "http://i/"})
        ),
    ),
    "add_contacts_to_group_with_fields": (
        lambda c: c.groups.add_contacts_to_group_with_fields(
            5,
            AddContactsToGroupWithFieldsRequest(
                phone_numbers=[GroupAdd(phone_number="+336", first_name="Ada", field5="x", country_iso="FR")],
                allow_invalid=True,
            ),
        ),
        lambda c: c.add_contacts_to_group(
            5,
            smscx.AddContacts(
                phone_numbers=[smscx.GroupContact(phone_number="+336", first_name="Ada", field5="x", country_iso="FR")],
                allow_invalid=True,
            ),
        ),
    ),
}


def test_no_operation_is_left_out() -> None:
    names = {operation.name for operation in OPERATIONS} - {"get_access_token"}

    assert names <= SAME.keys()
    assert all(hasattr(AsyncClient, name) and hasattr(Client, name) for name in {*names, "get_access_token"})


@pytest.mark.parametrize("name", SAME)
def test_both_clients_write_the_same(recorder: Recorder, name: str) -> None:
    their_call, our_call = SAME[name]
    theirs, ours = Published(recorder.host, api_key="key"), Client("key", host=recorder.host)
    with pytest.raises(ApiException):
        their_call(theirs)
    with pytest.raises(SmscxException):
        our_call(ours)
    theirs.close()
    ours.close()

    their_request, our_request = recorder.requests.get(timeout=HANG_S), recorder.requests.get(timeout=HANG_S)

    # What theirs leaves out is the default on the server (reference: the models' defaults).
    usual = {"limit": "500", "short_response": "False", "delivery_reports": "False"}
    stripped = {key: value for key, value in our_request.query.items() if usual.get(key) != value}
    expected = {key: value for key, value in their_request.query.items() if usual.get(key) != value}
    assert stripped == expected
    assert our_request._replace(query={}) == their_request._replace(query={})


def test_both_clients_ask_for_a_token_alike(recorder: Recorder) -> None:
    theirs = Published(recorder.host, username="app", password="secret")
    ours = Client(application_id="app", application_secret="secret", host=recorder.host)
    with pytest.raises(ApiException):
        theirs.oauth.get_access_token("client_credentials", scope="sms groups")
    with pytest.raises(SmscxException):
        ours.get_access_token("sms groups")
    theirs.close()
    ours.close()

    assert recorder.requests.get(timeout=HANG_S) == recorder.requests.get(timeout=HANG_S)

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
from smscx_client.model.group_add import GroupAdd
from smscx_client.model.new_group_request import NewGroupRequest
from smscx_client.model.originator_new_request import OriginatorNewRequest
from smscx_client.model.rich_media import RichMedia
from smscx_client.model.send_sms_campaign_request import SendSmsCampaignRequest
from smscx_client.model.send_sms_campaign_request_estimate import SendSmsCampaignRequestEstimate
from smscx_client.model.send_sms_request_estimate import SendSmsRequestEstimate
from smscx_client.model.templates_new_request import TemplatesNewRequest
from smscx_client.model.templates_update_request import TemplatesUpdateRequest
from smscx_client.model.transliteration import Transliteration
from smscx_client.model.update_number_request import UpdateNumberRequest

from heliograph.protocols import smscx
from heliograph.protocols.smscx import AsyncClient, Client
from heliograph.protocols.smscx.errors import SmscxException
from heliograph.protocols.smscx.operations import OPERATIONS

from .conftest import Published, request

ID = "0190e6a5-7c1e-7000-8000-000000000001"
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

    their_request, our_request = recorder.requests.get(timeout=5), recorder.requests.get(timeout=5)

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

    assert recorder.requests.get(timeout=5) == recorder.requests.get(timeout=5)

"""Every listing of the door, read by the published client over an account that other doors have written to, too: with
all that they take and SMS.CX has no words for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx2
import pytest
from smscx_client.model.add_contacts_to_group_request import AddContactsToGroupRequest
from smscx_client.model.new_otp_request import NewOtpRequest
from smscx_client.model.numbers_lookup_request import NumbersLookupRequest
from smscx_client.model.originator_new_request import OriginatorNewRequest
from smscx_client.model.rent_number_request import RentNumberRequest
from smscx_client.model.rich_media import RichMedia
from smscx_client.model.send_multichannel_campaign_request import SendMultichannelCampaignRequest
from smscx_client.model.send_sms_campaign_request import SendSmsCampaignRequest
from smscx_client.model.shortlink_new_request import ShortlinkNewRequest
from smscx_client.model.strategy import Strategy

from heliograph.api import wire
from heliograph.protocols import isendpro, smsdrop, xms
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door.operations import OPERATIONS
from heliograph.protocols.twilio.client import Client as Twilio

from .conftest import Published, template

if TYPE_CHECKING:
    from tests.conftest import Server, StartServer

    from heliograph import Client

TRACK = "0190e6a5-7c1e-4000-8000-00000000000a"
LATER = datetime.now(UTC) + timedelta(hours=5)
PRICES = '{"sms": {"default": 0.05}, "viber": {"FR": 0.01}, "whatsapp": {"default": 0.02}, "lookup": {"FR": 0.005}}'
#: One of each that the native API takes: names, numbers, short codes, and none.
ORIGINATORS = [None, "A", "A!", "A & B. Co", "Acme", "+33612000000", "+123456789012345", "123", "12345678"]
#: How a message to each of these ends (sandbox/outcomes.py), and where it is not sent to.
OUTCOMES = ["+9990001", "+9991001", "+9992001", "+9993001", "+9995001", "+9997001"]
BROWSERS = ["", "x" * 2000, "Mozilla/5.0 (Linux; Android 14; SM-X700) AppleWebKit/537.36 Safari/537.36", "curl/8"]


class World(NamedTuple):
    """What there is to be read."""

    client: Published
    messages: list[str]
    campaigns: list[str]
    otps: list[str]
    lookups: list[str]
    jobs: list[str]
    rents: list[str]
    shortlinks: list[str]
    attachments: list[str]
    templates: list[int]
    applications: list[str]

    @property
    def groups(self) -> list[int]:
        return [row.id for row in self.client.groups.get_groups_list().data]

    @property
    def conversations(self) -> list[str]:
        return [row.conversation_id for row in self.client.conversations.get_converstions_list().data]


def number_of(place: int) -> str:
    """Who the native API writes to from each originator."""
    return f"+3361200{place:04d}"


def native(client: Client) -> None:
    """What the native API takes, of every kind."""
    for place, originator in enumerate(ORIGINATORS):
        client.messages.send(to=number_of(place), text="Hello", originator=originator)
    for number in OUTCOMES:
        sent = client.messages.send(to=number, text="Hello", fallbacks=[])
        if not number.startswith("+9995"):
            client.messages.wait_for_delivery(sent.id)
    client.messages.send(to=OUTCOMES[0], data=b"\0\xff", udh=b"\x05\x00\x03\x01\x02\x01")
    client.messages.send(to=OUTCOMES[0], text="Привет 😀" * 50, flash=True, client_reference="not a UUID")
    client.messages.send(to="+33612009999", text="x" * 2000, max_parts=255, truncate=True)
    client.batches.send(to=OUTCOMES[:2], text="${who}", parameters={"who": {OUTCOMES[0]: ""}}, title="")
    client.batches.send(to=["+33612001001", "+447400123456"], text="Hi", channel="viber")
    legs = [wire.Fallback(channel="viber", text="By Viber"), wire.Fallback(channel="whatsapp", text="By WhatsApp")]
    client.batches.send(to=[OUTCOMES[5], "+33612001002"], text="First by SMS", fallbacks=legs)
    later = client.batches.send(to=["+33612001003", "+33612001004"], text="Later", send_at=LATER)
    client.batches.send(to=["+33612001005"], text="Later still", send_at=LATER, marketing=True)
    client.batches.pause(client.batches.send(to=["+33612001006"], text="Paused", send_at=LATER).id)
    for name in (None, "A", "x" * 100, "Ünïcode 😀", "  "):
        group = client.groups.create(name=name, members=["+33612001007"])
        odd = wire.NewContact(number="+9990009", first_name="", fields={"a b": "", "field1": "1"})
        client.contacts.add(group.id, [odd])
        client.batches.send(groups=[group.id], text="Hello", send_at=LATER)
        client.batches.send(groups=[group.id], text="Hello")
    client.batches.send(groups=[client.groups.create().id], text="To nobody")
    client.batches.cancel(later.id)
    for channel in ("sms", "viber", "whatsapp"):
        client.templates.create("x" * 1000, channel=channel)


def written(client: Client) -> None:
    """What phones wrote, and people asked for."""
    for place, channel in enumerate(("sms", "viber", "whatsapp")):
        for to in ("Acme", "12345", "+33612000000"):
            client.sandbox.reply(f"+3361300000{place}", to=to, text="?", channel=channel)
            client.sandbox.reply("+9990010", to=to, text="😀" * 200, channel=channel)
    client.sandbox.reply("+33613000009", to="Acme", text="STOP")
    client.optouts.add("+9990011")
    for each in client.conversations.list():
        client.conversations.reply(each.id, "Answer")


def by_other_doors(server: Server) -> None:
    """A message by each of them, to a number, and to one that nothing is known of."""
    ready = server.ready["protocols"]
    numbers = ["+33614000001", OUTCOMES[1], OUTCOMES[2], OUTCOMES[4]]
    plan = ready["xms"]
    with xms.Client(plan["service_plan_id"], plan["token"], plan["endpoint"]) as sinch:
        for number in numbers:
            sinch.create_text_message("A", number, "By XMS")
            sinch.create_binary_message("12345", number, b"\5\0\3\1\1\1", b"\xff")
    account = ready["twilio"]
    with Twilio(account["account_sid"], account["auth_token"], account["base_url"]) as caller:
        for number in numbers:
            caller.create_message(number, body="By Twilio", from_="AB")
    with smsdrop.Client(ready["smsdrop"]["email"], ready["smsdrop"]["password"], ready["smsdrop"]["context"]) as drop:
        for number in numbers:
            drop.send_message("By smsdrop", "Acme", number)
    with isendpro.Client(ready["isendpro"]["keyid"], ready["isendpro"]["host"]) as pro:
        pro.send_sms(numbers[0], "Bonjour", emetteur="Acme")


def smscx(client: Published, viber: int) -> None:
    """Campaigns of every kind, and what was taken back."""
    group = client.group("Everybody", "+33615000001", "+33615000002", *OUTCOMES)
    steps = [Strategy(channel="viber", template_id=viber), Strategy(channel="sms", text="By SMS")]
    for when in ({}, {"scheduled_date": LATER}):
        text = SendSmsCampaignRequest(groups=[group], _from="Acme", text="Hi {{firstName}}{{optoutLink}}", **when)
        client.sms.send_sms_campaign(text)
        client.multichannel.send_multichannel_campaign(
            SendMultichannelCampaignRequest(groups=[group], _from="123", strategy=steps, **when)
        )
    gone = client.send("+33615000003", "+33615000004", scheduled_date=LATER)
    client.sms.delete_scheduled_sms(gone.data[0].msg_id)
    client.sms.delete_scheduled_sms_campaign(gone.info.campaign_id)
    client.groups.empty_group(client.group("Emptied", "+33615000001"))
    client.groups.delete_group(client.group("Deleted", "+33615000001"))
    client.optouts.add_contact_to_optouts_list(AddContactsToGroupRequest(phone_numbers=["+33615000005"]))
    client.originators.create_originator(OriginatorNewRequest(originator="123456789012345"))


def numbers(client: Published, sdk: Client) -> tuple[list[str], list[str], list[str]]:
    """Lookups, jobs of them, and rents."""
    lookups = [to_uuid(sdk.numbers.look_up("+33612345678").id)]
    job = client.numbers.lookup_numbers(NumbersLookupRequest(phone_numbers=["+33612345678", "x"])).info.lookup_bulk_id
    offer = next(each for each in client.numbers.get_available_numbers("FR").data)
    rent = client.numbers.rent_number(RentNumberRequest(number_id=offer.number_id, rent_period=7)).info
    sdk.sandbox.reply("+33616000001", to=rent.phone_number, text="To a rented number")
    return lookups, [job], [rent.rent_id]


def followed(client: Published, sdk: Client) -> tuple[list[str], list[str]]:
    """Short addresses, and files, that browsers of every kind went to."""
    link = client.shortlinks.create_shortlink(ShortlinkNewRequest(url="https://example.org/é?a=1"))
    file = sdk.attachments.upload(b"%PDF-1.4 " + b"x" * 99, "application/pdf")
    sdk.messages.send(to="+33617000001", text="${offer}", links={"offer": link.info.id})
    (shown,) = sdk.sandbox.messages("+33617000001") or [sdk.sandbox.wait_for_message("+33617000001")]
    for address in (link.info.short_url, shown.text, file.url):
        for browser in BROWSERS:
            headers = {"User-Agent": browser, "Referer": "x" * 500, "Accept-Language": browser[:9]}
            httpx2.get(str(address), headers=headers, follow_redirects=False)
    return [link.info.id], [file.id]


@pytest.fixture(scope="module")
def crowded(start_server: StartServer) -> Server:
    return start_server(None, environment={"HELIOGRAPH_PRICES": PRICES})


@pytest.fixture(scope="module")
def nothing(crowded: Server) -> Iterator[World]:
    """An account that has done nothing."""
    ready = crowded.ready["protocols"]["smscx"]
    client = Published(ready["host"], api_key=ready["other"]["api_key"])
    yield World(client, *([] for _ in World._fields[1:]))
    client.close()


@pytest.fixture(scope="module")
def world(crowded: Server) -> Iterator[World]:
    ready = crowded.ready["protocols"]["smscx"]
    client = Published(ready["host"], api_key=ready["api_key"])
    with crowded.client() as sdk:
        media = RichMedia(image_url="https://example.org/a", button_caption="Go", target_url="https://example.org/")
        viber = template(crowded, client, "viber", rich_media=media)
        native(sdk)
        written(sdk)
        by_other_doors(crowded)
        smscx(client, viber)
        lookups, jobs, rents = numbers(client, sdk)
        shortlinks, attachments = followed(client, sdk)
        codes = [sdk.verify.start(to="+33618000001", originator="A", client_reference="mine").id]
        canceled = sdk.verify.start(to="+33618000002", text="${code}" * 30, client_reference=TRACK.upper())
        codes.append(sdk.verify.cancel(canceled.id).id)
        odd = wire.NewApplication(name="", scopes=["sms"], token_lifetime_s=None, settings={"sms": {"dlrCallback": ""}})
        sdk.applications.create(odd)
        yield World(
            client,
            messages=[to_uuid(each.id) for each in sdk.messages.list()],
            campaigns=[to_uuid(each.id) for each in sdk.batches.list()],
            otps=[*map(to_uuid, codes), client.otp.new_otp(NewOtpRequest(phone_number="+33618000003")).otp_id],
            lookups=lookups,
            jobs=jobs,
            rents=rents,
            shortlinks=shortlinks,
            attachments=attachments,
            templates=[each.number for each in sdk.templates.list()],
            applications=[each.id for each in sdk.applications.all()],
        )
    client.close()


YESTERDAY, TOMORROW = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (-1, 1))
PERIOD = {"period": "", "start_date": YESTERDAY, "end_date": TOMORROW}


def pages(read: Callable[..., Any], *which: Any, **query: Any) -> None:
    """A list, there page by page, and back."""
    cursor: str | None = None
    for direction in ("next", "previous"):
        page = read(*which, **query, limit=7, **({direction: cursor} if cursor else {}))
        while (cursor := getattr(page.paging, direction)) is not None:
            page = read(*which, **query, limit=7, **{direction: cursor})


def each(read: Callable[..., Any], which: list[Any], **query: Any) -> None:
    for one in which:
        read(one, **query)


READ: dict[str, Callable[[Published, World], Any]] = {
    "get_applications_list": lambda c, w: c.applications.get_applications_list(),
    "get_scopes": lambda c, w: c.applications.get_scopes(),
    "get_application_settings": lambda c, w: each(c.applications.get_application_settings, w.applications),
    "get_account_balance": lambda c, w: c.account.get_account_balance(),
    "get_channels_status": lambda c, w: c.account.get_channels_status(),
    "get_channel_pricing": lambda c, w: [
        c.account.get_channel_pricing(channel, traffic)
        for channel in ("viber", "whatsapp")
        for traffic in ("transactional", "promotional", "2way")
    ],
    "get_channel_pricing_by_country_iso": lambda c, w: c.account.get_channel_pricing_by_country_iso(
        "viber", "2way", "FR"
    ),
    "get_originators_list": lambda c, w: c.originators.get_originators_list(),
    "get_templates_list": lambda c, w: c.templates.get_templates_list(),
    "get_template": lambda c, w: each(c.templates.get_template, w.templates),
    "get_groups_list": lambda c, w: c.groups.get_groups_list(),
    "get_group_details": lambda c, w: each(lambda one: pages(c.groups.get_group_details, one), w.groups),
    "export_group_to_csv": lambda c, w: each(c.groups.export_group_to_csv, w.groups),
    "export_group_to_xlsx": lambda c, w: each(lambda one: c.groups.export_group_to_xlsx(one).close(), w.groups),
    "empty_group": lambda c, w: each(c.groups.empty_group, w.groups[:1]),
    "get_optouts_list": lambda c, w: pages(c.optouts.get_optouts_list),
    "export_optouts_to_csv": lambda c, w: c.optouts.export_optouts_to_csv(),
    "export_optouts_to_xlsx": lambda c, w: c.optouts.export_optouts_to_xlsx().close(),
    "get_otp_status": lambda c, w: each(c.otp.get_otp_status, w.otps),
    "validate_number": lambda c, w: each(c.numbers.validate_number, ["+33612345678", "+9990001", "+80012345678"]),
    "lookup_number": lambda c, w: c.numbers.lookup_number("+33612345678"),
    "get_bulk_lookup_campaigns": lambda c, w: pages(c.numbers.get_bulk_lookup_campaigns),
    "get_bulk_lookup_status": lambda c, w: each(lambda one: pages(c.numbers.get_bulk_lookup_status, one), w.jobs),
    "get_single_lookup_status": lambda c, w: each(c.numbers.get_single_lookup_status, w.lookups),
    "export_number_lookup_report_to_csv": lambda c, w: each(c.numbers.export_number_lookup_report_to_csv, w.jobs),
    "export_number_lookup_report_to_xlsx": lambda c, w: each(
        lambda one: c.numbers.export_number_lookup_report_to_xlsx(one).close(), w.jobs
    ),
    "get_available_numbers": lambda c, w: each(c.numbers.get_available_numbers, ["FR", "US", "AQ"]),
    "get_rented_numbers": lambda c, w: c.numbers.get_rented_numbers(),
    "get_rent_status": lambda c, w: each(c.numbers.get_rent_status, w.rents),
    "get_inbound_sms": lambda c, w: each(lambda one: pages(c.numbers.get_inbound_sms, one), w.rents),
    "get_shortlinks_list": lambda c, w: c.shortlinks.get_shortlinks_list(),
    "get_shortlink_hits": lambda c, w: each(lambda one: pages(c.shortlinks.get_shortlink_hits, one), w.shortlinks),
    "export_shortlink_hits_to_csv": lambda c, w: each(c.shortlinks.export_shortlink_hits_to_csv, w.shortlinks),
    "export_shortlink_hits_to_xlsx": lambda c, w: each(
        lambda one: c.shortlinks.export_shortlink_hits_to_xlsx(one).close(), w.shortlinks
    ),
    "get_attachments_list": lambda c, w: c.attachments.get_attachments_list(),
    "get_attachment_hits": lambda c, w: each(lambda one: pages(c.attachments.get_attachment_hits, one), w.attachments),
    "export_attachment_hits_to_csv": lambda c, w: each(c.attachments.export_attachment_hits_to_csv, w.attachments),
    "export_attachment_hits_to_xlsx": lambda c, w: each(
        lambda one: c.attachments.export_attachment_hits_to_xlsx(one).close(), w.attachments
    ),
    "get_converstions_list": lambda c, w: c.conversations.get_converstions_list(),
    "get_conversation": lambda c, w: each(c.conversations.get_conversation, w.conversations),
    "mark_conversation_as_read": lambda c, w: each(c.conversations.mark_conversation_as_read, w.conversations),
    "get_advanced_report": lambda c, w: pages(c.reports.get_advanced_report, **PERIOD),
    "export_advanced_report_to_csv": lambda c, w: c.reports.export_advanced_report_to_csv(**PERIOD),
    "export_advanced_report_to_xlsx": lambda c, w: c.reports.export_advanced_report_to_xlsx(**PERIOD).close(),
    "get_campaigns_list": lambda c, w: pages(c.reports.get_campaigns_list, delivery_reports=True),
    "get_campaign_report": lambda c, w: each(lambda one: pages(c.reports.get_campaign_report, one), w.campaigns),
    "export_campaign_report_to_csv": lambda c, w: each(c.reports.export_campaign_report_to_csv, w.campaigns),
    "export_campaign_report_to_xlsx": lambda c, w: each(
        lambda one: c.reports.export_campaign_report_to_xlsx(one).close(), w.campaigns
    ),
    "get_single_report": lambda c, w: each(c.reports.get_single_report, w.messages),
    # Their client can't decode any summary (reference: section 6).
    "get_summary_reports": lambda c, w: [
        c.reports.get_summary_reports(dimension, **PERIOD, _preload_content=False)
        for dimension in ("source", "channel", "country", "traffic", "delivery")
    ],
}


def test_no_listing_is_left_out() -> None:
    assert READ.keys() == {operation.name for operation in OPERATIONS if operation.method == "GET"}


@pytest.mark.parametrize("name", READ)
def test_the_published_client_reads_what_every_door_has_written(world: World, name: str) -> None:
    READ[name](world.client, world)


@pytest.mark.parametrize("name", READ)
def test_the_published_client_reads_what_an_account_has_that_did_nothing(nothing: World, name: str) -> None:
    READ[name](nothing.client, nothing)


def test_short_names_are_shown_as_they_are_but_for_blanks(world: World) -> None:
    shown = {row.to: row._from for row in world.client.reports.get_advanced_report(**PERIOD, limit=500).data}

    expected = [(originator or "Heliograph").removeprefix("+") for originator in ORIGINATORS]
    assert [shown[number_of(place)].rstrip() for place in range(len(ORIGINATORS))] == expected


def test_a_reference_that_is_no_uuid_is_not_shown_as_one(world: World) -> None:
    tracked = [world.client.otp.get_otp_status(each).track_id for each in world.otps]

    assert tracked == [None, TRACK, None]

"""Shortlinks and attachments by the published client, followed by browsers."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
import smscx_client
from python_calamine import CalamineWorkbook
from smscx_client import exceptions
from smscx_client.model.send_sms_campaign_request import SendSmsCampaignRequest
from smscx_client.model.shortlink_new_request import ShortlinkNewRequest
from smscx_client.model.shortlink_update_request import ShortlinkUpdateRequest
from smscx_client.model.transliteration import Transliteration

from heliograph import Client

from .conftest import Published, body_of

if TYPE_CHECKING:
    from tests.conftest import Server

NewNumber = Callable[[], str]
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def shorten(smscx: Published, url: str = "https://example.org/offer?a=1&b=é", **more: Any) -> Any:
    return smscx.shortlinks.create_shortlink(ShortlinkNewRequest(url=url, **more)).info


def follow(url: str, **headers: str) -> httpx2.Response:
    return httpx2.get(url, headers={"User-Agent": IPHONE, "Accept-Language": "fr", **headers}, follow_redirects=False)


def hits(smscx: Published, link_id: str, count: int) -> Any:
    """The hits of a link, once there are so many: they are stored a moment after the redirect."""
    with httpx2.Client() as waiting:
        while (found := smscx.shortlinks.get_shortlink_hits(link_id)).info.hits < count:
            waiting.get(found.info.short_url.rpartition("/")[0].rpartition("/")[0] + "/healthz")
    return found


def test_a_short_address_leads_on_and_counts(smscx: Published) -> None:
    link = shorten(smscx, name="Spring offer")

    follow(
        link.short_url, **{"User-Agent": "WhatsApp/2.23.20.0 A"}
    )  # which shows what is there: nobody has followed it
    follow(link.short_url, **{"Sec-Purpose": "prefetch;prerender"})
    answer = follow(link.short_url, Referer="https://news.example/")
    looked_at = httpx2.head(link.short_url)
    found = hits(smscx, link.id, 1)
    (row,) = found.data
    short = smscx.shortlinks.get_shortlink_hits(link.id, short_response=True)
    (listed,) = [each for each in smscx.shortlinks.get_shortlinks_list().data if each.id == link.id]

    assert (answer.status_code, answer.headers["location"]) == (302, "https://example.org/offer?a=1&b=%C3%A9")
    assert looked_at.status_code == 302
    assert "no-store" in answer.headers["cache-control"]
    assert (row.device, row.os, row.brand, row.browser) == ("mobile", "iOS", "Apple", "Mobile Safari")
    assert (row.accept_language, row.referrer, row.ip_address) == ("fr", "https://news.example/", "127.0.0.0")
    assert (row.phone_number, row.campaign_id) == (None, None)
    assert (listed.name, listed.hits, short.data) == ("Spring offer", 1, [])


def test_a_link_in_a_campaign_says_whose_message_was_followed(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    link = shorten(smscx, name=f"Campaign {new_number()[-6:]}")
    numbers = [new_number(), new_number()]
    group = smscx.group(f"Readers {new_number()}", *numbers)

    sent = smscx.sms.send_sms_campaign(
        SendSmsCampaignRequest(groups=[group], _from="Acme", text=f"Look: {{{{shortlink:{link.id}}}}}!")
    )
    addresses = {row.to: row.text.removeprefix("Look: ").removesuffix("!") for row in sent.data}
    follow(addresses[numbers[1]])
    (row,) = hits(smscx, link.id, 1).data
    table = list(csv.DictReader(io.StringIO(smscx.shortlinks.export_shortlink_hits_to_csv(link.id))))
    with smscx.shortlinks.export_shortlink_hits_to_xlsx(link.id) as file:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()

    assert len(set(addresses.values())) == 2
    assert all(address.startswith(f"{link.short_url}/") for address in addresses.values())
    assert (row.phone_number, row.phone_number_country_iso, row.campaign_id) == (
        (numbers[1], "FR", sent.info.campaign_id)
    )
    assert [(line["phoneNumber"], line["campaignId"]) for line in table] == [(numbers[1], sent.info.campaign_id)]
    assert len(sheet) == 2


@pytest.mark.parametrize("text", ["{{shortlink:%s}} {{shortlink:abc}}", "{{shortlink:%s}} or {{attachement:%s}}"])
def test_each_link_of_a_text_is_one_that_the_account_has_of_that_kind(
    smscx: Published, new_number: NewNumber, text: str
) -> None:
    link = shorten(smscx)

    with pytest.raises(exceptions.InvalidRequestException) as refusal:
        smscx.send(new_number(), text=text.replace("%s", link.id))

    assert body_of(refusal.value)["error"]["code"] == 1112


def test_a_text_in_another_alphabet_has_the_same_placeholders(smscx: Published, new_number: NewNumber) -> None:
    link = shorten(smscx)
    number = new_number()

    sent = smscx.send(
        number,
        text=f"Łąka: {{{{shortlink:{link.id}}}}} {{{{numbers:20}}}} {{{{unknown}}}}",
        transliteration=Transliteration(alphabet="POLISH", remove_emojis=False),
    )
    address, code, unknown = sent.data[0].text.removeprefix("Laka: ").split()
    follow(address)
    (row,) = hits(smscx, link.id, 1).data
    analysis = sent.info.transliteration_analysis

    assert (row.phone_number, len(code), unknown) == (number, 20, "{{unknown}}")
    assert analysis.text.original.text.removeprefix("Łąka") == analysis.text.replaced.text.removeprefix("Laka")
    assert (analysis.total_original_parts, analysis.total_replaced_parts) == (2, 1)


def test_what_visitors_say_of_themselves_is_no_formula_in_any_spreadsheet(smscx: Published) -> None:
    link = shorten(smscx)
    follow(link.short_url, **{"Referer": "https://x/;=1+1", "Accept-Language": "de, @SUM(A1)\t=2+2"})
    hits(smscx, link.id, 1)

    (line,) = csv.DictReader(io.StringIO(smscx.shortlinks.export_shortlink_hits_to_csv(link.id)))

    assert line["referrer"] == "https://x/;'=1+1"
    assert line["acceptLanguage"].startswith("de, '@SUM")
    assert "\t=" not in line["acceptLanguage"]


@pytest.mark.parametrize(("asked", "begins"), [("", b"hitId,"), ("?bom=true", b"\xef\xbb\xbfhitId,")])
def test_csv_begins_with_a_byte_order_mark_where_one_is_asked_for(
    server: Server, smscx: Published, asked: str, begins: bytes
) -> None:
    ready = server.ready["protocols"]["smscx"]
    exported = f"{ready['host']}/shortlinks/{shorten(smscx).id}/csv{asked}"

    answer = httpx2.get(exported, headers={"X-API-KEY": ready["api_key"]})

    assert answer.content.startswith(begins)


def test_a_changed_link_leads_elsewhere_and_a_deleted_one_nowhere(smscx: Published) -> None:
    link = shorten(smscx)
    follow(link.short_url)

    smscx.shortlinks.update_shortlink(link.id, ShortlinkUpdateRequest(url="https://example.net/", name=f"To {link.id}"))
    changed = follow(link.short_url)
    gone = smscx.shortlinks.delete_shortlink(link.id)
    nowhere = follow(link.short_url)

    assert changed.headers["location"] == "https://example.net/"
    assert gone.info.id == link.id
    assert nowhere.status_code == 404
    with pytest.raises(exceptions.ResourceNotFoundException):
        smscx.shortlinks.get_shortlink_hits(link.id)


def test_without_a_name_a_link_has_its_number(smscx: Published) -> None:
    first, second = shorten(smscx), shorten(smscx)

    number = int(first.name.removeprefix("Shortlink "))
    assert second.name == f"Shortlink {number + 1}"


def upload(client: Client, content: bytes = PNG, media_type: str = "image/png", **more: Any) -> Any:
    return client.attachments.upload(content, media_type, **more)


def test_a_file_is_kept_served_and_counted(server: Server, smscx: Published) -> None:
    with server.client() as client:
        kept = upload(client, name="Menu of today")
    (listed,) = [each for each in smscx.attachments.get_attachments_list().data if each.id == kept.id]

    there = follow(listed.short_url)
    answer = httpx2.get(httpx2.URL(listed.short_url).join(there.headers["location"]))
    while (found := smscx.attachments.get_attachment_hits(kept.id)).info.hits < 1:
        follow(f"{server.url}/healthz")
    table = list(csv.DictReader(io.StringIO(smscx.attachments.export_attachment_hits_to_csv(kept.id))))
    with smscx.attachments.export_attachment_hits_to_xlsx(kept.id) as file:
        sheet = CalamineWorkbook.from_filelike(file).get_sheet_by_index(0).to_python()
    gone = smscx.attachments.delete_attachment(kept.id)

    assert (listed.name, listed.file_type, there.status_code) == ("Menu of today", "image/png", 302)
    assert answer.content == PNG
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"] == "inline; filename*=UTF-8''Menu%20of%20today.png"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert (found.data[0].device, len(table), len(sheet)) == ("mobile", 1, 2)
    assert gone.info.id == kept.id
    assert httpx2.get(listed.file_url).status_code == follow(listed.short_url).status_code == 404


def test_a_file_in_a_text_is_an_address_for_each_recipient(
    server: Server, smscx: Published, new_number: NewNumber
) -> None:
    with server.client() as client:
        kept = upload(client)

    sent = smscx.send(new_number(), new_number(), text=f"{{{{attachement:{kept.id}}}}}")

    addresses = [row.text for row in sent.data]
    assert len(set(addresses)) == 2
    assert {follow(address).status_code for address in addresses} == {302}


def other_links(smscx: Published) -> dict[str, Callable[[Published], Any]]:
    link = shorten(smscx)
    return {
        "hits": lambda c: c.shortlinks.get_shortlink_hits(link.id),
        "delete": lambda c: c.shortlinks.delete_shortlink(link.id),
        "update": lambda c: c.shortlinks.update_shortlink(
            link.id, ShortlinkUpdateRequest(url="http://x/", name="Mine")
        ),
        "csv": lambda c: c.shortlinks.export_shortlink_hits_to_csv(link.id),
    }


def test_what_is_anothers_is_not_found(server: Server, smscx: Published, other_smscx: Published) -> None:
    with server.client() as client:
        kept = upload(client)
    calls = list(other_links(smscx).values())
    calls += [
        lambda c: c.attachments.get_attachment_hits(kept.id),
        lambda c: c.attachments.delete_attachment(kept.id),
    ]

    for call in calls:
        with pytest.raises(exceptions.ResourceNotFoundException) as refused:
            call(other_smscx)
        assert body_of(refused.value)["error"]["code"] in {1400, 1420}
    assert other_smscx.shortlinks.get_shortlinks_list().data == []


UNCHECKED = smscx_client.Configuration(disabled_client_side_validations="maxLength,minLength")


def making(**fields: Any) -> Callable[[Published], Any]:
    asked = {"url": "https://example.org/"} | fields
    return lambda c: c.shortlinks.create_shortlink(ShortlinkNewRequest(**asked, _configuration=UNCHECKED))


def twice(client: Published) -> Any:
    return [making(name="The same name")(client) for _ in range(2)]


def renamed_to_another(client: Published) -> Any:
    first, second = shorten(client), shorten(client)
    changes = ShortlinkUpdateRequest(url="https://example.org/", name=first.name)
    return client.shortlinks.update_shortlink(second.id, changes)


INVALID = exceptions.InvalidRequestException
BAD = [
    ("no address", making(url=""), INVALID, "invalid_param", 1401),
    ("script", making(url="javascript:alert(1)"), INVALID, "invalid_param", 1402),
    ("data", making(url="data:text/html,x"), INVALID, "invalid_param", 1402),
    ("no host", making(url="https:///x"), INVALID, "invalid_param", 1402),
    ("two lines", making(url="https://example.org/\r\nSet-Cookie: a=b"), INVALID, "invalid_param", 1402),
    ("short name", making(name="ab"), INVALID, "invalid_param", 1404),
    ("long name", making(name="x" * 26), INVALID, "invalid_param", 1404),
    ("name twice", twice, exceptions.DuplicateIdException, "duplicate_id", 1405),
    ("name of another", renamed_to_another, exceptions.DuplicateValueException, "duplicate_value", 1407),
    (
        "no such link",
        lambda c: c.shortlinks.delete_shortlink("nothing"),
        exceptions.ResourceNotFoundException,
        "not_found",
        1400,
    ),
    (
        "no such file",
        lambda c: c.attachments.export_attachment_hits_to_csv("nothing"),
        exceptions.ResourceNotFoundException,
        "not_found",
        1420,
    ),
]


@pytest.mark.parametrize(("call", "kind", "type", "code"), [bad[1:] for bad in BAD], ids=[bad[0] for bad in BAD])
def test_each_rule(
    smscx: Published, call: Callable[[Published], Any], kind: type[Exception], type: str, code: int
) -> None:
    with pytest.raises(kind) as refused:
        call(smscx)

    error = body_of(refused.value)["error"]
    assert (error["type"], error["code"]) == (type, code)


def test_an_update_of_nothing_is_refused(server: Server, smscx: Published) -> None:
    link = shorten(smscx)
    ready = server.ready["protocols"]["smscx"]

    answer = httpx2.patch(f"{ready['host']}/shortlinks/{link.id}", json={}, headers={"X-API-KEY": ready["api_key"]})

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 1406)

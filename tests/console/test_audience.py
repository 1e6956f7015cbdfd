"""Templates and opt-outs in a real browser: what somebody would do there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from tests.console.test_pages import violations
from tests.patience import once_found

if TYPE_CHECKING:
    from playwright.sync_api import FilePayload, Page
    from tests.conftest import Server

pytestmark = pytest.mark.slow


def test_a_template_is_written_previewed_changed_by_two_and_deleted(console: Page, server: Server) -> None:
    console.get_by_role("link", name="Templates").click()
    console.get_by_role("link", name="New template").click()
    console.get_by_label("Name", exact=True).fill("My")
    console.get_by_label("Text", exact=True).press_sequentially("Dear ${name}, it comes at ${hour} o’clock")
    console.get_by_label("name", exact=True).press_sequentially("Zoë")
    console.get_by_text("Dear Zoë, it comes at ${hour} o’clock").wait_for()
    console.get_by_role("button", name="Replace them").click()
    console.get_by_text("Dear Zoë, it comes at ${hour} o'clock").wait_for()
    console.get_by_role("button", name="Keep").click()
    console.get_by_text("A template's name has 3 to 100 characters.").wait_for()
    console.get_by_label("Name", exact=True).fill("My parcel")
    console.get_by_role("button", name="Keep").click()
    console.get_by_text("My parcel is kept.").wait_for()

    with server.client() as client:
        (kept,) = (each for each in client.templates.list() if each.name == "My parcel")
        assert kept.text == "Dear ${name}, it comes at ${hour} o'clock"
        console.get_by_role("link", name="My parcel").click()
        client.templates.change(kept.number, text="Dear ${name}, it is here")
        console.get_by_label("Text", exact=True).fill("Dear ${name}, it is there")
        console.get_by_role("button", name="Keep").click()
        console.get_by_text("Somebody else has changed this template").wait_for()
        assert client.templates.get(kept.number).text == "Dear ${name}, it is here"
        console.get_by_role("button", name="Keep").click()
        console.get_by_text("My parcel is changed.").wait_for()
        assert client.templates.get(kept.number).text == "Dear ${name}, it is there"
        console.get_by_role("button", name="Undo").click()
        console.get_by_text("My parcel is changed.").wait_for()
        assert client.templates.get(kept.number).text == "Dear ${name}, it is here"

        longest = "\n".join("漢字かな交じり文" + str(number) for number in range(100))[:1000]
        client.templates.change(kept.number, text=longest)
        console.get_by_role("link", name="My parcel").click()
        console.get_by_role("button", name="Delete").click()
        console.get_by_text("My parcel is deleted.").wait_for()
        assert "My parcel" not in {each.name for each in client.templates.list()}
        console.get_by_role("button", name="Undo").click()
        console.get_by_text("My parcel is kept.").wait_for()
        assert longest in {each.text for each in client.templates.list()}


def test_who_opted_out_is_found_proved_and_written_to_again(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    first, second, writer = new_number(), new_number(), new_number()
    console.get_by_role("link", name="Opt-outs").click()
    console.get_by_label("Numbers").fill(f"{first}\n{second}, 12x")
    console.get_by_role("button", name="Add").click()
    console.get_by_text("These are not phone numbers: '12x'.").wait_for()
    console.get_by_label("Numbers").fill(f"{first}\n{second}, {first}")
    console.get_by_role("button", name="Add").click()
    console.get_by_text("2 numbers more are not written to.").wait_for()

    with server.client() as client:

        def opted_out() -> set[str]:
            return {each.number for each in client.optouts.list()}

        assert {first, second} <= opted_out()
        console.get_by_role("button", name="Undo").click()
        console.get_by_text("2 numbers can be written to again.").wait_for()
        assert {first, second} & opted_out() == set()

        client.messages.send(to=writer, text="News", originator="Acme")
        client.sandbox.reply(writer, to="Acme", text="Stop!")
        once_found(lambda: opted_out() & {writer})
        console.get_by_label("Number", exact=True).fill(writer)
        console.get_by_role("button", name="Show").click()
        console.get_by_role("link", name=writer).click()
        console.locator("q", has_text="Stop!").wait_for()
        console.get_by_role("button", name="Write to them again").click()
        console.get_by_text(f"{writer} can be written to again.").wait_for()
        assert writer not in opted_out()
        console.get_by_role("button", name="Undo").click()
        console.get_by_text("1 number more is not written to.").wait_for()
        assert writer in opted_out()
    with console.expect_download() as file:
        console.get_by_role("link", name="All as CSV").click()
    assert f"{writer},api," in file.value.path().read_text("utf-8-sig")


def test_a_file_is_understood_corrected_read_and_taken_back(
    console: Page, server: Server, new_number: Callable[[], str]
) -> None:
    first, second = new_number(), new_number()
    name = f"Customers of {first}"
    rows = ["Vorname;Wohnort;Mobil", f"Zoë;Lyon;{first}", f"Max;Köln;{second}", "Ann;Oslo;12x"]
    file: FilePayload = {"name": "people.csv", "mimeType": "text/csv", "buffer": "\r\n".join(rows).encode("cp1252")}
    console.get_by_role("link", name="Contacts").click()
    console.get_by_label("Name", exact=True).fill(name)
    console.get_by_role("button", name="Make it").click()
    console.get_by_text(f"{name} is made.").wait_for()
    group_at = console.url
    console.get_by_label("CSV, Excel workbook or vCards").set_input_files(file)
    console.get_by_role("button", name="Look at it").click()
    console.get_by_text("This is what would come of it:").wait_for()
    assert console.locator("[data-answer] p").first.inner_text() == "CSV, cells are separated by ;, Windows-1252"
    assert console.get_by_label("Column “Mobil” is").input_value() == "number"
    assert console.get_by_label("Column “Vorname” is").input_value() == "first_name"
    console.get_by_label("Column “Wohnort” is").select_option("left out")
    console.get_by_role("button", name="Look at it").click()
    console.locator("[data-answer] option:checked", has_text="left out").wait_for(state="attached")
    console.get_by_text("This is what would come of it:").wait_for()

    with server.client() as client:
        (group,) = (each for each in client.groups.list() if each.name == name)
        assert list(client.contacts.list(group.id)) == []
        assert violations(console) == []
        console.get_by_role("button", name="Add them").click()
        console.wait_for_url("**/imports/*")
        console.get_by_role("button", name="Take it all back").wait_for()
        assert violations(console) == []
        known = {each.number: (each.first_name, each.fields) for each in client.contacts.list(group.id)}
        assert known == {first: ("Zoë", {}), second: ("Max", {})}
        with console.expect_download() as refused:
            console.get_by_role("link", name="these rows as a file").click()
        assert "Ann,Oslo,12x" in refused.value.path().read_text("utf-8-sig")
        console.get_by_role("button", name="Take it all back").click()
        console.locator("strong").get_by_text("Taken back", exact=True).wait_for()
        assert list(client.contacts.list(group.id)) == []

        console.goto(group_at)
        console.get_by_label("Number", exact=True).fill(first)
        console.get_by_label("Other fields").fill("city Lyon")
        console.get_by_role("button", name="Add", exact=True).click()
        console.get_by_text("A line is written as in “city: Lyon”").wait_for()
        console.get_by_label("Other fields").fill("city: Lyon")
        console.get_by_role("button", name="Add", exact=True).click()
        console.get_by_text(f"{first} is in the group.").wait_for()
        console.get_by_role("link", name=first).click()
        assert violations(console) == []
        console.get_by_label("First name").fill("Zoë")
        console.get_by_role("button", name="Keep").click()
        console.get_by_text(f"{first} is changed.").wait_for()
        console.get_by_role("link", name=first).click()
        console.get_by_role("button", name="Take them out").click()
        console.get_by_text(f"{first} is not in the group any more.").wait_for()
        assert list(client.contacts.list(group.id)) == []
        console.get_by_role("button", name="Undo").click()
        console.get_by_text(f"{first} is in the group.").wait_for()
        (back,) = client.contacts.list(group.id)
        assert (back.number, back.first_name, back.fields) == (first, "Zoë", {"city": "Lyon"})
    console.get_by_text("Delete …").click()
    console.get_by_role("button", name="Delete the group").click()
    console.get_by_text(f"{name} is deleted.").wait_for()

"""What people of an account do in a day, from signing in to what came of it: in a browser, at a server of theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import pytest
from tests.cli.test_production import made
from tests.patience import HANG_S

from heliograph import Client
from heliograph.api.wire import NewContact
from heliograph.domain.people import Role

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from tests.conftest import Server, StartServer
    from tests.protocols.listening import Listener

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, start_server: StartServer) -> Server:
    """A sandbox where people sign in: an agent, two marketers, and those who lead and run it."""
    server = start_server()
    secret = tmp_path_factory.mktemp("walks") / "password"
    secret.write_text(PASSWORD)
    people = {
        "agent": ("sandbox", Role.SENDER),
        "marketer": ("sandbox", Role.SENDER),
        "lead": ("sandbox", Role.MANAGER),
    }
    people |= {"seller": ("other", Role.SENDER), "boss": ("", Role.ADMINISTRATOR)}
    for name, (account, role) in people.items():
        where = ("--data-dir", str(server.data_dir), "--password-file", str(secret))
        where += ("--account", account) if account else ()
        made("people", "create", f"{name}@example.com", "--role", role, *where)
    return server


SignIn = Callable[[str], "Page"]


@pytest.fixture
def sign_in(browser: Browser, server: Server) -> Iterator[SignIn]:
    """Signs somebody in, in a browser of their own."""
    problems: list[str] = []
    contexts = []

    def signed_in(name: str) -> Page:
        context = browser.new_context(base_url=server.url, timezone_id="Europe/Paris", locale="en-GB")
        contexts.append(context)
        context.set_default_timeout(HANG_S * 1_000)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto("/console")
        page.get_by_label("E-mail address").fill(f"{name}@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/console/**")
        return page

    yield signed_in
    for context in contexts:
        context.close()
    assert problems == []


def test_an_agent_takes_a_conversation_answers_it_and_hands_it_on(
    sign_in: SignIn, server: Server, new_number: Callable[[], str]
) -> None:
    number = new_number()
    agent, lead = sign_in("agent"), sign_in("lead")
    with server.client() as client:
        group = client.groups.create(name=number, members=[])
        client.contacts.add(group.id, [NewContact(number=number, first_name="Ada")])
        client.templates.create(name=number, text="Dear ${first_name}, it is on its way.")
        client.sandbox.reply(number, to="Acme", text="Where is my parcel?")
    for page in (agent, lead):
        page.get_by_role("link", name="Conversations").click()
        page.locator(".talk-list a", has_text="Where is my parcel?").click()
    agent.get_by_role("button", name="I answer").click()
    agent.get_by_text("agent@example.com answers now.").wait_for()
    lead.get_by_text("agent@example.com answers.").wait_for()
    agent.get_by_label("Note").fill("Has asked twice.")
    agent.get_by_role("button", name="Add the note").click()
    lead.locator(".noted", has_text="Has asked twice.").get_by_text("agent@example.com").wait_for()

    agent.get_by_label("Or a template").select_option(label=f"{number}: Dear ${{first_name}}, it is on its way.")
    agent.get_by_role("button", name="Put it into the answer").click()
    written = agent.get_by_label("Answer", exact=True)
    assert written.input_value() == "Dear Ada, it is on its way."
    written.fill("Dear Ada, it is on its way!")
    agent.get_by_role("button", name="Send", exact=True).click()
    agent.locator(".ours", has_text="it is on its way!").get_by_text("Delivered").wait_for()
    agent.get_by_role("button", name="Close").click()
    agent.get_by_text(f"The conversation with {number} is closed.").wait_for()
    agent.get_by_role("link", name="Mine").click()
    agent.get_by_text("No conversation is yours").wait_for()

    with server.client() as client:
        client.sandbox.reply(number, to="Acme", text="Not again")
        agent.locator(".talk-list a", has_text="Not again").click()
        agent.get_by_label("Who answers").select_option("lead@example.com")
        agent.get_by_role("button", name="Assign").click()
        agent.get_by_text("lead@example.com answers now.").wait_for()
        (talk,) = [each for each in client.conversations.list(assignee="lead@example.com") if each.number == number]
        assert talk.closed_at is None
        assert [each.text for each in client.sandbox.messages(number) if each.direction == "received"] == [
            "Dear Ada, it is on its way!"
        ]


def test_a_marketer_sends_to_a_share_and_lets_the_rest_go(
    sign_in: SignIn, server: Server, new_number: Callable[[], str]
) -> None:
    numbers = [new_number() for _ in range(4)]
    name = f"Sale {numbers[0]}"
    with server.client() as client:
        group = client.groups.create(name=name, members=[])
        client.contacts.add(group.id, [NewContact(number=each, first_name="Ada") for each in numbers])
    page = sign_in("marketer")
    page.get_by_role("link", name="Send", exact=True).click()
    page.get_by_label(name).check()
    page.get_by_label("From").fill("Acme")
    page.get_by_label("Text", exact=True).fill("Dear ${first_name}, come in.")
    page.get_by_text("First to a share of them").click()
    page.get_by_label("Share that goes first").fill("a half")
    page.get_by_label("Name of the campaign").fill(name)
    page.get_by_role("button", name="Check").click()
    page.get_by_text("A share is a number of percent").wait_for()
    page.get_by_label("Share that goes first").fill("50")
    page.get_by_role("button", name="Check").click()
    page.get_by_text("Dear Ada, come in.").first.wait_for()
    page.get_by_role("button", name="Send 4 messages").click()
    page.get_by_text("2 messages go first; the others wait here: 2.").wait_for()
    rest = page.url
    page.get_by_role("link", name="the share that went first").click()
    page.get_by_text("2 of 2 messages are settled").wait_for()
    page.goto(rest)
    page.get_by_role("button", name="Let it go").click()
    page.get_by_text("2 of 2 messages are settled").wait_for()
    page.locator("td").first.wait_for()
    with server.client() as client:
        for number in numbers:
            assert client.sandbox.wait_for_message(number).text == "Dear Ada, come in."


def test_a_developer_makes_a_key_sends_with_it_and_sees_what_was_told(
    sign_in: SignIn, server: Server, customer: Listener, new_number: Callable[[], str]
) -> None:
    number, page = new_number(), sign_in("boss")
    page.get_by_role("link", name="Keys").click()
    page.get_by_role("button", name="Make it").click()
    page.get_by_text("The new key, shown this once").wait_for()
    with Client(server.url, page.locator(".checked dd").last.inner_text()) as client:
        sent = client.messages.send(
            to=number, text="Your code is 482913", originator="Acme", callback_url=customer.url, report="per_recipient"
        )
        client.messages.wait_for_delivery(sent.id)
    page.keyboard.press("/")
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    page.get_by_role("link", name=number).click()
    page.locator("main .status", has_text="Delivered").first.wait_for()
    page.locator(".history", has_text=customer.url).get_by_text("The request").first.click()
    page.get_by_text(f'"message_id":"{sent.id}"').first.wait_for()
    page.get_by_role("button", name="Send again").click()
    page.get_by_text(f"Sent to {number} once more.").wait_for()


def test_a_team_lead_has_campaigns_wait_for_a_second_person_and_lets_one_go(
    sign_in: SignIn, new_number: Callable[[], str]
) -> None:
    numbers = [new_number(), new_number()]
    lead, seller = sign_in("boss"), sign_in("seller")
    lead.get_by_role("link", name="Accounts").click()
    lead.locator("main").get_by_role("link", name="other", exact=True).click()
    lead.get_by_label("waits until another person releases it").check()
    lead.get_by_role("button", name="Agree on this").click()
    lead.get_by_text("It is agreed with other").wait_for()

    seller.get_by_role("link", name="Send", exact=True).click()
    seller.get_by_label("Numbers").fill("\n".join(numbers))
    seller.get_by_label("From").fill("Acme")
    seller.get_by_label("Text", exact=True).fill("Come in")
    seller.get_by_role("button", name="Check").click()
    seller.get_by_role("button", name="Send 2 messages").click()
    seller.get_by_text("Another person has to let it go.").wait_for()
    assert seller.get_by_role("button", name="Let it go").count() == 0

    lead.goto(seller.url.partition("/campaigns")[0] + "/overview")
    lead.get_by_text("Messages a second, now").wait_for()
    lead.get_by_role("link", name="waits for you to let it go").click()
    lead.get_by_text("Somebody else has made it").wait_for()
    lead.get_by_role("button", name="Let it go").click()
    lead.get_by_text("2 of 2 messages are settled").wait_for()
    seller.get_by_text("2 of 2 messages are settled").wait_for()

"""Every door keeps an account's rate of requests, and says so in its own words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import pytest
from tests.conftest import Server, StartServer
from tests.patience import HANG_S

LIMIT = 5


@pytest.fixture(scope="module")
def slow(start_server: StartServer) -> Server:
    return start_server(None, "--rate-limit", str(LIMIT))


def calls(server: Server) -> dict[str, Callable[[], httpx2.Response]]:
    """One call by each door."""
    protocols = server.ready["protocols"]
    xms, smscx, smsdrop, twilio = (protocols[name] for name in ("xms", "smscx", "smsdrop", "twilio"))
    login = {"username": smsdrop["email"], "password": smsdrop["password"]}
    session = httpx2.post(f"{smsdrop['context']}/auth/login", data=login).json()["access_token"]

    def get(url: str, **more: Any) -> Callable[[], httpx2.Response]:
        return lambda: httpx2.get(url, timeout=HANG_S, **more)

    def bearer(token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    messages = f"{server.url}/2010-04-01/Accounts/{twilio['account_sid']}/Messages.json"
    isendpro = protocols["isendpro"]
    return {
        "native": get(f"{server.url}/v1/account", headers=bearer(server.token)),
        "xms": get(f"{xms['endpoint']}/v1/{xms['service_plan_id']}/batches", headers=bearer(xms["token"])),
        "smscx": get(f"{smscx['host']}/account/balance", headers={"X-API-Key": smscx["api_key"]}),
        "smsdrop": get(f"{smsdrop['context']}/users/me", headers=bearer(session)),
        "isendpro": get(f"{isendpro['host']}/credit", params={"keyid": isendpro["keyid"], "credit": "1"}),
        "twilio": get(messages, auth=(twilio["account_sid"], twilio["auth_token"])),
    }


def until_refused(call: Callable[[], httpx2.Response]) -> Iterator[httpx2.Response]:
    """Answers to twenty calls at once, again and again, until some were taken and some were refused for the rate:
    what came before may have used up the second."""
    taken, refused = False, False
    with ThreadPoolExecutor(20) as pool:
        while not (taken and refused):
            answers = list(pool.map(lambda _: call(), range(20)))
            yield from answers
            taken |= any(answer.status_code == 200 for answer in answers)
            refused |= any(answer.status_code != 200 for answer in answers)


def word_of(name: str, answer: httpx2.Response) -> Any:
    body = answer.json()
    return {
        "native": lambda: body["error"]["code"],
        "xms": lambda: body["code"],
        "smscx": lambda: body["error"]["type"],
        "smsdrop": lambda: body["detail"],
        "isendpro": lambda: body["etat"]["etat"][0]["code"],
        "twilio": lambda: body["code"],
    }[name]()


WORDS = {
    "native": "rate_limited",
    "xms": "rate_limit_exceeded",
    "smscx": "rate_limit",
    "smsdrop": "More requests than the account may make in a second.",
    "isendpro": "9017",
    "twilio": 20429,
}


@pytest.mark.parametrize("name", WORDS)
def test_too_many_requests_are_refused_in_the_doors_own_words(slow: Server, name: str) -> None:
    answers = list(until_refused(calls(slow)[name]))

    refused = [answer for answer in answers if answer.status_code != 200]
    assert {answer.status_code for answer in answers} == {200, 429}
    assert {word_of(name, answer) for answer in refused} == {WORDS[name]}
    assert all(("retry-after" in answer.headers) == (name != "smscx") for answer in refused)

"""API keys of an account, used by the published client as Twilio's own are."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import httpx2
import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.rest import Client

from heliograph.domain.accounts import CredentialKind
from heliograph.runtime.platform import running
from heliograph.runtime.settings import Settings
from heliograph.store.accounts import find_credential

from .conftest import Elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.conftest import Server, StartServer

    from .conftest import NewNumber


def by_key(server: Server, **changed: str) -> Client:
    entry = server.ready["protocols"]["twilio"] | changed
    return Client(
        entry["api_key_sid"],
        entry["api_key_secret"],
        account_sid=entry["account_sid"],
        http_client=Elsewhere(entry["base_url"]),
    )


@pytest.fixture
def keyed(server: Server) -> Iterator[Client]:
    client = by_key(server)
    yield client
    client.http_client.session.close()


def test_a_key_does_what_the_token_does(server: Server, keyed: Client, twilio: Client, new_number: NewNumber) -> None:
    service = server.ready["protocols"]["twilio"]["verify_service_sid"]

    made = keyed.messages.create(to=new_number(), from_="Acme", body="Hello")
    started = keyed.verify.v2.services(service).verifications.create(to=new_number(), channel="sms")

    assert twilio.messages(made.sid).fetch().sid == keyed.messages(made.sid).fetch().sid == made.sid
    assert keyed.username.startswith("SK")
    assert started.status == "pending"
    assert keyed.api.v2010.accounts(keyed.account_sid).fetch().sid == made.account_sid


@pytest.mark.parametrize(
    "change",
    [
        lambda entry: {"api_key_secret": "wrong"},
        lambda entry: {"api_key_secret": entry["auth_token"]},
        lambda entry: {"api_key_sid": "SK" + "0" * 32},
        lambda entry: {"api_key_sid": entry["account_sid"]},
        lambda entry: {"account_sid": entry["other"]["account_sid"]},
        lambda entry: {name: entry["other"][name] for name in ("api_key_sid", "api_key_secret")},
    ],
)
def test_what_does_not_belong_together_opens_nothing(server: Server, change: Callable[[Any], dict[str, str]]) -> None:
    client = by_key(server, **change(server.ready["protocols"]["twilio"]))

    with pytest.raises(TwilioRestException) as refused:
        client.messages("SM" + "0" * 32).fetch()
    client.http_client.session.close()

    assert (refused.value.status, refused.value.code) == (401, 20003)


async def test_keys_are_made_by_the_service_that_makes_keys_and_stored_as_hashes(
    tmp_path: Path, store_url: str
) -> None:
    async with running(Settings(data_dir=tmp_path, store=store_url)) as platform:
        accounts = platform.services.accounts
        account = await accounts.ensure("sandbox")
        sids = ["SK" + "1" * 32, "SK" + "2" * 32]
        first, second = [await accounts.issue(account, CredentialKind.TWILIO, public_id=sid) for sid in sids]
        client = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=platform.web()), base_url="http://test")
        url = f"/2010-04-01/Accounts/AC{_hexadecimal(account.id)}/Messages.json"

        async def asked(user: str, password: str) -> int:
            return (await client.get(url, auth=(user, password))).status_code

        before = [await asked(key.public_id, key.secret) for key in (first, second)]
        await accounts.revoke(account, first.credential_id)
        after = [await asked(key.public_id, key.secret) for key in (first, second)]
        stored = await accounts._store.read(find_credential, "twilio", second.public_id, 0)
        nonsense = [await asked("\0", "x"), await asked("SK\0", "\0"), await asked("ü" * 9, "é")]
        await client.aclose()

    assert (before, after) == ([200, 200], [401, 200])
    assert stored is not None
    assert second.secret not in stored.secret_hash
    assert nonsense == [401, 401, 401]


def _hexadecimal(identifier: str) -> str:
    from heliograph.domain.ids import to_int

    return f"{to_int(identifier):032x}"


def test_the_sandboxes_keys_are_the_same_at_every_start(start_server: StartServer) -> None:
    first = start_server()
    known = first.ready["protocols"]["twilio"]
    first.stop()

    assert start_server(first.data_dir).ready["protocols"]["twilio"]["api_key_secret"] == known["api_key_secret"]


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Basic",
        b"Basic !",
        b"Basic \xe9",
        b"Basic " + b64encode(b"\xff:x"),
        b"Basic " + b64encode(b"nobody"),
        b"Basic " + b64encode(b":"),
        b"Bearer x",
    ],
)
def test_credentials_that_can_not_be_read_are_none(server: Server, header: bytes) -> None:
    entry = server.ready["protocols"]["twilio"]
    url = f"{entry['base_url']}/2010-04-01/Accounts/{entry['account_sid']}/Messages.json"

    answer = httpx2.get(url, headers=[(b"Authorization", header)], trust_env=False)

    assert (answer.status_code, answer.json()["code"], answer.json()["message"]) == (401, 20003, "Authenticate")
    assert answer.headers["www-authenticate"].startswith("Basic")

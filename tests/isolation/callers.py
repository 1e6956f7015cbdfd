"""Every door that the application has, and how its callers say who they are."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import product
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import httpx2
import pytest
from starlette.routing import Mount, Router
from tests.isolation.belongings import Belongings
from tests.isolation.samples import forms, sample

from heliograph.api.server import NativeDoor
from heliograph.domain.accounts import Account, CredentialKind, Scope
from heliograph.domain.ids import is_id
from heliograph.doors import Door, Operation
from heliograph.doors.routes import Mounts
from heliograph.protocols.isendpro.door.reading import Parameters
from heliograph.protocols.isendpro.door.server import IsendproDoor
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door.server import SmscxDoor
from heliograph.protocols.smsdrop.door.server import SmsdropDoor
from heliograph.protocols.twilio.door.server import MessagesDoor, VerifyDoor
from heliograph.protocols.twilio.door.shapes import Form
from heliograph.protocols.twilio.door.sids import (
    ACCOUNT,
    MEDIA,
    MMS,
    SMS,
    VERIFICATION,
    account_sid,
    media_sid,
    sid,
    verify_service_sid,
)
from heliograph.protocols.xms.door.server import XmsDoor
from heliograph.runtime.platform import Platform
from heliograph.services.accounts import Issued

Headers = Mapping[str, str]


def bearer(key: Issued) -> Headers:
    return {"Authorization": f"Bearer {key.secret}"}


def basic(key: Issued) -> Headers:
    return {"Authorization": "Basic " + b64encode(f"{key.public_id}:{key.secret}".encode()).decode()}


class Proof(NamedTuple):
    """What a door's callers prove themselves with."""

    kind: CredentialKind
    headers: Callable[[Issued], Headers] = lambda _: {}
    parameters: Callable[[Issued], Headers] = lambda _: {}
    forms: bool = False
    """It takes forms where its table names no struct."""
    said: frozenset[str] = frozenset()
    """The fields that prove it."""


PROOFS: Mapping[type[Door], Proof] = {
    NativeDoor: Proof(CredentialKind.API_KEY, bearer),
    XmsDoor: Proof(CredentialKind.XMS, bearer),
    SmscxDoor: Proof(CredentialKind.SMSCX, lambda key: {"X-Api-Key": key.secret}),
    SmsdropDoor: Proof(CredentialKind.SMSDROP_TOKEN, bearer),
    IsendproDoor: Proof(
        CredentialKind.ISENDPRO, parameters=lambda key: {"keyid": key.secret}, forms=True, said=frozenset({"keyid"})
    ),
    MessagesDoor: Proof(CredentialKind.TWILIO, basic, forms=True),
    VerifyDoor: Proof(CredentialKind.TWILIO, basic, forms=True),
}


def addresses(account: Account, key: Issued) -> Mapping[str, str]:
    """The parameters of paths that name the caller itself."""
    return {
        "service_plan_id": key.public_id,
        "account_sid": account_sid(account),
        "service_sid": verify_service_sid(account),
    }


SIDS = (ACCOUNT, SMS, MMS, MEDIA, VERIFICATION)
OWN = frozenset({"service_plan_id", "account_sid", "service_sid"})


TABLES: Mapping[str, tuple[str, ...]] = {
    "application_id": ("applications",),
    "attachment_id": ("links",),
    "batch_id": ("batches",),
    "campaign_id": ("batches", "parked"),
    "contact_id": ("group_members",),
    "callback_id": ("events",),
    "import_id": ("imports",),
    "conversation_id": ("conversations",),
    "group_id": ("groups",),
    "inbound_id": ("inbound",),
    "invitation_id": ("invitations",),
    "job_id": ("lookup_jobs",),
    "key_id": ("credentials",),
    "link_id": ("links",),
    "lookup_bulk_id": ("lookup_jobs",),
    "lookup_id": ("lookups",),
    "media_sid": ("messages",),
    "message_id": ("messages",),
    "msg_id": ("messages",),
    "note_id": ("conversation_notes",),
    "optout_id": ("optouts",),
    "originator_id": ("originators",),
    "originator_number": ("originators",),
    "otp_id": ("verifications",),
    "phone_number_id": ("group_members",),
    "rent_id": ("rents",),
    "short_id": ("links",),
    "sid": ("messages", "inbound", "verifications"),
    "template_id": ("templates",),
    "template_number": ("templates",),
    "verification_id": ("verifications",),
}
"""What the parameters of paths name."""
PHONES = frozenset({"number", "phone_number", "msisdn"})
PEOPLES = frozenset({"person_id", "session_id"})
"""Parameters of paths that name people, who are no account's, and what they have."""
WORDS = {
    "channel": "sms",
    "country_iso": "FR",
    "dimension": "country",
    "provider_name": "sandbox",
    "traffic_type": "transactional",
}
"""Parameters of paths that name nothing of anybody's."""


def clothed(name: str, door: Door) -> list[str]:
    """How a door writes an identifier, or whatever else names something."""
    if not is_id(name):
        return [name]
    if isinstance(door, SmscxDoor | SmsdropDoor):
        return [to_uuid(name)]
    if isinstance(door, MessagesDoor | VerifyDoor):
        return [*(sid(prefix, name) for prefix in SIDS), media_sid(name, 0)]
    return [name]


class Place(NamedTuple):
    """One operation of a door, at one of the addresses that the door has."""

    mount: str
    door: Door
    operation: Operation

    @property
    def parameters(self) -> list[str]:
        return re.findall(r"{(\w+)}", self.operation.path)

    def names(self, parameter: str, of: Belongings) -> list[str]:
        """What a parameter of the path can be, of what this account has. Fails for one that nothing is known of."""
        if parameter in PHONES:
            return of.phones
        if parameter == "account_id":
            return of.below
        if parameter in PEOPLES:
            return [f"{of.word}@example.com".lower()]
        if parameter in WORDS:
            return [WORDS[parameter]]
        assert parameter in TABLES, f"say in tests/isolation/callers.py what {{{parameter}}} names"
        return [name for table in TABLES[parameter] for each in of.names[table] for name in clothed(each, self.door)]

    def paths(self, of: Belongings) -> list[dict[str, str]]:
        """All ways to fill in the path with what this account has, but for who is calling."""
        parameters = [name for name in self.parameters if name not in OWN]
        choices = product(*(self.names(name, of) for name in parameters))
        return [dict(zip(parameters, chosen, strict=True)) for chosen in choices]

    @property
    def names_something(self) -> bool:
        """Whether its path names what an account has."""
        return any(name in TABLES or name in PHONES for name in self.parameters)

    @property
    def is_administrators(self) -> bool:
        """Whether it is for those who run the installation, and so about all accounts, or for people about
        themselves."""
        return self.operation.scope in {Scope.ADMIN, Scope.PERSON}

    @property
    def is_read(self) -> bool:
        return self.operation.method == "GET"

    @property
    def query_fields(self) -> list[str]:
        """The fields of its query, but for those that say how long to wait."""
        query = self.operation.query
        return [] if query is None else [name for name in sample(query, everything=True).value if "timeout" not in name]

    @property
    def quickly(self) -> dict[str, Any]:
        """A query that waits for nothing."""
        query = self.operation.query
        if query is None:
            return {}
        value: dict[str, Any] = sample(query, everything=True).value
        needed = sample(query, everything=False).value
        return needed | {name: 0 for name in value if "timeout" in name}

    def __str__(self) -> str:
        return f"{self.operation.method} {self.mount}{self.operation.path}"


@dataclass
class Who:
    """An account, and a key of it for one door."""

    account: Account
    key: Issued
    proof: Proof


@dataclass
class Asked:
    """A request that was made, and its answer."""

    sent: str
    answer: httpx2.Response = field(repr=False)


class Caller:
    """Calls operations of a platform in this process."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.web = platform.web()
        transport = httpx2.ASGITransport(app=self.web, client=("127.0.0.1", 40_000))
        self.client = httpx2.AsyncClient(transport=transport, base_url="http://test", follow_redirects=False)

        self._fields: dict[str, list[str]] = {}

    async def fields(self, place: Place, who: Who, path: Mapping[str, str]) -> list[str]:
        """The fields of the form, or of the query, that an operation without a struct asks for; they are found by
        asking with those that are known until no other is looked for."""
        key = f"{place.mount} {place.operation.name}"
        known: set[str] = set(self._fields.get(key, ()))
        while who.proof.forms and key not in self._fields:
            with names_recorded() as names:
                for form in forms(sorted(known)):
                    await self.call(place, who, path, **(in_query(form) if place.is_read else {"form": form}))
            if names - who.proof.said <= known:
                break
            known |= names - who.proof.said
        return self._fields.setdefault(key, sorted(known))

    def places(self) -> list[Place]:
        """All operations of all doors."""
        return [Place(mount, door, operation) for mount, door in _doors(self.web, "") for operation in door.operations]

    def handlers(self) -> list[Place]:
        """One of all operations that a door serves in the same way: iSendPro has each at several addresses."""
        return list({(type(place.door), place.operation.name): place for place in self.places()}.values())

    async def call(
        self,
        place: Place,
        who: Who | None,
        path: Mapping[str, str],
        *,
        query: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        form: Mapping[str, Any] | None = None,
        headers: Headers | None = None,
    ) -> Asked:
        """Make one request as `who`, or as nobody."""
        own = {} if who is None else addresses(who.account, who.key)
        named = {name: quote(value, safe="") for name, value in {**own, **path}.items()}
        said: dict[str, str] = {**({} if who is None else who.proof.headers(who.key)), **(headers or {})}
        parameters = {**(query or {}), **({} if who is None else who.proof.parameters(who.key))}
        url = place.mount + place.operation.path.format_map(named)
        if parameters:
            url += "?" + urlencode(parameters)
        if form is not None:
            content = urlencode(form).encode()
            said.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif content is not None:
            said.setdefault("Content-Type", "application/json")
        answer = await self.client.request(place.operation.method, url, content=content, headers=said)
        shown = f"{place.operation.method} {url} {(content or b'')[:2_000]!r}"
        return Asked(shown, answer)


def in_query(form: Mapping[str, Any]) -> dict[str, Any]:
    return {"query": form}


def _doors(app: Any, at: str) -> Iterator[tuple[str, Door]]:
    if isinstance(app, Door):
        yield at, app
    elif isinstance(app, Mounts):
        yield from _doors(app.others, at)
    elif isinstance(app, Router):
        for route in app.routes:
            if isinstance(route, Mount):
                yield from _doors(route.app, at + route.path)


@contextmanager
def names_recorded() -> Iterator[set[str]]:
    """The names of the parameters that doors with forms ask for, while this is in force."""
    names: set[str] = set()

    def recording(function: Callable[..., Any]) -> Callable[..., Any]:
        def recorded(self: Any, name: str) -> Any:
            names.add(name)
            return function(self, name)

        return recorded

    with pytest.MonkeyPatch.context() as patched:
        for shape, methods in ((Parameters, ("many",)), (Form, ("given", "all"))):
            for method in methods:
                patched.setattr(shape, method, recording(getattr(shape, method)))
        yield names

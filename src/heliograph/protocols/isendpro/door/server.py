"""The iSendPro door."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from heliograph.domain.accounts import CredentialKind, Principal
from heliograph.domain.contacts import ContactDraft, Details
from heliograph.domain.errors import (
    HeliographError,
    InsufficientCredit,
    InvalidRecipient,
    NameTaken,
    NoCoverage,
    NotFound,
    ScopeMissing,
)
from heliograph.domain.filters import MessageFilter
from heliograph.domain.groups import Group, GroupChange, GroupDraft
from heliograph.domain.instants import from_ms
from heliograph.domain.lookups import LineStatus
from heliograph.domain.prices import MICROS
from heliograph.doors import AnyCall, Call, Door, Operation
from heliograph.doors.bodies import read_body
from heliograph.doors.door import address_of
from heliograph.doors.settings import DoorSettings
from heliograph.numbers import InvalidNumber, operator_of
from heliograph.protocols.isendpro import wire
from heliograph.protocols.isendpro.codes import SENTENCES, Code
from heliograph.protocols.isendpro.door import archives
from heliograph.protocols.isendpro.door.operations import OPERATIONS
from heliograph.protocols.isendpro.door.reading import Parameters, key_in_body, key_in_query, parameters_of
from heliograph.protocols.isendpro.door.refusals import IsendproRefusal, refused
from heliograph.protocols.isendpro.door.sending import (
    HOME,
    HOME_ZONE,
    PROTOCOL,
    RECIPIENT_FACTS,
    Row,
    Send,
    drafts_of,
    instant_of,
    measured,
    msisdn_of,
    read_send,
)
from heliograph.services.accounts import public_part
from heliograph.services.aside import LARGE_BODY, MANY_NUMBERS, aside
from heliograph.services.exports import Cell
from heliograph.services.services import Services

UNKNOWN_OPERATOR = "?"
UNLIMITED = 1_000_000
"""The balance, in euros, that an account is shown which is not billed."""
_LOOKUPS_AT_ONCE = 8
_NAME_FIELD = "champ1"
_EUROS = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")


class IsendproDoor(Door):
    operations = OPERATIONS
    max_query_fields = wire.MAX_FIELDS

    def __init__(self, services: Services, settings: DoorSettings) -> None:
        super().__init__(services, max_body_bytes=settings.max_body_bytes)
        self._services = services
        self._settings = settings

    async def authenticate(self, request: Request) -> Principal:
        """Find the account by the key among the parameters, before the rest of the body is decoded.

        The request must come from an address that the key is good from.
        """
        query, body = request.url.query, None
        key = key_in_query(query)
        if key is None:
            body = await read_body(request, self.max_body_bytes)
            key = await aside(len(body) > LARGE_BODY, key_in_body, body)
        principal = await self._services.access.authenticate(
            CredentialKind.ISENDPRO, public_part(key), key, address=address_of(request)
        )
        if body is None:
            body = await read_body(request, self.max_body_bytes)
        asked = request.state.asked = await aside(len(body) > LARGE_BODY, parameters_of, query, body)
        asked.require_numbers()
        return principal

    def render_error(self, error: HeliographError, operation: Operation | None = None) -> Response:
        return refused(error)

    async def send(self, call: Call[None, None]) -> wire.Reply:
        """Send to one number or to many: the vendor's own client posts many to the address for one."""
        asked = _asked(call)
        numbers = await self._numbers(call, asked)
        send = await aside(len(numbers) > MANY_NUMBERS, read_send, asked, numbers, call.account)
        await self._mark_blacklisted(call, send)
        if not send.is_test:
            await self._create(call, send)
        return wire.reply([row.entry() for row in send.rows])

    async def _numbers(self, call: AnyCall, asked: Parameters) -> list[str]:
        if asked.one("repertoireId") is None:
            return asked.required_many("num")
        group = await self._book(call)
        return [f"+{msisdn}" for msisdn in await self._services.groups.members(call.account, group.id)]

    async def _mark_blacklisted(self, call: AnyCall, send: Send) -> None:
        silent = await self._services.optouts.among(call.account, [row.msisdn for row in send.rows if row.msisdn])
        for row in send.rows:
            if row.code is Code.ACCEPTED and row.msisdn in silent:
                row.code = Code.BLACKLISTED

    async def _create(self, call: AnyCall, send: Send) -> None:
        """Create one batch, and another for each time that a number is repeated.

        Raises InsufficientCredit if not even the first can be paid for; the rows of later ones are marked instead.
        """
        drafts = await aside(len(send.rows) > MANY_NUMBERS, drafts_of, send, call.account)
        for place, (draft, rows) in enumerate(drafts):
            try:
                await self._services.batches.create(call.account, draft)
            except InsufficientCredit:
                if not place:
                    raise
                _mark(rows, Code.CREDIT_TOO_LOW)

    async def count(self, call: Call[None, None]) -> wire.Reply:
        asked = _asked(call)
        numbers = asked.required_many("num")
        # Whatever length is asked for, the answer says how long it is.
        many = len(numbers) > MANY_NUMBERS
        send = await aside(many, read_send, asked, numbers, call.account, any_length=True)
        return wire.reply(await aside(many, list, map(partial(_counted, ucs2=send.ucs2), send.rows)))

    async def credit(self, call: Call[None, None]) -> wire.CreditReply:
        asked = _asked(call)
        asked.required("credit")
        balance = await self._services.money.balance(call.account)
        found = wire.Credit(UNLIMITED if balance is None else round(balance / MICROS, 4))
        if asked.number("credit") == 2:
            price = self._services.money.prices(call.account, "sms", [HOME]).get(HOME)
            found.quantite = str(int(found.credit * MICROS // price) if price else UNLIMITED)
        return wire.CreditReply(found)

    async def look_up(self, call: Call[None, None]) -> wire.Reply:
        numbers = self._few(call)
        places = asyncio.Semaphore(_LOOKUPS_AT_ONCE)

        async def ask(given: str) -> wire.Entry:
            async with places:
                return await self._looked_up(call, given)

        return wire.reply(await asyncio.gather(*map(ask, numbers)))

    async def _looked_up(self, call: AnyCall, given: str) -> wire.Entry:
        try:
            found = await self._services.numbers.look_up(
                call.account, f"+{msisdn_of(given, call.account)}", protocol=PROTOCOL
            )
        except (InvalidNumber, InvalidRecipient):
            return _refused(given, Code.NUMBER_INVALID)
        except NoCoverage:
            return _refused(given, Code.NO_COVERAGE)
        except InsufficientCredit:
            return _refused(given, Code.CREDIT_TOO_LOW)
        facts = found.facts
        if facts is None or facts.status is LineStatus.FAILED:
            return wire.Entry(tel=given, operateur=UNKNOWN_OPERATOR)
        if facts.status is LineStatus.UNKNOWN:
            return _refused(given, Code.NOT_ASSIGNED)
        network = facts.ported_to or facts.original
        return wire.Entry(tel=given, operateur=network.name or UNKNOWN_OPERATOR)

    async def qualify(self, call: Call[None, None]) -> wire.Reply:
        """Answer with each number's operator by the numbering plan, free of charge."""
        entries = []
        for given in self._few(call):
            try:
                entries.append(
                    wire.Entry(tel=given, operateur=operator_of(msisdn_of(given, call.account)) or UNKNOWN_OPERATOR)
                )
            except InvalidNumber:
                entries.append(_refused(given, Code.NUMBER_INVALID))
        return wire.reply(entries)

    def _few(self, call: AnyCall) -> list[str]:
        return _numbers(_asked(call), wire.MAX_LOOKUPS)

    async def change_address_book(self, call: Call[None, None]) -> wire.Reply:
        asked = _asked(call)
        edit = asked.required("repertoireEdit").lower()
        if edit == "create":
            name = asked.required("repertoireNom")
            group = await self._services.groups.create(call.account, GroupDraft(name=name))
            return wire.reply([_done(repertoire_id=str(group.number))])
        asked.required("repertoireId")
        group = await self._book(call)
        numbers = _numbers(asked, wire.MAX_NUMBERS)
        if edit == "add":
            return wire.reply(await self._add_contacts(call, group, numbers))
        if edit == "del":
            return wire.reply(await self._take_contacts_out(call, group, numbers))
        raise IsendproRefusal(Code.PARAMETER_INVALID, "repertoireEdit")

    async def _add_contacts(self, call: AnyCall, group: Group, numbers: Sequence[str]) -> list[wire.Entry]:
        asked, book = _asked(call), str(group.number)
        fields = {
            name: _parallel(asked, name, len(numbers))
            for name in (f"champ{place}" for place in range(1, wire.FIELDS + 1))
            if asked.many(name)
        }
        drafts, entries = [], []
        for place, given in enumerate(numbers):
            try:
                msisdn = msisdn_of(given, call.account)
            except InvalidNumber:
                entries.append(_refused(given, Code.NUMBER_INVALID, book))
                continue
            known = {name: values[place] for name, values in fields.items() if values[place]}
            details = Details(last_name=known.pop(_NAME_FIELD, None), fields=known)
            drafts.append(ContactDraft(number=f"+{msisdn}", details=details))
            entries.append(_done(tel=given, repertoire_id=book))
        await self._services.contacts.add(call.account, group, drafts, on_invalid=None)
        return entries

    async def _take_contacts_out(self, call: AnyCall, group: Group, numbers: Sequence[str]) -> list[wire.Entry]:
        gone, entries, book = [], [], str(group.number)
        for given in numbers:
            try:
                gone.append(f"+{msisdn_of(given, call.account)}")
            except InvalidNumber:
                entries.append(_refused(given, Code.NUMBER_INVALID, book))
            else:
                entries.append(_done(tel=given, repertoire_id=book))
        await self._services.groups.change(call.account, group.id, GroupChange(remove=gone))
        return entries

    async def _book(self, call: AnyCall) -> Group:
        number = _asked(call).number("repertoireId") or 0
        try:
            return await self._services.contacts.group(call.account, number)
        except NotFound as error:
            raise IsendproRefusal(Code.ADDRESS_BOOK_UNKNOWN, str(number)) from error

    async def blacklist(self, call: Call[None, None]) -> wire.Reply:
        given, msisdn = self._one_number(call, "setlisteNoire")
        await self._services.optouts.add(call.account, f"+{msisdn}")
        return wire.reply([wire.Entry(tel=given, liste_noire="OK")])

    async def take_off_blacklist(self, call: Call[None, None]) -> wire.Reply:
        """Remove a number from the blacklist; also answers OK for one that is not on it."""
        given, msisdn = self._one_number(call, "delListeNoire")
        with suppress(NotFound):
            await self._services.optouts.remove(call.account, f"+{msisdn}")
        return wire.reply([wire.Entry(tel=given, liste_noire="OK")])

    def _one_number(self, call: AnyCall, flag: str) -> tuple[str, str]:
        asked = _asked(call)
        _require(asked, flag)
        given = asked.required("num")
        try:
            return given, msisdn_of(given, call.account)
        except InvalidNumber as error:
            raise IsendproRefusal(Code.NUMBER_INVALID, given) from error

    async def blacklist_file(self, call: Call[None, None]) -> Response:
        asked = _asked(call)
        _require(asked, "getListeNoire")
        rows = self._blacklisted(call)
        return archives.zipped("liste_noire", archives.BLACKLIST_HEADER, rows, bom=asked.is_on("bom"))

    async def _blacklisted(self, call: AnyCall) -> AsyncIterator[Sequence[Sequence[Cell]]]:
        async for page in self._services.optouts.everybody(call.account):
            yield [(each.msisdn, f"{each.created_at.astimezone(HOME_ZONE):%Y-%m-%d %H:%M}") for each in page]

    async def campaign_file(self, call: Call[None, None]) -> Response:
        asked = _asked(call)
        _require(asked, "rapportCampagne")
        since, until = (instant_of(asked.required(name)) for name in ("date_deb", "date_fin"))
        if until < since:
            raise IsendproRefusal(Code.DATE_INVALID, "date_deb > date_fin")
        wanted = MessageFilter(since=since, until=until, protocols=(PROTOCOL,))
        rows = self._sent(call, wanted)
        return archives.zipped("campagne", archives.CAMPAIGN_HEADER, rows, bom=asked.is_on("bom"))

    async def _sent(self, call: AnyCall, wanted: MessageFilter) -> AsyncIterator[Sequence[Sequence[Cell]]]:
        async for page in self._services.history.everything(call.account, wanted):
            yield [
                (
                    line.msisdn,
                    batch.originator or "",
                    rendered.body,
                    f"{from_ms(line.created_at).astimezone(HOME_ZONE):%Y-%m-%d %H:%M}",
                    line.status,
                    rendered.parts,
                    RECIPIENT_FACTS.read(batch.protocol, line.recipient_facts).tracker,
                )
                for line, batch, rendered in page
            ]

    async def shorten(self, call: Call[None, None]) -> wire.Reply:
        link = await self._services.links.shorten(call.account, _asked(call).required("shortlink"))
        address = f"{self._settings.short_url(call.request)}/{link.id}"
        code = Code.SHORTLINK_MADE
        short = address.partition("://")[2]
        return wire.reply([wire.Entry(code=str(int(code)), message=SENTENCES[code], shortlink=short)])

    async def change_subaccount(self, call: Call[None, None]) -> wire.Reply:
        asked = _asked(call)
        edit = asked.required("subAccountEdit").lower()
        if edit == "addaccount":
            return wire.reply([await self._add_subaccount(call)])
        key = asked.required("subAccountKeyId")
        services = self._services.subaccounts
        try:
            child = await services.find(call.account, CredentialKind.ISENDPRO, key)
        except NotFound as error:
            raise IsendproRefusal(Code.SUBACCOUNT_UNKNOWN) from error
        if edit == "setprice":
            country = asked.required("subAccountCountryCode").upper()
            await services.set_price(child, country, _micros(asked, "subAccountPrice"))
        elif edit == "addcredit":
            await services.give_credit(call.account, child, _micros(asked, "subAccountAddCredit"))
        elif edit == "setrestriction":
            stop, night = (_switch(asked, f"subAccountRestriction{what}") for what in ("Stop", "Time"))
            try:
                await services.restrict(call.account, child, stop=stop, night=night)
            except ScopeMissing as error:
                raise IsendproRefusal(Code.NOT_YOURS_TO_GIVE) from error
        else:
            raise IsendproRefusal(Code.PARAMETER_INVALID, "subAccountEdit")
        return wire.reply([_done(subaccount_id=child.id, edited_key_id=key)])

    async def _add_subaccount(self, call: AnyCall) -> wire.Entry:
        asked = _asked(call)
        login, password = asked.required("subAccountLogin"), asked.required("subAccountPassword")
        try:
            child, issued = await self._services.subaccounts.add(
                call.account,
                login,
                CredentialKind.ISENDPRO,
                scopes=call.principal.scopes,
                networks=call.principal.networks,
            )
        except NameTaken as error:
            raise IsendproRefusal(Code.LOGIN_TAKEN, login) from error
        await self._services.accounts.issue(
            child, CredentialKind.ISENDPRO_LOGIN, public_id=child.name, secret=password, scopes=()
        )
        code = Code.SUBACCOUNT_ADDED
        return wire.Entry(
            code=str(int(code)),
            message=SENTENCES[code],
            subaccount_id=child.id,
            subaccount_key_id=issued.secret,
            subaccount_login=login,
        )


def _micros(asked: Parameters, name: str) -> int:
    """Read an amount of euros, with a comma or a point, in millionths. Raises IsendproRefusal if it is none."""
    text = asked.required(name).replace(",", ".")
    if not _EUROS.fullmatch(text):
        raise IsendproRefusal(Code.PARAMETER_INVALID, name)
    return round(float(text) * MICROS)


def _switch(asked: Parameters, name: str) -> bool | None:
    """Read a parameter that is 0 or 1; None if it is not given, and so is to stay as it is."""
    given = asked.number(name)
    return None if given is None else given == 1


def _asked(call: AnyCall) -> Parameters:
    asked: Parameters = call.request.state.asked
    return asked


def _numbers(asked: Parameters, most: int) -> list[str]:
    numbers = asked.required_many("num")
    if len(numbers) > most:
        raise IsendproRefusal(Code.PARAMETER_INVALID, f"num > {most}")
    return numbers


def _require(asked: Parameters, flag: str) -> None:
    if not asked.is_on(flag):
        raise IsendproRefusal(Code.PARAMETER_MISSING, f"{flag}=1")


def _parallel(asked: Parameters, name: str, count: int) -> list[str]:
    values = asked.many(name)
    if len(values) != count:
        raise IsendproRefusal(Code.PARAMETER_INVALID, f"{name} ({len(values)}), num ({count})")
    return values


def _mark(rows: Sequence[Row], code: Code) -> None:
    for row in rows:
        row.code = code


def _counted(row: Row, *, ucs2: bool) -> wire.Entry:
    if row.code in {Code.NUMBER_INVALID, Code.CHARACTER_INVALID, Code.UCS2_NOT_THERE}:
        return _refused(row.given, row.code)
    measure = measured(row.text, ucs2=ucs2)
    return wire.Entry(tel=row.given, nb_caractere=str(measure.units), nb_sms=str(measure.parts))


def _refused(given: str, code: Code, book: str | None = None) -> wire.Entry:
    entry = wire.Entry(tel=given, code=str(int(code)), message=SENTENCES[code])
    if book is not None:
        entry.repertoire_id = book
    return entry


def _done(**fields: str) -> wire.Entry:
    return wire.Entry(code=str(int(Code.ACCEPTED)), message="OK", **fields)

"""What the network says of a number."""

from __future__ import annotations

import msgspec

from heliograph.domain.errors import NoCoverage
from heliograph.domain.lookups import LineStatus, Lookup, Network, told_of
from heliograph.doors import Call
from heliograph.numbers import COUNTRIES
from heliograph.protocols.shared.uuids import to_uuid
from heliograph.protocols.smscx.door import reading, shapes
from heliograph.protocols.smscx.door.numbers import NUMBER_CODES
from heliograph.protocols.smscx.door.refusals import SmscxRefusal
from heliograph.protocols.smscx.door.resource import PROTOCOL, SmscxResource, operation
from heliograph.protocols.smscx.wire import lookups as wire
from heliograph.protocols.smscx.wire.errors import Code

_NEVER_SAID = "Not known"
_STATUSES = {
    LineStatus.ACTIVE: "ACTIVE",
    LineStatus.ABSENT: "ABSENT",
    LineStatus.BARRED: "BARRED",
    LineStatus.UNKNOWN: "UNKNOWN",
    LineStatus.FAILED: "FAILED",
}
_NO_NETWORK = Network()


class Lookups(SmscxResource):
    operations = (
        operation(
            "GET",
            "/numbers/lookup/lookupId/{lookup_id}",
            "get_single_lookup_status",
            "Get one answer of the network.",
            response=wire.Lookup,
            codes=msgspec.structs.replace(NUMBER_CODES, not_found=Code.LOOKUP_UNKNOWN),
        ),
        operation(
            "GET",
            "/numbers/lookup/{phone_number}",
            "lookup_number",
            "Ask the network about a number. Costs money.",
            response=wire.LookupReply,
            codes=NUMBER_CODES,
        ),
    )

    async def lookup_number(self, call: Call[None, None]) -> wire.LookupReply:
        try:
            found = await self._services.numbers.look_up(
                call.account, call.path["phone_number"], protocol=PROTOCOL, region=call.account.default_region
            )
        except NoCoverage as error:
            raise SmscxRefusal(403, "no_coverage", Code.LOOKUP_NO_COVERAGE, error.message) from error
        return wire.LookupReply(data=lookup_row(found))

    async def get_single_lookup_status(self, call: Call[None, None]) -> wire.Lookup:
        lookup_id = reading.identifier(call.path["lookup_id"], Code.LOOKUP_ID_INVALID)
        return lookup_row(await self._services.numbers.lookup(call.account, lookup_id))


def lookup_row(stored: Lookup) -> wire.Lookup:
    """Describe a lookup. What is not answered yet is UNKNOWN, and its description says why."""
    facts = stored.facts
    original = _NO_NETWORK if facts is None else facts.original
    ported = None if facts is None else facts.ported_to
    roaming = None if facts is None else facts.roaming_in
    place = stored.country or shapes.NO_COUNTRY
    name = COUNTRIES.get(place, _NEVER_SAID)
    serving = ported or original
    away = roaming or _NO_NETWORK
    return wire.Lookup(
        phone_number=f"+{stored.msisdn}",
        lookup_id=to_uuid(stored.id),
        cost=shapes.money(stored.price),
        mcc=serving.mcc or "",
        mccmnc=f"{serving.mcc or ''}{serving.mnc or ''}",
        country_iso=place,
        country_name=name,
        country_name_locale=name,
        status="UNKNOWN" if facts is None else _STATUSES[facts.status],
        status_description="The answer has not come yet." if facts is None else told_of(facts.status),
        ported=ported is not None,
        roaming=roaming is not None,
        original_network=wire.Network(name=original.name, mnc=original.mnc),
        ported_network=wire.Network(
            name=None if ported is None else ported.name, mnc=None if ported is None else ported.mnc
        ),
        roaming_network=wire.RoamingNetwork(
            country_iso=away.country,
            country_name=None if away.country is None else COUNTRIES.get(away.country),
            mcc=away.mcc,
            mnc=away.mnc,
            name=away.name,
        ),
        datetime=shapes.when(stored.done_at or stored.created_at),
    )

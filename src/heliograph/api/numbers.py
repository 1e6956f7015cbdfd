"""Operations that tell what the numbering plan and the networks know of numbers."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from heliograph.api import wire
from heliograph.api.resource import PROTOCOL, NativeResource, page
from heliograph.api.values import money
from heliograph.domain.accounts import Scope
from heliograph.domain.errors import InvalidRecipient
from heliograph.domain.lookups import Lookup, LookupJob, Network, told_of
from heliograph.doors import Call, Operation
from heliograph.numbers import Check, parse
from heliograph.services.numbers import Facts


class Numbers(NativeResource):
    operations = (
        Operation(
            name="get_number",
            method="GET",
            path="/numbers/{number}",
            scope=Scope.NUMBERS,
            response=wire.NumberFacts,
            summary="What the numbering plan says of a number",
        ),
        Operation(
            name="look_up_number",
            method="POST",
            path="/numbers/{number}/lookup",
            scope=Scope.NUMBERS,
            response=wire.Lookup,
            summary="What a number's network says of it",
        ),
        Operation(
            name="create_lookup_job",
            method="POST",
            path="/lookups",
            scope=Scope.NUMBERS,
            request=wire.LookUp,
            response=wire.LookupJob,
            status=201,
            summary="Look up many numbers; the answers come later",
        ),
        Operation(
            name="list_lookups",
            method="GET",
            path="/lookups/{job_id}",
            scope=Scope.NUMBERS,
            query=wire.PageQuery,
            response=wire.Lookups,
            summary="The lookups of a job, newest first",
        ),
    )

    async def get_number(self, call: Call[None, None]) -> wire.NumberFacts:
        return shown_facts(self._services.numbers.validate(call.path["number"], call.account.default_region))

    async def look_up_number(self, call: Call[None, None]) -> wire.Lookup:
        region = call.account.default_region
        return shown_lookup(
            await self._services.numbers.look_up(call.account, call.path["number"], protocol=PROTOCOL, region=region)
        )

    async def create_lookup_job(self, call: Call[None, wire.LookUp]) -> wire.LookupJob:
        body = call.body
        accepted = await self._services.numbers.look_up_many(
            call.account,
            body.numbers,
            protocol=PROTOCOL,
            callback_url=body.callback_url,
            on_invalid=lambda _invalid: InvalidRecipient(
                "None of these is a number that can be looked up.", field="numbers"
            ),
        )
        return shown_job(accepted.job, accepted.invalid)

    async def list_lookups(self, call: Call[wire.PageQuery, None]) -> wire.Lookups:
        query = call.query
        job, _ = await self._services.numbers.job(call.account, call.path["job_id"])
        found = await self._services.numbers.lookups(call.account, job.id, limit=query.limit, before=query.before)
        return page(wire.Lookups, [shown_lookup(lookup) for lookup in found], query.limit)


def shown_lookup(stored: Lookup) -> wire.Lookup:
    facts = stored.facts
    return wire.Lookup(
        id=stored.id,
        number=f"+{stored.msisdn}",
        status="waiting" if facts is None else facts.status.value,
        detail=None if facts is None else told_of(facts.status),
        original=None if facts is None else _network(facts.original),
        ported_to=None if facts is None else _network(facts.ported_to),
        roaming_in=None if facts is None else _network(facts.roaming_in),
        price=money(stored.price),
        created_at=stored.created_at,
        done_at=stored.done_at,
    )


def _network(known: Network | None) -> wire.Network | None:
    return None if known is None else wire.Network(**msgspec.structs.asdict(known))


def shown_job(stored: LookupJob, invalid: Sequence[str] = ()) -> wire.LookupJob:
    return wire.LookupJob(
        id=stored.id,
        asked=stored.asked,
        accepted=stored.accepted,
        price=money(stored.price),
        created_at=stored.created_at,
        invalid=invalid,
    )


def shown_facts(facts: Facts) -> wire.NumberFacts:
    number = parse(f"+{facts.msisdn}", check=Check.SHAPE)
    return wire.NumberFacts(
        number=f"+{facts.msisdn}",
        country=facts.country,
        operator=facts.operator,
        type=facts.type.value,
        time_zone=facts.time_zone,
        national=number.national,
        international=number.international,
    )
